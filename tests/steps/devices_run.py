"""Runs a graph on one JAX device and on two: what test_devices.py compares.

`python devices_run.py FOLDER CASE...` writes FOLDER/jax.npz. The two are
virtual ones, of this machine's processor.
"""

import json
import os
import pathlib
import signal
import sys

import keras
import numpy as np

os.environ["XLA_FLAGS"] = (
    "--xla_force_host_platform_device_count=2 "
    # Most of this is compilation.
    "--xla_backend_optimization_level=0 "
    "--xla_llvm_disable_expensive_passes=true"
)

from encoders import describe_tiny
from stilts_keras import backend
from stilts_keras.backend import steps as backend_steps
from stilts_keras.data.sources import PocketData
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.graph.graph import Graph
from stilts_keras.interruption import Interruption
from stilts_keras.options import Options
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.stage_folders import stages_in_run
from stilts_keras.steps import multitask
from stilts_keras.steps import train
from stilts_keras.visits.screen import Screen
from stilts_keras.visits.walk import walk

RECIPE = {
    "max_length": 24,
    "batch_size": 8,
    "epochs": 1,
    "learning_rate": 3e-3,
    "eval_every_steps": 2,
    "dev_limit": 12,
}
# Name -> (what the graph is, how it is run). Each on one device, and on two.
CASES = {
    "plain": ({}, {}),
    # LoRA trains on the whole vocabulary, plain stages on a compact one.
    "slices": ({"lora_rank": 2}, {"micro_batch_size": 5}),
}
STOP_AT = 3


class Seen:
    """What a run has shown: losses, and on how many devices things lay."""

    def __init__(self):
        self.losses, self.variables, self.rows = [], set(), set()


SEEN = Seen()


def main(folder, names):
    backend.prepare()
    look_on()
    found = {}
    for name in names:
        recipe, how = CASES.get(name, ({}, {}))
        graph = graph_of(**recipe)
        if name == "resumed":
            for first, then in ((2, 1), (1, 2)):
                place = folder / f"{first}{then}"
                run(graph, place, first, stop_at=STOP_AT)
                found[f"{name}/{first}{then}"] = run(graph, place, then)
        else:
            for number in (1, 2):
                place = folder / f"{name}{number}"
                found[f"{name}/{number}"] = run(graph, place, number, **how)
    found["refused"] = refused(folder)
    np.savez(folder / "jax.npz", found=json.dumps(found))


def graph_of(*, sizes=None, **recipe):
    """Two stages, one after the other, and what is evaluated after each."""
    return Graph(
        routes=["mnli"],
        targets=["udpos", "tatoeba"],
        data=PocketData(),
        backbone=describe_tiny(dropout=0.1, **(sizes or {})),
        languages=["en", "de"],
        train_limit=32,
        eval_limit=13,
        recipe={**RECIPE, **recipe},
    )


def run(graph, run_dir, devices, *, stop_at=None, **how):
    """Makes all visits, or is stopped by SIGTERM; returns what was seen."""
    global SEEN
    SEEN = Seen()
    folder = RunFolder(run_dir, graph)
    options = Options(run_dir=run_dir, devices=devices, **how)
    SEEN.stop_at = stop_at
    try:
        with Interruption() as interruption, folder.lock():
            with Screen(folder, Display()) as screen:
                walk(folder, options, screen, interruption, {})
    except Interrupted:
        pass
    scores = [
        [row.route, row.target, row.language, row.metric, row.value]
        for row in folder.files.scores()
    ]
    return {
        "losses": SEEN.losses,
        "variables": sorted(SEEN.variables),
        "rows": sorted(SEEN.rows),
        "scores": sorted(scores),
        "predictions": {
            str(file.relative_to(run_dir)): file.read_text()
            for file in sorted(run_dir.glob("predictions/**/*.jsonl"))
        },
        "stages": sorted(stages_in_run(run_dir)),
        "left": len(folder.remaining().stages),
    }


class Display:
    """Notes losses; asks the process to stop after so many steps."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def start(self, stage_name, num_steps, step=0):
        self.stage_name = stage_name

    def update(self, step, loss=None):
        SEEN.losses.append([self.stage_name, step, loss])
        if len(SEEN.losses) == SEEN.stop_at:
            os.kill(os.getpid(), signal.SIGTERM)

    def note(self, text):
        pass

    def finish(self):
        pass


def look_on():
    """Has what trains, and what predicts, tell where its arrays lie."""
    run_step, predict = train.Update.__call__, multitask.MultiTask
    predict_on_batch = predict.predict_on_batch
    before = backend_steps.spread

    def spread(arrays):
        found = before(arrays)
        SEEN.rows |= {shares_of(array) for array in keras.tree.flatten(found)}
        return found

    def step(self, *batch):
        result = run_step(self, *batch)
        note_variables(self._model.variables)
        note_variables(self._model.optimizer.variables)
        return result

    def predicted(self, x):
        note_variables(self.variables)
        return predict_on_batch(self, x)

    backend_steps.spread = multitask.spread = spread
    train.Update.__call__ = step
    predict.predict_on_batch = predicted


def note_variables(variables):
    SEEN.variables |= {len(v.value.sharding.device_set) for v in variables}


def shares_of(array):
    """Returns among how many devices an array's rows are divided."""
    if isinstance(array, np.ndarray):
        return 1
    return len(array) / array.sharding.shard_shape(array.shape)[0]


def refused(folder):
    """Returns what is said of devices that cannot be used, or are not there."""
    found = {}
    for name, devices, how, recipe in (
        ("absent", 3, {}, {}),
        ("unequal", 2, {}, {"batch_size": 9}),
        ("too_few_rows", 2, {"micro_batch_size": 1}, {}),
    ):
        try:
            run(graph_of(**recipe), folder / name, devices, **how)
        except InputError as error:
            found[name] = str(error)
        found[f"{name}_losses"] = len(SEEN.losses)
    return found


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
