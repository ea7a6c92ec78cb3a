"""Pairs of sentences beside MultiNLI's: SNLI, ANLI, QQP and PAWS-X."""

import functools
import random

from stilts_keras.data.pocket import inference
from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.clauses import AGENTS
from stilts_keras.data.pocket.clauses import THINGS
from stilts_keras.data.pocket.clauses import draw_phrase
from stilts_keras.data.pocket.clauses import say
from stilts_keras.data.pocket.clauses import state
from stilts_keras.data.pocket.drawing import chance
from stilts_keras.data.pocket.drawing import draw
from stilts_keras.data.pocket.drawing import draw_distinct
from stilts_keras.data.pocket.drawing import draw_labels
from stilts_keras.data.pocket.drawing import identities
from stilts_keras.data.pocket.drawing import pick
from stilts_keras.data.pocket.meanings import draw_question
from stilts_keras.data.pocket.schema import XNLI
from stilts_keras.data.pocket.schema import Schema
from stilts_keras.data.pocket.writing import write

# One list of meanings serves several splits: (first, end) in that list.
SNLI_SPANS = {"train": (0, 3000), "validation": (3000, 3300)}
ANLI_SPANS = {
    "train_r1": (0, 800),
    "train_r2": (800, 1600),
    "train_r3": (1600, 2400),
    "dev_r1": (2400, 2500),
    "dev_r2": (2500, 2600),
    "dev_r3": (2600, 2700),
}
QQP_SPANS = {"train": (0, 1500), "validation": (1500, 1800)}
PAWS_SPANS = {
    "train": (0, 3000),
    "validation": (3000, 3300),
    "test": (3300, 3600),
}
PAWS_LANGUAGES = ("de", "en", "es")


@functools.cache
def snli():
    """Makes SNLI's pairs, none of which MultiNLI and XNLI have."""
    rng = random.Random(61)
    shapes = [
        inference.draw_shape(rng, label)
        for label in draw_labels(rng, SNLI_SPANS, 3)
    ]
    taken = identities(inference.all_pairs())
    return draw_distinct(62, shapes, inference.draw_pair, taken)


@functools.cache
def anli():
    """Makes ANLI's pairs, of which every premise tells of two subjects."""
    rng = random.Random(63)
    shapes = [
        inference.draw_shape(rng, label)._replace(
            two=True, general=False, facts=1
        )
        for label in draw_labels(rng, ANLI_SPANS, 3)
    ]
    taken = identities([*inference.all_pairs(), *snli()])
    return draw_distinct(64, shapes, inference.draw_pair, taken)


def _first_question(rng, label):
    time = pick(rng, (None, *words.ADVERBS))
    return draw_question(rng, time)[0], None, label


def _kind(question):
    """What is asked for: who, what of two kinds, where or how much."""
    return question[:2] if question[0] == "who" else question[:1]


@functools.cache
def questions():
    """Makes QQP's pairs of questions; label 1 for those that ask the same.

    The same but for the time, that is: in this world, where everything stays
    as it is, it does not matter. Otherwise the second question is the first
    one of another pair, of the same kind. No split asks what another does.
    """
    labels = draw_labels(random.Random(65), QQP_SPANS, 2)
    # The first questions are distinct, whatever the label.
    drawn = draw_distinct(66, [0] * len(labels), _first_question)
    firsts = _parted([first for first, _, _ in drawn])
    rng, pairs = random.Random(67), []
    for start, end in QQP_SPANS.values():
        of_split = firsts[start:end]
        for first, label in zip(of_split, labels[start:end], strict=True):
            pairs.append((first, _second(rng, first, label, of_split), label))
    return pairs


def _second(rng, first, label, firsts):
    bare, kind = first[:-1], _kind(first)
    others = [x for x in firsts if _kind(x) == kind and x[:-1] != bare]
    asked = bare if label else pick(rng, others)[:-1]
    times = [x for x in (None, *words.ADVERBS) if x != first[-1]]
    return (*asked, pick(rng, times))


def _parted(firsts):
    """Orders questions so that those of one time or another share a split."""
    groups = {}
    for first in firsts:
        groups.setdefault(first[:-1], []).append(first)
    start, end = QQP_SPANS["validation"]
    held, others = [], []
    for group in groups.values():
        fits = len(held) + len(group) <= end - start
        (held if fits else others).extend(group)
    return [*others, *held]


def _two_statements(rng, label):
    """Two subjects that do two things, said twice, the second one first.

    A paraphrase leaves to each what it does; else they have swapped, and
    both sentences still have the same words.
    """
    agent = chance(rng, 0.7)
    first, second = draw(rng, AGENTS if agent else THINGS, 2)
    one = other = draw_phrase(rng, agent, short=True)
    while other == one:
        other = draw_phrase(rng, agent, short=True)
    adverb = pick(rng, (None, *words.ADVERBS))
    again = (other, one) if label else (one, other)
    return (
        say(state(first, one, adverb), state(second, other)),
        say(state(second, again[0]), state(first, again[1], adverb)),
        label,
    )


@functools.cache
def paraphrases():
    """Makes PAWS-X's pairs; label 1 for paraphrases."""
    labels = draw_labels(random.Random(68), PAWS_SPANS, 2)
    return draw_distinct(69, labels, _two_statements)


def _anli_row(language, split, index, meaning):
    row = XNLI.make_row(language, split, index, meaning)
    return {"uid": f"pocket-{split}-{index}", **row, "reason": ""}


def _qqp_row(language, split, index, meaning):
    first, second, label = meaning
    return {
        "question1": write(language, [first]),
        "question2": write(language, [second]),
        "label": label,
        "idx": index,
    }


def _paws_row(language, split, index, meaning):
    first, second, label = meaning
    return {
        "id": index + 1,
        "sentence1": write(language, [first]),
        "sentence2": write(language, [second]),
        "label": label,
    }


ANLI = Schema(_anli_row, {"uid": "string", **XNLI.columns, "reason": "string"})
QQP = Schema(
    _qqp_row,
    {
        "question1": "string",
        "question2": "string",
        "label": "duplicate",
        "idx": "int32",
    },
)
PAWS = Schema(
    _paws_row,
    {
        "id": "int32",
        "sentence1": "string",
        "sentence2": "string",
        "label": "paraphrase",
    },
)
