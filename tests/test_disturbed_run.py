"""Disturbed evaluations, end to end, on torch: disturbed_run.py."""

import json
import pathlib

import pytest

from backends import run_on
from stilts_keras.data.sources import open_data
from stilts_keras.records.predictions import file_of
from stilts_keras.records.predictions import read
from stilts_keras.records.prune import prune_run
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import key_of
from stilts_keras.tasks import XNLI

SCRIPT = pathlib.Path(__file__).with_name("disturbed_run.py")
TARGETS = ("xnli", "tatoeba", "lareqa")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("disturbed")


@pytest.fixture(scope="module", autouse=True)
def found(folder):
    return json.loads(str(run_on("torch", SCRIPT, folder)["found"]))


def rows_of(run_dir):
    rows = read_rows(run_dir / "results.jsonl", Score)
    return {key_of(row): row for row in rows}


def predictions(folder, target, disturbance="", severity=0):
    return file_of(
        folder / "grown",
        route="pretrained",
        target=target,
        seed=1,
        split="test",
        language="de",
        disturbance=disturbance,
        severity=severity,
    )


def test_a_run_that_is_disturbed_later_is_as_one_that_was_at_once(folder):
    grown, whole = rows_of(folder / "grown"), rows_of(folder / "whole")
    assert grown == whole
    assert {
        (row.target, row.disturbance, row.severity) for row in grown.values()
    } == {
        *((target, "", 0) for target in TARGETS),
        *((target, "typos", 0) for target in TARGETS),
        *((target, "typos", 5) for target in TARGETS),
        ("xnli", "word_drops", 2),
        ("xnli", "real_noise", 0),
        ("xnli", "real_noise", 1),
    }


def test_what_is_done_is_not_done_again(found):
    clean, added, whole = found["printed"]
    for printed in (clean, whole):
        assert "evaluating xnli after pretrained: de" in printed
    assert "evaluating xnli after pretrained: de" not in added
    for printed in (added, whole):
        assert "evaluating xnli after pretrained under typos 5: de" in printed
        assert "evaluating tatoeba after pretrained under" in printed


def test_nothing_is_trained_for_it(folder):
    trainings = [
        (folder / name / "trainings.jsonl").read_text().count("\n")
        for name in ("grown", "whole")
    ]
    # XNLI's and LAReQA's own.
    assert trainings == [2, 2]
    stages = (folder / "grown" / "stages").rglob("manifest.json")
    last = max(file.stat().st_mtime_ns for file in stages)
    first = min(
        file.stat().st_mtime_ns
        for file in (folder / "grown" / "predictions").rglob("typos-0/*")
    )
    assert last < first


@pytest.mark.parametrize("target", TARGETS)
def test_severity_0_gives_the_clean_result_bit_for_bit(folder, target):
    clean = predictions(folder, target).read_bytes()
    same = predictions(folder, target, "typos", 0).read_bytes()
    assert same == clean
    rows = rows_of(folder / "grown").values()
    values = {
        (row.metric, row.value, row.low, row.high)
        for row in rows
        if (row.target, row.severity) == (target, 0)
        and row.disturbance in ("", "typos")
    }
    assert len(values) == len({metric for metric, *_ in values})


@pytest.mark.parametrize("target", TARGETS)
def test_gold_is_the_clean_one_under_a_disturbance(folder, target):
    gold, _, ids = read(predictions(folder, target))
    others = read(predictions(folder, target, "typos", 5))
    assert (others[0], others[2]) == (gold, ids)


def test_queries_are_disturbed_and_candidates_are_not(folder):
    """With candidates disturbed, too, hidden states of English would move."""
    for target in ("tatoeba", "lareqa"):
        clean = predictions(folder, target).read_bytes()
        other = predictions(folder, target, "typos", 5)
        assert other.read_bytes() != clean
        notes = {
            row.disturbance: row.notes
            for row in rows_of(folder / "grown").values()
            if row.target == target and row.severity in (0, 5)
        }
        assert "typos 5: 20 % of letters" in notes["typos"]


def test_what_is_searched_is_embedded_once_for_all_settings(folder, found):
    """Clean, typos 0, typos 5: each run has one stage that searches."""
    assert found["num_pools"] == [1, 1, 1]
    for disturbance, severity in (("", 0), ("typos", 0), ("typos", 5)):
        file = predictions(folder, "lareqa", disturbance, severity)
        other = folder / "whole" / file.relative_to(folder / "grown")
        assert other.read_bytes() == file.read_bytes()


def test_real_noise_is_compared_on_the_same_rows_only(folder, found):
    """Severity 0 are the clean rows that the disturbed ones were made of."""
    labels = open_data("pocket").load(XNLI, "de", "test")["label"]
    names = XNLI.numbered_labels
    assert found["clean"] == [2 * number for number in found["noisy"]]
    for severity in (0, 1):
        gold, guesses, _ = read(
            predictions(folder, "xnli", "real_noise", severity)
        )
        assert len(guesses) == len(found["clean"])
        assert gold == [names[labels[number]] for number in found["clean"]]


def test_only_clean_rows_are_swept_through_all_hidden_states(folder):
    layers = read_rows(folder / "grown/retrieval_layers.jsonl", LayerScore)
    assert layers and not any(row.disturbance for row in layers)


def test_submissions_hold_clean_predictions_alone(folder):
    clean = [
        json.loads(line)["prediction"]
        for line in predictions(folder, "xnli").read_text().splitlines()
    ]
    file = folder / "grown/submission/xtreme/pretrained/seed-1/xnli/test-de.tsv"
    assert file.read_text().split() == clean


def test_pruning_keeps_what_disturbed_scores_were_read_from(folder):
    before = rows_of(folder / "grown")
    pruned = prune_run(folder / "grown", keep="all", is_agreed=lambda _: True)
    assert not pruned.paths
    assert rows_of(folder / "grown") == before
