"""Forgetting: dev scores along chains of stages."""

import dataclasses
import math

from matplotlib.ticker import MaxNLocator

from stilts_keras.errors import InputError
from stilts_keras.reporting.figures.page import EDGE
from stilts_keras.reporting.figures.page import MAX_PANELS
from stilts_keras.reporting.figures.page import add_axes
from stilts_keras.reporting.figures.page import caveats
from stilts_keras.reporting.figures.page import left_out
from stilts_keras.reporting.figures.page import open_page
from stilts_keras.reporting.figures.style import DASHES
from stilts_keras.reporting.figures.style import LINE_COLOURS
from stilts_keras.reporting.figures.style import MIN_SPAN
from stilts_keras.reporting.figures.style import SIZE
from stilts_keras.reporting.figures.style import SMALL
from stilts_keras.reporting.figures.style import styled
from stilts_keras.reporting.figures.texts import LINE_SPACING
from stilts_keras.reporting.figures.texts import height_of
from stilts_keras.reporting.figures.texts import shortened
from stilts_keras.reporting.figures.texts import sink
from stilts_keras.reporting.figures.texts import width_of
from stilts_keras.reporting.figures.texts import wrap

# Eight beside seven colours: their pairs repeat only after 56.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
LEADER = 0.3
MAX_END = 1.8
AXIS = 0.35
LABEL_GAP = 0.16


@styled()
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
        *left_out(len(chains), "chains"),
        *caveats(frame),
    ]
    rows = _rows_of_chains(plan, shown)
    figure, top = open_page(
        frame["title"],
        EDGE + AXIS + max(sum(map(plan.across, row)) for row in rows),
        len(rows) * plan.down,
        captions,
    )
    for number, row in enumerate(rows):
        left = EDGE + AXIS
        for chain in row:
            corner = (left, top + number * plan.down + plan.above)
            axes = add_axes(figure, *corner, plan.width(chain), plan.height)
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
        down=above + height + height_of(most_lines, SMALL) + 0.28,
        above=above,
        height=height,
        step=max(0.8, 0.12 + max(width_of(lines, SMALL) for lines in stages)),
        lines=most_lines,
        labels=max(width_of([shortened(name, MAX_END)]) for name in sources),
        scale=_scale(chains),
        styles={name: _line_style(at) for at, name in enumerate(sources)},
    )


def _stage_lines(name):
    """Wraps the name of a stage below its tick."""
    return wrap(name, 1.1, ("+", "-_@:", ""), SMALL)


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
        title = shortened(f"stages of {chain.owner}", room)
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
    axes.tick_params(axis="x", pad=2 + SMALL + 72 * height_of(most - 1, SMALL))
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
            height - sink(SIZE) * per_inch,
            shortened(source, MAX_END),
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
