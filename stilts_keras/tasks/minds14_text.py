"""MInDS-14, read: transcriptions of what `minds14` hears, in the same splits.

As published, in the language that was spoken.
"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.minds14 import CITATION
from stilts_keras.tasks.minds14 import CONFIGS
from stilts_keras.tasks.minds14 import LABELS
from stilts_keras.tasks.minds14 import LICENCE
from stilts_keras.tasks.minds14 import REPOSITORIES
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Task


def minds14_text_example(row):
    """Reads a transcription and its intent."""
    return TextPair(first=row["transcription"], label=row["intent_class"])


MINDS14_TEXT = Task(
    name="minds14_text",
    problem="classification",
    repositories=REPOSITORIES,
    columns={"transcription": Text(), "intent_class": Label()},
    to_example=minds14_text_example,
    languages=tuple(CONFIGS),
    splits=("train", "dev", "test"),
    labels=LABELS,
    metrics=("accuracy", "macro_f1"),
    # Our choice.
    recipe=Recipe(epochs=10, batch_size=16, max_length=128),
    licence=LICENCE,
    citation=CITATION,
)
