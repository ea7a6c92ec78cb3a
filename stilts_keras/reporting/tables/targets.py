"""Tables of targets: all of them, or the languages of one."""

from stilts_keras.reporting.tables.cells import chance_row
from stilts_keras.reporting.tables.choice import all_zero_shot
from stilts_keras.reporting.tables.choice import any_seen_language
from stilts_keras.reporting.tables.choice import chance_of
from stilts_keras.reporting.tables.choice import chance_of_means
from stilts_keras.reporting.tables.choice import grouped_by_target
from stilts_keras.reporting.tables.choice import in_order
from stilts_keras.reporting.tables.choice import pairs_of
from stilts_keras.reporting.tables.choice import primary_rows
from stilts_keras.reporting.tables.choice import routes_in
from stilts_keras.reporting.tables.choice import rows_of
from stilts_keras.reporting.tables.choice import runs_of
from stilts_keras.reporting.tables.choice import zero_shot_runs
from stilts_keras.reporting.tables.comparison import compare
from stilts_keras.reporting.tables.comparison import pooled
from stilts_keras.reporting.tables.means import keep
from stilts_keras.reporting.tables.notes import cell_notes
from stilts_keras.reporting.tables.notes import evaluation_notes
from stilts_keras.reporting.tables.notes import mean_notes
from stilts_keras.reporting.tables.notes import seeds_note

MEAN = "zero-shot"


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
    chosen = primary_rows(rows, primary)
    routes, baseline = routes_in(chosen, baseline)
    by_target = grouped_by_target(chosen, primary)
    table_rows = compare(
        routes,
        zero_shot_runs(chosen),
        {target: pairs_of(found) for target, found in by_target.items()},
        baseline,
    )
    chance = {
        target: chance_of_means(found) for target, found in by_target.items()
    }
    notes = mean_notes(chosen, baseline)
    return {
        "title": "Zero-shot scores of each target",
        "columns": list(by_target),
        "rows": table_rows + chance_row(chance, by_target),
        "notes": notes + cell_notes(table_rows),
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
    chosen = rows_of(rows, target, metric)
    routes, baseline = routes_in(chosen, baseline, target)
    languages = in_order(row.language for row in chosen)
    english = [language for language in languages if language == "en"]
    others = [language for language in languages if language != "en"]
    table_rows = compare(
        routes, zero_shot_runs(chosen), {MEAN: pairs_of(chosen)}, baseline
    )
    runs = runs_of(chosen)
    for row in table_rows:
        for language in languages:
            by_seed = keep(runs[row["label"]], {(target, language)})
            if by_seed:
                row["cells"][language] = pooled(by_seed) | {
                    "margin": None,
                    "zero_shot": all_zero_shot(by_seed),
                    "seen_language": any_seen_language(by_seed),
                }
    columns = [*english, MEAN, *others]
    chance = {MEAN: chance_of_means(chosen)} | {
        language: chance_of([row for row in chosen if row.language == language])
        for language in languages
    }
    notes = mean_notes(chosen, baseline)
    if not all(row.zero_shot for row in chosen):
        notes.append("* not zero-shot: a stage trained on this language")
    if any(row.seen_language for row in chosen):
        notes.append(
            "¶ zero-shot, but a stage trained another task in this language"
        )
    return {
        "title": f"{target}: {metric} of each language",
        "columns": columns,
        "rows": table_rows + chance_row(chance, columns),
        "notes": notes + cell_notes(table_rows),
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
    chosen = [row for row in rows_of(rows, target, metric) if row.zero_shot]
    routes, baseline = routes_in(chosen, baseline, target)
    there = {row.language for row in chosen}
    columns = {
        language: {(target, language)}
        for language in languages
        if language in there
    }
    table_rows = compare(routes, runs_of(chosen), columns, baseline)
    return {
        "title": f"{target}: differences to {baseline} in each language",
        "columns": list(columns),
        "rows": table_rows,
        "notes": [
            f"Points of {metric}",
            seeds_note(chosen),
            *evaluation_notes(chosen),
            *cell_notes(table_rows),
        ],
    }
