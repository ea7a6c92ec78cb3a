"""A metric and a suite of one's own go through reports with no other edit."""

import dataclasses

import pytest

import fake_runs
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather
from stilts_keras.scoring.metrics import METRICS
from stilts_keras.scoring.suites import SUITES
from stilts_keras.tasks import TASKS
from toy_metric import HALF_RIGHT
from toy_metric import TOY_TASK
from toy_suite import TOY

LANGUAGES = ("en", "de", "hi")
GOLD = ["entailment", "neutral", "contradiction"] * 20
# The baseline is right in every fifth row, mnli in all others.
GUESSES = {
    "pretrained": [
        "entailment" if at % 5 else truth for at, truth in enumerate(GOLD)
    ],
    "mnli": [
        truth if at % 5 else "entailment" for at, truth in enumerate(GOLD)
    ],
}


def write(run_dir, target, metric, gold, guesses, with_counts=True):
    for route, guess in guesses.items():
        fake_runs.write_scores(
            run_dir,
            route,
            target,
            dict.fromkeys(LANGUAGES, guess),
            gold=dict.fromkeys(LANGUAGES, gold),
            metric=metric,
            with_counts=with_counts,
        )
    return fake_runs.describe(run_dir)


@pytest.fixture
def own_task(monkeypatch):
    monkeypatch.setitem(TASKS, "toy", TOY_TASK)


def cells(frame, route):
    (found,) = [row for row in frame["rows"] if row["label"] == route]
    return found["cells"]


def test_a_metric_of_one_s_own_is_reported_and_judged(tmp_path, own_task):
    write(tmp_path, "toy", HALF_RIGHT, GOLD, GUESSES)
    made = report.build(gather([tmp_path]))
    assert made.evidence.primary == {"toy": "half_right"}
    assert not made.evidence.problems
    found = cells(made.frames["toy"], "mnli")["de"]
    scores = HALF_RIGHT.per_example(GOLD, GUESSES["mnli"])
    assert found["value"] == pytest.approx(scores.mean())
    low, high = HALF_RIGHT.interval(GOLD, GUESSES["mnli"])
    assert (found["low"], found["high"]) == pytest.approx((low, high))
    difference = cells(made.differences["toy"], "mnli")["de"]
    assert difference["p"] < 0.05
    assert "half_right" in report.to_markdown(made)


def test_an_unknown_metric_is_judged_from_what_was_counted_with_it(
    tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setitem(TASKS, "toy", TOY_TASK)
        for name, with_counts in (("whole", True), ("bare", False)):
            folder = tmp_path / name
            write(folder, "toy", HALF_RIGHT, GOLD, GUESSES, with_counts)
    # Neither the task nor its metric is known by now; run.json names both.
    assert "toy" not in TASKS and "half_right" not in METRICS
    made = report.build(gather([tmp_path / "whole"]))
    assert not made.evidence.problems
    assert cells(made.differences["toy"], "mnli")["de"]["p"] < 0.05
    bare = report.build(gather([tmp_path / "bare"]))
    shown = cells(bare.frames["toy"], "mnli")["de"]
    assert shown["value"] == cells(made.frames["toy"], "mnli")["de"]["value"]
    assert cells(bare.differences["toy"], "mnli")["de"]["p"] is None
    text = report.to_markdown(bare)
    assert "metric 'half_right' is not known here" in text
    assert "not judged" in text


def test_a_suite_of_one_s_own_has_its_table(tmp_path, monkeypatch):
    write(tmp_path, "xnli", "accuracy", GOLD, GUESSES)
    tags = [["DET", "NOUN"], ["VERB"]] * 15
    flat = [["DET", "DET"], ["VERB"]] * 15
    guesses = {"pretrained": flat, "mnli": tags}
    write(tmp_path, "udpos", "chunk_f1", tags, guesses)
    answers = [["Hund"], ["1889"]] * 15
    guesses = {"pretrained": ["Hund"] * 30, "mnli": ["Hund", "1889"] * 15}
    for metric in ("exact_match", "f1"):
        write(tmp_path, "xquad", metric, answers, guesses)
    before = report.build(gather([tmp_path]))
    assert not set(SUITES) & set(before.frames)
    scores = {"xnli": ("accuracy",), "udpos": ("chunk_f1",)}
    suite = dataclasses.replace(
        TOY, task_scores=scores | {"xquad": ("em", "f1")}
    )
    monkeypatch.setitem(SUITES, "toy", suite)
    made = report.build(gather([tmp_path]))
    frame = made.frames["toy"]
    assert frame["columns"] == ["xnli", "udpos", "xquad", "Toy"]
    found = {name: cell["value"] for name, cell in cells(frame, "mnli").items()}
    assert found["udpos"] == found["xquad"] == 100.0
    # The mean of two groups, of one and of two tasks.
    assert found["Toy"] == pytest.approx((found["xnli"] + 100.0) / 2)
    assert "Toy's score of each target" in report.to_markdown(made)
    # English is none of the suite's languages.
    assert not any("Not all of Toy's" in note for note in frame["notes"])
