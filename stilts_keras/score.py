"""Scores the submissions below a folder and lays them side by side."""

import os

from stilts_keras import files
from stilts_keras.errors import unknown
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.reporting import tables
from stilts_keras.scoring import submission
from stilts_keras.scoring.suites import XTREME


def score(
    predictions,
    labels,
    *,
    suite=XTREME,
    output=None,
    baseline=None,
    allow_missing=False,
):
    """Scores one submission, or all that lie below a folder.

    Args:
        predictions: path.
        labels: path.
        suite: `Suite`.
        output: path or None. JSON file for the scores: the structure of
            XTREME's evaluator for one submission, one for each name for
            several.
        baseline: str or None. The route that others are compared to; None:
            `pretrained`, or the first.
        allow_missing: bool. Leaves out languages that neither side has.

    Returns:
        Frame of a row for each route.

    Raises:
        InputError: If a file is missing or damaged, or the baseline is none of
            the submissions.
    """
    gold = submission.read_labels(suite, labels)
    splits = submission.read_splits(suite, labels)
    folders = submission.find_submissions(suite, predictions, labels)
    runs = {name: _run_of(name, predictions) for name in folders}
    routes = list(dict.fromkeys(route for route, _ in runs.values()))
    if baseline and baseline not in routes:
        raise unknown("baseline", baseline, routes)
    if not baseline:
        baseline = PRETRAINED if PRETRAINED in routes else routes[0]
    found = {
        name: submission.score_submission(
            suite, folder, gold, allow_missing=allow_missing
        )
        for name, folder in folders.items()
    }
    for value in found.values():
        if splits:
            value["splits"] = splits
    if output:
        files.write_json(output, found.get("", found))
    scores = {runs[name]: value for name, value in found.items()}
    scores = dict(sorted(scores.items(), key=lambda x: x[0][0] != baseline))
    notes = [
        note
        for (route, _), value in scores.items()
        for note in _notes(value, route if len(scores) > 1 else None)
    ]
    notes += [f"{task}: on {split} rows" for task, split in splits.items()]
    return tables.suite_frame(suite, scores, baseline, notes=notes)


def _run_of(name, folder):
    """Splits the path of a run's submission: its route and its seed."""
    name = name or os.path.basename(os.path.abspath(folder))
    route, _, seed = name.rpartition("/seed-")
    if route and seed.isdecimal():
        return route, int(seed)
    return name, 0


def _notes(scores, name):
    where = f"{name}: " if name else ""
    if "absent" in scores:
        yield f"{where}not in the predictions: {', '.join(scores['absent'])}"
    for task, languages in scores.get("absent_languages", {}).items():
        yield f"{where}{task} without {' '.join(languages)}"
    for doubt in scores.get("doubts", ()):
        yield f"{where}{doubt}"
