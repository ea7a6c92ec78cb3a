"""Sources are drawn in proportion to their sizes, by the seed alone."""

import math

import numpy as np
import pytest

from stilts_keras.data import mixture


def test_rates_are_proportional_and_sum_to_one():
    rates = mixture.proportional_rates([300, 100, 0, 600])
    assert rates.tolist() == pytest.approx([0.3, 0.1, 0.0, 0.6])
    assert rates.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_the_steps_lie_within_binomial_error(seed):
    rates = mixture.proportional_rates([392_702, 87_599, 39_905])
    num_steps = 20_000
    order = mixture.source_order(rates, num_steps=num_steps, seed=(seed,))
    shares = np.bincount(order, minlength=3) / num_steps
    for share, rate in zip(shares, rates, strict=True):
        # Four standard errors: wrong once in 16,000 draws.
        error = math.sqrt(rate * (1 - rate) / num_steps)
        assert abs(share - rate) < 4 * error


def test_order_is_a_function_of_the_seed():
    orders = [
        mixture.source_order([0.5, 0.5], num_steps=50, seed=seed).tolist()
        for seed in ((1, 2), (1, 2), (1, 3))
    ]
    assert orders[0] == orders[1] != orders[2]


def test_one_source_takes_every_step():
    order = mixture.source_order([1.0], num_steps=5, seed=(0,))
    assert order.tolist() == [0] * 5
