"""Which source each step of a multi-task stage draws its batch from."""

import numpy as np


def proportional_rates(num_examples):
    """Returns each source's share of the steps, by its number of examples.

    Args:
        num_examples: sequence of int.

    Returns:
        float64 array that sums to 1.
    """
    sizes = np.asarray(num_examples, dtype="float64")
    return sizes / sizes.sum()


def source_order(rates, *, num_steps, seed):
    """Draws the source of every step; a function of the seed alone.

    Args:
        rates: float array (s,) that sums to 1.
        num_steps: int.
        seed: sequence of int.

    Returns:
        int array (num_steps,) of indices into the sources.
    """
    random = np.random.default_rng(seed)
    return random.choice(len(rates), size=num_steps, p=rates)
