"""The report: what a run found, as text, tables and figures.

Built from results.jsonl and the predictions, without any framework.
"""

import dataclasses
import functools
import pathlib

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.reporting import collapsed
from stilts_keras.reporting import evidence as evidence_of
from stilts_keras.reporting import findings
from stilts_keras.reporting import published
from stilts_keras.reporting import rendering
from stilts_keras.reporting import tables
from stilts_keras.reporting.route_names import shape_of
from stilts_keras.scoring import suites
from stilts_keras.tasks.languages import by_family
from stilts_keras.tasks.languages import family_of
from stilts_keras.tasks.languages import script_of

FOLDER = "report"
REPORT_FILE = "report.md"
FRAMES_FILE = "report.json"
# Of what a report holds; a report of another version is made anew.
VERSION = 2


@dataclasses.dataclass
class Report:
    """All that a report says.

    Attributes:
        evidence: `Evidence`.
        frames: dict from a short name to a frame of `tables`.
        differences: dict from target to the frame of its languages'
            differences.
        plain: dict from a short name to a plain table; see `findings`.
        secondary: dict from a short name to the frame of another metric of a
            target.
        sentences: list of str. The finding, negative transfer, and what
            collapsed.
    """

    evidence: evidence_of.Evidence
    frames: dict
    differences: dict
    secondary: dict
    plain: dict
    sentences: list

    @functools.cached_property
    def figures(self):
        """Dict from a short name to a pair of bytes: PNG and SVG."""
        return _draw(self)


# ------------------------------------------------------------------- Building
def build(evidence):
    """Computes all tables.

    Args:
        evidence: `Evidence`.

    Returns:
        `Report`.
    """
    rows, baseline = evidence.rows, evidence.baseline
    primary = evidence.primary
    differences = {}
    for target, metric in primary.items():
        chosen = [row for row in rows if row.target == target]
        # Against another route they would be called differences to this one.
        if any(_is_compared(row, baseline, metric) for row in chosen):
            differences[target] = tables.difference_frame(
                rows,
                target,
                metric,
                baseline,
                languages=by_family({row.language for row in chosen}),
            )
    frames = _frames(evidence)
    counts = findings.negative_transfer(differences.values())
    plain = {}
    agreements = published.agreement(
        rows, evidence.description, baseline=baseline
    )
    if agreements:
        plain["published"] = _published_table(agreements)
    if any(
        row["label"] != baseline
        for frame in differences.values()
        for row in frame["rows"]
    ):
        # Without rows, its notes say why there are none.
        plain["typology"] = findings.typology_table(differences, baseline)
    return Report(
        evidence=evidence,
        frames=frames,
        differences=differences,
        secondary=_secondary(evidence),
        plain=plain,
        sentences=[
            findings.finding(frames["summary"], baseline),
            findings.negative_transfer_sentence(counts),
            *collapsed.sentences(evidence),
        ],
    )


def _is_compared(row, baseline, metric):
    """Whether a row is a zero-shot score of the baseline."""
    is_of = (row.route, row.metric) == (baseline, metric)
    return is_of and row.zero_shot


def _baseline_in(rows, baseline, metric):
    """The baseline, or None where it has no rows of the target."""
    of = {row.route for row in rows if row.metric == metric}
    return baseline if baseline in of else None


def _secondary(evidence):
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


def _frames(evidence):
    """Computes the tables: all targets, groups of languages, each target."""
    rows, baseline = evidence.rows, evidence.baseline
    primary = evidence.primary
    frames = {"summary": tables.summary_frame(rows, baseline, primary=primary)}
    for suite in suites.scored():
        if set(suite.names) <= set(primary):
            frames[suite.name] = _suite_frame(suite, evidence)
    shapes = {
        route: shape_of(route)
        for route in dict.fromkeys(row.route for row in rows)
    }
    if _has_curve(shapes.values()):
        frames["number_of_tasks"] = tables.number_of_tasks_frame(
            rows, primary=primary, shape=shapes.get
        )
    for name, kind, group_of in (
        ("families", "family", family_of),
        ("scripts", "script", script_of),
    ):
        groups = [
            group_of(language)
            for language in {row.language for row in rows if row.zero_shot}
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
    for target in dict.fromkeys(row.target for row in evidence.layers):
        frames[f"{target}_layers"] = tables.layer_frame(
            evidence.layers, target, evidence.task(target).metrics[0]
        )
    return frames


def _has_curve(shapes):
    """Whether routes tell more together than the summary tells of each."""
    several = [shape for shape in shapes if shape[0] > 1]
    return len(set(several)) < len(several) or max((*several, (0, 0)))[0] > 2


def _suite_frame(suite, evidence):
    """Computes the table of a suite's own scores."""
    rows = [
        row
        for row in evidence.rows
        if row.target in suite.names
        and row.language in suite.languages_of(row.target)
    ]
    return tables.suite_frame(
        suite,
        _suite_scores(suite, rows),
        evidence.baseline,
        notes=_suite_notes(suite, rows, evidence.description),
        collapsed={
            (row.route, row.seed, row.target) for row in rows if row.collapsed
        },
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
    limit = description.get("eval_limit")
    if limit is not None:
        notes.append(f"At most {limit} examples of each language")
    return notes


def _published_table(agreements):
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


# -------------------------------------------------------------------- Writing
def write(report, folder):
    """Writes report.md, the tables as CSV and LaTeX, the figures.

    What an earlier report left in the folder is replaced.

    Args:
        report: `Report`.
        folder: path.

    Returns:
        The path of report.md.

    Raises:
        InputError: If the folder holds something else; nothing is deleted.
    """
    folder = pathlib.Path(folder)
    _claim(folder)
    for name in ("tables", "figures"):
        files.remove(folder / name)
    for name, frame in _all_frames(report).items():
        _write_text(folder / "tables" / f"{name}.csv", rendering.to_csv(frame))
        _write_text(
            folder / "tables" / f"{name}.tex", rendering.to_latex(frame)
        )
    for name, table in report.plain.items():
        _write_text(
            folder / "tables" / f"{name}.csv", rendering.plain_to_csv(table)
        )
        _write_text(
            folder / "tables" / f"{name}.tex", rendering.plain_to_latex(table)
        )
    for name, (png, svg) in report.figures.items():
        _write_bytes(folder / "figures" / f"{name}.png", png)
        _write_bytes(folder / "figures" / f"{name}.svg", svg)
    _write_text(folder / REPORT_FILE, to_markdown(report))
    return folder / REPORT_FILE


def _claim(folder):
    """Marks a folder as a report's, or raises if it is something else's."""
    try:
        names = {
            path.name
            for path in folder.iterdir()
            if not path.name.endswith(files.PARTIAL)
        }
    except FileNotFoundError:
        names = set()
    except OSError as error:
        raise InputError(
            f"A report cannot be written to {str(folder)!r} ({error}). Name a "
            "folder, or one that can be made."
        ) from None
    if names and FRAMES_FILE not in names:
        raise InputError(
            f"{str(folder)!r} holds something else and no {FRAMES_FILE}: no "
            "report was written there. Name another folder, or an empty one."
        )
    try:
        # Of no results: until all is written, the report is of none.
        _keep(folder, {"digest": ""})
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"A report cannot be written to {str(folder)!r} ({error})."
        ) from None


def is_there(folder):
    """Whether a report lies in a folder."""
    return (pathlib.Path(folder) / REPORT_FILE).is_file()


def _all_frames(report):
    return (
        report.frames
        | report.secondary
        | {
            f"differences_{target}": frame
            for target, frame in report.differences.items()
        }
    )


def _write_text(path, text):
    with files.atomic_write(path) as file:
        file.write(text)


def _write_bytes(path, content):
    with files.atomic_write(path, "wb") as file:
        file.write(content)


def _draw(report):
    """Draws all figures that there is something to see in."""
    from stilts_keras.reporting import figures

    drawn = {}
    baseline = report.evidence.baseline
    summary = report.frames["summary"]
    if _has_differences(summary):
        title = f"Differences to {baseline} on each target"
        drawn["differences"] = figures.difference_map(
            {**summary, "title": title, "baseline": baseline}
        )
    for target, frame in report.differences.items():
        if _has_differences(frame):
            drawn[f"differences_{target}"] = figures.difference_map(
                {**frame, "baseline": baseline},
                groups={code: family_of(code) for code in frame["columns"]},
            )
    if "number_of_tasks" in report.frames:
        drawn["number_of_tasks"] = figures.number_of_tasks_curve(
            report.frames["number_of_tasks"]
        )
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


def _has_differences(frame):
    return any(
        cell["difference"] is not None
        for row in frame["rows"]
        for cell in row["cells"].values()
    )


# ------------------------------------------------------------------- Markdown
def to_markdown(report):
    """Writes report.md: the finding first, then what it rests on.

    Args:
        report: `Report`.

    Returns:
        A str. Figures are named by their place beside the file.
    """
    blocks = [
        "# What intermediate training did",
        *report.sentences,
        *_problems(report),
        *_section(
            report,
            "All targets",
            ["summary", *(suite.name for suite in suites.scored())],
            "differences",
        ),
        *_section(
            report,
            "Numbers of tasks",
            ["number_of_tasks"],
            "number_of_tasks",
        ),
        *_section(report, "Kinds of languages", ["families", "scripts"]),
        *_plain(report, "typology"),
        *_section(report, "Forgetting", ["forgetting"], "forgetting"),
    ]
    for target in report.evidence.primary:
        blocks += _section(
            report,
            target,
            [
                target,
                *(
                    name
                    for name in report.secondary
                    if name.startswith(f"{target}_")
                ),
                f"{target}_layers",
            ],
            f"differences_{target}",
        )
    blocks += _plain(report, "published")
    if "sampling" in report.figures:
        blocks += ["## Sampling", _figure("sampling")]
    blocks += ["## How it was made", provenance(report)]
    return "\n\n".join(block.rstrip() for block in blocks) + "\n"


def _section(report, title, names, figure=None):
    frames = report.frames | report.secondary
    there = [name for name in names if name in frames]
    if not there:
        return []
    blocks = [f"## {title}"]
    if figure in report.figures:
        blocks.append(_figure(figure))
    return blocks + [rendering.to_markdown(frames[name]) for name in there]


def _figure(name):
    return f"![{name}](figures/{name}.png)"


def _plain(report, name):
    if name not in report.plain:
        return []
    return [rendering.plain_to_markdown(report.plain[name])]


def _problems(report):
    problems = report.evidence.problems
    if not problems:
        return []
    lines = "\n".join(f"- {problem}" for problem in problems)
    return [f"## Missing or damaged\n\n{lines}"]


def provenance(report):
    """Says in Markdown where the results are from.

    Args:
        report: `Report`.
    """
    evidence = report.evidence
    run, description = evidence.run, evidence.description
    seeds = sorted({row.seed for row in evidence.rows})
    facts = {
        "Run folders": ", ".join(map(str, evidence.run_dirs)),
        "Routes": ", ".join(
            f"`{route}`"
            for route in dict.fromkeys(row.route for row in evidence.rows)
        ),
        "Compared with": f"`{evidence.baseline}`",
        "Seeds": ", ".join(map(str, seeds)),
        "Scores": f"{len(evidence.rows)}, of "
        f"{sum(row.n for row in evidence.rows)} predictions",
    }
    if description:
        backbone = description.get("backbone", {})
        facts["Backbone"] = (
            f"{backbone.get('name')} ({backbone.get('fingerprint')})"
        )
        facts["Data"] = description.get("data")
        facts["Settings"] = _settings(description)
    if run:
        versions = [
            f"{name} {version}"
            for name, version in run.get("versions", {}).items()
        ]
        facts["Made with"] = ", ".join(
            [run.get("backend", "an unknown backend"), *versions]
        )
    facts["Stages trained"] = len(evidence.trainings) or None
    return "\n".join(
        [
            *(
                f"- {name}: {fact}"
                for name, fact in facts.items()
                if fact is not None
            ),
            *_recipes(evidence.trainings),
            *_row_notes(evidence),
        ]
    )


def _row_notes(evidence):
    """Says of rows that were not learnt from, or evaluated though empty."""
    notes = [
        note
        for row, name in (
            *((row, "left_out") for row in evidence.trainings),
            *((row, "notes") for row in evidence.rows),
        )
        for note in getattr(row, name)
    ]
    return [f"- Rows: {note}" for note in dict.fromkeys(notes)]


def _recipes(trainings):
    """Lists the recipes that stages were trained by."""
    stages = {}
    for row in trainings:
        if row.recipe:
            recipe = ", ".join(
                f"{name} {value}"
                for name, value in row.recipe.items()
                if value is not None
            )
            name = row.path.rpartition("/")[2]
            stages.setdefault(recipe, {})[name] = None
    return [
        f"- Recipe of {', '.join(f'`{name}`' for name in names)}: {recipe}"
        for recipe, names in stages.items()
    ]


def _settings(description):
    known = {
        **description.get("settings", {}),
        "eval_limit": description.get("eval_limit"),
    }
    changed = [
        f"{name}={value}"
        for name, value in known.items()
        if value not in (None, [], 0.0) and name != "sampling"
    ]
    kind = known.get("sampling", {}).get("kind")
    return ", ".join([*changed, *([f"sampling={kind}"] if kind else [])])


# --------------------------------------------------------------- Kept on disk
def keep(report, folder, digest):
    """Notes the tables, so that they can be shown again without computing.

    Args:
        report: `Report`.
        folder: path.
        digest: str. Of all that the report was computed from.
    """
    _keep(
        folder,
        {
            "digest": digest,
            "sentences": report.sentences,
            "frames": report.frames,
            "problems": report.evidence.problems,
        },
    )


def _keep(folder, facts):
    files.write_json(
        pathlib.Path(folder) / FRAMES_FILE,
        files.sealed({"version": VERSION, **facts}),
    )


def kept(folder, digest):
    """Reads what `keep` noted.

    Args:
        folder: path.
        digest: str.

    Returns:
        The dict; None if there is none of this digest and version.
    """
    try:
        found = files.read_sealed(pathlib.Path(folder) / FRAMES_FILE)
    except DamageError:
        return None
    is_current = (found["version"], found["digest"]) == (VERSION, digest)
    return found if is_current else None
