"""Confidence intervals of scores, in percent like the scores."""

import numpy as np

from stilts_keras.errors import InputError

NUM_RESAMPLES = 1000
BOOTSTRAP_SEED = 0


def proportion_interval(correct, n, confidence=0.95):
    """Wilson's interval of a share such as an accuracy.

    Args:
        correct: int. Examples that are right.
        n: int. All examples.
        confidence: float in (0, 1).

    Returns:
        Two floats in [0, 100]: the lower and the upper end, in percent.

    Raises:
        InputError: If not 0 <= correct <= n or n is 0.

    Source: Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953.
    """
    from scipy import stats

    if n < 1 or not 0 <= correct <= n:
        raise InputError(
            "An interval needs n > 0 examples and 0 to n right ones. "
            f"Received: correct={correct}, n={n}."
        )
    test = stats.binomtest(int(correct), int(n))
    ends = test.proportion_ci(confidence_level=confidence, method="wilson")
    return 100.0 * float(ends.low), 100.0 * float(ends.high)


def mean_interval(scores, confidence=0.95, *, low=0.0, high=100.0):
    """Student's interval of a mean of scores per example.

    For scores of 0 and 100 only, prefer `proportion_interval`: this one has
    no width where all scores are equal.

    Args:
        scores: float array (n,) of percents.
        confidence: float in (0, 1).
        low: float. The lowest score there can be.
        high: float. The highest.

    Returns:
        Two floats in [low, high]. One score alone says nothing: (low, high).

    Raises:
        InputError: If there is no score.
    """
    from scipy import stats

    scores = np.asarray(scores, dtype=np.float64)
    if not scores.size:
        raise InputError("An interval needs at least one score. Received: 0.")
    if scores.size == 1:
        return low, high
    error = scores.std(ddof=1) / np.sqrt(scores.size)
    reach = error * stats.t.ppf(0.5 + confidence / 2, scores.size - 1)
    mean = scores.mean()
    return float(max(low, mean - reach)), float(min(high, mean + reach))


def share_interval(scores, confidence=0.95):
    """Wilson's interval of scores that are 0 or 100: `proportion_interval`."""
    correct = round(float(np.sum(scores)) / 100)
    return proportion_interval(correct, len(scores), confidence)


def ratio_interval(parts, wholes, confidence=0.95):
    """Percentiles of a bootstrap of the ratio of two sums over sentences.

    For tags, whose errors come in clusters, and for mined pairs. Sentences of
    equal counts are drawn together, by how many there are: pools have hundreds
    of thousands, but few kinds of them.

    Args:
        parts: float array (n,). Of each sentence.
        wholes: float array (n,).
        confidence: float in (0, 1).

    Returns:
        Two floats in percent.
    """
    kinds, num_each = np.unique(
        np.stack([parts, wholes], axis=1), axis=0, return_counts=True
    )
    random = np.random.default_rng(BOOTSTRAP_SEED)
    draws = random.multinomial(
        num_each.sum(), num_each / num_each.sum(), NUM_RESAMPLES
    )
    part, whole = (draws @ kinds).T
    ratios = 100.0 * part / np.where(whole > 0, whole, 1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return float(low), float(high)
