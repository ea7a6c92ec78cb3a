"""Studies of source languages: curves over sizes, effects with intervals."""

import math

from matplotlib.ticker import NullLocator

from stilts_keras.errors import InputError
from stilts_keras.reporting.figures.curves import calm_heights
from stilts_keras.reporting.figures.curves import limit_heights
from stilts_keras.reporting.figures.page import EDGE
from stilts_keras.reporting.figures.page import add_axes
from stilts_keras.reporting.figures.page import caveats
from stilts_keras.reporting.figures.page import line_style
from stilts_keras.reporting.figures.page import open_page
from stilts_keras.reporting.figures.page import open_panels
from stilts_keras.reporting.figures.style import GRID
from stilts_keras.reporting.figures.style import LINE_COLOURS
from stilts_keras.reporting.figures.style import MIN_SPAN
from stilts_keras.reporting.figures.style import QUIET
from stilts_keras.reporting.figures.style import SIZE
from stilts_keras.reporting.figures.style import styled
from stilts_keras.reporting.figures.texts import shortened
from stilts_keras.reporting.figures.texts import sink
from stilts_keras.reporting.figures.texts import width_of
from stilts_keras.reporting.tables.comparison import SIGNIFICANCE

ACROSS = 2.7
DOWN = 2.3
BARS_ACROSS = 4.2
LINE_DOWN = 0.24
MAX_EFFECTS = 24
# Of a panel's width, for the name of a size.
TICK_SHARE = 0.16


@styled()
def source_set_curves(frame):
    """Draws scores over the source's size, a line for each set of languages.

    Each kind of problem is a panel. Bars are 95 % intervals; a dotted line
    goes on at the height of the baseline.

    Args:
        frame: dict, of `reporting.tables.source_set_frame`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        InputError: If no set of languages has a score.
    """
    columns = [name for name in frame["columns"] if _lines(frame, name)]
    if not columns:
        raise InputError(f"There are no scores to draw in {frame['title']!r}.")
    figure, panels = open_panels(
        frame,
        columns,
        "kinds",
        ACROSS,
        DOWN,
        "Score in percent over the number of the source's examples, in all "
        "its languages together; bars: 95 % interval over examples and "
        "seeds, cut at the panel's edge; dotted: baseline",
        {name: _style(frame, name) for name in _set_names(frame)},
    )
    for column, axes in panels:
        _size_panel(axes, frame, column)
    return figure


def _set_names(frame):
    """Names the sets of languages in the order of the rows."""
    return list(
        dict.fromkeys(
            row["languages"] for row in frame["rows"] if "languages" in row
        )
    )


def _lines(frame, column):
    """Collects each set's points: {languages: [(size, cell)]}, by size."""
    found = {}
    for row in frame["rows"]:
        cell = row["cells"].get(column)
        if "languages" in row and cell and cell["value"] is not None:
            points = found.setdefault(row["languages"], [])
            points.append((row["num_examples"], cell))
    return {
        name: sorted(points, key=lambda point: point[0])
        for name, points in found.items()
    }


def _style(frame, name):
    return line_style(_set_names(frame).index(name))


def _size_panel(axes, frame, column):
    """Draws the lines of one kind of problem."""
    lines = _lines(frame, column)
    sizes = sorted({size for points in lines.values() for size, _ in points})
    axes.set_xscale("log")
    for number, (name, points) in enumerate(lines.items()):
        # Bars of several sets at one size would hide each other.
        shift = 1.05 ** (number - (len(lines) - 1) / 2)
        axes.errorbar(
            [size * shift for size, _ in points],
            [cell["value"] for _, cell in points],
            _bars([cell for _, cell in points]),
            elinewidth=0.9,
            linewidth=1.6,
            markersize=4.5,
            label=name,
            **_style(frame, name),
        )
    heights = [cell["value"] for points in lines.values() for _, cell in points]
    baseline = frame["rows"][0]["cells"].get(column)
    if baseline and "languages" not in frame["rows"][0]:
        heights.append(baseline["value"])
        axes.axhline(
            baseline["value"],
            color=QUIET,
            linewidth=0.9,
            linestyle=(0, (1, 2)),
            zorder=1,
        )
    ends = sizes[0] / 1.5, sizes[-1] * 1.5
    axes.set_xlim(*ends)
    marked = _apart(sizes, math.log(ends[1] / ends[0]))
    axes.set_xticks(marked, [_short(size) for size in marked])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title(
        shortened(column, ACROSS - 0.5), loc="left", size=SIZE, pad=5
    )
    axes.set_xlabel("examples")
    limit_heights(axes, heights)
    calm_heights(axes, 5)


def _bars(cells):
    """Returns how far bars reach down and up; None where none is known."""
    if any(cell.get("low") is None for cell in cells):
        return None
    return [
        [max(0.0, cell["value"] - cell["low"]) for cell in cells],
        [max(0.0, cell["high"] - cell["value"]) for cell in cells],
    ]


def _apart(sizes, width):
    """Leaves out sizes whose names would lie on those of larger ones.

    Three thirds of 400 examples are 399.

    Args:
        sizes: list of int, in order.
        width: float. Of the panel, in natural logarithms.
    """
    kept = []
    for size in reversed(sizes):
        if not kept or math.log(kept[-1] / size) >= TICK_SHARE * width:
            kept.append(size)
    return kept[::-1]


def _short(number):
    """Writes a size in few letters, such as 1.2k."""
    return f"{number / 1000:g}k" if number >= 1000 else str(number)


@styled()
def effect_bars(table, *, names, detectable=None, means=None):
    """Draws each row of a table of effects as a point with its interval.

    Of more than 24 rows only those of means are drawn, if there are any.

    Args:
        table: dict. A plain table with columns `points`, `low`, `high` and
            `adjusted p`.
        names: tuple of str. The columns that name a row, the outermost first.
        detectable: str or None. A column: the smallest difference that could
            have been shown, drawn as a grey band about 0.
        means: str or None. What the column `languages` says of a mean.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        InputError: If the table has no row.
    """
    rows = [
        dict(zip(table["columns"], row, strict=True)) for row in table["rows"]
    ]
    if not rows:
        raise InputError(f"There are no effects to draw in {table['title']!r}.")
    captions = [
        "Points; bars: 95 % interval, cut at the panel's edge; filled: "
        "significant after Holm's correction",
    ]
    of_means = [row for row in rows if row["languages"] == means]
    if len(rows) > MAX_EFFECTS and of_means:
        captions.append(f"Means of sets alone: {len(of_means)} of {len(rows)}")
        rows = of_means
    labels = [_effect_name(row, names) for row in rows]
    left = EDGE + width_of(labels) + 0.2
    if detectable:
        captions[0] += (
            "; grey: smaller true differences would mostly have been missed"
        )
    captions += caveats(table)
    figure, top = open_page(
        table["title"],
        left + BARS_ACROSS + EDGE,
        len(rows) * LINE_DOWN + 0.35,
        captions,
    )
    axes = add_axes(figure, left, top, BARS_ACROSS, len(rows) * LINE_DOWN)
    for at, row in enumerate(rows):
        _effect(axes, at, row, row[detectable] if detectable else None)
    axes.axvline(0.0, color=QUIET, linewidth=0.9, zorder=1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    _limit_widths(axes, rows)
    axes.set_yticks([])
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    _write_labels(figure, axes, labels, left, top)
    return figure


def _effect_name(row, names):
    """Names a row, such as `tagging less classification, es`."""
    parts = [f"less {row[n]}" if n == "less" else str(row[n]) for n in names]
    return ", ".join(parts).replace(", less ", " less ")


def _effect(axes, at, row, detectable):
    """Draws one point with its interval."""
    group = row["kind"]
    colour = LINE_COLOURS[_number_of(group) % len(LINE_COLOURS)]
    if detectable is not None:
        axes.barh(
            at, 2 * detectable, 0.8, left=-detectable, color=GRID, zorder=0
        )
    is_real = row["adjusted p"] < SIGNIFICANCE
    axes.plot([row["low"], row["high"]], [at, at], color=colour, linewidth=1.4)
    axes.plot(
        [row["points"]],
        [at],
        marker="o",
        markersize=5.5,
        color=colour,
        markerfacecolor=colour if is_real else "white",
        linestyle="none",
    )


def _number_of(kind):
    """Gives kinds of problems lasting colours, whatever else is drawn."""
    known = ("classification", "tagging", "span extraction", "multiple choice")
    kind = kind.partition(",")[0]
    return known.index(kind) if kind in known else len(known)


def _limit_widths(axes, rows):
    """Keeps long bars from making all points one."""
    points = [0.0, *(row["points"] for row in rows)]
    room = max(MIN_SPAN, 1.5 * (max(points) - min(points)))
    low = max(min(row["low"] for row in rows), min(points) - room)
    high = min(max(row["high"] for row in rows), max(points) + room)
    low, high = min(low, -MIN_SPAN / 2), max(high, MIN_SPAN / 2)
    spare = 0.05 * (high - low)
    axes.set_xlim(low - spare, high + spare)


def _write_labels(figure, axes, labels, left, top):
    """Writes each row's name to the left of its line."""
    width, height = figure.get_size_inches()
    for at, label in enumerate(labels):
        middle = top + (at + 0.5) * LINE_DOWN
        figure.text(
            (left - 0.1) / width,
            1 - (middle + sink(SIZE)) / height,
            label,
            size=SIZE,
            ha="right",
            va="baseline",
        )
