"""A Part of a graph: one stage with the cells that it serves.

What one visit is of. It answers as a `Graph` does, so that whatever makes a
graph makes a part of it, and holds no more than that takes: it is handed to
other processes.
"""

import functools

from stilts_keras.errors import InputError
from stilts_keras.files import fingerprint_of
from stilts_keras.graph.graph import Graph


class Part(Graph):
    """One stage of a graph, or its bare backbone, as a graph of its own.

    Attributes:
        own: Stage or None. None: the bare backbone.
        stages: tuple of Stage. `own` and those before it.
        cells: tuple of Cell. Those that evaluate `own`.
        disturbed_cells: tuple of Cell. The same, disturbed.
    """

    def __init__(self, graph, stage):
        """Takes what concerns one stage out of a graph.

        Args:
            graph: Graph.
            stage: Stage or None.
        """
        vars(self).update(vars(graph))
        self.own = stage
        self.cells = tuple(graph.cells_of(stage))
        self.disturbed_cells = tuple(graph.disturbed_cells_of(stage))
        self.stages = tuple(stage.chain) if stage else ()
        self._cells_by_stage = {stage: list(self.cells)}
        self._disturbed_by_stage = {stage: list(self.disturbed_cells)}
        self._routes = graph.used_by(stage) if stage else []
        # Of all stages.
        self.trials = graph.trials.alone()
        self._tree = None
        self._facts = {}

    @functools.cached_property
    def fingerprint(self):
        """16 hex digits: of the weights, and of all rows to be scored."""
        return fingerprint_of(
            [
                (self.own or self.backbone).fingerprint,
                {
                    cell.key: {
                        language: facts.data_fingerprint
                        for language, facts in cell.facts.items()
                    }
                    for cell in (*self.cells, *self.disturbed_cells)
                },
                [
                    [lesson.source.name, lesson.data_fingerprint]
                    for lesson in self.lessons(self.own)
                ],
            ]
        )

    @property
    def name(self):
        """What to call it: the stages that led to it, and the seed."""
        if self.own is None:
            return f"{self.backbone.name}, untrained"
        return f"{self.own.path} seed {self.own.seed}"

    def lessons(self, stage):
        """Returns what `own` may have forgotten; of others nothing."""
        if stage is None or stage != self.own:
            return []
        return super().lessons(stage)

    def used_by(self, stage):
        """Returns the list of routes (str) that need `own`."""
        return list(self._routes)


def parts_of(graph):
    """Lists a graph's parts, parents first.

    Args:
        graph: Graph.

    Returns:
        List of `Part`; the bare backbone's only where it has cells.
    """
    stages = list(graph.stages)
    if graph.cells_of(None):
        stages.insert(0, None)
    return [Part(graph, stage) for stage in stages]


def find_part(graph, fingerprint):
    """Returns the part of a graph that a visit is of.

    Args:
        graph: Graph.
        fingerprint: str.

    Raises:
        InputError: If the graph has none such.
    """
    parts = parts_of(graph)
    for part in parts:
        if part.fingerprint == fingerprint:
            return part
    raise InputError(
        f"Unknown visit {fingerprint!r}: the graph of these flags has "
        f"{len(parts)} visits, and none of this fingerprint. Its flags, its "
        "data or its stilts_keras differ from those it was planned with. "
        "`stilts plan --format=json` lists the visits as they are here."
    )
