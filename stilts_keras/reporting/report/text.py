"""report.md: the finding first, then what it rests on."""

from stilts_keras.reporting import answers
from stilts_keras.reporting import rendering
from stilts_keras.reporting.report.frames import SOURCE_LANGUAGES
from stilts_keras.reporting.robustness import CHANGES
from stilts_keras.reporting.robustness import ROBUSTNESS
from stilts_keras.reporting.robustness import SCORES
from stilts_keras.reporting.robustness import score_tables
from stilts_keras.scoring import suites


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
        *_plain(report, answers.NAME),
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
        *_languages(report),
        *_robustness(report),
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


def _languages(report):
    """Shows studies of source languages: curves, then what they come to."""
    names = [
        name for name in report.frames if name.startswith(SOURCE_LANGUAGES)
    ]
    if not names:
        return []
    blocks = ["## Source languages"]
    for name in ("language_interaction", "language_gains"):
        if name in report.figures:
            blocks.append(_figure(name))
        blocks += _plain(report, name)
    for name in names:
        if name in report.figures:
            blocks.append(_figure(name))
        blocks.append(rendering.to_markdown(report.frames[name]))
    return blocks


def _robustness(report):
    """Shows disturbed scores: what routes change, then all of them."""
    blocks = _section(report, "Robustness", [ROBUSTNESS], ROBUSTNESS)
    if not blocks:
        return []
    blocks += _plain(report, CHANGES)
    for target in score_tables(report.plain):
        name = f"{ROBUSTNESS}_{target}"
        if name in report.figures:
            blocks.append(_figure(name))
        blocks += _plain(report, f"{SCORES}{target}")
    return blocks


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
