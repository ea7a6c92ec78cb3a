"""Routes compared: values, differences, and which of them count."""

import statistics

from stilts_keras.reporting.tables.cells import new_cell
from stilts_keras.reporting.tables.means import Mean
from stilts_keras.reporting.tables.means import average
from stilts_keras.reporting.tables.means import estimate
from stilts_keras.reporting.tables.means import fewest_examples
from stilts_keras.reporting.tables.means import interval_of
from stilts_keras.reporting.tables.means import is_collapsed
from stilts_keras.reporting.tables.means import is_of_own_task
from stilts_keras.reporting.tables.means import keep
from stilts_keras.reporting.tables.means import lies_above_chance
from stilts_keras.reporting.tables.means import mean_of
from stilts_keras.reporting.tables.means import num_examples
from stilts_keras.reporting.tables.means import over_targets
from stilts_keras.reporting.tables.means import shared
from stilts_keras.reporting.tables.means import without_collapsed
from stilts_keras.scoring import behrens_fisher
from stilts_keras.scoring import bootstrap

SIGNIFICANCE = 0.05
# Of fewer, resampling says too little of how far a score may be off.
MIN_EXAMPLES = 20


def compare(labels, runs, columns, baseline):
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
            ours = keep(runs.get(label, {}), pairs)
            theirs = keep(runs.get(baseline, {}), pairs)
            if ours:
                cells[column] = pooled(
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
    for cell in cells:
        cell["detectable"] = behrens_fisher.detectable(
            SIGNIFICANCE / len(cells),
            behrens_fisher.POWER,
            *cell.pop("errors"),
        )
    for cell, p in zip(cells, adjusted, strict=True):
        cell["adjusted_p"] = p
        # Beside chance a difference stays in the family, which was not chosen
        # by looking at it.
        counts = cell["difference_above_chance"]
        cell["is_significant"] = counts and p < SIGNIFICANCE


def pooled(ours, theirs=None):
    """Builds the cell of one mean.

    Args:
        ours: dict from seed to scores by pair, none of them empty.
        theirs: the same of the baseline, if there is one to compare with.

    Returns:
        A cell; its difference is over the pairs that all seeds of both have,
        and over the seeds that both have, if there are any, without collapsed
        scores. Where it has a `p` it has also `errors`, the two of an
        `Estimate`, which are for `_judge` to take.
    """
    pairs = shared(ours)
    used = keep(ours, set(pairs)) if pairs else ours
    means = [over_targets(scores) for scores in used.values()]
    values = [score.value for score in means]
    interval = interval_of(means, is_mean=len(pairs) != 1)
    difference, complete = _compared(ours, theirs or {})
    return new_cell(
        mean_of(values),
        **interval,
        n=num_examples(used),
        deviation=statistics.stdev(values) if len(values) > 1 else None,
        count=len(values),
        above_chance=lies_above_chance(means, is_mean=len(pairs) != 1),
        collapsed=any(is_collapsed(scores) for scores in ours.values()),
        own_task=is_of_own_task(ours),
        in_benchmark=all(
            score.in_benchmark
            for scores in ours.values()
            for score in scores.values()
        ),
        complete=bool(pairs) and complete,
        **difference,
    )


def _compared(ours, theirs):
    """Compares what is comparable, without collapsed scores.

    Returns:
        Tuple: what a cell says of its difference, empty if there is none; and
        whether it is over all that both have.
    """
    sound, their_sound = without_collapsed(ours), without_collapsed(theirs)
    if not sound or not their_sound:
        return {}, True
    pairs, their_pairs = shared(sound), shared(their_sound)
    seeds = sound.keys() & their_sound.keys()
    complete = set(shared(ours)) == set(pairs) == set(their_pairs)
    if seeds:
        by_seeds = (ours, sound, theirs, their_sound)
        complete = complete and len({tuple(sorted(x)) for x in by_seeds}) == 1
    both = [pair for pair in pairs if pair in their_pairs]
    if not both:
        return {}, complete
    return _difference(sound, their_sound, both), complete


def _difference(ours, theirs, pairs):
    """Compares pairs that all seeds of both have, seed by seed if possible."""
    seeds = [seed for seed in ours if seed in theirs]
    is_transfer = not any(
        is_of_own_task(keep(by_seed, set(pairs))) for by_seed in (ours, theirs)
    )
    if not seeds:
        ends = [
            mean_of(
                over_targets(keep({0: scores}, set(pairs))[0]).value
                for scores in by_seed.values()
            )
            for by_seed in (ours, theirs)
        ]
        return {
            "difference": ends[0] - ends[1],
            "is_transfer": is_transfer,
        }
    gains = [
        over_targets(
            {
                pair: _gain(ours[seed][pair], theirs[seed][pair])
                for pair in pairs
            }
        )
        for seed in seeds
    ]
    known = {
        "difference": mean_of(gain.value for gain in gains),
        "difference_count": len(seeds),
        "is_transfer": is_transfer,
        "difference_above_chance": _better_is_above(
            *(
                keep({seed: by_seed[seed] for seed in seeds}, set(pairs))
                for by_seed in (ours, theirs)
            )
        ),
    }
    fewest = fewest_examples(keep(ours, set(pairs)))
    if any(gain.draws is None for gain in gains) or fewest < MIN_EXAMPLES:
        return known
    found = estimate(gains, num_examples=fewest)
    return known | {
        "difference_low": max(-100.0, found.low),
        "difference_high": min(100.0, found.high),
        "p": found.p,
        "errors": found.errors,
    }


def _better_is_above(*sides):
    """Whether the better of two means lies above chance, outside its interval.

    Args:
        *sides: dicts from seed to scores by pair.
    """
    means = [
        [over_targets(scores) for scores in by_seed.values()]
        for by_seed in sides
    ]
    better = max(means, key=lambda side: average(side).value)
    num_pairs = len(next(iter(sides[0].values())))
    return lies_above_chance(better, is_mean=num_pairs != 1)


def _gain(ours, theirs):
    """Subtracts one score from another, draw by draw."""
    draws = None
    if ours.draws is not None and theirs.draws is not None:
        draws = ours.draws - theirs.draws
    return Mean(value=ours.value - theirs.value, draws=draws)
