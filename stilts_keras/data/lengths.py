"""The lengths that batches are padded to, fitted to the lengths of the data."""

import numpy as np


def fitted_lengths(lengths, *, max_length, multiple, most=None, price=0):
    """Chooses to which lengths rows are padded, so that least is padding.

    Args:
        lengths: int array (n,), n > 0. Tokens of each row.
        max_length: int. No row is longer, and none is padded beyond it.
        multiple: int. Rows are padded to multiples of this, or to
            `max_length`.
        most: int or None. So many lengths at most; None: all that occur.
        price: number of padded positions that one more of `most` lengths must
            save.

    Returns:
        Tuple of int, shortest first; the last holds the longest row.
    """
    rounded = np.minimum(-(-lengths // multiple) * multiple, max_length)
    if most is None:
        return tuple(range(multiple, rounded.max(), multiple)) + (
            int(rounded.max()),
        )
    sizes, counts = np.unique(rounded, return_counts=True)
    return tuple(sizes[_best_ends(sizes, counts, most, price)].tolist())


def _best_ends(sizes, counts, most, price):
    """Cuts sorted sizes into groups, each padded to its last, at least cost.

    Returns:
        List of int: the index of each group's last size.
    """
    # num_rows[j] and, by number of groups, costs[j] and starts[j] are those
    # of the first j sizes; starts[j] is where the last group begins.
    num_rows = np.concatenate([[0], np.cumsum(counts)])
    costs = np.full(len(num_rows), np.inf)
    costs[0] = 0
    totals, starts_of = [], []
    for _ in range(min(most, len(sizes))):
        starts = np.zeros(len(num_rows), int)
        new = np.full(len(num_rows), np.inf)
        for end in range(1, len(num_rows)):
            rows = num_rows[end] - num_rows[:end]
            found = costs[:end] + sizes[end - 1] * rows
            starts[end] = found.argmin()
            new[end] = found.min()
        costs = new
        totals.append(costs[-1] + price * (len(totals) + 1))
        starts_of.append(starts)
    ends, end = [], len(sizes)
    for starts in reversed(starts_of[: int(np.argmin(totals)) + 1]):
        ends.append(end - 1)
        end = starts[end]
    return ends[::-1]
