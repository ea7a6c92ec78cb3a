"""Cosmos QA: what may be the reason, or happen next, between the lines?"""

from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

SPLITS = {"train": "train", "dev": "validation"}


def cosmosqa_example(row):
    """The prompt is the context and the question.

    Source: Phang et al.'s code, https://github.com/nyu-mll/jiant.
    """
    return MultipleChoice(
        prompt=f"{row['context']} {row['question']}",
        choices=tuple(row[f"answer{index}"] for index in range(4)),
        # Hidden labels of the test rows are -1.
        label=None if row["label"] in (-1, None) else row["label"],
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
