"""A Cell: one result to be measured, with all that measuring it takes."""

import dataclasses
from collections.abc import Mapping

from stilts_keras.graph.stage import Stage
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class LanguageFacts:
    """What is known of one language of a cell before it is measured.

    Attributes:
        zero_shot: bool. Whether no stage trained the target task in it.
        seen_language: bool. Whether the target is zero-shot in it, but stages
            trained other tasks in it.
        in_benchmark: bool. Whether the benchmark lists it.
        data_fingerprint: str. Of all that a score depends on besides the
            weights.
    """

    zero_shot: bool
    seen_language: bool
    in_benchmark: bool
    data_fingerprint: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One result to be measured: a target after a route, with one seed.

    Attributes:
        route: str. Canonical.
        target: Task.
        seed: int.
        stage: Stage or None. Whose weights are evaluated: the target stage's;
            for retrieval the route's last, or None for the bare backbone.
        languages: tuple of str. Those evaluated, in the task's order.
        split: str. `test`, or `dev` where the user asked for it.
        recipe: Recipe. Its length, batch size and dtype policy hold.
        max_rows: int or None. Most rows of a language; None for all.
        layer: int, `sweep` or None. Hidden state that retrieval compares;
            None for the documented one.
        pooling: str or None. Of retrieval; None for the documented one.
        is_projected: bool. Whether embeddings of it are kept to be looked at.
        disturbance: str. What the rows are disturbed by; empty: by nothing.
        severity: int. How much, from 1 to 5; 0 is clean, which a disturbance
            has of its own where its rows are a part of the clean ones.
        noisy: Task or None. Of a disturbance whose rows a task holds: that
            task.
        facts: mapping from language to `LanguageFacts`.
    """

    route: str
    target: Task
    seed: int
    stage: Stage | None
    languages: tuple[str, ...]
    split: str = "test"
    recipe: Recipe
    max_rows: int | None = None
    layer: int | str | None = None
    pooling: str | None = None
    is_projected: bool = False
    disturbance: str = ""
    severity: int = 0
    noisy: Task | None = None
    facts: Mapping[str, LanguageFacts] = dataclasses.field(
        compare=False, repr=False
    )

    @property
    def key(self):
        """What run.json knows the cell by: route|target|seed.

        Of a disturbed one route|target|seed|disturbance|severity.
        """
        return key_of(
            self.route,
            self.target.name,
            self.seed,
            self.disturbance,
            self.severity,
        )


def key_of(route, target, seed, disturbance="", severity=0):
    """Names a cell as run.json does; see `Cell.key`."""
    key = f"{route}|{target}|{seed}"
    return f"{key}|{disturbance}|{severity}" if disturbance else key


def by_stage(cells):
    """Groups cells: a dict from a Stage, or None, to a list."""
    grouped = {}
    for cell in cells:
        grouped.setdefault(cell.stage, []).append(cell)
    return grouped


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lesson:
    """A source that a chain trained on, whose dev rows tell what is left.

    Attributes:
        stage: Stage. Where it was last trained on.
        index: int. Its place among that stage's own sources.
        data_fingerprint: str. Of all that a dev score depends on besides the
            weights.
    """

    stage: Stage
    index: int
    data_fingerprint: str

    @property
    def source(self):
        """The Source."""
        return self.stage.sources[self.index]
