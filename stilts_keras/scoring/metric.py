"""A Metric: what predictions score, and how sure and how good that is.

The registry of `scoring.metrics` holds those that are known by name. One of
your own is a value too, and belongs into a Task's `metrics`:

    def brevity(gold, predictions):
        return [100.0 / (1 + len(text)) for text in predictions]

    BREVITY = Metric(name="brevity", scores=brevity)
"""

import dataclasses
import re
from collections.abc import Callable

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.scoring import intervals

NAME = re.compile(r"[a-z][a-z0-9_]*")
# Sums of other orders differ by less.
ROUNDING = 1e-6


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """How predictions are scored.

    A call gives the score: `metric(gold, predictions, language="en")`.

    Attributes:
        name: str. Of rows, files and TensorBoard's tags: lower-case letters,
            digits and `_`, a letter first.
        scores: function of gold and predictions that gives a percent for each
            example; the metric is their mean.
        parts: function of gold and predictions that gives a part and a whole
            for each example; the metric is 100 times the sum of the parts over
            the sum of the wholes, and 0 if that is 0. Either this or `scores`.
        ends: function that gives the ends of the interval in percent, of the
            scores (or of parts and wholes) and the confidence. None: Student's
            for `scores`, percentiles of a bootstrap for `parts`.
        blind: function of gold that gives lists of predictions which no input
            was read for; the best of them is chance. None: there is no such
            guess.
        random: function of gold, of the sizes of what is searched (dict from
            language to number of candidates) and of `language`, that gives
            the percent expected of a random order. For rankings, in place of
            `blind`.
        takes_language: bool. Whether `scores` or `parts` takes the texts'
            language too, as `language`.
        languages: tuple of str. Those that it has rules for; empty for any.
        low: float. The lowest score there can be.
        high: float. The highest.
    """

    name: str
    scores: Callable | None = None
    parts: Callable | None = None
    ends: Callable | None = None
    blind: Callable | None = None
    random: Callable | None = None
    takes_language: bool = False
    languages: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 100.0

    def __post_init__(self):
        """Checks the definition, so that a wrong one fails at import."""
        if not NAME.fullmatch(self.name):
            raise ValueError(
                "A metric's name must be lower-case letters, digits and '_', a "
                f"letter first. Received: {self.name!r}."
            )
        if (self.scores is None) == (self.parts is None):
            raise ValueError(
                f"Metric {self.name!r} needs either scores or parts, a "
                "function of gold and predictions. Received: "
                f"{'neither' if self.scores is None else 'both'}."
            )
        if not self.low < self.high:
            raise ValueError(
                f"Metric {self.name!r}: low must be below high. Received: "
                f"{self.low} and {self.high}."
            )

    def __call__(self, gold, predictions, language="en"):
        """Scores predictions.

        Args:
            gold: sequence. One entry for each example.
            predictions: sequence of the same length.
            language: str. Of the texts.

        Returns:
            A float in [low, high]; percent, if these are 0 and 100.

        Raises:
            InputError: If gold and predictions do not fit.
        """
        return self._value(*self._counted(gold, predictions, language))

    def per_example(self, gold, predictions, language="en"):
        """Scores each example alone, where the metric is a mean.

        Returns:
            A float array (n,) of percents.

        Raises:
            InputError: If the metric is none, or gold and predictions do not
                fit.
        """
        if self.scores is None:
            raise InputError(
                f"Metric {self.name!r} is no mean over examples: they have no "
                "scores of their own. Take its sample."
            )
        return self._counted(gold, predictions, language)[0]

    def sample(self, gold, predictions, language="en"):
        """Splits the metric into sums over the examples, for resampling.

        The metric is 100 times the sum of the parts over the sum of the
        wholes: right words over words, twice the right chunks over those
        predicted and those in gold, and for means the score over 1.

        Returns:
            Two float arrays (n,), parts and wholes, of an entry for each
            example.

        Raises:
            InputError: If gold and predictions do not fit.
        """
        counted = self._counted(gold, predictions, language)
        if self.scores is None:
            return counted
        return counted[0] / 100, np.ones_like(counted[0])

    def interval(self, gold, predictions, confidence=0.95, language="en"):
        """Tells between which scores the metric's true one lies.

        Args:
            gold: as in a call, and so are predictions and language.
            predictions: list.
            confidence: float in (0, 1).
            language: str.

        Returns:
            Tuple of floats: lower and upper end.
        """
        counted = self._counted(gold, predictions, language)
        if self.ends is not None:
            return self.ends(*counted, confidence)
        if self.scores is None:
            return intervals.ratio_interval(*counted, confidence)
        return intervals.mean_interval(
            *counted, confidence, low=self.low, high=self.high
        )

    def chance(self, gold, sizes=None, language="en"):
        """What is scored without knowledge of the input.

        Args:
            gold: as in a call.
            sizes: dict from language to number of candidates, of rankings.
            language: str. As in a call.

        Returns:
            A float; None where no blind guess makes sense.
        """
        if self.random is not None and sizes is not None:
            return self.random(gold, sizes, language=language)
        if self.blind is None:
            return None
        return max(self(gold, guess) for guess in self.blind(gold))

    def _value(self, scores, wholes=None):
        if wholes is None:
            return float(np.mean(scores))
        whole = wholes.sum()
        return float(100.0 * scores.sum() / whole) if whole else 0.0

    def _counted(self, gold, predictions, language):
        """Returns the scores, or parts and wholes, as arrays (n,)."""
        check_lengths(gold, predictions)
        count = self.scores or self.parts
        rest = {"language": language} if self.takes_language else {}
        found = count(gold, predictions, **rest)
        arrays = (found,) if self.parts is None else tuple(found)
        arrays = tuple(np.asarray(array, np.float64) for array in arrays)
        self._check(arrays, len(gold))
        return arrays

    def _check(self, arrays, num_examples):
        """Raises where a function gives something else than it should."""
        names = ("scores",) if self.parts is None else ("parts", "wholes")
        shapes = [array.shape for array in arrays]
        if shapes != [(num_examples,)] * len(names):
            raise InputError(
                f"Metric {self.name!r} must give {' and '.join(names)}, a "
                f"number for each of {num_examples} examples. Received "
                f"shapes: {', '.join(map(str, shapes))}."
            )
        if not all(np.isfinite(array).all() for array in arrays):
            raise InputError(
                f"Metric {self.name!r} gave what is no finite number."
            )
        value = self._value(*arrays)
        if not self.low - ROUNDING <= value <= self.high + ROUNDING:
            raise InputError(
                f"Metric {self.name!r} must lie from {self.low:g} to "
                f"{self.high:g}. Received: {value:g}. Scores are percent; for "
                "another range say so with low and high."
            )


def check_lengths(gold, predictions):
    """Raises InputError unless there are as many on both sides, and some."""
    if len(gold) != len(predictions):
        raise InputError(
            f"There are {len(gold)} gold examples but {len(predictions)} "
            "predictions; each example needs exactly one."
        )
    if not len(gold):
        raise InputError("There is nothing to score: 0 examples.")
