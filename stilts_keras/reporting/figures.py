"""Figures of results: the tables' frames, drawn for a report or TensorBoard.

Every function takes numbers that are computed already, such as a frame of
`reporting.tables`, and returns a `matplotlib.figure.Figure`; `to_png` and
`to_svg` give its bytes, the same for the same data on the same Matplotlib.
Nothing here touches pyplot, and Matplotlib's settings are as before after
each call; they are global while it runs, so call from one thread.

Pages are laid out in inches from the top left corner: every text is measured
before its place is chosen, so that long routes make a page larger instead of
running into their neighbours.

The colours of differences are ColorBrewer's PuOr (https://colorbrewer2.org,
Cynthia Brewer, Mark Harrower and The Pennsylvania State University), which is
safe for the colour-blind, but with a middle of pure white. Those of lines and
bars are Okabe's and Ito's (https://jfly.uni-koeln.de/color/) without the
yellow, which is hard to see on white.
"""

import contextlib
import dataclasses
import functools
import io
import math
import re

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.colors import Normalize
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextToPath
from matplotlib.ticker import MaxNLocator

from stilts_keras.errors import InputError
from stilts_keras.reporting.tables import CHANCE
from stilts_keras.reporting.tables import TARGETS_MEAN

LOSS_TO_GAIN = (
    "#b35806",
    "#e08214",
    "#fdb863",
    "#fee0b6",
    "#ffffff",
    "#d8daeb",
    "#b2abd2",
    "#8073ac",
    "#542788",
)
LINE_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#000000",
)
# Eight beside seven colours: their pairs repeat only after 56.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
DASHES = ("solid", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
INK = "#222222"
QUIET = "#666666"
RULE = "#c8c8c8"
GRID = "#e8e8e8"
EMPTY = "#f3f3f3"

TITLE_SIZE = 12
SIZE = 9
SMALL = 8
LINE_SPACING = 1.25
EDGE = 0.18
MIN_WIDTH = 4.8
MIN_BAR = 1.1
MAX_PANELS = 12
LARGE = 4.6
SMALL_ACROSS = 2.0
SMALL_DOWN = 1.4
BAR_ACROSS = 2.6
BAR_DOWN = 0.36
LEADER = 0.3
MAX_END = 1.8
AXIS = 0.35
LABEL_GAP = 0.16
SAMPLE = 0.42
# Scores of a narrower range than this, in points, would look like cliffs.
MIN_SPAN = 2.0
STYLE = {
    "font.family": ["sans-serif"],
    # All but the first are for readers of an SVG who lack it.
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
    "font.size": SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": RULE,
    "axes.labelcolor": QUIET,
    "axes.labelsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "stilts_keras",
}

# How tables and maps mark a significant difference.
DAGGER = "\N{DAGGER}"
MARKED = "framed and bold"
ONE_EACH = "one stage each"
ALL_IN_ONE = "all in one stage"
IN_BETWEEN = "several in some stage"


@contextlib.contextmanager
def _style():
    """Sets Matplotlib's settings for a while, whatever the user's own are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def to_png(figure, *, dpi=100):
    """Draws a figure in pixels.

    Args:
        figure: `matplotlib.figure.Figure`, from a function of this module.
        dpi: int. Pixels per inch; at 100, texts are as large as TensorBoard's.

    Returns:
        The bytes of a PNG file, without the version that wrote it.
    """
    return _saved(figure, "png", dpi=dpi, metadata={"Software": None})


def to_svg(figure):
    """Draws a figure for a page or for print.

    Args:
        figure: `matplotlib.figure.Figure`, from a function of this module.

    Returns:
        The bytes of an SVG file whose texts can be searched and copied.
    """
    metadata = {"Date": None, "Creator": None}
    return _saved(figure, "svg", metadata=metadata)


@_style()
def _saved(figure, form, **options):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, **options)
    return buffer.getvalue()


# Differences to the baseline


@_style()
def difference_map(frame, *, groups=None):
    """Draws the differences to the baseline as a map of coloured cells.

    White is no difference. The colours reach as far to gains as to losses;
    where single cells lie far beyond the others, they end before those, and
    the colour bar's pointed ends say so. Columns without any difference are
    left out, as are the baseline and chance.

    Args:
        frame: dict, a frame of `reporting.tables` with differences. The
            baseline is its `baseline` if it names one, else the first row
            without any difference.
        groups: dict from column to the name of its group, such as a language
            family. Columns then stand by their groups, in the order in which
            these occur here, after the columns that have none.

    Returns:
        A `matplotlib.figure.Figure`, larger for more and longer labels.

    Raises:
        InputError: If the frame has no differences.
    """
    table = _differences(frame, groups or {})
    plan = _plan_map(table)
    # The colour bar needs some height even beside a single route.
    down = plan.top + max(plan.down, MIN_BAR)
    figure, top = _page(table.title, plan.width, down, table.captions)
    plan = dataclasses.replace(plan, top=top + plan.top)
    axes = _place(figure, plan.left, plan.top, plan.across, plan.down)
    axes.set(xlim=(0, plan.across), ylim=(plan.down, 0))
    axes.set_axis_off()
    for row, (route, cells) in enumerate(table.rows):
        _label_row(figure, plan, row, route)
        for column, cell in zip(table.columns, cells, strict=True):
            _draw_cell(axes, table, plan, (row, column), cell)
    for column in table.columns:
        _label_column(figure, plan, column)
    for group, columns in table.groups():
        _label_group(figure, plan, group, columns)
    _colour_bar(figure, plan, table)
    return figure


@dataclasses.dataclass(frozen=True)
class _Table:
    """What a map shows.

    Attributes:
        title: str.
        columns: list of str.
        rows: list of pairs of a route and its cells, each a cell or None.
        group_of: dict from column to its group, None where it has none.
        starred: set of the columns of which no cell is zero-shot.
        captions: list of str.
        limit: float. The difference of the deepest colour.
    """

    title: str
    columns: list
    rows: list
    group_of: dict
    starred: set
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
        return [
            cell["difference"]
            for _, cells in self.rows
            for cell in cells
            if cell is not None
        ]

    def text(self, column, cell):
        """Writes a difference with its sign and the marks of its table."""
        # Adding 0.0 turns the -0.0 of a tiny loss into +0.0.
        text = f"{round(cell['difference'], 1) + 0.0:+.1f}"
        if not cell.get("zero_shot", True) and column not in self.starred:
            text += "*"
        if not cell.get("complete", True):
            text += "~"
        return text.replace("-", "\N{MINUS SIGN}")

    def heading(self, column):
        """Writes the heading of a column."""
        return f"{column}*" if column in self.starred else column


def _differences(frame, groups):
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
    table = _Table(
        title=frame["title"],
        columns=columns,
        rows=rows,
        group_of={column: groups.get(column) for column in columns},
        starred=_starred(columns, rows),
        captions=[],
        limit=0.0,
    )
    return dataclasses.replace(
        table,
        captions=_map_captions(table, frame, baseline),
        limit=_limit(table.values()),
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
    places = {name: at for at, name in enumerate(_in_order(groups.values()))}
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
    marked = any(map(_is_significant, scored))
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
        (
            any(text.endswith("~") for text in texts),
            "~ over fewer languages than the column",
        ),
    ]
    line = "; ".join(mark for occurs, mark in marks if occurs)
    lines = [line, *judged, *_caveats(frame)]
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


def _caveats(frame):
    """Picks the note without which a figure would promise too much."""
    return [note for note in frame["notes"] if note.startswith("One seed")]


def _is_significant(cell):
    return bool(cell.get("is_significant"))


@dataclasses.dataclass(frozen=True)
class _MapPlan:
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
        headings: `_Headings` of the columns.
        group_headings: `_Headings` of the groups.
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
    headings: "_Headings"
    group_headings: "_Headings"
    labels: dict


@dataclasses.dataclass(frozen=True)
class _Headings:
    """Texts above columns: all of them fit, wrapped or upright.

    Attributes:
        lines: dict from name to the lines of its text.
        upright: set of the names whose texts stand on end.
        height: float. Of the highest, in inches.
    """

    lines: dict
    upright: set
    height: float


def _plan_map(table):
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
    left = EDGE + 0.12 + max(_width(lines) for lines in labels.values())
    return _MapPlan(
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
        labels = {route: _wrap_route(route, room) for route in routes}
        if max(map(len, labels.values())) <= 2:
            break
    return labels


def _wrap_route(route, room, size=SIZE, bold=False):
    """Wraps a route between stages, else between sources, else anywhere."""
    return _wrap(route, room, ("/", "+", ""), size, bold)


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
        for word in _wrap(table.heading(column), 0, HEADING_MARKS)
    ]
    count = len(table.columns)
    width = max(0.4, min(0.75, 9.0 / count))
    width = max(width, _width(texts, size, bold=True) + 0.12)
    # A few long names widen the cells; of many, the names are set upright.
    needed = _width(words) + 0.08
    if needed * count <= 10.0:
        width = max(width, needed)
    lines = max(map(len, labels.values()))
    return width, max(0.34, _height(lines) + 0.08)


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
        A `_Headings`.
    """
    lines = {
        name: _wrap(text, rooms[name] - 0.06, HEADING_MARKS)
        for name, text in texts.items()
    }
    upright = {
        name
        for name, found in lines.items()
        if _width(found) > rooms[name] - 0.06 or len(found) > 3
    }
    if upright and not mixed:
        upright = set(texts)
    lines |= {name: [texts[name]] for name in upright}
    heights = [
        _width(found) if name in upright else _height(len(found))
        for name, found in lines.items()
    ]
    return _Headings(lines, upright, max(heights, default=0.0))


def _bar_width(table):
    """Measures the colour bar with its ticks and its label."""
    return 0.2 + 0.14 + 0.1 + _width(_bar_ticks(table.limit)[1], SMALL) + 0.3


def _bar_ticks(limit):
    """Chooses five values for the colour bar, and writes them."""
    values = [-limit, -limit / 2, 0.0, limit / 2, limit]
    texts = [f"{value:+g}" if value else "0" for value in values]
    return values, [text.replace("-", "\N{MINUS SIGN}") for text in texts]


def _draw_cell(axes, table, plan, place, cell):
    """Draws one cell: a colour and a number, or hatching.

    Args:
        axes: `matplotlib.axes.Axes` whose units are inches.
        table: `_Table`.
        plan: `_MapPlan`.
        place: pair of the row's number and the column's name.
        cell: dict of a frame, or None.
    """
    row, column = place
    left, top = plan.lefts[column], row * plan.cell[1]
    patch = Rectangle((left, top), *plan.cell, linewidth=0.8)
    axes.add_patch(patch)
    if cell is None:
        patch.set(facecolor=EMPTY, edgecolor=RULE, hatch="////", linewidth=0)
        return
    colour = _map_colour(cell["difference"], table.limit)
    patch.set(facecolor=colour, edgecolor=GRID)
    axes.text(
        left + plan.cell[0] / 2,
        top + plan.cell[1] / 2 + _sink(plan.size),
        table.text(column, cell),
        size=plan.size,
        weight="bold" if _is_significant(cell) else "normal",
        color=_ink(colour),
        ha="center",
        va="baseline",
    )
    if _is_significant(cell):
        axes.add_patch(_mark(left, top, *plan.cell, _ink(colour)))


def _mark(left, top, width, height, ink):
    """Builds the frame of a significant cell, inside its edges."""
    inset = 0.035
    return Rectangle(
        (left + inset, top + inset),
        width - 2 * inset,
        height - 2 * inset,
        fill=False,
        edgecolor=ink,
        linewidth=0.9,
        label="significant",
    )


@functools.cache
def _colour_map():
    return LinearSegmentedColormap.from_list("PuOr with white", LOSS_TO_GAIN)


def _map_colour(difference, limit):
    """Returns the RGB colour of a difference; that of 0 is pure white."""
    if difference == 0:
        # A colour map of an even number of colours has none for its middle.
        return (1.0, 1.0, 1.0)
    share = (difference / limit + 1) / 2
    return _colour_map()(min(max(share, 0.0), 1.0))[:3]


def _ink(colour):
    """Chooses black or white, whichever stands out more on a colour.

    One of the two always has a contrast of at least 4.58 by WCAG 2, which
    asks for 4.5 (https://www.w3.org/TR/WCAG21/#contrast-minimum).
    """
    light = _luminance(colour) + 0.05
    return "black" if light / 0.05 >= 1.05 / light else "white"


def _luminance(colour):
    """Computes the relative luminance of WCAG 2."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _label_row(figure, plan, row, route):
    """Writes a route at the left, in the middle of its row."""
    lines = plan.labels[route]
    middle = plan.top + (row + 0.5) * plan.cell[1]
    top = middle - _height(len(lines)) / 2
    _write_lines(figure, EDGE, top, lines)


def _label_column(figure, plan, column):
    """Writes the heading of a column right above it."""
    middle = plan.left + plan.lefts[column] + plan.cell[0] / 2
    bottom = plan.top - 0.07
    _write_heading(figure, plan.headings, column, middle, bottom)


def _label_group(figure, plan, group, columns):
    """Writes a group above its columns, over a rule as wide as they are."""
    if group is None:
        return
    left = plan.left + plan.lefts[columns[0]]
    right = plan.left + plan.lefts[columns[-1]] + plan.cell[0]
    bottom = plan.top - 0.07 - plan.headings.height - 0.06
    _rule(figure, (left + 0.02, right - 0.02), bottom)
    _write_heading(
        figure, plan.group_headings, group, (left + right) / 2, bottom - 0.05
    )


def _write_heading(figure, headings, name, middle, bottom):
    """Writes one heading, on end if it stands upright."""
    width, height = figure.get_size_inches()
    lines = headings.lines[name]
    if name in headings.upright:
        figure.text(
            (middle + _sink(SIZE)) / width,
            1 - bottom / height,
            lines[0],
            rotation=90,
            rotation_mode="anchor",
            va="baseline",
        )
    else:
        top = bottom - _height(len(lines))
        _write_lines(figure, middle, top, lines, ha="center")


def _rule(figure, ends, top):
    """Draws a thin level line."""
    width, height = figure.get_size_inches()
    figure.add_artist(
        Line2D(
            [end / width for end in ends],
            [1 - top / height] * 2,
            color=RULE,
            linewidth=1.0,
        )
    )


def _colour_bar(figure, plan, table):
    """Draws the colour bar beside the cells."""
    down = max(plan.down, MIN_BAR)
    axes = _place(figure, plan.left + plan.across + 0.2, plan.top, 0.14, down)
    values = table.values()
    below, above = min(values) < -table.limit, max(values) > table.limit
    extend = {
        (False, False): "neither",
        (True, False): "min",
        (False, True): "max",
        (True, True): "both",
    }[below, above]
    norm = Normalize(-table.limit, table.limit)
    bar = figure.colorbar(
        ScalarMappable(norm, _colour_map()),
        cax=axes,
        extend=extend,
        extendfrac=0.12 / down,
    )
    ticks, texts = _bar_ticks(table.limit)
    bar.set_ticks(ticks, labels=texts)
    bar.set_label("points", labelpad=4)
    bar.outline.set(edgecolor=RULE, linewidth=0.8)
    # Seams between the steps would show in an SVG.
    bar.solids.set_edgecolor("face")


# Numbers of intermediate tasks


@_style()
def number_of_tasks_curve(frame):
    """Draws the scores over the number of intermediate tasks.

    The mean over targets is large, with a bar for each standard deviation
    where the frame has any, else for the 95 % interval; beside it stands a
    small panel for each target. A dotted line goes on at the height of no
    task.

    Args:
        frame: dict, of `reporting.tables.number_of_tasks_frame`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        InputError: If no row of the frame has a score.
    """
    columns = [name for name in frame["columns"] if _series(frame, name)]
    if not columns:
        raise InputError(f"There are no scores to draw in {frame['title']!r}.")
    targets = [name for name in columns if name != TARGETS_MEAN]
    large = LARGE if TARGETS_MEAN in columns else 0.0
    across = min(max(1, math.ceil(len(targets) / 3)), 5)
    down = max(math.ceil(len(targets) / across) * SMALL_DOWN, 0.7 * large)
    figure, top = _page(
        frame["title"],
        EDGE + large + across * SMALL_ACROSS + EDGE,
        down,
        _curve_captions(frame),
        key=_curve_key(frame),
    )
    if large:
        box = (EDGE + 0.35, top + 0.25, large - 0.75, down - 0.55)
        _curve_panel(_place(figure, *box), frame, TARGETS_MEAN)
    for number, target in enumerate(targets):
        row, column = divmod(number, across)
        _curve_panel(
            _place(
                figure,
                EDGE + large + column * SMALL_ACROSS + 0.35,
                top + row * SMALL_DOWN + 0.25,
                SMALL_ACROSS - 0.5,
                SMALL_DOWN - 0.55,
            ),
            frame,
            target,
        )
    return figure


def _series(frame, column):
    """Collects the points of each curve of a column.

    Returns:
        A dict from the series' name to a list of pairs of the number of
        tasks and a cell. No task, and one, belong to both curves; a curve
        of nothing else is left out.
    """
    found = {ONE_EACH: [], ALL_IN_ONE: [], IN_BETWEEN: []}
    for row in frame["rows"]:
        cell = row["cells"].get(column)
        if cell is None or cell["value"] is None:
            continue
        for name in _series_of(*row["shape"]):
            found[name].append((row["shape"][0], cell))
    numbers = {
        name: {number for number, _ in points} for name, points in found.items()
    }
    if numbers[ONE_EACH] <= {0, 1} and numbers[ALL_IN_ONE] - {0, 1}:
        found[ONE_EACH] = []
    elif numbers[ALL_IN_ONE] <= {0, 1}:
        found[ALL_IN_ONE] = []
    return {
        name: sorted(points, key=lambda point: point[0])
        for name, points in found.items()
        if points
    }


def _series_of(tasks, stages):
    """Names the series that a shape belongs to."""
    names = [ONE_EACH] if stages == tasks else []
    if stages <= 1:
        names.append(ALL_IN_ONE)
    return names or [IN_BETWEEN]


SERIES_STYLES = {
    ONE_EACH: {"color": LINE_COLOURS[0], "marker": "o", "linestyle": "-"},
    ALL_IN_ONE: {
        "color": LINE_COLOURS[1],
        "marker": "s",
        "linestyle": DASHES[1],
    },
    IN_BETWEEN: {"color": LINE_COLOURS[2], "marker": "D", "linestyle": "none"},
}


def _curve_key(frame):
    """Lists the series that occur, with their styles."""
    names = {
        name for column in frame["columns"] for name in _series(frame, column)
    }
    return [
        (name, style | {"markersize": 5, "linewidth": 1.8})
        for name, style in SERIES_STYLES.items()
        if name in names
    ]


def _curve_captions(frame):
    """Says what the figure's axes and bars are."""
    captions = ["Score in percent over the number of tasks; dotted: of no task"]
    spread = _spread(frame, TARGETS_MEAN)
    if spread:
        captions[0] += f"; bars: {SPREADS[spread]}"
    captions += [
        note[:1].upper() + note[1:]
        for note in frame["notes"]
        if note.startswith(f"{TARGETS_MEAN} over")
    ]
    return captions + _caveats(frame)


SPREADS = {
    "deviation": "standard deviation over routes and seeds",
    "margin": "95 % interval over the examples",
}


def _spread(frame, column):
    """Chooses the one kind of bar that a column's points share, or None."""
    cells = [row["cells"].get(column) or {} for row in frame["rows"]]
    for name in SPREADS:
        if any(cell.get(name) is not None for cell in cells):
            return name
    return None


def _curve_panel(axes, frame, column):
    """Draws the curves of one target or of the mean over targets."""
    is_mean = column == TARGETS_MEAN
    series = _series(frame, column)
    spread = _spread(frame, column) if is_mean else None
    for number, (name, points) in enumerate(series.items()):
        # Bars of two series at one number would hide each other.
        shift = 0.06 * (2 * number - 1) if spread and len(series) > 1 else 0.0
        _curve(axes, name, points, spread, shift)
    _no_task_line(axes, series)
    title = column if is_mean else _shortened(column, SMALL_ACROSS - 0.5)
    weight = "bold" if is_mean else "normal"
    axes.set_title(title, loc="left", size=SIZE, pad=5, weight=weight)
    if is_mean:
        axes.set_xlabel("intermediate tasks")
    numbers = {number for points in series.values() for number, _ in points}
    _whole_ticks(axes, max(numbers), wide=is_mean)
    _calm_heights(axes, 6 if is_mean else 3)


def _curve(axes, name, points, spread, shift):
    """Draws one series, thick and with bars if it has a spread."""
    axes.errorbar(
        [
            # Where the series have the same points, they meet.
            number + (shift if number > 1 else 0.0)
            for number, _ in points
        ],
        [cell["value"] for _, cell in points],
        [cell.get(spread) or 0.0 for _, cell in points] if spread else None,
        elinewidth=1.0,
        linewidth=2.2 if spread else 1.3,
        markersize=5.5 if spread else 3,
        label=name,
        **SERIES_STYLES[name],
    )


def _no_task_line(axes, series):
    """Draws the score without any task as a line to compare with."""
    for points in series.values():
        if points[0][0] == 0:
            axes.axhline(
                points[0][1]["value"],
                color=QUIET,
                linewidth=0.8,
                linestyle=(0, (1, 2)),
                zorder=1,
            )
            return


def _whole_ticks(axes, largest, *, wide):
    """Sets the ticks of a number of tasks, which is never 1.5."""
    axes.set_xlim(-0.4, max(largest, 1) + 0.4)
    step = max(1, math.ceil(largest / (12 if wide else 5)))
    axes.set_xticks(range(0, max(largest, 1) + 1, step))


def _calm_heights(axes, ticks):
    """Draws few level lines, and no change of a point as a cliff."""
    low, high = axes.get_ylim()
    missing = max(0.0, MIN_SPAN - (high - low)) / 2
    axes.set_ylim(low - missing, high + missing)
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)


# Forgetting


@_style()
def forgetting_curves(frame):
    """Draws what is left, along each chain, of what earlier stages learned.

    Every chain that is not the beginning of another is one panel, with a line
    for each source from the stage that learned it. All panels have one scale.
    Chains of a single stage are left out, and more than 12 chains.

    Args:
        frame: dict, of `reporting.tables.forgetting_frame`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        InputError: If no chain of the frame has two stages.
    """
    chains = _chains(frame["rows"])
    if not chains:
        raise InputError(
            "There is nothing to forget: no route has two stages in a row."
        )
    shown = chains[:MAX_PANELS]
    plan = _plan_chains(frame, shown)
    captions = [
        "Score on dev rows after each stage, in percent",
        *_left_out(len(chains), "chains"),
        *_caveats(frame),
    ]
    rows = _rows_of_chains(plan, shown)
    figure, top = _page(
        frame["title"],
        EDGE + AXIS + max(sum(map(plan.across, row)) for row in rows),
        len(rows) * plan.down,
        captions,
    )
    for number, row in enumerate(rows):
        left = EDGE + AXIS
        for chain in row:
            corner = (left, top + number * plan.down + plan.above)
            axes = _place(figure, *corner, plan.width(chain), plan.height)
            _chain_panel(axes, chain, plan, is_first=chain is row[0])
            left += plan.across(chain)
    return figure


def _rows_of_chains(plan, chains):
    """Puts as many panels side by side as the page is wide."""
    rows, used = [[]], 0.0
    for chain in chains:
        used += plan.across(chain)
        if rows[-1] and used > 12.0:
            rows.append([])
            used = plan.across(chain)
        rows[-1].append(chain)
    return rows


@dataclasses.dataclass(frozen=True)
class _Chain:
    """One path of stages and the rows of a frame that stand on it.

    Attributes:
        owner: str. The route that stages of this path are of, where stages of
            one path are told apart; else empty.
        names: list of str, the stages.
        rows: list of rows, None where the frame has none.
    """

    owner: str
    names: list
    rows: list


def _chains(rows):
    """Lists the chains of two stages or more that are in no longer one."""
    by_path = {}
    for row in rows:
        path, _, owner = row["label"].partition(" of ")
        by_path.setdefault(path, {})[owner] = row
    longest = [
        path
        for path in by_path
        if "/" in path
        and not any(other.startswith(path + "/") for other in by_path)
    ]
    chains = [
        _chain(by_path, path, owner)
        for path in longest
        for owner in by_path[path]
    ]
    return [
        chain
        for chain in chains
        if sum(row is not None for row in chain.rows) > 1
    ]


def _chain(by_path, path, owner):
    """Collects the stages that lead to one stage."""
    names = path.split("/")
    paths = ["/".join(names[: at + 1]) for at in range(len(names))]
    return _Chain(
        owner,
        names,
        [_stage_row(by_path.get(part, {}), path, owner) for part in paths],
    )


def _stage_row(twins, path, owner):
    """Chooses among the stages of one path the one that a chain went over.

    A frame tells such stages apart by the first route that has them.
    """
    for name in (owner, path, ""):
        if name in twins:
            return twins[name]
    shared = {name: _shared_stages(name, path) for name in twins}
    return twins[max(shared, key=shared.get)] if shared else None


def _shared_stages(one, other):
    """Counts the stages that two routes begin with alike."""
    count = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count


@dataclasses.dataclass(frozen=True)
class _ChainPlan:
    """What the panels of all chains share, in inches.

    Attributes:
        down: float. A panel's height with its labels.
        above: float. The room for a panel's title.
        height: float. Within the axes.
        step: float. Between two stages.
        lines: int. Of the stages' names.
        labels: float. The room for the sources' names.
        scale: pair of the lowest and the highest score of the axes.
        styles: dict from source to the style of its line.
    """

    down: float
    above: float
    height: float
    step: float
    lines: int
    labels: float
    scale: tuple
    styles: dict

    def width(self, chain):
        """The width within the axes of a chain."""
        return (len(chain.names) - 0.25) * self.step

    def across(self, chain):
        """The width of a chain's panel with its labels."""
        return self.width(chain) + LEADER + self.labels + 0.1


def _plan_chains(frame, chains):
    """Measures the texts of the chains and finds the panels' sizes."""
    stages = [_stage_lines(name) for chain in chains for name in chain.names]
    sources = {
        name: sum(_has(chain, name) for chain in chains)
        for name in frame["columns"]
    }
    sources = [name for name, count in sources.items() if count]
    most = max(sum(_has(c, name) for name in sources) for c in chains)
    height = max(1.7, most * LABEL_GAP + 0.2)
    above = 0.3 if any(chain.owner for chain in chains) else 0.1
    most_lines = max(map(len, stages))
    return _ChainPlan(
        down=above + height + _height(most_lines, SMALL) + 0.28,
        above=above,
        height=height,
        step=max(0.8, 0.12 + max(_width(lines, SMALL) for lines in stages)),
        lines=most_lines,
        labels=max(_width([_shortened(name, MAX_END)]) for name in sources),
        scale=_scale(chains),
        styles={name: _line_style(at) for at, name in enumerate(sources)},
    )


def _stage_lines(name):
    """Wraps the name of a stage below its tick."""
    return _wrap(name, 1.1, ("+", "-_@:", ""), SMALL)


def _value(row, source):
    """Returns a score of a row that may be missing, else NaN."""
    cell = row["cells"].get(source) if row else None
    value = cell["value"] if cell else None
    return math.nan if value is None else value


def _values(chain, source):
    return [_value(row, source) for row in chain.rows]


def _has(chain, source):
    return not all(map(math.isnan, _values(chain, source)))


def _scale(chains):
    """Finds one scale for all panels."""
    values = [
        cell["value"]
        for chain in chains
        for row in chain.rows
        if row
        for cell in row["cells"].values()
        if cell["value"] is not None
    ]
    low, high = min(values), max(values)
    margin = max(0.07 * (high - low), (MIN_SPAN - (high - low)) / 2)
    return low - margin, high + margin


def _line_style(number):
    """Tells lines apart by colour, marker and dashes at once."""
    return {
        "color": LINE_COLOURS[number % len(LINE_COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": DASHES[number % len(DASHES)],
    }


def _chain_panel(axes, chain, plan, *, is_first):
    """Draws one chain: a line for each source, named at its end."""
    axes.set(xlim=(-0.5, len(chain.names) - 0.75), ylim=plan.scale)
    ends = {}
    for source, style in plan.styles.items():
        values = _values(chain, source)
        known = [at for at, value in enumerate(values) if value == value]
        if known:
            ends[source] = (known[-1], values[known[-1]])
            axes.plot(values, linewidth=1.6, markersize=4.5, **style)
    _label_ends(axes, ends, len(chain.names), plan)
    _name_stages(axes, chain, plan.lines)
    if chain.owner:
        room = plan.across(chain) - 0.2
        title = _shortened(f"stages of {chain.owner}", room)
        axes.set_title(title, loc="left", size=SIZE, pad=5)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.tick_params(labelleft=is_first)
    axes.grid(axis="y")


def _name_stages(axes, chain, most):
    """Writes the stages' names under the axis, all on the same lines."""
    texts = []
    for name in chain.names:
        lines = _stage_lines(name)
        # Matplotlib aligns by the last line, so all need as many.
        texts.append("\n".join(lines + [""] * (most - len(lines))))
    axes.set_xticks(range(len(texts)), texts, linespacing=LINE_SPACING)
    axes.tick_params(axis="x", pad=2 + SMALL + 72 * _height(most - 1, SMALL))
    for label in axes.get_xticklabels():
        label.set_va("baseline")


def _label_ends(axes, ends, stages, plan):
    """Names the lines at their ends, moved apart where these are close."""
    low, high = plan.scale
    per_inch = (high - low) / plan.height
    order = sorted(ends, key=lambda source: ends[source][1])
    heights = _apart(
        [ends[source][1] for source in order], LABEL_GAP * per_inch, low, high
    )
    right = stages - 1 + LEADER / plan.step
    for source, height in zip(order, heights, strict=True):
        at, value = ends[source]
        axes.plot(
            [at + 0.07 / plan.step, right - 0.04 / plan.step],
            [value, height],
            color=plan.styles[source]["color"],
            linewidth=0.7,
            clip_on=False,
        )
        axes.text(
            right,
            height - _sink(SIZE) * per_inch,
            _shortened(source, MAX_END),
            va="baseline",
        )


def _apart(heights, gap, low, high):
    """Moves rising heights up, then down, until they are a gap apart."""
    low, high = low + gap / 2, high - gap / 2
    moved = []
    for height in heights:
        moved.append(max([height, low, *(at + gap for at in moved[-1:])]))
    ceiling = high
    for number in reversed(range(len(moved))):
        moved[number] = min(moved[number], ceiling)
        ceiling = moved[number] - gap
    return moved


# Sampling


@_style()
def sampling_bars(stages):
    """Draws how much of each source the mixed stages have seen.

    A bar is a share of what the stage has seen, in sequences and in tokens;
    an upright stroke is the share of steps that was expected. Stages of a
    single source are left out, and more than 12 stages.

    Args:
        stages: iterable of `records.rows.Training`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        InputError: If no stage has two sources.
    """
    mixed = [stage for stage in stages if len(stage.sources) > 1]
    if not mixed:
        raise InputError(
            "There are no mixtures to draw: no stage has two sources."
        )
    shown = mixed[:MAX_PANELS]
    plan = _plan_bars(shown)
    figure, top = _page(
        "Shares of the sources in each mixed stage",
        EDGE + plan.columns * plan.across,
        sum(above + down for above, down in plan.rows),
        _bar_captions(mixed, shown),
        key=BAR_KEY,
    )
    for number, stage in enumerate(shown):
        row, column = divmod(number, plan.columns)
        if number and not column:
            top += sum(plan.rows[row - 1])
        left = EDGE + column * plan.across
        _bar_panel(figure, plan, stage, (left, top), plan.rows[row][0])
    return figure


SHARES = ("share", "sequences_seen", "tokens_seen")
BAR_STYLES = {
    "sequences_seen": {"color": "#56b4e9"},
    "tokens_seen": {"color": "#0072b2"},
    "share": {
        "color": "black",
        "linestyle": "none",
        "marker": "|",
        "markeredgewidth": 2,
    },
}
BAR_KEY = [
    ("sequences seen", BAR_STYLES["sequences_seen"] | {"linewidth": 7}),
    ("tokens seen", BAR_STYLES["tokens_seen"] | {"linewidth": 7}),
    ("expected share of steps", BAR_STYLES["share"] | {"markersize": 11}),
]


@dataclasses.dataclass(frozen=True)
class _BarPlan:
    """What the panels of all stages share, in inches.

    Attributes:
        columns: int. Panels side by side.
        across: float. A panel's width with its names.
        names: float. The width of the sources' names.
        rows: list of pairs, the height of a row's titles and that below them.
        limit: int. The largest share that the axes show, in percent.
        several: bool. Whether the stages are of several seeds.
    """

    columns: int
    across: float
    names: float
    rows: list
    limit: int
    several: bool


def _plan_bars(shown):
    """Measures the texts of the stages and finds the panels' sizes."""
    columns = 1 if len(shown) == 1 else 2 if len(shown) <= 4 else 3
    names = max(
        _width(_source_lines(source.name))
        for stage in shown
        for source in stage.sources
    )
    largest = max(max(_shares(stage, key)) for stage in shown for key in SHARES)
    plan = _BarPlan(
        columns=columns,
        across=names + 0.12 + BAR_ACROSS + 0.4,
        names=names,
        rows=[],
        limit=min(100, 25 * math.ceil(4 * largest)),
        several=len({stage.seed for stage in shown}) > 1,
    )
    for start in range(0, len(shown), columns):
        row = shown[start : start + columns]
        lines = max(len(_bar_title(plan, stage)) for stage in row)
        bars = max(len(stage.sources) for stage in row)
        above = _height(lines) + 0.06
        plan.rows.append((above, bars * BAR_DOWN + 0.45))
    return plan


def _bar_title(plan, stage):
    """Wraps the path of a stage, with its seed if there are others."""
    text = stage.path
    if plan.several:
        text += f", seed {stage.seed}"
    return _wrap(text, plan.across - 0.4, ("/", "+", " ", ""), bold=True)


def _source_lines(name):
    """Wraps the name of a source at the left of its bars."""
    return _wrap(name, 1.5, ("-_@:", ""))


def _shares(stage, key):
    """Lists the sources' shares of 1; all are 0 where nothing was seen."""
    amounts = [getattr(source, key) for source in stage.sources]
    # Expected shares are shares already.
    whole = 1.0 if key == "share" else sum(amounts)
    return [amount / whole if whole else 0.0 for amount in amounts]


def _bar_captions(mixed, shown):
    """Says what the bars are of."""
    seeds = {stage.seed for stage in shown}
    caption = "Percent of what the stage has seen"
    if len(seeds) == 1:
        caption += f"; seed {min(seeds)}"
    return [caption, *_left_out(len(mixed), "stages")]


def _bar_panel(figure, plan, stage, corner, above):
    """Draws the bars of one stage."""
    left, top = corner
    title = _bar_title(plan, stage)
    _write_lines(figure, left, top, title, weight="bold")
    places = range(len(stage.sources))
    axes = _place(
        figure,
        left + plan.names + 0.12,
        top + above,
        BAR_ACROSS,
        len(places) * BAR_DOWN,
    )
    for number, key in enumerate(("sequences_seen", "tokens_seen")):
        axes.barh(
            [place + 0.34 * (number - 0.5) for place in places],
            [100 * share for share in _shares(stage, key)],
            height=0.3,
            **BAR_STYLES[key],
        )
    expected = [100 * share for share in _shares(stage, "share")]
    stroke = BAR_STYLES["share"] | {"markersize": 72 * 0.8 * BAR_DOWN}
    # At 0, half of the stroke lies outside.
    axes.plot(expected, places, clip_on=False, **stroke)
    axes.set(xlim=(0, plan.limit), ylim=(len(places) - 0.5, -0.5))
    axes.set_xticks(range(0, plan.limit + 1, 25))
    names = [_source_lines(source.name) for source in stage.sources]
    axes.set_yticks(places, ["\n".join(lines) for lines in names])
    axes.tick_params(axis="y", labelsize=SIZE, labelcolor=INK)
    axes.grid(axis="x")


# Pages


def _page(title, width, down, captions, key=()):
    """Opens a page with a title above and captions below.

    Args:
        title: str.
        width: float. What the body needs; the page may be wider. In inches,
            as all lengths here.
        down: float. The height of the body.
        captions: iterable of str.
        key: iterable of pairs of a text and a style of `Line2D`.

    Returns:
        A pair of a `matplotlib.figure.Figure` and the body's top.
    """
    width = max(width, MIN_WIDTH)
    room = width - 2 * EDGE
    head = _wrap(title, room, (" ", "/", ""), TITLE_SIZE, bold=True)
    foot = [
        line
        for text in captions
        for line in _wrap(text, room, (" ", "/", ""), SMALL)
    ]
    samples, key_height = _plan_key(key, room)
    key_top = EDGE + _height(len(head), TITLE_SIZE) + 0.12
    top = key_top + key_height
    foot_top = top + down + 0.14
    height = foot_top + _height(len(foot), SMALL) + EDGE
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    _write_lines(figure, EDGE, EDGE, head, TITLE_SIZE, weight="bold")
    for left, below, text, style in samples:
        _draw_sample(figure, EDGE + left, key_top + below, text, style)
    _write_lines(figure, EDGE, foot_top, foot, SMALL, color=QUIET)
    return figure, top


def _plan_key(key, room):
    """Places the samples of a key in as many lines as they need."""
    samples, left, below = [], 0.0, 0.0
    for text, style in key:
        needed = SAMPLE + _width([text])
        if left and left + needed > room:
            left, below = 0.0, below + _height(1)
        samples.append((left, below, text, style))
        left += needed + 0.25
    return samples, below + _height(1) + 0.12 if samples else 0.0


def _draw_sample(figure, left, top, text, style):
    """Draws a short piece of a line and says what it stands for."""
    width, height = figure.get_size_inches()
    ends = [left, left + 0.17, left + 0.34]
    line = Line2D(
        [end / width for end in ends],
        [1 - (top + _height(1) / 2) / height] * 3,
        markevery=[1],
        solid_capstyle="butt",
        **style,
    )
    figure.add_artist(line)
    _write_lines(figure, left + SAMPLE, top, [text])


def _place(figure, left, top, across, down):
    """Adds axes at a place in inches from the page's top left corner."""
    width, height = figure.get_size_inches()
    box = (left, height - top - down, across, down)
    sizes = (width, height, width, height)
    return figure.add_axes(
        tuple(part / size for part, size in zip(box, sizes, strict=True))
    )


def _write_lines(figure, left, top, lines, size=SIZE, **style):
    """Writes lines of text at a place in inches from the top left."""
    width, height = figure.get_size_inches()
    for number, line in enumerate(lines):
        middle = top + _height(number + 0.5, size)
        figure.text(
            left / width,
            1 - (middle + _sink(size)) / height,
            line,
            size=size,
            va="baseline",
            **style,
        )


def _sink(size):
    """Returns how far below its letters' middle a text's baseline is.

    Matplotlib's own centring moves a text up or down with its letters.
    """
    return 0.35 * size / 72


def _left_out(number, what):
    """Says how many panels were too many."""
    if number <= MAX_PANELS:
        return []
    return [f"The first {MAX_PANELS} of {number} {what}"]


# Texts


def _height(lines, size=SIZE):
    """Returns the height of a number of lines, in inches."""
    return lines * size * LINE_SPACING / 72


def _width(lines, size=SIZE, bold=False):
    """Measures the longest of some lines, in inches."""
    return max((_line_width(line, size, bold) for line in lines), default=0.0)


@functools.cache
def _line_width(line, size, bold):
    font = FontProperties(
        family="DejaVu Sans", size=size, weight="bold" if bold else "normal"
    )
    width, _, _ = TextToPath().get_text_width_height_descent(line, font, False)
    # Letters are moved to whole pixels when they are drawn.
    return 1.03 * width / 72


def _wrap(text, room, marks, size=SIZE, bold=False):
    """Wraps a text after marks, the first ones wherever that is enough.

    Args:
        text: str.
        room: float. The width of a line, in inches.
        marks: tuple of str, each of characters to wrap after. The next are
            for pieces that are still too long; empty: anywhere.
        size: float. Of the letters, in points.
        bold: bool.

    Returns:
        A list of str, at least one. A line is too long only where even the
        last marks do not part it.
    """
    lines = [""]
    for piece in _pieces(text, marks[0]):
        whole = lines[-1] + piece
        if _line_width(whole.strip(), size, bold) <= room:
            lines[-1] = whole
        elif len(marks) == 1 or _line_width(piece.strip(), size, bold) <= room:
            lines.append(piece)
        else:
            lines += _wrap(piece, room, marks[1:], size, bold)
    return [line.strip() for line in lines if line.strip()] or [""]


def _pieces(text, marks):
    """Cuts a text after each mark, or into characters if there are none."""
    if not marks:
        return list(text)
    inside = re.escape(marks)
    return re.findall(f"[^{inside}]*[{inside}]|[^{inside}]+", text)


def _shortened(text, room, size=SIZE):
    """Cuts the end of a text that is too long for its room."""
    if _line_width(text, size, False) <= room:
        return text
    while text and _line_width(text + "...", size, False) > room:
        text = text[:-1]
    return text + "..."


def _in_order(values):
    """Drops repetitions and keeps the order of first appearance."""
    return list(dict.fromkeys(values))
