"""What test_all_problems.py has a process do.

`python all_problems_run.py FOLDER DATA BACKBONE` runs all problems on a
backbone (`toy`, or a folder), undisturbed, then cut off and resumed, and then
from a finished stage's folder.
"""

import os
import pathlib
import signal
import sys

import keras

from backbones import toy_family
from encoders import SIZES
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.errors import Interrupted
from stilts_keras.experiment import run
from stilts_keras.graph.graph import Graph
from stilts_keras.reporting.progress import Progress

TARGETS = ("xnli", "udpos", "xquad", "tatoeba", "bucc2018", "lareqa")
CHAIN = "mlm@de+hellaswag/squad_v2"


def main(folder, data, name):
    toy_family.register()
    if name == "toy":
        how = {"family": name, "tokenizer": "pocket", **SIZES}
        backbone = describe_backbone("random", **how)
    else:
        backbone = describe_backbone(name)
    graph = graph_on(backbone, ["pretrained", CHAIN], TARGETS, data)
    run(graph, run_dir=folder / "whole")
    stop_once_at_step(3)
    try:
        run(graph, run_dir=folder / "resumed")
    except Interrupted:
        # Keras numbers names on; in a process of its own they begin anew.
        keras.utils.clear_session()
        run(graph, run_dir=folder / "resumed")
    else:
        raise RuntimeError("nothing was cut off")
    (manifest,) = (folder / "whole").glob("stages/**/squad_v2*/*/manifest.json")
    finished = describe_backbone(str(manifest.parent))
    graph = graph_on(finished, ["pretrained"], ["tatoeba"], data)
    run(graph, run_dir=folder / "again")


def graph_on(backbone, routes, targets, data):
    return Graph(
        routes=routes,
        targets=targets,
        languages=("de",),
        data=data,
        backbone=backbone,
        train_limit=24,
        eval_limit=8,
        recipe={
            "max_length": 48,
            "batch_size": 8,
            "epochs": 1.0,
            "learning_rate": 1e-3,
            "eval_every_steps": 2,
            "dev_limit": 8,
        },
    )


def stop_once_at_step(step):
    """Has the process asked to stop after so many steps, in some stage."""
    update = Progress.update

    def updated(self, num_steps, loss):
        if num_steps == step:
            Progress.update = update
            os.kill(os.getpid(), signal.SIGTERM)
        return update(self, num_steps, loss)

    Progress.update = updated


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
