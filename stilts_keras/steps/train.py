"""Train one stage: the step loop, which may be cut off anywhere."""

import dataclasses
import time

from stilts_keras.errors import Interrupted
from stilts_keras.steps.feed import Feed
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.steps.optimizer import make_schedule
from stilts_keras.steps.update import Update
from stilts_keras.steps.update import check_sliceable
from stilts_keras.steps.window import Window
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
    state = TrainState(**(progress.load(model, evaluated(recipe)) or {}))
    watch.start(state.step)
    window = Window(state, training, watch)
    saver = _Saver(progress, model, state, window, training.save_every_seconds)

    try:
        with Feed(
            training, tokenizer, start=state.step, prepared=model.prepared
        ) as feed:
            while True:
                # ------------------------------------------- Dev and best
                if _is_due(state, recipe, num_steps) and not state.is_evaluated:
                    window.read()
                    score = watch.score_dev(state.step)
                    with interruption.held():
                        _note_score(state, score)
                        progress.keep_checkpoint(model, state.step)
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
                    loss = update(fed.source.key, fed.x, fed.y)
                    state.step += 1
                    state.is_evaluated = False
                    window.add(fed.source.name, loss, fed.mask, waited)
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


def evaluated(recipe):
    """Returns what lists the steps at which dev rows were scored so far.

    Args:
        recipe: `Recipe`.

    Returns:
        Function of a `TrainState`'s dict -> ascending list of int.
    """

    def list_steps(state):
        every, step = recipe.eval_every_steps, state["step"]
        steps = set(range(every, step + 1, every)) if every else set()
        # The last step, too; but not one that waits for its evaluation.
        change = steps.union if state["is_evaluated"] else steps.difference
        return sorted(change({step}))

    return list_steps


def _is_logged(step, training):
    return step % training.log_every_steps == 0 or step == training.num_steps


class _Saver:
    """Saves the progress from time to time, and no state twice."""

    def __init__(self, progress, model, state, window, every_seconds):
        self._progress = progress
        self._model = model
        self._state = state
        self._window = window
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
            self._window.read()
            self._progress.save(self._model, dataclasses.asdict(self._state))
            self._note()
