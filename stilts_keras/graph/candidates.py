"""A graph seen before it is paid for: which sources could help which target.

A candidate is a route of the graph. Only one of one source is told by what its
rows are like; for chains and mixtures nothing of the kind is defined, and they
are compared by finished stages alone.
"""

import dataclasses

from stilts_keras.errors import InputError
from stilts_keras.graph.route import Source
from stilts_keras.graph.stage import Stage
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.tasks.task import Task

# Sequences of a data set that are looked at. More would take longer than the
# order of candidates is worth.
MAX_SEQUENCES = 1000


@dataclasses.dataclass(frozen=True)
class Split:
    """Some rows of a task in one language.

    Attributes:
        task: Task.
        language: str.
        name: str. `train`, or what the target is evaluated on.
        count: int. Most rows.
        max_sequences: int. Most sequences of these: a row may have several,
            for choices or windows.
        max_length: int. Tokens.
    """

    task: Task
    language: str
    name: str
    count: int
    max_sequences: int
    max_length: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
    """A route that may come before a target.

    Attributes:
        route: str. Canonical.
        source: Source or None. None where the route has several.
        num_examples: int or None. Training examples of that source; None
            where it has several, or before a download.
        splits: tuple of `Split`: the source's rows; empty without a source.
        stages: tuple of Stage. The route's last, of each seed.
    """

    route: str
    source: Source | None
    num_examples: int | None
    splits: tuple[Split, ...]
    stages: tuple[Stage, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """A target, for which candidates are to be ordered.

    Attributes:
        target: Task.
        splits: tuple of `Split`. The rows its own stage trains on; of a target
            without one those it is evaluated on, whose texts alone are read.
        own: frozenset of str. Routes that train on the target's own task, or
            on one that shares its head: more of the same is no transfer.
    """

    target: Task
    splits: tuple[Split, ...]
    own: frozenset


def candidates_of(graph, max_sequences=MAX_SEQUENCES):
    """Lists a graph's candidates.

    Args:
        graph: Graph.
        max_sequences: int. Most sequences of each.

    Returns:
        List of `Candidate`, in the order of the routes, without controls,
        which nobody would choose.

    Raises:
        InputError: If there are fewer than two, which need no order.
    """
    routes = [
        route for route in graph.routes if route.stages and not route.is_control
    ]
    if len(routes) < 2:
        raise InputError(
            "There is nothing to rank: pass at least two routes with a stage, "
            "controls aside, such as --route=mnli --route=squad. Received: "
            f"{', '.join(map(str, graph.routes))}."
        )
    return [_candidate(graph, route, max_sequences) for route in routes]


def questions_of(graph, max_sequences=MAX_SEQUENCES):
    """Lists a graph's targets as `Question`; see `candidates_of`."""
    return [
        Question(
            target=task,
            splits=_target_splits(graph, task, max_sequences),
            own=frozenset(
                str(route)
                for route in graph.routes
                if any(
                    TaskFacts.of(task).trains_as(TaskFacts.of(source.task))
                    for stage in route.stages
                    for source in stage
                )
            ),
        )
        for task in graph.targets
    ]


def _candidate(graph, route, max_sequences):
    stages = tuple(
        stage
        for stage in graph.stages
        if stage.depth == len(route.stages)
        and str(route) in graph.used_by(stage)
    )
    sources = [source for stage in route.stages for source in stage]
    is_one = len(sources) == 1
    first = stages[0]
    return Candidate(
        route=str(route),
        source=sources[0] if is_one else None,
        num_examples=first.num_examples[0] if is_one else None,
        splits=_train_splits(first, max_sequences) if is_one else (),
        stages=stages,
    )


def _train_splits(stage, max_sequences):
    """Lists the rows that a stage trains on, but for replayed ones."""
    each = max(1, max_sequences // len(stage.sources))
    # Further lengths are those of replayed sources.
    pairs = zip(stage.sources, stage.max_lengths, strict=False)
    return tuple(
        Split(
            source.task,
            source.language,
            "train",
            min(each, source.count or each),
            each,
            length,
        )
        for source, length in pairs
    )


def _target_splits(graph, task, max_sequences):
    cell = next(cell for cell in graph.cells if cell.target.name == task.name)
    if task.kind.is_trained:
        return _train_splits(cell.stage, max_sequences)
    each = max(1, max_sequences // len(cell.languages))
    return tuple(
        Split(
            task,
            language,
            cell.split,
            min(each, cell.max_rows or each),
            each,
            cell.recipe.max_length,
        )
        for language in cell.languages
    )
