"""What a visit takes, and what it yields: plain values, to be handed on."""

import dataclasses

from stilts_keras.backbones.description import Backbone
from stilts_keras.graph.cell import Cell
from stilts_keras.graph.cell import Lesson
from stilts_keras.graph.stage import Stage
from stilts_keras.options import Options
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Unscored
from stilts_keras.records.stage_folders import StageFolders


@dataclasses.dataclass(frozen=True, kw_only=True)
class Visit:
    """What is to be done with one stage's weights.

    Attributes:
        stage: Stage or None. None: the bare backbone.
        is_trained: bool. Whether the stage is trained first; else its folder
            is read.
        cells: tuple of Cell. To be evaluated, with the languages that lack a
            score.
        lessons: tuple of Lesson. Whose dev rows are to be scored.
        means: tuple of int. Over how many of its last evaluations the stage
            keeps the mean of its weights, too.
    """

    stage: Stage | None
    is_trained: bool
    cells: tuple[Cell, ...]
    lessons: tuple[Lesson, ...]
    means: tuple[int, ...] = ()

    @property
    def takes_steps(self):
        """Whether the stage is trained, and no mean of others."""
        return self.is_trained and not self.stage.averaged


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """What all visits of a run have in common.

    Attributes:
        data: a data source of `data.sources`.
        backbone: Backbone.
        stages: `StageFolders`.
        options: Options.
    """

    data: object
    backbone: Backbone
    stages: StageFolders
    options: Options


# ------------------------------------------------------------- What is yielded
@dataclasses.dataclass(frozen=True)
class Trained:
    """A stage has been trained, and its folder is whole."""

    stage: Stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scored:
    """One language of a cell has been evaluated.

    Attributes:
        cell: Cell.
        language: str.
        rows: tuple of `Score`, one for each metric.
        layer_rows: tuple of `LayerScore`; empty unless all states were asked
            for.
        gold: list, one entry for each Example.
        predictions: list of the same length.
        ids: list of str, or None where order tells.
        pairs: dict of `problems.retrieval.sample_pairs`, or None.
        is_repeated: bool. Whether the same weights and rows were evaluated
            before in this visit, for another seed or route.
    """

    cell: Cell
    language: str
    rows: tuple[Score, ...]
    gold: list
    predictions: list
    ids: list | None
    layer_rows: tuple[LayerScore, ...] = ()
    pairs: dict | None = None
    is_repeated: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Predicted:
    """One language of a cell has been predicted; its gold is hidden.

    Attributes:
        cell: Cell.
        row: `Unscored`.
        predictions: list, one entry for each Example.
        ids: list of str, or None where order tells.
    """

    cell: Cell
    row: Unscored
    predictions: list
    ids: list | None


@dataclasses.dataclass(frozen=True)
class Recalled:
    """A stage has been scored on what its chain learned.

    Attributes:
        stage: Stage.
        scores: tuple of (Lesson, metric, dict of what a row tells of it).
    """

    stage: Stage
    scores: tuple


@dataclasses.dataclass(frozen=True)
class Note:
    """Something that the user should read."""

    text: str


class Onlooker:
    """Looks on while a visit works; every method does nothing by default."""

    def start(self, stage, num_steps, step):
        """A stage's training begins, or goes on after `step` steps."""

    def step(self, step, loss):
        """A step is done."""

    def note(self, text):
        """There is something that the user should read at once."""

    def scalars(self, step, values):
        """There are scalars of the training: dict from tag to float."""
