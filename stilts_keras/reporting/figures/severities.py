"""What is left of scores over the severity of a disturbance."""

from stilts_keras.errors import InputError
from stilts_keras.reporting.figures.curves import calm_heights
from stilts_keras.reporting.figures.curves import limit_heights
from stilts_keras.reporting.figures.page import line_style
from stilts_keras.reporting.figures.page import open_panels
from stilts_keras.reporting.figures.style import QUIET
from stilts_keras.reporting.figures.style import SIZE
from stilts_keras.reporting.figures.style import styled
from stilts_keras.reporting.figures.texts import shortened
from stilts_keras.reporting.robustness import CLEAN
from stilts_keras.reporting.robustness import severity_lines

ACROSS = 2.4
DOWN = 2.1


@styled()
def severity_curves(table):
    """Draws retention over severity, a line for each route.

    Each disturbance is a panel. All lines begin at severity 0, where all of a
    score is left; bars are 95 % intervals.

    Args:
        table: dict, of `robustness.score_tables`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        InputError: If there is no retention to draw.
    """
    lines = severity_lines(table)
    if not lines:
        raise InputError(f"There is nothing to draw in {table['title']!r}.")
    routes = dict.fromkeys(route for found in lines.values() for route in found)
    styles = {route: line_style(at) for at, route in enumerate(routes)}
    figure, panels = open_panels(
        table,
        list(lines),
        "disturbances",
        ACROSS,
        DOWN,
        "Percent of the clean score that is left, over the severity; bars: "
        "95 % interval over examples and seeds, cut at the panel's edge",
        styles,
    )
    for name, axes in panels:
        _panel(axes, name, lines[name], styles)
    return figure


def _panel(axes, name, routes, styles):
    """Draws the lines of one disturbance."""
    for number, (route, points) in enumerate(routes.items()):
        # Bars of several routes at one severity would hide each other.
        shift = 0.06 * (number - (len(routes) - 1) / 2)
        _line(axes, points, shift, label=route, **styles[route])
    axes.axhline(
        CLEAN, color=QUIET, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1
    )
    severities = sorted(
        {point[0] for found in routes.values() for point in found}
    )
    axes.set_xlim(-0.3, severities[-1] + 0.3)
    axes.set_xticks([0, *severities], ["clean", *map(str, severities)])
    axes.set_title(shortened(name, ACROSS - 0.5), loc="left", size=SIZE, pad=5)
    axes.set_xlabel("severity")
    limit_heights(
        axes,
        [
            CLEAN,
            *(value for found in routes.values() for _, value, *_ in found),
        ],
    )
    calm_heights(axes, 5)


def _line(axes, points, shift, **style):
    """Draws one route, from the clean score on."""
    at = [0.0, *(severity + shift for severity, *_ in points)]
    values = [CLEAN, *(value for _, value, *_ in points)]
    down = [0.0, *(value - low for _, value, low, _ in points)]
    up = [0.0, *(high - value for _, value, _, high in points)]
    axes.errorbar(
        at,
        values,
        [down, up],
        elinewidth=0.9,
        linewidth=1.6,
        markersize=4.5,
        **style,
    )
