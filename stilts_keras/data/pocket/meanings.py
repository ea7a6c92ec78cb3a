"""Meanings of choices, of questions and of single sentences."""

import functools
import random

from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.clauses import AGENTS
from stilts_keras.data.pocket.clauses import GENERAL
from stilts_keras.data.pocket.clauses import KINDS
from stilts_keras.data.pocket.clauses import PLACES
from stilts_keras.data.pocket.clauses import THINGS
from stilts_keras.data.pocket.clauses import USE
from stilts_keras.data.pocket.clauses import draw_clause
from stilts_keras.data.pocket.clauses import draw_verb
from stilts_keras.data.pocket.clauses import say
from stilts_keras.data.pocket.clauses import state
from stilts_keras.data.pocket.drawing import chance
from stilts_keras.data.pocket.drawing import draw
from stilts_keras.data.pocket.drawing import draw_distinct
from stilts_keras.data.pocket.drawing import draw_labels
from stilts_keras.data.pocket.drawing import pick
from stilts_keras.data.pocket.drawing import pick_other

# One list of meanings serves several splits: (first, end) in that list.
CHOICE_SPANS = {"train": (0, 3000), "validation": (3000, 3300)}
QUESTION_SPANS = {"train": (0, 5000), "validation": (5000, 5400)}
XQUAD_SPANS = {"validation": (5400, 5800)}
TAGGING_SPANS = {
    "train": (0, 3000),
    "validation": (3000, 3300),
    "test": (3300, 3600),
}
RETRIEVAL_SPANS = {"validation": (3600, 4000)}
_GENERAL_THINGS = tuple(kind for kind in KINDS if kind in GENERAL)
_GET = ("buy", "find", "bring")


def _choice_things(rng, label):
    """Four things of four kinds; a third of the rows name only the kind."""
    general = chance(rng, 0.3)
    kinds = draw(rng, _GENERAL_THINGS if general else KINDS, 4)
    things = [pick(rng, words.keys(words.NOUNS, kind)) for kind in kinds]
    named = list(kinds) if general else things
    where = pick(rng, PLACES) if chance(rng, 0.4) else None
    endings = [
        ("do", USE[kind], noun, where)
        for kind, noun in zip(kinds, named, strict=True)
    ]
    other = pick_other(rng, things, things[label])
    return things[label], other, tuple(endings)


def draw_choice(rng, label):
    """Someone gets a thing, another person another; who uses what?

    Args:
        rng: `random.Random`.
        label: int. Which ending, of 0 to 3, uses what was got.

    Returns:
        Tuple of the context (a sentence, see `grammar`), the pair of who goes
        on and four verb phrases, and the label.
    """
    thing, other, endings = _choice_things(rng, label)
    who, rival = draw(rng, AGENTS, 2)
    where = pick(rng, PLACES) if chance(rng, 0.5) else None
    clauses = [state(who, ("do", pick(rng, _GET), thing, where))]
    if chance(rng, 0.5):
        distraction = ("do", pick(rng, _GET), other, None)
        clauses = draw(rng, [*clauses, state(rival, distraction)])
    return say(*clauses), (who, endings), label


@functools.cache
def all_choices():
    """Makes the choices of all splits, in the order of `CHOICE_SPANS`."""
    labels = draw_labels(random.Random(21), CHOICE_SPANS, 4)
    return draw_distinct(22, labels, draw_choice)


def draw_fact(rng, agent, thing, where, number):
    """Draws a fact with all the questions that it answers.

    Args:
        rng: `random.Random`.
        agent: str. A noun.
        thing: str. A noun.
        where: str. A place.
        number: str. A price.

    Returns:
        Tuple of a sentence (see `grammar`) and a tuple of (question, the
        answer's concept).
    """
    kind = pick(rng, ("do", "do", "at", "cost"))
    if kind == "at":
        return say(state(thing, ("at", where))), (
            (("where", (thing, None), None), where),
            (("who", "what", ("at", where), None), thing),
        )
    if kind == "cost":
        return say(state(thing, ("cost", number))), (
            (("much", thing, None), number),
            (("who", "what", ("cost", number), None), thing),
        )
    verb = draw_verb(rng, thing)
    where = where if chance(rng, 0.5) else None
    phrase = ("do", verb, thing, where)
    questions = (
        (("who", "who", ("do", verb, thing, None), None), agent),
        (("what", (agent, None), verb, None), thing),
    )
    located = ((("where", (agent, None), None), where),) if where else ()
    return say(state(agent, phrase)), questions + located


def draw_reading(rng, size):
    """Draws facts that share nothing, and a question about one of them.

    Args:
        rng: `random.Random`.
        size: int. How many facts.

    Returns:
        See `all_questions`.
    """
    facts = [
        draw_fact(rng, *row)
        for row in zip(
            draw(rng, AGENTS, size),
            draw(rng, THINGS, size),
            draw(rng, PLACES, size),
            draw(rng, words.NUMBERS, size),
            strict=True,
        )
    ]
    chosen = int(rng.random() * size)
    question, answer = pick(rng, facts[chosen][1])
    return tuple(fact for fact, _ in facts), question, (chosen, answer)


@functools.cache
def all_questions():
    """Makes the questions of all splits.

    Returns:
        List of (sentences of the context, question, (index of the sentence
        with the answer, the answer's concept)).
    """
    rng = random.Random(31)
    sizes = [pick(rng, (2, 3)) for _ in range(XQUAD_SPANS["validation"][1])]
    return draw_distinct(32, sizes, draw_reading)


def draw_question(rng, adverb):
    """Draws a question about any fact, with the statement that answers it.

    Args:
        rng: `random.Random`.
        adverb: str or None. The question's time adverb.

    Returns:
        Tuple of two sentences, see `grammar`.
    """
    place = pick(rng, PLACES)
    row = (pick(rng, AGENTS), pick(rng, THINGS))
    fact, questions = draw_fact(rng, *row, place, pick(rng, words.NUMBERS))
    question, _ = pick(rng, questions)
    return (*question[:-1], adverb), fact


def draw_sentence(rng, _=None):
    """Draws a statement, of one clause or two, or a question.

    Args:
        rng: `random.Random`.
        _: ignored; `draw_distinct` passes a shape.

    Returns:
        Tuple of one sentence, see `grammar`.
    """
    kind = rng.random()
    if kind < 0.15:
        return (draw_question(rng, None)[0],)
    if kind < 0.35:
        pair = draw_clause(rng, short=True), draw_clause(rng, short=True)
        return (say(*pair, conjunction=pick(rng, ("and", "but"))),)
    return (say(draw_clause(rng)),)


@functools.cache
def all_sentences():
    """Makes the sentences for tagging and, after them, for retrieval."""
    count = RETRIEVAL_SPANS["validation"][1]
    return draw_distinct(41, range(count), draw_sentence)
