"""A folder's rows; never another split's or configuration's files."""

import dataclasses
import os
import shutil

import datasets
import pyarrow
import pytest

from data_folders import DEFAULT
from data_folders import NAMED
from data_folders import SPLITS
from data_folders import TEXTS
from data_folders import rows_in
from data_folders import task_of
from data_folders import write
from stilts_keras.data import folder
from stilts_keras.data import sources
from stilts_keras.errors import InputError
from stilts_keras.tasks import MLM
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD
from stilts_keras.tasks.task import Repository


@pytest.mark.parametrize(
    ("task", "files"),
    [
        (NAMED, ["en/train.parquet"]),
        (NAMED, ["en/train.jsonl"]),
        (NAMED, ["en/train.json"]),
        (NAMED, ["en/train.csv"]),
        (NAMED, ["en/train.tsv"]),
        (NAMED, ["en/train.txt"]),
        (NAMED, ["en/train/part.parquet"]),
        (NAMED, ["en/train-00000-of-00001.parquet"]),
        (NAMED, ["en/train-00000-of-00001-0f2ae3b1.parquet"]),
        (DEFAULT, ["default/train.parquet"]),
        (DEFAULT, ["train.parquet"]),
        (DEFAULT, ["data/train-00000-of-00001.parquet"]),
        (DEFAULT, ["train/0000.parquet"]),
    ],
)
def test_every_documented_layout_is_read(tmp_path, task, files):
    for file in files:
        write(tmp_path / "me/it" / file, TEXTS)
    data = sources.open_data(str(tmp_path))
    assert data.languages(task, "train")[0] == "en"
    assert data.load(task, "en", "train")["text"][:] == TEXTS
    count = data.num_rows(task, "en", "train")
    assert count == (3 if files[0].endswith("parquet") else None)


def test_numbered_files_are_joined_in_order(tmp_path):
    for index, text in enumerate(TEXTS):
        name = f"me/it/en/train-{index:05}-of-00003.parquet"
        write(tmp_path / name, [text])
    data = sources.open_data(str(tmp_path))
    assert data.load(NAMED, "en", "train")["text"][:] == TEXTS
    assert data.num_rows(NAMED, "en", "train") == 3


def test_a_missing_numbered_file_is_noticed(tmp_path):
    for index in (0, 2):
        name = f"me/it/en/train-{index:05}-of-00003.parquet"
        write(tmp_path / name, ["a"])
    with pytest.raises(InputError, match="is one of 3, but 2 are there"):
        folder.FolderData(tmp_path).load(NAMED, "en", "train")


def test_a_numbered_file_without_rows_is_left_out(tmp_path):
    for index, texts in enumerate((["one"], [], ["two"])):
        name = f"me/it/en/train-{index:05}-of-00003.parquet"
        write(tmp_path / name, pyarrow.array(texts, "string"))
    data = sources.open_data(str(tmp_path))
    assert data.load(NAMED, "en", "train")["text"][:] == ["one", "two"]


@pytest.mark.parametrize(
    "file",
    [
        "en/validation.parquet",
        "de/train.parquet",
        "simple/train.parquet",
        "all_languages/train.parquet",
        "en.old/train.parquet",
    ],
)
def test_files_of_other_splits_and_configs_are_left_alone(tmp_path, file):
    write(tmp_path / "me/it" / file, TEXTS)
    data = sources.open_data(str(tmp_path))
    assert "en" not in data.languages(NAMED, "train")
    with pytest.raises(InputError, match=r"no rows for task 'mlm' \(en, train"):
        data.load(NAMED, "en", "train")


def test_each_config_and_split_gets_its_own_rows(tmp_path):
    places = [(c, s) for c in ("en", "de") for s in SPLITS.values()]
    for config, split in places:
        file = tmp_path / "me/it" / config / f"{split}.jsonl"
        write(file, [f"{config} {split}"])
    data = sources.open_data(str(tmp_path))
    assert data.languages(NAMED, "train") == ("en", "de")
    for language in ("en", "de"):
        for split, name in SPLITS.items():
            (text,) = data.load(NAMED, language, split)["text"]
            assert text == f"{language} {name}"


def test_an_own_folder_of_plain_text_serves_the_mlm_task(tmp_path):
    write(tmp_path / "extra/mlm_text/de/train.txt", TEXTS)
    data = sources.open_data(str(tmp_path))
    assert data.languages(MLM, "train") == ("de",)
    assert data.load(MLM, "de", "train")["text"][:] == TEXTS


def test_fingerprint_is_by_content_not_by_place_or_time(tmp_path):
    file = tmp_path / "first/me/it/en/train.jsonl"
    write(file, TEXTS)
    first = sources.open_data(str(tmp_path / "first"))
    before = first.fingerprint(NAMED, "en", "train")
    os.utime(file, (1, 1))
    assert first.fingerprint(NAMED, "en", "train") == before
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    second = sources.open_data(str(tmp_path / "second"))
    assert second.fingerprint(NAMED, "en", "train") == before
    write(file, ["one", "zwei", "drei"])
    assert first.fingerprint(NAMED, "en", "train") != before


def test_a_file_changed_in_place_is_read_again(tmp_path):
    file = tmp_path / "me/it/en/train.jsonl"
    write(file, TEXTS)
    stamp = file.stat()
    data = sources.open_data(str(tmp_path))
    assert data.load(NAMED, "en", "train")["text"][:] == TEXTS
    write(file, ["1", "2", "3"])
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    data = sources.open_data(str(tmp_path))
    assert data.load(NAMED, "en", "train")["text"][:] != TEXTS


def test_the_materials_tasks_are_found(material):
    data = sources.open_data(str(material / "data"))
    for task, split in ((XNLI, "test"), (XQUAD, "test"), (UDPOS, "test")):
        held = data.languages(task, split)
        assert held
        assert set(held) <= set(task.languages)
        for language in held[:2]:
            count = data.num_rows(task, language, split)
            assert len(data.load(task, language, split)) == count


def test_joined_splits_need_all_their_files(tmp_path):
    task = task_of("default", train="r1+r2")
    write(tmp_path / "me/it/r1.parquet", ["a", "b"])
    with pytest.raises(InputError, match=r"has me/it/default/r1, but not"):
        folder.FolderData(tmp_path).languages(task, "train")
    with pytest.raises(InputError, match=r"r1\.parquet and .*r2\.parquet"):
        folder.FolderData(tmp_path).load(task, "en", "train")
    write(tmp_path / "me/it/r2.parquet", ["c"])
    data = folder.FolderData(tmp_path)
    assert rows_in(data, task) == ["a", "b", "c"]
    assert data.num_rows(task, "en", "train") == 3


def test_joined_splits_of_two_formats_are_refused(tmp_path):
    task = task_of("default", train="r1+r2")
    write(tmp_path / "me/it/r1.parquet", ["a", "b"])
    write(tmp_path / "me/it/r2.jsonl", ["c"])
    with pytest.raises(InputError, match=r"r1\.parquet.*r2\.jsonl.*format"):
        folder.FolderData(tmp_path).load(task, "en", "train")


@pytest.mark.parametrize(
    ("task", "one", "other"),
    [
        (NAMED, "en/train.parquet", "en/train.csv"),
        (NAMED, "en/train.jsonl", "en/train.json"),
        (NAMED, "en/train.parquet", "en/train-00000-of-00001.parquet"),
        (NAMED, "en/train.parquet", "en/train/0000.parquet"),
        (DEFAULT, "default/train.csv", "train.csv"),
        (DEFAULT, "data/train.csv", "train.csv"),
    ],
)
def test_a_split_that_lies_there_twice_is_refused(tmp_path, task, one, other):
    for file in (one, other):
        write(tmp_path / "me/it" / file, TEXTS)
    with pytest.raises(InputError, match="twice") as caught:
        folder.FolderData(tmp_path).languages(task, "train")
    for file in (one, other):
        assert str(tmp_path / "me/it" / file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_hidden_files_are_no_parts(tmp_path):
    write(tmp_path / "me/it/en/train/0000.parquet", TEXTS)
    (tmp_path / "me/it/en/train/._0000.parquet").write_bytes(b"not parquet")
    assert rows_in(folder.FolderData(tmp_path), NAMED) == TEXTS


MANY = dataclasses.replace(
    MLM,
    repositories=(
        Repository(
            id="me/it",
            language_column="id",
            language_names={"en": "english", "sw": "swahili"},
            splits=SPLITS,
        ),
    ),
)


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_a_file_of_several_languages_gives_each_its_rows(tmp_path, ending):
    rows = datasets.Dataset.from_dict(
        {
            "id": ["english-1-2", "swahili-7", "english-3", "finnish-1"],
            "text": ["a", "b", "c", "d"],
        }
    )
    file = tmp_path / f"me/it/train.{ending}"
    file.parent.mkdir(parents=True)
    rows.to_parquet(file) if ending == "parquet" else rows.to_json(file)
    data = folder.FolderData(tmp_path)
    assert data.languages(MANY, "train") == ("en", "sw")
    assert rows_in(data, MANY) == ["a", "c"]
    assert rows_in(data, MANY, "sw") == ["b"]
    assert data.num_rows(MANY, "en", "train") == 2
    with pytest.raises(InputError, match="no rows for task 'mlm'"):
        data.load(MANY, "fi", "train")


def test_a_file_that_does_not_name_its_languages_is_refused(tmp_path):
    write(tmp_path / "me/it/train.parquet", ["a"])
    with pytest.raises(InputError, match="no column 'id'"):
        folder.FolderData(tmp_path).languages(MANY, "train")


POOLS = dataclasses.replace(
    MLM,
    repositories=(
        Repository(
            id="me/it",
            parts={"source": "{language}", "gold": "{language}.gold"},
            splits=SPLITS,
            on_hub=False,
        ),
    ),
)


def test_parts_are_stacked_and_named(tmp_path):
    write(tmp_path / "me/it/de/train.parquet", ["a", "b"])
    with pytest.raises(InputError, match=r"but not me/it/de\.gold/train"):
        folder.FolderData(tmp_path).languages(POOLS, "train")
    gold = datasets.Dataset.from_dict({"pair": ["c"]})
    (tmp_path / "me/it/de.gold").mkdir()
    gold.to_parquet(tmp_path / "me/it/de.gold/train.parquet")
    data = folder.FolderData(tmp_path)
    rows = data.load(POOLS, "de", "train")
    assert rows["part"][:] == ["source", "source", "gold"]
    assert rows["text"][:] == ["a", "b", None]
    assert rows["pair"][:] == [None, None, "c"]
    assert data.num_rows(POOLS, "de", "train") == 3


def test_a_change_in_any_part_changes_the_fingerprint(tmp_path):
    write(tmp_path / "me/it/de/train.parquet", ["a"])
    write(tmp_path / "me/it/de.gold/train.parquet", ["c"])
    data = folder.FolderData(tmp_path)
    before = data.fingerprint(POOLS, "de", "train")
    write(tmp_path / "me/it/de.gold/train.parquet", ["d"])
    assert data.fingerprint(POOLS, "de", "train") != before
