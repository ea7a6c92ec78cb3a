"""One optimizer step of a Model, on a whole batch or on slices of it.

Nothing else changes a Model's weights in training. How gradients are computed
and applied may change behind `Update`; what it promises may not.
"""

import keras
import numpy as np
from keras import ops

from stilts_keras import backend
from stilts_keras.errors import InputError


class Update:
    """Applies the gradient of a batch's mean loss, once for each batch.

    A loss is a pair (sum, weight): the mean over a batch is the sum of its
    slices' sums divided by the sum of their weights. The mean of the slices'
    means would be another, wherever rows predict unequally many things.

    A batch of b rows becomes ceil(b / `micro_batch_size`) slices whose sizes
    differ by one row at most: a backend that compiles for each shape meets two
    of them at most, and no row is padding. On several devices they differ by a
    row of each, and have the rows of as many whole ones as fit.
    """

    def __init__(self, model, losses, optimizer, *, micro_batch_size=None):
        """Takes what a step is made of.

        Args:
            model: `MultiTask`. It is compiled with the optimizer, so that
                whoever saves it finds both.
            losses: dict from head key to function (y, logits) -> (sum,
                weight): the sum of losses in nats and the number of things
                predicted, both float32 scalars.
            optimizer: `keras.optimizers.Optimizer`, built on the Model's
                trainable variables.
            micro_batch_size: int or None. Most rows that go through the Model
                at a time; None for the whole batch.
        """
        self._model = model
        self._losses = losses
        self._micro_batch_size = micro_batch_size
        model.compile(optimizer=optimizer, jit_compile=backend.jit_compile())
        self._steps = backend.make_steps(
            self._forward,
            _num_predicted,
            optimizer,
            model.trainable_variables,
            model.non_trainable_variables,
        )

    def __call__(self, key, x, y):
        """Takes one step.

        Args:
            key: str. The head.
            x: dict of arrays whose first axis is the batch's.
            y: dict of such arrays, or one.

        Returns:
            The mean loss of the batch before the step, in nats: a float32
            scalar of the backend.
        """
        num_rows = len(keras.tree.flatten(x)[0])
        size = self._micro_batch_size or num_rows
        if size >= num_rows:
            return self._steps.step({key: x}, y)
        for part_x, part_y in _slices((x, y), num_rows, size):
            self._steps.add({key: part_x}, part_y)
        return self._steps.apply()

    def _forward(self, x, y):
        (key,) = x
        return self._losses[key](y, self._model(x, training=True))


def _num_predicted(weight):
    """Returns what a sum is divided by; a batch may predict nothing."""
    return ops.maximum(weight, 1.0)


def _slices(arrays, num_rows, size):
    """Yields nested arrays cut along their first axis, equally."""
    multiple = backend.rows_multiple()
    starts = np.arange(0, num_rows, multiple)
    num_slices = -(-len(starts) // (size // multiple))
    for part in np.array_split(starts, num_slices):
        cut = slice(part[0], part[-1] + multiple)
        yield keras.tree.map_structure(
            lambda array, cut=cut: array[cut], arrays
        )


def check_sliceable(name, problem, batch_size, micro_batch_size):
    """Refuses to slice a batch whose loss needs all of it at once.

    Args:
        name: str. The source, for the message.
        problem: a Problem.
        batch_size: int.
        micro_batch_size: int or None.

    Raises:
        InputError: If that is asked for.
    """
    if micro_batch_size is None or micro_batch_size >= batch_size:
        return
    if not problem.is_sliceable:
        raise InputError(
            f"The loss of {name!r} compares all rows of a batch, which so "
            "cannot be sliced. Expected a micro_batch_size of at least its "
            f"batch size, {batch_size}. Received: {micro_batch_size}. Leave "
            "--micro_batch_size out, or lower --batch_size."
        )
