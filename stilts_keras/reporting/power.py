"""What a study could not have shown: said wherever nothing is significant."""

from stilts_keras.scoring import behrens_fisher

# A difference of percents is no larger.
LARGEST = 100.0


def no_proof_of_none(detectable, nums_seeds):
    """Says from what size on true differences would have been found.

    Args:
        detectable: floats, at least one. Of each difference, in points.
        nums_seeds: ints. How many each of them stands on.

    Returns:
        A str: two clauses of a sentence, which the caller ends.
    """
    ends = [
        f"{size:.1f}" if size <= LARGEST else f"over {LARGEST:.0f}"
        for size in (min(detectable), max(detectable))
    ]
    fewest, most = min(nums_seeds), max(nums_seeds)
    seeds = seeds_text(most) if fewest == most else f"{fewest} to {most} seeds"
    return (
        f"That is no proof of none: with these examples and {seeds}, true "
        "differences would have been shown in "
        f"{100 * behrens_fisher.POWER:.0f} of 100 studies only from "
        f"{' to '.join(dict.fromkeys(ends))} points on"
    )


def seeds_text(number):
    """Names a number of seeds."""
    return "one seed" if number == 1 else f"{number} seeds"
