"""Results of a run that is at work: what is complete, and what is to come.

A mean over half of the languages, or a difference of a seed that one route
has ended and the other has not, would move with every language that arrives.
Only cells (route, target, seed) with all of their languages are taken, so
that routes are compared over the same targets, languages and seeds.
"""

from stilts_keras.records.remaining import cell_key


def keep_complete(evidence):
    """Leaves out the scores of cells that are not complete.

    Args:
        evidence: `Evidence`. Its `rows` and `disturbed` are cut down, and
            `so_far` says what is still to come.
    """
    there = {}
    for row in (*evidence.rows, *evidence.disturbed, *evidence.unscored):
        there.setdefault(cell_key(row), set()).add(row.language)
    complete = {
        cell
        for cell, languages in evidence.asked.items()
        if there.get(cell, set()).issuperset(languages)
    }
    evidence.rows = [row for row in evidence.rows if cell_key(row) in complete]
    evidence.disturbed = [
        row
        for row in evidence.disturbed
        # Nothing is compared without the clean rows beside it.
        if {cell_key(row), _clean_key(row)} <= complete
    ]
    evidence.so_far = _told(evidence, len(complete))


def _clean_key(row):
    return f"{row.route}|{row.target}|{row.seed}"


def _told(evidence, num_complete):
    trained = {row.stage for row in evidence.trainings}
    num_stages = len(evidence.stages)
    num_left = len(evidence.stages - trained)
    num_cells = len(evidence.asked)
    return (
        f"So far: {num_left} of {num_stages} stages are still to come, and "
        f"{num_cells - num_complete} of {num_cells} results (route, target, "
        "seed). Only those that have all of their languages are shown and "
        "judged here."
    )
