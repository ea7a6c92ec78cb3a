"""What was measured of a run of three small stages, made by hand."""

import platform

from fakes import BACKBONE
from fakes import graph
from stilts_keras.records.rows import Speed

RECIPE = {"batch_size": 10, "max_length": 64, "epochs": 1.0}


def small_graph(**changes):
    """Stages panx, mnli and mnli/panx of 100 steps each; four evaluations."""
    return graph(
        routes=["pretrained", "mnli"],
        targets=["panx"],
        languages=["en", "de"],
        train_limit=1000,
        eval_limit=50,
        recipe=RECIPE,
        **changes,
    )


def speed(of="a", **changes):
    facts = {
        "of": of,
        "tasks": ("panx",),
        "backbone": BACKBONE.fingerprint,
        "host": platform.node(),
        "device": "cpu",
        "devices": 1,
        "backend": "torch",
        "dtype_policy": "float32",
        "batch_size": 10,
        "max_lengths": (64,),
        "seconds": 40.0,
        "num_steps": 100,
        "step_seconds": 0.3,
    }
    return Speed(**facts | changes)


def evaluation(of, rows, seconds, **changes):
    return speed(
        of,
        rows=rows,
        seconds=seconds,
        num_steps=0,
        step_seconds=None,
        **{"max_rows": 50} | changes,
    )
