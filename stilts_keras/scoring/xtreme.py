"""Scores a submission to XTREME as XTREME's own evaluator does.

Predictions and labels lie in two folders of the same layout: one file per
task and language, `<task>/test-<language>.tsv`, or `.json` for questions.

- classification: a label per line
- tagging: a tag per line, an empty line after each sentence
- questions: `{id: answer}`; labels are SQuAD's JSON
- BUCC: `source_id TAB english_id`, a pair per line
- Tatoeba: per line the number, from 0, of the sentence found

Source: Hu et al., 2020, https://arxiv.org/abs/2003.11080, and evaluate.py of
https://github.com/google-research/xtreme.
"""

import json
import pathlib

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.scoring import chunks
from stilts_keras.scoring import metrics
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


def find_submissions(folder):
    """Finds submissions: a folder that is one, or all that lie below it.

    Args:
        folder: path.

    Returns:
        Dict from relative path (`""` for the folder itself) to path, sorted.

    Raises:
        InputError: If there is none.
    """
    folder = _checked_folder(folder)
    if _is_submission(folder):
        return {"": folder}
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_dir() and _is_submission(path)
    }
    if not found:
        raise InputError(
            f"Folder {str(folder)!r} holds no file of XTREME's layout, "
            f"<task>/test-<language>. Tasks: {', '.join(SUITES['xtreme'])}."
        )
    return found


def _is_submission(folder):
    return any(any(folder.glob(f"{name}/test-*")) for name in SUITES["xtreme"])


def read_labels(folder):
    """Reads all labels that a folder holds.

    Args:
        folder: path.

    Returns:
        Dict from task to dict from language to gold: a list of labels, a list
        of lists of tags, a dict from id to list of answers, a set of pairs.

    Raises:
        InputError: If there is nothing, or a file is damaged; it is named.
    """
    folder = _checked_folder(folder)
    labels = {}
    for name in SUITES["xtreme"]:
        task = TASKS[name]
        for language in task.languages:
            file = _file(folder, task, language)
            if file.is_file():
                gold = _READERS[task.problem](file, is_gold=True)
                _check_labels(task, gold, file)
                labels.setdefault(name, {})[language] = gold
    if not labels:
        raise InputError(
            f"Folder {str(folder)!r} holds no labels in XTREME's layout, "
            "<task>/test-<language>.tsv or .json."
        )
    return labels


def score_submission(predictions, labels, *, allow_missing=False):
    """Scores one submission.

    Args:
        predictions: path of its folder.
        labels: path of a folder, or what `read_labels` gives.
        allow_missing: bool. Leaves out languages that neither side has; then
            no score is comparable with published ones.

    Returns:
        Dict in the structure of XTREME's evaluator: `all_task` (if all nine
        tasks are there), the groups that are whole, and for each task its
        metrics by language, their means `avg_...` and `avg_metric`, all in
        percent. `absent` lists tasks that are not there, if any, and
        `absent_languages` what `allow_missing` left out of each.

    Raises:
        InputError: If a file or language is missing, a file is damaged, or
            its length is not that of the labels; it is named.
    """
    folder = _checked_folder(predictions)
    if not isinstance(labels, dict):
        labels = read_labels(labels)
    found, left_out = {}, {}
    for name in SUITES["xtreme"]:
        if not any(folder.glob(f"{name}/test-*")):
            continue
        if name not in labels:
            raise InputError(
                f"{str(folder / name)!r} has predictions, but the labels hold "
                f"none of task {name!r}. Add them, or take the folder away."
            )
        scores, missing = _score_task(
            folder, TASKS[name], labels[name], allow_missing
        )
        found[name] = scores
        if missing:
            left_out[name] = missing
    result = summarise(found)
    absent = [name for name in SUITES["xtreme"] if name not in found]
    if absent:
        result["absent"] = absent
    if left_out:
        result["absent_languages"] = left_out
    return result


def summarise(scores):
    """Averages over languages, tasks and groups as XTREME does.

    Args:
        scores: dict from task to dict from metric, by XTREME's name, to dict
            from language to percent.

    Returns:
        As `score_submission`, of the tasks that are there.
    """
    tasks = {}
    for name, by_metric in scores.items():
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


def _mean_of(tasks, names):
    return float(np.mean([tasks[name]["avg_metric"] for name in names]))


def _score_task(folder, task, labels, allow_missing):
    """Scores each language; returns scores by metric, and languages missing."""
    scores, missing = {}, []
    for language in task.languages:
        file = _file(folder, task, language)
        in_labels, is_there = language in labels, file.is_file()
        if not in_labels and not is_there and allow_missing:
            missing.append(language)
            continue
        if not in_labels or not is_there:
            where = "the labels" if not in_labels else str(file)
            raise InputError(
                f"Task {task.name!r} lacks language {language!r}: {where} "
                f"{'hold no such file' if not in_labels else 'is not there'}. "
                "XTREME's score needs all languages; --allow_missing leaves "
                "out those that neither folder has."
            )
        guess = _READERS[task.problem](file, is_gold=False)
        values = _SCORERS[task.problem](
            labels[language], guess, file, task, language
        )
        for metric, value in values.items():
            scores.setdefault(metric, {})[language] = value
    if not scores:
        raise InputError(
            f"Task {task.name!r} has no language in both folders. Expected "
            f"some of: {' '.join(task.languages)}."
        )
    return scores, missing


# ------------------------------------------------------------------- Reading
def _checked_folder(folder):
    folder = pathlib.Path(folder).expanduser()
    if not folder.is_dir():
        raise InputError(f"Folder {str(folder)!r} does not exist.")
    return folder


def _file(folder, task, language):
    ending = "json" if task.problem == "span_extraction" else "tsv"
    return folder / task.name / f"test-{language}.{ending}"


def _read_text(file):
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"File {str(file)!r} is not UTF-8 ({error.reason} at byte "
            f"{error.start}). Convert it."
        ) from error


def _read_lines(file, is_gold=False):
    """Reads a label per line."""
    return [line.strip() for line in _read_text(file).splitlines()]


def _read_tags(file, is_gold=False):
    """Reads sentences of tags, parted by empty lines."""
    sentences, tags = [], []
    for line in [*_read_lines(file), ""]:
        if line:
            tags.append(line)
        elif tags:
            sentences.append(tags)
            tags = []
    return sentences


def _read_pairs(file, is_gold=False):
    """Reads the set of pairs of ids."""
    pairs = set()
    for number, line in enumerate(_read_lines(file), start=1):
        fields = line.split("\t")
        if len(fields) != 2:
            raise InputError(
                f"File {str(file)!r}, line {number}: expected two ids with a "
                f"tab between them. Received: {line[:80]!r}."
            )
        pairs.add(tuple(fields))
    return pairs


def _read_answers(file, is_gold=False):
    """Reads answers by question; of labels, the lists of gold answers."""
    try:
        value = json.loads(_read_text(file))
    except ValueError as error:
        raise InputError(f"File {str(file)!r} is not JSON: {error}.") from error
    if not is_gold:
        if isinstance(value, dict) and all(
            isinstance(answer, str) for answer in value.values()
        ):
            return value
        raise InputError(
            f"File {str(file)!r}: expected an object from each question's id "
            "to the text of its answer."
        )
    try:
        return {
            question["id"]: [answer["text"] for answer in question["answers"]]
            for article in value["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        }
    except (KeyError, TypeError) as error:
        raise InputError(
            f"File {str(file)!r}: expected SQuAD's JSON: data, paragraphs, "
            f"qas, id, answers, text. Received another structure ({error})."
        ) from error


_READERS = {
    "classification": _read_lines,
    "mining": _read_pairs,
    "retrieval": _read_lines,
    "span_extraction": _read_answers,
    "tagging": _read_tags,
}


def _check_labels(task, gold, file):
    """Raises where a label is none of the task's: a wrong file, or damaged."""
    if not gold:
        raise InputError(f"File {str(file)!r} is empty. Fetch it again.")
    if task.problem == "classification":
        unknown = [label for label in gold if label not in task.labels]
    elif task.problem == "tagging":
        unknown = [t for tags in gold for t in tags if t not in task.labels]
    elif task.problem == "retrieval":
        unknown = [line for line in gold if not line.isdecimal()]
    elif task.problem == "span_extraction":
        unknown = [name for name, answers in gold.items() if not answers]
    else:
        unknown = []
    if unknown:
        raise InputError(
            f"File {str(file)!r} has {len(unknown)} labels that task "
            f"{task.name!r} does not know, the first: {unknown[0]!r}. Expected "
            f"{', '.join(task.labels) or 'numbers, or questions with answers'}."
        )


# ------------------------------------------------------------------- Scoring
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
    return _ratios(len(guess & set(gold)), len(guess), len(gold))


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
