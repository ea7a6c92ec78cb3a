"""Parity with XTREME's reference evaluator on its own mock files."""

import json
import os
import pathlib

import pytest

from stilts_keras.scoring import metrics


@pytest.fixture(scope="module")
def mock():
    """The folder of XTREME's mock labels and predictions."""
    material = os.environ.get("STILTS_TEST_MATERIAL")
    if not material:
        pytest.skip("needs XTREME's mock files: STILTS_TEST_MATERIAL is unset")
    folder = pathlib.Path(material) / "xtreme_mock"
    if not folder.is_dir():
        pytest.skip(f"needs XTREME's mock files: {folder} is not there")
    return folder


def expected_scores(mock, task):
    """What the reference evaluator printed for a task."""
    return json.loads((mock / "expected.json").read_text("utf-8"))[task]


def read_tags(path):
    """Reads sentences of one tag per line."""
    blocks = path.read_text("utf-8").strip().split("\n\n")
    return [block.split("\n") for block in blocks]


def read_answers(path):
    """Reads gold answers by question from SQuAD's JSON."""
    data = json.loads(path.read_text("utf-8"))["data"]
    return {
        question["id"]: [answer["text"] for answer in question["answers"]]
        for article in data
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    }


@pytest.mark.parametrize(
    ("task", "metric"), [("udpos", "chunk_f1"), ("panx", "entity_f1")]
)
def test_tagging_scores_equal_the_reference(mock, task, metric):
    expected = expected_scores(mock, task)
    scores = {}
    for language in expected["f1"]:
        name = f"{task}/test-{language}.tsv"
        gold = read_tags(mock / "labels" / name)
        guess = read_tags(mock / "predictions" / name)
        scores[language] = metrics.METRICS[metric](gold, guess)
    assert scores == pytest.approx(expected["f1"], abs=1e-9)
    mean = sum(scores.values()) / len(scores)
    assert mean == pytest.approx(expected["avg_f1"], abs=1e-9)


@pytest.mark.parametrize("task", ["xquad", "tydiqa"])
def test_answer_scores_equal_the_reference(mock, task):
    expected = expected_scores(mock, task)
    for metric in ("exact_match", "f1"):
        scores = {}
        for language in expected[metric]:
            name = f"{task}/test-{language}.json"
            gold = read_answers(mock / "labels" / name)
            guess = json.loads((mock / "predictions" / name).read_text("utf-8"))
            texts = [guess.get(key, "") for key in gold]
            scores[language] = metrics.METRICS[metric](
                list(gold.values()), texts
            )
        assert scores == pytest.approx(expected[metric], abs=1e-9)
        mean = sum(scores.values()) / len(scores)
        assert mean == pytest.approx(expected[f"avg_{metric}"], abs=1e-9)


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_accuracies_equal_the_reference(mock, task):
    expected = expected_scores(mock, task)
    for language, value in expected["accuracy"].items():
        name = f"{task}/test-{language}.tsv"
        gold = (mock / "labels" / name).read_text("utf-8").split()
        guess = (mock / "predictions" / name).read_text("utf-8").split()
        assert metrics.accuracy(gold, guess) == pytest.approx(value, abs=1e-9)
