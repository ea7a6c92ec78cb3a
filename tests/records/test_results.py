"""results.jsonl: rows that replace each other, and a checksum for each."""

import dataclasses
import json
import os

import pytest

import fake_runs
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.files import sealed
from stilts_keras.records.results import FORMAT
from stilts_keras.records.results import RowFile
from stilts_keras.records.results import check_format
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Training


def append_results(path, rows):
    RowFile(path, Score).add(rows)


def read_results(path, damaged=None):
    return read_rows(path, Score, damaged)


def row(**changes):
    """A complete row of results."""
    return fake_runs.score(Score, **changes)


def test_rows_come_back_as_written(tmp_path):
    path = tmp_path / "results.jsonl"
    rows = [row(), row(language="zh", notes=("\u2028 中文",)), row(seed=2)]
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


def test_a_row_of_wrong_types_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "results.jsonl"
    broken = row(zero_shot=None)
    with pytest.raises(InputError, match="zero_shot must be bool"):
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
    with pytest.raises(InputError, match="line 2: lacks seed, language"):
        read_results(path)


def test_one_writer_adds_and_reads_what_it_added(tmp_path):
    file = RowFile(tmp_path / "results.jsonl", Score)
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
    file = RowFile(path, Score)
    with pytest.raises(DamageError, match="line 2"):
        file.rows()
    (error,) = file.drop_damaged()
    assert "line 2" in str(error)
    assert read_results(path) == file.rows() == [row(seed=0), row(seed=2)]


# ----------------------------------------------------------- What a row holds
def written(tmp_path, found):
    """A file of one line, of the fields given."""
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(sealed(found)) + "\n", "utf-8")
    return path


def fields(**changes):
    return dataclasses.asdict(row()) | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": True}, "seed must be int. Received: True"),
        ({"n": 10.0}, "n must be int"),
        ({"value": "61.5"}, "value must be float. Received: '61.5'"),
        ({"zero_shot": 1}, "zero_shot must be bool"),
        ({"low": "0"}, r"low must be float \| None"),
        ({"notes": "one"}, r"notes must be tuple"),
        ({"notes": [1]}, "notes must be str. Received: 1"),
        ({"in_benchmark": None}, "in_benchmark must be bool"),
    ],
)
def test_a_field_of_another_type_names_file_line_and_field(
    tmp_path, changes, said
):
    with pytest.raises(DamageError, match=f"results.jsonl, line 1: {said}"):
        read_results(written(tmp_path, fields(**changes)))


def test_what_a_row_does_not_name_is_left_out_and_defaults_may_lack(tmp_path):
    found = fields(told_by_another="x")
    del found["notes"], found["in_benchmark"]
    assert read_results(written(tmp_path, found)) == [row()]


@pytest.mark.parametrize(
    "made",
    [
        fake_runs.score(LayerScore, layer=3, pooling="mean"),
        fake_runs.lesson("mnli/squad", "mnli", 70.0, "mnli", constant="x"),
        fake_runs.training(
            "f",
            "a/b+c",
            parent="g",
            sources=("b", "c@de"),
            recipe={"learning_rate": 1e-5, "num_steps": None},
            constants={"b": None, "c@de": "neutral"},
            left_out=("a note",),
        ),
    ],
)
def test_every_kind_of_row_comes_back_as_written(tmp_path, made):
    path = tmp_path / "rows.jsonl"
    RowFile(path, type(made)).add([made])
    assert read_rows(path, type(made)) == [made]


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [
        (Score, "language, metric"),
        (ChainScore, "language, metric"),
        (Training, "stage, path"),
    ],
)
def test_a_row_of_another_kind_is_refused(tmp_path, kind, lacks):
    with pytest.raises(InputError, match=f"line 1: lacks {lacks}"):
        read_rows(written(tmp_path, {"seed": 1}), kind)


def test_a_source_that_lacks_a_field_is_refused(tmp_path):
    found = dataclasses.asdict(fake_runs.training("f", "mnli"))
    del found["sources"][0]["share"]
    with pytest.raises(InputError, match="line 1: sources: lacks share"):
        read_rows(written(tmp_path, found), Training)


def test_layers_stand_beside_each_other(tmp_path):
    file = RowFile(tmp_path / "layers.jsonl", LayerScore)
    made = [fake_runs.score(LayerScore, layer=at) for at in (0, 1)]
    file.add(made)
    assert file.rows() == made


def test_collapsed_is_what_predicts_a_constant():
    assert row(constant="neutral").collapsed and not row().collapsed


# --------------------------------------------------------------- Other versions
def test_results_of_the_last_version_are_refused_as_a_whole(tmp_path):
    found = fields(evaluation="f")
    del found["data_fingerprint"]
    path = written(tmp_path, found)
    with pytest.raises(InputError, match="earlier version.*Choose another"):
        read_results(path, damaged := [])
    assert damaged == []


@pytest.mark.parametrize("run", [{}, {"format": FORMAT + 1}])
def test_a_run_of_another_format_is_refused(run):
    with pytest.raises(InputError, match="run.json: written by an.* --run_dir"):
        check_format(run, "run.json")
    check_format({"format": FORMAT}, "run.json")
