"""LogME: the maximum evidence of a Bayesian linear model of labels.

Array letters: n rows, h features, k columns of labels, r rank.

Labels y (n,) are features F (n, h) times weights w, plus noise: w is normal
with precision alpha, the noise with precision beta. The evidence p(y | F) is
what is left when w is integrated out; alpha and beta are those that maximise
it. LogME is its logarithm by row, averaged over the columns of labels, each a
class as 0 and 1. Other than the likelihood of fitted weights, it does not grow
with whatever number of features is added.

All of it follows from sums over rows, so that rows are added a batch at a time
and none is kept.

Source: You et al., 2021, https://arxiv.org/abs/2102.11005; the fixed point is
MacKay's, 1992, https://doi.org/10.1162/neco.1992.4.3.415.
"""

import dataclasses

import numpy as np

from stilts_keras.errors import InputError

MAX_ITERATIONS = 1000
# Of alpha / beta, relative, between two iterations.
TOLERANCE = 1e-9
# Labels that features explain entirely would have an infinite evidence: noise
# is taken to have at least this part of the labels' mean square.
MIN_NOISE = 1e-10
# alpha / beta beyond this part of the largest eigenvalue: all weights are 0.
MAX_RATIO = 1e12


@dataclasses.dataclass
class Moments:
    """Sums over rows of features and of the labels that belong to them.

    Attributes:
        num_rows: int.
        feature_sum: float64 array (h,).
        label_sum: float64 array (k,).
        gram: float64 array (h, h). Features times features.
        cross: float64 array (h, k). Features times labels.
        label_squares: float64 array (k,).
    """

    num_rows: int
    feature_sum: np.ndarray
    label_sum: np.ndarray
    gram: np.ndarray
    cross: np.ndarray
    label_squares: np.ndarray

    @classmethod
    def zeros(cls, num_features, num_labels):
        """Makes the sums over no rows."""
        return cls(
            num_rows=0,
            feature_sum=np.zeros(num_features),
            label_sum=np.zeros(num_labels),
            gram=np.zeros((num_features, num_features)),
            cross=np.zeros((num_features, num_labels)),
            label_squares=np.zeros(num_labels),
        )

    def of_labels(self, kept):
        """Returns the sums with some columns of labels alone.

        Args:
            kept: bool array (k,).
        """
        return dataclasses.replace(
            self,
            label_sum=self.label_sum[kept],
            cross=self.cross[:, kept],
            label_squares=self.label_squares[kept],
        )

    def add(self, features, labels):
        """Adds rows.

        Args:
            features: float array (n, h), finite.
            labels: float array (n, k).

        Raises:
            InputError: If a feature is not finite.
        """
        features = np.asarray(features, dtype="float64")
        labels = np.asarray(labels, dtype="float64")
        if not np.isfinite(features).all():
            raise InputError(
                "LogME needs finite features, but hidden states are not. Look "
                "at the backbone that made them."
            )
        self.num_rows += len(features)
        self.feature_sum += features.sum(axis=0)
        self.label_sum += labels.sum(axis=0)
        self.gram += features.T @ features
        self.cross += features.T @ labels
        self.label_squares += (labels**2).sum(axis=0)

    def centred(self):
        """Returns the moments with all means taken off, labels' as well."""
        n = self.num_rows
        return Moments(
            num_rows=n,
            feature_sum=np.zeros_like(self.feature_sum),
            label_sum=np.zeros_like(self.label_sum),
            gram=self.gram - np.outer(self.feature_sum, self.feature_sum) / n,
            cross=self.cross - np.outer(self.feature_sum, self.label_sum) / n,
            label_squares=self.label_squares - self.label_sum**2 / n,
        )

    def projected(self, weights, bias):
        """Returns the moments of other features: a linear map of these.

        Args:
            weights: float array (h, m).
            bias: float array (m,).

        Returns:
            `Moments` of features @ weights + bias, (n, m), and the labels.
        """
        sums = weights.T @ self.feature_sum
        mixed = np.outer(sums, bias)
        return Moments(
            num_rows=self.num_rows,
            feature_sum=sums + self.num_rows * bias,
            label_sum=self.label_sum,
            gram=weights.T @ self.gram @ weights
            + mixed
            + mixed.T
            + self.num_rows * np.outer(bias, bias),
            cross=weights.T @ self.cross + np.outer(bias, self.label_sum),
            label_squares=self.label_squares,
        )


@dataclasses.dataclass(frozen=True)
class Fit:
    """The Bayesian linear model of one column of labels at its maximum.

    Attributes:
        alpha: float. Precision of the weights; infinite if all are 0.
        beta: float. Precision of the noise.
        log_evidence: float. Of all rows together, in nats.
        weights: float64 array (h,). Their posterior mean.
    """

    alpha: float
    beta: float
    log_evidence: float
    weights: np.ndarray


def fit(moments):
    """Maximises the evidence of each column of labels.

    Args:
        moments: `Moments`, of one row at least.

    Returns:
        List of `Fit`, one for each column.

    Raises:
        InputError: If a column is all zeros, of which nothing can be said.
    """
    empty = np.flatnonzero(moments.label_squares <= 0)
    if len(empty):
        raise InputError(
            f"LogME needs labels that occur: {len(empty)} of "
            f"{len(moments.label_squares)} columns are all zeros, the first "
            f"at {empty[0]}."
        )
    values, vectors = np.linalg.eigh(moments.gram)
    floor = len(values) * np.finfo("float64").eps * max(values[-1], 0.0)
    kept = values > floor
    values, vectors = values[kept], vectors[:, kept]
    return [
        _fit_column(values, vectors, vectors.T @ cross, square, moments)
        for cross, square in zip(
            moments.cross.T, moments.label_squares, strict=True
        )
    ]


def logme(moments):
    """Returns LogME: the mean log evidence by row and column, in nats.

    Args:
        moments: `Moments`. Columns of labels that never occur are left out: a
            class without rows has no evidence.

    Returns:
        float.

    Raises:
        InputError: If fewer than two rows, or fewer than two classes, are
            there.
    """
    there = moments.label_squares > 0
    if moments.num_rows < 2 or there.sum() < 2:
        raise InputError(
            "LogME needs two rows and two classes at least. Received: "
            f"{moments.num_rows} rows, {there.sum()} classes."
        )
    found = fit(moments.of_labels(there))
    total = np.mean([one.log_evidence for one in found])
    return float(total / moments.num_rows)


def linear_head(moments):
    """Fits a linear head to labels in closed form: each column's `Fit`.

    It has a bias, as trained heads have, with a flat prior: features and
    labels are centred. A class that never occurs is always given 0.

    Args:
        moments: `Moments` of one row at least.

    Returns:
        Tuple: weights (h, k) and bias (k,), float64, that give the posterior
        mean of each label.
    """
    centred = moments.centred()
    n = moments.num_rows
    weights = np.zeros_like(centred.cross)
    # What all rows have, or none, needs no weights. Sums of 0 and 1 are exact.
    varies = centred.label_squares > 0
    if varies.any():
        found = fit(centred.of_labels(varies))
        weights[:, varies] = np.stack([one.weights for one in found], axis=1)
    return weights, moments.label_sum / n - moments.feature_sum @ weights / n


def _fit_column(values, vectors, projections, square, moments):
    """Iterates to the fixed point of alpha and beta.

    Args:
        values: float array (r,). Positive eigenvalues of the gram matrix.
        vectors: float array (h, r). Their eigenvectors.
        projections: float array (r,). Features times labels, along these.
        square: float. The labels' sum of squares.
        moments: `Moments`. Tells the number of rows.
    """
    n = moments.num_rows
    # What least squares explains along each eigenvector, and what none does.
    explained = projections**2 / values
    beyond = max(square - explained.sum(), 0.0)
    nothing = _without_weights(square, n, len(vectors))
    if not len(values) or not explained.any():
        return nothing
    # With noise for most of the labels' square, weights for the rest.
    beta = n / square
    ratio = values.mean() / n
    least = MIN_NOISE * square
    for _ in range(MAX_ITERATIONS):
        shrunk = values / (ratio + values)
        gamma = shrunk.sum()
        residual = beyond + (explained * (1 - shrunk) ** 2).sum()
        norm = (shrunk**2 * explained / values).sum()
        beta = max(n - gamma, MIN_NOISE * n) / max(residual, least)
        before, ratio = ratio, gamma / norm / beta
        if ratio > MAX_RATIO * values[-1]:
            return nothing
        if abs(ratio - before) <= TOLERANCE * ratio:
            break
    found = _fit_at(ratio, beta, values, vectors, projections, beyond, n)
    return max(found, nothing, key=lambda one: one.log_evidence)


def _fit_at(ratio, beta, values, vectors, projections, beyond, n):
    """Returns the `Fit` of an alpha (ratio times beta) and a beta."""
    along = projections / (ratio + values)
    residual = beyond + (projections**2 / values) @ (
        (ratio / (ratio + values)) ** 2
    )
    log_evidence = 0.5 * (
        n * np.log(beta / (2 * np.pi))
        - np.log1p(values / ratio).sum()
        - beta * residual
        - ratio * beta * (along @ along)
    )
    return Fit(ratio * beta, beta, float(log_evidence), vectors @ along)


def _without_weights(square, n, num_features):
    """Returns the `Fit` of noise alone, which alpha without end tends to."""
    beta = n / square
    log_evidence = 0.5 * n * (np.log(beta / (2 * np.pi)) - 1)
    return Fit(np.inf, beta, float(log_evidence), np.zeros(num_features))
