"""All that a report has of disturbed scores."""

from stilts_keras.reporting.robustness.changes import change_table
from stilts_keras.reporting.robustness.changes import retention_frame
from stilts_keras.reporting.robustness.courses import courses_of
from stilts_keras.reporting.robustness.pairs import pairs_of
from stilts_keras.reporting.robustness.scores import SCORES
from stilts_keras.reporting.robustness.scores import score_table

# Names of the frame, and of the table of tests.
ROBUSTNESS = "robustness"
CHANGES = "robustness_changes"


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
                place: found
                for place, found in courses.items()
                if place[0] == target
            },
            [pair for pair in pairs if pair.row.target == target],
        )
    return {ROBUSTNESS: frame}, plain
