"""Which units of a text are changed: a share of them, by lot.

What is drawn does not depend on the share, so that a higher share takes what a
lower one takes, and more.
"""


def drawn(num_units, share, random, num_all=None):
    """Draws a share of some units.

    The number is the share of all units, rounded up or down by lot so that
    over many texts the share is what was asked for.

    Args:
        num_units: int. Those that can be changed.
        share: float. Of `num_all`.
        random: `numpy.random.Generator`.
        num_all: int or None. What the share is of; None: `num_units`.

    Returns:
        Int array of unit numbers, in the order drawn; at most `num_units`.
    """
    order, lot = random.permutation(num_units), random.random()
    num_all = num_units if num_all is None else num_all
    # A share such as 0.3 is a little less than 3 / 10.
    return order[: int(share * num_all + lot + 1e-9)]


def taken(lots, options):
    """Takes the option that a lot from 0 to below 1 falls on."""
    return options[int(lots * len(options))]
