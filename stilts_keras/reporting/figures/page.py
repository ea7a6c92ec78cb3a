"""Pages of figures, laid out in inches from the top left corner.

Every text is measured before its place is chosen, so that long routes make a
page larger instead of running into their neighbours.
"""

import math

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from stilts_keras.data.note import DATA_NOTE
from stilts_keras.reporting.figures.style import DASHES
from stilts_keras.reporting.figures.style import LINE_COLOURS
from stilts_keras.reporting.figures.style import MARKERS
from stilts_keras.reporting.figures.style import QUIET
from stilts_keras.reporting.figures.style import SIZE
from stilts_keras.reporting.figures.style import SMALL
from stilts_keras.reporting.figures.style import TITLE_SIZE
from stilts_keras.reporting.figures.texts import height_of
from stilts_keras.reporting.figures.texts import sink
from stilts_keras.reporting.figures.texts import width_of
from stilts_keras.reporting.figures.texts import wrap

EDGE = 0.18
MIN_WIDTH = 4.8
MAX_PANELS = 12
PANELS_IN_A_ROW = 4
SAMPLE = 0.42


def open_page(title, width, down, captions, key=()):
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
    head = wrap(title, room, (" ", "/", ""), TITLE_SIZE, bold=True)
    foot = [
        line
        for text in captions
        for line in wrap(text, room, (" ", "/", ""), SMALL)
    ]
    samples, key_height = _plan_key(key, room)
    key_top = EDGE + height_of(len(head), TITLE_SIZE) + 0.12
    top = key_top + key_height
    foot_top = top + down + 0.14
    height = foot_top + height_of(len(foot), SMALL) + EDGE
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    write_lines(figure, EDGE, EDGE, head, TITLE_SIZE, weight="bold")
    for left, below, text, style in samples:
        _draw_sample(figure, EDGE + left, key_top + below, text, style)
    write_lines(figure, EDGE, foot_top, foot, SMALL, color=QUIET)
    return figure, top


def open_panels(frame, names, what, across, down, caption, styles):
    """Opens a page of equal panels of lines, in rows.

    Args:
        frame: dict with `title` and `notes`.
        names: list of str. One for each panel; the first `MAX_PANELS` are
            drawn.
        what: str. What they are, in the plural.
        across: float. A panel's width, with its labels, in inches.
        down: float. Its height.
        caption: str.
        styles: dict from what a line stands for to its `line_style`.

    Returns:
        A `matplotlib.figure.Figure`, and a list of pairs: a panel's name and
        its axes.
    """
    shown = names[:MAX_PANELS]
    columns = min(len(shown), PANELS_IN_A_ROW)
    figure, top = open_page(
        frame["title"],
        2 * EDGE + columns * across,
        math.ceil(len(shown) / columns) * down,
        [caption, *left_out(len(names), what), *caveats(frame)],
        key=[
            (text, style | {"markersize": 5, "linewidth": 1.8})
            for text, style in styles.items()
        ],
    )
    panels = []
    for number, name in enumerate(shown):
        row, place = divmod(number, columns)
        box = (
            EDGE + place * across + 0.35,
            top + row * down + 0.25,
            across - 0.55,
            down - 0.7,
        )
        panels.append((name, add_axes(figure, *box)))
    return figure, panels


def line_style(number):
    """Returns the `Line2D` style of a figure's line of that number."""
    return {
        "color": LINE_COLOURS[number % len(LINE_COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": DASHES[number % len(DASHES)],
    }


def _plan_key(key, room):
    """Places the samples of a key in as many lines as they need."""
    samples, left, below = [], 0.0, 0.0
    for text, style in key:
        needed = SAMPLE + width_of([text])
        if left and left + needed > room:
            left, below = 0.0, below + height_of(1)
        samples.append((left, below, text, style))
        left += needed + 0.25
    return samples, below + height_of(1) + 0.12 if samples else 0.0


def _draw_sample(figure, left, top, text, style):
    """Draws a short piece of a line and says what it stands for."""
    width, height = figure.get_size_inches()
    ends = [left, left + 0.17, left + 0.34]
    line = Line2D(
        [end / width for end in ends],
        [1 - (top + height_of(1) / 2) / height] * 3,
        markevery=[1],
        solid_capstyle="butt",
        **style,
    )
    figure.add_artist(line)
    write_lines(figure, left + SAMPLE, top, [text])


def add_axes(figure, left, top, across, down):
    """Adds axes at a place in inches from the page's top left corner."""
    width, height = figure.get_size_inches()
    box = (left, height - top - down, across, down)
    sizes = (width, height, width, height)
    return figure.add_axes(
        tuple(part / size for part, size in zip(box, sizes, strict=True))
    )


def write_lines(figure, left, top, lines, size=SIZE, **style):
    """Writes lines of text at a place in inches from the top left."""
    width, height = figure.get_size_inches()
    for number, line in enumerate(lines):
        middle = top + height_of(number + 0.5, size)
        figure.text(
            left / width,
            1 - (middle + sink(size)) / height,
            line,
            size=size,
            va="baseline",
            **style,
        )


def left_out(number, what):
    """Says how many panels were too many."""
    if number <= MAX_PANELS:
        return []
    return [f"The first {MAX_PANELS} of {number} {what}"]


def caveats(frame):
    """Picks the notes without which a figure would promise too much."""
    begins = ("One seed", DATA_NOTE)
    return [note for note in frame["notes"] if note.startswith(begins)]
