"""Predictions and labels in XTREME's submission layout.

One file for each task and language, `<task>/test-<language>`: a line per
example, a line per word and an empty one after each sentence, a JSON object
from question to answer, or a line per pair of sentences.

Source: https://github.com/google-research/xtreme, README and evaluate.py.
"""

import pathlib

from stilts_keras import files


def write_predictions(folder, problem, language, predictions, ids=None):
    """Writes one language's predictions.

    Args:
        folder: path. The task's folder.
        problem: str. One of `tasks.task.PROBLEMS`.
        language: str.
        predictions: list, as the problem gives them.
        ids: list of str or None. Of questions, all different, or of source
            sentences.
    """
    if problem == "span_extraction":
        answers = dict(zip(ids, predictions, strict=True))
        files.write_json(_file(folder, language, "json"), answers)
    else:
        _write_lines(folder, problem, language, predictions, ids)


def write_labels(folder, problem, language, gold, ids=None):
    """Writes one language's gold in the layout of `write_predictions`.

    For questions this is SQuAD's JSON, cut down to ids and answers.

    Args:
        folder: path. The task's folder.
        problem: str.
        language: str.
        gold: list, as the problem gives it.
        ids: list of str or None.
    """
    if problem == "span_extraction":
        questions = [
            {"id": name, "answers": [{"text": text} for text in answers]}
            for name, answers in zip(ids, gold, strict=True)
        ]
        files.write_json(
            _file(folder, language, "json"),
            {"data": [{"paragraphs": [{"qas": questions}]}]},
        )
    else:
        _write_lines(folder, problem, language, gold, ids)


def _write_lines(folder, problem, language, values, ids):
    if problem == "tagging":
        lines = [line for tags in values for line in (*tags, "")]
    elif problem == "mining":
        lines = [
            f"{source}\t{target}"
            for source, targets in zip(ids, values, strict=True)
            for target in targets
        ]
    else:
        lines = values
    with files.atomic_write(_file(folder, language, "tsv")) as file:
        file.writelines(f"{line}\n" for line in lines)


def _file(folder, language, ending):
    return pathlib.Path(folder) / f"test-{language}.{ending}"
