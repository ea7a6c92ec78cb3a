"""Confidence intervals."""

import tracemalloc

import numpy as np
import pytest

from stilts_keras.errors import InputError
from stilts_keras.scoring import intervals
from stilts_keras.scoring import metrics
from stilts_keras.scoring.intervals import mean_interval
from stilts_keras.scoring.intervals import proportion_interval


def test_wilson_interval_matches_its_formula():
    # z = 1.959964; centre (p + z^2/2n) / (1 + z^2/n), n = 100, p = 0.5.
    low, high = proportion_interval(50, 100)
    assert low == pytest.approx(40.3832, abs=1e-3)
    assert high == pytest.approx(59.6168, abs=1e-3)


def test_wilson_interval_of_all_right_has_a_width():
    low, high = proportion_interval(10, 10)
    assert low == pytest.approx(72.2467, abs=1e-3)
    assert high == pytest.approx(100.0)


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_named(correct, n):
    with pytest.raises(InputError, match=f"correct={correct}, n={n}"):
        proportion_interval(correct, n)


def test_mean_interval_matches_students_formula():
    # mean 50, s = 57.735, n = 4, t(0.975, 3) = 3.18245.
    low, high = mean_interval([0.0, 100.0, 0.0, 100.0])
    assert (low, high) == (0.0, 100.0)
    low, high = mean_interval([40.0, 60.0, 40.0, 60.0])
    assert low == pytest.approx(50 - 3.18245 * 11.54701 / 2, abs=1e-3)
    assert high == pytest.approx(50 + 3.18245 * 11.54701 / 2, abs=1e-3)


def test_mean_interval_covers_the_truth_about_95_times_in_100():
    random = np.random.default_rng(1)
    draws = random.uniform(0, 100, (500, 40))
    hits = sum(low <= 50 <= high for low, high in map(mean_interval, draws))
    assert 455 <= hits <= 495


def test_one_score_says_nothing_and_none_is_an_error():
    assert mean_interval([80.0]) == (0.0, 100.0)
    with pytest.raises(InputError, match="at least one score"):
        mean_interval([])


def sentences(num, length, seed):
    random = np.random.default_rng(seed)
    gold = [random.choice(["A", "B"], size=length).tolist() for _ in range(num)]
    wrong = random.random(num) < 0.3
    flip = {"A": "B", "B": "A"}
    return gold, [
        [flip[tag] for tag in tags] if bad else tags
        for tags, bad in zip(gold, wrong, strict=True)
    ]


def test_errors_in_clusters_widen_the_interval_of_tags():
    gold, predictions = sentences(200, 10, seed=3)
    low, high = metrics.find("accuracy").interval(gold, predictions)
    value = metrics.find("accuracy")(gold, predictions)
    words = round(value * 20)
    narrow = intervals.proportion_interval(words, 2000)
    assert low < value < high
    # Whole sentences are right or wrong: as wide as for 200 examples.
    assert high - low > 2.5 * (narrow[1] - narrow[0])
    wilson = intervals.proportion_interval(round(value * 2), 200)
    assert high - low == pytest.approx(wilson[1] - wilson[0], rel=0.15)


@pytest.mark.parametrize("name", ["accuracy", "chunk_f1"])
def test_interval_of_tags_holds_the_score(name):
    gold, predictions = sentences(50, 7, seed=4)
    low, high = metrics.find(name).interval(gold, predictions)
    assert low <= metrics.METRICS[name](gold, predictions) <= high


def test_the_interval_of_pairs_takes_large_pools():
    gold = [["1"]] * 2000 + [[]] * 498_000
    guess = [["1"]] * 1500 + [[]] * 498_500
    value = metrics.find("pair_f1")(gold, guess)
    low, high = metrics.find("pair_f1").interval(gold, guess)
    # 1500 of 2000 found: recall's own error is about 1 %.
    assert low < value < high
    assert 1.0 < high - low < 4.0


def test_drawing_kinds_of_sentences_is_drawing_sentences():
    random = np.random.default_rng(5)
    gold = [["1"]] * 60 + [[]] * 40
    guess = [["1"] if hit else [] for hit in random.random(100) < 0.7]
    # The plain bootstrap: one draw after another, sentence by sentence.
    rows = random.integers(0, 100, (4000, 100))
    counts = metrics.pair_counts(gold, guess)[rows].sum(axis=1)
    values = 200 * counts[:, 0] / (counts[:, 1] + counts[:, 2])
    expected = np.quantile(values, [0.025, 0.975])
    found = metrics.find("pair_f1").interval(gold, guess)
    assert found == pytest.approx(expected, abs=1.0)
    assert found == metrics.find("pair_f1").interval(gold, guess)


def test_the_interval_of_pairs_needs_little_memory():
    gold = [["1"]] * 500 + [[]] * 99_500
    tracemalloc.start()
    metrics.find("pair_f1").interval(gold, gold)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Resamples times sentences would take 800 MB.
    assert peak < 50e6


@pytest.mark.parametrize("name", ["squad_v2_f1", "squad_v2_exact_match"])
def test_intervals_of_squad_v2_hold_the_score(name):
    gold = [[], ["a b"], ["c"], []] * 10
    guess = ["", "a", "c", "d"] * 10
    low, high = metrics.find(name).interval(gold, guess)
    assert low < metrics.METRICS[name](gold, guess) < high


def test_the_interval_knows_mlqa_s_language():
    gold, guess = [["der Hund"]] * 20, ["Hund"] * 20
    low, _ = metrics.find("mlqa_exact_match").interval(
        gold, guess, language="de"
    )
    assert low > 80
    _, high = metrics.find("mlqa_exact_match").interval(
        gold, guess, language="en"
    )
    assert high < 20
