"""Random choices of the pocket world, the same on every machine.

Only `random()` itself is used: Python promises its stream for a seed; the
streams of choice, sample and shuffle have changed before.
"""

import random


def pick(rng, values):
    """Draws one of the values."""
    return values[int(rng.random() * len(values))]


def pick_other(rng, values, *taken):
    """Draws one of the values that are not taken."""
    return pick(rng, [value for value in values if value not in taken])


def chance(rng, rate):
    """Is true at a rate."""
    return rng.random() < rate


def draw(rng, values, count=None):
    """Draws distinct values in random order.

    Args:
        rng: `random.Random`.
        values: sequence.
        count: int or None. How many; None for all.

    Returns:
        List.
    """
    keys = [rng.random() for _ in values]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return [values[i] for i in order[:count]]


def draw_labels(rng, spans, classes):
    """Draws labels, equally many of each class in each span.

    Args:
        rng: `random.Random`.
        spans: dict from str to (first, end), in order and without gaps.
        classes: int. How many labels there are.

    Returns:
        List of int, one for each row of all spans.
    """
    labels = []
    for first, end in spans.values():
        labels += draw(rng, [i % classes for i in range(end - first)])
    return labels


def identity(meaning):
    """Names a meaning; "he" and "she" are one word in Turkish and Hindi."""
    return repr(meaning).replace("'she'", "'he'")


def identities(meanings):
    """Names meanings by what makes them distinct, see `draw_distinct`."""
    return {identity(meaning[:2]) for meaning in meanings}


def draw_distinct(seed, shapes, make, taken=()):
    """Makes one new meaning per shape.

    A repeated meaning is drawn again within its shape: shapes hold what the
    label must not be seen from (such as the number of facts), and redrawing
    across shapes would favour the roomier ones for the crowded labels.

    Args:
        seed: int.
        shapes: iterable. What `make` takes beside the random numbers.
        make: callable of (`random.Random`, shape) that returns a tuple, of
            which the first two members make it distinct.
        taken: iterable of `identities` that are not to be drawn again.

    Returns:
        List of such tuples.
    """
    rng, seen, meanings = random.Random(seed), set(taken), []
    for shape in shapes:
        meaning = make(rng, shape)
        while identity(meaning[:2]) in seen:
            meaning = make(rng, shape)
        seen.add(identity(meaning[:2]))
        meanings.append(meaning)
    return meanings
