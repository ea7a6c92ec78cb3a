"""Writes predictions and gold as suites have their files, and a run's own."""

from stilts_keras import files
from stilts_keras.scoring.formats import BY_PREDICTION
from stilts_keras.scoring.submission import SPLITS_FILE
from stilts_keras.scoring.submission import read_splits
from stilts_keras.scoring.suite import Layout


def write_predictions(suite, folder, task, language, predictions, ids=None):
    """Writes one task's and language's predictions in a suite's layout.

    Args:
        suite: `Suite` whose layout has the task.
        folder: path. Of the submission.
        task: str.
        language: str.
        predictions: list, as the task's problem gives them.
        ids: list of str or None. Of questions, all different, or of source
            sentences.
    """
    file = suite.layout.file_of(folder, task, language)
    suite.layout.formats[task].write(file, predictions, ids)


def write_labels(suite, folder, task, language, gold, ids=None, split="test"):
    """Writes gold in the layout, and its split where that is not test.

    Args:
        suite: `Suite`.
        folder: path. Of the labels.
        task: str.
        language: str.
        gold: list, as the task's problem gives it.
        ids: list of str or None.
        split: str.
    """
    file = suite.layout.file_of(folder, task, language)
    suite.layout.formats[task].write_gold(file, gold, ids)
    if split != "test":
        splits = read_splits(suite, folder)
        files.write_json(
            files.at_home(folder) / SPLITS_FILE, {**splits, task: split}
        )


def submissions_of(run_dir, suite):
    """Names the folders of a run's files: of predictions, and of labels.

    Args:
        run_dir: path.
        suite: `Suite`.

    Returns:
        Tuple of two paths.
    """
    folder = files.at_home(run_dir) / "submission"
    return folder / suite.name, folder / suite.layout.labels


def layout_for(task, language, suites):
    """Finds the layout that a task's predictions are written in.

    Args:
        task: `Task`.
        language: str.
        suites: iterable of `Suite`. The first that has files of both gives it.

    Returns:
        Tuple: the suite's name, or `others`; and its `Layout`, or one like
        XTREME's.
    """
    for suite in suites:
        if suite.layout and task.name in suite.layout.formats:
            if language in suite.languages_of(task.name):
                return suite.name, suite.layout
    file_format = BY_PREDICTION[task.kind.predicts]()
    return "others", Layout(formats={task.name: file_format})


def keep(run_dir, suites, cell, language, evaluation):
    """Writes a cell's predictions and gold for each suite that has a layout.

    Args:
        run_dir: path.
        suites: iterable of `Suite`.
        cell: has `route`, `target` (a Task), `seed` and `split`.
        language: str. Not written for suites that have none such.
        evaluation: has `gold`, `predictions` and `ids`.
    """
    for suite in suites:
        target = cell.target.name
        layout = suite.layout
        if layout is None or target not in layout.formats:
            continue
        if language not in suite.languages_of(target):
            continue
        mine, labels = submissions_of(run_dir, suite)
        mine = mine / cell.route / f"seed-{cell.seed}"
        ids = evaluation.ids
        write_predictions(
            suite, mine, target, language, evaluation.predictions, ids
        )
        write_labels(
            suite, labels, target, language, evaluation.gold, ids, cell.split
        )
