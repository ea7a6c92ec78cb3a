"""CCG supertagging: a word's category in combinatory categorial grammar.

CCGbank is licensed, so no repository may hold it: give its rows as a folder,
in the columns `tokens` and `tags`. The training rows name the categories.
"""

from stilts_keras.tasks.columns import Labels
from stilts_keras.tasks.columns import Words
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task


def ccg_example(row):
    """Reads words and their categories."""
    return TaggedWords(words=tuple(row["tokens"]), tags=tuple(row["tags"]))


CCG = Task(
    name="ccg",
    problem="tagging",
    repositories=(
        Repository(
            id="extra/ccg",
            splits={"train": "train", "dev": "validation"},
            on_hub=False,
        ),
    ),
    columns={"tokens": Words(), "tags": Labels()},
    to_example=ccg_example,
    languages=("en",),
    splits=("train", "dev"),
    labels_from_data=True,
    metrics=("accuracy",),
    # The paper's settings of intermediate tasks are not known: our choice.
    recipe=Recipe(epochs=3, max_length=256),
    licence="CCGbank: the LDC's (not verified)",
    citation="Hockenmaier and Steedman, 2007, "
    "https://aclanthology.org/J07-3004",
)
