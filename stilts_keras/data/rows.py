"""Rows to checked Examples: what is empty, missing or wrong is found here.

Rows that are learnt from (training rows, and dev rows that choose a
checkpoint) are left out where a text is empty or a value is missing; a few
are, in published data sets, and nobody can mend rows on the Hub. They are
counted and named, and more than 1 % of them are an error. Of evaluated rows
none is left out, so that scores and numbers of lines are those of the
benchmark: an empty text stays in, and a missing value is an error. Where the
gold of a split is hidden, in all of its rows, these are predicted all the same.
"""

import dataclasses

from stilts_keras.errors import InputError
from stilts_keras.tasks.columns import MissingValue
from stilts_keras.tasks.example import Example

BAD_ROWS = ("skip", "error")
# Of the rows read.
MAX_BAD_SHARE = 0.01
NUM_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Reading:
    """What came of one row.

    Attributes:
        item: Example, or None where the row is left out.
        fault: str or None. Why it is left out, where something is amiss; None
            too where the data set's documentation says so.
        empty: str or None. What is empty in an evaluated row, which stays.
    """

    item: object
    fault: str | None = None
    empty: str | None = None


class RowReader:
    """Reads the rows of one split of one task.

    Attributes:
        is_evaluated: bool. Whether the rows are scored, not learnt from.
        is_hidden: bool. Whether what is to be predicted is not read.
        reads: str. What is read of the rows: `text` or `audio`.
        says: str. What is done to the rows, for messages: nothing.
    """

    says = ""

    def __init__(
        self,
        task,
        features,
        *,
        where,
        is_evaluated,
        numbers=None,
        is_hidden=False,
    ):
        """Checks that the columns are there.

        Args:
            task: `Task`.
            features: `datasets.Features` of the rows.
            where: str. Task, language, split and file, for messages.
            is_evaluated: bool. Whether the rows are scored, not learnt from.
            numbers: array (n,) or None. Each row's number in the data set;
                None where all rows are there.
            is_hidden: bool. Whether the rows are predicted, but not scored.

        Raises:
            InputError: If a column is missing.
        """
        self._task = task
        self._classes = class_names(features)
        self._where = where
        self.is_evaluated = is_evaluated
        self.is_hidden = is_hidden
        self.reads = task.reads
        self._numbers = numbers
        # The rows themselves name these, in any number.
        self._labels = () if task.labels_from_data else task.numbered_labels
        for column, kind in task.columns.items():
            if kind.may_be_absent or (is_hidden and kind.is_gold):
                continue
            if column not in features:
                raise InputError(
                    f"{where} has no column {column!r}. Columns there: "
                    f"{', '.join(sorted(features))}. Give the Hub's columns "
                    f"for {task.repositories[0].id!r}."
                )

    def number(self, index):
        """Returns a row's number in the data set, counted from 0."""
        return int(index if self._numbers is None else self._numbers[index])

    def place(self, index, row):
        """Names a row, for messages; where there are parts, in its own."""
        if "part" in row:
            part = f"part {row['part']!r}"
            return f"{self._where}, {part}, row {row['part_row']}"
        return f"{self._where}, row {self.number(index)}"

    def read(self, index, row, lightly=False):
        """Reads a row.

        Args:
            index: int. Its place among the rows that are read.
            row: dict.
            lightly: bool. Whether it was read before, and what is heard need
                not be decoded again.

        Returns:
            `Reading`.

        Raises:
            InputError: If the row is wrong, or an evaluated one lacks a value.
        """
        try:
            return self._read(row, lightly)
        except MissingValue as error:
            if not self.is_evaluated:
                return Reading(None, fault=str(error))
            raise InputError(
                f"{self.place(index, row)} has {error}, and an evaluated row "
                "needs it. Mend the row."
            ) from error
        except _WrongRow as error:
            raise InputError(f"{self.place(index, row)} {error}") from error

    def _read(self, row, lightly):
        values, empty = dict(row), None
        for name, kind in self._task.columns.items():
            if self.is_hidden and kind.is_gold:
                values[name] = kind.hidden()
            elif kind.may_be_absent and name not in row:
                values[name] = None
            elif kind.is_in(row.get("part")):
                read = kind.read_lightly if lightly else kind.read
                values[name] = self._value(name, read, row[name])
                empty = empty or kind.emptiness(name, values[name])
        try:
            item = self._task.to_example(values)
        except Exception as error:
            # It may be of the user's own file.
            raise _WrongRow(
                f"cannot be read: {type(error).__name__}: {error}"
                if self._task.file_digest
                else f"cannot be read: {error}"
            ) from error
        if item is None:
            return Reading(None)
        if not isinstance(item, Example):
            raise _WrongRow(
                f"cannot be read: to_example of task {self._task.name!r} gave "
                f"{item!r}. Expected an Example of stilts_keras.tasks.example."
            )
        if empty and not self.is_evaluated:
            return Reading(None, fault=empty)
        if self.is_hidden:
            return Reading(item.without_gold(), empty=empty)
        try:
            item.check(has_unanswerable=self._task.has_unanswerable)
        except MissingValue:
            raise
        except ValueError as error:
            raise _WrongRow(f"has {error}") from error
        return Reading(item, empty=empty)

    def _value(self, name, read, value):
        try:
            if name in self._classes:
                value = _by_name(value, self._classes[name])
            return read(name, value, self._labels)
        except MissingValue:
            raise
        except ValueError as error:
            raise _WrongRow(f"has {error}") from error


class ChangingReader:
    """A `RowReader` between whose reading and all else a change stands.

    So features, gold and whatever is shown of a row are of one Example.

    Attributes:
        says: str. What is done to the rows, for messages.
    """

    def __init__(self, reader, what):
        """Takes a reader.

        Args:
            reader: `RowReader`.
            what: str. What is done to its rows, for messages.
        """
        self._reader = reader
        self.says = f"{reader.says}, {what}"

    def __getattr__(self, name):
        """Gives all that the reader itself has."""
        return getattr(self._reader, name)

    def read(self, index, row, lightly=False):
        """Reads a row; see `RowReader.read`."""
        reading = self._reader.read(index, row, lightly)
        if reading.item is None:
            return reading
        item = self._changed(index, reading.item, lightly)
        return dataclasses.replace(reading, item=item)

    def _changed(self, index, item, lightly):
        """Returns the Example in place of the one that was read."""
        raise NotImplementedError


class _WrongRow(Exception):
    """What is wrong with a row, without its place."""


def is_gold_hidden(task, rows):
    """Whether a split says nowhere what is to be predicted.

    Args:
        task: `Task`.
        rows: `datasets.Dataset`, at least one row.
    """
    gold = {
        name: kind
        for name, kind in task.columns.items()
        # A question may be one without an answer.
        if kind.is_gold and not task.has_unanswerable
    }
    # Most splits show it in their first row.
    return bool(gold) and all(
        name not in rows.features
        or (
            kind.is_hidden(rows[0][name])
            and all(map(kind.is_hidden, rows[name]))
        )
        for name, kind in gold.items()
    )


def class_names(features):
    """Finds the columns of class labels: column name -> label names.

    Args:
        features: `datasets.Features`.
    """
    import datasets

    names = {}
    for column, feature in features.items():
        inner = getattr(feature, "feature", feature)
        if isinstance(inner, datasets.ClassLabel):
            names[column] = inner.names
    return names


def _by_name(value, names):
    """Class label numbers to names; -1 means that the label is hidden."""
    if isinstance(value, list):
        return [_by_name(number, names) for number in value]
    if value is None or value == -1:
        return None
    if not 0 <= value < len(names):
        raise ValueError(
            f"label {value!r}. Expected 0 to {len(names) - 1} "
            f"({', '.join(names)}), or -1 for a hidden label."
        )
    return names[value]


def labels_of(item):
    """Lists the class labels or tags of an Example.

    Args:
        item: Example or None.
    """
    tags = getattr(item, "tags", None) or ()
    label = getattr(item, "label", None)
    return [*tags, *([label] if isinstance(label, str) else [])]


def refuse_bad_rows(faults, num_rows, *, where, bad_rows, num_read=None):
    """Raises if more rows are bad than may be left out.

    Args:
        faults: dict from row number to what is amiss.
        num_rows: int. Of all rows.
        where: str. Task, language, split and file.
        bad_rows: str. `skip` allows for 1 %, `error` for none.
        num_read: int or None. Rows read so far; None for all.

    Raises:
        InputError: Names the first of them.
    """
    if bad_rows == "error" and faults:
        number, fault = min(faults.items())
        raise InputError(
            f"{where}, row {number} has {fault}. Mend the row, or pass "
            "--bad_rows=skip to leave out such rows, up to "
            f"{MAX_BAD_SHARE:.0%} of all."
        )
    if len(faults) > MAX_BAD_SHARE * num_rows:
        named = [
            f"row {number} has {fault}"
            for number, fault in sorted(faults.items())[:NUM_NAMED]
        ]
        faults_left = len(faults) > NUM_NAMED
        some = "at least " if num_read not in (None, num_rows) else ""
        raise InputError(
            f"{where}: {some}{len(faults):,} of {num_rows:,} rows cannot be "
            f"learnt from, and up to {MAX_BAD_SHARE:.0%} may be left out: "
            f"{', '.join(named)}{', ...' if faults_left else ''}. "
            "Mend these rows or take them out."
        )


def left_out_text(title, faults, num_rows):
    """Says which rows are left out.

    Args:
        title: str. Task, language and split.
        faults: dict from row number to what is amiss.
        num_rows: int.
    """
    return (
        f"{title}: {len(faults):,} of {num_rows:,} rows left out: "
        f"{_by_reason(faults)}"
    )


def empty_text(title, faults, num_rows):
    """Says which evaluated rows have an empty text; see `left_out_text`."""
    return (
        f"{title}: {len(faults):,} of {num_rows:,} rows are evaluated with "
        f"an empty text, as in the reference: {_by_reason(faults)}"
    )


def silent_text(title, faults, num_rows):
    """Says in which evaluated rows nothing is heard; see `left_out_text`."""
    return (
        f"{title}: {len(faults):,} of {num_rows:,} rows are evaluated, though "
        f"nothing is heard: {_by_reason(faults)}"
    )


def _by_reason(faults):
    rows = {}
    for number, fault in sorted(faults.items()):
        rows.setdefault(fault, []).append(number)
    return "; ".join(
        f"{fault}, {_rows_text(numbers)}" for fault, numbers in rows.items()
    )


def _rows_text(numbers):
    named = [str(number) for number in numbers[:NUM_NAMED]]
    if len(numbers) > NUM_NAMED:
        named.append(f"{len(numbers) - NUM_NAMED:,} more")
    if len(named) == 1:
        return f"row {named[0]}"
    return f"rows {', '.join(named[:-1])} and {named[-1]}"
