"""MultiNLI: does the premise entail or contradict the hypothesis?"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

NLI_COLUMNS = {"premise": Text(), "hypothesis": Text(), "label": Label()}
NLI_LABELS = ("entailment", "neutral", "contradiction")


def nli_example(row):
    """Turns a row of any premise-hypothesis data set into a TextPair."""
    return TextPair(
        first=row["premise"], second=row["hypothesis"], label=row["label"]
    )


MNLI = Task(
    name="mnli",
    problem="classification",
    repositories=(
        Repository(
            id="nyu-mll/glue",
            config="mnli",
            splits={"train": "train", "dev": "validation_matched"},
        ),
    ),
    columns=NLI_COLUMNS,
    to_example=nli_example,
    languages=("en",),
    splits=("train", "dev"),
    labels=NLI_LABELS,
    head_key="nli",
    metrics=("accuracy",),
    # Phang et al.'s code: 1e-5, warm-up 10 %; XNLI (trained on MNLI): 2 epochs.
    recipe=Recipe(epochs=2, max_length=256),
    num_train_examples=392_702,
    licence="OANC, CC BY-SA 3.0, CC BY 3.0",
    citation="Williams et al., 2018, https://arxiv.org/abs/1704.05426",
)
