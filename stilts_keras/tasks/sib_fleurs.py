"""SIB-Fleurs: what is a sentence about that is heard? SIB-200's items, spoken.

FLEURS has readings of FLORES-200's sentences, SIB-200 has their topics. One
item may be spoken several times: each recording is a training example of its
own, and an item is scored by the mean of its recordings' logits, so that there
is one prediction for each sentence, as in the text arms.

Three tasks read the same rows: this one the speech, `sib_fleurs_text` the
sentence as it was written, and `sib_fleurs_recognised` what a recogniser heard.
Its splits follow FLEURS and not SIB-200: an item that is tested here may be
among the training rows of `sib200`.
"""

from stilts_keras.tasks import sib200
from stilts_keras.tasks.audio_columns import Audio
from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.example import Recordings
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

# FLEURS lacks three of SIB-200's languages here.
LANGUAGE_NAMES = {
    language: name
    for language, name in sib200.LANGUAGE_NAMES.items()
    if language not in ("eu", "ht", "qu")
}
REPOSITORIES = (
    Repository(
        id="WueNLP/sib-fleurs",
        config="{language}",
        language_names=LANGUAGE_NAMES,
    ),
)
# In the order of the numbers.
NUMBERED_LABELS = (
    "science/technology",
    "travel",
    "politics",
    "sports",
    "health",
    "entertainment",
    "geography",
)
LICENCE = "CC BY-SA 4.0"
CITATION = "Schmidt et al., 2025, https://arxiv.org/abs/2501.06117"


def sib_fleurs_example(row):
    """Reads an item's recordings and its topic."""
    return Recordings(recordings=row["audio"], label=row["category"])


SIB_FLEURS = Task(
    name="sib_fleurs",
    problem="classification",
    repositories=REPOSITORIES,
    columns={"audio": Audio(), "category": Label()},
    to_example=sib_fleurs_example,
    languages=tuple(LANGUAGE_NAMES),
    splits=("train", "dev", "test"),
    translated_by="people",
    parallel_by="index_id",
    # Where a language lacks an item, gold tells, and nothing is compared.
    parallel_tests=True,
    labels=sib200.SIB200.labels,
    numbered_labels=NUMBERED_LABELS,
    metrics=("accuracy", "macro_f1"),
    # Our choice; of 30 s, the longest that Whisper hears.
    recipe=Recipe(epochs=10, batch_size=16, max_length=1500),
    licence=LICENCE,
    citation=CITATION,
)
