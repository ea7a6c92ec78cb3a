"""A metric and a task of one's own, as a user's file has them."""

import dataclasses

from stilts_keras.scoring.metric import Metric
from stilts_keras.scoring.metrics import most_frequent
from stilts_keras.tasks import XNLI


def half_right(gold, predictions):
    """All for the right label, half for `neutral`, which is never far off."""
    return [
        100.0 if truth == guess else 50.0 * (guess == "neutral")
        for truth, guess in zip(gold, predictions, strict=True)
    ]


HALF_RIGHT = Metric(name="half_right", scores=half_right, blind=most_frequent)
TOY_TASK = dataclasses.replace(
    XNLI, name="toy", metrics=(HALF_RIGHT, "accuracy")
)
