"""Train one stage: the step loop, which may be cut off anywhere."""

import dataclasses
import math
import time

import numpy as np

from stilts_keras.backend import jit_compile
from stilts_keras.data.batches import train_batches
from stilts_keras.data.mixture import source_order
from stilts_keras.errors import Interrupted
from stilts_keras.errors import StageError
from stilts_keras.steps.optimizer import make_optimizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSource:
    """One source as the step loop needs it.

    Attributes:
        name: str. As the route writes it.
        key: str. Its head.
        problem: the task's Problem.
        split: `SplitFeatures` of the training rows.
    """

    name: str
    key: str
    problem: object
    split: object


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
        num_examples: dict from source name to features since the beginning.
        num_tokens: dict from source name to tokens likewise, without padding.
    """

    step: int
    loss: dict
    learning_rate: float
    examples_per_second: float
    tokens_per_second: float
    padding_share: float
    num_examples: dict
    num_tokens: dict


@dataclasses.dataclass(kw_only=True)
class TrainState:
    """Where a stage is: all that the next step needs besides variables.

    Order, sources and masks are functions of the seed and the step.

    Attributes:
        step: int. Steps done.
        is_evaluated: bool. Whether the dev rows were scored at this step, if
            they were to be.
        best_score: float or None.
        best_step: int or None.
        num_examples: dict from source name to sequences seen so far.
        num_tokens: dict from source name to tokens seen, without padding.
        window: dict. Sums since the last log.
    """

    step: int = 0
    is_evaluated: bool = False
    best_score: float | None = None
    best_step: int | None = None
    num_examples: dict = dataclasses.field(default_factory=dict)
    num_tokens: dict = dataclasses.field(default_factory=dict)
    window: dict = dataclasses.field(default_factory=dict)


def train(
    model,
    sources,
    recipe,
    *,
    shares,
    num_steps,
    stage_name,
    seed,
    tokenizer,
    log_every_steps,
    on_start,
    on_log,
    on_step,
    evaluate_dev,
    progress,
    save_every_seconds,
    interruption,
):
    """Trains a model on its sources, one source per step.

    Goes on from the saved progress, if there is any, as if it had never been
    cut off.

    Args:
        model: `MultiTask`, with a head for each source's key.
        sources: list of `TrainSource`.
        recipe: `Recipe`.
        shares: list of float. Each source's share of the steps.
        num_steps: int.
        stage_name: str. For messages.
        seed: int. Fixes order, sources and masks.
        tokenizer: `Tokenizer`.
        log_every_steps: int.
        on_start: function of the steps done before.
        on_log: function of a `StepLog`.
        on_step: function of (steps done, loss).
        evaluate_dev: function of the steps done -> float or None; higher is
            better. None where there is nothing to choose by.
        progress: `TrainingProgress`.
        save_every_seconds: float. Progress is saved so often, at every
            evaluation, and when the process is asked to stop.
        interruption: `Interruption`.

    Returns:
        `TrainState`. The model has its weights of the best step.

    Raises:
        StageError: If the loss is not a number.
        Interrupted: If the process was asked to stop; progress is saved.
    """
    # ------------------------------------------------------------- Set up
    optimizer = make_optimizer(recipe, num_steps, model.trainable_variables)
    model.compile(optimizer=optimizer, jit_compile=jit_compile())
    state = TrainState(**(progress.load(model) or {}))
    order = source_order(shares, num_steps=num_steps, seed=[seed, 2])
    batches = [
        train_batches(
            source.split.lengths,
            batch_size=recipe.batch_size,
            max_length=source.split.max_length,
            seed=[seed, 3, index],
            start=int(np.count_nonzero(order[: state.step] == index)),
        )
        for index, source in enumerate(sources)
    ]
    on_start(state.step)
    window = _Window(state)
    saver = _Saver(progress, model, state, save_every_seconds)

    try:
        while True:
            # ----------------------------------------------- Dev and best
            if _is_due(state, recipe, num_steps) and not state.is_evaluated:
                score = evaluate_dev(state.step)
                with interruption.held():
                    state.is_evaluated = True
                    best = state.best_score
                    if score is not None and (best is None or score > best):
                        state.best_score, state.best_step = score, state.step
                    saver.save()
                window.restart_clock()
            if state.step == num_steps:
                break

            # -------------------------------------------------- One step
            with interruption.held():
                step, index = state.step, order[state.step]
                source = sources[index]
                batch = next(batches[index])
                columns = source.split.features[batch.indices]
                random = np.random.default_rng([seed, 4, step])
                x, y = source.problem.collate(
                    columns, batch.length, tokenizer, random
                )
                done = step + 1
                is_logged = done % log_every_steps == 0 or done == num_steps
                # Of this step: the optimizer counts on as it is applied.
                rate = float(optimizer.learning_rate) if is_logged else None
                loss = float(model.train_on_batch({source.key: x}, y))
                if not math.isfinite(loss):
                    raise StageError(
                        f"Loss became {loss} at step {done} of {num_steps} of "
                        f"stage {stage_name!r} (source {source.name!r}, peak "
                        f"learning rate {recipe.learning_rate:g}). Try a lower "
                        "--learning_rate or another --dtype_policy."
                    )
                state.step, state.is_evaluated = done, False
                window.add(source.name, loss, x[tokenizer.mask_input])
                on_step(done, loss)
                if is_logged:
                    on_log(window.flush(rate))
                saver.save_if_due()
    except Interrupted as interrupted:
        saver.save()
        interrupted.add_note(
            f"Stage {stage_name!r} is saved at step {state.step} of "
            f"{num_steps} in {progress.folder}."
        )
        raise
    if state.best_step not in (None, num_steps):
        progress.load_best(model, state.best_step)
    return state


def _is_due(state, recipe, num_steps):
    """Whether dev rows are to be scored after this many steps."""
    every = recipe.eval_every_steps
    if not every or not state.step:
        return False
    return state.step % every == 0 or state.step == num_steps


class _Saver:
    """Saves the progress from time to time, and no state twice."""

    def __init__(self, progress, model, state, every_seconds):
        self._progress = progress
        self._model = model
        self._state = state
        self._every_seconds = every_seconds
        self._note()

    def _note(self):
        self._saved = (self._state.step, self._state.is_evaluated)
        self._saved_at = time.monotonic()

    def save_if_due(self):
        if time.monotonic() - self._saved_at >= self._every_seconds:
            self.save()

    def save(self):
        if self._saved != (self._state.step, self._state.is_evaluated):
            self._progress.save(self._model, dataclasses.asdict(self._state))
            self._note()


class _Window:
    """Sums over the steps since the last log, kept in the state."""

    def __init__(self, state):
        self._state = state
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
        }

    def restart_clock(self):
        self._started = time.perf_counter()

    def add(self, name, loss, mask):
        num_tokens = int(mask.sum())
        sums = self._state.window
        sums["losses"].setdefault(name, []).append(loss)
        sums["examples"] += len(mask)
        sums["tokens"] += num_tokens
        sums["positions"] += mask.size
        for total, number in (
            (self._state.num_examples, len(mask)),
            (self._state.num_tokens, num_tokens),
        ):
            total[name] = total.get(name, 0) + number
        sums["seconds"] += time.perf_counter() - self._started
        self.restart_clock()

    def flush(self, learning_rate):
        sums = self._state.window
        log = StepLog(
            step=self._state.step,
            loss={n: float(np.mean(v)) for n, v in sums["losses"].items()},
            learning_rate=learning_rate,
            examples_per_second=sums["examples"] / sums["seconds"],
            tokens_per_second=sums["tokens"] / sums["seconds"],
            padding_share=1 - sums["tokens"] / sums["positions"],
            num_examples=dict(self._state.num_examples),
            num_tokens=dict(self._state.num_tokens),
        )
        self._clear()
        return log
