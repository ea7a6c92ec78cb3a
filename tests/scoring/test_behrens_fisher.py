"""Two errors together, against draws of both and against SciPy's t."""

import numpy as np
import pytest
from scipy import stats

from stilts_keras.scoring import behrens_fisher
from stilts_keras.scoring.behrens_fisher import Error


@pytest.mark.parametrize("first", [None, 3, 8])
@pytest.mark.parametrize("second", [1, 2, 4])
def test_both_errors_go_as_far_as_their_sum(first, second):
    random = np.random.default_rng(10)
    drawn = (
        random.normal(0, 1.3, 400_000)
        if first is None
        else 1.3 * random.standard_t(first, 400_000)
    )
    noise = np.abs(drawn + 0.7 * random.standard_t(second, 400_000))
    errors = Error(1.3, first), Error(0.7, second)
    for distance in (1.0, 3.0, 8.0):
        found = behrens_fisher.tail(distance, *errors)
        share = (noise > distance).mean()
        assert found == pytest.approx(share, rel=0.05, abs=1e-4)
        assert found == behrens_fisher.tail(distance, *errors[::-1])
    reach = behrens_fisher.reach(0.05, *errors)
    assert (noise > reach).mean() == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize("freedom", [1, 5.5])
def test_one_error_alone_is_students_t(freedom):
    errors = Error(2.0, freedom), Error()
    expected = 2 * stats.t.sf(3.0 / 2.0, freedom)
    assert behrens_fisher.tail(3.0, *errors) == pytest.approx(expected)
    expected = 2.0 * stats.t.isf(0.025, freedom)
    assert behrens_fisher.reach(0.05, *errors) == pytest.approx(expected)


def test_two_normal_errors_are_one():
    errors = Error(3.0), Error(4.0)
    expected = 2 * stats.norm.sf(9.0 / 5.0)
    assert behrens_fisher.tail(9.0, *errors) == pytest.approx(
        expected, rel=1e-3
    )


def test_without_an_error_nothing_is_far_and_nothing_is_judged():
    assert behrens_fisher.tail(5.0, Error(), Error(0.0, 1)) == 1.0
    assert behrens_fisher.reach(0.05, Error(), Error(0.0, 1)) == 0.0


@pytest.mark.parametrize("level", [0.05, 0.05 / 30])
@pytest.mark.parametrize("freedom", [1, 2, 4])
def test_one_error_is_found_as_often_as_the_noncentral_t_says(level, freedom):
    for other in (Error(), Error(0.0, 3)):
        size = behrens_fisher.detectable(level, 0.8, Error(2.0, freedom), other)
        needed = stats.t.isf(level / 2, freedom)
        power = stats.nct.sf(needed, freedom, size / 2.0)
        assert power == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize(
    "first, second",
    [
        (Error(1.0), Error(1.0, 2)),
        (Error(1.0), Error(0.3, 2)),
        (Error(0.5, 4), Error(1.0, 2)),
    ],
)
def test_what_is_called_detectable_is_found_in_80_of_100(first, second):
    level, random, num = 0.05 / 30, np.random.default_rng(11), 1500
    both = (first, second)
    size = behrens_fisher.detectable(level, 0.8, *both)
    noise = np.hypot(first.size, second.size) * random.normal(size=num)
    # Each study knows its errors as badly as it knows them.
    taken = [
        np.full(num, error.size)
        if error.freedom is None
        else error.size
        * np.sqrt(random.chisquare(error.freedom, num) / error.freedom)
        for error in both
    ]
    found = [
        behrens_fisher.tail(
            abs(value), Error(one, first.freedom), Error(other, second.freedom)
        )
        < level
        for value, one, other in zip(size + noise, *taken, strict=True)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


def test_without_an_error_nothing_is_missed():
    assert behrens_fisher.detectable(0.05, 0.8, Error(), Error(0.0, 2)) is None
