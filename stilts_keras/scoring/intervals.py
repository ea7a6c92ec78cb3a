"""Confidence intervals of scores, in percent like the scores."""

import numpy as np

from stilts_keras.errors import InputError
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


def interval(name, gold, predictions, confidence=0.95, language="en"):
    """The interval of a metric over the examples of one split.

    Wilson's for shares of right answers and Student's for means of scores. For
    tags, whose errors come in clusters, and for mined pairs percentiles of a
    bootstrap over sentences.

    Args:
        name: str. One of `metrics.METRICS`.
        gold: as the metric takes it.
        predictions: likewise.
        confidence: float in (0, 1).
        language: str. Of the texts, as the metric takes it.

    Returns:
        Tuple of floats in percent: lower and upper end.
    """
    of_tags = name == "accuracy" and not isinstance(gold[0], (str, int))
    if of_tags or name in ("pair_f1", "chunk_f1", "entity_f1"):
        parts = metrics.parts_and_wholes(name, gold, predictions, language)
        return _ratio_interval(*parts, confidence)
    scores = metrics.per_example(name, gold, predictions, language)
    if name == "accuracy" or name.endswith("exact_match"):
        correct = round(float(scores.sum()) / 100)
        return proportion_interval(correct, len(scores), confidence)
    return mean_interval(scores, confidence)


def _ratio_interval(parts, wholes, confidence):
    """Bootstraps the ratio of two sums over the same sentences.

    Sentences of equal counts are drawn together, by how many there are: pools
    have hundreds of thousands, but few kinds of them.
    """
    kinds, num_each = np.unique(
        np.stack([parts, wholes], axis=1), axis=0, return_counts=True
    )
    random = np.random.default_rng(BOOTSTRAP_SEED)
    draws = random.multinomial(
        num_each.sum(), num_each / num_each.sum(), NUM_RESAMPLES
    )
    part, whole = (draws @ kinds).T
    ratios = 100.0 * part / np.maximum(whole, 1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return float(low), float(high)
