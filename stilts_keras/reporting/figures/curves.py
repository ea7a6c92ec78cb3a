"""Scores over the number of intermediate tasks."""

import math

from matplotlib.ticker import MaxNLocator

from stilts_keras.errors import InputError
from stilts_keras.reporting.figures.page import EDGE
from stilts_keras.reporting.figures.page import add_axes
from stilts_keras.reporting.figures.page import caveats
from stilts_keras.reporting.figures.page import open_page
from stilts_keras.reporting.figures.style import DASHES
from stilts_keras.reporting.figures.style import LINE_COLOURS
from stilts_keras.reporting.figures.style import MIN_SPAN
from stilts_keras.reporting.figures.style import QUIET
from stilts_keras.reporting.figures.style import SIZE
from stilts_keras.reporting.figures.style import styled
from stilts_keras.reporting.figures.texts import shortened
from stilts_keras.reporting.own_task import MARK
from stilts_keras.reporting.tables import TARGETS_MEAN

LARGE = 4.6
SMALL_ACROSS = 2.0
SMALL_DOWN = 1.4
# Of the heights that the points take up: how far bars may reach beyond them.
BAR_ROOM = 1.0
ONE_EACH = "one stage each"
ALL_IN_ONE = "all in one stage"
IN_BETWEEN = "several in some stage"


@styled()
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
    figure, top = open_page(
        frame["title"],
        EDGE + large + across * SMALL_ACROSS + EDGE,
        down,
        _curve_captions(frame),
        key=_curve_key(frame),
    )
    if large:
        box = (EDGE + 0.35, top + 0.25, large - 0.75, down - 0.55)
        _curve_panel(add_axes(figure, *box), frame, TARGETS_MEAN)
    for number, target in enumerate(targets):
        row, column = divmod(number, across)
        _curve_panel(
            add_axes(
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
    if any(
        cell.get("own_task")
        for row in frame["rows"]
        for cell in row["cells"].values()
    ):
        captions.append(
            "Some scores are of routes that trained the target's own task or "
            f"head ({MARK} in the table): more of the same, no transfer"
        )
    return captions + caveats(frame)


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
    title = column if is_mean else shortened(column, SMALL_ACROSS - 0.5)
    weight = "bold" if is_mean else "normal"
    axes.set_title(title, loc="left", size=SIZE, pad=5, weight=weight)
    if is_mean:
        axes.set_xlabel("intermediate tasks")
    numbers = {number for points in series.values() for number, _ in points}
    _whole_ticks(axes, max(numbers), wide=is_mean)
    calm_heights(axes, 6 if is_mean else 3)


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


def calm_heights(axes, ticks):
    """Draws few level lines, and no change of a point as a cliff."""
    low, high = axes.get_ylim()
    missing = max(0.0, MIN_SPAN - (high - low)) / 2
    axes.set_ylim(low - missing, high + missing)
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)


def limit_heights(axes, heights):
    """Keeps long bars from making all points one."""
    low, high = axes.get_ylim()
    room = BAR_ROOM * max(max(heights) - min(heights), MIN_SPAN)
    axes.set_ylim(max(low, min(heights) - room), min(high, max(heights) + room))
