"""Scores a submission to XTREME as XTREME's own evaluator does.

Predictions and labels lie in two folders of the layout that
`scoring.xtreme_files` reads.

As there, a question without a prediction scores 0, predictions for unknown
questions are not looked at, an unknown label is merely wrong, and a group or
the whole has a score only where all of its tasks do.

Source: Hu et al., 2020, https://arxiv.org/abs/2003.11080, and evaluate.py of
https://github.com/google-research/xtreme.
"""

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.scoring import chunks
from stilts_keras.scoring import metrics
from stilts_keras.scoring import xtreme_files
from stilts_keras.scoring.doubts import doubts_of
from stilts_keras.tasks import SUITES
from stilts_keras.tasks import TASKS

GROUPS = {
    "classification": ("pawsx", "xnli"),
    "tagging": ("udpos", "panx"),
    "qa": ("xquad", "mlqa", "tydiqa"),
    "retrieval": ("bucc2018", "tatoeba"),
}
# The evaluator's names, where they are not ours.
REFERENCE_NAMES = {
    "chunk_f1": "f1",
    "entity_f1": "f1",
    "mlqa_exact_match": "exact_match",
    "mlqa_f1": "f1",
    "pair_f1": "f1",
}
# What a task's score is the mean of, by its problem.
SCORED = {
    "classification": ("accuracy",),
    "mining": ("f1",),
    "retrieval": ("accuracy",),
    "span_extraction": ("exact_match", "f1"),
    "tagging": ("f1",),
}


def reference_name(metric):
    """Returns XTREME's name of one of our metrics."""
    return REFERENCE_NAMES.get(metric, metric)


def score_submission(predictions, labels, *, allow_missing=False):
    """Scores one submission.

    Args:
        predictions: path of its folder.
        labels: path of a folder, or a dict like that of `read_labels`, in
            which pairs may be a list and Tatoeba's labels ints.
        allow_missing: bool. Leaves out languages that neither side has; then
            no score is comparable with published ones.

    Returns:
        Dict in the structure of XTREME's evaluator: `all_task` (if all nine
        tasks are there), the groups that are whole, and for each task its
        metrics by language, their means `avg_...` and `avg_metric`, all in
        percent. `absent` lists tasks that have no folder, if any,
        `absent_languages` what `allow_missing` left out of each; then
        `is_partial` is true. `doubts` lists what was scored, but looks like
        a mistake in the predictions.

    Raises:
        InputError: If there is no task at all, a file or language is missing,
            a file is damaged, or its length is not that of the labels; it is
            named.
    """
    folder = xtreme_files.checked_folder(predictions)
    if isinstance(labels, dict):
        xtreme_files.check_all_labels(labels)
    else:
        labels = xtreme_files.read_labels(labels)
    found, left_out = {}, {}
    doubts = [
        f"Folder {name!r} is none of XTREME's tasks and was not read"
        for name in xtreme_files.unread_folders(folder)
    ]
    for name in SUITES["xtreme"]:
        if not (folder / name).is_dir():
            continue
        if name not in labels:
            raise InputError(
                f"{str(folder / name)!r} has predictions, but the labels hold "
                f"none of task {name!r}. Add them, or take the folder away."
            )
        scores, missing = _score_task(
            folder, TASKS[name], labels[name], allow_missing, doubts
        )
        found[name] = scores
        if missing:
            left_out[name] = missing
    if not found:
        raise xtreme_files.no_submission(folder)
    result = summarise(found)
    absent = [name for name in SUITES["xtreme"] if name not in found]
    if absent:
        result["absent"] = absent
    if left_out:
        result["absent_languages"] = left_out
        result["is_partial"] = True
    if doubts:
        result["doubts"] = doubts
    return result


def summarise(scores):
    """Averages over languages, tasks and groups as XTREME does.

    Args:
        scores: dict from task to dict from metric, by XTREME's name, to dict
            from language to percent.

    Returns:
        As `score_submission`, of the tasks that are there.

    Raises:
        InputError: If a task is not of XTREME, or lacks what its score is the
            mean of.
    """
    tasks = {}
    for name, by_metric in scores.items():
        _check_metrics(name, by_metric)
        means = {
            f"avg_{metric}": float(np.mean(list(values.values())))
            for metric, values in by_metric.items()
        }
        parts = [
            means[f"avg_{metric}"] for metric in SCORED[TASKS[name].problem]
        ]
        tasks[name] = {
            **by_metric,
            **means,
            "avg_metric": float(np.mean(parts)),
        }
    result = {}
    if set(tasks) == set(SUITES["xtreme"]):
        result["all_task"] = _mean_of(tasks, tasks)
    for group, members in GROUPS.items():
        if set(members) <= set(tasks):
            result[group] = _mean_of(tasks, members)
    return result | tasks


def _check_metrics(name, by_metric):
    """Raises unless a task has the metrics that its score is the mean of."""
    if name not in SUITES["xtreme"]:
        raise unknown("task of XTREME", name, SUITES["xtreme"])
    needed = SCORED[TASKS[name].problem]
    if not all(by_metric.get(metric) for metric in needed):
        raise InputError(
            f"The score of task {name!r} needs values of {' and '.join(needed)}"
            f". Received values of: {', '.join(by_metric) or 'nothing'}."
        )


def _mean_of(tasks, names):
    return float(np.mean([tasks[name]["avg_metric"] for name in names]))


def _score_task(folder, task, labels, allow_missing, doubts):
    """Scores each language; returns scores by metric, and languages missing.

    What looks like a mistake is added to `doubts`.
    """
    files = {
        name: xtreme_files.file_of(folder, task, name)
        for name in task.languages
    }
    unlabelled = [name for name in files if name not in labels]
    unpredicted = [name for name in files if not files[name].is_file()]
    missing = []
    if allow_missing:
        missing = [name for name in unlabelled if name in unpredicted]
    for where, names in (
        (f"predictions in {str(folder / task.name)!r}", unpredicted),
        ("labels", unlabelled),
    ):
        lacking = [name for name in names if name not in missing]
        if lacking:
            raise InputError(
                f"Task {task.name!r} lacks {', '.join(lacking)} in the {where}."
                " XTREME's score needs all of the task's "
                f"{len(task.languages)} languages; --allow_missing leaves out "
                "what neither predictions nor labels have."
            )
    scores, guesses = {}, {}
    for language, file in files.items():
        if language in missing:
            continue
        guess = xtreme_files.READERS[task.problem](file, is_gold=False)
        guesses[language] = guess
        gold = labels[language]
        values = _SCORERS[task.problem](gold, guess, file, task, language)
        for metric, value in values.items():
            scores.setdefault(metric, {})[language] = value
    if not scores:
        raise InputError(
            f"Task {task.name!r} has no language on either side. Expected "
            f"some of: {' '.join(task.languages)}."
        )
    doubts += doubts_of(task, labels, guesses)
    return scores, missing


def _score_lines(gold, guess, file, task, language):
    gold = list(map(str, gold))
    if len(gold) != len(guess):
        raise InputError(
            f"File {str(file)!r} has {len(guess)} lines. Expected "
            f"{len(gold)}, one for each label."
        )
    return {"accuracy": metrics.accuracy(gold, guess)}


def _score_tags(gold, guess, file, task, language):
    if len(gold) != len(guess):
        raise InputError(
            f"File {str(file)!r} has {len(guess)} sentences, parted by empty "
            f"lines. Expected {len(gold)}."
        )
    line = 1
    for number, (truth, tags) in enumerate(
        zip(gold, guess, strict=True), start=1
    ):
        if len(truth) != len(tags):
            raise InputError(
                f"File {str(file)!r}, sentence {number} (from about line "
                f"{line}) has {len(tags)} tags. Expected {len(truth)}."
            )
        line += len(tags) + 1
    return _ratios(*chunks.chunk_counts(gold, guess).sum(axis=0))


def _score_pairs(gold, guess, file, task, language):
    gold = {tuple(pair) for pair in gold}
    return _ratios(len(guess & gold), len(guess), len(gold))


def _ratios(right, predicted, in_gold):
    """Computes F1, precision and recall in percent; 0 where nothing is."""
    return {
        "f1": chunks.f1_of_counts(int(right), int(predicted), int(in_gold)),
        "precision": 100.0 * float(right / predicted) if predicted else 0.0,
        "recall": 100.0 * float(right / in_gold) if in_gold else 0.0,
    }


def _score_answers(gold, guess, file, task, language):
    """A question without a prediction scores 0; others are not looked at."""
    answered = [name for name in gold if name in guess]
    scores = {}
    for metric in task.metrics:
        total = 0.0
        if answered:
            total = metrics.per_example(
                metric,
                [gold[name] for name in answered],
                [guess[name] for name in answered],
                language,
            ).sum()
        scores[reference_name(metric)] = float(total) / len(gold)
    return scores


_SCORERS = {
    "classification": _score_lines,
    "mining": _score_pairs,
    "retrieval": _score_lines,
    "span_extraction": _score_answers,
    "tagging": _score_tags,
}
