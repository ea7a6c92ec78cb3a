"""What a map of differences shows, picked out of a frame."""

import dataclasses
import math

from stilts_keras.errors import InputError
from stilts_keras.reporting.figures.page import caveats
from stilts_keras.reporting.figures.texts import in_order
from stilts_keras.reporting.own_task import MARK as OWN
from stilts_keras.reporting.tables import CHANCE

# How tables and maps mark a significant difference.
DAGGER = "\N{DAGGER}"
MARKED = "framed and bold"
OUTSIDE = "\N{SECTION SIGN}"


@dataclasses.dataclass(frozen=True)
class DifferenceTable:
    """What a map shows.

    Attributes:
        title: str.
        columns: list of str.
        rows: list of pairs of a route and its cells, each a cell or None.
        group_of: dict from column to its group, None where it has none.
        starred: set of the columns of which no cell is zero-shot.
        outside: set of the columns that are languages which the benchmark
            does not list.
        captions: list of str.
        limit: float. The difference of the deepest colour.
    """

    title: str
    columns: list
    rows: list
    group_of: dict
    starred: set
    outside: set
    captions: list
    limit: float

    def groups(self):
        """Lists pairs of a group and its columns, in their order."""
        found = {}
        for column in self.columns:
            found.setdefault(self.group_of[column], []).append(column)
        return list(found.items())

    def values(self):
        """Lists all differences."""
        return [cell["difference"] for cell in self._cells()]

    def transfers(self):
        """Lists the differences that are no more of the same, or else all."""
        found = [
            cell["difference"]
            for cell in self._cells()
            if cell.get("is_transfer", True)
        ]
        return found or self.values()

    def _cells(self):
        return [
            cell for _, cells in self.rows for cell in cells if cell is not None
        ]

    def text(self, column, cell):
        """Writes a difference with its sign and the marks of its table."""
        text = f"{cell['difference']:+z.1f}"
        if not cell.get("zero_shot", True) and column not in self.starred:
            text += "*"
        if not cell.get("is_transfer", True):
            text += OWN
        if not cell.get("complete", True):
            text += "~"
        return text.replace("-", "\N{MINUS SIGN}")

    def heading(self, column):
        """Writes the heading of a column."""
        mark = "*" if column in self.starred else ""
        return column + mark + (OUTSIDE if column in self.outside else "")


def differences_in(frame, groups):
    """Picks what a map shows out of a frame."""
    compared = [row for row in frame["rows"] if row["label"] != CHANCE]
    baseline = frame.get("baseline") or _baseline_of(compared)
    compared = [row for row in compared if row["label"] != baseline]
    columns = [
        column
        for column in frame["columns"]
        if any(_compared_cell(row, column) for row in compared)
    ]
    if not columns:
        raise InputError(
            f"There are no differences to draw in {frame['title']!r}: it "
            "takes results of the baseline and of another route."
        )
    columns = _by_group(columns, groups)
    rows = [
        (row["label"], [_compared_cell(row, column) for column in columns])
        for row in compared
    ]
    table = DifferenceTable(
        title=frame["title"],
        columns=columns,
        rows=rows,
        group_of={column: groups.get(column) for column in columns},
        starred=_starred(columns, rows),
        outside=_outside(columns, rows),
        captions=[],
        limit=0.0,
    )
    return dataclasses.replace(
        table,
        captions=_map_captions(table, frame, baseline),
        # More of the same would pale all others.
        limit=_limit(table.transfers()),
    )


def _baseline_of(rows):
    """Finds the row that all others are compared with, if it is there."""
    for row in rows:
        cells = row["cells"]
        if cells and not any(_compared_cell(row, name) for name in cells):
            return row["label"]
    return None


def _compared_cell(row, column):
    """Returns a cell that has a difference, else None."""
    cell = row["cells"].get(column)
    if cell is None or cell.get("difference") is None:
        return None
    return cell


def _by_group(columns, groups):
    """Puts the columns of a group side by side, those without one first."""
    places = {name: at for at, name in enumerate(in_order(groups.values()))}
    return sorted(
        columns, key=lambda column: places.get(groups.get(column), -1)
    )


def _starred(columns, rows):
    """Finds the columns that need one star instead of one in each cell."""
    cells = {
        column: [found[at] for _, found in rows if found[at] is not None]
        for at, column in enumerate(columns)
    }
    return {
        column
        for column, found in cells.items()
        if not any(cell.get("zero_shot", True) for cell in found)
    }


def _outside(columns, rows):
    """Finds the columns of languages that the benchmark does not list."""
    return {
        column
        for at, column in enumerate(columns)
        if not all(
            found[at].get("in_benchmark", True)
            for _, found in rows
            if found[at] is not None
        )
    }


def _limit(values):
    """Chooses how far the colours reach: as far as most of the values.

    A value more than twice as large as four fifths of them is an outlier and
    lies beyond; of fewer than five values, none does.
    """
    sizes = sorted(abs(value) for value in values)
    largest = sizes[-1]
    usual = sizes[int(0.8 * (len(sizes) - 1))]
    if len(sizes) >= 5 and usual > 0:
        largest = min(largest, 2 * usual)
    # Less than what a cell can show is not worth a deep colour.
    return _round_up(max(largest, 0.1))


def _round_up(value):
    """Rounds up to a number that is short to write, as is its half."""
    power = 10.0 ** math.floor(math.log10(value))
    for digit in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8):
        if value <= digit * power * (1 + 1e-9):
            return digit * power
    return 10 * power


def _map_captions(table, frame, baseline):
    """Says what is compared, and what the marks mean that occur."""
    cells = [cell for _, found in table.rows for cell in found]
    scored = [cell for cell in cells if cell is not None]
    texts = [
        table.text(column, cell)
        for _, found in table.rows
        for column, cell in zip(table.columns, found, strict=True)
        if cell is not None
    ]
    starred = table.starred or any("*" in text for text in texts)
    marked = any(map(is_significant, scored))
    judged = _judged_notes(frame)
    hatched = "hatched: no score to compare"
    if any(
        cell.get("collapsed")
        for row in frame["rows"]
        for cell in row["cells"].values()
    ):
        hatched += ", or constant predictions"
    marks = [
        (baseline, f"difference to {baseline} in percentage points"),
        (marked and not judged, f"{MARKED}: significant"),
        (len(scored) < len(cells), hatched),
        (starred, "* not zero-shot"),
        (table.outside, f"{OUTSIDE} not in the benchmark, and in no mean"),
        (
            any(OWN in text for text in texts),
            f"{OWN} of, or to, a route that trained the target's own task or "
            "head: more of the same, no transfer",
        ),
        (
            any(text.endswith("~") for text in texts),
            "~ over fewer languages than the column",
        ),
    ]
    line = "; ".join(mark for occurs, mark in marks if occurs)
    lines = [line, *judged, *caveats(frame)]
    return [line[:1].upper() + line[1:] for line in lines if line]


def _judged_notes(frame):
    """Picks the notes that say what is significant, if anything is.

    What a table marks with a dagger has a frame here.
    """
    return [
        note.replace(DAGGER, MARKED, 1)
        for note in frame["notes"]
        if note.startswith(DAGGER) or "significant" in note
    ]


def is_significant(cell):
    """Whether a cell of a frame is marked."""
    return bool(cell.get("is_significant"))
