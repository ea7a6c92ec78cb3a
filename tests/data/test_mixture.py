"""Sources share the steps by the rule chosen, drawn by the seed alone."""

import math

import numpy as np
import pytest

from stilts_keras.data import mixture
from stilts_keras.data.mixture import Sampling
from stilts_keras.errors import InputError
from stilts_keras.tasks.task import Recipe

NAMES = ["mnli", "squad", "hellaswag"]
SIZES = [392_702, 87_599, 39_905]


@pytest.mark.parametrize(
    ("sampling", "weights"),
    [
        (Sampling(), SIZES),
        (Sampling(kind="uniform"), [1, 1, 1]),
        (Sampling(kind="capped"), [131_072, 87_599, 39_905]),
        (Sampling(kind="capped", cap=50_000), [50_000, 50_000, 39_905]),
        (Sampling(kind="temperature"), [s**0.5 for s in SIZES]),
        (Sampling(kind="temperature", temperature=1), SIZES),
        (Sampling(kind="temperature", temperature=1e9), [1, 1, 1]),
        (
            Sampling(
                kind="explicit",
                rates={"squad": 1, "mnli": 2.0, "hellaswag": 0.5},
            ),
            [2, 1, 0.5],
        ),
    ],
)
def test_shares_follow_the_rule_and_sum_to_one(sampling, weights):
    shares = sampling.shares(NAMES, SIZES)
    assert shares == pytest.approx(np.divide(weights, sum(weights)))


@pytest.mark.parametrize("kind", mixture.KINDS)
def test_a_single_source_takes_every_step(kind):
    rates = {"mnli": 1} if kind == "explicit" else {}
    sampling = Sampling(kind=kind, rates=rates)
    assert sampling.shares(["squad"], [7]) == [1.0]
    assert sampling.epoch_size([200_000]) == 200_000
    # So that no stage of one source is trained anew for another rule.
    assert sampling.identity(["squad"]) == Sampling().identity(NAMES)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["proportional", "uniform", "temperature"])
def test_what_is_drawn_lies_within_binomial_error(seed, kind):
    rates = Sampling(kind=kind).shares(NAMES, SIZES)
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


def test_an_epoch_is_all_sources_together_and_capped_ones_to_their_cap():
    for kind in ("proportional", "uniform", "temperature"):
        assert Sampling(kind=kind).epoch_size(SIZES) == sum(SIZES)
    assert (
        Sampling(kind="capped").epoch_size(SIZES) == 131_072 + 87_599 + 39_905
    )


def test_rules_that_draw_otherwise_are_told_apart():
    rules = [
        Sampling(),
        Sampling(kind="uniform"),
        Sampling(kind="capped"),
        Sampling(kind="capped", cap=9),
        Sampling(kind="temperature"),
        Sampling(kind="temperature", temperature=3),
        Sampling(kind="explicit", rates={"a": 1, "b": 2}),
        Sampling(kind="explicit", rates={"a": 1, "b": 3}),
    ]
    assert len({str(rule.identity(["a", "b"])) for rule in rules}) == 8
    # Weights count by their proportion.
    doubled = Sampling(kind="explicit", rates={"b": 4, "a": 2, "c": 9})
    assert doubled.identity(["a", "b"]) == rules[6].identity(["a", "b"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "temprature"}, "Did you mean 'temperature'"),
        ({"kind": "capped", "cap": 0}, "sampling_cap.*at least 1"),
        ({"kind": "temperature", "temperature": 0.5}, "at least 1"),
        ({"kind": "temperature", "temperature": math.nan}, "at least 1"),
        ({"kind": "explicit"}, "need each other"),
        ({"rates": {"a": 1}}, "need each other"),
        ({"kind": "explicit", "rates": {"a": 0.0}}, "of 'a'.*above 0"),
        ({"kind": "explicit", "rates": {"a": "much"}}, "'much'"),
    ],
)
def test_wrong_values_are_refused(values, said):
    with pytest.raises(InputError, match=said):
        Sampling(**values)


def test_replay_takes_its_part_and_leaves_the_rest_as_it_was():
    shares = mixture.with_replay([0.75, 0.25], [300, 100], 0.2)
    assert shares == pytest.approx([0.6, 0.2, 0.15, 0.05])
    assert mixture.with_replay([1.0], [], 0.2) == [1.0]


def test_replayed_steps_come_on_top():
    recipe = Recipe(epochs=2, batch_size=10)
    assert mixture.count_steps(400, recipe) == 80
    assert mixture.count_steps(400, recipe, replay=0.2) == 100
    assert mixture.count_steps(401, recipe) == 81
    # 21 / 0.7 is a bit more than 30 in floats.
    assert mixture.count_steps(84, Recipe(epochs=1, batch_size=4), 0.3) == 30


def test_a_number_of_steps_counts_in_place_of_epochs():
    recipe = Recipe(epochs=2, batch_size=10, num_steps=7)
    assert mixture.count_steps(400, recipe, replay=0.2) == 7
