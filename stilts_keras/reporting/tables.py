"""Tables of results: computed once, then printed or written as Markdown.

A frame is a table as computed, a plain dict that can be tested and stored:

    {"title": str, "columns": [str], "notes": [str],
     "rows": [{"label": str, "cells": {column: cell}}]}

and a cell is a dict with `value` (percent), `difference` (percentage points
to the baseline route, or None), `margin` (half the width of the 95 % interval,
or None), `deviation` (standard deviation over the seeds, None of a single
one), `count` (number of seeds, None of the chance row), `zero_shot`,
`above_chance` and `complete` (bool). A column that a row lacks stands for a
score that is not there. A frame whose rows are no routes says in `head` what
they are.

Every value is first computed within each seed, then averaged over the seeds.
Where the seeds of a cell have scores of different languages, only those count
that all seeds have; where there are none, all count and the cell is not
`complete`.

Rows of results.jsonl may carry `low` and `high`, the 95 % interval over
examples, and `chance`; without them, margins and the chance row are left out.
"""

import statistics

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

MEAN = "zero-shot"
TARGETS_MEAN = "mean"
MAX_COLUMNS = 12
PLAIN_WIDTH = 100
MAX_LABEL_WIDTH = 36
CHANCE = "chance"


def summary_frame(rows, baseline, *, primary):
    """Compares routes over targets by their zero-shot means.

    A value is the mean over the target's zero-shot languages, then over
    seeds. A difference is taken over the languages that are zero-shot for
    both routes, so that it never compares different languages.

    Args:
        rows: iterable of dicts of results.jsonl.
        baseline: str or None. The route to compare with; None: the first.
        primary: mapping from target to metric; gives the columns' order.

    Returns:
        A frame with one column per target that has any row.

    Raises:
        InputError: If there are no such rows or none of the baseline.
    """
    chosen = _primary_rows(rows, primary)
    routes, baseline = _routes(chosen, baseline)
    by_target = _by_target(chosen, primary)
    table_rows = _compare(
        routes,
        _zero_shot_runs(chosen),
        {target: _pairs(found) for target, found in by_target.items()},
        baseline,
    )
    chance = {target: _chance_of(found) for target, found in by_target.items()}
    notes = [
        _mean_note(baseline),
        _seeds_note(chosen),
        *_evaluation_notes(chosen),
    ]
    return {
        "title": "Zero-shot scores of each target",
        "columns": list(by_target),
        "rows": table_rows + _chance_row(chance, by_target),
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
    languages = _in_order(row["language"] for row in chosen)
    english = [language for language in languages if language == "en"]
    others = [language for language in languages if language != "en"]
    table_rows = _compare(
        routes, _zero_shot_runs(chosen), {MEAN: _pairs(chosen)}, baseline
    )
    runs = _runs(chosen)
    for row in table_rows:
        for language in languages:
            by_seed = _keep(runs[row["label"]], {(target, language)})
            if by_seed:
                row["cells"][language] = _pooled(by_seed) | {
                    "margin": None,
                    "zero_shot": _all_zero_shot(by_seed),
                }
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


def family_frame(rows, baseline, *, primary, family_of):
    """Compares routes over language families.

    A value is the mean over the zero-shot languages of the family in each
    target, then over the targets, then over seeds. A difference is taken
    over the pairs of target and language that both routes have.

    Args:
        rows: iterable of dicts of results.jsonl.
        baseline: str or None. The route to compare with; None: the first.
        primary: mapping from target to metric.
        family_of: function from a language's code to its family.

    Returns:
        A frame with one column per family, in the order of their first
        languages by code.

    Raises:
        InputError: If there are no such rows or none of the baseline.
    """
    chosen = _primary_rows(rows, primary)
    routes, baseline = _routes(chosen, baseline)
    families = {}
    for row in sorted(chosen, key=lambda row: row["language"]):
        if row["zero_shot"]:
            pairs = families.setdefault(family_of(row["language"]), set())
            pairs.add(_pair(row))
    table_rows = _compare(routes, _zero_shot_runs(chosen), families, baseline)
    return {
        "title": "Zero-shot scores by language family",
        "columns": list(families),
        "rows": table_rows,
        "notes": [
            "Percent; means over the languages of a family that no stage "
            "trained the target in, then over targets; in brackets: "
            f"difference to {baseline}",
            _targets_note("Means", _by_target(chosen, primary), primary),
            _seeds_note(chosen),
            *_evaluation_notes(chosen),
            *_cell_notes(table_rows, scope="languages or targets"),
        ],
    }


def number_of_tasks_frame(rows, *, primary, shape):
    """Compares numbers of intermediate tasks, in one stage or in several.

    Routes of one shape, such as the orders of the same tasks, share a row.
    What elsewhere are seeds are here the pairs of route and seed: a value is
    computed within each, then averaged, and a cell's `count` is their number.

    Args:
        rows: iterable of dicts of results.jsonl.
        primary: mapping from target to metric; gives the columns' order.
        shape: function from a route to its numbers of intermediate tasks and
            of stages.

    Returns:
        A frame with one column per target that has any row, then the mean
        over those that every route and seed has, if there are any; the first
        row is the baseline. Its rows also have their `shape`.

    Raises:
        InputError: If there are no such rows.
    """
    chosen = _primary_rows(rows, primary)
    routes, _ = _routes(chosen, None)
    shapes = {route: shape(route) for route in routes}
    labels = [_shape_label(*found) for found in sorted(set(shapes.values()))]
    runs = {}
    for route, by_seed in _zero_shot_runs(chosen).items():
        by_run = runs.setdefault(_shape_label(*shapes[route]), {})
        by_run.update({(route, seed): by_seed[seed] for seed in by_seed})
    columns = {
        target: _pairs(found)
        for target, found in _by_target(chosen, primary).items()
    }
    common = [
        target
        for target, pairs in columns.items()
        if all(
            pairs & scores.keys()
            for by_run in runs.values()
            for scores in by_run.values()
        )
    ]
    notes = [
        "Percent; means over the languages that no stage trained the target "
        "in, then over routes and seeds; in brackets: difference to the "
        f"baseline, {labels[0]}"
    ]
    if common:
        columns[TARGETS_MEAN] = set().union(*(columns[key] for key in common))
        notes.append(_targets_note(TARGETS_MEAN, common, primary))
    table_rows = _compare(labels, runs, columns, labels[0])
    for row, found in zip(
        table_rows, sorted(set(shapes.values())), strict=True
    ):
        row["shape"] = found
    return {
        "title": "Zero-shot scores by number of intermediate tasks",
        "head": "intermediate tasks",
        "columns": list(columns),
        "rows": table_rows,
        "notes": [
            *notes,
            _seeds_note(chosen),
            *_evaluation_notes(chosen),
            *_cell_notes(
                table_rows,
                replicates="pairs of route and seed",
                scope="languages or targets",
            ),
        ],
    }


def forgetting_frame(rows, *, primary):
    """Shows what is left, along a chain, of what earlier stages learned.

    Args:
        rows: iterable of dicts of results.jsonl that have `source`,
            `learned_in`, `forgetting` and `first_route`.
        primary: mapping from task to metric.

    Returns:
        A frame with one row per stage and one column per source: its score on
        dev rows, and the difference to that of the stage that learned it.

    Raises:
        InputError: If there are no such rows.
    """
    chosen = _with_stage_labels(_primary_rows(rows, primary))
    stages, _ = _routes(chosen, None)
    runs, lost = {}, {}
    for row in chosen:
        pair = (row["source"], None)
        by_seed = runs.setdefault(row["route"], {})
        by_seed.setdefault(row["seed"], {})[pair] = row
        if row["stage"] != row["learned_in"]:
            cell = (row["route"], row["source"])
            lost.setdefault(cell, []).append(row["forgetting"])
    sources = _in_order(row["source"] for row in chosen)
    table_rows = _compare(
        stages, runs, {name: {(name, None)} for name in sources}, None
    )
    for row in table_rows:
        for source, cell in row["cells"].items():
            if (row["label"], source) in lost:
                cell["difference"] = -_mean(lost[row["label"], source])
    return {
        "title": "Dev scores of each source along the chains",
        "head": "after stage",
        "columns": sources,
        "rows": table_rows,
        "notes": [
            "Percent; in brackets: difference to the score right after the "
            "stage that learned it, less than 0 where it was forgotten",
            _seeds_note(chosen),
            *_cell_notes(table_rows),
        ],
    }


def _with_stage_labels(rows):
    """Tells stages apart that have one path, such as by their steps."""
    twins = {}
    for row in rows:
        twins.setdefault((row["route"], row["seed"]), set()).add(row["stage"])
    several = {route for (route, _), found in twins.items() if len(found) > 1}
    return [
        {**row, "route": f"{row['route']} of {row['first_route']}"}
        if row["route"] in several
        else row
        for row in rows
    ]


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
    runs = {}
    for (route, seed), found in scores.items():
        values = {
            name: value["avg_metric"]
            for name, value in found.items()
            if isinstance(value, dict) and "avg_metric" in value
        }
        if "all_task" in found:
            values["XTREME"] = found["all_task"]
        # The languages are within these scores already.
        runs.setdefault(route, {})[seed] = {
            (column, None): {"value": value} for column, value in values.items()
        }
    columns = _in_order(
        column
        for by_seed in runs.values()
        for scored in by_seed.values()
        for column, _ in scored
    )
    table_rows = _compare(
        runs, runs, {column: {(column, None)} for column in columns}, baseline
    )
    return {
        "title": "XTREME's score of each target",
        "columns": columns,
        "rows": table_rows,
        "notes": [
            "Percent; means over all languages, English included; for "
            "questions of exact match and F1"
            + (
                f"; in brackets: difference to {baseline}"
                if len(runs) > 1
                else ""
            ),
            *_cell_notes(table_rows),
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
    runs = {}
    for row in rows:
        if (row["target"], row["metric"]) == (target, metric):
            by_seed = runs.setdefault(row["route"], {})
            scores = by_seed.setdefault(row["seed"], {})
            key = (str(row["layer"]), row["language"])
            scores[key] = {"value": row["value"]}
    layers = {}
    for by_seed in runs.values():
        for scores in by_seed.values():
            for layer, language in scores:
                layers.setdefault(layer, set()).add((layer, language))
    table_rows = _compare(runs, runs, layers, baseline=None)
    return {
        "title": f"{target}: {metric} of each hidden state",
        "columns": sorted(layers, key=int),
        "rows": table_rows,
        "notes": [
            "Percent; means over languages; 0 is the embedding",
            *_cell_notes(table_rows),
        ],
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
        lines = [_markdown_line([_head(frame), *columns])]
        lines.append("|---|" + "---:|" * len(columns))
        for label, texts in _row_texts(frame, columns):
            label = label.replace("|", "\\|")
            lines.append(_markdown_line([label, *texts]))
        blocks.append("\n".join(lines))
    notes = [note.replace("*", "\\*", 1) for note in frame["notes"]]
    blocks.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(blocks) + "\n"


def format_cell(cell, *, with_count=False):
    """Writes one cell.

    Args:
        cell: dict or None, of a frame.
        with_count: bool. Whether other cells of its table stand on several
            seeds. Then, and where this one does, it shows their number, and
            no interval over the examples.

    Returns:
        A str such as `61.2`, `61.2*` (not zero-shot), `61.2±2.0 (+1.3)`,
        `61.2±0.8 n3 (+1.3)` (of three seeds), or `-` where there is no score;
        `°` marks what may be chance, `~` a mean that the baseline's languages
        do not match.
    """
    if cell is None or cell["value"] is None:
        return "-"
    with_count = with_count or _is_replicated(cell)
    spread = cell["deviation"] if with_count else cell["margin"]
    text = f"{cell['value']:.1f}"
    if spread is not None:
        text += f"±{spread:.1f}"
    if not cell["above_chance"]:
        text += "°"
    if not cell["zero_shot"]:
        text += "*"
    if with_count and cell["count"] is not None:
        text += f" n{cell['count']}"
    if cell["difference"] is not None:
        # Adding 0.0 turns the -0.0 of a tiny loss into +0.0.
        text += f" ({round(cell['difference'], 1) + 0.0:+.1f})"
    return text if cell["complete"] else text + "~"


def _row_texts(frame, columns):
    """Lists for each row its label and the texts of some columns."""
    with_count = _has_replicates(frame["rows"])
    return [
        (
            row["label"],
            [
                format_cell(row["cells"].get(name), with_count=with_count)
                for name in columns
            ],
        )
        for row in frame["rows"]
    ]


def _cell(
    value,
    *,
    difference=None,
    margin=None,
    deviation=None,
    count=None,
    zero_shot=True,
    above_chance=True,
    complete=True,
):
    """Builds one cell of a frame."""
    return {
        "value": value,
        "difference": difference,
        "margin": margin,
        "deviation": deviation,
        "count": count,
        "above_chance": above_chance,
        "zero_shot": zero_shot,
        "complete": complete,
    }


def _primary_rows(rows, primary):
    """Keeps the rows of each target's own metric."""
    return [row for row in rows if row["metric"] == primary.get(row["target"])]


def _by_target(rows, targets):
    """Groups the rows of the targets that have any, in the targets' order."""
    groups = {target: [] for target in targets}
    for row in rows:
        groups[row["target"]].append(row)
    return {target: found for target, found in groups.items() if found}


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


def _pair(row):
    return row["target"], row["language"]


def _pairs(rows):
    """Collects what a column stands for: pairs of target and language."""
    return {_pair(row) for row in rows}


def _runs(rows):
    """Groups rows by what ran: {route: {seed: {(target, language): row}}}."""
    runs = {}
    for row in rows:
        by_seed = runs.setdefault(row["route"], {})
        by_seed.setdefault(row["seed"], {})[_pair(row)] = row
    return runs


def _zero_shot_runs(rows):
    return _runs(row for row in rows if row["zero_shot"])


def _all_zero_shot(by_seed):
    return all(
        row["zero_shot"]
        for scores in by_seed.values()
        for row in scores.values()
    )


def _keep(by_seed, pairs):
    """Keeps some pairs, and the seeds that have a score of any of them."""
    kept = {
        seed: {pair: score for pair, score in scores.items() if pair in pairs}
        for seed, scores in by_seed.items()
    }
    return {seed: scores for seed, scores in kept.items() if scores}


def _shared(by_seed):
    """Lists the pairs that all seeds have."""
    first, *others = by_seed.values()
    return [pair for pair in first if all(pair in other for other in others)]


def _compare(labels, runs, columns, baseline):
    """Builds the rows of a table.

    Args:
        labels: iterable of str. The rows, in their order.
        runs: dict from label to dict from seed to scores by pair.
        columns: dict from column to the set of pairs that it averages.
        baseline: str or None. The label to compare with.

    Returns:
        A list of rows of a frame; a cell without any score is left out.
    """
    table_rows = []
    for label in labels:
        cells = {}
        for column, pairs in columns.items():
            ours = _keep(runs.get(label, {}), pairs)
            theirs = _keep(runs.get(baseline, {}), pairs)
            if ours:
                cells[column] = _pooled(
                    ours, None if label == baseline else theirs
                )
        table_rows.append({"label": label, "cells": cells})
    return table_rows


def _pooled(ours, theirs=None):
    """Builds the cell of one mean.

    Args:
        ours: dict from seed to scores by pair, none of them empty.
        theirs: the same of the baseline, if there is one to compare with.

    Returns:
        A cell; its difference is over the pairs that all seeds of both have.
    """
    pairs = _shared(ours)
    used = _keep(ours, set(pairs)) if pairs else ours
    means = [_over_targets(scores) for scores in used.values()]
    mean = _average(means)
    values = [score["value"] for score in means]
    complete = bool(pairs)
    difference = None
    if theirs:
        their_pairs = _shared(theirs)
        complete = complete and set(pairs) == set(their_pairs)
        both = [pair for pair in pairs if pair in their_pairs]
        if both:
            difference = _difference(ours, theirs, both)
    return _cell(
        mean["value"],
        difference=difference,
        margin=_margin(mean),
        deviation=statistics.stdev(values) if len(values) > 1 else None,
        count=len(values),
        above_chance=_is_above(mean),
        complete=complete,
    )


def _difference(ours, theirs, pairs):
    """Averages the differences of pairs that all seeds of both have."""
    gains = {
        pair: {
            "value": _mean(scores[pair]["value"] for scores in ours.values())
            - _mean(scores[pair]["value"] for scores in theirs.values())
        }
        for pair in pairs
    }
    return _over_targets(gains)["value"]


def _over_targets(scores):
    """Averages over the languages of each target, then over the targets."""
    by_target = {}
    for (target, _), score in scores.items():
        by_target.setdefault(target, []).append(score)
    return _average(_average(found) for found in by_target.values())


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


def _targets_note(what, targets, primary):
    """Says which targets a mean is over, whose metrics may differ."""
    named = ", ".join(f"{target} ({primary[target]})" for target in targets)
    if len({primary[target] for target in targets}) > 1:
        what += " over targets with different metrics"
    else:
        what += " over targets"
    return f"{what}: {named}"


def _shape_label(tasks, stages):
    """Names the routes of one shape, such as `3 tasks in 1 stage`."""
    label = _counted(tasks, "task")
    return f"{label} in {_counted(stages, 'stage')}" if stages else label


def _counted(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _seeds_note(rows):
    """Says how many seeds the values are means of."""
    seeds = {row["seed"] for row in rows}
    if len(seeds) == 1:
        return f"One seed ({min(seeds)}): differences may be chance"
    return (
        f"Means of up to {len(seeds)} seeds, over the languages that all of "
        "them have"
    )


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


def _cell_notes(table_rows, *, replicates="seeds", scope="languages"):
    """Explains the marks that occur in the table, and no others.

    Args:
        table_rows: list of rows of a frame.
        replicates: str. What the deviations are over.
        scope: str. What the means are over.

    Returns:
        A list of str.
    """
    cells = [cell for row in table_rows for cell in row["cells"].values()]
    interval = "the 95 % interval"
    other = f"mean over other {scope} than the baseline's"
    notes = []
    if _has_replicates(table_rows):
        notes.append(f"± standard deviation over {replicates}; n: their number")
        interval += " over the examples"
        other += f", or of {replicates} that share none"
    elif any(cell["margin"] is not None for cell in cells):
        notes.append("± half of the 95 % interval over the examples")
    if not all(cell["above_chance"] for cell in cells):
        notes.append(f"° may be chance: it lies in {interval}")
    if not all(cell["complete"] for cell in cells):
        notes.append(f"~ {other}; the difference is over those they share")
    return notes


def _has_replicates(table_rows):
    """Whether any cell of the table stands on more than one seed."""
    return any(
        _is_replicated(cell)
        for row in table_rows
        for cell in row["cells"].values()
    )


def _is_replicated(cell):
    return cell["deviation"] is not None


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
    return [column, *(texts[0] for _, texts in _row_texts(frame, [column]))]


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
    part.add_column(_head(frame), overflow="fold", max_width=MAX_LABEL_WIDTH)
    for column in columns:
        part.add_column(Text(column), justify="right", no_wrap=True)
    for label, texts in _row_texts(frame, columns):
        part.add_row(Text(label), *(Text(text) for text in texts))
    return part


def _head(frame):
    """Names what the rows are."""
    return frame.get("head", "route")


def _markdown_line(cells):
    """Joins the cells of one line."""
    return "| " + " | ".join(cells) + " |"
