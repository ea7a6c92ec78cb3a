"""SIB-Fleurs, recognised: what Whisper made of the recordings, as text.

Disturbed rows of `sib_fleurs_text`: `--disturb=recognised` evaluates a model of
clean text on these and on the clean ones of the same items.

The published column `whisper_asr` has a text for each recording of an item:
each is a training example, and the item is scored by the mean of their logits,
as `sib_fleurs` scores its recordings.
"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Texts
from stilts_keras.tasks.example import Transcripts
from stilts_keras.tasks.sib200 import SIB200
from stilts_keras.tasks.sib_fleurs import CITATION
from stilts_keras.tasks.sib_fleurs import LANGUAGE_NAMES
from stilts_keras.tasks.sib_fleurs import LICENCE
from stilts_keras.tasks.sib_fleurs import NUMBERED_LABELS
from stilts_keras.tasks.sib_fleurs import REPOSITORIES
from stilts_keras.tasks.task import Task


def sib_fleurs_recognised_example(row):
    """Reads what was heard of each recording, and the topic."""
    texts = tuple(row["whisper_asr"])
    return Transcripts(texts=texts, label=row["category"])


SIB_FLEURS_RECOGNISED = Task(
    name="sib_fleurs_recognised",
    problem="classification",
    repositories=REPOSITORIES,
    columns={"whisper_asr": Texts(), "category": Label()},
    to_example=sib_fleurs_recognised_example,
    languages=tuple(LANGUAGE_NAMES),
    splits=("train", "dev", "test"),
    head_key=SIB200.head_key,
    disturbs="sib_fleurs_text",
    disturbance="recognised",
    translated_by="people",
    parallel_by="index_id",
    # Where a language lacks an item, gold tells, and nothing is compared.
    parallel_tests=True,
    labels=SIB200.labels,
    numbered_labels=NUMBERED_LABELS,
    metrics=("accuracy", "macro_f1"),
    recipe=SIB200.recipe,
    licence=LICENCE,
    citation=CITATION,
)
