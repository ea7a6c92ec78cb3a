"""The table of dev scores along chains of stages."""

from stilts_keras.errors import InputError
from stilts_keras.reporting.tables.choice import in_order
from stilts_keras.reporting.tables.comparison import compare
from stilts_keras.reporting.tables.means import Mean
from stilts_keras.reporting.tables.means import mean_of
from stilts_keras.reporting.tables.notes import cell_notes
from stilts_keras.reporting.tables.notes import seeds_note


def forgetting_frame(rows, *, primary):
    """Shows what is left, along a chain, of what earlier stages learned.

    Args:
        rows: iterable of `ChainScore`.
        primary: mapping from task to metric.

    Returns:
        A frame with one row per stage and one column per source: its score on
        dev rows, and the difference to that of the stage that learned it.

    Raises:
        InputError: If there are no such rows.
    """
    chosen = [row for row in rows if row.metric == primary.get(row.task)]
    if not chosen:
        raise InputError("There are no scores along a chain to tabulate yet.")
    label_of = _stage_labels(chosen)
    runs, lost = {}, {}
    for row in chosen:
        label, pair = label_of(row), (row.source, None)
        runs.setdefault(label, {}).setdefault(row.seed, {})[pair] = Mean.of(row)
        if row.stage != row.learned_in:
            lost.setdefault((label, row.source), []).append(row.forgetting)
    sources = in_order(row.source for row in chosen)
    table_rows = compare(
        runs, runs, {name: {(name, None)} for name in sources}, None
    )
    for row in table_rows:
        for source, cell in row["cells"].items():
            if (row["label"], source) in lost:
                cell["difference"] = -mean_of(lost[row["label"], source])
    return {
        "title": "Dev scores of each source along the chains",
        "head": "after stage",
        "columns": sources,
        "rows": table_rows,
        "notes": [
            "Percent; in brackets: difference to the score right after the "
            "stage that learned it, less than 0 where it was forgotten",
            seeds_note(chosen),
            *cell_notes(table_rows),
        ],
    }


def _stage_labels(rows):
    """Tells stages apart that have one path, such as by their steps.

    Returns:
        Function from a row to the label of its stage.
    """
    twins = {}
    for row in rows:
        twins.setdefault((row.stage_path, row.seed), set()).add(row.stage)
    several = {path for (path, _), found in twins.items() if len(found) > 1}

    def label_of(row):
        if row.stage_path in several:
            return f"{row.stage_path} of {row.first_route}"
        return row.stage_path

    return label_of
