"""Submissions to a suite: folders of predictions beside folders of labels.

Labels, unlike predictions, must be the task's: others mean a wrong or damaged
file.
"""

import pathlib

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.scoring.doubts import doubts_of
from stilts_keras.scoring.formats.format import read_json

# Beside the labels: the split of those tasks that are not scored on test.
SPLITS_FILE = "splits.json"


# -------------------------------------------------------------------- Finding
def find_submissions(suite, folder, labels=None):
    """Finds submissions: a folder that is one, or all that lie below it.

    Args:
        suite: `Suite`.
        folder: path.
        labels: path or None. The folder of the labels, which is none itself.

    Returns:
        Dict from relative path (`""` for the folder itself) to path, sorted.

    Raises:
        InputError: If there is none.
    """
    folder = _checked_folder(suite, folder)
    if _is_submission(suite, folder):
        return {"": folder}
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_dir()
        and _is_submission(suite, path)
        and not (labels and path.samefile(labels))
    }
    if not found:
        raise _no_submission(suite, folder)
    return found


def _no_submission(suite, folder):
    """Returns the error for a folder without any file of the layout."""
    return InputError(
        f"Folder {str(folder)!r} holds no file of {suite.title}'s layout, "
        f"{suite.layout.pattern}. Tasks: {', '.join(suite.layout.formats)}."
    )


def _is_submission(suite, folder):
    layout = suite.layout
    return any(layout.holds(folder, name) for name in layout.formats)


def _checked_folder(suite, folder):
    """Returns the folder as a path; raises InputError if it is none."""
    folder = files.at_home(folder)
    if not folder.is_dir():
        what = "is a file" if folder.is_file() else "does not exist"
        raise InputError(
            f"Folder {str(folder)!r} {what}. Expected one that holds "
            f"{suite.layout.pattern}."
        )
    return folder


def _unread_folders(suite, folder):
    """Lists the folders beside those of the tasks; likely misspelt."""
    layout = suite.layout
    known = {
        pathlib.PurePath(layout.name_of(name, language)).parts[0]
        for name in layout.formats
        for language in suite.languages_of(name)
    }
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and path.name not in known
    )


# --------------------------------------------------------------------- Labels
def read_splits(suite, folder):
    """Reads which labels are not of the test split, where that is noted.

    Args:
        suite: `Suite`.
        folder: path. Of the labels.

    Returns:
        Dict from task to split; empty where no `splits.json` lies there.

    Raises:
        InputError: If the file is damaged.
    """
    file = _checked_folder(suite, folder) / SPLITS_FILE
    if not file.is_file():
        return {}
    splits = read_json(file)
    if not isinstance(splits, dict):
        raise InputError(
            f"File {str(file)!r}: expected an object from task to split."
        )
    return splits


def read_labels(suite, folder):
    """Reads all labels of a suite that a folder holds.

    Args:
        suite: `Suite`.
        folder: path.

    Returns:
        Dict from task to dict from language to gold, as the task's format
        reads it: a list of labels, a list of lists of tags, a dict from id to
        list of answers, a set of pairs.

    Raises:
        InputError: If there is nothing, or a file is damaged; it is named.
    """
    folder = _checked_folder(suite, folder)
    labels = {}
    for name, file_format in suite.layout.formats.items():
        for language in suite.languages_of(name):
            file = suite.layout.file_of(folder, name, language)
            if file.is_file():
                gold = file_format.read_gold(file)
                _check_labels(suite, name, gold, f"File {str(file)!r}")
                labels.setdefault(name, {})[language] = gold
    if not labels:
        endings = dict.fromkeys(
            f".{found.ending}" for found in suite.layout.formats.values()
        )
        raise InputError(
            f"Folder {str(folder)!r} holds no labels in {suite.title}'s "
            f"layout, {suite.layout.pattern}{' or '.join(endings)}."
        )
    return labels


def _check_all_labels(suite, labels):
    """Raises where labels that were never files are none of the task's."""
    for name, by_language in labels.items():
        suite.task(name)
        for language, gold in by_language.items():
            where = f"Gold of task {name!r} in {language!r}"
            _check_labels(suite, name, gold, where)


def _check_labels(suite, name, gold, where):
    """Raises where a label is none of the task's: a wrong file, or damaged."""
    if not len(gold):
        raise InputError(f"{where} is empty. Expected one label at least.")
    task, file_format = suite.task(name), suite.layout.formats[name]
    wrong = [
        (place, label)
        for place, label in file_format.placed(gold)
        if not file_format.is_label(task, label)
    ]
    if wrong:
        place, label = wrong[0]
        place = repr(place) if isinstance(place, str) else f"line {place}"
        raise InputError(
            f"{where} has {len(wrong)} labels that task {name!r} does not "
            f"know, the first at {place}: {label!r}. Expected "
            f"{file_format.expected_of(task)}."
        )


# -------------------------------------------------------------------- Scoring
def score_submission(suite, predictions, labels, *, allow_missing=False):
    """Scores one submission.

    Args:
        suite: `Suite` with a layout and task scores.
        predictions: path of its folder.
        labels: path of a folder, or a dict like that of `read_labels`, in
            which pairs may be a list and numbers of rows ints.
        allow_missing: bool. Leaves out languages that neither side has; then
            no score is comparable with published ones.

    Returns:
        What `Suite.summarise` gives, of the tasks that are there. `absent`
        lists tasks that have no folder, if any, `absent_languages` what
        `allow_missing` left out of each; then `is_partial` is true. `doubts`
        lists what was scored, but looks like a mistake in the predictions.

    Raises:
        InputError: If there is no task at all, a file or language is missing,
            a file is damaged, or its length is not that of the labels; it is
            named.
    """
    folder = _checked_folder(suite, predictions)
    if isinstance(labels, dict):
        _check_all_labels(suite, labels)
    else:
        labels = read_labels(suite, labels)
    found, left_out = {}, {}
    doubts = [
        f"Folder {name!r} is none of {suite.title}'s tasks and was not read"
        for name in _unread_folders(suite, folder)
    ]
    for name in suite.layout.formats:
        if not _is_there(suite.layout, folder, name):
            continue
        if name not in labels:
            place = folder / (suite.layout.own_folder(name) or "")
            raise InputError(
                f"{str(place)!r} has predictions, but the labels hold none of "
                f"task {name!r}. Add them, or take the predictions away."
            )
        scores, missing = _score_task(
            suite, folder, name, labels[name], allow_missing, doubts
        )
        found[name] = scores
        if missing:
            left_out[name] = missing
    if not found:
        raise _no_submission(suite, folder)
    result = suite.summarise(found)
    absent = [name for name in suite.names if name not in found]
    if absent:
        result["absent"] = absent
    if left_out:
        result["absent_languages"] = left_out
        result["is_partial"] = True
    if doubts:
        result["doubts"] = doubts
    return result


def _is_there(layout, folder, name):
    """Whether a task takes part: by its folder, which may lack files."""
    own = layout.own_folder(name)
    if own is None:
        return layout.holds(folder, name)
    return (folder / own).is_dir()


def _score_task(suite, folder, name, labels, allow_missing, doubts):
    """Scores each language; returns scores by metric, and languages missing.

    What looks like a mistake is added to `doubts`.
    """
    task, file_format = suite.task(name), suite.layout.formats[name]
    here = {
        language: suite.layout.file_of(folder, name, language)
        for language in suite.languages_of(name)
    }
    missing = _missing(suite, name, here, labels, allow_missing)
    scores, guesses = {}, {}
    for language, file in here.items():
        if language in missing:
            continue
        guess = guesses[language] = file_format.read(file)
        values = file_format.score(
            task, labels[language], guess, file=file, language=language
        )
        for metric, value in values.items():
            of_metric = scores.setdefault(suite.reference_name(metric), {})
            of_metric[language] = value
    if not scores:
        raise InputError(
            f"Task {name!r} has no language on either side. Expected "
            f"some of: {' '.join(here)}."
        )
    doubts += doubts_of(suite.layout, task, labels, guesses)
    return scores, missing


def _missing(suite, name, here, labels, allow_missing):
    """Lists the languages to leave out; raises where one side has them.

    Args:
        suite: `Suite`.
        name: str. The task.
        here: dict from language to the path of its predictions.
        labels: dict by language.
        allow_missing: bool.
    """
    unlabelled = [language for language in here if language not in labels]
    unpredicted = [
        language for language, file in here.items() if not file.is_file()
    ]
    missing = []
    if allow_missing:
        missing = [code for code in unlabelled if code in unpredicted]
    folder = next(iter(here.values())).parent
    for where, languages in (
        (f"predictions in {str(folder)!r}", unpredicted),
        ("labels", unlabelled),
    ):
        lacking = [code for code in languages if code not in missing]
        if lacking:
            raise InputError(
                f"Task {name!r} lacks {', '.join(lacking)} in the {where}. "
                f"{suite.title}'s score needs all of the task's {len(here)} "
                "languages; --allow_missing leaves out what neither "
                "predictions nor labels have."
            )
    return missing
