"""The tables of a report: which ones there are, and of what."""

import dataclasses

from stilts_keras.reporting import source_languages
from stilts_keras.reporting import tables
from stilts_keras.reporting.route_names import is_plain
from stilts_keras.reporting.route_names import shape_of
from stilts_keras.scoring import suites
from stilts_keras.tasks.kinds import KINDS
from stilts_keras.tasks.languages import family_of
from stilts_keras.tasks.languages import script_of

# Begins the name of each source's frame, and of its figure.
SOURCE_LANGUAGES = "source_languages"


def _baseline_in(rows, baseline, metric):
    """The baseline, or None where it has no rows of the target."""
    of = {row.route for row in rows if row.metric == metric}
    return baseline if baseline in of else None


def secondary_frames(evidence):
    """Computes the tables of the targets' other metrics."""
    frames = {}
    for target, primary in evidence.primary.items():
        chosen = [row for row in evidence.rows if row.target == target]
        for metric in dict.fromkeys(row.metric for row in chosen):
            if metric != primary:
                frames[f"{target}_{metric}"] = tables.target_frame(
                    evidence.rows,
                    target,
                    metric,
                    _baseline_in(chosen, evidence.baseline, metric),
                )
    return frames


def frames_of(evidence, studies):
    """Computes the tables: all targets, groups of languages, each target.

    Args:
        evidence: `Evidence`.
        studies: list of `source_languages.Study`.
    """
    rows, baseline = evidence.rows, evidence.baseline
    primary = evidence.primary
    frames = {"summary": tables.summary_frame(rows, baseline, primary=primary)}
    for suite in suites.scored():
        if {task.name for task in suite.targets} <= set(primary):
            frames[suite.name] = _suite_frame(suite, evidence)
    # Controls and averages are no numbers of tasks.
    answers = [row for row in rows if is_plain(row.route)]
    shapes = {
        route: shape_of(route)
        for route in dict.fromkeys(row.route for row in answers)
    }
    if _has_curve(shapes.values()):
        frames["number_of_tasks"] = tables.number_of_tasks_frame(
            answers, primary=primary, shape=shapes.get
        )
    frames |= _source_language_frames(evidence, studies)
    for name, kind, group_of in (
        ("families", "family", family_of),
        ("scripts", "script", script_of),
    ):
        groups = [
            group_of(language)
            for language in {row.language for row in rows if row.is_averaged}
        ]
        if len(set(groups)) < len(groups):
            frames[name] = tables.group_frame(
                rows, baseline, primary=primary, group_of=group_of, kind=kind
            )
    if evidence.lessons:
        frames["forgetting"] = tables.forgetting_frame(
            evidence.lessons,
            primary={
                row.task: evidence.task(row.task).metrics[0]
                for row in evidence.lessons
            },
        )
    for target, metric in primary.items():
        chosen = [row for row in rows if row.target == target]
        frames[target] = tables.target_frame(
            rows, target, metric, _baseline_in(chosen, baseline, metric)
        )
        has_pool = KINDS[evidence.task(target).problem].pool == "all"
        if has_pool and any(row.in_benchmark for row in chosen):
            frames[f"{target}_all"] = tables.pool_frame(
                rows, target, _baseline_in(chosen, baseline, metric)
            )
    for target in dict.fromkeys(
        row.target for row in evidence.layers if row.in_benchmark
    ):
        frames[f"{target}_layers"] = tables.layer_frame(
            evidence.layers, target, evidence.task(target).metrics[0]
        )
    return frames


def _source_language_frames(evidence, studies):
    """Computes a table of languages and sizes for each source."""
    frames = {}
    for study in studies:
        chosen = source_languages.rows_of(study, evidence, studies)
        if chosen:
            frames[f"{SOURCE_LANGUAGES}_{study.task}"] = (
                tables.source_set_frame(
                    chosen,
                    evidence.baseline,
                    task=study.task,
                    sets=study.sets,
                    kinds=study.kinds,
                )
            )
    return frames


def _has_curve(shapes):
    """Whether routes tell more together than the summary tells of each."""
    several = [shape for shape in shapes if shape[0] > 1]
    return len(set(several)) < len(several) or max((*several, (0, 0)))[0] > 2


def _suite_frame(suite, evidence):
    """Computes the table of a suite's own scores."""
    rows = [
        dataclasses.replace(row, target=suite.name_of(row.target))
        for row in evidence.rows
        if suite.has(row.target, row.language)
    ]
    return tables.suite_frame(
        suite,
        _suite_scores(suite, rows),
        evidence.baseline,
        notes=_suite_notes(suite, rows, evidence.description),
        collapsed={
            (row.route, row.seed, row.target) for row in rows if row.collapsed
        },
        own={(row.route, row.target) for row in rows if row.own_task},
    )


def _suite_scores(suite, rows):
    """Averages as the suite does, English included: {(route, seed): scores}."""
    runs = {}
    for row in rows:
        metrics_of = runs.setdefault((row.route, row.seed), {})
        by_metric = metrics_of.setdefault(row.target, {})
        name = suite.reference_name(row.metric)
        by_metric.setdefault(name, {})[row.language] = row.value
    return {
        key: suite.summarise(
            {
                target: scores
                for target, scores in found.items()
                if suite.can_score(target, scores)
            }
        )
        for key, found in runs.items()
    }


def _suite_notes(suite, rows, description):
    """Says why a run's scores are not those of the benchmark."""
    there = {}
    for row in rows:
        there.setdefault(row.target, set()).add(row.language)
    lacking = [
        target
        for target, languages in there.items()
        if set(suite.languages_of(target)) - languages
    ]
    notes = []
    if lacking:
        notes.append(
            f"Not all of {suite.title}'s languages: "
            f"{', '.join(lacking)}; not comparable with published scores"
        )
    notes += [
        f"{name}: evaluated after {'/'.join(first)}"
        for name, first in suite.evaluated_after.items()
    ]
    limit = description.get("eval_limit")
    if limit is not None:
        notes.append(f"At most {limit} examples of each language")
    return notes


def published_table(agreements):
    """Lists published scores beside ours."""
    return {
        "title": "Beside published scores",
        "columns": [
            "target",
            "metric",
            "published",
            "ours",
            "route",
            "of",
            "source",
            "settings that differ",
        ],
        "rows": [
            [
                found["target"],
                found["metric"],
                found["published"],
                found["ours"],
                found["route"] or "-",
                found["name"],
                found["provenance"],
                "; ".join(found["differs"]) or "none known",
            ]
            for found in agreements
        ],
        "notes": ["Percent; means over all languages, English included"],
    }
