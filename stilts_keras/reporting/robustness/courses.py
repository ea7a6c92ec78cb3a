"""How routes fare under a disturbance: scores of several languages and seeds.

A mean is over the languages that no stage trained the target in, as in the
other tables, and that every severity and seed has; languages that it was
trained in have courses of their own. See `scoring.robustness` on what is
divided by what.
"""

import dataclasses

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.reporting.tables import MIN_EXAMPLES
from stilts_keras.reporting.tables.means import average
from stilts_keras.reporting.tables.means import is_above
from stilts_keras.scoring import bootstrap
from stilts_keras.scoring import robustness
from stilts_keras.scoring.robustness import Scores

# In which languages scores are, as tables name it.
ZERO_SHOT = "zero-shot"
TRAINED = "trained"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """One route on one target under one disturbance.

    Attributes:
        route: str.
        target: str.
        disturbance: str.
        scope: str. `ZERO_SHOT`, or `TRAINED`.
        severities: tuple of int, ascending. Of all routes together.
        pairs: dict from seed to dict from language to dict from severity to
            `Pair`: of the scope's languages that the benchmark lists, those
            with all severities, whose clean predictions are not constant.
            Seeds without such a language, as of a training that collapsed, are
            left out.
    """

    route: str
    target: str
    disturbance: str
    scope: str
    severities: tuple[int, ...]
    pairs: dict

    @property
    def languages(self):
        """List of the languages that all seeds have."""
        first, *others = self.pairs.values()
        return [code for code in first if all(code in each for each in others)]

    def narrowed(self, seeds, languages):
        """Returns the course of some seeds and languages."""
        pairs = {
            seed: {code: self.pairs[seed][code] for code in languages}
            for seed in seeds
        }
        return dataclasses.replace(self, pairs=pairs)

    def scores(self, what, severities, languages=None):
        """Averages scores over severities and languages.

        Args:
            what: str. An attribute of `Pair`.
            severities: iterable of int.
            languages: list of str, or None for all that have it in all seeds.

        Returns:
            `Scores`; None where no language has it.
        """
        chosen = {
            (code, severity): [
                getattr(by_language[code][severity], what)
                for by_language in self.pairs.values()
            ]
            for code in languages or self.languages
            for severity in severities
        }
        lacking = {
            code for (code, _), by_seed in chosen.items() if None in by_seed
        }
        kept = [
            Scores.of(by_seed)
            for (code, _), by_seed in chosen.items()
            if code not in lacking
        ]
        return robustness.mean_of(kept) if kept else None

    def retention(self, severities, languages=None):
        """Returns the share that is left, as `robustness.retention` does."""
        return robustness.retention(
            self.scores("clean", severities, languages),
            self.scores("row", severities, languages),
        )

    def retention_if_any(self, severities):
        """Returns the retention, or None where a clean score may be 0."""
        try:
            return self.retention(severities)
        except InputError:
            return None

    def drop(self, severities, languages=None):
        """Returns the points that are lost, as `robustness.drop` does."""
        return robustness.drop(
            self.scores("clean", severities, languages),
            self.scores("row", severities, languages),
        )

    @property
    def num_examples(self):
        """Number of the examples of the language that has fewest."""
        return min(
            pair.row.n
            for by_language in self.pairs.values()
            for by_severity in by_language.values()
            for pair in by_severity.values()
        )

    @property
    def is_of_own_task(self):
        """Whether the route trained the target's own task or head."""
        return any(
            pair.row.own_task
            for by_language in self.pairs.values()
            for by_severity in by_language.values()
            for pair in by_severity.values()
        )

    @property
    def is_above_chance(self):
        """Whether the clean scores are: others have nothing to lose.

        Outside the interval over the examples: other trainings may be
        anywhere, these are what is disturbed.
        """
        clean = self.scores("clean", self.severities)
        found = judged(
            Scores(clean.values.mean(keepdims=True), clean.draws.mean(0)[None])
        )
        rows = [
            pair.clean
            for by_language in self.pairs.values()
            for by_severity in by_language.values()
            for pair in by_severity.values()
        ]
        return is_above(found.low, average(rows).chance)


def courses_of(pairs):
    """Groups pairs into courses.

    Args:
        pairs: list of `Pair`.

    Returns:
        Dict from (target, disturbance, scope) to a dict from route to
        `Course`. Of routes without a language that all their seeds can be
        compared in there is none, nor of disturbances without such a route;
        `left_out` names both.
    """
    places = {}
    for pair in pairs:
        row = pair.row
        place = places.setdefault(_place_of(row), {})
        by_seed = place.setdefault(row.route, {})
        by_language = by_seed.setdefault(row.replicate, {})
        by_language.setdefault(row.language, {})[row.severity] = pair
    found = {place: _courses(place, routes) for place, routes in places.items()}
    return {place: courses for place, courses in found.items() if courses}


def left_out(courses, pairs):
    """Lists the routes that have no course, and the seeds that are in none.

    Args:
        courses: dict, of `courses_of`.
        pairs: list of `Pair`, that they are of.

    Returns:
        Dict from what is left out, (route, target, disturbance, scope), to a
        list of int: its seeds, or to an empty list: all of it.
    """
    seeds = {}
    for pair in pairs:
        if pair.row.in_benchmark:
            place = _place_of(pair.row)
            known = seeds.setdefault((pair.row.route, *place), {})
            known[pair.row.replicate] = None
    found = {}
    for (route, *place), known in seeds.items():
        course = courses.get(tuple(place), {}).get(route)
        missing = [
            seed for seed in known if course and seed not in course.pairs
        ]
        if missing or course is None:
            found[route, *place] = missing
    return found


def languages_left_out(courses, pairs):
    """Lists the languages that a course leaves out, though it has rows of them.

    Args:
        courses: dict, of `courses_of`.
        pairs: list of `Pair`, that they are of.

    Returns:
        Dict from a course, (route, target, disturbance, scope), to a dict from
        language to a list of int: the seeds that cannot be compared in it.
    """
    asked = {}
    for pair in pairs:
        if pair.row.in_benchmark:
            name = (pair.row.route, *_place_of(pair.row))
            asked.setdefault(name, {})[pair.row.language] = None
    found = {}
    for (route, *place), languages in asked.items():
        course = courses.get(tuple(place), {}).get(route)
        if course is None:
            continue
        for code in languages:
            lacking = [
                seed for seed, has in course.pairs.items() if code not in has
            ]
            if lacking:
                found.setdefault((route, *place), {})[code] = lacking
    return found


def of_scope(courses):
    """Keeps the zero-shot courses; where there are none, the others.

    Args:
        courses: dict, of `courses_of`.
    """
    found = {
        place: by_route
        for place, by_route in courses.items()
        if place[2] == ZERO_SHOT
    }
    return found or courses


def _place_of(row):
    scope = ZERO_SHOT if row.zero_shot else TRAINED
    return row.target, row.disturbance, scope


def _courses(place, routes):
    severities = sorted(
        {
            severity
            for by_seed in routes.values()
            for by_language in by_seed.values()
            for found in by_language.values()
            for severity in found
        }
    )
    courses = {}
    for route, by_seed in routes.items():
        pairs = {
            seed: {
                code: found
                for code, found in by_language.items()
                if list(sorted(found)) == severities and _counts(found)
            }
            for seed, by_language in by_seed.items()
        }
        course = Course(
            route=route,
            target=place[0],
            disturbance=place[1],
            scope=place[2],
            severities=tuple(severities),
            pairs={seed: found for seed, found in pairs.items() if found},
        )
        if course.pairs and course.languages:
            courses[route] = course
    return courses


def _counts(found):
    """Whether scores of a language, by severity, belong in a mean."""
    return all(
        pair.row.in_benchmark and not pair.clean.collapsed
        for pair in found.values()
    )


def judged(scores, num_examples=None):
    """Judges `Scores`: a `bootstrap.Estimate`."""
    return bootstrap.estimate(
        scores.values, scores.draws, num_examples=num_examples
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """What a route makes of the baseline's robustness.

    Attributes:
        retention: `bootstrap.Estimate`. Points of retention, over all
            severities together: above 0 where more is left.
        drop: `bootstrap.Estimate`. Points of the metric: below 0 where fewer
            are lost.
        languages: tuple of str. That both routes have.
        is_of_own_task: bool. Whether one of them trained the target's own task
            or head, so that no other task is transferred.
    """

    retention: bootstrap.Estimate
    drop: bootstrap.Estimate
    languages: tuple[str, ...]
    is_of_own_task: bool = False


def change_of(ours, theirs):
    """Compares two courses on the same rows, languages and seeds.

    Args:
        ours: `Course`.
        theirs: `Course`, the baseline's.

    Returns:
        `Change`.

    Raises:
        InputError: If nothing is common, a clean score may be chance, or there
            are too few examples; says which.
    """
    seeds = [seed for seed in ours.pairs if seed in theirs.pairs]
    languages = [code for code in ours.languages if code in theirs.languages]
    if not seeds or not languages:
        raise InputError("no seed or no language in common")
    ours, theirs = (
        course.narrowed(seeds, languages) for course in (ours, theirs)
    )
    fewest = min(ours.num_examples, theirs.num_examples)
    if fewest < MIN_EXAMPLES:
        raise InputError(f"fewer than {MIN_EXAMPLES} examples")
    if not (ours.is_above_chance and theirs.is_above_chance):
        raise InputError("a clean score may be chance, which nothing disturbs")
    severities = ours.severities
    return Change(
        retention=judged(
            ours.retention(severities) - theirs.retention(severities), fewest
        ),
        drop=judged(ours.drop(severities) - theirs.drop(severities), fewest),
        languages=tuple(languages),
        is_of_own_task=ours.is_of_own_task or theirs.is_of_own_task,
    )


def worst_language(course, severities):
    """Finds the language that the least is left of.

    Args:
        course: `Course`.
        severities: iterable of int.

    Returns:
        Tuple: its code and the `bootstrap.Estimate` of its retention, chosen
        by that very retention; None where a clean score is 0.
    """
    found = {}
    for code in course.languages:
        try:
            found[code] = judged(course.retention(severities, [code]))
        except InputError:
            return None
    return min(found.items(), key=lambda item: item[1].value)


def deviation_of(scores):
    """Standard deviation over the seeds; None of one."""
    if len(scores.values) < 2:
        return None
    return float(np.std(scores.values, ddof=1))
