"""Builds the page of results, in docs/, from the real study's run folder.

    python -m benchmarks.results --run_dir=runs/small_real   # Keeps, and builds
    python -m benchmarks.results                             # Builds again

What the page says is kept beside it, in results/: the report's sentences and
tables, against the baseline and against each control, the run's settings, and
three figures. No figure is typed by hand. Prints one JSON line.
"""

import argparse
import dataclasses
import json
import pathlib

from stilts_keras import files
from stilts_keras.reporting import evidence as evidence_of
from stilts_keras.reporting import published
from stilts_keras.reporting import rendering
from stilts_keras.reporting.report import building
from stilts_keras.reporting.route_names import is_plain

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
FLAGFILE = "flags/studies/small_real.flags"
STUDY_FILE = "study.json"
# Of a run's settings, those that name places of one machine.
PLACES = ("run_dir", "data", "backbone", "stage_store", "stage_mirror")
# All targets, then those that the paper found to gain most.
FIGURES = ("differences", "differences_xquad", "differences_tatoeba")
BACKBONE = (
    "multilingual E5 small (12 layers of 384), trained to compare sentences, "
    "its weights rounded to 4 bits"
)


def keep(run_dirs, folder):
    """Writes what a page says of run folders, and the figures.

    Args:
        run_dirs: list of path. Parts of one study, such as its seeds.
        folder: path.
    """
    first = evidence_of.gather(run_dirs)
    report = building.build(first)
    others = [
        route
        for route in dict.fromkeys(row.route for row in first.rows)
        if not is_plain(route)
    ]
    compared = {first.baseline: _kept(report)}
    for route in others:
        found = dataclasses.replace(first, baseline=route)
        compared[route] = _kept(building.build(found))
    settings = first.run.get("settings", {})
    facts = {
        "settings": {k: v for k, v in settings.items() if k not in PLACES},
        "seeds": sorted({row.seed for row in first.rows}),
        "backend": first.run.get("backend"),
        "versions": first.run.get("versions", {}),
        "stages": len(first.trainings),
        "steps": sum(row.num_steps for row in first.trainings),
        "figures": [name for name in FIGURES if name in report.figures],
        "compared": compared,
        "problems": first.problems,
    }
    files.write_json(folder / STUDY_FILE, facts)
    for name in facts["figures"]:
        with files.atomic_write(folder / f"{name}.png", "wb") as file:
            file.write(report.figures[name][0])


def _kept(report):
    return {
        "sentences": report.sentences,
        "summary": report.frames["summary"],
        "metrics": report.evidence.primary,
    }


def page(facts, flagfile):
    """Writes the page.

    Args:
        facts: dict. What `keep` wrote.
        flagfile: str. The study's flagfile.

    Returns:
        Markdown.
    """
    baseline, *controls = facts["compared"]
    main = facts["compared"][baseline]
    seeds = ", ".join(map(str, facts["seeds"]))
    blocks = [
        "# Results",
        "Does training on an English intermediate task first help a small "
        "encoder in languages that it never saw the target task in? Real "
        f"weights and rows, {facts['stages']} stages of {facts['steps']:,} "
        f"steps in all, seeds {seeds}. `python -m benchmarks.results` builds "
        "this page from the run folder; no figure is typed.",
        "## The answer",
        _bullets(main["sentences"]),
        rendering.to_markdown(main["summary"]),
        *(f"![{name}](results/{name}.png)" for name in facts["figures"]),
        "## Against the controls",
        "A gain counts for little where more steps on the target, or an "
        "intermediate task whose labels say nothing, give as much.",
    ]
    for control in controls:
        found = facts["compared"][control]
        blocks += [
            f"### Differences to `{control}`",
            found["sentences"][0],
            rendering.to_markdown(found["summary"]),
        ]
    blocks += [
        "## Beside the paper",
        "What Phang et al. (2020) gained on XLM-R large, by the best of their "
        "tasks for each target as later work quotes it, beside the best of "
        "ours: signs are what can be compared.",
        _beside(main, baseline),
        "What differs: "
        f"the encoder is {BACKBONE}; sources and targets are subsets of a "
        "few hundred rows, and not whole data sets; one learning rate for all, "
        "without a choice by dev rows; the best of theirs is of nine tasks and "
        "their mixture.",
        "## The command",
        f"```sh\nstilts run --flagfile={FLAGFILE}\n```",
        "with `--backbone` and `--data`; the flagfile:",
        f"<!-- file: {FLAGFILE} -->\n```text\n{flagfile.rstrip()}\n```",
        "Made on " + facts["backend"] + " with " + _versions(facts) + ".",
    ]
    if facts["problems"]:
        blocks += ["## Missing or damaged", _bullets(facts["problems"])]
    return "\n\n".join(block.rstrip() for block in blocks) + "\n"


def _bullets(lines):
    return "\n".join(f"- {line}" for line in lines)


def _versions(facts):
    return ", ".join(f"{k} {v}" for k, v in facts["versions"].items())


def _beside(kept, baseline):
    """Sets published gains beside the best route of each target."""
    rows = [
        "| target | published | gain there | best here | gain here | signs |",
        "|---|---|---:|---|---:|---|",
    ]
    for target, metric in kept["metrics"].items():
        theirs = published_gain(target, metric)
        route, cell = best_of(kept["summary"], target, baseline)
        rows.append(_beside_row(target, theirs, route, cell))
    return "\n".join(rows)


def _beside_row(target, theirs, route, cell):
    ours = "-" if cell is None else f"{cell['difference']:+.1f}"
    if cell is not None and cell["is_significant"]:
        ours += "\N{DAGGER}"
    gain, place = ("-", "not quoted") if theirs is None else theirs
    if theirs is None or cell is None:
        signs = "-"
    else:
        signs = "same" if gain * cell["difference"] > 0 else "other"
    gain = gain if theirs is None else f"{gain:+.1f}"
    named = f"`{route}`" if route else "-"
    return f"| {target} | {place} | {gain} | {named} | {ours} | {signs} |"


def published_gain(target, metric):
    """Returns what the best task gained, and where that was read.

    Returns:
        Tuple of points and a source; None where no one source has both.
    """
    by_place = {}
    for found in published.PUBLISHED:
        score = found.scores.get(target, {}).get(metric)
        if score is not None:
            by_place.setdefault(found.provenance, {})[found.kind] = score
    for place, scores in by_place.items():
        if set(scores) == {published.PRETRAINED, published.BEST}:
            gain = scores[published.BEST] - scores[published.PRETRAINED]
            return gain, place
    return None


def best_of(frame, target, baseline):
    """Returns the route of most gain on a target, and its cell.

    Controls do not count, nor what trained the target's own task.
    """
    found = [
        (row["label"], row["cells"][target])
        for row in frame["rows"]
        if row["label"] != baseline
        and is_plain(row["label"])
        and _counts(row["cells"].get(target))
    ]
    return max(
        found, key=lambda pair: pair[1]["difference"], default=(None, None)
    )


def _counts(cell):
    return (
        cell is not None
        and cell.get("difference") is not None
        and not cell.get("own_task")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run_dir", action="append", default=[])
    options = parser.parse_args()
    folder = DOCS / "results"
    if options.run_dir:
        keep(options.run_dir, folder)
    facts = json.loads((folder / STUDY_FILE).read_text())
    text = page(facts, (ROOT / FLAGFILE).read_text())
    with files.atomic_write(DOCS / "results.md") as file:
        file.write(text)
    print(json.dumps({"benchmark": "results", "stages": facts["stages"]}))


if __name__ == "__main__":
    main()
