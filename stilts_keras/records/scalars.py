"""Scores as TensorBoard's scalars: a run for each route, the seed as step."""

import pathlib

from stilts_keras.records.tensorboard import EventWriter

# What scores are shown under whose language the benchmark does not list.
OUTSIDE = "outside_benchmark"
# And under what those of disturbed rows are.
DISTURBED = "disturbed"


def write_scalars(rows, folder):
    """Writes scores as scalars: a run for each route, the seed as step.

    Args:
        rows: iterable of `rows.Score`.
        folder: path. TensorBoard's log folder.
    """
    by_route = {}
    for row in rows:
        by_route.setdefault(row.route, []).append(row)
    for route, found in by_route.items():
        with EventWriter(pathlib.Path(folder, route)) as writer:
            add_scores(found, writer)


def add_scores(rows, writer):
    """Writes the scores of one route, and where predictions are constant.

    Args:
        rows: iterable of `rows.Score`.
        writer: `EventWriter` of the route.
    """
    for row in rows:
        kind = "zero_shot" if row.zero_shot else "supervised"
        if not row.in_benchmark:
            kind = OUTSIDE
        kind = disturbed(row) + kind
        place = f"{row.target}/{row.metric}/{row.language}"
        writer.scalar(f"{kind}/{place}", row.value, row.seed)
        if row.collapsed:
            writer.scalar(f"{disturbed(row)}collapsed/{place}", 1.0, row.seed)
    writer.flush()


def disturbed(row):
    """Begins the tags of a score of disturbed rows; empty of clean ones."""
    if not row.disturbance:
        return ""
    return f"{DISTURBED}/{row.disturbance}-{row.severity}/"
