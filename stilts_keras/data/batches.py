"""From packed features to batches of few shapes.

Batches group features of similar length and are padded to one of a few bucket
lengths: JAX and TensorFlow compile once for each shape.
"""

import dataclasses
import itertools

import numpy as np

BUCKET_LENGTHS = (16, 32, 64, 128, 256, 384, 512)
# Batches that are sorted by length together: enough to save padding, few
# enough to keep the order random.
POOL_NUM_BATCHES = 64


@dataclasses.dataclass(frozen=True)
class Batch:
    """Which features stand together, and how they are padded.

    Attributes:
        indices: int array (b,). The last ones repeat where fewer are left.
        num_valid: int. How many of them are no repetition.
        length: int. Tokens that every row is padded to.
    """

    indices: np.ndarray
    num_valid: int
    length: int


def bucket_lengths(max_length):
    """Returns the lengths that batches are padded to, shortest first."""
    shorter = [n for n in BUCKET_LENGTHS if n < max_length]
    return (*shorter, max_length)


def train_batches(lengths, *, batch_size, max_length, seed, start=0):
    """Yields batches for ever, epoch after epoch, each in a new order.

    The order is a function of the seed alone, so that a position in it is
    only a number.

    Args:
        lengths: int array (n,). Tokens of each feature.
        batch_size: int.
        max_length: int.
        seed: sequence of int.
        start: int. Batches to leave out.

    Yields:
        `Batch`. The last one of an epoch is filled up with features of its
        beginning.
    """
    buckets = np.asarray(bucket_lengths(max_length))
    epoch, done = divmod(start, -(-len(lengths) // batch_size))
    while True:
        random = np.random.default_rng([*seed, epoch])
        order = _epoch_order(lengths, batch_size, random)
        for indices in itertools.islice(order, done, None):
            yield _batch(indices, len(indices), lengths, buckets)
        epoch, done = epoch + 1, 0


def _epoch_order(lengths, batch_size, random):
    """Shuffles, sorts within pools, and shuffles the batches of each pool."""
    order = random.permutation(len(lengths))
    missing = -len(order) % batch_size
    order = np.concatenate([order, np.resize(order, missing)])
    pool_size = batch_size * POOL_NUM_BATCHES
    for start in range(0, len(order), pool_size):
        pool = order[start : start + pool_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches = pool.reshape(-1, batch_size)
        yield from batches[random.permutation(len(batches))]


def eval_batches(lengths, *, batch_size, max_length):
    """Yields each feature once, sorted by length; every batch is full.

    Args:
        lengths: int array (n,). Tokens of each feature.
        batch_size: int.
        max_length: int.

    Yields:
        `Batch`.
    """
    buckets = np.asarray(bucket_lengths(max_length))
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        num_valid = len(indices)
        indices = np.resize(indices, batch_size)
        yield _batch(indices, num_valid, lengths, buckets)


def _batch(indices, num_valid, lengths, buckets):
    longest = lengths[indices].max()
    return Batch(
        indices=indices,
        num_valid=num_valid,
        length=int(buckets[np.searchsorted(buckets, longest)]),
    )
