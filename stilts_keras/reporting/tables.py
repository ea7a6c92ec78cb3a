"""Tables of results as numbers; `rendering` writes and prints them.

A frame is a table as computed, a plain dict that can be tested and stored:

    {"title": str, "columns": [str], "notes": [str],
     "rows": [{"label": str, "cells": {column: cell}}]}

and a cell is a dict with

- `value`: percent; `low` and `high`: its 95 % interval; `margin`: half of it;
- `n`: number of examples; `count`: number of seeds; `deviation`: standard
  deviation over them;
- `difference`: percentage points to the baseline's, `difference_low` and
  `difference_high`: its interval; `difference_count`: over how many seeds;
  `p`: how likely one as large would be if
  there was none; `adjusted_p`: after Holm's correction over all differences of
  the table; `difference_above_chance`: whether the better of the two lies above
  chance, outside its interval, without which a difference does not count;
  `is_significant`: whether it counts and `adjusted_p` is below 0.05;
- `collapsed`: whether a score in it is of constant predictions;
- `zero_shot`, `above_chance` and `complete` (bool);

each None where it is not known or makes no sense. A column that a row lacks
stands for a score that is not there. A frame whose rows are no routes says in
`head` what they are.

Every value is first computed within each seed, then averaged over the seeds.
Where the seeds of a cell have scores of different languages, only those count
that all seeds have; where there are none, all count and the cell is not
`complete`.

Rows of results.jsonl may carry `low` and `high`, the 95 % interval over
examples, and `chance`; without them, margins and the chance row are left out.
Rows that are `collapsed` (see `scoring.collapse`) stay in means, but take no
part in differences: those are over the scores that are left.
With `draws`, scores on resampled examples as by `scoring.bootstrap.draw`,
intervals of means and differences are theirs; without, a mean has the mean of
its scores' intervals, which is too wide, and differences are not judged.
"""

import dataclasses
import statistics

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.scoring import bootstrap
from stilts_keras.scoring.suite import OURS


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Mean:
    """A score as tables average it: of a language, or a mean of such.

    Attributes:
        value: float. Percent.
        low: float or None. Of its 95 % interval.
        high: float or None. Likewise.
        chance: float or None. Percent.
        draws: float array of shape `(num_draws,)` or None. The score on
            resampled examples, as by `scoring.bootstrap.draw`.
        n: int or None. Number of examples.
        collapsed: bool. Whether it is of constant predictions.
        zero_shot: bool.
    """

    value: float
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    draws: object = None
    n: int | None = None
    collapsed: bool = False
    zero_shot: bool = True

    @classmethod
    def of(cls, row):
        """Takes what tables need out of a row that has no draws."""
        return cls(
            value=row.value,
            low=row.low,
            high=row.high,
            chance=row.chance,
            n=row.n,
            collapsed=row.collapsed,
        )


MEAN = "zero-shot"
TARGETS_MEAN = "mean"
CHANCE = "chance"
SIGNIFICANCE = 0.05
# Of fewer, resampling says too little of how far a score may be off.
MIN_EXAMPLES = 20


def summary_frame(rows, baseline, *, primary):
    """Compares routes over targets by their zero-shot means.

    A value is the mean over the target's zero-shot languages, then over
    seeds. A difference is taken over the languages that are zero-shot for
    both routes, so that it never compares different languages.

    Args:
        rows: iterable of `evidence.JudgedScore`.
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
    notes = _mean_notes(chosen, baseline)
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
        rows: iterable of `evidence.JudgedScore`.
        target: str. The target's name.
        metric: str. The metric's name.
        baseline: str or None. The route to compare with; None: the first.

    Returns:
        A frame; only the mean's cells carry a difference.

    Raises:
        InputError: If there are no such rows or none of the baseline.
    """
    chosen = _rows_of(rows, target, metric)
    routes, baseline = _routes(chosen, baseline, target)
    languages = _in_order(row.language for row in chosen)
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
            [row for row in chosen if row.language == language], None
        )
        for language in languages
    }
    notes = _mean_notes(chosen, baseline)
    if not all(row.zero_shot for row in chosen):
        notes.append("* not zero-shot: a stage trained on this language")
    return {
        "title": f"{target}: {metric} of each language",
        "columns": columns,
        "rows": table_rows + _chance_row(chance, columns),
        "notes": notes + _cell_notes(table_rows),
    }


def difference_frame(rows, target, metric, baseline, *, languages):
    """Compares routes in each zero-shot language of one target.

    Args:
        rows: iterable of `evidence.JudgedScore`.
        target: str. The target's name.
        metric: str. The metric's name.
        baseline: str or None. The route to compare with; None: the first.
        languages: list of str. Gives the columns' order.

    Returns:
        A frame with a column for each of the languages that has any row.

    Raises:
        InputError: If there are no such rows or none of the baseline.
    """
    chosen = [row for row in _rows_of(rows, target, metric) if row.zero_shot]
    routes, baseline = _routes(chosen, baseline, target)
    there = {row.language for row in chosen}
    columns = {
        language: {(target, language)}
        for language in languages
        if language in there
    }
    table_rows = _compare(routes, _runs(chosen), columns, baseline)
    return {
        "title": f"{target}: differences to {baseline} in each language",
        "columns": list(columns),
        "rows": table_rows,
        "notes": [
            f"Points of {metric}",
            _seeds_note(chosen),
            *_evaluation_notes(chosen),
            *_cell_notes(table_rows),
        ],
    }


def group_frame(rows, baseline, *, primary, group_of, kind):
    """Compares routes over groups of languages, such as families.

    A value is the mean over the zero-shot languages of the group in each
    target, then over the targets, then over seeds. A difference is taken
    over the pairs of target and language that both routes have.

    Args:
        rows: iterable of `evidence.JudgedScore`.
        baseline: str or None. The route to compare with; None: the first.
        primary: mapping from target to metric.
        group_of: function from a language's code to its group.
        kind: str. What the groups are, such as `family`.

    Returns:
        A frame with one column per group, in the order of their first
        languages by code.

    Raises:
        InputError: If there are no such rows or none of the baseline.
    """
    chosen = _primary_rows(rows, primary)
    routes, baseline = _routes(chosen, baseline)
    groups = {}
    for row in sorted(chosen, key=lambda row: row.language):
        if row.zero_shot:
            pairs = groups.setdefault(group_of(row.language), set())
            pairs.add(_pair(row))
    table_rows = _compare(routes, _zero_shot_runs(chosen), groups, baseline)
    return {
        "title": f"Zero-shot scores by language {kind}",
        "columns": list(groups),
        "rows": table_rows,
        "notes": [
            f"Percent; means over the languages of a {kind} that no stage "
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
        rows: iterable of `evidence.JudgedScore`.
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
        rows: iterable of `ChainScore`.
        primary: mapping from task to metric.

    Returns:
        A frame with one row per stage and one column per source: its score on
        dev rows, and the difference to that of the stage that learned it.

    Raises:
        InputError: If there are no such rows.
    """
    chosen = [row for row in rows if row.metric == primary.get(row.task)]
    if not chosen:
        raise InputError("There are no scores along a chain to tabulate yet.")
    label_of = _stage_labels(chosen)
    runs, lost = {}, {}
    for row in chosen:
        label, pair = label_of(row), (row.source, None)
        runs.setdefault(label, {}).setdefault(row.seed, {})[pair] = Mean.of(row)
        if row.stage != row.learned_in:
            lost.setdefault((label, row.source), []).append(row.forgetting)
    sources = _in_order(row.source for row in chosen)
    table_rows = _compare(
        runs, runs, {name: {(name, None)} for name in sources}, None
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


def _stage_labels(rows):
    """Tells stages apart that have one path, such as by their steps.

    Returns:
        Function from a row to the label of its stage.
    """
    twins = {}
    for row in rows:
        twins.setdefault((row.stage_path, row.seed), set()).add(row.stage)
    several = {path for (path, _), found in twins.items() if len(found) > 1}

    def label_of(row):
        if row.stage_path in several:
            return f"{row.stage_path} of {row.first_route}"
        return row.stage_path

    return label_of


def suite_frame(suite, scores, baseline, *, notes=(), collapsed=()):
    """Compares routes by a suite's own scores.

    Args:
        suite: `Suite`.
        scores: dict from (route, seed) to what `Suite.summarise` gives.
        baseline: str. The route to compare with.
        notes: iterable of str. What else must be known.
        collapsed: container of tuples (route, seed, target). Scores that hold
            some of constant predictions.

    Returns:
        A frame: one column per target, and the suite where all are there.
    """
    runs = {}
    for (route, seed), found in scores.items():
        values = {
            name: value["avg_metric"]
            for name, value in found.items()
            if isinstance(value, dict) and "avg_metric" in value
        }
        if suite.score_name in found:
            values[suite.title] = found[suite.score_name]
        marked = {
            column for column in values if (route, seed, column) in collapsed
        }
        # The languages are within these scores already.
        runs.setdefault(route, {})[seed] = {
            (column, None): Mean(
                value=value,
                collapsed=column in (marked and {*marked, suite.title}),
            )
            for column, value in values.items()
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
        "title": f"{suite.title}'s score of each target",
        "columns": columns,
        "rows": table_rows,
        "notes": [
            suite.note
            + (
                f"; in brackets: difference to {baseline}"
                if len(runs) > 1
                else ""
            ),
            *_cell_notes(table_rows),
            *(
                [f"{suite.title}: a mean as {OURS} defines it"]
                if suite.title in columns and suite.score_by == OURS
                else []
            ),
            *notes,
        ],
    }


def layer_frame(rows, target, metric):
    """Shows how well each hidden state of the backbone retrieves.

    Args:
        rows: iterable of `LayerScore`.
        target: str. The target's name.
        metric: str. The metric's name.

    Returns:
        A frame with one column per layer: means over languages and seeds.
    """
    runs = {}
    for row in _rows_of(rows, target, metric):
        by_seed = runs.setdefault(row.route, {})
        scores = by_seed.setdefault(row.seed, {})
        scores[str(row.layer), row.language] = Mean.of(row)
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


def _cell(value, **known):
    """Builds one cell of a frame."""
    return {
        "value": value,
        "low": None,
        "high": None,
        "margin": None,
        "n": None,
        "count": None,
        "deviation": None,
        "difference": None,
        "difference_low": None,
        "difference_high": None,
        "difference_count": None,
        "p": None,
        "adjusted_p": None,
        "difference_above_chance": True,
        "is_significant": False,
        "collapsed": False,
        "zero_shot": True,
        "above_chance": True,
        "complete": True,
        **known,
    }


def _primary_rows(rows, primary):
    """Keeps the rows of each target's own metric."""
    return [row for row in rows if row.metric == primary.get(row.target)]


def _rows_of(rows, target, metric):
    """Keeps the rows of one target and metric."""
    return [row for row in rows if (row.target, row.metric) == (target, metric)]


def _by_target(rows, targets):
    """Groups the rows of the targets that have any, in the targets' order."""
    groups = {target: [] for target in targets}
    for row in rows:
        groups[row.target].append(row)
    return {target: found for target, found in groups.items() if found}


def _routes(rows, baseline, target=None):
    """Lists the routes in their order and checks the baseline."""
    routes = _in_order(row.route for row in rows)
    if not routes:
        of = f" of target {target!r}" if target else ""
        raise InputError(f"There are no results{of} to tabulate yet.")
    if baseline is None:
        baseline = routes[0]
    if baseline not in routes:
        raise unknown("baseline route", baseline, routes)
    return routes, baseline


def _pair(row):
    return row.target, row.language


def _pairs(rows):
    """Collects what a column stands for: pairs of target and language."""
    return {_pair(row) for row in rows}


def _runs(rows):
    """Groups rows by what ran: {route: {seed: {(target, language): row}}}."""
    runs = {}
    for row in rows:
        by_seed = runs.setdefault(row.route, {})
        by_seed.setdefault(row.seed, {})[_pair(row)] = row
    return runs


def _zero_shot_runs(rows):
    return _runs(row for row in rows if row.zero_shot)


def _all_zero_shot(by_seed):
    return all(
        row.zero_shot for scores in by_seed.values() for row in scores.values()
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
    _judge(table_rows)
    return table_rows


def _judge(table_rows):
    """Corrects the differences of a table for their number."""
    cells = [
        cell
        for row in table_rows
        for cell in row["cells"].values()
        if cell["p"] is not None
    ]
    adjusted = bootstrap.holm([cell["p"] for cell in cells])
    for cell, p in zip(cells, adjusted, strict=True):
        cell["adjusted_p"] = p
        # Beside chance a difference stays in the family, which was not chosen
        # by looking at it.
        counts = cell["difference_above_chance"]
        cell["is_significant"] = counts and p < SIGNIFICANCE


def _pooled(ours, theirs=None):
    """Builds the cell of one mean.

    Args:
        ours: dict from seed to scores by pair, none of them empty.
        theirs: the same of the baseline, if there is one to compare with.

    Returns:
        A cell; its difference is over the pairs that all seeds of both have,
        and over the seeds that both have, if there are any, without collapsed
        scores.
    """
    pairs = _shared(ours)
    used = _keep(ours, set(pairs)) if pairs else ours
    means = [_over_targets(scores) for scores in used.values()]
    values = [score.value for score in means]
    interval = _interval(means, is_mean=len(pairs) != 1)
    difference, complete = _compared(ours, theirs or {})
    return _cell(
        _mean(values),
        **interval,
        n=_num_examples(used),
        deviation=statistics.stdev(values) if len(values) > 1 else None,
        count=len(values),
        above_chance=_is_above(interval["low"], _average(means).chance),
        collapsed=any(_is_collapsed(scores) for scores in ours.values()),
        complete=bool(pairs) and complete,
        **difference,
    )


def _compared(ours, theirs):
    """Compares what is comparable, without collapsed scores.

    Returns:
        Tuple: what a cell says of its difference, empty if there is none; and
        whether it is over all that both have.
    """
    sound, their_sound = _sound(ours), _sound(theirs)
    if not sound or not their_sound:
        return {}, True
    pairs, their_pairs = _shared(sound), _shared(their_sound)
    seeds = sound.keys() & their_sound.keys()
    complete = set(_shared(ours)) == set(pairs) == set(their_pairs)
    if seeds:
        by_seeds = (ours, sound, theirs, their_sound)
        complete = complete and len({tuple(sorted(x)) for x in by_seeds}) == 1
    both = [pair for pair in pairs if pair in their_pairs]
    if not both:
        return {}, complete
    return _difference(sound, their_sound, both), complete


def _sound(by_seed):
    """Leaves out collapsed scores, and seeds that have no others."""
    kept = {
        seed: {
            pair: score for pair, score in scores.items() if not score.collapsed
        }
        for seed, scores in by_seed.items()
    }
    return {seed: scores for seed, scores in kept.items() if scores}


def _is_collapsed(scores):
    return any(score.collapsed for score in scores.values())


def _interval(means, *, is_mean):
    """Returns the ends of a value's interval, and half its width."""
    known = _average(means)
    low, high = known.low, known.high
    # A score alone has an interval of its kind already, better near the ends.
    if known.draws is not None and (is_mean or len(means) > 1):
        found = _estimate(means)
        # Draws of a score that nothing changes say nothing.
        if found.high > found.low:
            low, high = max(0.0, found.low), min(100.0, found.high)
    is_known = low is not None and high is not None
    margin = (high - low) / 2 if is_known else None
    return {"low": low, "high": high, "margin": margin}


def _num_examples(by_seed):
    """Counts the examples behind a value; those of one seed."""
    numbers = [
        score.n for scores in by_seed.values() for score in scores.values()
    ]
    return None if None in numbers else sum(numbers) // len(by_seed)


def _fewest_examples(by_seed):
    """Counts the examples of the smallest test set."""
    return min(
        score.n or 0 for scores in by_seed.values() for score in scores.values()
    )


def _difference(ours, theirs, pairs):
    """Compares pairs that all seeds of both have, seed by seed if possible."""
    seeds = [seed for seed in ours if seed in theirs]
    if not seeds:
        ends = [
            _mean(
                _over_targets(_keep({0: scores}, set(pairs))[0]).value
                for scores in by_seed.values()
            )
            for by_seed in (ours, theirs)
        ]
        return {"difference": ends[0] - ends[1]}
    gains = [
        _over_targets(
            {
                pair: _gain(ours[seed][pair], theirs[seed][pair])
                for pair in pairs
            }
        )
        for seed in seeds
    ]
    known = {
        "difference": _mean(gain.value for gain in gains),
        "difference_count": len(seeds),
        "difference_above_chance": _better_is_above(
            *(
                _keep({seed: by_seed[seed] for seed in seeds}, set(pairs))
                for by_seed in (ours, theirs)
            )
        ),
    }
    fewest = _fewest_examples(_keep(ours, set(pairs)))
    if any(gain.draws is None for gain in gains) or fewest < MIN_EXAMPLES:
        return known
    found = _estimate(gains, num_examples=fewest)
    return known | {
        "difference_low": max(-100.0, found.low),
        "difference_high": min(100.0, found.high),
        "p": found.p,
    }


def _better_is_above(*sides):
    """Whether the better of two means lies above chance, outside its interval.

    Args:
        *sides: dicts from seed to scores by pair.
    """
    means = [
        [_over_targets(scores) for scores in by_seed.values()]
        for by_seed in sides
    ]
    better = max(means, key=lambda side: _average(side).value)
    num_pairs = len(next(iter(sides[0].values())))
    low = _interval(better, is_mean=num_pairs != 1)["low"]
    return _is_above(low, _average(better).chance)


def _gain(ours, theirs):
    """Subtracts one score from another, draw by draw."""
    draws = None
    if ours.draws is not None and theirs.draws is not None:
        draws = ours.draws - theirs.draws
    return Mean(value=ours.value - theirs.value, draws=draws)


def _estimate(means, **options):
    return bootstrap.estimate(
        [mean.value for mean in means],
        [mean.draws for mean in means],
        **options,
    )


def _over_targets(scores):
    """Averages over the languages of each target, then over the targets."""
    by_target = {}
    for (target, _), score in scores.items():
        by_target.setdefault(target, []).append(score)
    return _average(_average(found) for found in by_target.values())


def _average(scores):
    """Averages value, interval, chance and draws; None where any lacks.

    The mean of ends is an interval that holds even where the examples of
    several languages or seeds are the same ones, and so err together.
    """
    scores = list(scores)
    means = {}
    for name in ("value", "low", "high", "chance", "draws"):
        values = [getattr(score, name) for score in scores]
        is_known = all(value is not None for value in values)
        means[name] = _mean(values) if is_known else None
    return Mean(**means)


def _is_above(low, chance):
    """Whether chance lies below the interval; true where it is unknown."""
    return low > chance if None not in (low, chance) else True


def _chance_of(rows, zero_shot=True):
    """Averages chance over the rows of one column, or gives None."""
    values = [row.chance for row in rows if zero_shot is None or row.zero_shot]
    return None if None in values or not values else _mean(values)


def _chance_row(chance, columns):
    """Builds the row of chance scores, or none."""
    cells = {
        column: _cell(float(chance[column]))
        for column in columns
        if chance.get(column) is not None
    }
    return [{"label": CHANCE, "cells": cells}] if cells else []


def _mean_notes(rows, baseline):
    """Says what the means and the brackets are, and what they are over."""
    return [
        "Percent; means over the languages that no stage trained the target "
        f"in; in brackets: difference to {baseline}",
        _seeds_note(rows),
        *_evaluation_notes(rows),
    ]


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
    seeds = {row.seed for row in rows}
    if len(seeds) == 1:
        return (
            f"One seed ({min(seeds)}): intervals and tests are of this "
            "training alone"
        )
    return (
        f"Means of up to {len(seeds)} seeds, over the languages that all of "
        "them have"
    )


def _evaluation_notes(rows):
    """Says what was not evaluated on test rows, and how sentences meet."""
    others = _in_order(
        (row.target, row.split) for row in rows if row.split != "test"
    )
    notes = [f"{target}: on {split} rows" for target, split in others]
    states = _in_order(
        (row.target, row.layer, row.pooling)
        for row in rows
        if row.layer is not None
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
    if has_replicates(table_rows):
        notes.append(f"± standard deviation over {replicates}; n: their number")
        interval += " over the examples"
        other += f" or other {replicates}, or of {replicates} that share none"
    elif any(cell["margin"] is not None for cell in cells):
        notes.append("± half of the 95 % interval over the examples")
    if not all(cell["above_chance"] for cell in cells):
        notes.append(f"° may be chance, which does not lie below {interval}")
    if not all(cell["difference_above_chance"] for cell in cells):
        notes.append(
            "A difference counts only where the better of its two scores lies "
            "above chance, outside its interval"
        )
    if any(cell["collapsed"] for cell in cells):
        notes.append(
            "‡ holds scores of constant predictions: the model has collapsed "
            "there, and those scores are in no difference"
        )
        other += f", or over {scope} of which some have collapsed"
    judged = [cell for cell in cells if cell["p"] is not None]
    if judged:
        notes.append(_judged_note(judged))
    if not all(cell["complete"] for cell in cells):
        notes.append(f"~ {other}; the difference is over those they share")
    return notes


def _judged_note(cells):
    """Says what is significant, and how that was found."""
    means = (
        f"p < {SIGNIFICANCE} by paired bootstrap over the examples, Holm's "
        f"correction over the table's {_counted(len(cells), 'difference')}"
    )
    counts = [cell["difference_count"] for cell in cells]
    if max(counts) > 1:
        means += ", and Student's t over the seeds"
        if min(counts) == 1:
            alone = _counted(counts.count(1), "difference")
            means += f" ({alone} of one common seed without)"
    if any(cell["is_significant"] for cell in cells):
        return f"† differs from the baseline: {means}"
    return f"No difference is significant ({means})"


def has_replicates(table_rows):
    """Whether any cell of the table stands on more than one seed."""
    return any(
        is_replicated(cell)
        for row in table_rows
        for cell in row["cells"].values()
    )


def is_replicated(cell):
    """Whether a cell stands on more than one seed."""
    return cell["deviation"] is not None


def _mean(values):
    """Averages an iterable that is not empty."""
    values = list(values)
    return sum(values) / len(values)


def _in_order(values):
    """Drops repetitions and keeps the order of first appearance."""
    return list(dict.fromkeys(values))
