"""Studies of source languages: the same training in other languages and sizes.

Routes that train on one task in one stage, with counts, make up a study of
that task. Their scores are compared in languages that no source of any study
is in: where a source language itself is scored, it is not the same question.

A target that is trained as the source is, such as XNLI after XNLI in Spanish,
is told apart as its kind's own: there more of the target's own rows are
learnt from, and nothing is transferred from another task.
"""

import dataclasses

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.reporting.route_names import source_set_of
from stilts_keras.reporting.tables import MIN_EXAMPLES
from stilts_keras.tasks.languages import ENGLISH

OWN = "own task"
POINTS = "points"
LOG_ODDS = "log-odds"


@dataclasses.dataclass(frozen=True)
class Study:
    """One source task in several languages and sizes.

    Attributes:
        task: str. The source's.
        sets: dict from route to `SourceSet`, smaller ones first.
        kinds: dict from target to the kind of its problem, with `OWN` where
            the source trains the target itself.
        beside_chance: tuple of str. Targets most of whose scores may be
            chance: no language can move them.
    """

    task: str
    sets: dict
    kinds: dict
    beside_chance: tuple[str, ...] = ()

    @property
    def languages(self):
        """Frozenset of the languages of all of its sources."""
        return frozenset(
            code for found in self.sets.values() for code in found.languages
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    """What a set of languages gains over English, in one place.

    Attributes:
        task: str. The source's.
        languages: str. Those of the source, joined by `+`.
        num_examples: int. Of the source.
        target: str.
        kind: str. As in `Study.kinds`.
        language: str. That is scored.
        gains: float array (num_seeds,). Over as many English examples.
        draws: float array (num_draws,) or None. Their mean over the seeds on
            resampled examples.
    """

    task: str
    languages: str
    num_examples: int
    target: str
    kind: str
    language: str
    gains: np.ndarray
    draws: np.ndarray | None

    @property
    def place(self):
        """From the source to the language that is scored."""
        return (
            self.task,
            self.languages,
            self.num_examples,
            self.target,
            self.language,
        )


def studies_of(evidence):
    """Finds the studies among an experiment's routes.

    Args:
        evidence: `Evidence`.

    Returns:
        List of `Study`: of each source task with several languages or sizes.
    """
    by_task = {}
    for route in dict.fromkeys(row.route for row in evidence.rows):
        found = source_set_of(route, lambda name: _language_of(evidence, name))
        if found and _facts(evidence, found.task):
            by_task.setdefault(found.task, {})[route] = found
    return [
        _study(evidence, task, sets)
        for task, sets in by_task.items()
        if len(sets) > 1
    ]


def _facts(evidence, task):
    """Returns the `TaskFacts` of a source, or None where no one knows it."""
    try:
        return evidence.task(task)
    except InputError:
        return None


def _language_of(evidence, task):
    facts = _facts(evidence, task)
    return facts.language if facts else ENGLISH


def _study(evidence, task, sets):
    source = evidence.task(task)
    kinds = {}
    for target in evidence.primary:
        facts = evidence.task(target)
        kind = facts.problem.replace("_", " ")
        kinds[target] = f"{kind}, {OWN}" if facts.trains_as(source) else kind
    order = sorted(
        sets,
        key=lambda route: (
            len(sets[route].languages),
            ENGLISH not in sets[route].languages,
            sets[route].languages,
            sets[route].num_examples,
        ),
    )
    # A kind's own comes after all that is transfer.
    kinds = dict(sorted(kinds.items(), key=lambda item: OWN in item[1]))
    study = Study(task, {route: sets[route] for route in order}, kinds)
    rows = rows_of(study, evidence, [study])
    return dataclasses.replace(
        study,
        beside_chance=tuple(
            target for target in kinds if _is_beside_chance(rows, target)
        ),
    )


def _is_beside_chance(rows, target):
    """Whether chance lies within most intervals of a target's scores."""
    above = [
        None in (row.low, row.chance) or row.low > row.chance
        for row in rows
        if row.target == target
    ]
    return 2 * sum(above) < len(above)


def rows_of(study, evidence, studies):
    """Lists the scores that a study compares.

    Args:
        study: `Study`.
        evidence: `Evidence`.
        studies: list of `Study`. No source language of any of them is scored.

    Returns:
        List of `JudgedScore`, of the study's routes and the baseline.
    """
    sources = frozenset().union(*(each.languages for each in studies))
    primary = evidence.primary
    return [
        row
        for row in evidence.rows
        if (row.route in study.sets or row.route == evidence.baseline)
        and row.metric == primary.get(row.target)
        and row.is_averaged
        and row.language not in sources
    ]


def cells_of(study, evidence, studies, *, scale=POINTS):
    """Computes what each set of languages gains over English.

    A cell is left out where a seed of either side lacks its score, where
    either side has collapsed or the examples are too few to be judged, and
    with all others of its target where that is beside chance.

    Args:
        study: `Study`.
        evidence: `Evidence`.
        studies: list of `Study`, as in `rows_of`.
        scale: str. `POINTS`, or `LOG_ODDS`: a point near 100 is worth more
            than one near 50.

    Returns:
        List of `Cell`.
    """
    rows, scores = rows_of(study, evidence, studies), {}
    for row in rows:
        place = (row.target, row.language)
        scores.setdefault(row.route, {}).setdefault(place, {})[row.seed] = row
    # Other routes may have been run with more.
    seeds = sorted({row.seed for row in rows if row.route in study.sets})
    english = {
        found.num_examples: route
        for route, found in study.sets.items()
        if found.languages == (ENGLISH,)
    }
    cells = []
    for route, found in study.sets.items():
        reference = english.get(found.num_examples)
        if reference in (None, route):
            continue
        for place, ours in scores.get(route, {}).items():
            theirs = scores.get(reference, {}).get(place, {})
            target, language = place
            if target in study.beside_chance or not _are_judged(
                seeds, ours, theirs
            ):
                continue
            gains, draws = _gains(seeds, ours, theirs, scale)
            cells.append(
                Cell(
                    study.task,
                    found.named_languages,
                    found.num_examples,
                    target,
                    study.kinds[target],
                    language,
                    gains,
                    draws,
                )
            )
    return cells


def _are_judged(seeds, *sides):
    return all(
        seed in side
        and not side[seed].collapsed
        and side[seed].n >= MIN_EXAMPLES
        for side in sides
        for seed in seeds
    )


def _gains(seeds, ours, theirs, scale):
    """Subtracts seed by seed, and draw by draw."""
    gains, draws = [], []
    for seed in seeds:
        one, other = ours[seed], theirs[seed]
        gains.append(
            _scaled(one.value, one.n, scale)
            - _scaled(other.value, other.n, scale)
        )
        if one.draws is not None and other.draws is not None:
            draws.append(
                _scaled(one.draws, one.n, scale)
                - _scaled(other.draws, other.n, scale)
            )
    is_drawn = len(draws) == len(seeds)
    return np.array(gains), np.mean(draws, axis=0) if is_drawn else None


def _scaled(value, n, scale):
    """Percent as they are, or the logarithm of the odds, which never ends."""
    if scale == POINTS:
        return value
    share = (value / 100 * n + 0.5) / (n + 1)
    return np.log(share / (1 - share))
