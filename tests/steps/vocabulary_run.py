"""Stages on a compact vocabulary and on the whole one: for backend_run.py.

A table of 1062 rows, of which the data of two sources read 50, under one head:
compiled in little time on any backend.
"""

import itertools
import shutil

import keras
import numpy as np

import fakes
from encoders import table_encoder
from letters import LETTERS
from stilts_keras.backbones.vocabulary import compact_rows
from stilts_keras.interruption import Interruption
from stilts_keras.problems.classification import ClassificationHead
from stilts_keras.problems.problem import Problem
from stilts_keras.steps.checkpoint import TrainingProgress
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.train import Training
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import Watch
from stilts_keras.steps.train import train
from stilts_keras.tasks.task import Recipe

NUM_STEPS = 12
MIDDLE = 10
# The best step is one before the middle, which must be read back at the end.
SCORES = {4: 1.0, 8: 3.0, 12: 2.0}
RECIPE = Recipe(
    learning_rate=0.02,
    batch_size=5,
    weight_decay=0.1,
    eval_every_steps=4,
    num_steps=NUM_STEPS,
)
VARIANTS = {
    "plain": {},
    # All that works alone or not at all, for the time that compiling takes.
    "other": {
        "weight_decay": 0.0,
        "micro_batch_size": 2,
        "dtype_policy": "mixed_bfloat16",
    },
}


class Regression(Problem):
    """Tells a number from a sequence."""

    def collate(self, columns, length, tokenizer, random=None):
        x = tokenizer.arrays(columns, length)
        return x, {"label": np.asarray(columns["label"], dtype="float32")}

    def loss(self, y, logits):
        error = keras.ops.subtract(logits[:, 0], y["label"])
        total = keras.ops.sum(keras.ops.square(error))
        return total, keras.ops.cast(keras.ops.size(y["label"]), "float32")


class Copying(Watch):
    """Scores as it is told, and keeps the progress of the stage's middle."""

    def __init__(self, folder, scores):
        self._folder, self._scores = folder, scores

    def step(self, step, loss):
        # Its own progress is saved after this call.
        if step == MIDDLE + 1:
            middle = self._folder.with_name(f"{self._folder.name}_middle")
            shutil.copytree(self._folder, middle, dirs_exist_ok=True)

    def score_dev(self, step):
        return self._scores[step]


def sources():
    """Two of them, of other tokens each."""
    random = np.random.default_rng(0)
    found = []
    for name, first in (("first", 100), ("second", 700)):
        ids = [random.integers(first, first + 25, 6).tolist() for _ in range(9)]
        columns = {"token_ids": ids, "length": [6] * 9, "label": np.arange(9.0)}
        split = fakes.split_of(columns, max_length=16)
        found.append(
            TrainSource(name=name, key="toy", problem=Regression(), split=split)
        )
    return tuple(found)


def rows_of(trained):
    features = [source.split.features for source in trained]
    return compact_rows(features, LETTERS.layout, 1062)


def stage(
    folder,
    *,
    is_compact,
    micro_batch_size=None,
    dropout=0.0,
    scores=SCORES,
    **recipe,
):
    """Trains a stage, from its progress if there is any; returns weights."""
    recipe = Recipe(**{**vars(RECIPE), **recipe})
    encoder = table_encoder(1062, dtype_policy=recipe.dtype_policy)
    encoder.dropout = dropout
    trained = sources()
    model = MultiTask(encoder, {"toy": ClassificationHead(1, encoder)})
    training = Training(
        sources=trained,
        shares=(0.5, 0.5),
        recipe=recipe,
        num_steps=NUM_STEPS,
        stage_name="toy",
        seed=1,
        micro_batch_size=micro_batch_size,
        save_every_seconds=0.0,
    )
    if is_compact:
        model.compact(rows_of(trained))
    state = train(
        model,
        training,
        tokenizer=LETTERS,
        progress=TrainingProgress(folder, None),
        interruption=Interruption(),
        watch=Copying(folder, scores),
    )
    assert state.best_step == max(scores, key=scores.get)
    model.end_training(state.best_step)
    return [
        keras.ops.convert_to_numpy(variable).copy()
        for variable in model.trainable_variables
    ]


def compact_and_whole(folder):
    """Returns what the test compares."""
    start = table_encoder(1062).token_embedding
    found = {
        "vocabulary/rows": rows_of(sources()),
        "vocabulary/start": keras.ops.convert_to_numpy(start).copy(),
    }

    def note(name, weights):
        for number, value in enumerate(weights):
            found[f"vocabulary/{name}/{number}"] = value

    kinds = {"compact": True, "whole": False}
    for name, how in VARIANTS.items():
        for kind, is_compact in kinds.items():
            place = folder / f"{name}_{kind}"
            weights = stage(place, is_compact=is_compact, **how)
            note(f"{name}/{kind}", weights)
    for first, then in itertools.product(kinds, kinds):
        if "compact" in (first, then):
            place = folder / f"{first}_{then}"
            shutil.copytree(folder / f"plain_{first}_middle", place)
            weights = stage(place, is_compact=kinds[then])
            note(f"resumed/{first}_{then}", weights)
    return found
