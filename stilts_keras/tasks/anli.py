"""ANLI: natural language inference written to fool models, three rounds."""

from stilts_keras.tasks.mnli import NLI_COLUMNS
from stilts_keras.tasks.mnli import NLI_LABELS
from stilts_keras.tasks.mnli import nli_example
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

ANLI = Task(
    name="anli",
    problem="classification",
    repositories=(
        Repository(
            id="facebook/anli",
            config="plain_text",
            splits={
                "train": "train_r1+train_r2+train_r3",
                "dev": "dev_r1+dev_r2+dev_r3",
            },
        ),
    ),
    columns=NLI_COLUMNS,
    to_example=nli_example,
    languages=("en",),
    splits=("train", "dev"),
    labels=NLI_LABELS,
    head_key="nli",
    metrics=("accuracy",),
    # The paper's settings of intermediate tasks are not known: our choice.
    recipe=Recipe(epochs=2, max_length=256),
    num_train_examples=16_946 + 45_460 + 100_459,
    licence="CC BY-NC 4.0",
    citation="Nie et al., 2020, https://arxiv.org/abs/1910.14599",
)
