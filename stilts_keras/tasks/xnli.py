"""XNLI: MultiNLI's question in 15 languages."""

from stilts_keras.tasks.mnli import NLI_COLUMNS
from stilts_keras.tasks.mnli import NLI_LABELS
from stilts_keras.tasks.mnli import nli_example
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

LANGUAGES = tuple("ar bg de el en es fr hi ru sw th tr ur vi zh".split())

XNLI = Task(
    name="xnli",
    problem="classification",
    repositories=(Repository(id="facebook/xnli", config="{language}"),),
    columns=NLI_COLUMNS,
    to_example=nli_example,
    languages=LANGUAGES,
    splits=("train", "dev", "test"),
    # The training rows are MultiNLI's; dev and test rows were translated by
    # people.
    translated_by="machines",
    parallel_by="number",
    parallel_tests=True,
    labels=NLI_LABELS,
    train_task="mnli",
    head_key="nli",
    metrics=("accuracy",),
    # Phang et al.'s code: 2 epochs, batch 32, length 256.
    recipe=Recipe(epochs=2, max_length=256),
    num_train_examples=392_702,
    num_train_examples_in=dict.fromkeys(set(LANGUAGES) - {"en"}, 392_702),
    licence="CC BY-NC 4.0",
    citation="Conneau et al., 2018, https://arxiv.org/abs/1809.05053",
)
