"""Maps of the differences to the baseline: coloured cells.

The colours are ColorBrewer's PuOr (https://colorbrewer2.org, Cynthia Brewer,
Mark Harrower and The Pennsylvania State University), which is safe for the
colour-blind, but with a middle of pure white.
"""

import dataclasses
import functools

from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.colors import Normalize
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from stilts_keras.reporting.figures.difference_layout import bar_ticks
from stilts_keras.reporting.figures.difference_layout import plan_map
from stilts_keras.reporting.figures.difference_table import differences_in
from stilts_keras.reporting.figures.difference_table import is_significant
from stilts_keras.reporting.figures.page import EDGE
from stilts_keras.reporting.figures.page import add_axes
from stilts_keras.reporting.figures.page import open_page
from stilts_keras.reporting.figures.page import write_lines
from stilts_keras.reporting.figures.style import EMPTY
from stilts_keras.reporting.figures.style import GRID
from stilts_keras.reporting.figures.style import RULE
from stilts_keras.reporting.figures.style import SIZE
from stilts_keras.reporting.figures.style import styled
from stilts_keras.reporting.figures.texts import height_of
from stilts_keras.reporting.figures.texts import sink

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
MIN_BAR = 1.1


@styled()
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
    table = differences_in(frame, groups or {})
    plan = plan_map(table)
    # The colour bar needs some height even beside a single route.
    down = plan.top + max(plan.down, MIN_BAR)
    figure, top = open_page(table.title, plan.width, down, table.captions)
    plan = dataclasses.replace(plan, top=top + plan.top)
    axes = add_axes(figure, plan.left, plan.top, plan.across, plan.down)
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


def _draw_cell(axes, table, plan, place, cell):
    """Draws one cell: a colour and a number, or hatching.

    Args:
        axes: `matplotlib.axes.Axes` whose units are inches.
        table: `DifferenceTable`.
        plan: `MapPlan`.
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
        top + plan.cell[1] / 2 + sink(plan.size),
        table.text(column, cell),
        size=plan.size,
        weight="bold" if is_significant(cell) else "normal",
        color=_ink(colour),
        ha="center",
        va="baseline",
    )
    if is_significant(cell):
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
    top = middle - height_of(len(lines)) / 2
    write_lines(figure, EDGE, top, lines)


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
            (middle + sink(SIZE)) / width,
            1 - bottom / height,
            lines[0],
            rotation=90,
            rotation_mode="anchor",
            va="baseline",
        )
    else:
        top = bottom - height_of(len(lines))
        write_lines(figure, middle, top, lines, ha="center")


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
    axes = add_axes(figure, plan.left + plan.across + 0.2, plan.top, 0.14, down)
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
    ticks, texts = bar_ticks(table.limit)
    bar.set_ticks(ticks, labels=texts)
    bar.set_label("points", labelpad=4)
    bar.outline.set(edgecolor=RULE, linewidth=0.8)
    # Seams between the steps would show in an SVG.
    bar.solids.set_edgecolor("face")
