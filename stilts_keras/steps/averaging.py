"""The mean of several Models' weights."""

import gc

import keras
import numpy as np


def mean_of(loads):
    """Averages Models, of which one is in memory at a time.

    Sums are float64, in the order given, and each mean is rounded once, to
    the dtype of the weight.

    Args:
        loads: iterable of functions without arguments that return a Model,
            all of one form.

    Returns:
        The last Model, with the means of all weights.

    Raises:
        ValueError: If there is none, or their weights differ in form.
    """
    model, sums, number = None, None, 0
    for load in loads:
        # Two would not fit where one is large.
        del model
        gc.collect()
        model = load()
        arrays = map(keras.ops.convert_to_numpy, model.weights)
        if sums is None:
            sums = [np.array(array, "float64") for array in arrays]
        else:
            for total, array in zip(sums, arrays, strict=True):
                if total.shape != array.shape:
                    raise ValueError(
                        f"Models of other forms cannot be averaged: a weight "
                        f"of {array.shape} and one of {total.shape}."
                    )
                total += array
        number += 1
    if not number:
        raise ValueError("There is no Model to average.")
    for weight, total in zip(model.weights, sums, strict=True):
        total /= number
        weight.assign(
            total.astype(keras.backend.standardize_dtype(weight.dtype))
        )
    return model
