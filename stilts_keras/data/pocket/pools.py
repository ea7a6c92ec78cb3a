"""BUCC 2018: two pools of sentences, some of which translate each other."""

import functools

from stilts_keras.data.pocket.meanings import TAGGING_SPANS
from stilts_keras.data.pocket.meanings import all_sentences
from stilts_keras.data.pocket.schema import Schema
from stilts_keras.data.pocket.writing import write

LANGUAGES = ("de", "ru")
# Of three sentences one is in both pools, one in each alone.
POOL_SPANS = {"validation": (0, 200), "test": (200, 400)}
GOLD_SPANS = {"validation": (0, 100), "test": (100, 200)}
_SPLITS = ("validation", "test")


def _numbered(split):
    """Lists sentences that no model has seen: (number from 1, meaning)."""
    first, end = TAGGING_SPANS[split]
    start = first - TAGGING_SPANS["validation"][0] + 1
    return list(enumerate(all_sentences()[first:end], start=start))


@functools.cache
def foreign():
    """Makes the pool of the other language: both splits, one by one."""
    return [x for split in _SPLITS for x in _numbered(split) if x[0] % 3 != 1]


@functools.cache
def english():
    """Makes the English pool, in another order."""
    return [
        x
        for split in _SPLITS
        for x in reversed(_numbered(split))
        if x[0] % 3 != 2
    ]


@functools.cache
def gold():
    """Lists the sentences that are in both pools."""
    return [x for split in _SPLITS for x in _numbered(split) if x[0] % 3 == 0]


def _id(language, number):
    return f"{language}-{number:09d}"


def _sentence_row(language, split, index, numbered):
    number, meaning = numbered
    return {
        "id": _id(language, number),
        "sentence": write(language, meaning),
    }


def _gold_row(language, split, index, numbered):
    return {
        "source_id": _id(language, numbered[0]),
        "target_id": _id("en", numbered[0]),
    }


SENTENCES = Schema(_sentence_row, {"id": "string", "sentence": "string"})
GOLD = Schema(_gold_row, {"source_id": "string", "target_id": "string"})
