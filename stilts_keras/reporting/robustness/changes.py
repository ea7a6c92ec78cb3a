"""What routes make of the baseline's retention: tests, and side by side."""

import collections

from stilts_keras.errors import InputError
from stilts_keras.reporting.own_task import MARK
from stilts_keras.reporting.robustness.courses import TRAINED
from stilts_keras.reporting.robustness.courses import ZERO_SHOT
from stilts_keras.reporting.robustness.courses import change_of
from stilts_keras.reporting.robustness.courses import deviation_of
from stilts_keras.reporting.robustness.courses import judged
from stilts_keras.reporting.robustness.courses import left_out
from stilts_keras.reporting.robustness.courses import of_scope
from stilts_keras.reporting.robustness.notes import LEFT
from stilts_keras.reporting.robustness.notes import OURS
from stilts_keras.reporting.robustness.notes import language_notes
from stilts_keras.reporting.robustness.notes import name_of
from stilts_keras.reporting.robustness.notes import row_notes
from stilts_keras.reporting.robustness.scores import numbers_of
from stilts_keras.reporting.tables import new_cell
from stilts_keras.reporting.tables.comparison import SIGNIFICANCE
from stilts_keras.reporting.tables.notes import OWN_NOTE
from stilts_keras.reporting.tables.notes import cell_notes
from stilts_keras.reporting.tables.notes import seeds_note
from stilts_keras.scoring import behrens_fisher
from stilts_keras.scoring import bootstrap

SCOPES = (ZERO_SHOT, TRAINED)
# Why a training is in no comparison.
WITHOUT = (
    "clean predictions are constant, or no language has all severities in all "
    "seeds"
)
# Marked where a route, or the baseline, trained the target's own task or head.
OWN_COLUMN = "own task"
CHANGE_COLUMNS = [
    "route",
    "target",
    "disturbance",
    "in",
    "points",
    "low",
    "high",
    "p",
    "adjusted p",
    "detectable",
    "drops differ",
    "drops low",
    "drops high",
    "p of drops",
    "languages",
    "seeds",
    OWN_COLUMN,
]


def change_table(courses, baseline, pairs):
    """Tests whether routes keep more, or less, than the baseline does.

    Args:
        courses: dict, of `courses.courses_of`.
        baseline: str. A route.
        pairs: list of `Pair`.

    Returns:
        A plain table with a row for each route, target and disturbance.
    """
    found, problems = [], {}
    for place, by_route in courses.items():
        for route, course in by_route.items():
            if route == baseline:
                continue
            try:
                if baseline not in by_route:
                    raise InputError(f"no such score of {baseline}")
                change = change_of(course, by_route[baseline])
            except InputError as error:
                problems.setdefault(str(error), []).append(
                    name_of(route, *place)
                )
            else:
                found.append(((route, *place), change))
    for names, seeds in left_out(courses, pairs).items():
        problems.setdefault(WITHOUT, []).append(name_of(*names, seeds=seeds))
    return {
        "title": f"Retention: differences to {baseline}",
        "columns": CHANGE_COLUMNS,
        "rows": [line for scope in SCOPES for line in _corrected(found, scope)],
        "notes": [
            *_change_notes(found),
            *(
                f"Not judged ({error}): {'; '.join(names)}"
                for error, names in problems.items()
            ),
            *language_notes(courses, pairs),
            *row_notes(pairs),
        ],
    }


def _corrected(found, scope):
    """Lists the lines of one scope, corrected for their number."""
    chosen = [(names, change) for names, change in found if names[-1] == scope]
    adjusted = bootstrap.holm([change.retention.p for _, change in chosen])
    return [
        _change_line(names, change, p, SIGNIFICANCE / len(chosen))
        for (names, change), p in zip(chosen, adjusted, strict=True)
    ]


def _change_line(names, change, adjusted, level):
    kept, lost = change.retention, change.drop
    return [
        *names,
        *numbers_of(kept),
        kept.p,
        adjusted,
        kept.detectable(level),
        *numbers_of(lost),
        lost.p,
        len(change.languages),
        kept.num_seeds,
        MARK if change.is_of_own_task else "",
    ]


def _change_notes(found):
    if not found:
        return []
    numbers = collections.Counter(names[-1] for names, _ in found)
    tests = ", ".join(f"{number} {scope}" for scope, number in numbers.items())
    return [
        OURS,
        LEFT,
        "Points of retention, over all severities of a disturbance together; "
        "above 0: the route keeps more",
        "By paired bootstrap over the examples, the same resamples for both "
        "routes, clean and disturbed, and Student's t over the seeds; "
        "adjusted: Holm's correction over routes x targets x disturbances, "
        f"zero-shot and trained apart: {tests} tests",
        "Detectable: the smallest true difference that would have been found "
        f"in {100 * behrens_fisher.POWER:.0f} of 100 such studies, in the "
        "strictest test of that correction",
        "Drops differ: the route's drop less the baseline's, in points of the "
        "score; below 0: it loses fewer. A higher clean score alone moves "
        "retention, so that a difference which drops do not show may be one "
        "of the level",
        *([OWN_NOTE] if any(c.is_of_own_task for _, c in found) else ()),
    ]


def retention_frame(courses, baseline, changes, pairs):
    """Sets the routes' retentions side by side, over all severities.

    Args:
        courses: dict, of `courses.courses_of`.
        baseline: str.
        changes: dict, of `change_table`.
        pairs: list of `Pair`.

    Returns:
        A frame with a row for each route and a column for each target and
        disturbance, zero-shot or, where nothing is, trained; `groups` maps a
        column to its target.
    """
    known = {
        tuple(line[:4]): dict(zip(changes["columns"], line, strict=True))
        for line in changes["rows"]
    }
    courses = of_scope(courses)
    routes = dict.fromkeys(
        route for by_route in courses.values() for route in by_route
    )
    columns = {place: f"{place[0]}: {place[1]}" for place in courses}
    table_rows = []
    for route in sorted(routes, key=lambda route: route != baseline):
        cells = {
            columns[place]: _cell(by_route[route], known.get((route, *place)))
            for place, by_route in courses.items()
            if route in by_route
        }
        table_rows.append({"label": route, "cells": cells})
    return {
        "title": f"Retention under disturbances, {next(iter(courses))[2]}",
        "columns": list(columns.values()),
        "groups": {name: place[0] for place, name in columns.items()},
        "rows": table_rows,
        "notes": [
            OURS,
            LEFT,
            f"In brackets: difference to {baseline}, in points of retention",
            *_severity_notes(courses),
            seeds_note(pair.row for pair in pairs),
            *cell_notes(table_rows),
            *language_notes(courses, pairs),
            *row_notes(pairs),
        ],
    }


def _cell(course, change):
    """Builds the cell of one route's retention."""
    kept = course.retention_if_any(course.severities)
    if kept is None:
        return new_cell(None)
    found = judged(kept)
    cell = new_cell(
        found.value,
        low=found.low,
        high=found.high,
        margin=(found.high - found.low) / 2,
        n=course.num_examples,
        count=found.num_seeds,
        deviation=deviation_of(kept),
        above_chance=course.is_above_chance,
        own_task=course.is_of_own_task,
    )
    if change is None:
        return cell
    return cell | {
        "difference": change["points"],
        "difference_low": change["low"],
        "difference_high": change["high"],
        "difference_count": change["seeds"],
        "p": change["p"],
        "adjusted_p": change["adjusted p"],
        "detectable": change["detectable"],
        "is_significant": change["adjusted p"] < SIGNIFICANCE,
        "is_transfer": not change[OWN_COLUMN],
    }


def _severity_notes(courses):
    """Says which severities the means are over, where there are several."""
    by_severities = {}
    for (_, disturbance, _), by_route in courses.items():
        severities = next(iter(by_route.values())).severities
        if len(severities) > 1:
            names = by_severities.setdefault(severities, {})
            names[disturbance] = None
    return [
        f"Mean over severities {', '.join(map(str, severities))}: "
        f"{', '.join(names)}"
        for severities, names in by_severities.items()
    ]
