"""Three sources, one kind of rows; never another split's or config's files."""

import dataclasses
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import datasets
import pyarrow
import pytest

from stilts_keras.data import sources
from stilts_keras.errors import InputError
from stilts_keras.tasks import HELLASWAG
from stilts_keras.tasks import MLM
from stilts_keras.tasks import MNLI
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD
from stilts_keras.tasks.task import Repository

ROOT = pathlib.Path(__file__).parents[2]
# Loads one task from the Hub and prints how that ends.
HUB_CODE = """
import sys, time
from stilts_keras.data import sources
from stilts_keras.errors import InputError
from stilts_keras.tasks import get_task
import datasets
sources.CONNECT_TIMEOUT_SECONDS = 2  # 10 otherwise: tests are to be quick
start = time.monotonic()
try:
    sources.open_data("hub").load(get_task(sys.argv[1]), "en", "train")
except InputError as error:
    print(time.monotonic() - start)
    print(error)
"""


def write(file, texts):
    """Writes rows of one column, in the format that the name asks for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = datasets.Dataset.from_dict({"text": texts})
    if file.suffix == ".parquet":
        rows.to_parquet(file)
    elif file.suffix == ".csv":
        rows.to_csv(file)
    elif file.suffix == ".txt":
        file.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    else:
        rows.to_json(file, force_ascii=False)


def task_of(config, **splits):
    return dataclasses.replace(
        MLM,
        repositories=(
            Repository(id="me/it", config=config, splits=splits or {**SPLITS}),
        ),
    )


SPLITS = {"train": "train", "dev": "validation"}
TEXTS = ["one", "zwei", "तीन"]
NAMED = task_of("{language}")
DEFAULT = task_of("default")


@pytest.mark.parametrize(
    ("task", "files"),
    [
        (NAMED, ["en/train.parquet"]),
        (NAMED, ["en/train.jsonl"]),
        (NAMED, ["en/train.json"]),
        (NAMED, ["en/train.csv"]),
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
        sources.FolderData(tmp_path).load(NAMED, "en", "train")


def test_a_numbered_file_without_rows_is_left_out(tmp_path):
    for index, texts in enumerate((["one"], [], ["two"])):
        name = f"me/it/en/train-{index:05}-of-00003.parquet"
        write(tmp_path / name, pyarrow.array(texts, "string"))
    data = sources.open_data(str(tmp_path))
    assert data.load(NAMED, "en", "train")["text"][:] == ["one", "two"]


@pytest.mark.parametrize(
    "file",
    [
        "en/train-extra.parquet",
        "en/train-extra-00000-of-00001.parquet",
        "en/train_extra.parquet",
        "en/training.parquet",
        "en/train.backup.parquet",
        "en/validation.parquet",
        "en/train.parquet.incomplete",
        "english/train.parquet",
        "train.parquet",
        "data/train.parquet",
        "default/train.parquet",
        "en/extra/train.parquet",
    ],
)
def test_files_of_other_splits_and_configs_are_left_alone(tmp_path, file):
    file = tmp_path / "me/it" / file
    write(file.with_name(file.name.removesuffix(".incomplete")), TEXTS)
    if file.suffix == ".incomplete":
        file.with_suffix("").rename(file)
    data = sources.open_data(str(tmp_path))
    assert data.languages(NAMED, "train") == ()
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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.jsonl", '{"text": "Caf\u00e9"}\n'.encode("latin-1")),
        ("train.csv", "text\nCaf\u00e9 au lait\n".encode("latin-1")),
        ("train.txt", "Caf\u00e9 au lait\n".encode("latin-1")),
        ("train.jsonl", b'{"text": "one"}\n{"text": \n'),
        ("train.jsonl", b""),
        ("train.csv", b""),
        ("train.parquet", b"PAR1 and then nothing"),
        ("train.parquet", b""),
    ],
)
def test_a_broken_file_is_named_in_one_line(tmp_path, name, content):
    file = tmp_path / "me/it/en" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    data = sources.open_data(str(tmp_path))
    with pytest.raises(InputError, match="cannot be read|no rows") as caught:
        data.load(NAMED, "en", "train")
    assert str(file) in str(caught.value)
    move = "UTF-8" if content else "Fetch"
    assert move in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == content


def test_a_broken_parquet_file_is_named_when_its_rows_are_counted(tmp_path):
    file = tmp_path / "me/it/en/train.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"PAR1 and then nothing")
    data = sources.open_data(str(tmp_path))
    with pytest.raises(InputError, match="cannot be read|no rows") as caught:
        data.num_rows(NAMED, "en", "train")
    assert str(file) in str(caught.value)


def test_a_missing_folder_is_refused_with_what_to_pass(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.*--data=hub") as caught:
        sources.open_data(str(tmp_path / "nowhere"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("task", "language", "split"),
    [
        (MNLI, "en", "train"),
        (XNLI, "hi", "test"),
        (HELLASWAG, "en", "dev"),
        (SQUAD, "en", "dev"),
        (XQUAD, "de", "test"),
        (UDPOS, "tr", "test"),
        (TATOEBA, "ru", "test"),
        (MLM, "es", "train"),
    ],
)
def test_the_pocket_counts_the_rows_that_it_generates(task, language, split):
    data = sources.open_data("pocket")
    assert language in data.languages(task, split)
    rows = data.load(task, language, split)
    assert data.num_rows(task, language, split) == len(rows) > 0
    assert data.fingerprint(task, language, split).startswith("pocket ")


def test_the_pocket_names_what_it_has_not():
    data = sources.open_data("pocket")
    assert "zh" not in data.languages(XNLI, "test")
    with pytest.raises(InputError, match=r"xnli.*zh.*--data"):
        data.load(XNLI, "zh", "test")


def test_the_materials_tasks_are_found(material):
    data = sources.open_data(str(material / "data"))
    for task, split in ((XNLI, "test"), (XQUAD, "test"), (UDPOS, "test")):
        held = data.languages(task, split)
        assert held
        assert set(held) <= set(task.languages)
        for language in held[:2]:
            count = data.num_rows(task, language, split)
            assert len(data.load(task, language, split)) == count


@pytest.fixture
def endpoint(request):
    """Address on this machine: of a server that is mute, or of none."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "mute":
            server.listen(64)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("endpoint", ["mute", "refusing"], indirect=True)
def test_a_hub_that_does_not_answer_is_reported_within_30_s(endpoint, tmp_path):
    assert sources.CONNECT_TIMEOUT_SECONDS <= 15
    # Two repositories: hellaswag may be tried under two revisions.
    check_hub(tmp_path, "hellaswag", HF_ENDPOINT=endpoint)


@pytest.mark.parametrize("value", ["1", "on"])
@pytest.mark.parametrize("endpoint", ["refusing"], indirect=True)
def test_an_offline_hub_is_reported_at_once(endpoint, tmp_path, value):
    seconds = check_hub(
        tmp_path, "mnli", HF_ENDPOINT=endpoint, HF_HUB_OFFLINE=value
    )
    assert seconds < 10


def check_hub(folder, task, **changes):
    """Loads from a Hub that is not there; returns the seconds that took."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("HF_")
    }
    environment |= {"HF_HOME": str(folder), **changes}
    start = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", HUB_CODE, task],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert time.monotonic() - start < 30
    seconds, *lines = run.stdout.splitlines()
    assert len(lines) == 1
    assert "--data=FOLDER" in lines[0] and "--data=pocket" in lines[0]
    assert task in lines[0]
    return float(seconds)


def test_the_next_repository_is_tried_when_one_is_not_cached(monkeypatch):
    tried = []

    def load(repository, language, split):
        tried.append(repository.revision)
        if repository.revision is None:
            raise ConnectionError("not cached")
        return "rows"

    monkeypatch.setattr(sources, "_hub_answers", bool)
    monkeypatch.setattr(sources, "_load_from_hub", load)
    data = sources.open_data("hub")
    before = data.fingerprint(HELLASWAG, "en", "dev")
    assert data.load(HELLASWAG, "en", "dev") == "rows"
    assert tried == [None, "refs/pr/7"]
    # Rows packed from one are never taken for rows of the other.
    assert before.endswith("@main")
    assert data.fingerprint(HELLASWAG, "en", "dev").endswith("@refs/pr/7")
    assert data.fingerprint(HELLASWAG, "en", "train").endswith("@main")


def test_reasons_of_all_repositories_are_given_in_one_line(monkeypatch):
    def load(repository, language, split):
        raise ValueError(f"no {repository.revision}\nand a second line")

    monkeypatch.setattr(sources, "_hub_answers", lambda: True)
    monkeypatch.setattr(sources, "_load_from_hub", load)
    with pytest.raises(InputError, match=r"no None.*no refs/pr/7") as caught:
        sources.open_data("hub").load(HELLASWAG, "en", "dev")
    assert "\n" not in str(caught.value)


# -------------------------------------- Several files, languages and sources
def rows_in(data, task, language="en", split="train"):
    return data.load(task, language, split)["text"][:]


def test_joined_splits_need_all_their_files(tmp_path):
    task = task_of("default", train="r1+r2")
    write(tmp_path / "me/it/r1.parquet", ["a", "b"])
    assert sources.FolderData(tmp_path).languages(task, "train") == ()
    with pytest.raises(InputError, match=r"r1\.parquet and .*r2\.parquet"):
        sources.FolderData(tmp_path).load(task, "en", "train")
    write(tmp_path / "me/it/r2.parquet", ["c"])
    data = sources.FolderData(tmp_path)
    assert rows_in(data, task) == ["a", "b", "c"]
    assert data.num_rows(task, "en", "train") == 3


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
    data = sources.FolderData(tmp_path)
    assert data.languages(MANY, "train") == ("en", "sw")
    assert rows_in(data, MANY) == ["a", "c"]
    assert rows_in(data, MANY, "sw") == ["b"]
    assert data.num_rows(MANY, "en", "train") == 2
    with pytest.raises(InputError, match="no rows for task 'mlm'"):
        data.load(MANY, "fi", "train")


def test_a_file_that_does_not_name_its_languages_is_refused(tmp_path):
    write(tmp_path / "me/it/train.parquet", ["a"])
    with pytest.raises(InputError, match="no column 'id'"):
        sources.FolderData(tmp_path).languages(MANY, "train")


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
    data = sources.FolderData(tmp_path)
    assert data.languages(POOLS, "train") == ()
    gold = datasets.Dataset.from_dict({"pair": ["c"]})
    (tmp_path / "me/it/de.gold").mkdir()
    gold.to_parquet(tmp_path / "me/it/de.gold/train.parquet")
    data = sources.FolderData(tmp_path)
    rows = data.load(POOLS, "de", "train")
    assert rows["part"][:] == ["source", "source", "gold"]
    assert rows["text"][:] == ["a", "b", None]
    assert rows["pair"][:] == [None, None, "c"]
    assert data.num_rows(POOLS, "de", "train") == 3


def test_a_change_in_any_part_changes_the_fingerprint(tmp_path):
    write(tmp_path / "me/it/de/train.parquet", ["a"])
    write(tmp_path / "me/it/de.gold/train.parquet", ["c"])
    data = sources.FolderData(tmp_path)
    before = data.fingerprint(POOLS, "de", "train")
    write(tmp_path / "me/it/de.gold/train.parquet", ["d"])
    assert data.fingerprint(POOLS, "de", "train") != before


def test_the_hub_names_the_folder_for_what_it_does_not_hold():
    with pytest.raises(InputError, match=r"not on the Hub.*me/it/de\.gold"):
        sources.HubData().load(POOLS, "de", "train")


def test_the_first_source_that_holds_a_split_gives_it(tmp_path):
    write(tmp_path / "one/me/it/en/train.parquet", ["a"])
    write(tmp_path / "two/me/it/en/train.parquet", ["b"])
    write(tmp_path / "two/me/it/de/train.parquet", ["c"])
    data = sources.open_data(f"{tmp_path / 'one'},{tmp_path / 'two'}")
    assert data.languages(NAMED, "train") == ("en", "de")
    assert rows_in(data, NAMED, "en") == ["a"]
    assert rows_in(data, NAMED, "de") == ["c"]
    assert data.num_rows(NAMED, "de", "train") == 1
    alone = sources.FolderData(tmp_path / "one")
    assert data.fingerprint(NAMED, "en", "train") == alone.fingerprint(
        NAMED, "en", "train"
    )
    with pytest.raises(InputError, match="has no rows"):
        data.load(NAMED, "fr", "train")


def test_a_folder_goes_before_the_hub(tmp_path):
    write(tmp_path / "nyu-mll/glue/mnli/train.parquet", ["a"])
    data = sources.open_data(f"{tmp_path},hub")
    assert data.num_rows(MNLI, "en", "train") == 1
    assert data.fingerprint(XNLI, "de", "test").startswith("hub ")
