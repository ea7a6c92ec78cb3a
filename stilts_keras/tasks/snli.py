"""SNLI: natural language inference on captions of pictures."""

from stilts_keras.tasks.mnli import NLI_COLUMNS
from stilts_keras.tasks.mnli import NLI_LABELS
from stilts_keras.tasks.mnli import nli_example
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task


def snli_example(row):
    """Leaves out rows on whose label the annotators did not agree."""
    return None if row["label"] is None else nli_example(row)


SNLI = Task(
    name="snli",
    problem="classification",
    repositories=(
        Repository(
            id="stanfordnlp/snli",
            config="plain_text",
            splits={"train": "train", "dev": "validation"},
        ),
    ),
    columns=NLI_COLUMNS,
    to_example=snli_example,
    languages=("en",),
    splits=("train", "dev"),
    labels=NLI_LABELS,
    head_key="nli",
    metrics=("accuracy",),
    # The paper's settings of intermediate tasks are not known: our choice.
    recipe=Recipe(epochs=2, max_length=256),
    num_train_examples=550_152,
    licence="CC BY-SA 4.0",
    citation="Bowman et al., 2015, https://arxiv.org/abs/1508.05326",
)
