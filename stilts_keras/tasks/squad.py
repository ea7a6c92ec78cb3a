"""SQuAD 1.1: find the answer in the paragraph, in English or translated.

The translations are by machines: MLQA's `translate-train` rows, and for
Spanish also those of Carrino et al., 2020, https://arxiv.org/abs/1912.05200.
Both lack some questions, and keep SQuAD's ids (MLQA's: not verified).
"""

from stilts_keras.tasks.columns import Answers
from stilts_keras.tasks.columns import Id
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

SQUAD_COLUMNS = {
    "id": Id(),
    "question": Text(),
    "context": Text(),
    "answers": Answers(),
}
SPLITS = {"train": "train", "dev": "validation"}
TRANSLATED = tuple("ar de es hi vi zh".split())


def squad_example(row):
    """Reads a row of any data set that has SQuAD's columns."""
    answers = row["answers"]
    return Question(
        id=row["id"],
        question=row["question"],
        context=row["context"],
        answers=tuple(
            zip(answers["text"], answers["answer_start"], strict=True)
        ),
    )


SQUAD = Task(
    name="squad",
    problem="span_extraction",
    repositories=(
        Repository(
            id="rajpurkar/squad",
            configs={"en": ("plain_text",)},
            splits=SPLITS,
        ),
        Repository(
            id="google/xtreme",
            configs={"en": ("SQuAD",)},
            splits=SPLITS,
        ),
        Repository(
            id="facebook/mlqa",
            configs={
                language: (f"mlqa-translate-train.{language}",)
                for language in TRANSLATED
            },
            splits=SPLITS,
        ),
        # Its main branch holds a script, which `datasets` refuses.
        Repository(
            id="ccasimiro/squad_es",
            configs={"es": ("v1.1.0",)},
            splits=SPLITS,
            revision="refs/convert/parquet",
            by_folder=True,
        ),
    ),
    columns=SQUAD_COLUMNS,
    to_example=squad_example,
    languages=("en", *TRANSLATED),
    splits=("train", "dev"),
    translated_by="machines",
    parallel_by="id",
    metrics=("f1", "exact_match"),
    # Phang et al.'s code: batch 4 x 4, 2 epochs, windows of 384.
    recipe=Recipe(epochs=2, batch_size=16, max_length=384),
    num_train_examples=87_599,
    num_train_examples_in={
        "ar": 78_058,
        "de": 80_069,
        "es": 81_810,
        "hi": 82_451,
        "vi": 84_816,
        "zh": 76_285,
    },
    licence="CC BY-SA 4.0; MLQA's translations CC BY-SA 3.0, squad_es CC BY "
    "4.0",
    citation="Rajpurkar et al., 2016, https://arxiv.org/abs/1606.05250; "
    "translations: Lewis et al., 2020, https://arxiv.org/abs/1910.07475",
)
