"""What test_disturbed_run.py has torch do, in a process of its own.

`KERAS_BACKEND=torch python disturbed_run.py FOLDER` leaves run folders and
FOLDER/torch.npz there.
"""

import io
import json
import pathlib
import sys

import numpy as np
import rich.console

import retrieval_rows
from encoders import describe_tiny
from stilts_keras import backend
from stilts_keras.data.matching import match
from stilts_keras.data.sources import open_data
from stilts_keras.disturbances import TYPOS
from stilts_keras.experiment import run
from stilts_keras.graph.graph import Graph
from stilts_keras.steps.evaluate import Evaluator
from stilts_keras.tasks import NOISY_XNLI
from stilts_keras.tasks import XNLI
from stilts_keras.tasks.example import TextPair
from stilts_keras.visits import evaluation

DISTURB = ("typos:0,5", "word_drops@xnli:2", "real_noise")
RECIPE = {
    "max_length": 32,
    "batch_size": 8,
    "epochs": 1.0,
    "eval_every_steps": 0,
}


def graph(data, disturb=()):
    return Graph(
        routes=["pretrained"],
        targets=["xnli", "tatoeba", "lareqa"],
        languages=["de"],
        data=data,
        retrieval_layer="sweep",
        backbone=describe_tiny(),
        train_limit=16,
        eval_limit=24,
        recipe=RECIPE,
        disturb=disturb,
    )


class Counting(Evaluator):
    """Counts the pools that are embedded."""

    num_pools = 0

    def embed(self, model, splits):
        Counting.num_pools += 1
        return super().embed(model, splits)


def make(run_dir, *built):
    """Returns what is printed, and how many pools were embedded."""
    console = rich.console.Console(file=io.StringIO())
    Counting.num_pools = 0
    run(graph(*built), run_dir=run_dir, console=console)
    return console.file.getvalue(), Counting.num_pools


def write_noisy(folder):
    """Writes every other German row of the pocket with typos."""
    rows = open_data("pocket").load(XNLI, "de", "test")
    lines = []
    for number in range(0, len(rows), 2):
        row = rows[number]
        pair = TextPair(first=row["premise"], second=row["hypothesis"])
        pair = TYPOS.at(3).apply(
            pair, task="noise", language="de", split="test", number=number
        )
        changed = {"premise": pair.first, "hypothesis": pair.second}
        lines.append(json.dumps({**row, **changed}) + "\n")
    file = folder / "extra/noisy_xnli/de/test.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(lines), "utf-8")


def main(folder):
    backend.prepare()
    evaluation.Evaluator = Counting
    retrieval_rows.write(folder / "data")
    write_noisy(folder / "data")
    data = f"{folder / 'data'},pocket"
    printed, num_pools = zip(
        make(folder / "grown", data),
        make(folder / "grown", data, DISTURB),
        make(folder / "whole", data, DISTURB),
        strict=True,
    )
    pairs = match(open_data(data), NOISY_XNLI, XNLI, "de")
    pairs = pairs.limited(24)
    found = {
        "printed": printed,
        "num_pools": num_pools,
        "clean": pairs.clean.tolist(),
        "noisy": pairs.noisy.tolist(),
    }
    np.savez(folder / "torch.npz", found=json.dumps(found))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
