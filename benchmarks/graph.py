"""Times planning and walking a graph whose stages have no work to do.

    python -m benchmarks.graph [stages] [rounds]

Without arguments: 300 stages. Walking is all that a run does besides loading,
training and evaluating: what is left is found, data are prepared, and stages
that nothing needs are looked for. A graph of one stage is taken off.
"""

import pathlib
import statistics
import sys
import tempfile
import time

from benchmarks import harness

SIZES = (300, harness.NUM_ROUNDS)


def main():
    num_stages, num_rounds = harness.sizes(SIZES)
    from stilts_keras.visits import walk as walking

    # Stages of no work: their visits yield nothing.
    walking.make = lambda *arguments: iter(())
    walk(1)
    rounds = [(walk(1), walk(num_stages)) for _ in range(num_rounds)]
    by_stage = {
        what: [
            1000 * (many[what] - one[what]) / (num_stages - 1)
            for one, many in rounds
        ]
        for what in ("plan", "walk")
    }
    harness.print_json(
        "graph",
        {"stages": num_stages, "rounds": num_rounds},
        **{
            f"{what}_ms_per_stage": {
                "median": round(statistics.median(found), 3),
                "min": round(min(found), 3),
                "max": round(max(found), 3),
            }
            for what, found in by_stage.items()
        },
    )


def walk(num_stages):
    """Returns the seconds of planning and of walking a graph."""
    from rich.console import Console

    from stilts_keras import Graph
    from stilts_keras import describe_backbone
    from stilts_keras import open_data
    from stilts_keras import run

    begun = time.perf_counter()
    graph = Graph(
        routes=["mnli:32"],
        targets=["tatoeba"],
        languages=["de"],
        seeds=list(range(num_stages)),
        data=open_data("pocket"),
        backbone=describe_backbone("random", tokenizer="pocket"),
    )
    if len(graph.stages) != num_stages:
        raise RuntimeError(f"{len(graph.stages)} stages, not {num_stages}")
    planned = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run(
            graph,
            run_dir=pathlib.Path(folder) / "run",
            keep="last",
            console=Console(quiet=True),
        )
    return {"plan": planned - begun, "walk": time.perf_counter() - planned}


if __name__ == "__main__":
    sys.exit(main())
