"""What lies behind a score: the predictions that it was computed from."""

from stilts_keras.errors import DamageError
from stilts_keras.records import predictions

# A score is written with all its digits; sums of other orders differ less.
TOLERANCE = 1e-6
NAMES = (
    "route",
    "target",
    "seed",
    "split",
    "language",
    "disturbance",
    "severity",
)


def file_of(row):
    """Names the predictions of a `JudgedScore`."""
    return predictions.file_of(
        row.run_dir, **{name: getattr(row, name) for name in NAMES}
    )


def sample_of(row):
    """Reads what every example adds to a score.

    Args:
        row: `evidence.JudgedScore`.

    Returns:
        `bootstrap.Sample`.

    Raises:
        DamageError: If predictions are missing, damaged or not those of the
            row.
    """
    file = file_of(row)
    sample, n = predictions.sample_of(file, row.metric, row.language)
    if abs(sample.value - row.value) > TOLERANCE or n != row.n:
        raise DamageError(
            f"{file}: scores {sample.value:.6g} on {n} examples, but "
            f"results.jsonl has {row.value:.6g} on {row.n}."
        )
    return sample


def answers_of(row):
    """Reads gold and prediction of every example.

    Args:
        row: `evidence.JudgedScore`.

    Returns:
        Tuple of two lists of one length.

    Raises:
        DamageError: If the file is missing or is not what was written.
    """
    gold, guesses, _ = predictions.read(file_of(row))
    return gold, guesses
