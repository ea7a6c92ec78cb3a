"""Paired bootstrap over examples, with Student's t over the seeds.

All that is compared is resampled together: two routes answer the same
questions, and translations of a question are one question. A draw gives each
of them a weight, and every score of every route, seed and language is taken
anew with these weights.

Seeds are not resampled. There are two or three of them, of which a bootstrap
would make far too narrow intervals: it would call half of all differences of
two seeds significant where there is none. Instead the variance is split as in
an analysis of variance with examples and seeds crossed: what the draws move in
all seeds alike is the examples', and the mean over the seeds errs besides like
Student's t with one degree of freedom less than there are seeds. The sum of
both is the reference (Behrens and Fisher's). Simulated without an effect, it
rejects at 5 %, 1 % and 0.1 % in no more cases than that, whatever the share of
seeds in the noise.

One seed says nothing about others: its intervals and tests are of these
weights and no more.

Source: Koehn, 2004, https://aclanthology.org/W04-3250; Poisson weights:
Chamandy et al., 2012, https://research.google/pubs/pub43157.
"""

import dataclasses
import hashlib

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.scoring import behrens_fisher
from stilts_keras.scoring.behrens_fisher import Error

NUM_DRAWS = 1000
CONFIDENCE = 0.95
# Weights of a draw are made for so many examples at a time.
MAX_WEIGHTS = 2**23
# Variances of sums that are equal on paper are this small.
ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class Sample:
    """What one score was computed from.

    Attributes:
        parts: float array (n,). The score is 100 times the sum of the parts
            over the sum of the wholes; see `Metric.sample`.
        wholes: float array (n,).
        ids: sequence of n str or int, or None. Examples of one id are drawn
            together, whatever their language. Without ids, samples of as many
            examples are, by their order: if they are translations, they must
            be, and if they are not, it does no harm.
    """

    parts: np.ndarray
    wholes: np.ndarray
    ids: tuple | None = None

    @property
    def value(self):
        """The score in percent."""
        return float(_ratio(self.parts.sum(), self.wholes.sum()))


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over seeds and how sure it is.

    Attributes:
        value: float. The mean.
        low: float. Lower end of the interval.
        high: float. Upper end.
        p: float in (0, 1]. Of a value as far from 0, if it were 0.
        num_seeds: int.
        errors: tuple of two `behrens_fisher.Error`. Of examples and of seeds,
            as they were measured.
    """

    value: float
    low: float
    high: float
    p: float
    num_seeds: int
    errors: tuple

    def detectable(self, level=1 - CONFIDENCE, power=behrens_fisher.POWER):
        """Returns the smallest true value that a test would find, or None.

        Args:
            level: float in (0, 1). Of the test.
            power: float in (0.5, 1). In which share of studies it is found.
        """
        return behrens_fisher.detectable(level, power, *self.errors)


def draw(samples, *, num_draws=NUM_DRAWS, seed=0):
    """Scores samples anew on resampled examples, the same ones for all.

    Args:
        samples: dict from any key to `Sample`. All that may be compared or
            averaged: of one target the routes, seeds and languages.
        num_draws: int.
        seed: int. Equal seeds give equal draws.

    Returns:
        A dict from key to a float array (num_draws,) of scores in percent.

    Raises:
        InputError: If the arrays of a sample differ in length or are empty.
    """
    spaces = {}
    for key, sample in samples.items():
        _check(key, sample)
        space = "ids" if sample.ids is not None else len(sample.parts)
        spaces.setdefault(space, {})[key] = sample
    drawn = {}
    for space, members in spaces.items():
        drawn.update(_draw_space(members, space, num_draws, seed))
    return {key: drawn[key] for key in samples}


def _check(key, sample):
    lengths = {len(sample.parts), len(sample.wholes)}
    if sample.ids is not None:
        lengths.add(len(sample.ids))
    if len(lengths) > 1 or 0 in lengths:
        raise InputError(
            f"Sample {key!r}: parts, wholes and ids must have one entry for "
            f"each of at least one example. Received lengths: {lengths}."
        )


def _draw_space(members, space, num_draws, seed):
    """Draws samples that share examples."""
    rows, num_units = _rows_of(members, space)
    # Of the space alone: draws do not depend on which other spaces there are.
    digest = hashlib.sha256(f"{seed}|{space}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    sums = np.zeros((num_draws, len(members), 2))
    step = max(1, MAX_WEIGHTS // num_draws)
    for start in range(0, num_units, step):
        width = min(step, num_units - start)
        weights = random.poisson(1.0, (num_draws, width)).astype(np.float32)
        columns = np.zeros((width, len(members), 2), np.float32)
        for member, (key, sample) in enumerate(members.items()):
            inside = (rows[key] >= start) & (rows[key] < start + width)
            at = rows[key][inside] - start
            np.add.at(columns[:, member, 0], at, sample.parts[inside])
            np.add.at(columns[:, member, 1], at, sample.wholes[inside])
        drawn = weights @ columns.reshape(width, -1)
        sums += drawn.reshape(sums.shape)
    return {
        key: _ratio(sums[:, member, 0], sums[:, member, 1])
        for member, key in enumerate(members)
    }


def _rows_of(members, space):
    """Numbers each sample's examples among those of the space.

    What has no weight anywhere, as most sentences of a pool, has none.
    """
    if space != "ids":
        return {key: np.arange(space) for key in members}, space
    kept = {
        key: np.flatnonzero((sample.parts != 0) | (sample.wholes != 0))
        for key, sample in members.items()
    }
    ids = [np.asarray(members[key].ids)[kept[key]] for key in members]
    names, numbers = np.unique(np.concatenate(ids), return_inverse=True)
    ends = np.cumsum([len(found) for found in ids])[:-1]
    rows = {}
    for key, found in zip(members, np.split(numbers, ends), strict=True):
        rows[key] = np.full(len(members[key].parts), -1)
        rows[key][kept[key]] = found
    return rows, len(names)


def _ratio(part, whole):
    """Percent; 0 where nothing is predicted and nothing in gold."""
    return 100.0 * part / np.where(whole > 0, whole, 1.0)


def estimate(values, draws, *, num_examples=None, confidence=CONFIDENCE):
    """Judges a mean over seeds, of scores or of differences.

    Where all examples that differ do so in one direction, draws of differences
    vary too little, and not at all where every one differs. With
    `num_examples`, the examples' part of the error is at least the value over
    the root of that number, what it would be if each had an equal share in it.

    Args:
        values: float array (s,). One for each seed.
        draws: float array (s, num_draws). The same, on resampled examples.
        num_examples: int or None. Of differences: behind each value; of
            several languages the fewest.
        confidence: float in (0, 1).

    Returns:
        `Estimate`.

    Raises:
        InputError: If there is no seed, or values and draws do not fit.
    """
    values = np.asarray(values, np.float64)
    draws = np.asarray(draws, np.float64)
    if not len(values) or draws.ndim != 2 or len(draws) != len(values):
        raise InputError(
            "An estimate needs a value and a row of draws for each of at "
            f"least one seed. Received: values of shape {values.shape}, draws "
            f"of shape {draws.shape}."
        )
    value = float(values.mean())
    of_examples, of_seeds, freedom = _noise(values, draws)
    measured = Error(of_examples), Error(of_seeds, freedom)
    if num_examples is not None:
        of_examples = max(of_examples, abs(value) / np.sqrt(num_examples))
    errors = Error(of_examples), Error(of_seeds, freedom)
    reach = behrens_fisher.reach(1 - confidence, *errors)
    return Estimate(
        value=value,
        low=value - reach,
        high=value + reach,
        p=behrens_fisher.tail(abs(value), *errors),
        num_seeds=len(values),
        errors=measured,
    )


def _noise(values, draws):
    """Splits the error: of the examples, of the seeds, degrees of freedom."""
    num_seeds = len(values)
    of_mean = draws.mean(axis=0).var(ddof=1)
    if num_seeds == 1:
        return np.sqrt(of_mean), 0.0, 0
    # What the seeds do not share of the draws is in their spread already.
    own = (draws.var(axis=1, ddof=1).mean() - of_mean) / (num_seeds - 1)
    own = max(own, 0.0)
    shared = of_mean - own
    # Seeds may agree by luck, scores being counts: what each draws for itself
    # is there all the same.
    of_seeds = values.var(ddof=1) / num_seeds
    if of_seeds < ROUNDING * own:
        of_seeds = own
    return np.sqrt(max(shared, 0.0)), np.sqrt(of_seeds), num_seeds - 1


def holm(p_values):
    """Corrects p values of one table for their number.

    Args:
        p_values: sequence of floats in [0, 1]; may be empty.

    Returns:
        A list of floats in [0, 1], in the same order.

    Source: Holm, 1979, https://www.jstor.org/stable/4615733.
    """
    # statsmodels has this too, but takes a second to import in every run.
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values)
    factors = np.arange(len(order), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(p_values[order] * factors)
    return np.minimum(adjusted, 1.0).tolist()
