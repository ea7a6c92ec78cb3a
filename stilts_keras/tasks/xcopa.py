"""XCOPA: COPA's causes and effects, translated into 11 languages."""

from stilts_keras.tasks.copa import COPA
from stilts_keras.tasks.copa import copa_example
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

XCOPA = Task(
    name="xcopa",
    problem="multiple_choice",
    repositories=(
        Repository(
            id="cambridgeltl/xcopa",
            config="{language}",
            splits={"dev": "validation", "test": "test"},
        ),
    ),
    columns=COPA.columns,
    to_example=copa_example,
    languages=tuple("et ht id it qu sw ta th tr vi zh".split()),
    splits=("dev", "test"),
    # COPA's own rows, in English, are in no configuration of it.
    parallel_tests=True,
    # XTREME-R's code loads the whole model that Social IQa gave.
    train_first=("siqa",),
    train_task="copa",
    head_key="copa",
    metrics=("accuracy",),
    recipe=COPA.recipe,
    licence="CC BY 4.0",
    citation="Ponti et al., 2020, https://arxiv.org/abs/2005.00333",
)
