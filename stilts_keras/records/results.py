"""Files of rows, such as results.jsonl, each row with its checksum."""

import dataclasses
import pathlib

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.files import atomic_write
from stilts_keras.files import sealed
from stilts_keras.files import to_line
from stilts_keras.files import unsealed
from stilts_keras.records import rows as rows_of

# Of what a run folder holds, in run.json as `format`. Raised when a file, or
# the meaning of a field, changes so that an earlier folder would be misread.
FORMAT = 2
RUN_FILE = "run.json"
RESULTS_FILE = "results.jsonl"
UNSCORED_FILE = "unscored.jsonl"
LAYERS_FILE = "retrieval_layers.jsonl"
FORGETTING_FILE = "forgetting.jsonl"
TRAININGS_FILE = "trainings.jsonl"
SPEEDS_FILE = "speeds.jsonl"


class RowFile:
    """A file of rows of one kind and its only writer, who reads it once.

    The file is always whole: it is written anew with every addition.

    Attributes:
        path: path.
        kind: a dataclass of `records.rows`.
    """

    def __init__(self, path, kind):
        """Reads nothing yet.

        Args:
            path: path. The file, made if it is not there.
            kind: a dataclass of `records.rows`. Rows that agree in its `KEY`
                are the same.
        """
        self.path = pathlib.Path(path)
        self.kind = kind
        self._rows = None

    def rows(self):
        """Returns all rows, in the order in which they were first added.

        Raises:
            DamageError: If a line is damaged; names the file and the line.
        """
        if self._rows is None:
            self._rows = {}
            self._take(read_rows(self.path, self.kind))
        return [row for row, _ in self._rows.values()]

    def add(self, rows):
        """Adds rows; a row scored again replaces the old one.

        Args:
            rows: iterable of rows of the file's kind.

        Raises:
            InputError: If a field is of a wrong type or the file is damaged;
                the file then stays as it was.
        """
        rows = list(rows)
        for row in rows:
            rows_of.check(row, f"A row for {self.path}")
        self._add(rows)

    def add_files(self, paths):
        """Adds the rows of other files of the kind; damaged ones are left out.

        Args:
            paths: iterable of path.
        """
        # They are checked as they are read.
        rows = [row for path in paths for row in read_rows(path, self.kind, [])]
        if rows:
            self._add(rows)

    def _add(self, rows):
        lines = [self._line(row) for row in rows]
        self.rows()
        for row, line in zip(rows, lines, strict=True):
            self._rows[rows_of.key_of(row)] = (row, line)
        self._write()

    def arrange(self, place_of):
        """Puts the rows in an order; those of one place stay as they are.

        Args:
            place_of: function of a row -> what can be compared.
        """
        before = self.rows()
        entries = self._rows.items()
        self._rows = dict(sorted(entries, key=lambda e: place_of(e[1][0])))
        if self.rows() != before:
            self._write()

    def drop_damaged(self):
        """Takes damaged lines out.

        Returns:
            List of `DamageError`, one for each.
        """
        damaged = []
        self._rows = {}
        self._take(read_rows(self.path, self.kind, damaged))
        if damaged:
            self._write()
        return damaged

    def _take(self, rows):
        for row in rows:
            self._rows[rows_of.key_of(row)] = (row, self._line(row))

    def _line(self, row):
        return to_line(sealed(dataclasses.asdict(row)), self.path)

    def _write(self):
        with atomic_write(self.path) as file:
            file.writelines(line for _, line in self._rows.values())


def read_rows(path, kind, damaged=None):
    """Reads a file of rows.

    Args:
        path: str or path.
        kind: a dataclass of `records.rows`.
        damaged: list or None. If given, takes the error of each damaged line
            in place of raising it.

    Returns:
        A list of rows in the file's order; empty if there is no file yet.

    Raises:
        DamageError: If a line is damaged; names the file and the line.
        InputError: If an earlier version of stilts_keras wrote the file.
    """
    try:
        lines = pathlib.Path(path).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            found = unsealed(line, where)
            is_earlier = "evaluation" in found
            if not is_earlier:
                rows.append(rows_of.from_dict(kind, found, where))
        except InputError as error:
            if damaged is None:
                raise DamageError(str(error)) from None
            damaged.append(error)
        else:
            # Format 1 called the data's fingerprint so.
            if is_earlier:
                raise _outdated(where, 1)
    return rows


def clean_and_disturbed(rows):
    """Tells scores of rows as they are from those of disturbed rows.

    The one place that does so: whatever a table, a figure, a finding or a
    card is of, it takes the first, and only robustness the second. Severity 0
    of a disturbance belongs to the second: those are a part of the rows, or
    the clean rows once more.

    Args:
        rows: iterable of `rows.Score`, or of another kind that has
            `disturbance` and `severity`.

    Returns:
        Two lists.
    """
    clean, disturbed = [], []
    for row in rows:
        is_clean = (row.disturbance, row.severity) == ("", 0)
        (clean if is_clean else disturbed).append(row)
    return clean, disturbed


def check_format(run, path):
    """Checks that this version can read what a run folder holds.

    Args:
        run: dict. As run.json holds it.
        path: path. Of run.json.

    Raises:
        InputError: If another version of stilts_keras wrote it.
    """
    found = run.get("format", 1)
    if found != FORMAT:
        raise _outdated(path, found)


def _outdated(where, found):
    age = "an earlier" if found == 1 else "another"
    return InputError(
        f"{where}: written by {age} version of stilts_keras (format {found}, "
        f"expected {FORMAT}), and its scores are not read by this one. Choose "
        "another --run_dir and run again, or go on with the version that "
        "wrote it."
    )
