"""How all figures look, and their bytes.

The colours of lines and bars are Okabe's and Ito's
(https://jfly.uni-koeln.de/color/) without the yellow, which is hard to see on
white.
"""

import contextlib
import io

import matplotlib

LINE_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#000000",
)
INK = "#222222"
QUIET = "#666666"
RULE = "#c8c8c8"
GRID = "#e8e8e8"
EMPTY = "#f3f3f3"
TITLE_SIZE = 12
SIZE = 9
SMALL = 8
# Scores of a narrower range than this, in points, would look like cliffs.
MIN_SPAN = 2.0
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("solid", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
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


@contextlib.contextmanager
def styled():
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


@styled()
def _saved(figure, form, **options):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, **options)
    return buffer.getvalue()
