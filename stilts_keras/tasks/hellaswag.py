"""HellaSwag: which of four endings continues the text?"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.columns import Texts
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task


def hellaswag_example(row):
    """The prompt is ctx_a; each choice is ctx_b and an ending.

    Source: Phang et al.'s code, https://github.com/nyu-mll/jiant.
    """
    start = row["ctx_b"].strip()
    return MultipleChoice(
        prompt=row["ctx_a"],
        choices=tuple(f"{start} {ending}".strip() for ending in row["endings"]),
        label=None if row["label"] is None else int(row["label"]),
    )


HELLASWAG = Task(
    name="hellaswag",
    problem="multiple_choice",
    repositories=(
        Repository(id="Rowan/hellaswag"),
        Repository(id="Rowan/hellaswag", revision="refs/pr/7"),
    ),
    columns={
        "ctx_a": Text(),
        "ctx_b": Text(may_be_empty=True),
        "endings": Texts(num=4),
        "label": Label(names=tuple("0123")),
    },
    to_example=hellaswag_example,
    languages=("en",),
    splits=("train", "dev"),
    metrics=("accuracy",),
    # The paper's settings of intermediate tasks are not known: our choice.
    recipe=Recipe(epochs=3, max_length=256),
    num_train_examples=39_905,
    licence="MIT",
    citation="Zellers et al., 2019, https://arxiv.org/abs/1905.07830",
)
