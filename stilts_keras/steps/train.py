"""Train one stage: the step loop, which may be cut off anywhere."""

import dataclasses
import math
import time

import numpy as np

from stilts_keras.errors import Interrupted
from stilts_keras.errors import StageError
from stilts_keras.steps.feed import Feed
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.steps.optimizer import make_schedule
from stilts_keras.steps.update import Update
from stilts_keras.steps.update import check_sliceable
from stilts_keras.tasks.task import Recipe

ALL_STEPS = "all steps done"


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
class Training:
    """What is trained and how: all that fixes a stage's weights, and pace.

    Attributes:
        sources: tuple of `TrainSource`.
        shares: tuple of float that sums to 1. Each source's share of the steps.
        recipe: `Recipe`.
        num_steps: int. Steps of the learning-rate schedule.
        stage_name: str. For messages.
        seed: int. Fixes order, sources and masks.
        micro_batch_size: int or None. Most rows that go through the Model at
            a time; None for whole batches. Without dropout, which slices
            draw otherwise, weights are equal to rounding.
        log_every_steps: int.
        save_every_seconds: float. Progress is saved so often, at every
            evaluation, and when the process is asked to stop.
    """

    sources: tuple[TrainSource, ...]
    shares: tuple[float, ...]
    recipe: Recipe
    num_steps: int
    stage_name: str
    seed: int
    micro_batch_size: int | None = None
    log_every_steps: int = 50
    save_every_seconds: float = 600.0


class Watch:
    """What a caller may do at points of the step loop; here nothing."""

    def start(self, step):
        """Hears how many steps were done before."""

    def step(self, step, loss):
        """Hears of each step that is done, and its mean loss in nats."""

    def log(self, log):
        """Hears a `StepLog`, every `log_every_steps` and at the end."""

    def score_dev(self, step):
        """Scores the dev rows after so many steps.

        Returns:
            float, higher being better; None where there is nothing to choose
            by.
        """
        return None


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
        num_without_gain: int. Evaluations since the best one.
        end: str or None. Why no step follows, once that is so.
        num_examples: dict from source name to sequences seen so far.
        num_tokens: dict from source name to tokens seen, without padding.
        window: dict. Sums since the last log.
    """

    step: int = 0
    is_evaluated: bool = False
    best_score: float | None = None
    best_step: int | None = None
    num_without_gain: int = 0
    end: str | None = None
    num_examples: dict = dataclasses.field(default_factory=dict)
    num_tokens: dict = dataclasses.field(default_factory=dict)
    window: dict = dataclasses.field(default_factory=dict)


def train(model, training, *, tokenizer, progress, interruption, watch):
    """Trains a model on its sources, one source per step.

    Goes on from the saved progress, if there is any, as if it had never been
    cut off.

    Args:
        model: `MultiTask`, with a head for each source's key.
        training: `Training`.
        tokenizer: `Tokenizer`.
        progress: `TrainingProgress`.
        interruption: `Interruption`.
        watch: `Watch`.

    Returns:
        `TrainState`. The model has its weights of the best step.

    Raises:
        InputError: If a batch is to be sliced that cannot be.
        StageError: If the loss is not a number.
        Interrupted: If the process was asked to stop; progress is saved.
    """
    recipe, num_steps = training.recipe, training.num_steps
    update = _make_update(model, training)
    rate_of = make_schedule(recipe, num_steps)
    state = TrainState(**(progress.load(model) or {}))
    watch.start(state.step)
    window = _Window(state)
    saver = _Saver(progress, model, state, training.save_every_seconds)

    try:
        with Feed(
            training, tokenizer, start=state.step, prepared=model.prepared
        ) as feed:
            while True:
                # ------------------------------------------- Dev and best
                if _is_due(state, recipe, num_steps) and not state.is_evaluated:
                    score = watch.score_dev(state.step)
                    with interruption.held():
                        _note_score(state, score)
                        saver.save()
                    window.restart_clock()
                state.end = _end(state, recipe, num_steps)
                if state.end:
                    break

                # ---------------------------------------------- One step
                with interruption.held():
                    waited = time.perf_counter()
                    fed = feed.next()
                    waited = time.perf_counter() - waited
                    source = fed.source
                    loss = float(update(source.key, fed.x, fed.y))
                    _check_loss(loss, training, source, state.step + 1)
                    state.step += 1
                    state.is_evaluated = False
                    window.add(source.name, loss, fed.mask, waited)
                    watch.step(state.step, loss)
                    if _is_logged(state.step, training):
                        watch.log(window.flush(rate_of))
                    saver.save_if_due()
        if window.holds_steps:  # After an early end.
            with interruption.held():
                watch.log(window.flush(rate_of))
    except Interrupted as interrupted:
        saver.save()
        interrupted.add_note(
            f"Stage {training.stage_name!r} is saved at step {state.step} of "
            f"{num_steps} in {progress.folder}."
        )
        raise
    if state.best_step not in (None, state.step):
        progress.load_best(model, state.best_step)
    return state


def _make_update(model, training):
    """Makes what takes the steps, or refuses its slices."""
    for source in training.sources:
        check_sliceable(
            source.name,
            source.problem,
            training.recipe.batch_size,
            training.micro_batch_size,
        )
    return Update(
        model,
        {source.key: source.problem.loss for source in training.sources},
        make_optimizer(
            training.recipe, training.num_steps, model.trainable_variables
        ),
        micro_batch_size=training.micro_batch_size,
    )


def _check_loss(loss, training, source, step):
    if not math.isfinite(loss):
        raise StageError(
            f"Loss became {loss} at step {step} of {training.num_steps} of "
            f"stage {training.stage_name!r} (source {source.name!r}, peak "
            f"learning rate {training.recipe.learning_rate:g}). Try a lower "
            "--learning_rate or another --dtype_policy."
        )


def _note_score(state, score):
    """Notes what the dev rows gave; None gave nothing to compare."""
    state.is_evaluated = True
    if score is None:
        return
    if state.best_score is None or score > state.best_score:
        state.best_score, state.best_step = score, state.step
        state.num_without_gain = 0
    else:
        state.num_without_gain += 1


def _end(state, recipe, num_steps):
    """Says why no step is to follow; None where one is."""
    if state.step == num_steps:
        return ALL_STEPS
    if recipe.early_stopping and state.is_evaluated:
        if state.num_without_gain >= recipe.early_stopping:
            return f"no gain in {state.num_without_gain} evaluations"
    return None


def _is_due(state, recipe, num_steps):
    """Whether dev rows are to be scored after this many steps."""
    every = recipe.eval_every_steps
    if not every or not state.step:
        return False
    return state.step % every == 0 or state.step == num_steps


def _is_logged(step, training):
    return step % training.log_every_steps == 0 or step == training.num_steps


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
            "waiting_seconds": 0.0,
        }

    def restart_clock(self):
        self._started = time.perf_counter()

    @property
    def holds_steps(self):
        """Whether there were any since the last log."""
        return self._state.window["examples"] > 0

    def add(self, name, loss, mask, waited):
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
        sums["waiting_seconds"] += waited
        sums["seconds"] += time.perf_counter() - self._started
        self.restart_clock()

    def flush(self, rate_of):
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
