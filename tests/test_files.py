"""Files that appear whole or not at all, and are checked when read."""

import errno
import json
import os
import random

import numpy as np
import pytest

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import StageError
from stilts_keras.files import atomic_write
from stilts_keras.files import write_json
from stilts_keras.files import write_jsonl


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


def test_sealed_values_come_back_without_their_checksum(tmp_path):
    value = {"b": [1.5, None], "a": {"2": "中"}, "n": np.float32(0.1)}
    write_json(tmp_path / "x.json", files.sealed(value))
    found = files.read_sealed(tmp_path / "x.json")
    assert found == {**value, "n": float(np.float32(0.1))}


def test_keys_that_json_turns_into_text_keep_their_checksum(tmp_path):
    write_json(tmp_path / "x.json", files.sealed({10: "a", 9: "b"}))
    assert files.read_sealed(tmp_path / "x.json") == {"10": "a", "9": "b"}


def test_any_flipped_byte_of_content_is_found(tmp_path):
    path = tmp_path / "x.json"
    value = {"score": 61.25, "step": 120, "where": "mnli@de", "ok": True}
    write_json(path, files.sealed(value))
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            # White space between values means nothing.
            assert files.read_sealed(path) == value
            assert whole[place : place + 1].isspace()
        except DamageError as error:
            assert str(path) in str(error)


def make_folder(path):
    with files.write_folder(path, {"stage": "mnli"}) as partial:
        (partial / "assets").mkdir()
        (partial / "assets" / "vocabulary").write_bytes(b"v" * 100)
        (partial / "weights").write_bytes(b"w" * 1000)


def test_a_folder_comes_with_a_manifest_of_all_its_files(tmp_path):
    make_folder(tmp_path / "deep" / "stage")
    manifest = files.check_folder(tmp_path / "deep" / "stage")
    assert manifest["stage"] == "mnli"
    assert list(manifest["files"]) == ["assets/vocabulary", "weights"]
    assert manifest["files"]["weights"]["num_bytes"] == 1000
    assert os.listdir(tmp_path / "deep") == ["stage"]


@pytest.mark.parametrize(
    "name", ["weights", "assets/vocabulary", "manifest.json"]
)
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damage_to_any_file_of_a_folder_is_named(tmp_path, name, damage):
    make_folder(tmp_path / "stage")
    file = tmp_path / "stage" / name
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[random.Random(0).randrange(30, 60)] ^= 1
        file.write_bytes(content)
    elif damage == "cut":
        file.write_bytes(content[:-10])
    else:
        file.unlink()
    with pytest.raises(DamageError) as caught:
        files.check_folder(tmp_path / "stage")
    assert str(file) in str(caught.value)


def test_a_folder_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        with files.write_folder(tmp_path / "stage", {}) as partial:
            (partial / "weights").write_bytes(b"half")
            raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_of_two_writers_of_one_folder_the_first_stays(tmp_path):
    make_folder(tmp_path / "stage")
    with files.write_folder(tmp_path / "stage", {"stage": "other"}) as partial:
        (partial / "weights").write_bytes(b"other")
    assert files.check_folder(tmp_path / "stage")["stage"] == "mnli"
    assert os.listdir(tmp_path) == ["stage"]


def test_a_folder_without_a_manifest_does_not_keep_its_name(tmp_path):
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "weights").write_text("of whom?")
    make_folder(tmp_path / "stage")
    files.check_folder(tmp_path / "stage")
    assert os.listdir(tmp_path) == ["stage"]


def test_a_link_to_nothing_does_not_keep_its_name(tmp_path):
    (tmp_path / "stage").symlink_to(tmp_path / "gone")
    make_folder(tmp_path / "stage")
    files.check_folder(tmp_path / "stage")


def test_what_a_killed_writer_left_is_found_and_removed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".x.json.0123.partial").write_text("half")
    (tmp_path / ".stage.0123.partial").mkdir()
    (tmp_path / ".stage.0123.partial" / "weights").write_text("half")
    (tmp_path / "a" / "kept").write_text("whole")
    files.remove_leftovers(tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "kept"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "weights.h5"),
        OSError("Can't write data (errno = 28, No space left on device)"),
    ],
)
def test_a_full_disk_is_said_in_one_line(error):
    with pytest.raises(StageError, match="No space left on the disk.*again"):
        with files.refusals_said():
            raise error


def test_a_disk_that_refuses_is_said_in_one_line():
    error = PermissionError(errno.EACCES, "Permission denied", "store/ab")
    with pytest.raises(StageError, match="refuses.*store/ab.*again"):
        with files.refusals_said():
            raise error


def test_other_errors_are_not_taken_for_a_full_disk():
    with pytest.raises(FileNotFoundError), files.refusals_said():
        open("/nowhere/at/all")


def test_space_is_asked_for_and_given_back(tmp_path, monkeypatch):
    files.check_space(tmp_path, 10_000)
    assert os.listdir(tmp_path) == []

    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(StageError), files.refusals_said():
        files.check_space(tmp_path, 10_000)
    assert os.listdir(tmp_path) == []
