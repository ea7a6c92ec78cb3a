"""Trains a visit's stage and writes its folder."""

import dataclasses

import numpy as np

from stilts_keras import backend
from stilts_keras.reporting import collapsed
from stilts_keras.steps import arrays
from stilts_keras.steps import checkpoint
from stilts_keras.steps.averaging import mean_of
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.steps.train import Training
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import Watch
from stilts_keras.steps.train import evaluated
from stilts_keras.steps.train import train
from stilts_keras.steps.update import Update
from stilts_keras.versions import versions
from stilts_keras.visits.evaluation import evaluator_of
from stilts_keras.visits.evaluation import learning_rates
from stilts_keras.visits.pace import Stopwatch
from stilts_keras.visits.pace import speed_of_training


class _StageWatch(Watch):
    """Scores dev rows for the step loop, and hands on what it tells."""

    def __init__(self, stage, place, model, onlooker, interruption, num_steps):
        self.constants = {}
        self.stopwatch = Stopwatch()
        self._stage = stage
        self._place = place
        self._model = model
        self._onlooker = onlooker
        self._interruption = interruption
        self._num_steps = num_steps

    def start(self, step):
        self._onlooker.start(self._stage, self._num_steps, step)

    def step(self, step, loss):
        self.stopwatch.step()
        self._onlooker.step(step, loss)

    def log(self, log):
        self._onlooker.scalars(log.step, _log_scalars(log))

    def score_dev(self, step):
        scores = self.score(step)
        values = {f"dev/{name}": score for name, score in scores.items()}
        self._onlooker.scalars(step, values)
        self.stopwatch.pause()
        return float(np.mean(list(scores.values()))) if scores else None

    def score(self, step):
        """Scores each source that has dev rows, and notes constants."""
        scores, constants = {}, {}
        for index, source in enumerate(self._stage.sources):
            split = self._place.inputs.dev(self._stage, index)
            if split is not None:
                evaluator = evaluator_of(
                    source.task,
                    self._stage.recipe.batch_size,
                    [split],
                    self._place,
                    self._interruption,
                )
                found = evaluator.evaluate(self._model, split)
                scores[str(source)] = found.metrics[source.task.metrics[0]]
                constants[str(source)] = found.constant
        self.constants[step] = constants
        return scores


def train_stage(visit, place, onlooker, interruption):
    """Trains a stage and writes its folder; returns its Model, and notes."""
    stage = visit.stage
    training = _training(stage, place)
    model = place.models.untrained(stage)
    num_rows = _compact(stage, place, training, model)
    watch = _StageWatch(
        stage, place, model, onlooker, interruption, training.num_steps
    )

    def meet_damage(error):
        place.damages.meet(error)
        # Now: the stage begins anew, which takes its time.
        onlooker.note(place.damages.notes[-1])

    progress = checkpoint.TrainingProgress(
        place.setting.stages.progress(stage),
        meet_damage,
        num_checkpoints=max(visit.means, default=0),
    )
    state = train(
        model,
        training,
        tokenizer=place.inputs.tokenizer,
        progress=progress,
        interruption=interruption,
        watch=watch,
    )
    if state.best_step and state.best_step not in watch.constants:
        # A run that was cut off has seen the best step.
        watch.score(state.best_step)
    constants = watch.constants.get(state.best_step)
    facts = {
        **_facts(stage, training, state, place.setting.options),
        "vocabulary_rows": num_rows,
        **place.models.lora_facts(stage),
        "constants": constants,
        "left_out": place.inputs.left_out(stage),
    }
    means, checkpoints = _means(visit, place, training, progress, state)
    facts |= {"checkpoints": checkpoints} if means else {}
    speed = speed_of_training(
        stage, place, training.num_steps, watch.stopwatch.facts()
    )
    facts |= {"speed": speed} if speed else {}
    with interruption.held():
        model.end_training(state.best_step or state.step)
        place.save_stage(stage, model, facts, means)
        progress.remove()
    place.models.settle(model)
    notes = []
    constant = collapsed.of_dev_rows(constants)
    if constant:
        rates = learning_rates(stage)
        notes.append(
            collapsed.of_stage(stage.path, stage.seed, constant, rates)
        )
    return model, notes


def _means(visit, place, training, progress, state):
    """Averages the weights of a stage's last evaluations.

    Each as the stage would have been, had it ended there.

    Returns:
        Tuple: dict from the number of evaluations that is asked for to the
        file with their mean; and dict from it to their steps.
    """
    found, checkpoints = {}, {}
    # One has written what all read.
    backend.wait_for_all("checkpoints")
    steps = evaluated(training.recipe)(dataclasses.asdict(state))
    for count in visit.means:
        checkpoints[count] = steps[-count:]
        mean = mean_of(
            lambda step=step: _at_checkpoint(
                visit.stage, place, training, progress, step
            )
            for step in checkpoints[count]
        )
        found[count] = progress.folder / f"mean-{count}.npz"
        if backend.is_first_process():
            arrays.write_weights(found[count], mean)
    return found, checkpoints


def _at_checkpoint(stage, place, training, progress, step):
    """Makes the Model that a stage was after some steps."""
    model = place.models.untrained(stage)
    _compact(stage, place, training, model)
    # It knows how the rows that are not in memory have decayed.
    Update(
        model,
        {},
        make_optimizer(
            training.recipe, training.num_steps, model.trainable_variables
        ),
    )
    progress.load_checkpoint(model, step)
    model.end_training(step)
    place.models.settle(model)
    return model


def _compact(stage, place, training, model):
    """Lets a stage train on the rows of the embedding that its data need.

    Returns:
        int. Rows that are trained: all, where fewer would be another result
        or gain little, or where they are not trained (LoRA). None where the
        backbone reads audio, and has none.
    """
    encoder = model.encoder
    if (
        place.setting.options.compact_vocabulary
        and encoder.token_embedding is not None
        and encoder.token_embedding.trainable
        and not any(s.problem.needs_vocabulary for s in training.sources)
    ):
        splits = [source.split for source in training.sources]
        if stage.recipe.eval_every_steps:
            splits += [
                place.inputs.dev(stage, index)
                for index in range(len(stage.sources))
            ]
        run_dir = None
        if backend.is_first_process():
            run_dir = place.setting.stages.run_dir
            run_dir.mkdir(parents=True, exist_ok=True)
        return model.compact_to(
            (split.features for split in splits if split is not None), run_dir
        )
    return encoder.vocabulary_size


def _training(stage, place):
    """Gathers what fixes a stage's optimisation."""
    sources = tuple(
        TrainSource(
            name=str(source),
            key=source.task.head_key,
            problem=place.inputs.problem(source.task),
            split=place.inputs.train(stage, index),
        )
        for index, source in enumerate(stage.all_sources)
    )
    numbers = [len(source.split.lengths) for source in sources]
    options = place.setting.options
    return Training(
        sources=sources,
        shares=tuple(stage.shares(numbers)),
        recipe=stage.recipe,
        num_steps=stage.count_steps(numbers),
        stage_name=stage.path,
        seed=stage.seed,
        micro_batch_size=options.micro_batch_size,
        log_every_steps=options.log_every_steps,
        save_every_seconds=60 * options.save_every_minutes,
    )


def _facts(stage, training, state, options):
    """Lists what a stage's manifest tells besides its files."""
    return {
        "stage": stage.path,
        "fingerprint": stage.fingerprint,
        "backbone": stage.backbone.name,
        "parent": stage.parent.fingerprint if stage.parent else None,
        "sources": [
            {
                "name": source.name,
                "max_length": source.split.max_length,
                "sequences": len(source.split.lengths),
                "share": share,
                "sequences_seen": state.num_examples.get(source.name, 0),
                "tokens_seen": state.num_tokens.get(source.name, 0),
            }
            for source, share in zip(
                training.sources, training.shares, strict=True
            )
        ],
        "seed": stage.seed,
        # The length may have been lowered when the backbone was opened.
        "recipe": dataclasses.asdict(stage.recipe)
        | {"max_length": training.sources[0].split.max_length},
        "num_steps": training.num_steps,
        "micro_batch_size": training.micro_batch_size,
        "devices": options.devices,
        "model_parallel": options.model_parallel,
        "processes": backend.num_processes(),
        "last_step": state.step,
        "end": state.end,
        "best_step": state.best_step or state.step,
        "dev_score": state.best_score,
        **versions(),
    }


def _log_scalars(log):
    scalars = {f"loss/{source}": loss for source, loss in log.loss.items()}
    for name in (
        "learning_rate",
        "examples_per_second",
        "tokens_per_second",
        "padding_share",
        "waiting_share",
    ):
        scalars[f"train/{name}"] = getattr(log, name)
    if len(log.num_examples) > 1:
        for what, numbers in (
            ("examples", log.num_examples),
            ("tokens", log.num_tokens),
        ):
            for source, number in numbers.items():
                share = number / sum(numbers.values())
                scalars[f"sampling/{what}/{source}"] = share
    return scalars
