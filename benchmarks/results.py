r"""Builds the page of results, in docs/, from the real study's run folder.

    python -m benchmarks.results --run_dir=runs/small_real \
        --ranking=runs/small_real/ranking.json   # Keeps, and builds
    python -m benchmarks.results                 # Builds again

What the page says is kept beside it, in results/: the report's sentences and
tables, against the baseline and against each control, the run's settings, what
`stilts rank` said of it, and three figures. No figure is typed by hand. Prints
one JSON line.
"""

import argparse
import dataclasses
import json
import pathlib
import textwrap

from benchmarks import results_page
from stilts_keras import files
from stilts_keras.reporting import answers
from stilts_keras.reporting import evidence as evidence_of
from stilts_keras.reporting.report import building
from stilts_keras.reporting.route_names import is_control
from stilts_keras.tasks import languages

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
STUDY_FILE = "study.json"
FRONT_PAGE = "README.md"  # The finding stands in it, below `MARK`.
MARK = "<!-- finding: python -m benchmarks.results -->"
# Of a run's settings, those that name places of one machine.
PLACES = ("run_dir", "data", "backbone", "stage_store", "stage_mirror")
# All targets, then those that the paper found to gain most.
FIGURES = ("differences", "differences_xquad", "differences_tatoeba")


def keep(run_dirs, folder, ranking=None):
    """Writes what a page says of run folders, and the figures.

    Args:
        run_dirs: list of path. Parts of one study, such as its seeds.
        folder: path.
        ranking: path or None. What `stilts rank --output` wrote of it.
    """
    first = evidence_of.gather(run_dirs)
    report = building.build(first)
    routes = dict.fromkeys(row.route for row in first.rows)
    against = {
        route: building.build(
            dataclasses.replace(first, baseline=route)
        ).frames["summary"]
        for route in filter(is_control, routes)
    }
    settings = first.run.get("settings", {})
    parents = {row.parent for row in first.trainings}
    facts = {
        "settings": {k: v for k, v in settings.items() if k not in PLACES},
        "seeds": sorted({row.seed for row in first.rows}),
        "backend": first.run.get("backend"),
        "versions": first.run.get("versions", {}),
        "stages": len(first.trainings),
        "steps": sum(row.num_steps for row in first.trainings),
        "targets": _targets(first),
        "before_targets": {
            row.path: row.num_steps
            for row in sorted(first.trainings, key=lambda row: row.path)
            if row.stage in parents and not is_control(row.path)
        },
        "figures": [name for name in FIGURES if name in report.figures],
        "baseline": first.baseline,
        "sentences": report.sentences,
        "answer": report.plain.get(answers.NAME),
        "summary": report.frames["summary"],
        "against": against,
        "ranking": ranking and json.loads(pathlib.Path(ranking).read_text()),
        "problems": first.problems,
    }
    files.write_json(folder / STUDY_FILE, facts)
    for name in facts["figures"]:
        with files.atomic_write(folder / f"{name}.png", "wb") as file:
            file.write(report.figures[name][0])


def _targets(evidence):
    """Maps targets to their metric, languages and the baseline's stage."""
    trainings = {row.stage: row for row in evidence.trainings}
    targets = {}
    for target, metric in evidence.primary.items():
        rows = [
            row
            for row in evidence.rows
            if (row.route, row.target, row.metric)
            == (evidence.baseline, target, metric)
        ]
        codes = {row.language for row in rows if row.zero_shot}
        stage = trainings.get(rows[0].stage) if rows else None
        targets[target] = {
            "metric": metric,
            "languages": languages.by_family(codes),
            "stage": stage and stage.path,
            "steps": stage and stage.num_steps,
        }
    return targets


def front_page(text, facts):
    """Puts the study's finding into the front page, below `MARK`.

    Args:
        text: str. README.md.
        facts: dict. What `keep` wrote.

    Returns:
        README.md, the paragraph below the mark replaced.

    Raises:
        ValueError: If the mark is not there.
    """
    if f"{MARK}\n" not in text:
        raise ValueError(f"{FRONT_PAGE} lacks the line {MARK!r}; put it back.")
    before, _, rest = text.partition(f"{MARK}\n")
    _, _, after = rest.partition("\n\n")
    finding = facts["sentences"][0]
    lines = textwrap.wrap(
        finding, 79, break_on_hyphens=False, break_long_words=False
    )
    quoted = "\n".join(f"> {line}" for line in lines)
    return f"{before}{MARK}\n{quoted}\n\n{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run_dir", action="append", default=[])
    parser.add_argument("--ranking")
    options = parser.parse_args()
    folder = DOCS / "results"
    if options.run_dir:
        keep(options.run_dir, folder, options.ranking)
    facts = json.loads((folder / STUDY_FILE).read_text())
    flagfile = (ROOT / results_page.FLAGFILE).read_text()
    made = {
        "docs/results.md": results_page.page(facts, flagfile),
        FRONT_PAGE: front_page((ROOT / FRONT_PAGE).read_text(), facts),
    }
    for name, text in made.items():
        with files.atomic_write(ROOT / name) as file:
            file.write(text)
    print(json.dumps({"benchmark": "results", "stages": facts["stages"]}))


if __name__ == "__main__":
    main()
