"""Contrasts of studies of source languages: which cells count how much.

A mean is taken over the languages that are scored, then over targets, sizes,
sets of languages and sources, each of them weighing as much as its like.
"""

import collections

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.reporting.source_languages import OWN
from stilts_keras.scoring import crossed
from stilts_keras.tasks.languages import family_of

ALL_SOURCES = "all sources"
OTHERS = "mean of these"
REFERENCE = "classification"


def scopes(cells):
    """Yields sources, kinds and sets of languages with their cells."""
    tasks = list(dict.fromkeys(cell.task for cell in cells))
    for scope in [*tasks, *([ALL_SOURCES] if len(tasks) > 1 else [])]:
        of_scope = [cell for cell in cells if scope in (cell.task, ALL_SOURCES)]
        for kind in dict.fromkeys(cell.kind for cell in of_scope):
            of_kind = [cell for cell in of_scope if cell.kind == kind]
            for languages in sets_of(of_kind):
                yield scope, kind, languages, _of_set(of_kind, languages)


def sets_of(cells):
    """Names the sets of languages, and their mean where there are several."""
    names = list(dict.fromkeys(cell.languages for cell in cells))
    return names + ([OTHERS] if len(names) > 1 else [])


def _of_set(cells, languages):
    return [cell for cell in cells if languages in (cell.languages, OTHERS)]


def pairs_of_kinds(cells):
    """Pairs the kinds with the one that they are compared with."""
    kinds = list(
        dict.fromkeys(cell.kind for cell in cells if OWN not in cell.kind)
    )
    if not kinds:
        return []
    reference = REFERENCE if REFERENCE in kinds else kinds[0]
    return [(kind, reference) for kind in kinds if kind != reference]


def shared_by(cells, kind, other, languages):
    """Keeps the sources and sizes that both kinds have cells of."""
    chosen = _of_set(cells, languages)
    places = [
        {cell.place[:3] for cell in chosen if cell.kind == each}
        for each in (kind, other)
    ]
    both = set.intersection(*places)
    return [
        cell
        for cell in chosen
        if cell.kind in (kind, other) and cell.place[:3] in both
    ]


def interaction(cells, kind, other, languages):
    """Judges the gain of one kind less that of another.

    Raises:
        InputError: If no source and size has both, or it cannot be judged.
    """
    chosen = shared_by(cells, kind, other, languages)
    if not chosen:
        raise InputError("no source and size has targets of both kinds")
    weights = np.zeros(len(chosen))
    for each, sign in ((kind, 1.0), (other, -1.0)):
        at = [i for i, cell in enumerate(chosen) if cell.kind == each]
        weights[at] = sign * _level_weights([chosen[i] for i in at])
    return _judged(chosen, weights)


def _level_weights(cells):
    """Weighs cells for a mean of means: sources, sets, sizes, targets."""
    return _nested([cell.place for cell in cells])


def _nested(places):
    """Gives what has one beginning equal parts, whatever follows it."""
    # Sets that differ in the shares of their languages alone are in one place.
    twins = collections.Counter(places)
    children = {}
    for place in places:
        for depth, part in enumerate(place):
            children.setdefault(place[:depth], set()).add(part)
    return np.array(
        [
            np.prod([1 / len(children[place[:d]]) for d in range(len(place))])
            / twins[place]
            for place in places
        ]
    )


def _growth_weights(cells):
    """Weighs cells for the slope over the doublings of the examples.

    Returns:
        Float array, or None where a source has but one size.
    """
    weights = _level_weights(cells)
    sizes = {}
    for cell in cells:
        sizes.setdefault(cell.place[:2], set()).add(cell.num_examples)
    for at, cell in enumerate(cells):
        doublings = np.log2(sorted(sizes[cell.place[:2]]))
        if len(doublings) < 2:
            return None
        distance = np.log2(cell.num_examples) - doublings.mean()
        weights[at] *= distance / doublings.var()
    return weights


def mean_gain(cells):
    """Judges the mean gain of cells; see `_judged`."""
    return _judged(cells, _level_weights(cells))


def growth(cells):
    """Judges by how much the gain grows with each doubling of the examples.

    Returns:
        `crossed.Contrast`, or None where a source has but one size.
    """
    weights = _growth_weights(cells)
    return None if weights is None else _judged(cells, weights)


def _judged(cells, weights):
    """Judges a contrast of cells; raises InputError if that cannot be."""
    if any(cell.draws is None for cell in cells):
        raise InputError("predictions are missing")
    return crossed.judge(
        np.array([cell.gains for cell in cells]),
        weights,
        [cell.place[:4] for cell in cells],
        [family_of(cell.language) for cell in cells],
        # Sets of languages share the English one, and targets the source's.
        trainings=[(cell.task, cell.num_examples) for cell in cells],
        draws=np.array([cell.draws for cell in cells]),
    )
