"""From packed features to batches of rows of similar length.

They are padded to one of a few lengths, which `data.lengths` chooses.
"""

import dataclasses
import itertools

import numpy as np

# Batches that are sorted by length together: enough to save padding, few
# enough to keep the order random.
POOL_NUM_BATCHES = 64


@dataclasses.dataclass(frozen=True)
class Batch:
    """Which features stand together, and how they are padded.

    Attributes:
        indices: int array (b,). The last ones may repeat the first.
        num_valid: int. How many of them are no repetition.
        length: int. Tokens that every row is padded to.
    """

    indices: np.ndarray
    num_valid: int
    length: int


def train_batches(lengths, *, batch_size, padded_lengths, seed, start=0):
    """Yields batches for ever, epoch after epoch, each in a new order.

    The order is a function of the seed alone, so that a position in it is
    only a number. A step has the recipe's rows, however short they are: more
    rows would be another recipe than the published one.

    Args:
        lengths: int array (n,). Tokens of each feature.
        batch_size: int.
        padded_lengths: sequence of int, ascending. Each batch is padded to
            the first that holds its rows.
        seed: sequence of int.
        start: int. Batches to leave out.

    Yields:
        `Batch`. The last one of an epoch is filled up with features of its
        beginning.
    """
    epoch, done = divmod(start, -(-len(lengths) // batch_size))
    while True:
        random = np.random.default_rng([*seed, epoch])
        order = _epoch_order(lengths, batch_size, random)
        for indices in itertools.islice(order, done, None):
            longest = lengths[indices].max()
            yield Batch(
                indices, len(indices), padded_length(longest, padded_lengths)
            )
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


def eval_batches(lengths, *, num_rows, padded_lengths, is_full):
    """Yields each feature once, the longest first.

    What needs most memory is met at once, and the rows that would leave a
    batch of their length unfinished are filled up with the next shorter ones.

    Args:
        lengths: int array (n,). Tokens of each feature.
        num_rows: function from a padded length to the rows of its batches.
        padded_lengths: sequence of int, ascending. Each batch is padded to
            the first that holds its rows.
        is_full: bool. Whether the last batch repeats rows until it has as
            many as others of its length. Otherwise the first may have fewer.

    Yields:
        `Batch`.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        length = padded_length(lengths[order[start]], padded_lengths)
        size = num_rows(length)
        if not is_full and start == 0:
            # What is too few rows for a batch is best the longest: among
            # many, all would be padded to these.
            size = len(order) % size or size
        indices = order[start : start + size]
        num_valid = len(indices)
        if is_full:
            indices = np.resize(indices, size)
        yield Batch(indices, num_valid, length)
        start += size


def padded_length(longest, padded_lengths):
    """Returns the first of ascending lengths that holds a row."""
    return int(padded_lengths[np.searchsorted(padded_lengths, longest)])


def padding_share(lengths, batches):
    """Returns the share of all positions of batches that no row's token has.

    Args:
        lengths: int array (n,). Tokens of each feature.
        batches: iterable of `Batch`. Repeated rows are padding.

    Returns:
        float in [0, 1].
    """
    num_tokens = num_positions = 0
    for batch in batches:
        num_tokens += lengths[batch.indices[: batch.num_valid]].sum()
        num_positions += len(batch.indices) * batch.length
    return 1 - num_tokens / num_positions
