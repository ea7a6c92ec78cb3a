"""The table of targets whose languages are searched in one pool."""

from stilts_keras.reporting.tables.cells import chance_row
from stilts_keras.reporting.tables.choice import in_order
from stilts_keras.reporting.tables.choice import routes_in
from stilts_keras.reporting.tables.comparison import compare
from stilts_keras.reporting.tables.means import Mean
from stilts_keras.reporting.tables.notes import cell_notes


def pool_frame(rows, target, baseline):
    """Shows the plain means over the queries of all languages together.

    Languages of unequally many queries count by these; English, which the
    target is trained in, is among them.

    Args:
        rows: iterable of `Score`. Those of a target's own metric may have
            draws.
        target: str. The target's name.
        baseline: str or None. The route to compare with.

    Returns:
        A frame with one column for each metric.
    """
    rows = [row for row in rows if row.target == target and row.in_benchmark]
    routes, baseline = routes_in(rows, baseline, target)
    found = {}
    for row in rows:
        by_seed = found.setdefault(row.route, {}).setdefault(row.replicate, {})
        by_seed.setdefault((row.metric, "all"), []).append(row)
    runs = {
        route: {
            seed: {pair: _together(of) for pair, of in scores.items()}
            for seed, scores in by_seed.items()
        }
        for route, by_seed in found.items()
    }
    columns = {
        metric: {(metric, "all")}
        for metric in in_order(row.metric for row in rows)
    }
    table_rows = compare(routes, runs, columns, baseline)
    chance = {
        metric: score.chance
        for by_seed in runs.values()
        for scores in by_seed.values()
        for (metric, _), score in scores.items()
    }
    languages = in_order(row.language for row in rows)
    return {
        "title": f"{target}: the queries of all languages together",
        "columns": list(columns),
        "rows": table_rows + chance_row(chance, columns),
        "notes": [
            f"Percent; plain means over the queries in {', '.join(languages)}",
            *cell_notes(table_rows),
        ],
    }


def _together(rows):
    """Joins the scores of several languages, each counting by its queries."""
    number = sum(row.n for row in rows)
    means = {}
    for name in ("value", "low", "high", "chance", "draws"):
        values = [getattr(row, name, None) for row in rows]
        is_known = all(value is not None for value in values)
        means[name] = (
            sum(row.n * value for row, value in zip(rows, values, strict=True))
            / number
            if is_known
            else None
        )
    collapsed = any(row.collapsed for row in rows)
    return Mean(
        n=number,
        collapsed=collapsed,
        zero_shot=False,
        own_task=any(row.own_task for row in rows),
        **means,
    )
