"""results.jsonl and the files that appear whole or not at all."""

import json
import os

import numpy as np
import pytest

from stilts_keras.errors import InputError
from stilts_keras.reporting.results import append_results
from stilts_keras.reporting.results import atomic_write
from stilts_keras.reporting.results import read_results
from stilts_keras.reporting.results import write_json
from stilts_keras.reporting.results import write_jsonl


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
    append_results(path, [row(value=70.0, stage="new")])
    assert read_results(path) == [
        row(value=70.0, stage="new"),
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
    ]
    append_results(path, [row(**change) for change in changes])
    assert len(read_results(path)) == 7


def test_results_that_are_not_there_yet_are_no_rows(tmp_path):
    assert read_results(tmp_path / "results.jsonl") == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b'{"route": "mn', "not a row of results"),
        (b"\xff\xfe", "not a row of results"),
        (b"[1]", "expected a JSON object"),
        (b'{"route": "mnli"}', "lacks seed, target"),
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


def test_numpy_values_and_paths_are_written_as_plain_ones(tmp_path):
    value = {
        "a": np.float32(0.5),
        "b": np.arange(2),
        "c": np.bool_(True),
        "d": tmp_path,
    }
    write_json(tmp_path / "x.json", value)
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == {
        "a": 0.5,
        "b": [0, 1],
        "c": True,
        "d": str(tmp_path),
    }


def test_what_json_cannot_hold_is_named(tmp_path):
    with pytest.raises(InputError, match="object has no JSON form"):
        write_json(tmp_path / "x.json", {"a": object()})
    assert os.listdir(tmp_path) == []


def test_jsonl_is_one_line_per_row_and_makes_its_folder(tmp_path):
    path = tmp_path / "deep" / "er" / "rows.jsonl"
    write_jsonl(path, ({"i": i, "text": "a\nb"} for i in range(3)))
    lines = path.read_text("utf-8").splitlines()
    assert [json.loads(line)["i"] for line in lines] == [0, 1, 2]


def test_a_write_that_fails_keeps_the_old_file_and_leaves_nothing(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old", "utf-8")
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as file:
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_text("utf-8") == "old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_readers_see_the_old_file_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(b"old")
    with atomic_write(path, "wb") as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_writing_through_a_link_keeps_the_link(tmp_path):
    (tmp_path / "real.json").write_text("1", "utf-8")
    (tmp_path / "link.json").symlink_to("real.json")
    write_json(tmp_path / "link.json", 2)
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text("utf-8") == "2\n"
