"""TyDiQA gold passage: questions by native speakers, in 9 languages.

XTREME trains on the English rows only, tests on the official dev rows (the
test rows are hidden), and chooses checkpoints by the English ones: so English
is tested on the rows that chose its checkpoint. That is kept.
"""

from stilts_keras.tasks.squad import SQUAD_COLUMNS
from stilts_keras.tasks.squad import squad_example
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

# A row's id begins with the language, as in `arabic-2387335860751143628-1`
# (XTREME's mock_test_data; of the Hub's rows not verified).
LANGUAGE_NAMES = dict(
    pair.split(":")
    for pair in (
        "en:english ar:arabic bn:bengali fi:finnish id:indonesian ko:korean "
        "ru:russian sw:swahili te:telugu"
    ).split()
)
SPLITS = {"train": "train", "dev": "validation", "test": "validation"}

TYDIQA = Task(
    name="tydiqa",
    problem="span_extraction",
    repositories=(
        Repository(
            id="google-research-datasets/tydiqa",
            config="secondary_task",
            language_column="id",
            language_names=LANGUAGE_NAMES,
            splits=SPLITS,
        ),
        Repository(
            id="google/xtreme",
            config="tydiqa",
            language_column="id",
            language_names=LANGUAGE_NAMES,
            splits=SPLITS,
        ),
    ),
    columns=SQUAD_COLUMNS,
    to_example=squad_example,
    languages=tuple(LANGUAGE_NAMES),
    splits=("train", "dev", "test"),
    metrics=("f1", "exact_match"),
    # Phang et al.'s code: batch 4 x 4, 2 epochs, windows of 384.
    recipe=Recipe(epochs=2, batch_size=16, max_length=384),
    # English rows (not verified; known once the rows are read).
    num_train_examples=3_696,
    licence="Apache 2.0",
    citation="Clark et al., 2020, https://arxiv.org/abs/2003.05002",
)
