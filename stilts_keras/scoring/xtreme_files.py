"""Reads and checks files of XTREME's submission layout.

One file per task and language, `<task>/test-<language>.tsv`, or `.json` for
questions.

- classification: a label per line
- tagging: a tag per line, an empty line after each sentence
- questions: `{id: answer}`; labels are SQuAD's JSON
- BUCC: `source_id TAB english_id`, a pair per line
- Tatoeba: per line the number, from 0, of the sentence found

Labels, unlike predictions, must be the task's: others mean a wrong or damaged
file.

Source: https://github.com/google-research/xtreme.
"""

import collections
import io
import json

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.files import at_home
from stilts_keras.tasks import SUITES
from stilts_keras.tasks import TASKS

# Beside the labels: the split of those tasks that are not scored on test.
SPLITS_FILE = "splits.json"


def find_submissions(folder, labels=None):
    """Finds submissions: a folder that is one, or all that lie below it.

    Args:
        folder: path.
        labels: path or None. The folder of the labels, which is none itself.

    Returns:
        Dict from relative path (`""` for the folder itself) to path, sorted.

    Raises:
        InputError: If there is none.
    """
    folder = checked_folder(folder)
    if _is_submission(folder):
        return {"": folder}
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_dir()
        and _is_submission(path)
        and not (labels and path.samefile(labels))
    }
    if not found:
        raise no_submission(folder)
    return found


def no_submission(folder):
    """Returns the error for a folder without any file of the layout."""
    return InputError(
        f"Folder {str(folder)!r} holds no file of XTREME's layout, "
        f"<task>/test-<language>. Tasks: {', '.join(SUITES['xtreme'])}."
    )


def _is_submission(folder):
    return any(any(folder.glob(f"{name}/test-*")) for name in SUITES["xtreme"])


def read_splits(folder):
    """Reads which labels are not of the test split, where that is noted.

    Args:
        folder: path. Of the labels.

    Returns:
        Dict from task to split; empty where no `splits.json` lies there.

    Raises:
        InputError: If the file is damaged.
    """
    file = checked_folder(folder) / SPLITS_FILE
    if not file.is_file():
        return {}
    splits = _read_json(file)
    if not isinstance(splits, dict):
        raise InputError(
            f"File {str(file)!r}: expected an object from task to split."
        )
    return splits


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
    folder = checked_folder(folder)
    labels = {}
    for name in SUITES["xtreme"]:
        task = TASKS[name]
        for language in task.languages:
            file = file_of(folder, task, language)
            if file.is_file():
                gold = READERS[task.problem](file, is_gold=True)
                _check_labels(task, gold, f"File {str(file)!r}")
                labels.setdefault(name, {})[language] = gold
    if not labels:
        raise InputError(
            f"Folder {str(folder)!r} holds no labels in XTREME's layout, "
            "<task>/test-<language>.tsv or .json."
        )
    return labels


# ------------------------------------------------------------------- Reading
def checked_folder(folder):
    """Returns the folder as a path; raises InputError if it is none."""
    folder = at_home(folder)
    if not folder.is_dir():
        what = "is a file" if folder.is_file() else "does not exist"
        raise InputError(
            f"Folder {str(folder)!r} {what}. Expected one that holds "
            "<task>/test-<language>."
        )
    return folder


def file_of(folder, task, language):
    """Returns the path of one task's and language's file in a folder."""
    return folder / name_of(task, language)


def name_of(task, language):
    """Returns the name of one task's and language's file, with its folder."""
    ending = "json" if task.problem == "span_extraction" else "tsv"
    return f"{task.name}/test-{language}.{ending}"


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
    value = _read_json(file)
    if is_gold:
        return _gold_answers(file, value)
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        raise InputError(
            f"File {str(file)!r} holds labels, not predictions. Pass the "
            "folder of the predictions."
        )
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


def _read_json(file):
    text = _read_text(file)
    try:
        return json.loads(text)
    # The latter where brackets nest too deeply.
    except (ValueError, RecursionError) as error:
        raise InputError(f"File {str(file)!r} is not JSON: {error}.") from error


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


READERS = {
    "classification": _read_lines,
    "mining": _read_pairs,
    "retrieval": _read_lines,
    "span_extraction": _read_answers,
    "tagging": _read_tags,
}


# ------------------------------------------------------------------ Checking
def check_all_labels(labels):
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
        "retrieval": (is_number, "a number of a sentence, from 0"),
        "span_extraction": (_are_answers, "a list of answers, not empty"),
        "tagging": (known.__contains__, ", ".join(task.labels)),
    }[task.problem]
    wrong = [
        (place, label)
        for place, label in placed(task, gold)
        if not is_label(label)
    ]
    if wrong:
        place, label = wrong[0]
        place = repr(place) if isinstance(place, str) else f"line {place}"
        raise InputError(
            f"{where} has {len(wrong)} labels that task {task.name!r} does not "
            f"know, the first at {place}: {label!r}. Expected {expected}."
        )


def placed(task, gold):
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


def is_number(label):
    """Whether it is the number of a sentence."""
    return str(label).isdecimal()


def _are_answers(answers):
    return (
        isinstance(answers, list | tuple)
        and len(answers) > 0
        and all(isinstance(answer, str) for answer in answers)
    )


def unread_folders(folder):
    """Lists the folders beside those of XTREME's tasks; likely misspelt."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and path.name not in SUITES["xtreme"]
    )
