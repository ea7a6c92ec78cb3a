"""Few lengths, and as little padding as they allow."""

import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from stilts_keras.data import batches
from stilts_keras.data.lengths import fitted_lengths

ROWS = st.lists(st.integers(1, 24), min_size=1, max_size=40)


def num_positions(lengths, padded_lengths):
    return sum(batches.padded_length(n, padded_lengths) for n in lengths)


def best_by_trying_all(lengths, most, price):
    """The least cost of any set of lengths that holds the longest row."""
    *others, longest = np.unique(lengths)
    return min(
        num_positions(lengths, [*chosen, longest]) + price * (size + 1)
        for size in range(min(most, len(others) + 1))
        for chosen in itertools.combinations(others, size)
    )


@hypothesis.given(ROWS, st.integers(1, 5), st.sampled_from([0, 3, 10.5]))
@hypothesis.settings(max_examples=100)
def test_no_other_set_of_lengths_costs_less(lengths, most, price):
    found = fitted_lengths(
        np.array(lengths), max_length=24, multiple=1, most=most, price=price
    )
    assert len(found) <= most
    assert list(found) == sorted(set(found))
    cost = num_positions(lengths, found) + price * len(found)
    assert cost == best_by_trying_all(lengths, most, price)


@hypothesis.given(
    ROWS, st.sampled_from([1, 4, 8]), st.sampled_from([None, 1, 3])
)
def test_lengths_end_with_the_longest_row_and_keep_to_the_maximum(
    lengths, multiple, most
):
    found = fitted_lengths(
        np.array(lengths), max_length=24, multiple=multiple, most=most
    )
    longest = max(lengths)
    assert longest <= found[-1] < longest + multiple
    assert all(n % multiple == 0 for n in found)


def test_no_row_is_padded_beyond_the_maximum():
    for most in (None, 12):
        found = fitted_lengths(
            np.array([3, 50]), max_length=50, multiple=8, most=most
        )
        assert found[-1] == 50


def test_any_length_is_rounded_up_where_lengths_cost_nothing():
    found = fitted_lengths(np.array([3, 29]), max_length=64, multiple=8)
    assert found == (8, 16, 24, 32)


def test_a_length_must_save_what_it_costs():
    lengths = np.array([8] * 10 + [16] * 10)
    for price, expected in ((79, (8, 16)), (81, (16,))):
        found = fitted_lengths(
            lengths, max_length=16, multiple=8, most=12, price=price
        )
        assert found == expected


def xnli_like(num_rows=2500):
    """As XNLI's pairs in XLM-R's pieces: 47 tokens, from 8 to 140."""
    random = np.random.default_rng(0)
    lengths = np.round(random.lognormal(np.log(45), 0.32, num_rows))
    return np.clip(lengths, 8, 140).astype(int)


@pytest.mark.parametrize(("most", "share"), [(None, 0.05), (12, 0.08)])
def test_little_of_an_evaluation_is_padding(most, share):
    lengths = xnli_like()
    found = fitted_lengths(
        lengths, max_length=256, multiple=4, most=most, price=4096 / 15
    )
    evaluation = batches.eval_batches(
        lengths,
        num_rows=lambda length: 32,
        padded_lengths=found,
        is_full=most is not None,
    )
    assert 0 < batches.padding_share(lengths, evaluation) < share
