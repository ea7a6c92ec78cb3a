"""What a stage's steps gave since the last log."""

import collections
import dataclasses
import math
import time

import numpy as np

from stilts_keras.backend import has_accelerator
from stilts_keras.errors import StageError


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepLog:
    """The means since the last log.

    Attributes:
        step: int. Steps done.
        loss: dict from source name to mean loss, in nats.
        learning_rate: float. Of the last step.
        examples_per_second: float. Features, windows included.
        tokens_per_second: float. Without padding.
        padding_share: float in [0, 1]. Of all positions computed.
        waiting_share: float in [0, 1]. Of the time, spent waiting for data.
        num_examples: dict from source name to features since the beginning.
        num_tokens: dict from source name to tokens likewise, without padding.
    """

    step: int
    loss: dict
    learning_rate: float
    examples_per_second: float
    tokens_per_second: float
    padding_share: float
    waiting_share: float
    num_examples: dict
    num_tokens: dict


class Window:
    """Sums over the steps since the last log, kept in the state.

    A loss is read when the next step is under way: reading waits for its step,
    and an accelerator would wait for the host meanwhile. A CPU computes in
    one place, where two steps at a time would only take memory: there each
    loss is read at once.
    """

    def __init__(self, state, training, watch):
        """Takes up what the state holds.

        Args:
            state: `TrainState`.
            training: `Training`. For messages.
            watch: `Watch`. It hears of each step whose loss was read.
        """
        self._state = state
        self._training = training
        self._watch = watch
        self._unread = collections.deque()
        self._most_unread = int(has_accelerator())
        if not state.window:
            self._clear()
        self.restart_clock()

    def _clear(self):
        self._state.window = {
            "losses": {},
            "examples": 0,
            "tokens": 0,
            "positions": 0,
            "seconds": 0.0,
            "waiting_seconds": 0.0,
        }

    def restart_clock(self):
        """Leaves out the time since the last step."""
        self._started = time.perf_counter()

    @property
    def holds_steps(self):
        """Whether there were any since the last log."""
        return bool(self._unread) or self._state.window["examples"] > 0

    def add(self, name, loss, mask, waited):
        """Adds a step that was begun.

        Args:
            name: str. The source's.
            loss: float32 scalar of the backend.
            mask: array (b, ..., l). 1 where a token is.
            waited: float. Seconds spent waiting for the batch.

        Raises:
            StageError: If a loss is not a number.
        """
        self._unread.append((self._state.step, name, loss))
        self.read(self._most_unread)
        self._count(name, mask, waited)

    def read(self, num_left=0):
        """Reads losses, but for those of the last steps.

        Raises:
            StageError: If a loss is not a number.
        """
        losses = self._state.window["losses"]
        while len(self._unread) > num_left:
            step, name, loss = self._unread.popleft()
            loss = float(loss)
            _check(loss, self._training, name, step)
            losses.setdefault(name, []).append(loss)
            self._watch.step(step, loss)

    def _count(self, name, mask, waited):
        num_tokens = int(mask.sum())
        sums = self._state.window
        sums["examples"] += len(mask)
        sums["tokens"] += num_tokens
        sums["positions"] += mask.size
        for total, number in (
            (self._state.num_examples, len(mask)),
            (self._state.num_tokens, num_tokens),
        ):
            total[name] = total.get(name, 0) + number
        sums["waiting_seconds"] += waited
        sums["seconds"] += time.perf_counter() - self._started
        self.restart_clock()

    def flush(self, rate_of):
        """Ends the window.

        Args:
            rate_of: function of a step, counted from 0, to its learning rate.

        Returns:
            `StepLog`.
        """
        self.read()
        sums = self._state.window
        log = StepLog(
            step=self._state.step,
            loss={n: float(np.mean(v)) for n, v in sums["losses"].items()},
            # Steps are counted from 0 there.
            learning_rate=float(rate_of(self._state.step - 1)),
            examples_per_second=sums["examples"] / sums["seconds"],
            tokens_per_second=sums["tokens"] / sums["seconds"],
            padding_share=1 - sums["tokens"] / sums["positions"],
            waiting_share=sums["waiting_seconds"] / sums["seconds"],
            num_examples=dict(self._state.num_examples),
            num_tokens=dict(self._state.num_tokens),
        )
        self._clear()
        return log


def _check(loss, training, name, step):
    if not math.isfinite(loss):
        raise StageError(
            f"Loss became {loss} at step {step} of {training.num_steps} of "
            f"stage {training.stage_name!r} (source {name!r}, peak "
            f"learning rate {training.recipe.learning_rate:g}). Try a lower "
            "--learning_rate or another --dtype_policy."
        )
