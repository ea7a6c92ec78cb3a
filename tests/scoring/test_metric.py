"""A Metric is one value, and one of your own is as good as ours."""

import dataclasses
import pickle

import numpy as np
import pytest

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.records import predictions
from stilts_keras.scoring import intervals
from stilts_keras.scoring import metrics
from stilts_keras.scoring.metric import Metric
from stilts_keras.tasks import XNLI
from toy_metric import HALF_RIGHT
from toy_metric import TOY_TASK

GOLD = ["entailment", "neutral", "contradiction", "entailment"] * 10
GUESS = ["entailment", "entailment", "neutral", "neutral"] * 10


def test_a_task_lists_its_own_metric_and_keeps_its_name():
    assert TOY_TASK.metrics == ("half_right", "accuracy")
    first, second = metrics.of(TOY_TASK)
    assert first is HALF_RIGHT and second is metrics.METRICS["accuracy"]
    again = dataclasses.replace(TOY_TASK, version=2)
    assert metrics.of(again) == metrics.of(TOY_TASK)
    assert not dataclasses.replace(again, metrics=("accuracy",)).own_metrics


def test_an_own_metric_scores_with_interval_and_chance():
    found = metrics.score(metrics.of(TOY_TASK), GOLD, GUESS)
    assert found == {"half_right": 50.0, "accuracy": 25.0}
    low, high = HALF_RIGHT.interval(GOLD, GUESS)
    scores = [100.0, 0.0, 50.0, 50.0] * 10
    assert (low, high) == intervals.mean_interval(scores)
    assert 0 < low < 50 < high < 100
    # Always the most frequent label: a half of the rows.
    assert HALF_RIGHT.chance(GOLD) == 50.0


def test_an_own_metric_is_resampled_from_what_was_kept(tmp_path):
    file = tmp_path / "test-de.jsonl"
    ids = [str(at) for at in range(len(GOLD))]
    predictions.write(file, GOLD, GUESS, ids, metric=HALF_RIGHT)
    # Its counts are there: the name is enough.
    for metric in ("half_right", HALF_RIGHT):
        sample, n = predictions.sample_of(file, metric, "de")
        assert sample.value == pytest.approx(50.0) and n == len(GOLD)
    file.with_suffix(predictions.COUNTS).unlink()
    again, _ = predictions.sample_of(file, HALF_RIGHT, "de")
    assert (again.parts == sample.parts).all()
    assert (again.ids == sample.ids).all()
    with pytest.raises(DamageError, match="'half_right' is not known here"):
        predictions.sample_of(file, "half_right", "de")


def test_an_own_metric_must_not_take_another_s_name():
    false_friend = dataclasses.replace(HALF_RIGHT, name="accuracy")
    task = dataclasses.replace(XNLI, metrics=(false_friend,))
    with pytest.raises(InputError, match="'accuracy', which another one is"):
        metrics.of(task)
    # The registry's own value is no other.
    task = dataclasses.replace(XNLI, metrics=(metrics.METRICS["accuracy"],))
    assert metrics.of(task) == metrics.of(XNLI)


@pytest.mark.parametrize("wrong", [7, len, "unknown"])
def test_what_is_no_metric_is_named(wrong):
    with pytest.raises(ValueError, match="metric"):
        metrics.of(dataclasses.replace(XNLI, metrics=(wrong,)))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda gold, guess: [1.0], "a number for each of 40 examples"),
        (lambda gold, guess: 50.0, "a number for each of 40 examples"),
        (lambda gold, guess: [np.nan] * 40, "no finite number"),
        (lambda gold, guess: [400.0] * 40, "from 0 to 100.*Received: 400"),
    ],
)
def test_a_metric_that_gives_something_else_is_named(function, message):
    metric = Metric(name="wrong", scores=function)
    for call in (metric, metric.sample, metric.interval):
        with pytest.raises(InputError, match=f"'wrong'.*{message}"):
            call(GOLD, GUESS)


def test_a_metric_may_have_a_range_of_its_own():
    signed = Metric(
        name="signed",
        scores=lambda gold, guess: [-100.0] * len(gold),
        low=-100.0,
    )
    assert signed(GOLD, GUESS) == -100.0
    assert signed.interval(GOLD[:1], GUESS[:1]) == (-100.0, 100.0)
    parts, wholes = signed.sample(GOLD, GUESS)
    assert 100 * parts.sum() / wholes.sum() == -100.0


def test_a_ratio_of_sums_is_bootstrapped():
    def halves(gold, guess):
        pairs = zip(gold, guess, strict=True)
        return [truth == other for truth, other in pairs], [2.0] * len(gold)

    words = Metric(name="words", parts=halves)
    assert words(GOLD, GUESS) == pytest.approx(12.5)
    assert words.chance(GOLD) is None
    low, high = words.interval(GOLD, GUESS)
    assert low < 12.5 < high


@pytest.mark.parametrize("name", ["", "My metric", "a/b", "2nd"])
def test_a_metric_s_name_is_fit_for_files(name):
    with pytest.raises(ValueError, match="name must be lower-case"):
        Metric(name=name, scores=len)


@pytest.mark.parametrize("functions", [{}, {"scores": len, "parts": len}])
def test_a_metric_has_either_scores_or_parts(functions):
    with pytest.raises(ValueError, match="needs either scores or parts"):
        Metric(name="both_or_neither", **functions)


@pytest.mark.parametrize("metric", metrics.METRICS.values())
def test_metrics_can_be_handed_to_another_process(metric):
    assert pickle.loads(pickle.dumps(metric)).name == metric.name
    assert pickle.loads(pickle.dumps(TOY_TASK)).metrics == TOY_TASK.metrics
