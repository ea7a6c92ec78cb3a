"""SQuAD 2.0: find the answer in the paragraph, or say that there is none."""

from stilts_keras.tasks.squad import SQUAD_COLUMNS
from stilts_keras.tasks.squad import squad_example
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

SQUAD_V2 = Task(
    name="squad_v2",
    problem="span_extraction",
    repositories=(
        Repository(
            id="rajpurkar/squad_v2",
            config="squad_v2",
            splits={"train": "train", "dev": "validation"},
        ),
    ),
    columns=SQUAD_COLUMNS,
    to_example=squad_example,
    languages=("en",),
    splits=("train", "dev"),
    has_unanswerable=True,
    metrics=("squad_v2_f1", "squad_v2_exact_match"),
    # The paper's settings of intermediate tasks are not known: as SQuAD 1.1.
    recipe=Recipe(epochs=2, batch_size=16, max_length=384),
    num_train_examples=130_319,
    licence="CC BY-SA 4.0",
    citation="Rajpurkar et al., 2018, https://arxiv.org/abs/1806.03822",
)
