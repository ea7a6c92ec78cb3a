"""SIB-200: what is a text about? Of what somebody does, not of what is seen."""

import functools
import random

from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.clauses import AGENTS
from stilts_keras.data.pocket.clauses import KINDS
from stilts_keras.data.pocket.clauses import USE
from stilts_keras.data.pocket.clauses import say
from stilts_keras.data.pocket.clauses import state
from stilts_keras.data.pocket.drawing import draw
from stilts_keras.data.pocket.drawing import draw_distinct
from stilts_keras.data.pocket.drawing import draw_labels
from stilts_keras.data.pocket.drawing import pick
from stilts_keras.data.pocket.schema import Schema
from stilts_keras.data.pocket.writing import write

SPANS = {"train": (0, 700), "validation": (700, 800), "test": (800, 1000)}
# Language -> its code in FLORES-200.
CODES = {
    "en": "eng_Latn",
    "de": "deu_Latn",
    "es": "spa_Latn",
    "ru": "rus_Cyrl",
    "tr": "tur_Latn",
    "hi": "hin_Deva",
}
# Each kind of thing that is used stands for one of SIB-200's topics.
TOPICS = dict(
    zip(
        KINDS,
        (
            "health",
            "sports",
            "science/technology",
            "travel",
            "entertainment",
            "geography",
            "politics",
        ),
        strict=True,
    )
)


def _meaning(rng, label):
    """Somebody uses a thing, somebody else only meets one of another kind."""
    topic = KINDS[label]
    other = pick(rng, [kind for kind in KINDS if kind != topic])
    used, met = (
        pick(rng, words.keys(words.NOUNS, kind)) for kind in (topic, other)
    )
    who, rival = draw(rng, AGENTS, 2)
    clauses = [
        state(who, ("do", USE[topic], used, None)),
        state(rival, ("do", pick(rng, ("see", "buy", "find")), met, None)),
    ]
    conjunction = pick(rng, ("and", "but"))
    text = say(*draw(rng, clauses), conjunction=conjunction)
    return text, None, topic


@functools.cache
def all_texts():
    """Makes the texts of all splits, in the order of `SPANS`."""
    labels = draw_labels(random.Random(91), SPANS, len(KINDS))
    return draw_distinct(92, labels, _meaning)


def _row(language, split, index, meaning):
    text, _, topic = meaning
    return {
        "index_id": SPANS[split][0] + index,
        "category": TOPICS[topic],
        "text": write(language, [text]),
    }


SIB200 = Schema(
    _row, {"index_id": "int64", "category": "string", "text": "string"}
)
