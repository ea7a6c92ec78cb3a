"""What a study could not have shown: said wherever nothing is significant."""

import statistics

from stilts_keras.scoring import behrens_fisher

# A difference of percents is no larger.
LARGEST = 100.0


def no_proof_of_none(differences):
    """Says from what size on true differences would have been found.

    One seed says nothing of another training: those on the most seeds are
    told of. The sizes themselves are estimates, the smallest of many far too
    small: half of them lie above the one that is told.

    Args:
        differences: iterable of tuples: what was detectable, in points or None,
            and on how many seeds.

    Returns:
        A str, sentences with a space before them; empty where nothing is known.
    """
    by_seeds = {}
    for detectable, num_seeds in differences:
        if detectable is not None:
            by_seeds.setdefault(num_seeds, []).append(detectable)
    if not by_seeds:
        return ""
    most = max(by_seeds)
    number, middle = len(by_seeds[most]), statistics.median(by_seeds[most])
    what = "a true difference"
    if number > 1:
        what = f"for half of the {number} differences on them {what}"
    return (
        f" That is no proof of none: with these examples and {seeds_text(most)}"
        f", {what} {shown_from(middle)}."
    )


def shown_from(size):
    """Says from what size on true differences would have been shown.

    Args:
        size: float. What was detectable, in points.

    Returns:
        A str: the verb of a sentence and what follows it.
    """
    studies = f"in {100 * behrens_fisher.POWER:.0f} of 100 such studies"
    if size > LARGEST:
        return f"of any size would not have been shown {studies}"
    return f"would have been shown {studies} only from {size:.1f} points on"


def seeds_text(number):
    """Names a number of seeds."""
    return "one seed" if number == 1 else f"{number} seeds"
