"""results.jsonl: rows that replace each other, and a checksum for each."""

import os

import pytest

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.files import sealed
from stilts_keras.records.results import Results
from stilts_keras.records.results import read_results


def append_results(path, rows):
    Results(path).add(rows)


def row(**changes):
    """A complete row of results."""
    made = {
        "route": "mnli",
        "seed": 1,
        "target": "xnli",
        "language": "de",
        "split": "test",
        "metric": "accuracy",
        "value": 61.5,
        "n": 100,
        "zero_shot": True,
        "stage": "abc",
    }
    return made | changes


def test_rows_come_back_as_written(tmp_path):
    path = tmp_path / "results.jsonl"
    rows = [row(), row(language="zh", extra="\u2028 中文"), row(seed=2)]
    append_results(path, rows[:2])
    append_results(path, rows[2:])
    assert read_results(path) == rows


def test_a_row_scored_again_replaces_the_old_one_in_its_place(tmp_path):
    path = tmp_path / "results.jsonl"
    append_results(path, [row(), row(language="zh")])
    append_results(path, [row(value=70.0)])
    assert read_results(path) == [
        row(value=70.0),
        row(language="zh"),
    ]


def test_a_row_that_differs_in_any_key_stands_beside_the_old_one(tmp_path):
    path = tmp_path / "results.jsonl"
    append_results(path, [row()])
    changes = [
        {"route": "x"},
        {"seed": 2},
        {"target": "x"},
        {"language": "x"},
        {"split": "dev"},
        {"metric": "x"},
        {"stage": "x"},
    ]
    append_results(path, [row(**change) for change in changes])
    assert len(read_results(path)) == 8


def test_results_that_are_not_there_yet_are_no_rows(tmp_path):
    assert read_results(tmp_path / "results.jsonl") == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b'{"route": "mn', "not the JSON written"),
        (b"\xff\xfe", "not the JSON written"),
        (b"[1]", "expected a JSON object"),
        (b'{"route": "mnli"}', "expected a JSON object with a checksum"),
    ],
)
def test_a_damaged_line_is_named_and_the_file_kept(tmp_path, damage, said):
    path = tmp_path / "results.jsonl"
    append_results(path, [row()])
    damaged = path.read_bytes() + damage + b"\n"
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=rf"results.jsonl, line 2.*{said}"):
        read_results(path)
    with pytest.raises(InputError, match="line 2"):
        append_results(path, [row(seed=3)])
    assert path.read_bytes() == damaged


def test_an_incomplete_row_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "results.jsonl"
    broken = row()
    del broken["zero_shot"]
    with pytest.raises(InputError, match="lacks zero_shot"):
        append_results(path, [row(), broken])
    assert os.listdir(tmp_path) == []


def test_a_score_that_is_not_a_number_is_refused(tmp_path):
    path = tmp_path / "results.jsonl"
    append_results(path, [row()])
    with pytest.raises(InputError, match="Cannot write"):
        append_results(path, [row(seed=2, value=float("nan"))])
    assert read_results(path) == [row()]
    assert os.listdir(tmp_path) == ["results.jsonl"]


def test_a_flipped_digit_is_found(tmp_path):
    path = tmp_path / "results.jsonl"
    append_results(path, [row(), row(seed=2, value=61.5)])
    text = path.read_text("utf-8")
    path.write_text(text[::-1].replace("5.16", "5.17", 1)[::-1], "utf-8")
    assert path.read_text("utf-8") != text
    with pytest.raises(DamageError, match="line 2.*does not match its check"):
        read_results(path)
    damaged = []
    assert read_results(path, damaged) == [row()]
    assert len(damaged) == 1


def test_a_whole_row_of_something_else_is_refused(tmp_path):
    path = tmp_path / "results.jsonl"
    append_results(path, [row()])
    with open(path, "a", encoding="utf-8") as file:
        file.write(str(sealed({"route": "mnli"})).replace("'", '"'))
    with pytest.raises(InputError, match="line 2: lacks seed, target"):
        read_results(path)


def test_one_writer_adds_and_reads_what_it_added(tmp_path):
    file = Results(tmp_path / "results.jsonl")
    assert file.rows() == []
    file.add([row(), row(seed=2)])
    file.add([row(value=1.0), row(seed=3)])
    expected = [row(value=1.0), row(seed=2), row(seed=3)]
    assert file.rows() == read_results(file.path) == expected


def test_damaged_lines_are_taken_out_and_told(tmp_path):
    path = tmp_path / "results.jsonl"
    append_results(path, [row(seed=seed) for seed in range(3)])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b"61.5", b"91.5") + lines[2])
    file = Results(path)
    with pytest.raises(DamageError, match="line 2"):
        file.rows()
    (error,) = file.drop_damaged()
    assert "line 2" in str(error)
    assert read_results(path) == file.rows() == [row(seed=0), row(seed=2)]
