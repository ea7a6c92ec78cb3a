"""XNLI: MultiNLI's question in 15 languages."""

from stilts_keras.tasks.mnli import NLI_COLUMNS
from stilts_keras.tasks.mnli import NLI_LABELS
from stilts_keras.tasks.mnli import nli_example
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

XNLI = Task(
    name="xnli",
    problem="classification",
    repositories=(Repository(id="facebook/xnli", config="{language}"),),
    columns=NLI_COLUMNS,
    to_example=nli_example,
    languages=tuple("ar bg de el en es fr hi ru sw th tr ur vi zh".split()),
    # The training rows are MultiNLI's machine translations.
    splits=("train", "dev", "test"),
    labels=NLI_LABELS,
    train_task="mnli",
    head_key="nli",
    metrics=("accuracy",),
    # Phang et al.'s code: 2 epochs, batch 32, length 256.
    recipe=Recipe(epochs=2, max_length=256),
    num_train_examples=392_702,
    licence="CC BY-NC 4.0",
    citation="Conneau et al., 2018, https://arxiv.org/abs/1809.05053",
)
