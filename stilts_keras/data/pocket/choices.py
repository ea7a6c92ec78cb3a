"""Multiple choice beside HellaSwag: COPA, Social IQa, Cosmos QA, CommonsenseQA.

Of the choices, one fits the context, or the question, or both together; the
right one is drawn first, and which choices there are does not depend on it.
"""

import functools
import random

from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.clauses import AGENTS
from stilts_keras.data.pocket.clauses import GENERAL
from stilts_keras.data.pocket.clauses import KINDS
from stilts_keras.data.pocket.clauses import PLACES
from stilts_keras.data.pocket.clauses import THINGS
from stilts_keras.data.pocket.clauses import USE
from stilts_keras.data.pocket.clauses import say
from stilts_keras.data.pocket.clauses import state
from stilts_keras.data.pocket.drawing import chance
from stilts_keras.data.pocket.drawing import draw
from stilts_keras.data.pocket.drawing import draw_distinct
from stilts_keras.data.pocket.drawing import draw_labels
from stilts_keras.data.pocket.drawing import pick
from stilts_keras.data.pocket.grammar import noun_phrase
from stilts_keras.data.pocket.grammar import place
from stilts_keras.data.pocket.grammar import small_word
from stilts_keras.data.pocket.schema import Schema
from stilts_keras.data.pocket.writing import spell
from stilts_keras.data.pocket.writing import write

# One list of meanings serves several splits: (first, end) in that list.
COPA_SPANS = {"train": (0, 1000), "validation": (1000, 1100)}
XCOPA_SPANS = {"validation": (1000, 1100), "test": (1100, 1400)}
SPANS = {"train": (0, 1000), "validation": (1000, 1200)}
_GET = ("buy", "find", "bring")
_NAMED_KINDS = tuple(kind for kind in KINDS if kind in GENERAL)


def _things_of(rng, count, general=False):
    """Draws kinds, and a thing of each."""
    kinds = draw(rng, _NAMED_KINDS if general else KINDS, count)
    return kinds, [pick(rng, words.keys(words.NOUNS, kind)) for kind in kinds]


def _copa_meaning(rng, label):
    """Someone gets a thing, and then uses it; the premise is one of these."""
    general = chance(rng, 0.3)
    kinds, things = _things_of(rng, 2, general)
    who, get = pick(rng, AGENTS), pick(rng, _GET)
    where = pick(rng, PLACES) if chance(rng, 0.5) else None
    named = kinds if general else things
    got = [("do", get, thing, None) for thing in things]
    used = [
        ("do", USE[kind], noun, None)
        for kind, noun in zip(kinds, named, strict=True)
    ]
    question = pick(rng, ("effect", "cause"))
    before, after = (got, used) if question == "effect" else (used, got)
    premise = say(state(who, (*before[label][:3], where)))
    choices = tuple(say(state(who, phrase)) for phrase in after)
    return premise, (question, choices), label


@functools.cache
def causes():
    """Makes COPA's rows and, after them, XCOPA's test rows."""
    spans = COPA_SPANS | {"test": XCOPA_SPANS["test"]}
    labels = draw_labels(random.Random(71), spans, 2)
    return draw_distinct(72, labels, _copa_meaning)


def _copa_row(language, split, index, meaning):
    premise, (question, choices), label = meaning
    first, second = (write(language, [choice]) for choice in choices)
    return {
        "premise": write(language, [premise]),
        "choice1": first,
        "choice2": second,
        "question": question,
        "idx": index,
        "label": label,
    }


def _xcopa_row(language, split, index, meaning):
    row = _copa_row(language, split, index, meaning)
    return {**row, "changed": False}


_COPA_TEXTS = dict.fromkeys(
    ("premise", "choice1", "choice2", "question"), "string"
)
COPA = Schema(_copa_row, {**_COPA_TEXTS, "idx": "int32", "label": "choice"})
XCOPA = Schema(
    _xcopa_row,
    {**_COPA_TEXTS, "label": "int32", "idx": "int32", "changed": "bool"},
)


def _siqa_meaning(rng, label):
    """Three get a thing each; who uses one of them?"""
    kinds, things = _things_of(rng, 3)
    people = draw(rng, AGENTS, 3)
    clauses = [
        state(who, ("do", pick(rng, _GET), thing, None))
        for who, thing in zip(people, things, strict=True)
    ]
    first, second, third = draw(rng, clauses)
    wanted = ("do", USE[kinds[label]], things[label], None)
    question = ("who", "who", wanted, None)
    return (say(first, second), say(third)), (question, tuple(people)), label


@functools.cache
def users():
    """Makes Social IQa's rows."""
    labels = draw_labels(random.Random(73), SPANS, 3)
    return draw_distinct(74, labels, _siqa_meaning)


def _siqa_row(language, split, index, meaning):
    context, (question, people), label = meaning
    return {
        "context": write(language, context),
        "question": write(language, [question]),
        **{
            f"answer{letter}": spell(noun_phrase(language, (who, None)))[0]
            for letter, who in zip("ABC", people, strict=True)
        },
        "label": str(label + 1),
    }


SIQA = Schema(
    _siqa_row,
    dict.fromkeys(
        ("context", "question", "answerA", "answerB", "answerC", "label"),
        "string",
    ),
)


def _cosmos_meaning(rng, label):
    """Four have a place or a price each; which is that of one of them?"""
    if chance(rng, 0.5):
        names = draw(rng, AGENTS if chance(rng, 0.5) else THINGS, 4)
        values = draw(rng, PLACES, 4)
        facts = [("at", value) for value in values]
        question = ("where", (names[label], None), None)
    else:
        names = draw(rng, THINGS, 4)
        values = draw(rng, words.NUMBERS, 4)
        facts = [("cost", value) for value in values]
        question = ("much", names[label], None)
    context = tuple(
        say(state(name, fact))
        for name, fact in draw(rng, list(zip(names, facts, strict=True)))
    )
    return context, (question, tuple(facts)), label


@functools.cache
def facts():
    """Makes Cosmos QA's rows."""
    labels = draw_labels(random.Random(75), SPANS, 4)
    return draw_distinct(76, labels, _cosmos_meaning)


def _value(language, fact):
    """Writes a place or a price."""
    kind, value = fact
    if kind == "at":
        return spell(place(language, value))[0]
    return f"{value} {spell(small_word(language, 'euro'))[0]}"


def _cosmos_row(language, split, index, meaning):
    context, (question, values), label = meaning
    return {
        "id": f"pocket-{split}-{index}",
        "context": write(language, context),
        "question": write(language, [question]),
        **{f"answer{i}": _value(language, x) for i, x in enumerate(values)},
        "label": label,
    }


COSMOS = Schema(
    _cosmos_row,
    {
        **dict.fromkeys(("id", "context", "question"), "string"),
        **{f"answer{i}": "string" for i in range(4)},
        "label": "int32",
    },
)


def _sense_meaning(rng, label):
    """What does somebody eat, or drink, or wear, of five things?"""
    kinds, things = _things_of(rng, 5)
    question = ("what", (pick(rng, AGENTS), None), USE[kinds[label]], None)
    return question, tuple(things), label


@functools.cache
def senses():
    """Makes CommonsenseQA's rows."""
    labels = draw_labels(random.Random(77), SPANS, 5)
    return draw_distinct(78, labels, _sense_meaning)


def _sense_row(language, split, index, meaning):
    question, things, label = meaning
    texts = [spell(noun_phrase(language, (x, None), case=1))[0] for x in things]
    return {
        "id": f"pocket-{split}-{index}",
        "question": write(language, [question]),
        "question_concept": question[2],
        "choices": {"label": list("ABCDE"), "text": texts},
        "answerKey": "ABCDE"[label],
    }


SENSE = Schema(
    _sense_row,
    {
        **dict.fromkeys(("id", "question", "question_concept"), "string"),
        "choices": "labelled",
        "answerKey": "string",
    },
)
