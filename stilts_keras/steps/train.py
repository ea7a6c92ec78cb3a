"""Train one stage: the step loop."""

import dataclasses
import math
import time

import numpy as np

from stilts_keras.data.batches import train_batches
from stilts_keras.data.mixture import proportional_rates
from stilts_keras.data.mixture import source_order
from stilts_keras.errors import StageError
from stilts_keras.models.backend import jit_compile
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
    """

    step: int
    loss: dict
    learning_rate: float
    examples_per_second: float
    tokens_per_second: float
    padding_share: float


def num_stage_steps(recipe, sources):
    """Returns the steps of a stage: epochs over all features together."""
    num_features = sum(len(source.split.lengths) for source in sources)
    return math.ceil(recipe.epochs * num_features / recipe.batch_size)


def train(
    model,
    sources,
    recipe,
    *,
    stage_name,
    seed,
    tokenizer,
    log_every_steps,
    on_log,
    on_step,
    evaluate_dev,
    keep_best,
):
    """Trains a model on its sources, one source per step.

    Args:
        model: `MultiTask`, with a head for each source's key.
        sources: list of `TrainSource`.
        recipe: `Recipe`.
        stage_name: str. For messages.
        seed: int. Fixes order, sources and masks.
        tokenizer: `Tokenizer`.
        log_every_steps: int.
        on_log: function of a `StepLog`.
        on_step: function of (steps done, loss).
        evaluate_dev: function of the steps done -> float or None; higher is
            better. None where there is nothing to choose by.
        keep_best: function called when the dev score has improved.

    Returns:
        Tuple: the best dev score (None without one) and its step.

    Raises:
        StageError: If the loss is not a number.
    """
    # ------------------------------------------------------------- Set up
    num_steps = num_stage_steps(recipe, sources)
    optimizer = make_optimizer(recipe, num_steps, model.trainable_variables)
    model.compile(optimizer=optimizer, jit_compile=jit_compile())
    rates = proportional_rates([len(s.split.lengths) for s in sources])
    order = source_order(rates, num_steps=num_steps, seed=[seed, 2])
    batches = [
        train_batches(
            source.split.lengths,
            batch_size=recipe.batch_size,
            max_length=source.split.max_length,
            seed=[seed, 3, index],
        )
        for index, source in enumerate(sources)
    ]
    best_score, best_step = None, num_steps
    window = _Window(sources)

    for step in range(num_steps):
        # --------------------------------------------------------- One step
        source = sources[order[step]]
        batch = next(batches[order[step]])
        columns = source.split.features[batch.indices]
        random = np.random.default_rng([seed, 4, step])
        x, y = source.problem.collate(columns, batch.length, tokenizer, random)
        done = step + 1
        is_logged = done % log_every_steps == 0 or done == num_steps
        # Of this step: the optimizer counts on as it is applied.
        rate = float(optimizer.learning_rate) if is_logged else None
        loss = float(model.train_on_batch({source.key: x}, y))
        if not math.isfinite(loss):
            raise StageError(
                f"Loss became {loss} at step {step + 1} of {num_steps} of "
                f"stage {stage_name!r} (source {source.name!r}, peak learning "
                f"rate {recipe.learning_rate:g}). Nothing of the stage was "
                "kept. Try a lower --learning_rate or another --dtype_policy."
            )
        window.add(source.name, loss, x["padding_mask"])
        on_step(done, loss)

        # -------------------------------------------------------------- Log
        if is_logged:
            on_log(window.flush(done, rate))

        # ------------------------------------------------------ Dev and best
        every = recipe.eval_every_steps
        if every and (done % every == 0 or done == num_steps):
            score = evaluate_dev(done)
            if score is not None and (best_score is None or score > best_score):
                best_score, best_step = score, done
                keep_best()
            window.restart_clock()
    return best_score, best_step


class _Window:
    """Sums over the steps since the last log."""

    def __init__(self, sources):
        self._names = [source.name for source in sources]
        self._clear()

    def _clear(self):
        self._losses = {name: [] for name in self._names}
        self._examples = self._tokens = self._positions = 0
        self._seconds = 0.0
        self.restart_clock()

    def restart_clock(self):
        self._started = time.perf_counter()

    def add(self, name, loss, mask):
        self._losses[name].append(loss)
        self._examples += len(mask)
        self._tokens += int(mask.sum())
        self._positions += mask.size
        self._seconds += time.perf_counter() - self._started
        self.restart_clock()

    def flush(self, step, learning_rate):
        log = StepLog(
            step=step,
            loss={n: float(np.mean(v)) for n, v in self._losses.items() if v},
            learning_rate=learning_rate,
            examples_per_second=self._examples / self._seconds,
            tokens_per_second=self._tokens / self._seconds,
            padding_share=1 - self._tokens / self._positions,
        )
        self._clear()
        return log
