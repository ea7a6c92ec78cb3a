"""What a run keeps of a cell: of disturbed rows, beside the clean ones."""

import types

import pytest

import fake_runs
from stilts_keras.records.result_files import ResultFiles
from stilts_keras.records.rows import Score
from stilts_keras.tasks import get_task

GOLD = ["neutral", "entailment", "contradiction"]
RIGHT = GOLD
WRONG = ["neutral"] * 3


def scored(guesses, **disturbed):
    """What `visits` hands over of one language of a cell."""
    place = {"disturbance": "", "severity": 0} | disturbed
    cell = types.SimpleNamespace(
        route="mnli", target=get_task("xnli"), seed=1, split="test", **place
    )
    return types.SimpleNamespace(
        cell=cell,
        language="de",
        rows=(fake_runs.score(Score, **place),),
        layer_rows=(),
        gold=GOLD,
        predictions=guesses,
        ids=None,
        pairs=None,
    )


@pytest.mark.parametrize("first", ["clean", "disturbed"])
def test_disturbed_predictions_are_in_no_submission(tmp_path, first):
    description = {
        "data_fingerprints": {},
        "cells": {},
        "stages": {},
        "lessons": {},
    }
    kept = ResultFiles(tmp_path, None, description)
    both = [scored(RIGHT), scored(WRONG, disturbance="typos", severity=3)]
    with kept.open_events():
        for each in both if first == "clean" else both[::-1]:
            kept.keep_scores(each)
    (submitted,) = tmp_path.glob("submission/xtreme/mnli/seed-1/xnli/*de*")
    assert submitted.read_text("utf-8").split() == RIGHT
    folder = tmp_path / "predictions/mnli/xnli/seed-1"
    for place, guesses in (("", RIGHT), ("typos-3/", WRONG)):
        text = (folder / f"{place}test-de.jsonl").read_text("utf-8")
        assert text.count('"prediction": "neutral"') == guesses.count("neutral")
    # Neither replaces the other.
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 2
