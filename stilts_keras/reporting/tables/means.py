"""Scores and their means, over languages, targets and seeds."""

import dataclasses

from stilts_keras.scoring import bootstrap


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Mean:
    """A score as tables average it: of a language, or a mean of such.

    Attributes:
        value: float. Percent.
        low: float or None. Of its 95 % interval.
        high: float or None. Likewise.
        chance: float or None. Percent.
        draws: float array of shape `(num_draws,)` or None. The score on
            resampled examples, as by `scoring.bootstrap.draw`.
        n: int or None. Number of examples.
        collapsed: bool. Whether it is of constant predictions.
        zero_shot: bool.
        in_benchmark: bool. False in a language that the task's benchmark does
            not list.
        own_task: bool. Whether it is of a route that trained the target's own
            task or head.
    """

    value: float
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    draws: object = None
    n: int | None = None
    collapsed: bool = False
    zero_shot: bool = True
    in_benchmark: bool = True
    own_task: bool = False

    @classmethod
    def of(cls, row):
        """Takes what tables need out of a row that has no draws."""
        return cls(
            value=row.value,
            low=row.low,
            high=row.high,
            chance=row.chance,
            n=row.n,
            collapsed=row.collapsed,
        )


def over_targets(scores):
    """Averages over the languages of each target, then over the targets."""
    by_target = {}
    for (target, _), score in scores.items():
        by_target.setdefault(target, []).append(score)
    return average(average(found) for found in by_target.values())


def average(scores):
    """Averages value, interval, chance and draws; None where any lacks.

    The mean of ends is an interval that holds even where the examples of
    several languages or seeds are the same ones, and so err together.
    """
    scores = list(scores)
    means = {}
    for name in ("value", "low", "high", "chance", "draws"):
        values = [getattr(score, name) for score in scores]
        is_known = all(value is not None for value in values)
        means[name] = mean_of(values) if is_known else None
    return Mean(**means)


def mean_of(values):
    """Averages an iterable that is not empty."""
    values = list(values)
    return sum(values) / len(values)


def keep(by_seed, pairs):
    """Keeps some pairs, and the seeds that have a score of any of them."""
    kept = {
        seed: {pair: score for pair, score in scores.items() if pair in pairs}
        for seed, scores in by_seed.items()
    }
    return {seed: scores for seed, scores in kept.items() if scores}


def shared(by_seed):
    """Lists the pairs that all seeds have."""
    first, *others = by_seed.values()
    return [pair for pair in first if all(pair in other for other in others)]


def without_collapsed(by_seed):
    """Leaves out collapsed scores, and seeds that have no others."""
    kept = {
        seed: {
            pair: score for pair, score in scores.items() if not score.collapsed
        }
        for seed, scores in by_seed.items()
    }
    return {seed: scores for seed, scores in kept.items() if scores}


def is_collapsed(scores):
    """Whether any of the scores is of constant predictions."""
    return any(score.collapsed for score in scores.values())


def is_of_own_task(by_seed):
    """Whether any of the scores is of a route that trained the own task."""
    return any(
        score.own_task
        for scores in by_seed.values()
        for score in scores.values()
    )


def interval_of(means, *, is_mean):
    """Returns the ends of a value's interval, and half its width."""
    known = average(means)
    low, high = known.low, known.high
    # A score alone has an interval of its kind already, better near the ends.
    if known.draws is not None and (is_mean or len(means) > 1):
        found = estimate(means)
        # Draws of a score that nothing changes say nothing.
        if found.high > found.low:
            low, high = max(0.0, found.low), min(100.0, found.high)
    is_known = low is not None and high is not None
    margin = (high - low) / 2 if is_known else None
    return {"low": low, "high": high, "margin": margin}


def estimate(means, **options):
    """Estimates a mean over seeds by its draws; see `bootstrap.estimate`."""
    return bootstrap.estimate(
        [mean.value for mean in means],
        [mean.draws for mean in means],
        **options,
    )


def num_examples(by_seed):
    """Counts the examples behind a value; those of one seed."""
    numbers = [
        score.n for scores in by_seed.values() for score in scores.values()
    ]
    return None if None in numbers else sum(numbers) // len(by_seed)


def fewest_examples(by_seed):
    """Counts the examples of the smallest test set."""
    return min(
        score.n or 0 for scores in by_seed.values() for score in scores.values()
    )


def lies_above_chance(means, *, is_mean):
    """Whether chance lies below the interval over the examples.

    Over the seeds it would ask of other trainings: two that are unlike say
    next to nothing of a third, and yet both may have learned.
    """
    known = average(means)
    found = interval_of([known], is_mean=is_mean or len(means) > 1)
    return is_above(found["low"], known.chance)


def is_above(low, chance):
    """Whether chance lies below the interval; true where it is unknown."""
    return low > chance if None not in (low, chance) else True
