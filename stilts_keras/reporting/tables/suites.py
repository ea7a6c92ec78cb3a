"""The table of a suite's own scores."""

from stilts_keras.reporting.tables.choice import in_order
from stilts_keras.reporting.tables.comparison import compare
from stilts_keras.reporting.tables.means import Mean
from stilts_keras.reporting.tables.notes import cell_notes
from stilts_keras.scoring.suite import OURS


def suite_frame(suite, scores, baseline, *, notes=(), collapsed=(), own=()):
    """Compares routes by a suite's own scores.

    Args:
        suite: `Suite`.
        scores: dict from (route, seed) to what `Suite.summarise` gives.
        baseline: str. The route to compare with.
        notes: iterable of str. What else must be known.
        collapsed: container of tuples (route, seed, target). Scores that hold
            some of constant predictions.
        own: container of pairs (route, target). Scores of routes that trained
            the target's own task or head.

    Returns:
        A frame: one column per target, and the suite where all are there.
    """
    runs = {}
    for (route, seed), found in scores.items():
        values = _values_of(suite, found)
        marked = {
            column for column in values if (route, seed, column) in collapsed
        }
        of_own = {column for column in values if (route, column) in own}
        # The languages are within these scores already.
        runs.setdefault(route, {})[seed] = {
            (column, None): Mean(
                value=value,
                collapsed=column in (marked and {*marked, suite.title}),
                own_task=column in (of_own and {*of_own, suite.title}),
            )
            for column, value in values.items()
        }
    columns = in_order(
        column
        for by_seed in runs.values()
        for scored in by_seed.values()
        for column, _ in scored
    )
    table_rows = compare(
        runs, runs, {column: {(column, None)} for column in columns}, baseline
    )
    return {
        "title": f"{suite.title}'s score of each target",
        "columns": columns,
        "rows": table_rows,
        "notes": [
            suite.note
            + (
                f"; in brackets: difference to {baseline}"
                if len(runs) > 1
                else ""
            ),
            *cell_notes(table_rows),
            *(
                [f"{suite.title}: a mean as {OURS} defines it"]
                if suite.title in columns and suite.score_by == OURS
                else []
            ),
            *notes,
        ],
    }


def _values_of(suite, found):
    """Returns the scores of one route and seed by column."""
    values = {
        name: value["avg_metric"]
        for name, value in found.items()
        if isinstance(value, dict) and "avg_metric" in value
    }
    if suite.score_name in found:
        values[suite.title] = found[suite.score_name]
    return values
