"""Bitext mining by ratio margin, for BUCC.

Array letters: n source sentences, m target sentences, h hidden.
"""

from typing import NamedTuple

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.scoring.neighbours import BLOCK_BYTES
from stilts_keras.scoring.neighbours import NUM_NEIGHBOURS
from stilts_keras.scoring.neighbours import both_ways


class MinedPairs(NamedTuple):
    """Pairs in which no sentence occurs twice, by score from the highest.

    Attributes:
        sources: int64 array (pairs,). Rows of the source embeddings.
        targets: int64 array (pairs,). Rows of the target embeddings.
        scores: float64 array (pairs,). Ratio margins, all above 0.
    """

    sources: np.ndarray
    targets: np.ndarray
    scores: np.ndarray


def mine(
    source,
    target,
    *,
    num_neighbours=NUM_NEIGHBOURS,
    block_bytes=BLOCK_BYTES,
):
    """Pairs sentences that are likely translations of each other.

    The score of a pair is its cosine over the mean of two means: that of the
    k highest cosines of either sentence. Each sentence, of either side, names
    the best of its k neighbours; of these pairs the best is taken, then the
    next best whose sentences are both free. A pair is kept if its score is
    above 0. Equal scores rank pairs named by source sentences first, then by
    the lower index.

    Where cosines are negative a ratio of two negative numbers counts as high,
    as in the reference; pooled hidden states do not get there.

    Args:
        source: float array (n, h). Embeddings of distinct sentences, of any
            length; see `unique_sentences`. All zeros is near to nothing.
        target: float array (m, h).
        num_neighbours: int. k; a side of fewer sentences offers all it has.
        block_bytes: int. Size of one block of cosines.

    Returns:
        `MinedPairs`.

    Raises:
        InputError: If shapes do not fit or a number is not finite.

    Source: Artetxe and Schwenk, 2019, https://arxiv.org/abs/1811.01136, ratio
    margin with `max` retrieval, as XTREME's third_party/utils_retrieve.py.
    """
    forward, backward = both_ways(
        source,
        target,
        num_neighbours=num_neighbours,
        block_bytes=block_bytes,
    )
    source_means = _means(forward.cosines)
    target_means = _means(backward.cosines)
    targets, forward_scores = _best_margins(forward, source_means, target_means)
    sources, backward_scores = _best_margins(
        backward, target_means, source_means
    )
    return _one_to_one(
        np.concatenate([np.arange(len(targets)), sources]),
        np.concatenate([targets, np.arange(len(sources))]),
        np.concatenate([forward_scores, backward_scores]),
    )


def best_threshold(scores, is_gold, num_gold):
    """Finds the score from which pairs should be output, by F1.

    Only cuts that `score >= threshold` can make are considered: never one
    between equal scores. Of equally good cuts the one with the fewest pairs
    is taken.

    Args:
        scores: float array (pairs,), descending. As `mine` returns them.
        is_gold: bool array (pairs,). Whether each pair is in gold.
        num_gold: int. Pairs in gold, also those that were not mined.

    Returns:
        Tuple of floats: the threshold, midway between the scores on either
        side of the cut, and F1 in percent. After the last pair there is no
        other side, and the last score itself is the threshold. If no pair is
        in gold no cut is better than another: (0.0, 0.0), as in the
        reference.

    Raises:
        InputError: If lengths differ, scores are not descending, or fewer
            pairs are in gold than were found to be.

    Source: XTREME, third_party/utils_retrieve.py, `bucc_optimize`, which
    fails where all pairs are best output and counts equal scores apart.
    """
    scores = np.asarray(scores, dtype=np.float64)
    is_gold = np.asarray(is_gold, dtype=bool)
    if scores.ndim != 1 or scores.shape != is_gold.shape:
        raise InputError(
            "Each score needs one entry in is_gold, both of shape (pairs,). "
            f"Received: {scores.shape} and {is_gold.shape}."
        )
    # Not any(rising), for NaN is no order either.
    if not (scores[1:] <= scores[:-1]).all() or np.isnan(scores).any():
        raise InputError(
            "Scores must be numbers in descending order, as mine() returns "
            "them; sort scores and is_gold alike."
        )
    right = np.cumsum(is_gold)
    num_right = int(right[-1]) if len(right) else 0
    if num_gold < num_right:
        raise InputError(
            f"num_gold must count all gold pairs, but {num_right} pairs are "
            f"marked as gold. Received: num_gold={num_gold}."
        )
    if not num_right:
        return 0.0, 0.0
    cuts = np.flatnonzero(np.append(scores[1:] < scores[:-1], True))
    f1 = 200.0 * right[cuts] / (cuts + 1 + num_gold)
    best = int(f1.argmax())
    last = cuts[best]
    return _between(scores[last : last + 2]), float(f1[best])


def unique_sentences(texts):
    """Finds the distinct sentences of one side, and those that repeat.

    XTREME embeds each distinct text once. A text that repeats takes part in
    everything that follows, as a neighbour and as one side of a pair, so it
    may well take a sentence from others. But it names no one id, and pairs
    with it are not output. So: embed `texts[first]`, `mine`, then drop pairs
    with a row where `repeats`.

    Args:
        texts: sequence of str. One side, with all its copies.

    Returns:
        Tuple of arrays over the u distinct texts, in order of occurrence:
        first, int64 (u,), where each occurs first in `texts`; repeats, bool
        (u,), whether it occurs again.

    Source: XTREME, third_party/utils_retrieve.py.
    """
    counts = {}
    first = []
    for position, text in enumerate(texts):
        if text not in counts:
            counts[text] = 0
            first.append(position)
        counts[text] += 1
    return (
        np.array(first, dtype=np.int64),
        np.array([count > 1 for count in counts.values()], dtype=bool),
    )


def _means(cosines):
    """Returns the mean (n,) of each sentence's cosines, as float64."""
    if not cosines.size:
        return np.zeros(len(cosines))
    return cosines.mean(axis=1, dtype=np.float64)


def _best_margins(neighbours, means, other_means):
    """Returns each sentence's best neighbour by margin, and the margin.

    Args:
        neighbours: `Neighbours` (n, k).
        means: float64 array (n,). Mean cosine of each sentence.
        other_means: float64 array (m,). The same of the other side.

    Returns:
        Arrays int64 (n,) and float64 (n,); both of length 0 if k is 0.
    """
    if not neighbours.cosines.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    scale = (means[:, None] + other_means[neighbours.indices]) / 2
    # Rows of zeros have a mean of 0: no margin, and not NaN.
    margins = np.divide(
        neighbours.cosines, scale, out=np.zeros_like(scale), where=scale != 0
    )
    best = margins.argmax(axis=1)[:, None]
    return (
        np.take_along_axis(neighbours.indices, best, axis=1)[:, 0],
        np.take_along_axis(margins, best, axis=1)[:, 0],
    )


def _one_to_one(sources, targets, scores):
    """Takes the best pair of sentences that are free, while above 0."""
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > 0]
    used_sources = set()
    used_targets = set()
    chosen = []
    pairs = zip(sources[order].tolist(), targets[order].tolist(), strict=True)
    for position, (source, target) in enumerate(pairs):
        if source not in used_sources and target not in used_targets:
            used_sources.add(source)
            used_targets.add(target)
            chosen.append(position)
    order = order[chosen]
    return MinedPairs(sources[order], targets[order], scores[order])


def _between(scores):
    """Returns a threshold that admits the first score and not the second."""
    if len(scores) == 1:
        return float(scores[0])
    upper, lower = (float(score) for score in scores)
    middle = lower + (upper - lower) / 2
    # Two neighbouring floats have no number between them.
    return middle if middle > lower else upper
