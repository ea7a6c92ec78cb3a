"""What a study could not have shown: said wherever nothing is significant."""

from stilts_keras.scoring import behrens_fisher

# A difference of percents is no larger.
LARGEST = 100.0


def no_proof_of_none(detectable, num_seeds):
    """Says from what size on true differences would have been found.

    Args:
        detectable: floats, at least one. Of each difference, in points.
        num_seeds: int. The fewest that one of them stands on.

    Returns:
        A str: two clauses of a sentence, which the caller ends.
    """
    ends = [
        f"{size:.1f}" if size <= LARGEST else f"over {LARGEST:.0f}"
        for size in (min(detectable), max(detectable))
    ]
    return (
        f"That is no proof of none: with these examples and "
        f"{seeds_text(num_seeds)}, true differences would have been shown in "
        f"{100 * behrens_fisher.POWER:.0f} of 100 studies only from "
        f"{' to '.join(dict.fromkeys(ends))} points on"
    )


def seeds_text(number):
    """Names a number of seeds."""
    return "one seed" if number == 1 else f"{number} seeds"
