"""The mean of weights: float64 sums, rounded once."""

import keras
import numpy as np
import pytest

from stilts_keras.steps.averaging import mean_of


def model(*values):
    built = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    kernel, bias = values
    built.set_weights([np.array([[kernel]]), np.array([bias])])
    return built


def test_a_mean_by_hand():
    found = mean_of([lambda: model(1.0, 10.0), lambda: model(2.0, -4.0)])
    kernel, bias = found.get_weights()
    assert (kernel.item(), bias.item()) == (1.5, 3.0)


def test_sums_are_not_rounded_before_the_mean():
    # In float32, 2**24 + 1 is 2**24 again, and the mean were 5592405.5.
    values = (2.0**24, 1.0, 1.0)
    found = mean_of(lambda value=value: model(value, 0.0) for value in values)
    assert found.get_weights()[0].item() == np.float32((2**24 + 2) / 3)
    assert np.float32((2**24 + 2) / 3) != np.float32(2**24 / 3)


def test_equal_weights_stay_as_they_are_to_the_bit():
    value = float(np.float32(0.1))
    found = mean_of([lambda: model(value, value)] * 3)
    assert [x.item() for x in found.get_weights()] == [value, value]


def test_models_of_other_forms_are_refused():
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="other forms"):
        mean_of([lambda: model(1.0, 1.0), lambda: other])
    with pytest.raises(ValueError, match="no Model"):
        mean_of([])
