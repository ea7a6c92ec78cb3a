"""Mewsli-X: people, animals and things as entities, and texts that name them.

An entity's description tells its kind and something of it, in one of the six
languages: which one goes round. A mention is a noun, or a name, of a sentence
that no model has seen; for training, of one for tagging.
"""

import functools

from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.clauses import AGENTS
from stilts_keras.data.pocket.clauses import THINGS
from stilts_keras.data.pocket.clauses import USE
from stilts_keras.data.pocket.clauses import kind_of
from stilts_keras.data.pocket.clauses import say
from stilts_keras.data.pocket.clauses import state
from stilts_keras.data.pocket.meanings import TAGGING_SPANS
from stilts_keras.data.pocket.meanings import all_sentences
from stilts_keras.data.pocket.schema import Schema
from stilts_keras.data.pocket.writing import sentence
from stilts_keras.data.pocket.writing import spell
from stilts_keras.data.pocket.writing import write

LANGUAGES = ("de", "en", "es", "tr")
ENTITIES = (*AGENTS, *THINGS)
PAIR_SPANS = {
    "wikipedia_pairs-train": (0, 1000),
    "wikipedia_pairs-dev": (1000, 1100),
}
MENTION_SPANS = {
    "wikinews_mentions-dev": (0, 150),
    "wikinews_mentions-test": (150, 300),
}
ENTITY_SPANS = {"candidate_set_entities": (0, len(ENTITIES))}
_NUM_MENTIONS = 150


def _entity_of(meaning):
    """Finds the first noun or name of a sentence that is an entity, or None."""
    keys = [key for _, _, key in sentence("en", meaning[0])]
    return next((key for key in keys if key in ENTITIES), None)


def _with_entities(first, end):
    """Lists (number, sentence, entity), of the sentences that have one."""
    found = enumerate(all_sentences()[first:end], start=first)
    named = [(i, meaning, _entity_of(meaning)) for i, meaning in found]
    return [mention for mention in named if mention[2]]


@functools.cache
def pairs():
    """Makes the mentions for training and for dev rows."""
    return _with_entities(*TAGGING_SPANS["train"])


@functools.cache
def mentions():
    """Makes the mentions of both splits, `_NUM_MENTIONS` of each."""
    return [
        mention
        for split in ("validation", "test")
        for mention in _with_entities(*TAGGING_SPANS[split])[:_NUM_MENTIONS]
    ]


def _number(entity):
    return ENTITIES.index(entity)


def _description(entity):
    """Says what an entity is, and what is done with it, or by it."""
    kind = kind_of(entity)
    if entity in words.NAMES or kind == "person":
        told = say(state(entity, ("isa", "person")))
    elif kind in words.ISA:
        told = say(state(entity, ("isa", kind)))
    else:
        told = say(state(entity, ("cost", "5")))
    if entity in THINGS:
        return told, say(state("man", ("do", USE[kind], entity, None)))
    return told, say(state(entity, ("at", "city")))


def _entity(language, entity):
    description = _description(entity)
    text = write(language, description)
    end = len(write(language, description[:1]))
    return {
        "entity_id": f"Q{_number(entity) + 1}",
        "description": text,
        "sentence_spans": [
            {"start": 0, "end": end},
            {"start": end + 1, "end": len(text)},
        ],
    }


def _context(language, meaning):
    text = write(language, meaning)
    spans = [{"start": 0, "end": len(text)}]
    return {"language": language, "text": text, "sentence_spans": spans}


def _mention(language, mention):
    number, meaning, entity = mention
    tokens = sentence(language, meaning[0])
    _, offsets = spell(tokens)
    at = [key for _, _, key in tokens].index(entity)
    text, start = tokens[at][0], offsets[at]
    span = {"start": start, "end": start + len(text), "text": text}
    return {
        "example_id": f"{language}-{number}",
        "entity_id": f"Q{_number(entity) + 1}",
        "mention_span": span,
    }


def _pair_row(language, split, index, mention):
    return {
        "contextual_mention": {
            "context": _context(language, mention[1]),
            "mention": _mention(language, mention),
        },
        "entity": _entity(language, mention[2]),
    }


def _mention_row(language, split, index, mention):
    return {
        "context": _context(language, mention[1]),
        "mentions": [_mention(language, mention)],
    }


def _entity_row(language, split, index, entity):
    turn = index % len(words.LANGUAGES)
    return _entity(words.LANGUAGES[turn], entity)


# Their columns are nested, as in the release.
PAIRS = Schema(_pair_row, None)
MENTIONS = Schema(_mention_row, None)
CANDIDATES = Schema(_entity_row, None)


def entities():
    """Lists all entities."""
    return ENTITIES
