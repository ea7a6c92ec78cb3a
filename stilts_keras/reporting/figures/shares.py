"""What mixed stages have seen of their sources."""

import dataclasses
import math

from stilts_keras.errors import InputError
from stilts_keras.reporting.figures.page import EDGE
from stilts_keras.reporting.figures.page import MAX_PANELS
from stilts_keras.reporting.figures.page import add_axes
from stilts_keras.reporting.figures.page import left_out
from stilts_keras.reporting.figures.page import open_page
from stilts_keras.reporting.figures.page import write_lines
from stilts_keras.reporting.figures.style import INK
from stilts_keras.reporting.figures.style import SIZE
from stilts_keras.reporting.figures.style import styled
from stilts_keras.reporting.figures.texts import height_of
from stilts_keras.reporting.figures.texts import width_of
from stilts_keras.reporting.figures.texts import wrap

BAR_ACROSS = 2.6
BAR_DOWN = 0.36
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


@styled()
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
    figure, top = open_page(
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
        width_of(_source_lines(source.name))
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
        above = height_of(lines) + 0.06
        plan.rows.append((above, bars * BAR_DOWN + 0.45))
    return plan


def _bar_title(plan, stage):
    """Wraps the path of a stage, with its seed if there are others."""
    text = stage.path
    if plan.several:
        text += f", seed {stage.seed}"
    return wrap(text, plan.across - 0.4, ("/", "+", " ", ""), bold=True)


def _source_lines(name):
    """Wraps the name of a source at the left of its bars."""
    return wrap(name, 1.5, ("-_@:", ""))


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
    return [caption, *left_out(len(mixed), "stages")]


def _bar_panel(figure, plan, stage, corner, above):
    """Draws the bars of one stage."""
    left, top = corner
    title = _bar_title(plan, stage)
    write_lines(figure, left, top, title, weight="bold")
    places = range(len(stage.sources))
    axes = add_axes(
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
