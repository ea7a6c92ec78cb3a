"""What a run's files of rows hold, one frozen dataclass for each kind.

A row is written with all of its fields. When it is read, a field that its
class does not name is left out: versions of one `results.FORMAT` may tell
more than others, but never mean something else by a name. A field with a
default may be missing, any other may not.
"""

import dataclasses
import functools
import types
import typing

from stilts_keras.errors import InputError
from stilts_keras.graph.averaging import SEEDS
from stilts_keras.graph.averaging import is_over_seeds


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Measured:
    """What every score tells, whatever it is of.

    Attributes:
        seed: int.
        language: str. Of the rows that were scored.
        metric: str.
        value: float. Percent.
        n: int. Number of examples.
        low: float or None. Of the 95 % interval over the examples.
        high: float or None. Likewise.
        chance: float or None. What guessing scores, in percent.
        constant: str or None. What is predicted for every example, if that is
            the same everywhere; see `scoring.collapse`.
        stage: str. Fingerprint of the stage whose weights were scored, or
            `pretrained`.
        data_fingerprint: str. Of all that the score depends on besides the
            weights: rows, packing, precision.
    """

    seed: int
    language: str
    metric: str
    value: float
    n: int
    stage: str
    data_fingerprint: str
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    constant: str | None = None

    @property
    def collapsed(self):
        """Whether the same is predicted for every example."""
        return self.constant is not None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Score(_Measured):
    """A score of a cell in one language: a line of results.jsonl.

    Attributes:
        route: str. Canonical.
        target: str. The task's name.
        split: str. `test`, or `dev` where the user asked for it.
        zero_shot: bool. Whether no stage trained the target in the language.
        seen_language: bool or None. Whether stages trained other tasks in the
            language, and none the target; None in rows of older versions.
        in_benchmark: bool. False for a language that the task's benchmark
            does not list: it is in no mean.
        notes: tuple of str. On the rows that were evaluated.
        layer: int or None. For retrieval: the hidden state, 0 the embedding.
        pooling: str or None. For retrieval: `mean` or `cls`.
        disturbance: str. What the rows were disturbed by; empty: by nothing.
        severity: int. How much; 0 is clean. Of a disturbance whose rows are a
            part of the target's, its severity 0 is those rows undisturbed.
    """

    KEY: typing.ClassVar = (
        "route",
        "seed",
        "target",
        "language",
        "split",
        "metric",
        "stage",
        "disturbance",
        "severity",
    )

    route: str
    target: str
    split: str
    zero_shot: bool
    seen_language: bool | None = None
    in_benchmark: bool = True
    notes: tuple[str, ...] = ()
    layer: int | None = None
    pooling: str | None = None
    disturbance: str = ""
    severity: int = 0

    @property
    def is_averaged(self):
        """Whether zero-shot means take the score in."""
        return self.zero_shot and self.in_benchmark

    @property
    def replicate(self):
        """What of a route the score is one of: the seed.

        An average over seeds has one, which is paired with no seed of another
        route.
        """
        return SEEDS if is_over_seeds(self.route) else self.seed


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerScore(Score):
    """The score of one hidden state: a line of retrieval_layers.jsonl."""

    KEY: typing.ClassVar = (*Score.KEY, "layer")

    layer: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unscored:
    """A language of a cell that was predicted, but whose gold is hidden.

    A line of unscored.jsonl.

    Attributes:
        route: str. Canonical.
        seed: int.
        target: str. The task's name.
        language: str.
        split: str.
        n: int. Number of examples.
        stage: str. As in `Score`.
        data_fingerprint: str. As in `Score`.
        disturbance: str. As in `Score`.
        severity: int. As in `Score`.
    """

    KEY: typing.ClassVar = (
        "route",
        "seed",
        "target",
        "language",
        "stage",
        "disturbance",
        "severity",
    )

    route: str
    seed: int
    target: str
    language: str
    split: str
    n: int
    stage: str
    data_fingerprint: str
    disturbance: str = ""
    severity: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChainScore(_Measured):
    """A dev score along a chain of stages: a line of forgetting.jsonl.

    Attributes:
        stage_path: str. The stages that led to the weights.
        source: str. What was learned: a task and, if need be, a language.
        task: str. The source's task.
        learned_in: str. Fingerprint of the stage that last trained on it.
        num_stages: int. In the chain up to here.
        first_route: str. The first of the routes that need the stage.
        forgetting: float. Points lost since `learned_in`.
    """

    KEY: typing.ClassVar = (
        "stage_path",
        "seed",
        "source",
        "metric",
        "stage",
    )

    stage_path: str
    source: str
    task: str
    learned_in: str
    num_stages: int
    first_route: str
    forgetting: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class SourceShare:
    """What a stage has seen of one of its sources.

    Attributes:
        name: str.
        share: float. Of the stage's steps, as expected; 1 is all.
        sequences: int. In the source.
        sequences_seen: int. With repetitions.
        tokens_seen: int. Likewise.
        max_length: int or None. Tokens of one sequence.
    """

    name: str
    share: float
    sequences: int
    sequences_seen: int
    tokens_seen: int
    max_length: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """How a stage came about: a line of trainings.jsonl.

    The weights may go, this stays.

    Attributes:
        stage: str. The stage's fingerprint.
        path: str. Of the stages that led to it, itself included.
        parent: str or None. Fingerprint of the stage before.
        seed: int.
        num_steps: int.
        sources: tuple of `SourceShare`.
        recipe: dict or None. Fields of a `Recipe`.
        best_step: int or None. Whose weights were kept.
        dev_score: float or None. Mean over the sources, in percent.
        left_out: tuple of str. Notes on rows that were not learnt from.
        constants: dict or None. From each source with dev rows to what is
            predicted for all of them, or None.
        backend: str or None.
    """

    KEY: typing.ClassVar = ("stage",)

    stage: str
    path: str
    parent: str | None
    seed: int
    num_steps: int
    sources: tuple[SourceShare, ...]
    recipe: dict | None = None
    best_step: int | None = None
    dev_score: float | None = None
    left_out: tuple[str, ...] = ()
    constants: dict | None = None
    backend: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Speed:
    """How long something took, where: a line of speeds.jsonl.

    No result depends on it. A stage's manifest tells it too, so that it goes
    with the stage store.

    Attributes:
        of: str. The fingerprint of a stage that was trained; or the key of a
            cell and a language, which was evaluated.
        tasks: tuple of str. Those that were trained, in their order; or the
            target.
        backbone: str. Fingerprint.
        host: str. Name of the machine.
        device: str. What it computed on, such as `cpu`.
        devices: int. How many of them.
        backend: str.
        dtype_policy: str.
        batch_size: int.
        max_lengths: tuple of int. Tokens of one sequence, of each source.
        is_lora: bool.
        seconds: float. In all: of a training with building, compiling, dev
            rows and writing.
        num_steps: int. Steps that `seconds` holds: a stage that was cut off
            tells of its last part; 0 of an evaluation.
        step_seconds: float or None. Mean of a step alone, in seconds.
        steps_ratio: float. Steps for each that was planned before rows were
            cut into sequences.
        rows: str. Of an evaluation: the fingerprint of what it reads.
        max_rows: int or None. Most rows of one, as asked for.
    """

    KEY: typing.ClassVar = ("of",)

    of: str
    tasks: tuple[str, ...]
    backbone: str
    host: str
    device: str
    devices: int
    backend: str
    dtype_policy: str
    batch_size: int
    max_lengths: tuple[int, ...]
    seconds: float
    is_lora: bool = False
    num_steps: int = 0
    step_seconds: float | None = None
    steps_ratio: float = 1.0
    rows: str = ""
    max_rows: int | None = None


def key_of(row):
    """Returns what rows agree in of which one replaces the other."""
    return tuple(getattr(row, name) for name in row.KEY)


def from_dict(kind, found, where):
    """Makes a row of what was read, without what its class does not name.

    Args:
        kind: a dataclass of this module.
        found: dict.
        where: str. The file and the line, for the message.

    Raises:
        InputError: If a field is missing or of another type.
    """
    fields = dataclasses.fields(kind)
    missing = [
        field.name
        for field in fields
        if field.name not in found and _is_needed(field)
    ]
    if missing:
        raise InputError(
            f"{where}: lacks {', '.join(missing)}. Received: {sorted(found)}."
        )
    hints = _hints(kind)
    return kind(
        **{
            field.name: _read(
                found[field.name], hints[field.name], f"{where}: {field.name}"
            )
            for field in fields
            if field.name in found
        }
    )


def check(row, where):
    """Raises InputError where a field is not of the type it is said to be."""
    from_dict(type(row), dataclasses.asdict(row), where)


@functools.cache
def _hints(kind):
    """Returns the types of a row's fields: read once, not for each row."""
    return typing.get_type_hints(kind)


def _is_needed(field):
    return field.default is dataclasses.MISSING


def _read(value, hint, where):
    """Returns a value of JSON as a field holds it, or raises."""
    if typing.get_origin(hint) is tuple and isinstance(value, list | tuple):
        (kind, _) = typing.get_args(hint)
        return tuple(_read(item, kind, where) for item in value)
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return from_dict(hint, value, where)
    if not _fits(value, hint):
        expected = getattr(hint, "__name__", hint)
        raise InputError(f"{where} must be {expected}. Received: {value!r}.")
    return value


def _fits(value, hint):
    if isinstance(hint, types.UnionType):
        return any(_fits(value, kind) for kind in typing.get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    # Of tuples and rows within rows, the right ones have been read already.
    return typing.get_origin(hint) is None and isinstance(value, hint)
