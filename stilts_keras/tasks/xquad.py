"""XQuAD: SQuAD's questions, translated by people into 12 languages."""

from stilts_keras.tasks.squad import SQUAD_COLUMNS
from stilts_keras.tasks.squad import squad_example
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

XQUAD = Task(
    name="xquad",
    problem="span_extraction",
    repositories=(
        Repository(
            id="google/xquad",
            config="xquad.{language}",
            splits={"test": "validation"},
        ),
        Repository(
            id="google/xtreme",
            config="XQuAD.{language}",
            splits={"test": "validation"},
            without={"test": ("ro",)},
        ),
    ),
    columns=SQUAD_COLUMNS,
    to_example=squad_example,
    languages=tuple("en es de el ru tr ar vi th zh hi ro".split()),
    splits=("test",),
    train_task="squad",
    head_key="squad",
    metrics=("f1", "exact_match"),
    # Phang et al.'s code: batch 4 x 4, 2 epochs, windows of 384.
    recipe=Recipe(epochs=2, batch_size=16, max_length=384),
    licence="CC BY-SA 4.0",
    citation="Artetxe et al., 2020, https://arxiv.org/abs/1910.11856",
)
