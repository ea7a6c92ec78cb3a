"""Scores of rankings: of all that was searched, is what is right at the top?

An id is the candidate's, after its language and a `:` where candidates of
several languages are searched together, such as `de:6b3726eac15b-0`. A ranking
holds the ids that fit best, the best first; what may be left out of it are ids
that are not among the `DEPTH` best of their own language, or of all others.

Sources: average precision at 20 as in third_party/utils_lareqa.py of
https://github.com/google-research/xtreme (Roy et al., 2020,
https://arxiv.org/abs/2004.05484); reciprocal rank at 20 as in its
third_party/utils_mewslix.py.
"""

import statistics

from stilts_keras.errors import InputError

DEPTH = 20


def average_precision(gold, ranking, depth=DEPTH):
    """Returns the average precision of the first `depth` ids.

    The sum of the precisions at each right id, over the number of right ids
    that `depth` places can hold: 1 where all that can be right is.

    Args:
        gold: sequence of str, at least one.
        ranking: sequence of str. One that stands there twice is right once.
        depth: int.
    """
    missing = set(gold)
    num_gold, total = len(missing), 0.0
    for rank, name in enumerate(ranking[:depth], start=1):
        if name in missing:
            missing.remove(name)
            total += (num_gold - len(missing)) / rank
    return total / min(num_gold, depth)


def reciprocal_rank(gold, ranking, depth=DEPTH):
    """Returns 1 over the rank of the first right id, or 0 beyond `depth`."""
    gold = set(gold)
    for rank, name in enumerate(ranking[:depth], start=1):
        if name in gold:
            return 1.0 / rank
    return 0.0


def random_average_precision(num_gold, num_candidates, depth=DEPTH):
    """Returns the mean of `average_precision` over all orders.

    Args:
        num_gold: int, at least 1.
        num_candidates: int, at least `num_gold`.
        depth: int.
    """
    total = 0.0
    for rank in range(1, min(depth, num_candidates) + 1):
        # Of the places before a right one, so many hold right ones too.
        before = (rank - 1) * (num_gold - 1) / max(num_candidates - 1, 1)
        total += num_gold / num_candidates * (1 + before) / rank
    return total / min(num_gold, depth)


def random_reciprocal_rank(num_gold, num_candidates, depth=DEPTH):
    """Returns the mean of `reciprocal_rank` over all orders."""
    total, none_before = 0.0, 1.0
    for rank in range(1, min(depth, num_candidates) + 1):
        first = num_gold / (num_candidates - rank + 1)
        total += none_before * first / rank
        none_before *= 1 - first
    return total


# ----------------------------------------------------------- Which candidates
def everywhere(ids, language):
    """Returns ids as they are."""
    return ids


def within(ids, language):
    """Returns the ids of one language."""
    return [name for name in ids if name.partition(":")[0] == language]


def across(ids, language):
    """Returns the ids of all other languages."""
    return [name for name in ids if name.partition(":")[0] != language]


# -------------------------------------------------------------- As a Metric's
def parts(rule, kept, gold, rankings, *, language="en"):
    """Scores rankings, for a `Metric`.

    Args:
        rule: function of gold and ranking that gives a number in [0, 1].
        kept: `everywhere`, `within` or `across`: which candidates count.
        gold: sequence of sequences of str.
        rankings: likewise.
        language: str. Of the queries.

    Returns:
        Two lists: the scores, and 1 for each query; 0 and 0 for queries that
        no candidate which counts is right for.

    Raises:
        InputError: If a query has no gold at all.
    """
    scores, wholes = [], []
    for index, (ids, ranking) in enumerate(zip(gold, rankings, strict=True)):
        if isinstance(ids, str) or not len(ids):
            raise InputError(
                f"Query {index} needs a list of right candidates, at least "
                f"one. Received: {ids!r}."
            )
        ids = kept(ids, language)
        wholes.append(float(bool(ids)))
        scores.append(rule(ids, kept(ranking, language)) if ids else 0.0)
    return scores, wholes


def by_chance(rule, kept, gold, sizes, *, language="en"):
    """Scores what a random order is expected to; as `parts`, in percent.

    Args:
        rule: function of the numbers of right candidates and of all.
        kept: as in `parts`.
        gold: as in `parts`.
        sizes: dict from language to the number of its candidates.
        language: str. Of the queries.

    Returns:
        float; 0 where no candidate that counts is right for any query.
    """
    size = sum(sizes[name] for name in kept(list(sizes), language))
    numbers = [len(kept(ids, language)) for ids in gold]
    found = [rule(number, size) for number in numbers if number]
    return 100.0 * statistics.fmean(found) if found else 0.0
