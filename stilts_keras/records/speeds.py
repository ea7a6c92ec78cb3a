"""How long what is left will take, by what has been measured.

A stage takes what stages of the same tasks, batch size and lengths took: so
much besides its steps, and so much for each. Where none was measured, a step's
time grows with its positions (batch x length), by the stages of the same
backbone that were. An evaluation takes what the same rows took, else what
other languages of its target took with as many rows asked for. Nothing else is
estimated: what nothing was measured for is counted.
"""

import collections
import dataclasses
import platform
import statistics

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.files import MANIFEST
from stilts_keras.files import read_sealed
from stilts_keras.records import results
from stilts_keras.records.rows import Speed
from stilts_keras.records.rows import from_dict
from stilts_keras.records.stage_folders import stages_in_store


@dataclasses.dataclass(kw_only=True)
class TimeLeft:
    """An estimate of time, and what it rests on.

    Attributes:
        training_seconds: float.
        evaluation_seconds: float.
        num_same: int. Stages estimated by others of the same size.
        num_scaled: int. Stages estimated by their positions.
        unknown_stages: int. Of which nothing was measured.
        unknown_evaluations: int. Likewise, each of one language of a cell.
    """

    training_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    num_same: int = 0
    num_scaled: int = 0
    unknown_stages: int = 0
    unknown_evaluations: int = 0

    @property
    def seconds(self):
        """All of it."""
        return self.training_seconds + self.evaluation_seconds

    @property
    def is_whole(self):
        """Whether everything could be estimated."""
        return not (self.unknown_stages or self.unknown_evaluations)


def known(run_dir, store):
    """Reads what was measured in a run folder and in a stage store.

    What is damaged is left out: no result depends on it.

    Args:
        run_dir: path or None.
        store: path or None.

    Returns:
        List of `Speed`, each stage once.
    """
    found = {}
    if run_dir is not None:
        file = run_dir / results.SPEEDS_FILE
        found = {row.of: row for row in results.read_rows(file, Speed, [])}
    for name, folder in stages_in_store(store).items() if store else ():
        if name not in found:
            try:
                told = read_sealed(folder / MANIFEST).get("speed")
                if told:
                    found[name] = from_dict(Speed, told, str(folder))
            except (DamageError, InputError):
                continue
    return list(found.values())


def of_machine(speeds, host=None, backend=None):
    """Keeps what one machine has measured in one way.

    Args:
        speeds: iterable of `Speed`.
        host: str or None for this one.
        backend: str or None for that of most stages.

    Returns:
        List of `Speed`, of one backend, kind and number of devices.
    """
    host = host or platform.node()
    groups = collections.defaultdict(list)
    for row in speeds:
        if row.host == host and backend in (None, row.backend):
            groups[row.backend, row.device, row.devices].append(row)
    return max(groups.values(), key=len, default=[])


class Paces:
    """What was measured, to be asked of stages and cells."""

    def __init__(self, speeds):
        """Groups what is alike.

        Args:
            speeds: list of `Speed` of one machine.
        """
        groups = collections.defaultdict(list)
        for row in speeds:
            if row.num_steps:
                groups["size", *_size_of(row)].append(row)
                groups["backbone", *_kind_of(row)].append(row)
            else:
                groups["rows", row.backbone, row.rows].append(row)
                groups["target", *_target_of(row)].append(row)
        self._groups = dict(groups)

    def same(self, stage):
        """Returns the `Speed` rows of the same size as a stage."""
        return self._groups.get(("size", *_size_of_stage(stage)), [])

    def time_left(self, stages, cells, backbone):
        """Estimates what stages and cells will take.

        Args:
            stages: iterable of Stage, to be trained.
            cells: iterable of pairs: a Cell, and its languages to be
                evaluated.
            backbone: str. Fingerprint of the root of all of them.

        Returns:
            `TimeLeft`.
        """
        left = TimeLeft()
        for stage in stages:
            self._add_stage(left, stage)
        # Seeds of the bare backbone evaluate the same.
        known = set()
        for cell, languages in cells:
            for language in languages:
                what = _weights_and_rows(cell, language)
                if what not in known:
                    self._add_evaluation(left, cell, language, backbone)
                known.add(what)
        return left

    def _add_stage(self, left, stage):
        same = self.same(stage)
        like = self._groups.get(("backbone", *_kind_of_stage(stage)), [])
        if stage.num_steps is None or not (same or like):
            left.unknown_stages += 1
            return
        steps, rows = stage.num_steps, same or like
        if same:
            steps *= statistics.median(row.steps_ratio for row in same)
            pace = statistics.median(row.step_seconds for row in same)
        else:
            pace = _positions(stage.recipe, stage.max_lengths)
            pace *= statistics.median(
                row.step_seconds / _positions(row, row.max_lengths)
                for row in like
            )
        besides = statistics.median(
            max(0.0, row.seconds - row.num_steps * row.step_seconds)
            for row in rows
        )
        left.training_seconds += besides + steps * pace
        left.num_same += bool(same)
        left.num_scaled += not same

    def _add_evaluation(self, left, cell, language, backbone):
        rows = self._groups.get(
            ("rows", backbone, cell.facts[language].data_fingerprint)
        ) or self._groups.get(
            ("target", backbone, cell.target.name, cell.max_rows)
        )
        if rows:
            left.evaluation_seconds += statistics.median(
                row.seconds for row in rows
            )
        else:
            left.unknown_evaluations += 1


def _size_of(row):
    return *_kind_of(row), row.tasks, row.batch_size, row.max_lengths


def _size_of_stage(stage):
    return (
        *_kind_of_stage(stage),
        tuple(source.task.name for source in stage.all_sources),
        stage.recipe.batch_size,
        tuple(stage.max_lengths),
    )


def _kind_of(row):
    return row.backbone, row.dtype_policy, row.is_lora


def _kind_of_stage(stage):
    recipe = stage.recipe
    return (
        stage.backbone.fingerprint,
        recipe.dtype_policy,
        recipe.lora_rank is not None,
    )


def _weights_and_rows(cell, language):
    weights = cell.stage and cell.stage.fingerprint
    return weights, cell.facts[language].data_fingerprint


def _target_of(row):
    (target,) = row.tasks
    return row.backbone, target, row.max_rows


def _positions(sized, max_lengths):
    """Counts the positions of a step's batch at its full length."""
    return sized.batch_size * sum(max_lengths) / len(max_lengths)
