"""Disturbed scores of one target: all measures, at each severity."""

import math

from stilts_keras.reporting.robustness.courses import ZERO_SHOT
from stilts_keras.reporting.robustness.courses import judged
from stilts_keras.reporting.robustness.courses import worst_language
from stilts_keras.reporting.robustness.notes import LEFT
from stilts_keras.reporting.robustness.notes import OURS
from stilts_keras.reporting.robustness.notes import language_notes
from stilts_keras.reporting.robustness.notes import row_notes

# What stands for all severities together.
ALL = "all"
# What is left of a score at severity 0, in percent.
CLEAN = 100.0
# Begins the name of a target's table.
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
HEAD = ("route", "disturbance", "in", "severity")


def score_table(target, courses, pairs):
    """Lists clean and disturbed scores with all measures.

    Args:
        target: str.
        courses: dict, of `courses.courses_of`, of the target alone.
        pairs: list of `Pair`.

    Returns:
        A plain table; each measure has its interval in `intervals`.
    """
    lines = []
    for (_, disturbance, scope), by_route in courses.items():
        for severities in _steps(by_route):
            name = severities[0] if len(severities) == 1 else ALL
            for route, course in by_route.items():
                lines.append(
                    [
                        route,
                        disturbance,
                        scope,
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
            "translate, in the languages where rows are known to; "
            f"severity `{ALL}`: mean over these",
            *language_notes(courses, pairs),
            *row_notes(pairs),
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
    clean, disturbed, likeness, clean_likeness = (
        course.scores(what, severities)
        for what in ("clean", "row", "consistency", "clean_consistency")
    )
    worst = worst_language(course, severities)
    return [
        *_percent(clean),
        *_percent(disturbed),
        *_percent(course.retention_if_any(severities), highest=math.inf),
        *numbers_of(judged(course.drop(severities))),
        *(_worst(*worst) if worst else [None] * 4),
        *_percent(clean_likeness),
        *_percent(likeness),
    ]


def _worst(language, found):
    return [language, *numbers_of(found, lowest=0.0)]


def _percent(scores, highest=100.0):
    return numbers_of(scores and judged(scores), lowest=0.0, highest=highest)


def numbers_of(found, *, lowest=-math.inf, highest=math.inf):
    """Lists the value and the ends of an estimate, or as many None.

    Args:
        found: `bootstrap.Estimate` or None.
        lowest: float. That the value could have; the ends lie within.
        highest: float. Likewise.
    """
    if found is None:
        return [None] * 3
    return [found.value, max(lowest, found.low), min(highest, found.high)]


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
            means, and left out, as are trained languages beside zero-shot
            ones.

    Returns:
        Dict from disturbance to a dict from route to a list of tuples:
        severity, retention, and the ends of its interval.
    """
    names = ("severity", "retention", "retention low", "retention high")
    rows = [
        dict(zip(table["columns"], values, strict=True))
        for values in table["rows"]
    ]
    rows = [row for row in rows if row["in"] == ZERO_SHOT] or rows
    lines = {}
    for row in rows:
        point = tuple(row[name] for name in names)
        if isinstance(row["severity"], int) and row["retention"] is not None:
            routes = lines.setdefault(row["disturbance"], {})
            routes.setdefault(row["route"], []).append(point)
    return lines
