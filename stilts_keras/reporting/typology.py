"""Regresses differences on what kind of language they are in."""

from stilts_keras.errors import InputError
from stilts_keras.reporting.own_task import MARK
from stilts_keras.scoring import regression
from stilts_keras.tasks.languages import LANGUAGES
from stilts_keras.tasks.languages import distance_from_english
from stilts_keras.tasks.languages import family_of


def typology_table(frames, baseline):
    """Regresses differences on what kind of language they are in.

    For each route the differences in all languages and targets are regressed
    on the distance from English and on the script, each less its target's mean;
    the languages of a family err together.

    Args:
        frames: dict from target to the frame of `tables.difference_frame`.
        baseline: str.

    Returns:
        A plain table (see `findings`) with a row for each route and predictor.
    """
    rows, notes = [], {}
    compared = dict.fromkeys(
        row["label"]
        for frame in frames.values()
        for row in frame["rows"]
        if row["label"] != baseline
    )
    for route in compared:
        try:
            found = _regressed(frames, route)
        except InputError as error:
            notes.setdefault(str(error), []).append(route)
            continue
        rows += _term_rows(route, found)
        for warning in found["warnings"]:
            notes.setdefault(warning, []).append(route)
    return {
        "title": f"Differences to {baseline} and kinds of languages",
        "columns": TYPOLOGY_COLUMNS,
        "rows": rows,
        "notes": [
            "Least squares over differences in single languages, a level of "
            "its own for each target; 95 % intervals and p by standard errors "
            "clustered by language family, not corrected for their number",
            f"{DISTANCE}: share of typological features in which a language "
            "differs from English: points are of a language that differs in "
            f"all; {SCRIPT}: points lost or gained in other scripts",
            *(
                f"{_named(routes, compared)}: {warning}"
                for warning, routes in notes.items()
            ),
            *_own_notes(frames),
        ],
    }


def _own_notes(frames):
    """Names the routes and targets whose differences are no transfer."""
    places = [
        f"{row['label']} on {target}"
        for target, frame in frames.items()
        for row in frame["rows"]
        if not all(cell["is_transfer"] for cell in row["cells"].values())
    ]
    if not places:
        return []
    return [f"{MARK} left out, more of the same: {', '.join(places)}"]


TYPOLOGY_COLUMNS = [
    "route",
    "predictor",
    "points",
    "low",
    "high",
    "p",
    "differences",
    "families",
]


def _regressed(frames, route):
    """Regresses one route's differences; raises InputError if they are few."""
    outcomes, predictors, families = _observations(frames, route)
    needed = FAMILIES_PER_TERM * (1 + len(predictors))
    if len(set(families)) < needed:
        raise InputError(
            f"languages of {len(set(families))} families, too few for "
            f"{len(predictors)} predictors, which need {needed}"
        )
    return regression.regress(outcomes, predictors, families)


def _term_rows(route, found):
    """Lists what a regression says of each predictor, as rows of a table."""
    return [
        [
            route,
            term["name"],
            *(term[name] for name in ("coefficient", "low", "high", "p")),
            found["n"],
            found["num_clusters"],
        ]
        for term in found["terms"]
        if term["name"] in PREDICTORS
    ]


def _named(routes, compared):
    """Names routes in a note, shortly where they are all."""
    if len(routes) > 1 and len(routes) == len(compared):
        return "All routes"
    return ", ".join(routes)


DISTANCE = "distance from English"
SCRIPT = "script other than Latin"
PREDICTORS = (DISTANCE, SCRIPT)
# Errors clustered by few families can come out as next to nothing.
FAMILIES_PER_TERM = 2


def _observations(frames, route):
    """Lists one route's differences: outcomes, predictors, clusters."""
    found = [
        (target, language, cell["difference"])
        for target, frame in frames.items()
        for row in frame["rows"]
        if row["label"] == route
        for language, cell in row["cells"].items()
        if cell["difference"] is not None
        and cell["in_benchmark"]
        and cell["is_transfer"]
        and distance_from_english(language) is not None
    ]
    known = {
        DISTANCE: [distance_from_english(code) for _, code, _ in found],
        SCRIPT: [
            float(LANGUAGES[code].script != "Latin") for _, code, _ in found
        ],
    }
    targets = [target for target, _, _ in found]
    centred = {name: _within(values, targets) for name, values in known.items()}
    return (
        _within([difference for _, _, difference in found], targets),
        {
            # A target may have languages of one script only.
            name: values
            for name, values in centred.items()
            if max(map(abs, values), default=0.0) > 1e-9
        },
        [family_of(code) for _, code, _ in found],
    )


def _within(values, groups):
    """Subtracts each group's mean: as a level for each, at no term's cost."""
    members = {}
    for value, group in zip(values, groups, strict=True):
        members.setdefault(group, []).append(value)
    means = {group: sum(found) / len(found) for group, found in members.items()}
    return [
        value - means[group]
        for value, group in zip(values, groups, strict=True)
    ]
