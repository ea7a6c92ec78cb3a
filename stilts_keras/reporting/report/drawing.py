"""The figures of a report: those that there is something to see in."""

from stilts_keras.reporting.language_contrasts import OTHERS
from stilts_keras.reporting.report.frames import SOURCE_LANGUAGES
from stilts_keras.reporting.robustness import ROBUSTNESS
from stilts_keras.reporting.robustness import score_tables
from stilts_keras.reporting.robustness import severity_lines
from stilts_keras.tasks.languages import family_of


def draw_figures(report):
    """Draws all figures that there is something to see in."""
    from stilts_keras.reporting import figures

    drawn = {}
    baseline = report.evidence.baseline
    summary = report.frames["summary"]
    if _has(summary, "difference"):
        title = f"Differences to {baseline} on each target"
        drawn["differences"] = figures.difference_map(
            {**summary, "title": title, "baseline": baseline}
        )
    for target, frame in report.differences.items():
        if _has(frame, "difference"):
            drawn[f"differences_{target}"] = figures.difference_map(
                {**frame, "baseline": baseline},
                groups={code: family_of(code) for code in frame["columns"]},
            )
    # Without a zero-shot language there is a table, but no number in it.
    counted = report.frames.get("number_of_tasks")
    if counted and _has(counted, "value"):
        drawn["number_of_tasks"] = figures.number_of_tasks_curve(counted)
    drawn |= _source_languages(report)
    drawn |= _robustness(report)
    if any(lesson.num_stages > 1 for lesson in report.evidence.lessons):
        drawn["forgetting"] = figures.forgetting_curves(
            report.frames["forgetting"]
        )
    mixtures = _mixtures(report)
    if mixtures:
        drawn["sampling"] = figures.sampling_bars(mixtures)
    return {
        name: (figures.to_png(figure), figures.to_svg(figure))
        for name, figure in drawn.items()
    }


def _source_languages(report):
    """Draws studies of source languages: curves over sizes, and effects."""
    from stilts_keras.reporting import figures

    drawn = {
        name: figures.source_set_curves(frame)
        for name, frame in report.frames.items()
        if name.startswith(SOURCE_LANGUAGES) and _has(frame, "value")
    }
    for name, names, detectable in (
        ("language_gains", ("source", "kind", "languages"), None),
        ("language_interaction", ("kind", "less", "languages"), "detectable"),
    ):
        if report.plain.get(name, {}).get("rows"):
            drawn[name] = figures.effect_bars(
                report.plain[name],
                names=names,
                detectable=detectable,
                means=OTHERS,
            )
    return drawn


def _robustness(report):
    """Draws disturbed scores: a map of routes, and curves over severity."""
    from stilts_keras.reporting import figures

    drawn = {}
    frame = report.frames.get(ROBUSTNESS)
    if frame and _has(frame, "difference"):
        title = f"Retention: differences to {report.evidence.baseline}"
        drawn[ROBUSTNESS] = figures.difference_map(
            {**frame, "title": title, "baseline": report.evidence.baseline},
            groups=frame["groups"],
        )
    for target, table in score_tables(report.plain).items():
        if severity_lines(table):
            drawn[f"{ROBUSTNESS}_{target}"] = figures.severity_curves(table)
    return drawn


def draw_differences(report, target, columns):
    """Draws some languages of a target's map.

    Args:
        report: `Report`.
        target: str.
        columns: list of str. Languages.

    Returns:
        Bytes of a PNG.
    """
    from stilts_keras.reporting import figures

    frame = {
        **report.differences[target],
        "columns": columns,
        "baseline": report.evidence.baseline,
    }
    groups = {code: family_of(code) for code in columns}
    return figures.to_png(figures.difference_map(frame, groups=groups))


def _mixtures(report):
    """Lists the stages with several sources."""
    return [
        training
        for training in report.evidence.trainings
        if len(training.sources) > 1
    ]


def _has(frame, what):
    """Whether any cell of a frame has a `value`, or a `difference`."""
    return any(
        cell[what] is not None
        for row in frame["rows"]
        for cell in row["cells"].values()
    )
