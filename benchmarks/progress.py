"""Times the saving and loading of a stage's progress; prints one JSON line.

    python -m benchmarks.progress [layers] [hidden] [vocabulary]

Without sizes: XLM-R base. `KERAS_BACKEND` chooses the backend. Beside it, the
time of one training step: what `--save_every_minutes` costs can be told.
"""

import json
import os
import pathlib
import platform
import tempfile
import time

import keras
import numpy as np

from benchmarks import harness
from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.problems import problem_of
from stilts_keras.steps.checkpoint import TrainingProgress
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.steps.update import Update
from stilts_keras.tasks import get_task
from stilts_keras.tasks.task import Recipe

SIZES = (12, 768, 250_002)
STATE = {"step": 1, "is_evaluated": False, "best_step": None}


def main():
    layers, hidden, vocabulary = harness.sizes(SIZES)
    backend.prepare()
    backbone = describe_backbone(
        "random",
        tokenizer="pocket",
        num_layers=layers,
        num_heads=hidden // 64,
        hidden_dim=hidden,
        intermediate_dim=4 * hidden,
    )
    tokenizer = load_tokenizer(backbone)
    # As many rows, whatever the tokenizer needs of them.
    tokenizer.vocabulary_size = vocabulary
    encoder = load_root(backbone, tokenizer=tokenizer)
    problem = problem_of(get_task("mnli"))
    model = MultiTask(encoder, {"nli": problem.head(encoder)})
    optimizer = make_optimizer(Recipe(), 100, model.trainable_variables)
    update = Update(model, {"nli": problem.loss}, optimizer)
    ids = np.random.default_rng(0).integers(4, vocabulary, (8, 62)).tolist()
    columns = tokenizer.columns([tokenizer.join(row) for row in ids])
    x = tokenizer.arrays(columns, 64)
    y = {"label": np.zeros(8, dtype="int32")}
    steps = [timed(lambda: float(update("nli", x, y))) for _ in range(4)][1:]
    with tempfile.TemporaryDirectory() as folder:
        progress = TrainingProgress(pathlib.Path(folder) / "progress", None)
        saves = [timed(progress.save, model, STATE) for _ in range(3)]
        num_bytes = files.num_bytes(progress.folder)
        load = timed(progress.load, model)
    print(
        json.dumps(
            {
                "benchmark": "progress",
                "backend": keras.backend.backend(),
                "layers": layers,
                "hidden": hidden,
                "vocabulary": vocabulary,
                "num_bytes": num_bytes,
                "save_seconds": [round(s, 2) for s in saves],
                "load_seconds": round(load, 2),
                "step_seconds": [round(s, 2) for s in steps],
                "cores": os.cpu_count(),
                "python": platform.python_version(),
            }
        )
    )


def timed(function, *arguments):
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
