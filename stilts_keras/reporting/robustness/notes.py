"""What stands below every table of disturbed scores."""

from stilts_keras.reporting.robustness.courses import languages_left_out
from stilts_keras.reporting.tables.notes import evaluation_notes

OURS = (
    "Our own definition, no benchmark: the targets' test rows disturbed when "
    "they are evaluated, never when trained on"
)
LEFT = (
    "Retention: the disturbed score in percent of the clean one on the same "
    "rows; both are means over the languages that no stage trained the target "
    "in (zero-shot), or over the others (trained)"
)


def name_of(route, target, disturbance, scope, seeds=()):
    """Names a course, or some seeds of it, in a note."""
    name = f"{route} on {target} under {disturbance}, {scope}"
    return f"{name}, seed {' '.join(map(str, seeds))}" if seeds else name


def language_notes(courses, pairs):
    """Says which languages are in no mean of a route, and why.

    Args:
        courses: dict, of `courses.courses_of`.
        pairs: list of `Pair`.

    Returns:
        List of str; empty where every route has all of its languages.
    """
    named = [
        f"{code} of {name_of(*course, seeds=seeds)}"
        for course, languages in languages_left_out(courses, pairs).items()
        for code, seeds in languages.items()
    ]
    if not named:
        return []
    return [
        "In no mean of the route's, since clean predictions are constant or a "
        f"severity is missing: {'; '.join(named)}"
    ]


def row_notes(pairs):
    """Says which rows scores are of, where they are not all of the target.

    Args:
        pairs: list of `Pair`.

    Returns:
        List of str.
    """
    own = dict.fromkeys(
        f"{pair.row.disturbance} of {pair.row.target}"
        for pair in pairs
        if pair.clean.disturbance
    )
    strengths = dict.fromkeys(
        note
        for pair in pairs
        for note in pair.row.notes
        if note.startswith(f"{pair.row.disturbance} {pair.row.severity}:")
    )
    notes = evaluation_notes([pair.row for pair in pairs])
    notes += [f"Severities: {'; '.join(strengths)}"] if strengths else []
    if not own:
        return notes
    return [
        f"On rows of its own: {', '.join(own)}; the clean score is of these "
        "rows alone, and so is no other table's",
        *notes,
    ]
