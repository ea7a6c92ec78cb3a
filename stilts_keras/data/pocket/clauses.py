"""What can be said of whom in the pocket world, and clauses that say it."""

from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.drawing import chance
from stilts_keras.data.pocket.drawing import pick


def _adjectives(*groups):
    return words.keys(words.ADJECTIVES, *groups)


AGENTS = (
    *words.keys(words.NOUNS, "person"),
    *words.NAMES,
    *words.keys(words.NOUNS, "animal"),
)
# What is done with a thing of each kind: food is eaten, and so on.
USE = {
    row[0]: key
    for key, row in words.VERBS.items()
    if row[0] not in ("act", "any", "cost")
}
KINDS = tuple(USE)
THINGS = words.keys(words.NOUNS, *KINDS)
# Kinds that have a noun of their own, such as "the animal".
GENERAL = words.keys(words.NOUNS, "general")
PLACES = tuple(words.PLACES)
_ACTS = words.keys(words.VERBS, "act")
_ANY = words.keys(words.VERBS, "any")

_AGENT_ADJECTIVES = _adjectives("size", "mood", "age")
_THING_ADJECTIVES = _adjectives("size", "wear", "colour")


def kind_of(noun):
    """Names a noun's group in the tables."""
    return "person" if noun in words.NAMES else words.NOUNS[noun][0]


def say(*clauses, conjunction="and"):
    """Makes a statement; one clause has no conjunction: equals are equal."""
    return ("say", clauses, conjunction if len(clauses) > 1 else None)


def state(subject, phrase, adverb=None):
    """Makes a clause of one fact."""
    return ((subject, None), (phrase,), adverb)


def draw_verb(rng, thing):
    """Draws a verb that fits the thing."""
    return USE[kind_of(thing)] if chance(rng, 0.5) else pick(rng, _ANY)


def _agent_phrase(rng, short):
    where = None
    if not short and chance(rng, 0.4):
        where = pick(rng, PLACES)
    kind = pick(rng, ("do", "do", "act", "is", "at"))
    if kind == "do":
        thing = pick(rng, THINGS)
        return ("do", draw_verb(rng, thing), thing, where)
    if kind == "act":
        return ("act", pick(rng, _ACTS), where)
    if kind == "is":
        return ("is", pick(rng, _AGENT_ADJECTIVES), chance(rng, 0.4))
    return ("at", pick(rng, PLACES))


def _thing_phrase(rng):
    kind = pick(rng, ("is", "at", "cost"))
    if kind == "is":
        return ("is", pick(rng, _THING_ADJECTIVES), chance(rng, 0.4))
    if kind == "at":
        return ("at", pick(rng, PLACES))
    return ("cost", pick(rng, words.NUMBERS))


def draw_phrase(rng, agent, short=False):
    """Draws a verb phrase of an agent or of a thing.

    Args:
        rng: `random.Random`.
        agent: bool. Whether the subject is a person or an animal.
        short: bool. Whether an agent does without a place.

    Returns:
        Tuple. A verb phrase, see `grammar`.
    """
    return _agent_phrase(rng, short) if agent else _thing_phrase(rng)


def draw_noun(rng, agent):
    """Draws a noun phrase; about every second noun has an adjective."""
    noun = pick(rng, AGENTS + ("he", "she") if agent else THINGS)
    if noun not in words.NOUNS or chance(rng, 0.5):
        return (noun, None)
    adjectives = _AGENT_ADJECTIVES if agent else _THING_ADJECTIVES
    return (noun, pick(rng, adjectives))


def draw_clause(rng, short=False):
    """Draws a clause of one fact.

    Args:
        rng: `random.Random`.
        short: bool. Whether to do without adjective and place.

    Returns:
        Tuple. A clause, see `grammar`.
    """
    agent = chance(rng, 0.7)
    subject = draw_noun(rng, agent)
    phrase = draw_phrase(rng, agent, short)
    # No "the big dog is small".
    if phrase[0] == "is" or short:
        subject = (subject[0], None)
    adverb = pick(rng, words.ADVERBS) if chance(rng, 0.35) else None
    return (subject, (phrase,), adverb)
