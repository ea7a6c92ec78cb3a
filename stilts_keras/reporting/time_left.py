"""How long a run will take, in words: only by what was measured."""

import platform
import statistics

from stilts_keras.records import results
from stilts_keras.records import speeds as measured


def of_graph(graph, paces, stages, left=None):
    """Estimates what is left of a graph.

    Args:
        graph: Graph.
        paces: `records.speeds.Paces`.
        stages: iterable of Stage, to be trained.
        left: mapping or None. `Remaining.cells`; None: all cells are.

    Returns:
        `records.speeds.TimeLeft`.
    """
    cells = (*graph.cells, *graph.disturbed_cells)
    return paces.time_left(
        stages,
        [
            (cell, cell.languages if left is None else left[cell.key])
            for cell in cells
            if left is None or cell.key in left
        ],
        graph.backbone.fingerprint,
    )


def plan_lines(graph, stages, left, known, backend=None):
    """Says how long a plan will take on this machine.

    Args:
        graph: Graph.
        stages: list of Stage, to be trained.
        left: mapping or None. As in `of_graph`.
        known: list of `Speed`.
        backend: str or None. That the run will have; None: not asked for.

    Returns:
        List of str.
    """
    if not stages and left is not None and not left:
        return []
    here = measured.of_machine(known, backend=backend)
    if not here:
        return [_unmeasured(known, backend)]
    paces = measured.Paces(here)
    found = of_graph(graph, paces, stages, left)
    if not found.seconds:
        return [
            "Time: nothing was measured on this machine of this backbone, "
            f"precision and kind of training; {HOW}"
        ]
    lines = [_estimated(found, here[0], paces, stages)]
    if not found.is_whole:
        lines.append(
            f"Not in that time, for nothing like them was measured: "
            f"{found.unknown_stages} stages, {found.unknown_evaluations} "
            "evaluations of one language."
        )
    return lines


# How a speed comes to be known.
HOW = (
    f"a run keeps it in its folder ({results.SPEEDS_FILE}) and with the stages "
    "of --stage_store. Run a small part of this first, such as one --route and "
    "--seed, and plan with the same --run_dir or --stage_store."
)


def _unmeasured(known, backend):
    what = f" on {backend}" if backend else ""
    others = sorted({row.host for row in known} - {platform.node()})
    text = f"Time: nothing was measured on this machine{what}"
    if others:
        text += f" (but on {', '.join(others[:3])}, which says nothing of it)"
    return f"{text}; {HOW}"


def _estimated(found, row, paces, stages):
    where = f"{row.backend} on {row.device}"
    if row.devices > 1:
        where += f" x {row.devices}"
    parts = []
    if found.num_same:
        parts.append(f"{found.num_same} stages by {_steps_text(paces, stages)}")
    if found.num_scaled:
        parts.append(
            f"{found.num_scaled} by the positions of a step (batch x length), "
            "as other stages of this backbone took"
        )
    if found.evaluation_seconds:
        parts.append(
            f"evaluation {text_of(found.evaluation_seconds)} of it, as the "
            "same rows or target took"
        )
    return (
        f"Time: about {text_of(found.seconds)} on this machine, one stage "
        f"after the other ({where}; {'; '.join(parts)})."
    )


def _steps_text(paces, stages):
    """Names how many stages of the same size were measured, and their pace."""
    rows, sizes = {}, {}
    for stage in stages:
        for row in paces.same(stage):
            rows[row.of] = row
            length = "/".join(map(str, dict.fromkeys(row.max_lengths)))
            size = f"{row.batch_size}x{length}"
            sizes.setdefault(size, {})[row.of] = row.step_seconds
    found = [
        f"{_range_text(by_stage.values())} s a step of {size}"
        for size, by_stage in sizes.items()
    ]
    return f"the {len(rows)} measured of the same tasks and size: " + ", ".join(
        found
    )


def _range_text(values):
    values = list(values)
    low, high = f"{min(values):.2g}", f"{max(values):.2g}"
    if low == high:
        return low
    return f"{statistics.median(values):.2g} ({low} to {high})"


def text_of(seconds):
    """Writes a time as `2 h 10 min`, `12 min` or `40 s`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
