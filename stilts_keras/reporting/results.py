"""results.jsonl: one row for each score, each with its checksum."""

import pathlib

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.files import atomic_write
from stilts_keras.files import sealed
from stilts_keras.files import to_line
from stilts_keras.files import unsealed

KEY = ("route", "seed", "target", "language", "split", "metric", "stage")
COLUMNS = (*KEY, "value", "n", "zero_shot")


class Results:
    """A file of results and its only writer, who reads it once.

    The file is always whole: it is written anew with every addition.
    """

    def __init__(self, path, key=KEY):
        """Reads nothing yet.

        Args:
            path: path. The file, made if it is not there.
            key: tuple of str. Rows that agree in these are the same.
        """
        self.path = pathlib.Path(path)
        self._key = key
        self._rows = None

    def rows(self):
        """Returns all rows, in the order in which they were first added.

        Raises:
            DamageError: If a line is damaged; names the file and the line.
        """
        if self._rows is None:
            self._rows = {}
            self._take(read_results(self.path))
        return [row for row, _ in self._rows.values()]

    def add(self, rows):
        """Adds rows; a row scored again replaces the old one.

        Args:
            rows: iterable of dicts with the keys `COLUMNS` at least.

        Raises:
            InputError: If a row lacks a key or the file is damaged; the file
                then stays as it was.
        """
        rows = list(rows)
        for row in rows:
            _check_row(row, f"A row for {self.path}")
        lines = [to_line(sealed(row), self.path) for row in rows]
        self.rows()
        for row, line in zip(rows, lines, strict=True):
            self._rows[self._key_of(row)] = (row, line)
        self._write()

    def drop_damaged(self):
        """Takes damaged lines out.

        Returns:
            List of `DamageError`, one for each.
        """
        damaged = []
        self._rows = {}
        self._take(read_results(self.path, damaged))
        if damaged:
            self._write()
        return damaged

    def _take(self, rows):
        for row in rows:
            line = to_line(sealed(row), self.path)
            self._rows[self._key_of(row)] = (row, line)

    def _write(self):
        with atomic_write(self.path) as file:
            file.writelines(line for _, line in self._rows.values())

    def _key_of(self, row):
        return tuple(row[name] for name in self._key)


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
