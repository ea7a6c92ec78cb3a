"""Confidence intervals of scores, in percent like the scores."""

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.scoring import chunks
from stilts_keras.scoring import metrics

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


def mean_interval(scores, confidence=0.95):
    """Student's interval of a mean of scores per example.

    For scores of 0 and 100 only, prefer `proportion_interval`: this one has
    no width where all scores are equal.

    Args:
        scores: float array (n,) of percents, from `metrics.per_example`.
        confidence: float in (0, 1).

    Returns:
        Two floats in [0, 100]. One score alone says nothing: (0, 100).

    Raises:
        InputError: If there is no score.
    """
    from scipy import stats

    scores = np.asarray(scores, dtype=np.float64)
    if not scores.size:
        raise InputError("An interval needs at least one score. Received: 0.")
    if scores.size == 1:
        return 0.0, 100.0
    error = scores.std(ddof=1) / np.sqrt(scores.size)
    reach = error * stats.t.ppf(0.5 + confidence / 2, scores.size - 1)
    mean = scores.mean()
    return float(max(0.0, mean - reach)), float(min(100.0, mean + reach))


def interval(name, gold, predictions, confidence=0.95):
    """The interval of a metric over the examples of one split.

    Wilson's for shares of right answers, Student's for means of scores, and
    for chunk F1, which is neither, percentiles of a bootstrap over sentences.

    Args:
        name: str. One of `metrics.METRICS`.
        gold: as the metric takes it.
        predictions: likewise.
        confidence: float in (0, 1).

    Returns:
        Tuple of floats in percent: lower and upper end.
    """
    if name in ("chunk_f1", "entity_f1"):
        return _chunk_f1_interval(gold, predictions, confidence)
    scores = metrics.per_example(name, gold, predictions)
    if name in ("accuracy", "exact_match"):
        correct = round(float(scores.sum()) / 100)
        return proportion_interval(correct, len(scores), confidence)
    return mean_interval(scores, confidence)


def _chunk_f1_interval(gold, predictions, confidence):
    counts = chunks.chunk_counts(gold, predictions)
    random = np.random.default_rng(BOOTSTRAP_SEED)
    draws = random.multinomial(
        len(counts), np.full(len(counts), 1 / len(counts)), NUM_RESAMPLES
    )
    right, predicted, in_gold = (draws @ counts).T
    scores = 200.0 * right / np.maximum(predicted + in_gold, 1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return float(low), float(high)
