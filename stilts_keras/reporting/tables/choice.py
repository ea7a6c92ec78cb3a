"""Which rows of results a table is of, and what they are grouped by."""

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.reporting.tables.means import mean_of


def primary_rows(rows, primary):
    """Keeps the rows of each target's own metric."""
    return [row for row in rows if row.metric == primary.get(row.target)]


def rows_of(rows, target, metric):
    """Keeps the rows of one target and metric."""
    return [row for row in rows if (row.target, row.metric) == (target, metric)]


def grouped_by_target(rows, targets):
    """Groups the rows of the targets that have any, in the targets' order."""
    groups = {target: [] for target in targets}
    for row in rows:
        groups[row.target].append(row)
    return {target: found for target, found in groups.items() if found}


def routes_in(rows, baseline, target=None):
    """Lists the routes in their order and checks the baseline."""
    routes = in_order(row.route for row in rows)
    if not routes:
        of = f" of target {target!r}" if target else ""
        raise InputError(f"There are no results{of} to tabulate yet.")
    if baseline is None:
        baseline = routes[0]
    if baseline not in routes:
        raise unknown("baseline route", baseline, routes)
    return routes, baseline


def pair_of(row):
    """Returns what one score of a run is of."""
    return row.target, row.language


def pairs_of(rows):
    """Collects what a column stands for: pairs of target and language."""
    return {pair_of(row) for row in rows}


def runs_of(rows):
    """Groups rows by what ran: {route: {seed: {(target, language): row}}}.

    For averages over seeds see `Score.replicate`.
    """
    runs = {}
    for row in rows:
        by_seed = runs.setdefault(row.route, {})
        by_seed.setdefault(row.replicate, {})[pair_of(row)] = row
    return runs


def zero_shot_runs(rows):
    """Groups the rows that count in means; see `runs_of`."""
    return runs_of(row for row in rows if row.is_averaged)


def chance_of_means(rows):
    """Averages chance over the rows that count in means, or gives None."""
    return chance_of([row for row in rows if row.is_averaged])


def all_zero_shot(by_seed):
    """Whether all scores of all seeds are zero-shot."""
    return all(
        row.zero_shot for scores in by_seed.values() for row in scores.values()
    )


def any_seen_language(by_seed):
    """Whether a score is in a language that other tasks were trained in."""
    return any(
        row.seen_language
        for scores in by_seed.values()
        for row in scores.values()
    )


def chance_of(rows):
    """Averages chance over the rows of one column, or gives None."""
    values = [row.chance for row in rows]
    return None if None in values or not values else mean_of(values)


def in_order(values):
    """Drops repetitions and keeps the order of first appearance."""
    return list(dict.fromkeys(values))
