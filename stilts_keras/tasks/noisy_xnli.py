"""XNLI's test rows with typos that people really made, in six languages.

Words of premises and hypotheses were replaced by misspellings of them, from
dictionaries of such. In German, Spanish and French the rows are a part of
XNLI's test rows, in English all, in Hindi and Turkish most. They have no ids:
`data.matching` finds the clean ones.
"""

from stilts_keras.tasks.mnli import NLI_COLUMNS
from stilts_keras.tasks.mnli import NLI_LABELS
from stilts_keras.tasks.mnli import nli_example
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task
from stilts_keras.tasks.xnli import XNLI

LANGUAGES = ("de", "en", "es", "fr", "hi", "tr")
LICENCE = "CC BY-NC 4.0"
CITATION = "Cooper Stickland et al., 2023, https://arxiv.org/abs/2210.04782"

NOISY_XNLI = Task(
    name="noisy_xnli",
    problem="classification",
    repositories=(
        Repository(
            id="extra/noisy_xnli",
            config="{language}",
            splits={"test": "test"},
            on_hub=False,
        ),
    ),
    columns=NLI_COLUMNS,
    to_example=nli_example,
    languages=LANGUAGES,
    splits=("test",),
    labels=NLI_LABELS,
    train_task="mnli",
    head_key=XNLI.head_key,
    disturbs="xnli",
    disturbance="real_noise",
    noise=dict.fromkeys(LANGUAGES, "5 % of words"),
    metrics=XNLI.metrics,
    recipe=XNLI.recipe,
    licence=LICENCE,
    citation=CITATION,
)
