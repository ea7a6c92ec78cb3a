"""Tables of results: computed once, then printed or written as Markdown.

A frame is a table as computed, a plain dict that can be tested and stored:

    {"title": str, "columns": [str], "notes": [str],
     "rows": [{"label": str, "cells": {column: cell}}]}

and a cell is a dict with `value` (percent), `difference` (percentage points
to the baseline route, or None), `margin` (half the width of the 95 % interval,
or None), `zero_shot`, `above_chance` and `complete` (bool). A column that a
row lacks stands for a score that is not there.

Rows of results.jsonl may carry `low` and `high`, the 95 % interval over
examples, and `chance`; without them, margins and the chance row are left out.
"""

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

MEAN = "zero-shot"
MAX_COLUMNS = 12
PLAIN_WIDTH = 100
MAX_LABEL_WIDTH = 36
CHANCE = "chance"


def summary_frame(rows, baseline, *, primary):
    """Compares routes over targets by their zero-shot means.

    A value is the mean over seeds, then over the target's zero-shot
    languages. A difference is taken over the languages that are zero-shot
    for both routes, so that it never compares different languages.

    Args:
        rows: iterable of dicts of results.jsonl.
        baseline: str or None. The route to compare with; None: the first.
        primary: mapping from target to metric; gives the columns' order.

    Returns:
        A frame with one column per target that has any row.

    Raises:
        InputError: If there are no such rows or none of the baseline.
    """
    chosen = [
        row for row in rows if row["metric"] == primary.get(row["target"])
    ]
    routes, baseline = _routes(chosen, baseline)
    by_target = {target: [] for target in primary}
    for row in chosen:
        by_target[row["target"]].append(row)
    scores = {
        target: _language_scores(found)
        for target, found in by_target.items()
        if found
    }
    chance = {target: _chance_of(found) for target, found in by_target.items()}
    table_rows = [
        {"label": route, "cells": _means(route, baseline, scores)}
        for route in routes
    ]
    notes = [
        _mean_note(baseline),
        _seeds_note(chosen),
        *_evaluation_notes(chosen),
    ]
    return {
        "title": "Zero-shot scores of each target",
        "columns": list(scores),
        "rows": table_rows + _chance_row(chance, scores),
        "notes": notes + _cell_notes(table_rows),
    }


def target_frame(rows, target, metric, baseline):
    """Compares routes over the languages of one target.

    The columns are English if it is there, the mean over the zero-shot
    languages, then the other languages in the order of the rows.

    Args:
        rows: iterable of dicts of results.jsonl.
        target: str. The target's name.
        metric: str. The metric's name.
        baseline: str or None. The route to compare with; None: the first.

    Returns:
        A frame; only the mean's cells carry a difference.

    Raises:
        InputError: If there are no such rows or none of the baseline.
    """
    chosen = [
        row
        for row in rows
        if (row["target"], row["metric"]) == (target, metric)
    ]
    routes, baseline = _routes(chosen, baseline, target)
    scores = _language_scores(chosen)
    languages = _in_order(row["language"] for row in chosen)
    english = [language for language in languages if language == "en"]
    others = [language for language in languages if language != "en"]
    table_rows = []
    for route in routes:
        cells = _means(route, baseline, {MEAN: scores})
        for language, score in scores.get(route, {}).items():
            cells[language] = _cell(
                score["value"],
                zero_shot=score["zero_shot"],
                above_chance=_is_above(score),
            )
        table_rows.append({"label": route, "cells": cells})
    columns = [*english, MEAN, *others]
    chance = {MEAN: _chance_of(chosen)} | {
        language: _chance_of(
            [row for row in chosen if row["language"] == language], None
        )
        for language in languages
    }
    notes = [
        _mean_note(baseline),
        _seeds_note(chosen),
        *_evaluation_notes(chosen),
    ]
    if not all(row["zero_shot"] for row in chosen):
        notes.append("* not zero-shot: a stage trained on this language")
    return {
        "title": f"{target}: {metric} of each language",
        "columns": columns,
        "rows": table_rows + _chance_row(chance, columns),
        "notes": notes + _cell_notes(table_rows),
    }


def xtreme_frame(scores, baseline, *, notes=()):
    """Compares routes by XTREME's own scores.

    Args:
        scores: dict from (route, seed) to what `scoring.xtreme.summarise`
            gives.
        baseline: str. The route to compare with.
        notes: iterable of str. What else must be known.

    Returns:
        A frame: one column per target, and `XTREME` where all nine are there.
    """
    by_route = {}
    for (route, _), found in scores.items():
        columns = {
            name: value["avg_metric"]
            for name, value in found.items()
            if isinstance(value, dict) and "avg_metric" in value
        }
        if "all_task" in found:
            columns["XTREME"] = found["all_task"]
        for column, value in columns.items():
            cells = by_route.setdefault(route, {})
            cells.setdefault(column, []).append(value)
    means = {
        route: {column: _mean(values) for column, values in cells.items()}
        for route, cells in by_route.items()
    }
    base = means.get(baseline, {})
    table_rows = [
        {
            "label": route,
            "cells": {
                column: _cell(
                    value,
                    difference=(
                        value - base[column]
                        if route != baseline and column in base
                        else None
                    ),
                )
                for column, value in cells.items()
            },
        }
        for route, cells in means.items()
    ]
    columns = _in_order(column for cells in means.values() for column in cells)
    return {
        "title": "XTREME's score of each target",
        "columns": columns,
        "rows": table_rows,
        "notes": [
            "Percent; means over all languages, English included; for "
            "questions of exact match and F1"
            + (
                f"; in brackets: difference to {baseline}"
                if len(means) > 1
                else ""
            ),
            *notes,
        ],
    }


def layer_frame(rows, target, metric):
    """Shows how well each hidden state of the backbone retrieves.

    Args:
        rows: iterable of dicts like those of results.jsonl, with `layer`.
        target: str. The target's name.
        metric: str. The metric's name.

    Returns:
        A frame with one column per layer: means over languages and seeds.
    """
    cells = {}
    for row in rows:
        if (row["target"], row["metric"]) == (target, metric):
            columns = cells.setdefault(row["route"], {})
            columns.setdefault(row["layer"], []).append(row["value"])
    layers = sorted({layer for columns in cells.values() for layer in columns})
    return {
        "title": f"{target}: {metric} of each hidden state",
        "columns": [str(layer) for layer in layers],
        "rows": [
            {
                "label": route,
                "cells": {
                    str(layer): _cell(_mean(values))
                    for layer, values in columns.items()
                },
            }
            for route, columns in cells.items()
        ],
        "notes": ["Percent; means over languages; 0 is the embedding"],
    }


def print_frame(frame, console=None):
    """Prints a frame in as few tables as its width allows.

    Args:
        frame: dict, from `summary_frame` or `target_frame`.
        console: `rich.console.Console`. Default: standard output, 100
            columns wide where that is no terminal.
    """
    console = console or _console()
    for number, columns in enumerate(_parts(frame, console.width)):
        title = frame["title"] + (", continued" if number else "")
        console.print(_rich_part(frame, columns, title))
    for note in frame["notes"]:
        console.print(note, markup=False, highlight=False)
    console.print()


def to_markdown(frame):
    """Writes a frame in GitHub's Markdown.

    Args:
        frame: dict, from `summary_frame` or `target_frame`.

    Returns:
        A str: a heading, the tables of at most twelve columns, the notes.
    """
    blocks = [f"### {frame['title']}"]
    for columns in _chunks(frame["columns"], MAX_COLUMNS):
        lines = [_markdown_line(["route", *columns])]
        lines.append("|---|" + "---:|" * len(columns))
        for row in frame["rows"]:
            cells = [format_cell(row["cells"].get(name)) for name in columns]
            label = row["label"].replace("|", "\\|")
            lines.append(_markdown_line([label, *cells]))
        blocks.append("\n".join(lines))
    notes = [note.replace("*", "\\*", 1) for note in frame["notes"]]
    blocks.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(blocks) + "\n"


def format_cell(cell):
    """Writes one cell.

    Args:
        cell: dict or None, of a frame.

    Returns:
        A str such as `61.2`, `61.2*` (not zero-shot), `61.2±2.0 (+1.3)`, or
        `-` where there is no score; `°` marks what may be chance, `~` a mean
        that the baseline's languages do not match.
    """
    if cell is None or cell["value"] is None:
        return "-"
    text = f"{cell['value']:.1f}"
    if cell["margin"] is not None:
        text += f"±{cell['margin']:.1f}"
    if not cell["above_chance"]:
        text += "°"
    if not cell["zero_shot"]:
        text += "*"
    if cell["difference"] is not None:
        # Adding 0.0 turns the -0.0 of a tiny loss into +0.0.
        text += f" ({round(cell['difference'], 1) + 0.0:+.1f})"
    return text if cell["complete"] else text + "~"


def _cell(
    value,
    *,
    difference=None,
    margin=None,
    zero_shot=True,
    above_chance=True,
    complete=True,
):
    """Builds one cell of a frame."""
    return {
        "value": value,
        "difference": difference,
        "margin": margin,
        "above_chance": above_chance,
        "zero_shot": zero_shot,
        "complete": complete,
    }


def _routes(rows, baseline, target=None):
    """Lists the routes in their order and checks the baseline."""
    routes = _in_order(row["route"] for row in rows)
    if not routes:
        of = f" of target {target!r}" if target else ""
        raise InputError(f"There are no results{of} to tabulate yet.")
    if baseline is None:
        baseline = routes[0]
    if baseline not in routes:
        raise unknown("baseline route", baseline, routes)
    return routes, baseline


def _language_scores(rows):
    """Averages over seeds: {route: {language: score}}."""
    groups = {}
    for row in rows:
        languages = groups.setdefault(row["route"], {})
        languages.setdefault(row["language"], []).append(row)
    return {
        route: {
            language: _average(found) | {"zero_shot": _all_zero_shot(found)}
            for language, found in languages.items()
        }
        for route, languages in groups.items()
    }


def _all_zero_shot(rows):
    return all(row["zero_shot"] for row in rows)


def _average(scores):
    """Averages value, interval and chance; None where any of them lacks.

    The mean of ends is an interval that holds even where the examples of
    several languages or seeds are the same ones, and so err together.
    """
    scores = list(scores)
    means = {}
    for name in ("value", "low", "high", "chance"):
        values = [score.get(name) for score in scores]
        means[name] = None if None in values else _mean(values)
    return means


def _is_above(score):
    """Whether chance lies below the interval; true where it is unknown."""
    known = score["low"] is not None and score["chance"] is not None
    return score["low"] > score["chance"] if known else True


def _margin(score):
    if score["low"] is None or score["high"] is None:
        return None
    return (score["high"] - score["low"]) / 2


def _chance_of(rows, zero_shot=True):
    """Averages chance over the rows of one column, or gives None."""
    values = [
        row.get("chance")
        for row in rows
        if zero_shot is None or row["zero_shot"]
    ]
    return None if None in values or not values else _mean(values)


def _means(route, baseline, scores):
    """Builds the zero-shot mean of one route in each column it has.

    Args:
        route: str.
        baseline: str. Its own cells carry no difference.
        scores: dict from column to `_language_scores`.

    Returns:
        A dict from column to cell.
    """
    cells = {}
    for column, by_route in scores.items():
        ours = _zero_shot(by_route.get(route, {}))
        if not ours:
            continue
        theirs = _zero_shot(by_route.get(baseline, {}))
        shared = [language for language in ours if language in theirs]
        difference = None
        if route != baseline and shared:
            difference = _mean(
                ours[key]["value"] - theirs[key]["value"] for key in shared
            )
        complete = not theirs or ours.keys() == theirs.keys()
        mean = _average(ours.values())
        cells[column] = _cell(
            mean["value"],
            difference=difference,
            margin=_margin(mean),
            above_chance=_is_above(mean),
            complete=complete,
        )
    return cells


def _zero_shot(languages):
    """Keeps the zero-shot languages and their scores."""
    return {
        language: score
        for language, score in languages.items()
        if score["zero_shot"]
    }


def _chance_row(chance, columns):
    """Builds the row of chance scores, or none."""
    cells = {
        column: _cell(float(chance[column]))
        for column in columns
        if chance.get(column) is not None
    }
    return [{"label": CHANCE, "cells": cells}] if cells else []


def _mean_note(baseline):
    """Says what the means and the brackets are."""
    return (
        "Percent; means over the languages that no stage trained the target "
        f"in; in brackets: difference to {baseline}"
    )


def _seeds_note(rows):
    """Says how many seeds the values are means of."""
    seeds = {row["seed"] for row in rows}
    if len(seeds) == 1:
        return f"One seed ({min(seeds)}): differences may be chance"
    return f"Means of up to {len(seeds)} seeds"


def _evaluation_notes(rows):
    """Says what was not evaluated on test rows, and how sentences meet."""
    others = _in_order(
        (row["target"], row["split"]) for row in rows if row["split"] != "test"
    )
    notes = [f"{target}: on {split} rows" for target, split in others]
    states = _in_order(
        (row["target"], row["layer"], row["pooling"])
        for row in rows
        if "layer" in row
    )
    return notes + [
        f"{target}: hidden state {layer}, {pooling} pooling"
        for target, layer, pooling in states
    ]


def _cell_notes(table_rows):
    """Explains the marks that occur in the table, and no others."""
    cells = [cell for row in table_rows for cell in row["cells"].values()]
    notes = []
    if any(cell["margin"] is not None for cell in cells):
        notes.append("± half of the 95 % interval over the examples")
    if not all(cell["above_chance"] for cell in cells):
        notes.append("° may be chance: it lies in the 95 % interval")
    if not all(cell["complete"] for cell in cells):
        notes.append(
            "~ mean over other languages than the baseline's; the difference "
            "is over those they share"
        )
    return notes


def _mean(values):
    """Averages an iterable that is not empty."""
    values = list(values)
    return sum(values) / len(values)


def _in_order(values):
    """Drops repetitions and keeps the order of first appearance."""
    return list(dict.fromkeys(values))


def _chunks(values, size):
    """Cuts a list into parts of at most `size`."""
    return [values[at : at + size] for at in range(0, len(values), size)]


def _console():
    """Opens the standard output."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def _parts(frame, width):
    """Splits the columns so that each table fits into `width` characters."""
    labels = [len(row["label"]) for row in frame["rows"]]
    room = width - min(MAX_LABEL_WIDTH, max(labels)) - 4
    parts = [[]]
    used = 0
    for column in frame["columns"]:
        needed = 2 + max(len(text) for text in _texts(frame, column))
        is_full = used + needed > room or len(parts[-1]) == MAX_COLUMNS
        if parts[-1] and is_full:
            parts.append([])
            used = 0
        parts[-1].append(column)
        used += needed
    return parts


def _texts(frame, column):
    """Lists all texts of one column, its heading first."""
    cells = [row["cells"].get(column) for row in frame["rows"]]
    return [column, *(format_cell(cell) for cell in cells)]


def _rich_part(frame, columns, title):
    """Builds one part of a table for rich."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    part = Table(
        title=Text(title),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    part.add_column("route", overflow="fold", max_width=MAX_LABEL_WIDTH)
    for column in columns:
        part.add_column(Text(column), justify="right", no_wrap=True)
    for row in frame["rows"]:
        texts = [format_cell(row["cells"].get(name)) for name in columns]
        part.add_row(Text(row["label"]), *(Text(text) for text in texts))
    return part


def _markdown_line(cells):
    """Joins the cells of one line."""
    return "| " + " | ".join(cells) + " |"
