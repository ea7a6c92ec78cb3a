"""mAP@20 and MRR@20: cases worked by hand, chance, and whose candidates."""

import itertools

import numpy as np
import pytest

from stilts_keras.errors import InputError
from stilts_keras.scoring import metrics
from stilts_keras.scoring import ranking

MAP = metrics.find("map_at_20")
WITHIN = metrics.find("map_at_20_within")
ACROSS = metrics.find("map_at_20_across")
MRR = metrics.find("mrr_at_20")


def others(num, first=0):
    return [f"de:x{number}" for number in range(first, first + num)]


@pytest.mark.parametrize(
    ("gold", "found", "expected"),
    [
        (["de:a"], ["de:a", *others(19)], 1.0),
        (["de:a"], [*others(1), "de:a"], 1 / 2),
        # Precisions 1/1 and 2/3, over both.
        (["de:a", "de:b"], ["de:a", "de:x0", "de:b"], (1 + 2 / 3) / 2),
        # The second was not found.
        (["de:a", "de:b"], ["de:x0", "de:x1", "de:a"], 1 / 6),
        # Rank 20 counts, rank 21 does not.
        (["de:a"], [*others(19), "de:a"], 1 / 20),
        (["de:a"], [*others(20), "de:a"], 0.0),
        ([], ["de:a"], None),
    ],
)
def test_average_precision_by_hand(gold, found, expected):
    if expected is None:
        with pytest.raises(InputError, match="Query 0 needs a list"):
            MAP([gold], [found])
        return
    assert MAP([gold], [found]) == pytest.approx(100 * expected)


def test_more_right_ones_than_places_can_all_be_found():
    gold = others(30)
    assert ranking.average_precision(gold, gold) == pytest.approx(1.0)
    assert ranking.average_precision(gold, gold[::-1]) == pytest.approx(1.0)
    # 10 of 20 places: 1 + ... over 20, not over 30.
    half = [*gold[:10], *others(10, 100)]
    assert ranking.average_precision(gold, half) == pytest.approx(0.5)


def test_what_a_file_names_twice_is_right_once():
    assert ranking.average_precision(["a", "b"], ["a", "a"]) == 0.5
    found = ranking.average_precision(["a", "b"], ["a", "a", "b"])
    assert found == pytest.approx((1 + 2 / 3) / 2)


def test_reciprocal_rank_is_of_the_first_right_one():
    gold = [["Q1"], ["Q2"], ["Q3"]]
    found = [["Q1", "Q9"], ["Q9", "Q8", "Q2"], [f"P{n}" for n in range(20)]]
    assert MRR(gold, found) == pytest.approx(100 * (1 + 1 / 3 + 0) / 3)
    found[2].append("Q3")
    assert MRR(gold, found) == pytest.approx(100 * (1 + 1 / 3 + 0) / 3)


def test_within_and_across_rank_the_languages_apart():
    gold = [["de:a", "en:a", "hi:a"]]
    found = [["en:z", "hi:a", "de:y", "de:a", "en:a"]]
    whole = (1 / 2 + 2 / 4 + 3 / 5) / 3
    assert MAP(gold, found, "de") == pytest.approx(100 * whole)
    assert WITHIN(gold, found, "de") == pytest.approx(100 / 2)
    across = (1 / 2 + 2 / 3) / 2
    assert ACROSS(gold, found, "de") == pytest.approx(100 * across)


def test_queries_that_nothing_answers_elsewhere_are_not_counted_there():
    gold = [["de:a"], ["de:b", "en:b"]]
    found = [["de:a"], ["en:b", "de:b"]]
    assert ACROSS(gold, found, "de") == pytest.approx(100)
    assert ACROSS(gold[:1], found[:1], "de") == 0


@pytest.mark.parametrize(("num_gold", "size"), [(1, 5), (2, 5), (3, 4), (4, 4)])
@pytest.mark.parametrize("depth", [1, 2, 20])
def test_chance_is_the_mean_over_all_orders(num_gold, size, depth):
    names = [f"de:{number}" for number in range(size)]
    gold = names[:num_gold]
    orders = list(itertools.permutations(names))
    for rule, expected in (
        (ranking.average_precision, ranking.random_average_precision),
        (ranking.reciprocal_rank, ranking.random_reciprocal_rank),
    ):
        mean = np.mean([rule(gold, order, depth) for order in orders])
        found = expected(num_gold, size, depth)
        assert found == pytest.approx(mean), rule


def test_chance_is_of_the_candidates_that_count():
    gold = [["de:a", "en:a", "en:b"]]
    sizes = {"de": 10, "en": 30}
    by_chance = ranking.random_average_precision
    for metric, expected in (
        (MAP, by_chance(3, 40)),
        (WITHIN, by_chance(1, 10)),
        (ACROSS, by_chance(2, 30)),
    ):
        found = metric.chance(gold, sizes, "de")
        assert found == pytest.approx(100 * expected)
        assert metric.chance(gold) is None


def test_intervals_resample_the_queries():
    random = np.random.default_rng(0)
    ranks = random.integers(1, 25, 400)
    gold = [["Q1"]] * 400
    found = [[*(f"P{n}" for n in range(rank - 1)), "Q1"] for rank in ranks]
    scores = np.where(ranks <= 20, 1 / ranks, 0)
    error = 100 * scores.std() / np.sqrt(400)
    low, high = MRR.interval(gold, found)
    assert low < MRR(gold, found) < high
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)
