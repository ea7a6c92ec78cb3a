"""Tables of robustness: what is left of each score, and what a route changes.

All definitions are ours and of no benchmark.
"""

from stilts_keras.errors import InputError
from stilts_keras.reporting.robustness.courses import change_of
from stilts_keras.reporting.robustness.courses import courses_of
from stilts_keras.reporting.robustness.courses import deviation_of
from stilts_keras.reporting.robustness.courses import judged
from stilts_keras.reporting.robustness.courses import worst_language
from stilts_keras.reporting.robustness.pairs import pairs_of
from stilts_keras.reporting.tables import new_cell
from stilts_keras.reporting.tables.comparison import SIGNIFICANCE
from stilts_keras.reporting.tables.notes import cell_notes
from stilts_keras.reporting.tables.notes import evaluation_notes
from stilts_keras.reporting.tables.notes import seeds_note
from stilts_keras.scoring import behrens_fisher
from stilts_keras.scoring import bootstrap

ALL = "all"
# What is left of a score at severity 0, in percent.
CLEAN = 100.0
OURS = (
    "Our own definition, no benchmark: the targets' test rows disturbed when "
    "they are evaluated, never when trained on"
)
LEFT = (
    "Retention: the disturbed score in percent of the clean one on the same "
    "rows; both are means over the languages that no stage trained the target "
    "in"
)
# Names of frame and tables; of each target's scores, its name follows.
ROBUSTNESS = "robustness"
CHANGES = "robustness_changes"
SCORES = "robustness_scores_"
WORST = "worst language"
MEASURES = (
    "clean",
    "disturbed",
    "retention",
    "drop",
    "its retention",
    "consistency, clean",
    "consistency, disturbed",
)
HEAD = ("route", "disturbance", "severity")
CHANGE_COLUMNS = [
    "route",
    "target",
    "disturbance",
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
]


def tables_of(evidence):
    """Computes all tables of disturbed scores.

    Args:
        evidence: `Evidence`. Takes what is missing or damaged among its
            `problems`.

    Returns:
        Tuple of two dicts: from a short name to a frame (see `tables`), and to
        a plain table (see `findings`); both empty without disturbed scores.
    """
    pairs, problems = pairs_of(evidence)
    evidence.problems += problems
    courses = courses_of(pairs)
    if not courses:
        return {}, {}
    changes = change_table(courses, evidence.baseline, pairs)
    frame = retention_frame(courses, evidence.baseline, changes, pairs)
    plain = {CHANGES: changes}
    for target in dict.fromkeys(place[0] for place in courses):
        plain[f"{SCORES}{target}"] = score_table(
            target,
            {
                place[1]: found
                for place, found in courses.items()
                if place[0] == target
            },
            [pair for pair in pairs if pair.row.target == target],
        )
    return {ROBUSTNESS: frame}, plain


def score_tables(plain):
    """Picks the targets' tables of scores out of all plain ones.

    Args:
        plain: dict from a short name to a plain table.

    Returns:
        Dict from target to table.
    """
    return {
        name.removeprefix(SCORES): table
        for name, table in plain.items()
        if name.startswith(SCORES)
    }


def severity_lines(table):
    """Picks the retention at each severity out of a table of scores.

    Args:
        table: dict, of `score_table`; rows whose severity is no number are
            means, and left out.

    Returns:
        Dict from disturbance to a dict from route to a list of tuples:
        severity, retention, and the ends of its interval.
    """
    names = ("severity", "retention", "retention low", "retention high")
    lines = {}
    for values in table["rows"]:
        row = dict(zip(table["columns"], values, strict=True))
        point = tuple(row[name] for name in names)
        if isinstance(row["severity"], int) and row["retention"] is not None:
            routes = lines.setdefault(row["disturbance"], {})
            routes.setdefault(row["route"], []).append(point)
    return lines


# ------------------------------------------------------------ Of each severity
def score_table(target, courses, pairs):
    """Lists clean and disturbed scores with all measures.

    Args:
        target: str.
        courses: dict from disturbance to a dict from route to `Course`.
        pairs: list of `Pair`.

    Returns:
        A plain table; each measure has its interval in `intervals`.
    """
    lines = []
    for disturbance, by_route in courses.items():
        for severities in _steps(by_route):
            name = severities[0] if len(severities) == 1 else ALL
            for route, course in by_route.items():
                lines.append(
                    [
                        route,
                        disturbance,
                        name,
                        *_measures(course, severities),
                        len(course.languages),
                        len(course.pairs),
                    ]
                )
    return {
        "title": f"{target} under disturbances: {pairs[0].row.metric}",
        "columns": [*HEAD, *_with_ends(MEASURES), "languages", "seeds"],
        "rows": lines,
        "intervals": {
            name: (f"{name} low", f"{name} high") for name in MEASURES
        },
        "notes": [
            OURS,
            LEFT,
            "Drop: clean less disturbed, in points; worst language: the one "
            "with the least retention, chosen by it, so that its interval is "
            "that of a language named beforehand; consistency: percent of "
            "items predicted as the clean English items are that they "
            f"translate; severity `{ALL}`: mean over these",
            *_row_notes(pairs),
            "In brackets: 95 % intervals over examples (bootstrap) and seeds "
            "(Student's t)",
        ],
    }


def _steps(by_route):
    """Lists what severities a table has lines of: each, then all."""
    severities = next(iter(by_route.values())).severities
    single = [(severity,) for severity in severities]
    return single + ([severities] if len(severities) > 1 else [])


def _with_ends(names):
    """Names columns with those of the ends of their intervals."""
    columns = []
    for name in names:
        columns += [WORST] if name == "its retention" else []
        columns += [name, f"{name} low", f"{name} high"]
    return columns


def _measures(course, severities):
    """Lists values and ends of all measures, None where there is none."""
    line = []
    for found in (
        course.scores("clean", severities),
        course.scores("row", severities),
        _retention(course, severities),
        course.drop(severities),
    ):
        line += _numbers(found and judged(found))
    worst = worst_language(course, severities)
    line += [worst[0], *_numbers(worst[1])] if worst else [None] * 4
    for what in ("clean_consistency", "consistency"):
        found = course.scores(what, severities)
        line += _numbers(found and judged(found))
    return line


def _retention(course, severities):
    """Returns the retention; None where the clean score may be 0."""
    try:
        return course.retention(severities)
    except InputError:
        return None


def _numbers(found):
    return [found.value, found.low, found.high] if found else [None] * 3


# -------------------------------------------------------- Against the baseline
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
    for (target, disturbance), by_route in courses.items():
        for route, course in by_route.items():
            if route == baseline:
                continue
            try:
                if baseline not in by_route:
                    raise InputError(f"no such score of {baseline}")
                change = change_of(course, by_route[baseline])
            except InputError as error:
                name = f"{route} on {target} under {disturbance}"
                problems.setdefault(str(error), []).append(name)
            else:
                found.append(((route, target, disturbance), change))
    adjusted = bootstrap.holm([change.retention.p for _, change in found])
    level = SIGNIFICANCE / max(1, len(found))
    return {
        "title": f"Retention: differences to {baseline}",
        "columns": CHANGE_COLUMNS,
        "rows": [
            _change_line(names, change, p, level)
            for (names, change), p in zip(found, adjusted, strict=True)
        ],
        "notes": [
            *_change_notes(found, level),
            *(
                f"Not judged ({error}): {'; '.join(names)}"
                for error, names in problems.items()
            ),
            *_row_notes(pairs),
        ],
    }


def _change_line(names, change, adjusted, level):
    kept, lost = change.retention, change.drop
    return [
        *names,
        *_numbers(kept),
        kept.p,
        adjusted,
        kept.detectable(level),
        *_numbers(lost),
        lost.p,
        len(change.languages),
        kept.num_seeds,
    ]


def _change_notes(found, level):
    if not found:
        return []
    return [
        OURS,
        LEFT,
        "Points of retention, over all severities of a disturbance together; "
        "above 0: the route keeps more",
        "By paired bootstrap over the examples, the same resamples for both "
        "routes, clean and disturbed, and Student's t over the seeds; "
        "adjusted: Holm's correction over routes x targets x disturbances, "
        f"{len(found)} tests",
        "Detectable: the smallest true difference that would have been found "
        f"in {100 * behrens_fisher.POWER:.0f} of 100 such studies, in the "
        f"strictest test of that correction (p < {level:.2g})",
        "Drops differ: the route's drop less the baseline's, in points of the "
        "score; below 0: it loses fewer. A higher clean score alone moves "
        "retention, so that a difference which drops do not show may be one "
        "of the level",
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
        disturbance; `groups` maps a column to its target.
    """
    known = {
        tuple(line[:3]): dict(zip(changes["columns"], line, strict=True))
        for line in changes["rows"]
    }
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
        "title": "Retention under disturbances",
        "columns": list(columns.values()),
        "groups": {name: place[0] for place, name in columns.items()},
        "rows": table_rows,
        "notes": [
            OURS,
            LEFT,
            "Mean over the severities; in brackets: difference to "
            f"{baseline} in points of retention",
            *_severity_notes(courses),
            seeds_note(pair.row for pair in pairs),
            *cell_notes(table_rows),
            *_row_notes(pairs),
        ],
    }


def _cell(course, change):
    """Builds the cell of one route's retention."""
    kept = _retention(course, course.severities)
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
        "is_significant": change["adjusted p"] < SIGNIFICANCE,
    }


# ----------------------------------------------------------------- The notes
def _severity_notes(courses):
    """Says which severities the means are over, where there are several."""
    by_severities = {}
    for (_, disturbance), by_route in courses.items():
        severities = next(iter(by_route.values())).severities
        if len(severities) > 1:
            names = by_severities.setdefault(severities, {})
            names[disturbance] = None
    return [
        f"Severities {', '.join(map(str, severities))}: {', '.join(names)}"
        for severities, names in by_severities.items()
    ]


def _row_notes(pairs):
    """Says which rows scores are of, where they are not all of the target."""
    own = dict.fromkeys(
        f"{pair.row.disturbance} of {pair.row.target}"
        for pair in pairs
        if pair.clean.disturbance
    )
    notes = evaluation_notes([pair.row for pair in pairs])
    if not own:
        return notes
    return [
        f"On rows of its own: {', '.join(own)}; the clean score is of these "
        "rows alone, and so is no other table's",
        *notes,
    ]
