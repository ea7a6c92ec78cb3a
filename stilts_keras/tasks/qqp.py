"""Quora Question Pairs: do two questions ask the same?"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task


def qqp_example(row):
    """Reads two questions and whether they are duplicates."""
    return TextPair(
        first=row["question1"], second=row["question2"], label=row["label"]
    )


QQP = Task(
    name="qqp",
    problem="classification",
    repositories=(
        Repository(
            id="nyu-mll/glue",
            config="qqp",
            splits={"train": "train", "dev": "validation"},
        ),
    ),
    columns={"question1": Text(), "question2": Text(), "label": Label()},
    to_example=qqp_example,
    languages=("en",),
    splits=("train", "dev"),
    labels=("not_duplicate", "duplicate"),
    metrics=("accuracy",),
    # The paper's settings of intermediate tasks are not known: our choice.
    recipe=Recipe(epochs=2, max_length=256),
    num_train_examples=363_846,
    licence="Quora's own (not verified)",
    citation="Iyer et al., 2017, in GLUE: Wang et al., 2019, "
    "https://arxiv.org/abs/1804.07461",
)
