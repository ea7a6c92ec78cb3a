"""Regret and correlation of an order, by hand."""

import pytest

from stilts_keras.scoring.selection import judge


def test_regret_is_what_the_first_candidates_lose():
    found = judge([9, 8, 7, 6], [40, 50, 45, 80])
    # The first gives 40 of 80, the best of three 50 of 80.
    assert found.regrets == {1: 50.0, 3: 37.5}
    assert found.num_candidates == 4


def test_the_right_first_choice_has_no_regret():
    found = judge([1, 3, 2, 0], [50, 80, 60, 40])
    assert found.regrets == {1: 0.0, 3: 0.0}
    assert found.spearman == pytest.approx(1)
    assert found.kendall == pytest.approx(1)


def test_correlations_by_hand():
    # Ranks 1 2 3 4 and 2 1 4 3: four of six pairs agree, squares sum to 4.
    found = judge([1, 2, 3, 4], [20, 10, 40, 30])
    assert found.kendall == pytest.approx((4 - 2) / 6)
    assert found.spearman == pytest.approx(1 - 6 * 4 / (4 * 15))


def test_what_is_not_told_apart_counts_as_the_worst_choice():
    found = judge([5, 5, 1], [90, 30, 60])
    assert found.regrets[1] == pytest.approx(100 * 60 / 90)


def test_a_choice_of_all_is_none():
    assert judge([3, 2, 1], [1, 2, 3]).regrets[3] is None
    assert judge([3], [50]).regrets == {1: None, 3: None}


def test_what_has_no_value_comes_last_and_counts_as_a_candidate():
    """A measure that knows two of four may still have missed the best."""
    found = judge([2, None, 1, None], [40, 80, 50, 60])
    # The last two stand in the order that is worst.
    assert found.regrets == {1: 50.0, 3: 25.0}
    assert (found.num_valued, found.num_candidates) == (2, 4)
    # Of what has a value alone: nobody said that the others were worse.
    found = judge([3, 2, 1, None], [30, 20, 10, 90])
    assert found.spearman == pytest.approx(1)
    assert found.kendall == pytest.approx(1)


@pytest.mark.parametrize("values", [[1, 2], [1, 1, 1]])
def test_no_correlation_of_two_candidates_or_of_equal_values(values):
    found = judge(values, range(10, 10 + len(values)))
    assert found.spearman is None
    assert found.kendall is None
