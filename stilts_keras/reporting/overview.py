"""A report in TensorBoard: which dashboard shows what.

All lies below one folder, which is written anew with every report; the
scalars of the results stand beside it, in one run for each route.
"""

import pathlib

from stilts_keras import files
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.records.scalars import OUTSIDE
from stilts_keras.records.tensorboard import EventWriter
from stilts_keras.reporting import answers
from stilts_keras.reporting import boards
from stilts_keras.reporting import rendering
from stilts_keras.reporting import report as reports
from stilts_keras.reporting.own_task import MARK
from stilts_keras.reporting.robustness import CLEAN
from stilts_keras.reporting.robustness import ROBUSTNESS
from stilts_keras.reporting.robustness import score_tables
from stilts_keras.reporting.robustness import severity_lines
from stilts_keras.reporting.route_names import source_names
from stilts_keras.tasks.languages import families

FOLDER = "report"
# Columns of a map.
WIDE = 16
ALL_TARGETS = "zero-shot, all languages"
# Of a session: more of the same can be filtered out of a column of gains.
OWN_TASK = {True: f"{MARK} yes: no transfer", False: "no"}
# Languages in one chart.
CROWDED = 8


def show(report, folder):
    """Writes texts, images, sessions, layout, curves and embeddings.

    Args:
        report: `report.Report`.
        folder: path. TensorBoard's log folder.
    """
    root = pathlib.Path(folder) / FOLDER
    # TensorBoard adds up what it finds: an old report beside a new one would
    # show both.
    files.remove(root)
    # A TensorBoard that runs on shows the last step.
    step = len(report.evidence.rows)
    with EventWriter(root) as writer:
        for name, text in _texts(report).items():
            writer.text(name, text, step)
        for name, png in _images(report).items():
            writer.image(name, png, step)
    boards.write_layout(root, _layout(report))
    # Beside the curves of the training: TensorBoard ticks no run where there
    # are more than 40.
    boards.write_sessions(folder, _sessions(report), record_folder=root)
    if "number_of_tasks" in report.frames:
        _write_curves(report.frames["number_of_tasks"], root / "curves")
    _write_size_curves(_source_frames(report), root / "curves")
    _write_severity_curves(report.plain, root / "curves")
    shown = _embeddings(report)
    if shown:
        boards.write_projector(root / "projector", shown)


def is_there(folder):
    """Whether `show` wrote to a log folder."""
    return (pathlib.Path(folder) / FOLDER).is_dir()


def _texts(report):
    """Lists the texts of the Text tab by their tags."""
    texts = {"finding": "\n\n".join(report.sentences)}
    if answers.NAME in report.plain:
        table = rendering.plain_to_markdown(report.plain[answers.NAME])
        texts["finding"] += f"\n\n{table}"
    for name, frame in report.frames.items():
        texts[f"tables/{name}"] = rendering.to_markdown(frame)
    for name, table in report.plain.items():
        if name == answers.NAME:
            continue
        texts[f"tables/{name}"] = rendering.plain_to_markdown(table)
    texts["provenance"] = reports.provenance(report)
    if report.evidence.problems:
        texts["problems"] = "\n".join(
            f"- {problem}" for problem in report.evidence.problems
        )
    return texts


def _images(report):
    """Lists the figures by their tags, whose head is their group.

    Wide maps come in parts: TensorBoard shows pictures small.
    """
    images = {}
    for name, (png, _) in report.figures.items():
        kind, _, target = name.partition("_")
        if kind != "differences":
            images[name] = png
        elif len(report.differences.get(target, {}).get("columns", ())) > WIDE:
            images |= _parts(report, target)
        else:
            images[f"{kind}/{target or 'all_targets'}"] = png
    return images


def _parts(report, target):
    """Draws one target's languages in several maps, families together."""
    parts = [[]]
    columns = report.differences[target]["columns"]
    for languages in families(columns).values():
        if len(parts[-1]) + len(languages) > WIDE:
            parts.append([])
        parts[-1] += languages
    return {
        f"differences/{target}/{number}": reports.draw_differences(
            report, target, columns
        )
        for number, columns in enumerate(filter(None, parts), start=1)
    }


def _layout(report):
    """Groups the curves of the results: by target, many languages by family."""
    charts = {ALL_TARGETS: {}}
    strange = {
        (row.target, row.language)
        for row in report.evidence.rows
        if not row.in_benchmark
    }
    for target, metric in report.evidence.primary.items():
        tags = f"^zero_shot/{target}/{metric}/"
        charts[ALL_TARGETS][f"{target}: {metric}"] = [tags]
        languages = report.differences.get(target, {}).get("columns", ())
        languages = [
            code for code in languages if (target, code) not in strange
        ]
        if len(languages) > CROWDED:
            charts[f"{target}: {metric}, by family"] = {
                family: [f"{tags}({'|'.join(codes)})$"]
                for family, codes in families(languages).items()
            }
    if strange:
        targets = {target for target, _ in strange}
        charts["languages outside the benchmark"] = {
            f"{target}: {metric}": [f"^{OUTSIDE}/{target}/{metric}/"]
            for target, metric in report.evidence.primary.items()
            if target in targets
        }
    if report.evidence.lessons:
        charts["chains"] = {
            "dev scores along the chain": ["^chain/"],
            "forgotten points": ["^forgetting/"],
        }
    charts["training"] = {"losses": ["^loss/"], "dev scores": ["^dev/"]}
    if "number_of_tasks" in report.frames:
        charts["number of intermediate tasks"] = {
            "zero-shot scores": ["^number_of_tasks/"]
        }
    if _source_frames(report):
        charts["source languages, over the number of examples"] = {
            f"after {task}": [f"^source_size/{task}/"]
            for task in _source_frames(report)
        }
    if score_tables(report.plain):
        charts["robustness: retention over severity"] = {
            target: [f"^{ROBUSTNESS}/{target}/"]
            for target in score_tables(report.plain)
        }
    return charts


def _sessions(report):
    """Lists what ran, with its settings and its scores."""
    by_run, primary = {}, report.evidence.primary
    for row in report.evidence.rows:
        if primary.get(row.target) == row.metric:
            run = (row.route, row.target, row.seed)
            by_run.setdefault(run, []).append(row)
    trainings = {row.stage: row for row in report.evidence.trainings}
    sessions = []
    for (route, target, seed), rows in by_run.items():
        baseline = by_run.get((report.evidence.baseline, target, seed), [])
        sessions.append(
            {
                "name": f"{route}/{target}/seed-{seed}",
                "hparams": {
                    "route": route,
                    "target": target,
                    # As a number it would read 1.0000.
                    "seed": str(seed),
                    "own_task": OWN_TASK[rows[0].own_task],
                    **_settings(report, route, rows[0].stage, trainings),
                },
                "metrics": _session_metrics(rows, baseline),
            }
        )
    return sessions


def _settings(report, route, stage, trainings):
    """Lists what a session was made with, as far as that is known."""
    stages = source_names(route)
    run, description = report.evidence.run, report.evidence.description
    known = {
        "sources": ", ".join(
            dict.fromkeys(name for names in stages for name in names)
        )
        or "none",
        "num_stages": len(stages),
        "backbone": description.get("backbone", {}).get("name"),
        "backend": run.get("backend"),
        "sampling": description.get("settings", {})
        .get("sampling", {})
        .get("kind"),
        "num_steps": _num_steps(stage, trainings),
    }
    return {name: value for name, value in known.items() if value is not None}


def _num_steps(stage, trainings):
    """Adds up the steps of a chain; None where one is not known."""
    total = 0
    while stage not in (None, PRETRAINED):
        if stage not in trainings:
            return None
        total += trainings[stage].num_steps
        stage = trainings[stage].parent
    return total


def _session_metrics(rows, baseline):
    """Means of one route, target and seed, in the order of the columns."""
    ours = {row.language: row.value for row in rows if row.is_averaged}
    sound, theirs = (
        {
            row.language: row.value
            for row in side
            if row.is_averaged and not row.collapsed
        }
        for side in (rows, baseline)
    )
    english = [
        row.value for row in rows if row.language == "en" and row.in_benchmark
    ]
    metrics = {}
    if ours:
        metrics["mean/zero_shot"] = sum(ours.values()) / len(ours)
    if english:
        metrics["mean/english"] = english[0]
    if ours and english:
        metrics["mean/gap"] = english[0] - metrics["mean/zero_shot"]
    shared = [language for language in sound if language in theirs]
    if shared:
        gains = [sound[language] - theirs[language] for language in shared]
        metrics["mean/difference"] = sum(gains) / len(gains)
    # How many languages; a column of its own, to be sorted by.
    metrics["collapsed/languages"] = sum(row.collapsed for row in rows)
    return metrics


def _write_curves(frame, folder):
    """Shows scores over the number of intermediate tasks.

    One curve for chains of a stage for each task, one for mixtures of all in
    one stage.
    """
    for name, is_one in (
        ("one stage each", lambda tasks, stages: stages == tasks),
        ("all in one stage", lambda tasks, stages: stages <= 1),
    ):
        with EventWriter(folder / name) as writer:
            for row in frame["rows"]:
                for column, cell in row["cells"].items():
                    if is_one(*row["shape"]):
                        writer.scalar(
                            f"number_of_tasks/{column}",
                            cell["value"],
                            step=row["shape"][0],
                        )


def _source_frames(report):
    """Lists the frames of studies of source languages by their task."""
    head = f"{reports.SOURCE_LANGUAGES}_"
    return {
        name.removeprefix(head): frame
        for name, frame in report.frames.items()
        if name.startswith(head)
    }


def _write_size_curves(frames, folder):
    """Shows scores over the source's size, a run for each set of languages."""
    names = dict.fromkeys(
        row["languages"]
        for frame in frames.values()
        for row in frame["rows"]
        if "languages" in row
    )
    for name in names:
        with EventWriter(folder / f"from {name}") as writer:
            for task, frame in frames.items():
                for row in frame["rows"]:
                    if row.get("languages") == name:
                        for kind, cell in row["cells"].items():
                            writer.scalar(
                                f"source_size/{task}/{kind}",
                                cell["value"],
                                step=row["num_examples"],
                            )


def _write_severity_curves(plain, folder):
    """Shows retention over the severity, a run for each route."""
    curves = {}
    for target, table in score_tables(plain).items():
        for disturbance, routes in severity_lines(table).items():
            tag = f"{ROBUSTNESS}/{target}/{disturbance}"
            for route, points in routes.items():
                curves.setdefault(route, []).append((tag, points))
    for route, found in curves.items():
        with EventWriter(folder / ROBUSTNESS / route) as writer:
            for tag, points in found:
                writer.scalar(tag, CLEAN, step=0)
                for severity, retention, *_ in points:
                    writer.scalar(tag, retention, step=severity)


def _embeddings(report):
    """Lists each route's sentence embeddings, the baseline's first."""
    evidence = report.evidence
    by_route = {}
    for route, target, _, found in evidence.embeddings:
        by_route.setdefault((target, route), []).append(found)
    return [
        {
            "name": f"{target} after {route}",
            "vectors": [row for part in parts for row in part["vectors"]],
            "columns": {
                "text": [text for part in parts for text in part["texts"]],
                "language": [
                    code for part in parts for code in part["languages"]
                ],
                "pair": [
                    f"{part['languages'][0]} {number}"
                    for part in parts
                    for number in part["pairs"]
                ],
            },
        }
        for (target, route), parts in sorted(
            by_route.items(),
            key=lambda item: (item[0][0], item[0][1] != evidence.baseline),
        )
    ]
