"""Writes predictions and gold as suites have their files, and a run's own."""

import pathlib

from stilts_keras import files
from stilts_keras.scoring.formats import BY_PREDICTION
from stilts_keras.scoring.formats.format import read_json
from stilts_keras.scoring.submission import SPLITS_FILE
from stilts_keras.scoring.submission import read_splits
from stilts_keras.scoring.suite import Layout

FOLDER = "submission"


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
        splits = {**read_splits(suite, folder), task: split}
        _write_splits(files.at_home(folder) / SPLITS_FILE, splits)


def _write_splits(file, splits):
    # Sorted: whoever writes, in whatever order, writes the same.
    files.write_json(file, dict(sorted(splits.items())))


def join_splits(source, run_dir):
    """Adds the splits that another folder's labels are of to a run's own.

    Args:
        source: path. Its files of splits are then those of both.
        run_dir: path.
    """
    for file in sorted(pathlib.Path(source, FOLDER).rglob(SPLITS_FILE)):
        own = pathlib.Path(run_dir) / file.relative_to(source)
        if own.is_file():
            _write_splits(file, read_json(own) | read_json(file))


def submissions_of(run_dir, suite):
    """Names the folders of a run's files: of predictions, and of labels.

    Args:
        run_dir: path.
        suite: `Suite`.

    Returns:
        Tuple of two paths.
    """
    folder = files.at_home(run_dir) / FOLDER
    return folder / suite.name, folder / suite.layout.labels


def folder_of(run_dir, suite_name, cell):
    """Names the folder of a run's submission: one for each route and seed."""
    folder = files.at_home(run_dir) / FOLDER / suite_name
    return folder / cell.route / f"seed-{cell.seed}"


def layout_for(task, language, suites):
    """Finds the layout that a task's predictions are written in.

    Args:
        task: `Task`.
        language: str.
        suites: iterable of `Suite`. The first that has files of both gives it.

    Returns:
        Tuple: the suite's name, or `others`; its `Layout`, or one like
        XTREME's; and the task's name in it.
    """
    for suite in suites:
        name = suite.name_of(task.name)
        if suite.has_files(name, language):
            return suite.name, suite.layout, name
    file_format = BY_PREDICTION[task.kind.predicts]()
    return "others", Layout(formats={task.name: file_format}), task.name


def keep(run_dir, suites, cell, language, evaluation):
    """Writes a cell's predictions and gold for each suite that has a layout.

    Args:
        run_dir: path.
        suites: iterable of `Suite`.
        cell: has `route`, `target` (a Task), `seed` and `split`.
        language: str. Not written for suites that have none such.
        evaluation: has `gold`, `predictions` and `ids`.
    """
    ids = evaluation.ids
    for suite in suites:
        target = suite.name_of(cell.target.name)
        if suite.has_files(target, language):
            mine = folder_of(run_dir, suite.name, cell)
            suite.layout.write(
                mine, target, language, evaluation.predictions, ids
            )
            _, labels = submissions_of(run_dir, suite)
            write_labels(
                suite,
                labels,
                target,
                language,
                evaluation.gold,
                ids,
                cell.split,
            )


def keep_unscored(run_dir, suites, cell, language, predicted):
    """Writes a cell's predictions alone, for no gold is known.

    Args:
        run_dir: path.
        suites: iterable of `Suite`.
        cell: as in `keep`.
        language: str.
        predicted: has `predictions` and `ids`.
    """
    suite_name, layout, name = layout_for(cell.target, language, suites)
    layout.write(
        folder_of(run_dir, suite_name, cell),
        name,
        language,
        predicted.predictions,
        predicted.ids,
    )
