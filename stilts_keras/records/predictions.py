"""Gold and prediction of every example, as a run keeps them.

Beside each file lies what every example adds to the target's metric, so that a
report need not score it again: a line of JSON, then NumPy's arrays. It counts
only if the predictions are still those it was computed from.
"""

import hashlib
import io
import json
import pathlib

import numpy as np

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.scoring import metrics
from stilts_keras.scoring.bootstrap import Sample

FOLDER = "predictions"
COUNTS = ".counts"


def file_of(
    run_dir,
    *,
    route,
    target,
    seed,
    split,
    language,
    disturbance="",
    severity=0,
):
    """Names the file of one language; disturbed ones lie a folder deeper.

    Args:
        run_dir: path.
        route: str.
        target: str.
        seed: int.
        split: str.
        language: str.
        disturbance: str. Empty: none.
        severity: int.

    Returns:
        A path.
    """
    folder = pathlib.Path(run_dir, FOLDER, route, target, f"seed-{seed}")
    if disturbance:
        folder /= f"{disturbance}-{severity}"
    return folder / f"{split}-{language}.jsonl"


def write(file, gold, predictions, ids=None, *, metric=None, language="en"):
    """Writes one line per example; see `files.atomic_write`.

    Args:
        file: path, of `file_of`.
        gold: list, as the task's metrics take it.
        predictions: list of the same length.
        ids: list of str of the same length, or None.
        metric: Metric, its name, or None. One whose counts are kept too.
        language: str. Of the texts, as the metric takes it.
    """
    rows = [
        {"gold": truth, "prediction": guess}
        for truth, guess in zip(gold, predictions, strict=True)
    ]
    for row, name in zip(rows, ids or (), strict=False):
        row["id"] = name
    files.write_jsonl(file, rows)
    if metric is not None:
        sample = _scored(metric, gold, predictions, ids, language)
        name = metrics.find(metric).name
        _write_counts(file, name, sample, len(gold))


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


def sample_of(file, metric, language):
    """Reads what every example adds to a metric.

    Args:
        file: path, of `file_of`.
        metric: Metric, or its name. One that is known by no name here, such as
            one of another's own, is read from the counts that were kept.
        language: str.

    Returns:
        Tuple: `bootstrap.Sample` and the number of examples.

    Raises:
        DamageError: If the predictions are missing, damaged or cannot be
            scored.
    """
    try:
        digest = files.sha256_of(file)
    except OSError as error:
        raise DamageError(f"{file}: {error.strerror}.") from None
    name = metric if isinstance(metric, str) else metric.name
    found = _read_counts(file, name, digest)
    if found is None:
        if name == metric and name not in metrics.METRICS:
            raise DamageError(
                f"{file}: metric {name!r} is not known here, being of a task "
                "of one's own, and what it counted is not beside the "
                "predictions."
            )
        gold, guesses, ids = read(file)
        try:
            sample = _scored(metric, gold, guesses, ids, language)
        except (InputError, TypeError, AttributeError, IndexError) as error:
            raise DamageError(f"{file}: cannot be scored ({error}).") from None
        found = sample, len(gold)
    return found


def _scored(metric, gold, predictions, ids, language):
    """Makes a sample; examples that weigh nothing are left out, if named."""
    parts, wholes = metrics.find(metric).sample(gold, predictions, language)
    if ids is None:
        return Sample(parts, wholes)
    kept = np.flatnonzero((parts != 0) | (wholes != 0))
    if not kept.size:
        kept = np.arange(1)
    # Numbers in place of names: equal ones in all languages and files.
    hashes = [
        hashlib.blake2b(ids[at].encode("utf-8"), digest_size=8).digest()
        for at in kept
    ]
    numbers = np.frombuffer(b"".join(hashes), "<u8")
    return Sample(parts[kept], wholes[kept], numbers)


def _counts_file(file):
    return file.with_suffix(COUNTS)


def _write_counts(file, metric, sample, num_examples):
    head = {
        "predictions": files.sha256_of(file),
        "metric": metric,
        "num_examples": num_examples,
        "has_ids": sample.ids is not None,
    }
    content = io.BytesIO()
    np.save(content, np.stack([sample.parts, sample.wholes]))
    if sample.ids is not None:
        np.save(content, sample.ids)
    body = content.getvalue()
    head["sha256"] = hashlib.sha256(body).hexdigest()
    with files.atomic_write(_counts_file(file), "wb") as stream:
        line = files.to_line(files.sealed(head), file)
        stream.write(line.encode("utf-8") + body)


def _read_counts(file, metric, digest):
    """Returns sample and number of examples; None if they must be counted."""
    counts = _counts_file(file)
    try:
        line, _, body = counts.read_bytes().partition(b"\n")
        head = files.unsealed(line, str(counts))
    except (OSError, DamageError):
        return None
    if (
        head["predictions"] != digest
        or head["metric"] != metric
        or head["sha256"] != hashlib.sha256(body).hexdigest()
    ):
        return None
    stream = io.BytesIO(body)
    parts, wholes = np.load(stream, allow_pickle=False)
    ids = np.load(stream, allow_pickle=False) if head["has_ids"] else None
    return Sample(parts, wholes, ids), head["num_examples"]
