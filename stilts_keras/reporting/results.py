"""results.jsonl: one row for each score, each with its checksum."""

import pathlib

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.files import sealed
from stilts_keras.files import unsealed
from stilts_keras.files import write_jsonl

KEY = ("route", "seed", "target", "language", "split", "metric", "stage")
COLUMNS = (*KEY, "value", "n", "zero_shot")


def append_results(path, rows, key=KEY):
    """Adds rows to a file of results; a row scored again replaces the old one.

    The file is for one writer at a time.

    Args:
        path: str or path. Made if it is not there.
        rows: iterable of dicts with the keys `COLUMNS` at least.
        key: tuple of str. Rows that agree in these are the same.

    Raises:
        InputError: If a row lacks a key or the file is damaged; the file
            then stays as it was.
    """
    rows = list(rows)
    for row in rows:
        _check_row(row, f"A row for {path}")
    merged = {}
    for row in [*read_results(path), *rows]:
        merged[tuple(row[name] for name in key)] = row
    write_jsonl(path, map(sealed, merged.values()))


def read_results(path, damaged=None):
    """Reads a file of results.

    Args:
        path: str or path.
        damaged: list or None. If given, takes the error of each damaged line
            in place of raising it.

    Returns:
        A list of dicts in the file's order; empty if there is no file yet.

    Raises:
        DamageError: If a line is damaged; names the file and the line.
    """
    try:
        lines = pathlib.Path(path).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = unsealed(line, f"{path}, line {number}")
                _check_row(row, f"{path}, line {number}")
                rows.append(row)
            except DamageError as error:
                if damaged is None:
                    raise
                damaged.append(error)
    return rows


def _check_row(row, place):
    """Raises unless a row has all keys."""
    missing = [column for column in COLUMNS if column not in row]
    if missing:
        raise InputError(
            f"{place}: lacks {', '.join(missing)}. Received: {sorted(row)}."
        )
