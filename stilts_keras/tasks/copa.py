"""COPA: which of two sentences is the cause, or the effect?"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

LABELS = ("choice1", "choice2")


def copa_example(row):
    """The prompt is the premise and the question that the row names.

    Source: XTREME-R's code, https://github.com/google-research/xtreme.
    """
    return MultipleChoice(
        prompt=f"{row['premise']} What was the {row['question']}?",
        choices=tuple(row[name] for name in LABELS),
        label=None if row["label"] is None else LABELS.index(row["label"]),
    )


COPA = Task(
    name="copa",
    problem="multiple_choice",
    repositories=(
        Repository(
            id="aps/super_glue",
            config="copa",
            splits={"train": "train", "dev": "validation"},
        ),
    ),
    columns={
        "premise": Text(),
        "question": Text(),
        **{name: Text() for name in LABELS},
        "label": Label(names=LABELS),
    },
    to_example=copa_example,
    languages=("en",),
    splits=("train", "dev"),
    metrics=("accuracy",),
    # XTREME-R's code, after Social IQa: 5 epochs, 3e-5, batch 32, length 128.
    recipe=Recipe(epochs=5, learning_rate=3e-5, max_length=128),
    num_train_examples=400,
    licence="BSD 2-clause (not verified)",
    citation="Roemmele et al., 2011, in SuperGLUE: Wang et al., 2019, "
    "https://arxiv.org/abs/1905.00537",
)
