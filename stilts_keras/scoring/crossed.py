"""Weighted differences over languages and seeds, both drawn at random.

A study compares trainings in some languages and with a few seeds, and asks
about other languages and other trainings. Languages are crossed with seeds:
each seed is scored in each language. To take the languages for all there are
would call their peculiarities an effect (Clark, 1973, on words as a fixed
effect). So an estimate errs in three ways, which are told apart as in an
analysis of variance:

- languages: as its parts in the clusters of languages, such as families, vary
  about their mean. Related languages err together, so that clusters and not
  languages are counted. Student's t, one degree of freedom less than there are
  clusters; of clusters of unlike sizes, as many as equal ones would be.
- seeds: as the estimates of single seeds vary, within each training by itself
  (a source at one size) where these are told; Student's t, with one degree of
  freedom less than there are seeds for each of them. Where a seed moves all
  trainings alike, so that their mean varies more than that, the larger counts.
- examples that several languages share, such as translations of a question: as
  draws of examples (`bootstrap.draw`) move all clusters alike. What they move
  in each cluster for itself is in the spread of the clusters already.

What is of single languages in single seeds is in both first spreads, and is
taken off the first, as `bootstrap.estimate` does. Simulated without an effect,
p falls below 0.05 in no more than 5 of 100 cases, whatever the shares of the
three, but for seeds that move all trainings alike and nothing else: then in 11
of 100 with 2 seeds and 2 trainings, and in 17 of 100 with 3 seeds and 8
trainings (tests/scoring/test_crossed.py). Bootstrapping the clusters instead
would do so in more: there are 5 to 15 of them, and a bootstrap knows no t.

Of one seed, what others would give is left out: all is of those weights.

Source: Clark, 1973, https://doi.org/10.1016/S0022-5371(73)80014-3; errors of
two crossed ways of clustering: Cameron, Gelbach and Miller, 2011,
https://doi.org/10.1198/jbes.2010.07136; the smallest effect that a design can
show: Bloom, 1995, https://doi.org/10.1177/0193841X9501900504.
"""

import dataclasses

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.scoring import behrens_fisher
from stilts_keras.scoring.behrens_fisher import Error

CONFIDENCE = 0.95
MIN_CLUSTERS = 3


@dataclasses.dataclass(frozen=True)
class Contrast:
    """A weighted sum of differences, and how sure it is.

    Attributes:
        value: float. The mean over seeds.
        errors: tuple of two `behrens_fisher.Error`. Of languages and examples,
            and of seeds.
        num_clusters: int. Of the side that has fewest.
        num_seeds: int.
    """

    value: float
    errors: tuple
    num_clusters: int
    num_seeds: int

    @property
    def p(self):
        """How often chance goes as far from 0: a float in (0, 1]."""
        return behrens_fisher.tail(abs(self.value), *self.errors)

    def interval(self, confidence=CONFIDENCE):
        """Returns the two ends of an interval."""
        margin = behrens_fisher.reach(1 - confidence, *self.errors)
        return self.value - margin, self.value + margin

    def detectable(self, level=1 - CONFIDENCE, power=behrens_fisher.POWER):
        """Returns the smallest true value that a test would find, or None.

        Args:
            level: float in (0, 1). Of the test.
            power: float in (0.5, 1). In which share of studies it is found.
        """
        return behrens_fisher.detectable(level, power, *self.errors)


def judge(
    differences, weights, groups, clusters, *, trainings=None, draws=None
):
    """Judges a weighted sum of differences.

    Args:
        differences: float array (n, num_seeds). Of each cell, such as a target
            in a language.
        weights: float array (n,). The estimate is their sum of products; a
            contrast of two kinds of cells has both signs.
        groups: sequence of n keys. Cells whose differences have one
            expectation, such as the languages of a target: what varies within
            a group is error.
        clusters: sequence of n str, such as each language's family.
        trainings: sequence of n keys or None. Cells whose differences are of
            the same trainings in each seed; None: all of them.
        draws: float array (n, num_draws) or None. The differences, averaged
            over the seeds, on resampled examples, the same ones for all cells
            that share them.

    Returns:
        `Contrast`.

    Raises:
        InputError: If shapes do not fit, or a side has fewer than 3 clusters.
    """
    differences = np.asarray(differences, np.float64)
    weights = np.asarray(weights, np.float64)
    _check_shapes(differences, weights, groups, clusters, draws)
    cluster_of, num_clusters = _numbered(clusters)
    count, effective = _count_clusters(weights, cluster_of, num_clusters)
    by_training = _summed(
        weights[:, None] * differences,
        *_numbered(trainings or [0] * len(weights)),
    )
    parts = weights[:, None] * _centred(differences, weights, groups)
    errors = _errors(
        by_training,
        _summed(parts, cluster_of, num_clusters),
        count,
        effective,
        _shared_variance(draws, weights, cluster_of, num_clusters),
    )
    return Contrast(
        value=float(by_training.sum(axis=0).mean()),
        errors=errors,
        num_clusters=count,
        num_seeds=differences.shape[1],
    )


def _check_shapes(differences, weights, groups, clusters, draws):
    lengths = {len(weights), len(groups), len(clusters)}
    if draws is not None:
        lengths.add(len(draws))
    if (
        differences.ndim != 2
        or lengths != {len(differences)}
        or not differences.size
    ):
        raise InputError(
            "A contrast needs a weight, a group, a cluster and draws for each "
            f"of its cells. Received: differences {differences.shape}, lengths "
            f"{sorted(lengths)}."
        )


def _count_clusters(weights, cluster_of, number):
    """Counts the clusters of the side that has fewest.

    Returns:
        Tuple: an int, and a float: how many equal clusters would count as much
        (Kish's effective number of the weights).
    """
    counts = []
    for side in (weights > 0, weights < 0):
        held = np.bincount(cluster_of[side], np.abs(weights[side]), number)
        if side.any():
            effective = held.sum() ** 2 / np.square(held).sum()
            counts.append((int((held > 0).sum()), float(effective)))
    count = min((count for count, _ in counts), default=0)
    if count < MIN_CLUSTERS:
        raise InputError(
            f"languages of {count} families, fewer than {MIN_CLUSTERS}: of "
            "others nothing can be said"
        )
    return count, min(effective for _, effective in counts)


def _centred(differences, weights, groups):
    """Subtracts each group's mean within each seed."""
    group_of, _ = _numbered(groups)
    sizes = np.bincount(group_of)
    centred = np.empty_like(differences)
    for seed, column in enumerate(differences.T):
        means = np.bincount(group_of, column) / sizes
        centred[:, seed] = column - means[group_of]
    return centred


def _numbered(keys):
    """Numbers keys of any kind: an int array (n,), and how many there are."""
    numbers = {key: at for at, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys]), len(numbers)


def _summed(parts, cluster_of, number):
    """Adds up (n, k) parts within clusters: (number, k)."""
    summed = np.zeros((number, parts.shape[1]))
    np.add.at(summed, cluster_of, parts)
    return summed


def _errors(by_training, of_clusters, count, effective, shared):
    """Tells apart what languages and seeds do; see the module.

    Args:
        by_training: float array (trainings, num_seeds). Their parts of the
            estimates.
        of_clusters: float array (clusters, num_seeds). Their centred parts.
        count: int. Of clusters.
        effective: float. Likewise.
        shared: float. The variance that shared examples add.

    Returns:
        Tuple of two `Error`: of languages and examples, and of seeds.
    """
    num_seeds = by_training.shape[1]
    few = count / (count - 1)
    means = of_clusters.mean(axis=1)
    languages = few * np.square(means).sum()
    of_seeds = Error()
    if num_seeds > 1:
        single = few * np.square(of_clusters - means[:, None]).sum()
        single /= num_seeds * (num_seeds - 1)
        languages = max(0.0, languages - single)
        of_seeds = _seed_error(by_training, single)
    both = languages + shared
    freedom = effective - 1
    if languages > 0.0:
        # Satterthwaite's; that of examples is known well.
        freedom *= (both / languages) ** 2
    return Error(float(np.sqrt(both)), float(freedom)), of_seeds


def _seed_error(by_training, single):
    """How much the mean over seeds errs.

    Args:
        by_training: float array (trainings, num_seeds).
        single: float. The variance that single languages of single seeds add,
            which is there even if seeds agree by luck.
    """
    num_seeds = by_training.shape[1]
    own = by_training.var(axis=1, ddof=1) / num_seeds
    alike = by_training.sum(axis=0).var(ddof=1) / num_seeds
    freedom = num_seeds - 1
    if own.sum() > 0.0:
        # Satterthwaite's: of equal trainings, that of each.
        freedom *= own.sum() ** 2 / np.square(own).sum()
    return Error(float(np.sqrt(max(own.sum(), alike, single))), float(freedom))


def _shared_variance(draws, weights, cluster_of, number):
    """The variance that examples of several clusters add to their sum."""
    if draws is None:
        return 0.0
    parts = weights[:, None] * np.asarray(draws, np.float64)
    of_clusters = _summed(parts, cluster_of, number)
    own = of_clusters.var(axis=1, ddof=1).sum()
    return float(max(0.0, of_clusters.sum(axis=0).var(ddof=1) - own))
