"""Gold and prediction of every example, as a run keeps them."""

import json
import pathlib

from stilts_keras import files
from stilts_keras.errors import DamageError

FOLDER = "predictions"


def file_of(run_dir, *, route, target, seed, split, language):
    """Names the file of one language.

    Args:
        run_dir: path.
        route: str.
        target: str.
        seed: int.
        split: str.
        language: str.

    Returns:
        A path.
    """
    folder = pathlib.Path(run_dir, FOLDER, route, target, f"seed-{seed}")
    return folder / f"{split}-{language}.jsonl"


def write(file, gold, predictions, ids=None):
    """Writes one line per example; see `files.atomic_write`.

    Args:
        file: path, of `file_of`.
        gold: list, as the task's metrics take it.
        predictions: list of the same length.
        ids: list of str of the same length, or None.
    """
    rows = [
        {"gold": truth, "prediction": guess}
        for truth, guess in zip(gold, predictions, strict=True)
    ]
    for row, name in zip(rows, ids or (), strict=False):
        row["id"] = name
    files.write_jsonl(file, rows)


def read(file):
    """Reads what `write` wrote.

    Args:
        file: path.

    Returns:
        Tuple: gold, predictions, and ids or None; lists of one length.

    Raises:
        DamageError: If the file is missing or is not what was written.
    """
    try:
        lines = pathlib.Path(file).read_bytes().splitlines()
        rows = [json.loads(line) for line in lines]
        gold = [row["gold"] for row in rows]
        predictions = [row["prediction"] for row in rows]
        ids = [row["id"] for row in rows if "id" in row]
    except FileNotFoundError:
        raise DamageError(f"{file}: the file is missing.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamageError(
            f"{file}: not the predictions written ({error})."
        ) from None
    if not rows or len(ids) not in (0, len(rows)):
        raise DamageError(
            f"{file}: expected examples, all with an id or none. Received: "
            f"{len(rows)} examples, {len(ids)} ids."
        )
    return gold, predictions, ids or None
