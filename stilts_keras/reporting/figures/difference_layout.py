"""Where everything of a map of differences stands, in inches."""

import dataclasses

from stilts_keras.reporting.figures.page import EDGE
from stilts_keras.reporting.figures.style import SIZE
from stilts_keras.reporting.figures.style import SMALL
from stilts_keras.reporting.figures.texts import height_of
from stilts_keras.reporting.figures.texts import width_of
from stilts_keras.reporting.figures.texts import wrap


@dataclasses.dataclass(frozen=True)
class MapPlan:
    """Where everything of a map stands, in inches.

    Attributes:
        width: float. Of the page.
        left: float. Of the cells; `top`, `across` and `down` likewise.
        top: float.
        across: float.
        down: float.
        cell: pair of a cell's width and height.
        size: float. Of the numbers' letters, in points.
        lefts: dict from column to its left edge within the cells.
        headings: `Headings` of the columns.
        group_headings: `Headings` of the groups.
        labels: dict from route to the lines of its label.
    """

    width: float
    left: float
    top: float
    across: float
    down: float
    cell: tuple
    size: float
    lefts: dict
    headings: "Headings"
    group_headings: "Headings"
    labels: dict


@dataclasses.dataclass(frozen=True)
class Headings:
    """Texts above columns: all of them fit, wrapped or upright.

    Attributes:
        lines: dict from name to the lines of its text.
        upright: set of the names whose texts stand on end.
        height: float. Of the highest, in inches.
    """

    lines: dict
    upright: set
    height: float


def plan_map(table):
    """Measures the texts of a map and finds their places."""
    labels = _route_labels([route for route, _ in table.rows])
    size = SIZE if len(table.columns) <= 20 else SMALL
    cell = _cell_size(table, labels, size)
    lefts, across = _lefts(table, cell[0])
    headings = _headings(
        {column: table.heading(column) for column in table.columns},
        dict.fromkeys(table.columns, cell[0]),
    )
    named = {group: columns for group, columns in table.groups() if group}
    groups = _headings(
        dict(zip(named, named, strict=True)),
        {name: len(found) * cell[0] for name, found in named.items()},
        mixed=True,
    )
    left = EDGE + 0.12 + max(width_of(lines) for lines in labels.values())
    return MapPlan(
        width=left + across + _bar_width(table) + EDGE,
        left=left,
        top=headings.height + 0.07 + (groups.height + 0.14 if named else 0.0),
        across=across,
        down=len(table.rows) * cell[1],
        cell=cell,
        size=size,
        lefts=lefts,
        headings=headings,
        group_headings=groups,
        labels=labels,
    )


def _route_labels(routes):
    """Wraps routes, in two lines each if these need not be too long."""
    for room in (1.3, 1.7, 2.1, 2.5, 2.9, 3.3):
        labels = {route: wrap_route(route, room) for route in routes}
        if max(map(len, labels.values())) <= 2:
            break
    return labels


def wrap_route(route, room, size=SIZE, bold=False):
    """Wraps a route between stages, else between sources, else anywhere."""
    return wrap(route, room, ("/", "+", ""), size, bold)


def _cell_size(table, labels, size):
    """Finds a cell's width and height that hold all numbers and labels."""
    texts = [
        table.text(column, cell)
        for _, cells in table.rows
        for column, cell in zip(table.columns, cells, strict=True)
        if cell is not None
    ]
    words = [
        word
        for column in table.columns
        for word in wrap(table.heading(column), 0, HEADING_MARKS)
    ]
    count = len(table.columns)
    width = max(0.4, min(0.75, 9.0 / count))
    width = max(width, width_of(texts, size, bold=True) + 0.12)
    # A few long names widen the cells; of many, the names are set upright.
    needed = width_of(words) + 0.08
    if needed * count <= 10.0:
        width = max(width, needed)
    lines = max(map(len, labels.values()))
    return width, max(0.34, height_of(lines) + 0.08)


def _lefts(table, width):
    """Places the columns, with a gap between groups."""
    lefts, at = {}, 0.0
    for number, (_, columns) in enumerate(table.groups()):
        at += 0.1 if number else 0.0
        for column in columns:
            lefts[column] = at
            at += width
    return lefts, at


HEADING_MARKS = (" ", "-_/+:")


def _headings(texts, rooms, *, mixed=False):
    """Wraps texts over their columns, or sets them upright if they do not fit.

    Args:
        texts: dict from name to text.
        rooms: dict from name to the width of its columns, in inches.
        mixed: bool. Whether only those are upright that do not fit, not all.

    Returns:
        A `Headings`.
    """
    lines = {
        name: wrap(text, rooms[name] - 0.06, HEADING_MARKS)
        for name, text in texts.items()
    }
    upright = {
        name
        for name, found in lines.items()
        if width_of(found) > rooms[name] - 0.06 or len(found) > 3
    }
    if upright and not mixed:
        upright = set(texts)
    lines |= {name: [texts[name]] for name in upright}
    heights = [
        width_of(found) if name in upright else height_of(len(found))
        for name, found in lines.items()
    ]
    return Headings(lines, upright, max(heights, default=0.0))


def _bar_width(table):
    """Measures the colour bar with its ticks and its label."""
    return 0.2 + 0.14 + 0.1 + width_of(bar_ticks(table.limit)[1], SMALL) + 0.3


def bar_ticks(limit):
    """Chooses five values for the colour bar, and writes them."""
    values = [-limit, -limit / 2, 0.0, limit / 2, limit]
    texts = [f"{value:+g}" if value else "0" for value in values]
    return values, [text.replace("-", "\N{MINUS SIGN}") for text in texts]
