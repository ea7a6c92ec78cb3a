"""What a study could not have shown: said wherever nothing is significant."""

from stilts_keras.scoring import behrens_fisher

# A difference of percents is no larger.
LARGEST = 100.0


def no_proof_of_none(differences):
    """Says from what size on true differences would have been found.

    Args:
        differences: iterable of tuples, at least one: what was detectable, in
            points, and on how many seeds. Only those on the most seeds
            are told: one seed says nothing of another training.

    Returns:
        A str: two clauses of a sentence, which the caller ends.
    """
    by_seeds = {}
    for detectable, num_seeds in differences:
        by_seeds.setdefault(num_seeds, []).append(detectable)
    most = max(by_seeds)
    ends = [
        f"{size:.1f}" if size <= LARGEST else f"over {LARGEST:.0f}"
        for size in (min(by_seeds[most]), max(by_seeds[most]))
    ]
    return (
        f"That is no proof of none: with these examples and {seeds_text(most)}"
        ", true differences would have been shown in "
        f"{100 * behrens_fisher.POWER:.0f} of 100 studies only from "
        f"{' to '.join(dict.fromkeys(ends))} points on"
    )


def seeds_text(number):
    """Names a number of seeds."""
    return "one seed" if number == 1 else f"{number} seeds"
