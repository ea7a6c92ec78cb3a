"""CommonsenseQA: which of five answers does common sense choose?"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import LabelledTexts
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task


def commonsenseqa_example(row):
    """The prompt is the question; the key is one of A to E.

    Source: Phang et al.'s code, https://github.com/nyu-mll/jiant.
    """
    names, key = row["choices"]["label"], row["answerKey"]
    return MultipleChoice(
        prompt=row["question"],
        choices=tuple(row["choices"]["text"]),
        label=None if key is None else names.index(key),
    )


COMMONSENSEQA = Task(
    name="commonsenseqa",
    problem="multiple_choice",
    repositories=(
        Repository(
            id="tau/commonsense_qa",
            splits={"train": "train", "dev": "validation"},
        ),
    ),
    columns={
        "question": Text(),
        "choices": LabelledTexts(num=5),
        "answerKey": Label(names=tuple("ABCDE")),
    },
    to_example=commonsenseqa_example,
    languages=("en",),
    splits=("train", "dev"),
    metrics=("accuracy",),
    # The paper's settings of intermediate tasks are not known: our choice.
    recipe=Recipe(epochs=3, max_length=256),
    num_train_examples=9_741,
    licence="MIT",
    citation="Talmor et al., 2019, https://arxiv.org/abs/1811.00937",
)
