"""Tables of groups: of languages, and of routes."""

from stilts_keras.reporting.tables.choice import grouped_by_target
from stilts_keras.reporting.tables.choice import pair_of
from stilts_keras.reporting.tables.choice import pairs_of
from stilts_keras.reporting.tables.choice import primary_rows
from stilts_keras.reporting.tables.choice import routes_in
from stilts_keras.reporting.tables.choice import zero_shot_runs
from stilts_keras.reporting.tables.comparison import compare
from stilts_keras.reporting.tables.notes import cell_notes
from stilts_keras.reporting.tables.notes import counted
from stilts_keras.reporting.tables.notes import evaluation_notes
from stilts_keras.reporting.tables.notes import seeds_note
from stilts_keras.reporting.tables.notes import targets_note

TARGETS_MEAN = "mean"


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
    chosen = primary_rows(rows, primary)
    routes, baseline = routes_in(chosen, baseline)
    groups = {}
    for row in sorted(chosen, key=lambda row: row.language):
        if row.is_averaged:
            pairs = groups.setdefault(group_of(row.language), set())
            pairs.add(pair_of(row))
    table_rows = compare(routes, zero_shot_runs(chosen), groups, baseline)
    return {
        "title": f"Zero-shot scores by language {kind}",
        "columns": list(groups),
        "rows": table_rows,
        "notes": [
            f"Percent; means over the languages of a {kind} that no stage "
            "trained the target in, then over targets; in brackets: "
            f"difference to {baseline}",
            targets_note("Means", grouped_by_target(chosen, primary), primary),
            seeds_note(chosen),
            *evaluation_notes(chosen),
            *cell_notes(table_rows, scope="languages or targets"),
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
    chosen = primary_rows(rows, primary)
    routes, _ = routes_in(chosen, None)
    label_of = {route: _shape_label(*shape(route)) for route in routes}
    shapes = sorted({shape(route) for route in routes})
    labels = [_shape_label(*found) for found in shapes]
    runs = _runs_by_label(chosen, label_of)
    columns = {
        target: pairs_of(found)
        for target, found in grouped_by_target(chosen, primary).items()
    }
    common = _common(columns, runs)
    notes = [
        "Percent; means over the languages that no stage trained the target "
        "in, then over routes and seeds; in brackets: difference to the "
        f"baseline, {labels[0]}"
    ]
    if common:
        columns[TARGETS_MEAN] = set().union(*(columns[key] for key in common))
        notes.append(targets_note(TARGETS_MEAN, common, primary))
    table_rows = compare(labels, runs, columns, labels[0])
    for row, found in zip(table_rows, shapes, strict=True):
        row["shape"] = found
    return {
        "title": "Zero-shot scores by number of intermediate tasks",
        "head": "intermediate tasks",
        "columns": list(columns),
        "rows": table_rows,
        "notes": [
            *notes,
            seeds_note(chosen),
            *evaluation_notes(chosen),
            *cell_notes(
                table_rows,
                replicates="pairs of route and seed",
                scope="languages or targets",
            ),
        ],
    }


def source_set_frame(rows, baseline, *, task, sets, kinds):
    """Compares languages and sizes of one source over kinds of problems.

    A value is the mean over the languages of each target, then over the
    targets of a kind, then over seeds.

    Args:
        rows: iterable of `evidence.JudgedScore`. Those that the study compares.
        baseline: str. The route to compare with.
        task: str. The source's.
        sets: mapping from route to `route_names.SourceSet`.
        kinds: mapping from target to kind; gives the columns' order.

    Returns:
        A frame with one column per kind; its first row is the baseline where
        that has any. The others also have their `languages`, joined by `+`,
        and `num_examples`.

    Raises:
        InputError: If there are no rows.
    """
    routes, _ = routes_in(rows, None)
    columns, targets = {}, {}
    for row in rows:
        columns.setdefault(kinds[row.target], set()).add(pair_of(row))
        targets.setdefault(kinds[row.target], {})[row.target] = row.metric
    order = [kind for kind in dict.fromkeys(kinds.values()) if kind in columns]
    # The baseline may be one of them.
    either = dict.fromkeys((baseline, *sets))
    routes = [route for route in either if route in routes]
    table_rows = compare(
        routes,
        zero_shot_runs(rows),
        {kind: columns[kind] for kind in order},
        baseline,
    )
    for row in table_rows:
        found = sets.get(row["label"])
        if found:
            row["languages"] = found.named_languages
            row["num_examples"] = found.num_examples
    return {
        "title": f"Zero-shot scores after {task} by language and size",
        "columns": order,
        "rows": table_rows,
        "notes": [
            "Percent; means over the languages that neither a source nor the "
            "target was trained in, then over the targets of a kind; in "
            f"brackets: difference to {baseline}",
            *(
                targets_note(kind, targets[kind], targets[kind])
                for kind in order
            ),
            seeds_note(rows),
            *evaluation_notes(rows),
            *cell_notes(table_rows, scope="languages or targets"),
        ],
    }


def _runs_by_label(rows, label_of):
    """Groups runs by the labels of their routes: a run is a route and seed."""
    runs = {}
    for route, by_seed in zero_shot_runs(rows).items():
        by_run = runs.setdefault(label_of[route], {})
        by_run.update({(route, seed): by_seed[seed] for seed in by_seed})
    return runs


def _common(columns, runs):
    """Lists the targets that every route and seed has a score of."""
    return [
        target
        for target, pairs in columns.items()
        if all(
            pairs & scores.keys()
            for by_run in runs.values()
            for scores in by_run.values()
        )
    ]


def _shape_label(tasks, stages):
    """Names the routes of one shape, such as `3 tasks in 1 stage`."""
    label = counted(tasks, "task")
    return f"{label} in {counted(stages, 'stage')}" if stages else label
