"""SQuAD 1.1: find the answer in the paragraph."""

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
            config="plain_text",
            splits=SPLITS,
        ),
        Repository(id="google/xtreme", config="SQuAD", splits=SPLITS),
    ),
    columns=SQUAD_COLUMNS,
    to_example=squad_example,
    languages=("en",),
    splits=("train", "dev"),
    metrics=("f1", "exact_match"),
    # Phang et al.'s code: batch 4 x 4, 2 epochs, windows of 384.
    recipe=Recipe(epochs=2, batch_size=16, max_length=384),
    num_train_examples=87_599,
    licence="CC BY-SA 4.0",
    citation="Rajpurkar et al., 2016, https://arxiv.org/abs/1606.05250",
)
