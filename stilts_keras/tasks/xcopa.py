"""XCOPA: COPA's causes and effects, translated into 11 languages."""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.copa import LABELS
from stilts_keras.tasks.copa import copa_example
from stilts_keras.tasks.task import Recipe
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
    columns={
        "premise": Text(),
        "question": Text(),
        **{name: Text() for name in LABELS},
        "label": Label(names=LABELS),
    },
    to_example=copa_example,
    languages=tuple("et ht id it qu sw ta th tr vi zh".split()),
    splits=("dev", "test"),
    # XTREME-R's code loads the whole model that Social IQa gave.
    train_first=("siqa",),
    train_task="copa",
    head_key="copa",
    metrics=("accuracy",),
    # XTREME-R's code: 5 epochs, 3e-5, batch 32, length 128.
    recipe=Recipe(epochs=5, learning_rate=3e-5, max_length=128),
    licence="CC BY 4.0",
    citation="Ponti et al., 2020, https://arxiv.org/abs/2005.00333",
)
