"""The table of hidden states that retrieval compares."""

from stilts_keras.reporting.tables.choice import rows_of
from stilts_keras.reporting.tables.comparison import compare
from stilts_keras.reporting.tables.means import Mean
from stilts_keras.reporting.tables.notes import cell_notes


def layer_frame(rows, target, metric):
    """Shows how well each hidden state of the backbone retrieves.

    Args:
        rows: iterable of `LayerScore`.
        target: str. The target's name.
        metric: str. The metric's name.

    Returns:
        A frame with one column per layer: means over languages and seeds.
    """
    runs = {}
    for row in rows_of(rows, target, metric):
        if not row.in_benchmark:
            continue
        by_seed = runs.setdefault(row.route, {})
        scores = by_seed.setdefault(row.seed, {})
        scores[str(row.layer), row.language] = Mean.of(row)
    layers = {}
    for by_seed in runs.values():
        for scores in by_seed.values():
            for layer, language in scores:
                layers.setdefault(layer, set()).add((layer, language))
    table_rows = compare(runs, runs, layers, baseline=None)
    return {
        "title": f"{target}: {metric} of each hidden state",
        "columns": sorted(layers, key=int),
        "rows": table_rows,
        "notes": [
            "Percent; means over languages; 0 is the embedding",
            *cell_notes(table_rows),
        ],
    }
