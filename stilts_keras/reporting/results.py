"""Files of a run, written whole or not at all, and its results.jsonl.

Every file here is first written under a temporary name in the same folder,
flushed to the disk and then renamed, so that a reader (or a run that was cut
off) sees the old file or the new one and never a part of one.
"""

import contextlib
import json
import os
import pathlib
import secrets

from stilts_keras.errors import InputError

KEY = ("route", "seed", "target", "language", "split", "metric")
COLUMNS = (*KEY, "value", "n", "zero_shot", "stage")


@contextlib.contextmanager
def atomic_write(path, mode="w"):
    """Opens a file that takes its name only once it is complete.

    Missing parent folders are made. If the block raises, the file that was
    there before stays as it was.

    Args:
        path: str or path. The file's final name; a link is followed.
        mode: str. `w` for text in UTF-8 or `wb` for bytes.

    Yields:
        The open file.
    """
    path = pathlib.Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    try:
        with open(partial, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def write_json(path, value):
    """Writes one JSON value, indented; see `atomic_write`.

    Args:
        path: str or path.
        value: what JSON can hold; NumPy scalars and arrays too.

    Raises:
        InputError: If the value holds what JSON cannot, such as NaN.
    """
    text = _to_json(value, path, indent=2)
    with atomic_write(path) as file:
        file.write(text + "\n")


def write_jsonl(path, rows):
    """Writes one JSON value per line; see `atomic_write`.

    Args:
        path: str or path.
        rows: iterable of what JSON can hold; NumPy scalars and arrays too.

    Raises:
        InputError: If a row holds what JSON cannot, such as NaN.
    """
    with atomic_write(path) as file:
        for row in rows:
            file.write(_to_json(row, path) + "\n")


def append_results(path, rows):
    """Adds rows to results.jsonl; a row scored again replaces the old one.

    Rows are the same where they agree in `KEY`. The file is for one writer
    at a time.

    Args:
        path: str or path. Made if it is not there.
        rows: iterable of dicts with the keys `COLUMNS` at least.

    Raises:
        InputError: If a row lacks a key or the file is damaged; the file
            then stays as it was.
    """
    rows = list(rows)
    for row in rows:
        _check_row(row, f"A row for {path}")
    merged = {_key(row): row for row in read_results(path)}
    merged.update((_key(row), row) for row in rows)
    write_jsonl(path, merged.values())


def read_results(path):
    """Reads results.jsonl.

    Args:
        path: str or path.

    Returns:
        A list of dicts in the file's order; empty if there is no file yet.

    Raises:
        InputError: If a line is damaged; names the file and the line.
    """
    try:
        lines = pathlib.Path(path).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            rows.append(_read_row(line, f"{path}, line {number}"))
    return rows


def _read_row(line, place):
    """Decodes one line, or names the place where it cannot be read."""
    try:
        row = json.loads(line.decode("utf-8"))
    except ValueError as error:
        raise InputError(
            f"{place}: not a row of results ({error}). Remove the line and "
            "run again; only its score is computed anew."
        ) from error
    _check_row(row, place)
    return row


def _check_row(row, place):
    """Raises unless a row has all keys."""
    if not isinstance(row, dict):
        raise InputError(f"{place}: expected a JSON object. Received: {row!r}.")
    missing = [column for column in COLUMNS if column not in row]
    if missing:
        raise InputError(
            f"{place}: lacks {', '.join(missing)}. Received: {sorted(row)}."
        )


def _key(row):
    """What makes two rows the same."""
    return tuple(row[column] for column in KEY)


def _to_json(value, path, indent=None):
    """Encodes a value strictly: NaN is not JSON, and other readers fail."""
    try:
        return json.dumps(
            value,
            indent=indent,
            ensure_ascii=False,
            allow_nan=False,
            default=_plain,
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"Cannot write {path}: {error}.") from error


def _plain(value):
    """Turns NumPy scalars and arrays, tuples' kin and paths into JSON's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r}")


def _flush_folder(folder):
    """Makes a rename in the folder last; only POSIX can open folders."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
