"""Meanings for inference: premise, hypothesis, label."""

import functools
import random
from collections import namedtuple

from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.clauses import AGENTS
from stilts_keras.data.pocket.clauses import GENERAL
from stilts_keras.data.pocket.clauses import PLACES
from stilts_keras.data.pocket.clauses import THINGS
from stilts_keras.data.pocket.clauses import kind_of
from stilts_keras.data.pocket.clauses import say
from stilts_keras.data.pocket.clauses import state
from stilts_keras.data.pocket.drawing import chance
from stilts_keras.data.pocket.drawing import draw
from stilts_keras.data.pocket.drawing import draw_distinct
from stilts_keras.data.pocket.drawing import draw_labels
from stilts_keras.data.pocket.drawing import pick
from stilts_keras.data.pocket.drawing import pick_other

# One list of meanings serves several splits: (first, end) in that list.
SPANS = {
    "train": (0, 6000),
    "validation_matched": (6000, 6500),
    "validation": (6500, 7000),
    "test": (7000, 7500),
}
# What can be said of a subject: aspect -> its incompatible values.
_ASPECTS = {
    "agent": {
        "at": PLACES,
        "act": words.keys(words.VERBS, "act"),
        "size": words.keys(words.ADJECTIVES, "size"),
        "mood": words.keys(words.ADJECTIVES, "mood"),
        "age": words.keys(words.ADJECTIVES, "age"),
    },
    "thing": {
        "at": PLACES,
        "cost": words.NUMBERS,
        "size": words.keys(words.ADJECTIVES, "size"),
        "wear": words.keys(words.ADJECTIVES, "wear"),
        "colour": words.keys(words.ADJECTIVES, "colour"),
    },
}
_Shape = namedtuple("_Shape", "kind general two facts attribute adverb label")


def draw_shape(rng, label):
    """Draws the form of a pair, from which its label must not be seen.

    Args:
        rng: `random.Random`.
        label: int. 0 entailment, 1 neutral, 2 contradiction.

    Returns:
        A `_Shape`, for `draw_pair`.
    """
    general = chance(rng, 0.25)
    two = not general and chance(rng, 0.25)
    return _Shape(
        kind=pick(rng, ("agent", "thing")),
        general=general,
        two=two,
        facts=1 if two or chance(rng, 0.2) else 2,
        attribute=chance(rng, 0.6),
        adverb=pick(rng, words.ADVERBS) if chance(rng, 0.4) else None,
        label=label,
    )


def _subjects(rng, shape):
    """Draws three subjects, exchangeable, so that any two may be compared.

    Where the hypothesis says "the animal", the second is no animal.
    """
    pool = AGENTS if shape.kind == "agent" else THINGS
    if shape.general:
        pool = [noun for noun in pool if kind_of(noun) in GENERAL]
    while True:
        first, second, third = draw(rng, pool, 3)
        if not shape.general or kind_of(first) != kind_of(second):
            return first, second, third


def _fact(aspect, value):
    """The verb phrase that gives an aspect its value."""
    if aspect == "act":
        return ("act", value, None)
    if aspect in ("at", "cost"):
        return (aspect, value)
    return ("is", value, False)


def _merge(phrases):
    """Says "sleeps in the park" rather than "sleeps and is in the park"."""
    act = [p for p in phrases if p[0] == "act"]
    at = [p for p in phrases if p[0] == "at"]
    if not act or not at:
        return tuple(phrases)
    rest = [p for p in phrases if p not in (*act, *at)]
    return (("act", act[0][1], at[0][1]), *rest)


def _describe(subject, phrases, attribute, adverb):
    """A clause of several facts; one adjective may stand with the noun."""
    adjective = None
    if attribute and len(phrases) > 1 and subject not in words.NAMES:
        adjective = next((p[1] for p in phrases if p[0] == "is"), None)
    rest = [p for p in phrases if adjective is None or p[1] != adjective]
    return ((subject, adjective), _merge(rest), adverb)


def _premise_values(rng, shape, aspect, value, same):
    """Chooses the premise's aspects and values for the wanted label."""
    values = _ASPECTS[shape.kind]
    others = draw(rng, [name for name in values if name != aspect])
    if shape.label == 1 and same:
        return {name: pick(rng, values[name]) for name in others[: shape.facts]}
    keep = shape.label == 0 or (shape.label == 1 and chance(rng, 0.5))
    mine = value if keep else pick_other(rng, values[aspect], value)
    facts = {aspect: mine}
    facts.update((name, pick(rng, values[name])) for name in others)
    return {name: facts[name] for name in draw(rng, [*facts][: shape.facts])}


def draw_pair(rng, shape):
    """Draws premise and hypothesis for a label.

    The hypothesis's subject, aspect and value are uniform whatever the label.
    So are the premise's: entailment and contradiction hold the aspect in
    question, neutral either lacks it (and holds others, as uniformly) or holds
    it for another subject.

    Args:
        rng: `random.Random`.
        shape: `_Shape`.

    Returns:
        Tuple of two sentences (see `grammar`) and the label.
    """
    first, second, third = _subjects(rng, shape)
    values = _ASPECTS[shape.kind]
    aspect = pick(rng, tuple(values))
    value = pick(rng, values[aspect])
    same = chance(rng, 0.5)
    facts = _premise_values(rng, shape, aspect, value, same)
    phrases = [_fact(*item) for item in facts.items()]
    clauses = [_describe(first, phrases, shape.attribute, shape.adverb)]
    if shape.two:
        other = pick(rng, tuple(values))
        phrase = _fact(other, pick(rng, values[other]))
        clauses = draw(rng, [*clauses, state(third, phrase)])
    subject = second if shape.label == 1 and not same else first
    subject = kind_of(subject) if shape.general else subject
    hypothesis = say(state(subject, _fact(aspect, value)))
    return say(*clauses), hypothesis, shape.label


@functools.cache
def all_pairs():
    """Makes the pairs of all splits, in the order of `SPANS`."""
    rng = random.Random(11)
    shapes = [draw_shape(rng, label) for label in draw_labels(rng, SPANS, 3)]
    return draw_distinct(12, shapes, draw_pair)
