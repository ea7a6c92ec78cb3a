"""BUCC 2018: find the translations that two pools of sentences hold.

As in XTREME, `dev` is BUCC's sample set and `test` its training set. Both are
given as a folder, with the columns `id` and `sentence` for each pool and
`source_id` and `target_id` for the gold pairs. The Hub does not have them:
google/xtreme and mteb/bucc-bitext-mining hold the gold pairs without the pools
in which to find them; mteb/BUCC holds lists of sentences, but no sample set,
which the threshold is chosen on.
"""

from stilts_keras.tasks.columns import Id
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import GoldPair
from stilts_keras.tasks.example import PoolSentence
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

POOLS = ("source", "target")


def bucc2018_example(row):
    """Reads a sentence of either pool, or a gold pair."""
    if row["part"] == "gold":
        return GoldPair(source_id=row["source_id"], target_id=row["target_id"])
    return PoolSentence(id=row["id"], text=row["sentence"], side=row["part"])


BUCC2018 = Task(
    name="bucc2018",
    problem="mining",
    repositories=(
        Repository(
            id="extra/bucc2018",
            parts={
                "source": "{language}-en.{language}",
                "target": "{language}-en.en",
                "gold": "{language}-en.gold",
            },
            splits={"dev": "validation", "test": "test"},
            on_hub=False,
        ),
    ),
    columns={
        "id": Id(parts=POOLS),
        "sentence": Text(parts=POOLS),
        "source_id": Id(parts=("gold",)),
        "target_id": Id(parts=("gold",)),
    },
    to_example=bucc2018_example,
    languages=("de", "fr", "ru", "zh"),
    splits=("dev", "test"),
    metrics=("pair_f1",),
    # XTREME's code, as Tatoeba: batch 100, length 512; never trained.
    recipe=Recipe(max_length=512, batch_size=100),
    licence="for research (not verified); sentences from Wikipedia and news",
    citation="Zweigenbaum et al., 2018, "
    "https://comparable.limsi.fr/bucc2018/bucc2018-task.html",
)
