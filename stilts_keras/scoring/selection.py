"""How well an order of candidates, made beforehand, agrees with the outcome."""

import dataclasses
import warnings

import numpy as np

DEPTHS = (1, 3)
# Below, a correlation of ranks can be little else than 1 or -1.
MIN_CANDIDATES = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Judgement:
    """An order of candidates judged by their outcomes.

    Attributes:
        num_candidates: int. All that have an outcome.
        num_valued: int. Those of them that the measure has a value for.
        regrets: dict from k to what is lost by trying the first k candidates
            and keeping the best, in percent of the best outcome of all; None
            where k are all that there are, since nothing was chosen.
        spearman: float or None. Correlation of ranks, of the candidates that
            have a value; None with fewer than three, or where all values or
            all outcomes are equal.
        kendall: float or None. Likewise, tau b.
    """

    num_candidates: int
    num_valued: int
    regrets: dict
    spearman: float | None
    kendall: float | None


def judge(values, outcomes):
    """Judges what a measure said of candidates by what came of them.

    Candidates that the measure does not tell apart stand in the order that is
    worst for it, and those that it has no value for come last, likewise: so
    regrets of several measures are against the same best one.

    Args:
        values: sequence of n float or None. The measure; higher is to be
            better, and None is no value.
        outcomes: sequence of n float above 0, such as scores in percent.

    Returns:
        `Judgement`.

    Source: regret as in Poth et al., 2021, https://arxiv.org/abs/2104.08247,
    after Renggli et al., 2022, https://arxiv.org/abs/2010.06402.
    """
    has_value = np.array([value is not None for value in values], dtype=bool)
    values = np.array(
        [-np.inf if value is None else value for value in values], "float64"
    )
    outcomes = np.asarray(outcomes, dtype="float64")
    ordered = outcomes[np.lexsort((outcomes, -values))]
    known = values[has_value], outcomes[has_value]
    regrets = {}
    for depth in DEPTHS:
        regrets[depth] = None
        if depth < len(ordered) and ordered.max() > 0:
            lost = ordered.max() - ordered[:depth].max()
            regrets[depth] = float(100 * lost / ordered.max())
    return Judgement(
        num_candidates=len(ordered),
        num_valued=len(known[0]),
        regrets=regrets,
        spearman=_correlation("spearmanr", *known),
        kendall=_correlation("kendalltau", *known),
    )


def _correlation(name, values, outcomes):
    if len(values) < MIN_CANDIDATES:
        return None
    # Here: commands that rank nothing can do without it.
    import scipy.stats

    with warnings.catch_warnings():
        # Of constant values it warns, and gives NaN.
        warnings.simplefilter("ignore")
        found = getattr(scipy.stats, name)(values, outcomes).statistic
    return None if np.isnan(found) else float(found)
