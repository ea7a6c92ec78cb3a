"""Files of rows, such as results.jsonl, each row with its checksum."""

import pathlib

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.files import atomic_write
from stilts_keras.files import sealed
from stilts_keras.files import to_line
from stilts_keras.files import unsealed

KEY = ("route", "seed", "target", "language", "split", "metric", "stage")
COLUMNS = (*KEY, "value", "n", "zero_shot")
# What a row of trainings.jsonl has at least: how a stage came about.
TRAINING = ("stage", "path", "parent", "seed", "num_steps", "sources")
RUN_FILE = "run.json"
RESULTS_FILE = "results.jsonl"
LAYERS_FILE = "retrieval_layers.jsonl"
TRAININGS_FILE = "trainings.jsonl"


class Results:
    """A file of results and its only writer, who reads it once.

    The file is always whole: it is written anew with every addition.
    """

    def __init__(self, path, key=KEY, columns=COLUMNS):
        """Reads nothing yet.

        Args:
            path: path. The file, made if it is not there.
            key: tuple of str. Rows that agree in these are the same.
            columns: tuple of str. What every row has.
        """
        self.path = pathlib.Path(path)
        self._key = key
        self._columns = columns
        self._rows = None

    def rows(self):
        """Returns all rows, in the order in which they were first added.

        Raises:
            DamageError: If a line is damaged; names the file and the line.
        """
        if self._rows is None:
            self._rows = {}
            self._take(read_results(self.path, columns=self._columns))
        return [row for row, _ in self._rows.values()]

    def add(self, rows):
        """Adds rows; a row scored again replaces the old one.

        Args:
            rows: iterable of dicts with the file's columns at least.

        Raises:
            InputError: If a row lacks a key or the file is damaged; the file
                then stays as it was.
        """
        rows = list(rows)
        for row in rows:
            _check_row(row, f"A row for {self.path}", self._columns)
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
        self._take(read_results(self.path, damaged, self._columns))
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


def read_results(path, damaged=None, columns=COLUMNS):
    """Reads a file of results.

    Args:
        path: str or path.
        damaged: list or None. If given, takes the error of each damaged line
            in place of raising it.
        columns: tuple of str. What every row has.

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
                _check_row(row, f"{path}, line {number}", columns)
                rows.append(row)
            except InputError as error:
                if damaged is None:
                    raise DamageError(str(error)) from None
                damaged.append(error)
    return rows


def _check_row(row, place, columns):
    """Raises unless a row has all columns."""
    missing = [column for column in columns if column not in row]
    if missing:
        raise InputError(
            f"{place}: lacks {', '.join(missing)}. Received: {sorted(row)}."
        )
