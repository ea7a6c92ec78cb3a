"""Which visits are left of a run, and which need which: no framework."""

import dataclasses

from stilts_keras.graph.part import Part
from stilts_keras.visits.values import Visit


@dataclasses.dataclass(frozen=True)
class Planned:
    """A visit that is left to be made.

    Attributes:
        part: `Part`.
        visit: `Visit`. What of it is left.
        needs: tuple of str. Fingerprints of visits, among those planned with
            it, of the stages before its own, parents first.
    """

    part: Part
    visit: Visit
    needs: tuple[str, ...]


def plan_visits(graph, left):
    """Lists what is left to do, stage by stage, parents first.

    Args:
        graph: Graph.
        left: `Remaining`.

    Returns:
        List of `Visit`.
    """
    visits = []
    for stage in (None, *graph.stages):
        name = stage and stage.fingerprint
        cells = tuple(
            dataclasses.replace(cell, languages=left.cells[cell.key])
            for cell in (
                *graph.cells_of(stage),
                *graph.disturbed_cells_of(stage),
            )
            if cell.key in left.cells
        )
        visit = Visit(
            stage=stage,
            is_trained=name in left.stages,
            cells=cells,
            lessons=tuple(
                graph.lessons(stage) if name in left.measured else ()
            ),
            means=tuple(graph.kept_means(stage) if stage else ()),
        )
        if cells or visit.is_trained or visit.lessons:
            visits.append(visit)
    return visits


def planned(graph, visits):
    """Tells which visits need which.

    Args:
        graph: Graph.
        visits: list of `Visit`, parents first.

    Returns:
        Dict from the fingerprint of each to its `Planned`, in order.
    """
    found, known = {}, {}
    for visit in visits:
        part = Part(graph, visit.stage)
        # A stage that is not among them is finished.
        needs = tuple(
            known[stage] for stage in part.stages[:-1] if stage in known
        )
        known[part.own] = part.fingerprint
        found[part.fingerprint] = Planned(part, visit, needs)
    return found
