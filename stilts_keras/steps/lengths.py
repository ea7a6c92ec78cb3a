"""Which lengths this backend's batches are padded to."""

import numpy as np

from stilts_keras import backend
from stilts_keras.data.lengths import fitted_lengths

# What compiling for one more length costs, in positions that are computed
# meanwhile: seconds on two cores, on which a small model trains on a thousand
# positions a second. A faster machine computes more of them.
LENGTH_PRICE = 4096
# On an accelerator, short rows stand together in larger batches, up to so
# many times the recipe's. A CPU is busy with the recipe's rows: more of them
# would only take memory there.
MOST_TIMES_ROWS = 8


def lengths_for(splits):
    """Fits the lengths that batches of one head are padded to.

    A step is compiled for each head and length, so that splits under one head
    share their lengths, and those of other heads have their own.

    Args:
        splits: sequence of `SplitFeatures`, in which there are features.

    Returns:
        Tuple of int, ascending, of which the last holds the longest feature.
    """
    return fitted_lengths(
        np.concatenate([split.lengths for split in splits]),
        max_length=max(split.max_length for split in splits),
        multiple=backend.length_multiple(),
        most=backend.most_lengths(),
        price=LENGTH_PRICE,
    )


def eval_rows(batch_size, max_length):
    """Says how many rows an evaluated batch has.

    Args:
        batch_size: int. The recipe's.
        max_length: int. The recipe's.

    Returns:
        Function from a padded length to the number of rows: on an accelerator
        so many as have no more positions than the recipe's batches. On
        several devices, rounded up so that each has as many.
    """
    multiple = backend.rows_multiple()
    times = MOST_TIMES_ROWS if backend.has_accelerator() else 1

    def num_rows(length):
        fitting = batch_size * max_length // length
        number = max(batch_size, min(times * batch_size, fitting))
        return -(-number // multiple) * multiple

    return num_rows


def is_full():
    """Whether every evaluated batch needs as many rows as its length has.

    Where each shape is compiled, an evaluation's last batch must bring no
    shape of its own.
    """
    return backend.most_lengths() is not None
