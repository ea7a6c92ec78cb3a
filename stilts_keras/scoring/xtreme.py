"""Scores a submission to XTREME as XTREME's own evaluator does.

Predictions and labels lie in two folders of the same layout: one file per
task and language, `<task>/test-<language>.tsv`, or `.json` for questions.

- classification: a label per line
- tagging: a tag per line, an empty line after each sentence
- questions: `{id: answer}`; labels are SQuAD's JSON
- BUCC: `source_id TAB english_id`, a pair per line
- Tatoeba: per line the number, from 0, of the sentence found

As there, a question without a prediction scores 0, predictions for unknown
questions are not looked at, an unknown label is merely wrong, and a group or
the whole has a score only where all of its tasks do. Labels, unlike
predictions, must be the task's: others mean a wrong or damaged file.

Source: Hu et al., 2020, https://arxiv.org/abs/2003.11080, and evaluate.py of
https://github.com/google-research/xtreme.
"""

import collections
import io
import json
import pathlib

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
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
        raise _no_submission(folder)
    return found


def _no_submission(folder):
    return InputError(
        f"Folder {str(folder)!r} holds no file of XTREME's layout, "
        f"<task>/test-<language>. Tasks: {', '.join(SUITES['xtreme'])}."
    )


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
                _check_labels(task, gold, f"File {str(file)!r}")
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
        `is_partial` is true.

    Raises:
        InputError: If there is no task at all, a file or language is missing,
            a file is damaged, or its length is not that of the labels; it is
            named.
    """
    folder = _checked_folder(predictions)
    if isinstance(labels, dict):
        _check_all_labels(labels)
    else:
        labels = read_labels(labels)
    found, left_out = {}, {}
    for name in SUITES["xtreme"]:
        if not (folder / name).is_dir():
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
    if not found:
        raise _no_submission(folder)
    result = summarise(found)
    absent = [name for name in SUITES["xtreme"] if name not in found]
    if absent:
        result["absent"] = absent
    if left_out:
        result["absent_languages"] = left_out
        result["is_partial"] = True
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


def _score_task(folder, task, labels, allow_missing):
    """Scores each language; returns scores by metric, and languages missing."""
    files = {name: _file(folder, task, name) for name in task.languages}
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
                " Expected a file test-<language> for each of: "
                f"{' '.join(task.languages)}. --allow_missing leaves out "
                "those that neither side has."
            )
    scores = {}
    for language, file in files.items():
        if language in missing:
            continue
        guess = _READERS[task.problem](file, is_gold=False)
        values = _SCORERS[task.problem](
            labels[language], guess, file, task, language
        )
        for metric, value in values.items():
            scores.setdefault(metric, {})[language] = value
    if not scores:
        raise InputError(
            f"Task {task.name!r} has no language on either side. Expected "
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
    # str.splitlines would also cut at marks of Unicode within a line.
    lines = io.StringIO(_read_text(file), newline=None)
    return [line.strip() for line in lines]


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
    # The latter where brackets nest too deeply.
    except (ValueError, RecursionError) as error:
        raise InputError(f"File {str(file)!r} is not JSON: {error}.") from error
    if is_gold:
        return _gold_answers(file, value)
    if not isinstance(value, dict):
        raise InputError(
            f"File {str(file)!r}: expected an object from each question's id "
            f"to the text of its answer. Received: {type(value).__name__}."
        )
    for name, answer in value.items():
        if not isinstance(answer, str):
            raise InputError(
                f"File {str(file)!r}, question {name!r}: expected the text of "
                f"the answer. Received: {str(answer)[:80]!r}."
            )
    return value


def _gold_answers(file, value):
    """Takes the lists of gold answers from SQuAD's JSON."""
    try:
        pairs = [
            (question["id"], [answer["text"] for answer in question["answers"]])
            for article in value["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        ]
        gold = dict(pairs)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"File {str(file)!r}: expected SQuAD's JSON: data, paragraphs, "
            f"qas, id, answers, text. Received another structure ({error})."
        ) from error
    if len(gold) < len(pairs):
        names = collections.Counter(name for name, _ in pairs)
        raise InputError(
            f"File {str(file)!r} has question {names.most_common(1)[0][0]!r} "
            "more than once. Expected each id once."
        )
    return gold


_READERS = {
    "classification": _read_lines,
    "mining": _read_pairs,
    "retrieval": _read_lines,
    "span_extraction": _read_answers,
    "tagging": _read_tags,
}


# ------------------------------------------------------------------ Checking
def _check_all_labels(labels):
    """Raises where labels that were never files are none of the task's."""
    for name, by_language in labels.items():
        if name not in SUITES["xtreme"]:
            raise unknown("task of XTREME", name, SUITES["xtreme"])
        for language, gold in by_language.items():
            where = f"Gold of task {name!r} in {language!r}"
            _check_labels(TASKS[name], gold, where)


def _check_labels(task, gold, where):
    """Raises where a label is none of the task's: a wrong file, or damaged."""
    if not len(gold):
        raise InputError(f"{where} is empty. Expected one label at least.")
    known = set(task.labels)
    is_label, expected = {
        "classification": (known.__contains__, ", ".join(task.labels)),
        "mining": (_is_pair, "two ids"),
        "retrieval": (_is_number, "a number of a sentence, from 0"),
        "span_extraction": (_are_answers, "a list of answers, not empty"),
        "tagging": (known.__contains__, ", ".join(task.labels)),
    }[task.problem]
    wrong = [
        (place, label)
        for place, label in _placed(task, gold)
        if not is_label(label)
    ]
    if wrong:
        place, label = wrong[0]
        place = repr(place) if isinstance(place, str) else f"line {place}"
        raise InputError(
            f"{where} has {len(wrong)} labels that task {task.name!r} does not "
            f"know, the first at {place}: {label!r}. Expected {expected}."
        )


def _placed(task, gold):
    """Yields each label with its line in the layout, or its question."""
    if task.problem == "span_extraction":
        yield from gold.items()
    elif task.problem == "tagging":
        line = 1
        for tags in gold:
            yield from enumerate(tags, start=line)
            # One empty line parts two sentences.
            line += len(tags) + 1
    else:
        yield from enumerate(gold, start=1)


def _is_pair(pair):
    return not isinstance(pair, str) and len(pair) == 2


def _is_number(label):
    return str(label).isdecimal()


def _are_answers(answers):
    return (
        isinstance(answers, list | tuple)
        and len(answers) > 0
        and all(isinstance(answer, str) for answer in answers)
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
