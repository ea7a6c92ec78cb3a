"""MLQA: questions on Wikipedia, asked and answered in 7 languages."""

from stilts_keras.tasks.squad import SQUAD_COLUMNS
from stilts_keras.tasks.squad import squad_example
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

MLQA = Task(
    name="mlqa",
    problem="span_extraction",
    # Both name the context's language first, then the question's.
    repositories=(
        Repository(id="facebook/mlqa", config="mlqa.{language}.{language}"),
        Repository(id="google/xtreme", config="MLQA.{language}.{language}"),
    ),
    columns=SQUAD_COLUMNS,
    to_example=squad_example,
    languages=tuple("en es de ar hi vi zh".split()),
    splits=("dev", "test"),
    train_task="squad",
    head_key="squad",
    # XTREME scores it with MLQA's own normaliser.
    metrics=("mlqa_f1", "mlqa_exact_match"),
    # Phang et al.'s code: batch 4 x 4, 2 epochs, windows of 384.
    recipe=Recipe(epochs=2, batch_size=16, max_length=384),
    licence="CC BY-SA 3.0",
    citation="Lewis et al., 2020, https://arxiv.org/abs/1910.07475",
)
