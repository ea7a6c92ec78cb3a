"""SIB-Fleurs, recognised: what Whisper made of the recordings, as text.

Disturbed rows of `sib_fleurs_text`: `--disturb=recognised` evaluates a model of
clean text on these and on the clean ones of the same items.

The published column `whisper_asr` has a text for each recording of an item:
each is a training example, and the item is scored by the mean of their logits,
as `sib_fleurs` scores its recordings.
"""

import dataclasses

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Texts
from stilts_keras.tasks.example import Transcripts
from stilts_keras.tasks.sib_fleurs_text import SIB_FLEURS_TEXT


def sib_fleurs_recognised_example(row):
    """Reads what was heard of each recording, and the topic."""
    texts = tuple(row["whisper_asr"])
    return Transcripts(texts=texts, label=row["category"])


SIB_FLEURS_RECOGNISED = dataclasses.replace(
    SIB_FLEURS_TEXT,
    name="sib_fleurs_recognised",
    columns={"whisper_asr": Texts(), "category": Label()},
    to_example=sib_fleurs_recognised_example,
    disturbs=SIB_FLEURS_TEXT.name,
    disturbance="recognised",
)
