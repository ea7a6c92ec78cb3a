"""Times a run on ten times as many rows against itself.

    python -m benchmarks.scale [rows] [pairs of timings]

Without arguments: 5,000 and 50,000 rows, which are read, packed, learnt from
in one epoch, and as many evaluated; the network is hardly there.
`KERAS_BACKEND` chooses the backend.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile

from benchmarks import harness

SIZES = (5_000, harness.NUM_ROUNDS)
FACTOR = 10
WORDS = "the a one no small green old house river friend sees finds has".split()
LABELS = ("entailment", "neutral", "contradiction")


def main():
    num_rows, num_pairs = harness.sizes(SIZES)
    with tempfile.TemporaryDirectory() as folder:
        contestants = {
            name: harness.Contestant(
                "benchmarks.scale",
                ["rows", str(number), f"{folder}/{number}"],
                {"HF_HOME": f"{folder}/{number}/cache"},
            )
            for name, number in (
                ("rows", num_rows),
                (f"rows x {FACTOR}", FACTOR * num_rows),
            )
        }
        with harness.started(contestants) as children:
            answers = harness.rounds(children, num_rounds=num_pairs)
    found = harness.summary(answers, base="rows")
    (slower,) = found.pop("times_as_fast").values()
    harness.print_json(
        "scale",
        {"rows": num_rows, "factor": FACTOR},
        **found,
        # The other way round: how many times as long it takes.
        times_as_long={
            "median": round(1 / slower["median"], 2),
            "min": round(1 / slower["max"], 2),
            "max": round(1 / slower["min"], 2),
        },
    )


def compete(num_rows, folder):
    from rich.console import Console

    from stilts_keras import Graph
    from stilts_keras import describe_backbone
    from stilts_keras import open_data
    from stilts_keras import run

    folder = pathlib.Path(folder)
    write_rows(folder / "data", num_rows)

    def work():
        # An empty cache, and an empty run folder.
        shutil.rmtree(folder / "run", ignore_errors=True)
        shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)
        graph = Graph(
            routes=["mnli"],
            targets=["xnli"],
            languages=["de"],
            data=open_data(str(folder / "data")),
            backbone=describe_backbone(
                "random",
                tokenizer="pocket",
                num_layers=1,
                num_heads=2,
                hidden_dim=16,
                intermediate_dim=16,
            ),
            recipe={
                "epochs": 1.0,
                "eval_every_steps": 0,
                "max_length": 32,
            },
        )
        run(graph, run_dir=folder / "run", console=Console(quiet=True))

    with harness.channel() as answer:
        answer(work)


def write_rows(folder, num_rows):
    """Writes MNLI's training rows and XNLI's test rows, in their layout."""
    import numpy as np

    random = np.random.default_rng(0)
    for path in ("nyu-mll/glue/mnli/train", "facebook/xnli/de/test"):
        file = folder / f"{path}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as lines:
            for number in range(num_rows):
                row = {
                    name: " ".join(random.choice(WORDS, random.integers(3, 12)))
                    for name in ("premise", "hypothesis")
                }
                row["label"] = LABELS.index(random.choice(LABELS))
                row["idx"] = number
                lines.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["rows"]:
        compete(int(sys.argv[2]), sys.argv[3])
    else:
        main()
