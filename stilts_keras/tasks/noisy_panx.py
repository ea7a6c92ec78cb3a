"""PAN-X's test rows with typos that people really made, in five languages.

As `noisy_xnli`; how many words were replaced differs by language. Rows are the
first of the official test files of WikiAnn, which alone have clean ones.
"""

from stilts_keras.tasks.noisy_xnli import CITATION
from stilts_keras.tasks.panx import PANX
from stilts_keras.tasks.panx import panx_example
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

SHARES = {"de": 20, "es": 10, "fr": 10, "hi": 5, "tr": 10}

NOISY_PANX = Task(
    name="noisy_panx",
    problem="tagging",
    repositories=(
        Repository(
            id="extra/noisy_panx",
            config="{language}",
            splits={"test": "test"},
            on_hub=False,
        ),
    ),
    columns=PANX.columns,
    to_example=panx_example,
    languages=tuple(SHARES),
    splits=("test",),
    labels=PANX.labels,
    numbered_labels=PANX.numbered_labels,
    train_task="panx",
    head_key=PANX.head_key,
    disturbs="panx",
    disturbance="real_noise",
    noise={code: f"{share} % of words" for code, share in SHARES.items()},
    metrics=PANX.metrics,
    recipe=PANX.recipe,
    licence="ODC-By",
    citation=CITATION,
)
