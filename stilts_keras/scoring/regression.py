"""What differences between routes go with, over languages."""

import numpy as np

from stilts_keras.errors import InputError

INTERCEPT = "intercept"
MIN_CLUSTERS = 3
# Below so many clusters: how often p is below 0.05 where there is no effect,
# simulated with a predictor that the members of a cluster share, with which
# this is worst (tests/scoring/test_regression.py).
FALSE_ALARMS = {10: "11 to 14", 30: "7 to 11"}
FEW_OBSERVATIONS = 10
CLUSTERS_SOURCE = (
    "Cameron and Miller, 2015, https://doi.org/10.3368/jhr.50.2.317"
)


def regress(outcomes, predictors, clusters, *, confidence=0.95):
    """Regresses differences on what is known of their languages.

    Ordinary least squares, with standard errors that hold where outcomes of
    one cluster depend on each other, as those of related languages do. With G
    clusters, n outcomes and k terms the covariance is multiplied by
    G / (G - 1) * (n - 1) / (n - k), and t has G - 1 degrees of freedom.
    Coefficients are in the units given: nothing is standardised.

    The errors are right for many clusters and too small for few: of 100
    regressions without an effect, p falls below 0.05 in about 6 with 100
    clusters, in 7 with 30 and in 11 with 10; in more where sizes differ.

    Args:
        outcomes: float array (n,). Differences in percentage points.
        predictors: mapping from a name to a float array (n,); may be empty,
            which leaves the mean.
        clusters: sequence of n str. Such as each language's family.
        confidence: float in (0, 1).

    Returns:
        A dict of `terms`, a list of dicts of `name`, `coefficient`, `error`
        (its standard error), `low`, `high` and `p`, the first named
        `intercept`; `n`; `num_clusters`; `r_squared`; `confidence`; and
        `warnings`, a list of str: why errors and p may be too small.

    Raises:
        InputError: If lengths differ, a number is not finite, there are fewer
            than 3 clusters or no more of them than terms, no more outcomes
            than terms, outcomes are all equal, or predictors are constant or
            collinear.

    Source: Cameron and Miller, 2015, A practitioner's guide to cluster-robust
    inference, https://doi.org/10.3368/jhr.50.2.317.
    """
    outcomes = _checked_numbers("outcomes", outcomes)
    columns = {
        name: _checked_numbers(f"predictor {name!r}", values)
        for name, values in predictors.items()
    }
    names, groups = np.unique(list(clusters), return_inverse=True)
    _check_lengths(outcomes, columns, groups)
    _check_enough(outcomes, columns, names)
    design = np.column_stack([np.ones(outcomes.size), *columns.values()])
    _check_design(design, columns)
    # Terms of one scale, lest units decide what counts as zero.
    scales = np.array([1.0, *(np.std(c) for c in columns.values())])
    fit = _fit(outcomes, design / scales, groups)
    return {
        "terms": _terms(fit, scales, [INTERCEPT, *columns], confidence),
        "n": int(outcomes.size),
        "num_clusters": len(names),
        "r_squared": float(fit.rsquared),
        "confidence": confidence,
        "warnings": _warnings(columns, names, groups),
    }


def _fit(outcomes, design, groups):
    # Imported here: it takes a second.
    import statsmodels.api as sm

    return sm.OLS(outcomes, design).fit(
        cov_type="cluster",
        cov_kwds={"groups": groups, "use_correction": True},
        use_t=True,
    )


def _terms(fit, scales, names, confidence):
    """Lists each term's coefficient and how sure it is, in its own units."""
    ends = fit.conf_int(alpha=1 - confidence) / scales[:, None]
    return [
        {
            "name": name,
            "coefficient": float(fit.params[index] / scales[index]),
            "error": float(fit.bse[index] / scales[index]),
            "low": float(ends[index, 0]),
            "high": float(ends[index, 1]),
            "p": float(fit.pvalues[index]),
        }
        for index, name in enumerate(names)
    ]


def _checked_numbers(what, values):
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"A regression needs numbers as {what}. Received: {values!r}. "
            "Leave out the languages whose value is not known."
        ) from None
    if values.ndim != 1:
        raise InputError(
            f"A regression needs one number per language as {what}. Received "
            f"an array of shape {values.shape}."
        )
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise InputError(
            f"A regression needs finite numbers as {what}. Received: "
            f"{values[wrong[0]]} at index {wrong[0]}. Leave out the languages "
            "whose value is not known."
        )
    return values


def _check_lengths(outcomes, columns, groups):
    lengths = {name: values.size for name, values in columns.items()}
    lengths["the clusters"] = len(groups)
    for name, length in lengths.items():
        if length != outcomes.size:
            raise InputError(
                f"There are {outcomes.size} outcomes but {length} values of "
                f"{name}; each outcome needs exactly one."
            )


def _check_enough(outcomes, columns, names):
    num_terms = 1 + len(columns)
    if INTERCEPT in columns:
        raise InputError(
            f"A predictor may not be named {INTERCEPT!r}: that term is always "
            "there. Rename or drop it."
        )
    if outcomes.size <= num_terms:
        raise InputError(
            f"A regression of {num_terms} terms (with the intercept) needs "
            f"more than {num_terms} outcomes. Received: {outcomes.size}. Take "
            "more languages or fewer predictors."
        )
    # With no more clusters than terms an error can come out as zero.
    needed = max(MIN_CLUSTERS, num_terms + 1)
    if len(names) < needed:
        raise InputError(
            f"A regression of {num_terms} terms (with the intercept) needs at "
            f"least {needed} clusters. Received {len(names)}: "
            f"{', '.join(map(str, names))}. Take languages of more families "
            "or fewer predictors."
        )
    if np.ptp(outcomes) == 0:
        raise InputError(
            f"All {outcomes.size} outcomes are {outcomes[0]:g}: there is "
            "nothing to explain. Compare a route with another one."
        )


def _check_design(design, columns):
    for name, values in columns.items():
        if _is_constant(values):
            raise InputError(
                f"Predictor {name!r} is {values[0]:g} throughout, so nothing "
                "can be said of it. Drop it, or take other languages."
            )
    # Shifted and scaled, lest units decide what counts as collinear.
    centred = design[:, 1:] - design[:, 1:].mean(axis=0)
    if columns:
        rank = np.linalg.matrix_rank(centred / centred.std(axis=0))
        if rank < len(columns):
            raise InputError(
                "One of these predictors follows from the others, so that "
                f"their shares cannot be told apart: {', '.join(columns)}. "
                "Drop one."
            )


def _is_constant(values):
    # Sums of decimals that are equal on paper may differ in the last bit.
    return np.ptp(values) <= 1e-12 * np.abs(values).max(initial=0.0)


def _warnings(columns, names, groups):
    found = []
    for number, alarms in FALSE_ALARMS.items():
        if len(names) < number:
            found.append(
                f"{len(names)} clusters, fewer than {number}: errors and p "
                "are too small; without any effect p falls below 0.05 in "
                f"{alarms} of 100 regressions or more ({CLUSTERS_SOURCE})"
            )
            break
    if len(groups) < FEW_OBSERVATIONS * len(columns):
        found.append(
            f"{len(groups)} outcomes for {len(columns)} predictors, fewer "
            f"than {FEW_OBSERVATIONS} for each: coefficients may fit chance"
        )
    for name, values in columns.items():
        for index, cluster in enumerate(names):
            if _is_constant(values[groups != index]):
                found.append(
                    f"{name} varies through {cluster} alone: its error and p "
                    f"are too small ({CLUSTERS_SOURCE})"
                )
    return found
