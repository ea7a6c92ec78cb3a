"""What a run folder tells TensorBoard of many routes together."""

from fakes import graph
from stilts_keras.reporting.tensorboard import read_scalars
from stilts_keras.run_folder import RunFolder


def frame(*rows):
    return {
        "rows": [
            {"shape": shape, "cells": {"mean": {"value": value}}}
            for shape, value in rows
        ]
    }


def curve(folder, name):
    return {
        step: value
        for tag, step, value in read_scalars(
            folder / "tensorboard" / "curves" / name
        )
        if tag == "number_of_tasks/mean"
    }


def test_scores_are_curves_over_the_number_of_tasks(tmp_path):
    folder = RunFolder(tmp_path, graph())
    folder.keep_curves(frame(((0, 0), 10.0)))
    folder.keep_curves(
        frame(
            ((0, 0), 40.0),
            ((1, 1), 41.0),
            ((2, 1), 42.5),
            ((2, 2), 43.0),
            # Neither all mixed nor all apart.
            ((3, 2), 44.0),
        )
    )
    # A run that has grown has other means: the old ones are gone.
    assert curve(tmp_path, "one stage each") == {0: 40.0, 1: 41.0, 2: 43.0}
    assert curve(tmp_path, "all in one stage") == {0: 40.0, 1: 41.0, 2: 42.5}
