"""SIB-Fleurs and MInDS-14: what voices of the pocket world hum, and its text.

The sound is of `voices`: the class alone, not the text beside it. What stands
as recognised is the text with a word lost and two letters swapped: no machine
has heard anything.
"""

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
from stilts_keras.data.pocket.schema import TOPIC_NAMES
from stilts_keras.data.pocket.schema import Schema
from stilts_keras.data.pocket.topics import TOPICS
from stilts_keras.data.pocket.voices import hum
from stilts_keras.data.pocket.writing import write

# Of SIB-200's texts.
SIB_SPANS = {"train": (0, 210), "validation": (700, 742), "test": (800, 884)}
SIB_RATE_HZ = 16_000
# The data set has no other splits. English has three configurations.
MINDS_ENGLISH_SPANS = {
    "en-US": {"train": (0, 168)},
    "en-GB": {"train": (168, 224)},
    "en-AU": {"train": (224, 280)},
}
MINDS_SPANS = {"train": (0, 140)}
MINDS_CODES = {"de": "de-DE", "es": "es-ES", "ru": "ru-RU"}
MINDS_RATE_HZ = 8_000
_NUM_INTENTS = 14


def _sib_row(language, split, index, meaning):
    text, _, topic = meaning
    number = SIB_SPANS[split][0] + index
    label = TOPIC_NAMES.index(TOPICS[topic])
    written = write(language, [text])
    # Every third item is spoken by two.
    names = [f"{number}-{voice}.wav" for voice in range(1 + (number % 3 == 0))]
    sounds = [
        hum(label, language, f"{language} {name}", SIB_RATE_HZ)
        for name in names
    ]
    return {
        "index_id": number,
        "category": label,
        "text": written,
        "whisper_asr": [_misheard(written, name) for name in names],
        "audio": [
            {"bytes": sound, "path": name}
            for sound, name in zip(sounds, names, strict=True)
        ],
    }


def _misheard(text, seed):
    """Loses a word, and swaps two letters of another."""
    rng = random.Random(f"{text} {seed}")
    heard = text.split()
    heard.remove(pick(rng, heard[1:]))
    place = int(rng.random() * len(heard))
    word = heard[place]
    heard[place] = word[1::-1] + word[2:]
    return " ".join(heard)


SIB_FLEURS = Schema(
    _sib_row,
    {
        "index_id": "int64",
        "category": "topic",
        "text": "string",
        "whisper_asr": "strings",
        "audio": "sounds",
    },
)


def _intent(rng, label):
    """Two do things: what is used, and "and" or "but", tell the intent."""
    kind, conjunction = KINDS[label // 2], ("and", "but")[label % 2]
    other = pick(rng, [name for name in KINDS if name != kind])
    used, met = (pick(rng, words.keys(words.NOUNS, x)) for x in (kind, other))
    who, rival = draw(rng, AGENTS, 2)
    clauses = [
        state(who, ("do", USE[kind], used, None)),
        state(rival, ("do", pick(rng, ("see", "buy", "find")), met, None)),
    ]
    text = say(*draw(rng, clauses), conjunction=conjunction)
    return text, None, label


@functools.cache
def all_intents():
    """Makes what callers say, in the order of the spans."""
    spans = {"train": (0, 280)}
    labels = draw_labels(random.Random(93), spans, _NUM_INTENTS)
    return draw_distinct(94, labels, _intent)


def _minds_row(config, language, split, index, meaning):
    text, _, label = meaning
    path = f"{config}~{index}.wav"
    return {
        "path": path,
        "audio": {
            "bytes": hum(label, language, path, MINDS_RATE_HZ),
            "path": path,
        },
        "transcription": write(language, [text]),
        "english_transcription": write("en", [text]),
        "intent_class": label,
    }


def minds_schema(config):
    """Makes the schema of one configuration of MInDS-14."""
    return Schema(
        functools.partial(_minds_row, config),
        {
            "path": "string",
            "audio": "sound",
            "transcription": "string",
            "english_transcription": "string",
            "intent_class": "intent",
        },
    )
