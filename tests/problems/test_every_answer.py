"""Every answer of every question file there comes back as it was given."""

import collections
import dataclasses
import unicodedata

import numpy as np
import pytest

from stilts_keras.problems import span_extraction
from stilts_keras.problems.span_extraction import SpanExtraction
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks.squad import squad_example

MAX_LENGTH = 384
NUM_ROWS = 50
PROBLEM = SpanExtraction(SQUAD)


def question_files(folder):
    """Finds all parquet files with SQuAD's columns."""
    import pyarrow.parquet as parquet

    return [
        file
        for file in sorted(folder.rglob("*.parquet"))
        if {"context", "question", "answers"}
        <= set(parquet.read_schema(file).names)
    ]


def right_spans(examples, tokenizer):
    """Packs, lets logits be right, decodes; yields (example, text or None).

    None where no window holds the whole answer.
    """
    columns = PROBLEM.pack(examples, tokenizer, MAX_LENGTH)
    found = dict.fromkeys(range(len(examples)))
    for index, start in enumerate(columns["answer_start"]):
        if not start:
            continue
        row = {
            name: values[index : index + 1] for name, values in columns.items()
        }
        _, y = PROBLEM.collate(row, MAX_LENGTH, tokenizer)
        eye = np.eye(MAX_LENGTH, dtype="float32")
        logits = np.stack([eye[y["start"]], eye[y["end"]]], axis=-1)
        ((_, first, last, _),) = PROBLEM.decode(logits, row)
        number = columns["example"][index]
        found[number] = examples[number].context[first:last]
    return [(examples[number], text) for number, text in found.items()]


def pieces_of(item, tokenizer):
    """Character spans of the pieces that touch the first answer."""
    text, begin = item.answers[0]
    _, starts, ends = tokenizer.encode_with_offsets(item.context)
    return [
        span
        for span in zip(starts, ends, strict=True)
        if span[0] < begin + len(text) and span[1] > begin
    ]


def without_edges(text):
    """Strips white space and what has no width: no piece holds them."""
    shown = [
        index
        for index, letter in enumerate(text)
        if not letter.isspace() and unicodedata.category(letter) != "Cf"
    ]
    return text[shown[0] : shown[-1] + 1]


def check_answers(examples, tokenizer):
    """Counts answers that come back whole, with more, and too long ones."""
    counts = collections.Counter()
    for item, found in right_spans(examples, tokenizer):
        answer = without_edges(item.answers[0][0])
        pieces = pieces_of(item, tokenizer)
        if found is None or len(pieces) > span_extraction.MAX_ANSWER_LENGTH:
            counts["too long"] += 1
        elif without_edges(found) == answer:
            counts["exact"] += 1
        else:
            # Only ever for a piece that holds more than the answer, and then
            # by no more than the rest of the first and last piece.
            assert answer in found, (item.id, answer, found)
            whole = item.context[pieces[0][0] : pieces[-1][1]]
            assert without_edges(found) == without_edges(whole), item.id
            counts["with the rest of a piece"] += 1
    return counts


def read_questions(file, limit):
    import pyarrow.parquet as parquet

    table = parquet.read_table(file, columns=["context", "question", "answers"])
    rows = table.slice(0, limit).to_pylist()
    return [
        squad_example({"id": f"{file}, row {number}", **row})
        for number, row in enumerate(rows)
        if row["answers"]["text"]
    ]


def check_files(material, tokenizer, limit):
    counts = collections.Counter()
    files = question_files(material / "data")
    assert len(files) > 100
    for file in files:
        counts += check_answers(read_questions(file, limit), tokenizer)
    total = counts.total()
    assert counts["exact"] > 0.8 * total, counts
    return counts


def test_first_answers_of_every_file_come_back(material, xlmr_tokenizer):
    check_files(material, xlmr_tokenizer, NUM_ROWS)


@pytest.mark.slow
def test_every_answer_of_every_file_comes_back(material, xlmr_tokenizer):
    print(check_files(material, xlmr_tokenizer, None))


def test_only_pieces_that_hold_more_than_the_answer_bring_more(xlmr_tokenizer):
    item = squad_example(
        {
            "id": "1",
            "question": "谁?",
            "context": "“鸟巢”位于北京。",
            "answers": {"text": ["鸟巢"], "answer_start": [1]},
        }
    )
    assert check_answers([item], xlmr_tokenizer) == {"exact": 1}
    inside = dataclasses.replace(item, answers=(("巢", 2),))
    counts = check_answers([inside], xlmr_tokenizer)
    assert counts in ({"exact": 1}, {"with the rest of a piece": 1})
