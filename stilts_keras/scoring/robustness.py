"""What is left of scores when the input is disturbed.

Retention is the disturbed score in percent of the clean one on the same rows,
the drop is the clean score less the disturbed one, and consistency the share
of items that are predicted as their counterparts in English are. A mean over
languages, or over severities, is taken of the scores first: the ratio of means
does not hang on the language with the lowest score, as a mean of ratios does.

Whether an intermediate task changes robustness is the difference of two
retentions. All of it is computed seed by seed, and draw by draw on resampled
examples (`bootstrap.draw`): the same ones for the clean and the disturbed
score, and for both routes, so that what the examples do to all of them alike
cancels. `bootstrap.estimate` judges what is left; nothing is assumed of the
metric but that it can be resampled.

These definitions are ours and of no benchmark. A higher clean score moves
retention even where as many points are lost (Taori et al., 2020, on effective
robustness, https://arxiv.org/abs/2007.00644); so the difference of drops
stands beside that of retentions.
"""

import dataclasses

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.scoring.bootstrap import Sample


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """A score in several trainings, also on resampled examples.

    Attributes:
        values: float array (num_seeds,). Percent.
        draws: float array (num_seeds, num_draws). Likewise.
    """

    values: np.ndarray
    draws: np.ndarray

    @classmethod
    def of(cls, scores):
        """Takes one row of each seed.

        Args:
            scores: iterable of objects with a float `value` and `draws`, a
                float array (num_draws,); one for each seed.
        """
        scores = list(scores)
        return cls(
            np.array([score.value for score in scores]),
            np.array([score.draws for score in scores]),
        )

    def __sub__(self, other):
        """Subtracts seed by seed and draw by draw."""
        return Scores(self.values - other.values, self.draws - other.draws)


def mean_of(scores):
    """Averages `Scores` of equal seeds: over languages, or severities.

    Args:
        scores: list of `Scores`, at least one.
    """
    return Scores(
        np.mean([each.values for each in scores], axis=0),
        np.mean([each.draws for each in scores], axis=0),
    )


def retention(clean, disturbed):
    """Returns how much of the clean score is left, in percent.

    Args:
        clean: `Scores`.
        disturbed: `Scores`, of the same rows, seeds and draws.

    Returns:
        `Scores`.

    Raises:
        InputError: If the clean score is 0, or on some draw of the examples.
    """
    if min(clean.values.min(), clean.draws.min()) <= 0.0:
        raise InputError(
            "the clean score is 0, or would be on other examples: nothing to "
            "retain"
        )
    return Scores(
        100.0 * disturbed.values / clean.values,
        100.0 * disturbed.draws / clean.draws,
    )


def drop(clean, disturbed):
    """Returns the points that are lost; takes and gives what `retention` does.

    Negative where the disturbed score is the better one.
    """
    return clean - disturbed


def consistency(predictions, english):
    """Compares predictions with those of the same items in English.

    Args:
        predictions: sequence of n labels, or of numbers of choices.
        english: sequence of as many, of the clean English items.

    Returns:
        `bootstrap.Sample` whose value is the share, in percent, of items that
        are predicted alike, right or wrong.

    Raises:
        InputError: If the lengths differ, or there is nothing to compare.
    """
    if len(predictions) != len(english) or not len(english):
        raise InputError(
            "Consistency needs a prediction of the same items in both "
            f"languages. Received: {len(predictions)} and {len(english)}."
        )
    same = [
        guess == other
        for guess, other in zip(predictions, english, strict=True)
    ]
    return Sample(np.array(same, np.float64), np.ones(len(same)))
