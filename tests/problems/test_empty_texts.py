"""Evaluated rows may have empty texts; every problem packs and decodes them."""

import numpy as np
import pytest

from rows import GOOD
from rows import file_of
from rows import write_jsonl
from stilts_keras.data import sources
from stilts_keras.data.features import load_features
from stilts_keras.problems import problem_of
from stilts_keras.scoring.metrics import score
from stilts_keras.tasks import TASKS

LENGTH = 32
NUM_ROWS = 6
# Target, column, and what the row then asks.
EMPTY = [
    ("xnli", "de", "premise", ""),
    ("xnli", "de", "hypothesis", ""),
    ("pawsx", "de", "sentence2", "  "),
    ("panx", "de", "tokens", ["", "  "]),
    ("udpos", "de", "tokens", ["", ""]),
    ("udpos", "de", "tokens", ["a", ""]),
    ("xquad", "de", "question", ""),
    ("mlqa", "de", "question", "\n"),
    ("tydiqa", "en", "question", ""),
    ("tatoeba", "de", "source_sentence", ""),
    ("tatoeba", "de", "target_sentence", "\n"),
    ("bucc2018", "de", "sentence", ""),
]


def rows_of(name):
    if name in ("tatoeba", "bucc2018"):
        column = list(TASKS[name].columns)[name == "bucc2018"]
    else:
        column = None
    for number in range(NUM_ROWS):
        row = dict(GOOD[name])
        if "id" in row:
            row["id"] = f"english-{number}"
        if column:
            row[column] = f"Satz {number}."
        yield row


def write(folder, name, language, column, value):
    """Writes a target's rows, of which the fourth has an empty text."""
    task, rows = TASKS[name], list(rows_of(name))
    rows[3][column] = value
    if name != "bucc2018":
        return write_jsonl(folder, file_of(task, language, "test"), rows)
    parts = {
        "source": [{x: row[x] for x in ("id", "sentence")} for row in rows],
        "target": [
            {"id": f"en-{n}", "sentence": "" if n == 4 else f"Sentence {n}."}
            for n in range(NUM_ROWS)
        ],
        "gold": [{"source_id": rows[0]["id"], "target_id": "en-0"}],
    }
    for part, rows_there in parts.items():
        write_jsonl(folder, file_of(task, language, "test", part), rows_there)


@pytest.mark.parametrize(("name", "language", "column", "value"), EMPTY)
def test_a_row_with_an_empty_text_is_predicted(
    tmp_path, pocket_tokenizer, name, language, column, value
):
    write(tmp_path, name, language, column, value)
    task = TASKS[name]
    problem = problem_of(task)
    split = load_features(
        sources.open_data(str(tmp_path)),
        task,
        language,
        "test",
        pack=problem.pack,
        pack_key=problem.pack_key,
        tokenizer=pocket_tokenizer,
        max_length=LENGTH,
        count=None,
        is_evaluated=True,
    )
    columns = split.features[:]
    x, _ = problem.collate(columns, LENGTH, pocket_tokenizer)
    # No sequence without a token, which a mean could not be taken of.
    assert x[pocket_tokenizer.mask_input].any(axis=-1).all()
    random = np.random.default_rng(0)
    shape = {
        "classification": (len(task.labels),),
        "tagging": (LENGTH, len(task.labels)),
        "span_extraction": (LENGTH, 2),
    }.get(task.problem, (16,))
    logits = random.standard_normal((len(split.features), *shape))
    decoded = problem.decode(logits.astype("float32"), columns)
    threshold = None
    if problem.has_threshold:
        threshold = problem.threshold(decoded, split.features, split.examples)
    gold, predictions = problem.finish(
        decoded, split.features, split.examples, threshold
    )
    assert len(gold) == len(predictions) == NUM_ROWS
    assert all(
        np.isfinite(list(score(task.metrics, gold, predictions).values()))
    )
    if value != ["a", ""]:
        assert set(split.empty) >= {3}
