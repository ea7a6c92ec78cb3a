"""Cosmos QA: what may be the reason, or happen next, between the lines?"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

CHOICES = tuple(f"answer{index}" for index in range(4))
SPLITS = {"train": "train", "dev": "validation"}


def cosmosqa_example(row):
    """The prompt is the context and the question.

    Source: Phang et al.'s code, https://github.com/nyu-mll/jiant.
    """
    return MultipleChoice(
        prompt=f"{row['context']} {row['question']}",
        choices=tuple(row[name] for name in CHOICES),
        label=None if row["label"] is None else int(row["label"]),
    )


COSMOSQA = Task(
    name="cosmosqa",
    problem="multiple_choice",
    repositories=(
        Repository(id="allenai/cosmos_qa", splits=SPLITS),
        Repository(
            id="allenai/cosmos_qa",
            revision="refs/convert/parquet",
            by_folder=True,
            splits=SPLITS,
        ),
    ),
    columns={
        "context": Text(),
        "question": Text(),
        **{name: Text() for name in CHOICES},
        "label": Label(names=tuple("0123")),
    },
    to_example=cosmosqa_example,
    languages=("en",),
    splits=("train", "dev"),
    metrics=("accuracy",),
    # The paper's settings of intermediate tasks are not known: our choice.
    recipe=Recipe(epochs=3, max_length=256),
    num_train_examples=25_262,
    licence="CC BY 4.0",
    citation="Huang et al., 2019, https://arxiv.org/abs/1909.00277",
)
