"""How long training and evaluation take, for those that come after.

Times are the wall's: other work on the machine is in them.
"""

import platform
import time

import keras

from stilts_keras import backend
from stilts_keras.records.rows import Speed


class Stopwatch:
    """Measures a training: all of it, and its steps alone."""

    def __init__(self, clock=time.monotonic):
        """Starts.

        Args:
            clock: function that returns seconds; for tests.
        """
        self._clock = clock
        self._began_at = clock()
        self._last = None
        self._num_steps = self._num_timed = 0
        self._seconds = 0.0

    def step(self):
        """A step is done; the first after a pause has no beginning."""
        now = self._clock()
        if self._last is not None:
            self._seconds += now - self._last
            self._num_timed += 1
        self._last = now
        self._num_steps += 1

    def pause(self):
        """What comes now is no step."""
        self._last = None

    def facts(self):
        """Returns what a `Speed` tells of it; {} where no step was done."""
        if not self._num_steps:
            return {}
        seconds = self._clock() - self._began_at
        mean = seconds / self._num_steps
        if self._num_timed:
            mean = self._seconds / self._num_timed
        return {
            "seconds": seconds,
            "num_steps": self._num_steps,
            "step_seconds": mean,
        }


def speed_of_training(stage, place, num_steps, measured):
    """Returns the fields of the `Speed` of a stage.

    Args:
        stage: Stage.
        place: Place.
        num_steps: int. Of the whole stage, by its sequences.
        measured: dict, of `Stopwatch.facts`.

    Returns:
        Dict; empty where nothing was measured.
    """
    if not measured:
        return {}
    return {
        "of": stage.fingerprint,
        "tasks": [source.task.name for source in stage.all_sources],
        "max_lengths": list(stage.max_lengths),
        "is_lora": stage.recipe.lora_rank is not None,
        "steps_ratio": num_steps / stage.num_steps if stage.num_steps else 1.0,
        **_where(stage.backbone, place.setting.options, stage.recipe),
        **measured,
    }


def speed_of_evaluation(cell, language, place, seconds):
    """Returns the `Speed` of one language of a cell."""
    return Speed(
        of=f"{cell.key}|{language}",
        tasks=(cell.target.name,),
        max_lengths=(cell.recipe.max_length,),
        rows=cell.facts[language].data_fingerprint,
        max_rows=cell.max_rows,
        seconds=seconds,
        **_where(place.setting.backbone, place.setting.options, cell.recipe),
    )


def _where(backbone, options, recipe):
    return {
        "backbone": backbone.fingerprint,
        "host": platform.node(),
        "device": backend.device_name(),
        "devices": options.devices,
        "backend": keras.backend.backend(),
        "dtype_policy": recipe.dtype_policy,
        "batch_size": recipe.batch_size,
    }
