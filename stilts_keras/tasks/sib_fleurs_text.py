"""SIB-Fleurs, read: the sentences that `sib_fleurs` hears, item by item.

They are SIB-200's in other splits, so that what one tests may be what the other
trains on. Hence they share a head: one before the other is more of the same,
and no transfer.
"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.sib200 import SIB200
from stilts_keras.tasks.sib_fleurs import CITATION
from stilts_keras.tasks.sib_fleurs import LANGUAGE_NAMES
from stilts_keras.tasks.sib_fleurs import LICENCE
from stilts_keras.tasks.sib_fleurs import NUMBERED_LABELS
from stilts_keras.tasks.sib_fleurs import REPOSITORIES
from stilts_keras.tasks.task import Task


def sib_fleurs_text_example(row):
    """Reads a sentence and its topic."""
    return TextPair(first=row["text"], label=row["category"])


SIB_FLEURS_TEXT = Task(
    name="sib_fleurs_text",
    problem="classification",
    repositories=REPOSITORIES,
    columns={"text": Text(), "category": Label()},
    to_example=sib_fleurs_text_example,
    languages=tuple(LANGUAGE_NAMES),
    splits=("train", "dev", "test"),
    head_key=SIB200.head_key,
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
