"""Texts of figures: measured, wrapped and shortened, in inches."""

import functools
import re

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from stilts_keras.reporting.figures.style import SIZE

LINE_SPACING = 1.25


def height_of(lines, size=SIZE):
    """Returns the height of a number of lines, in inches."""
    return lines * size * LINE_SPACING / 72


def width_of(lines, size=SIZE, bold=False):
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


def wrap(text, room, marks, size=SIZE, bold=False):
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
            lines += wrap(piece, room, marks[1:], size, bold)
    return [line.strip() for line in lines if line.strip()] or [""]


def _pieces(text, marks):
    """Cuts a text after each mark, or into characters if there are none."""
    if not marks:
        return list(text)
    inside = re.escape(marks)
    return re.findall(f"[^{inside}]*[{inside}]|[^{inside}]+", text)


def shortened(text, room, size=SIZE):
    """Cuts the end of a text that is too long for its room."""
    if _line_width(text, size, False) <= room:
        return text
    while text and _line_width(text + "...", size, False) > room:
        text = text[:-1]
    return text + "..."


def sink(size):
    """Returns how far below its letters' middle a text's baseline is.

    Matplotlib's own centring moves a text up or down with its letters.
    """
    return 0.35 * size / 72


def in_order(values):
    """Drops repetitions and keeps the order of first appearance."""
    return list(dict.fromkeys(values))
