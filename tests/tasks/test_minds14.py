"""MInDS-14 has no official split: a row's wording decides, for ever."""

import dataclasses
import json

import pytest

from stilts_keras.data.sources import PocketData
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.tasks import MINDS14
from stilts_keras.tasks import MINDS14_TEXT

(REPOSITORY,) = MINDS14.repositories
SPLITS = MINDS14.splits


def test_where_a_wording_lies_is_fixed():
    """Another way of dividing would be another data set."""
    wordings = [
        "I would like to pay a bill",
        "my card is frozen",
        "welche Adresse haben Sie",
        "¿cuánto dinero tengo?",
        "привет",
        "我要汇款",
        "can I open a joint account",
        "how much is in my account",
    ]
    found = [REPOSITORY.split_of(wording) for wording in wordings]
    expected = "train train train train test train train train"
    assert " ".join(found) == expected


@pytest.mark.parametrize(
    "other",
    [
        "PAY My Caf\u00e9 Bill",
        "pay my caf\u00e9 bill.",
        "Pay, my  caf\u00e9 bill!\n",
        "pay my cafe\u0301 bill",
        "\uff50\uff41\uff59 my caf\u00e9 bill",
    ],
    ids=["case", "full stop", "punctuation", "NFD", "wide letters"],
)
def test_how_it_is_written_makes_no_other_wording(other):
    """Else the same words could be learnt and tested."""
    # One of two shares would not tell by chance.
    many = {f"{n}": 0.001 for n in range(1000)}
    fine = dataclasses.replace(REPOSITORY, split_shares=many)
    assert fine.split_of(other) == fine.split_of("pay my caf\u00e9 bill")


def test_other_words_are_another_wording():
    many = {f"{n}": 0.001 for n in range(1000)}
    fine = dataclasses.replace(REPOSITORY, split_shares=many)
    assert fine.split_of("pay my bill") != fine.split_of("pay my bills")


def test_shares_are_those_that_are_stated():
    found = [REPOSITORY.split_of(f"wording {n}") for n in range(20_000)]
    for split, share in {"train": 0.6, "dev": 0.1, "test": 0.3}.items():
        assert abs(found.count(split) / len(found) - share) < 0.01


@pytest.mark.parametrize("language", ["en", "de"])
def test_splits_part_the_rows_and_no_wording_is_in_two(language):
    data = PocketData()
    splits = [data.load(MINDS14, language, split) for split in SPLITS]
    paths = [path for rows in splits for path in rows["path"]]
    num_all = {"en": 280, "de": 140}[language]
    assert len(paths) == len(set(paths)) == num_all
    wordings = [set(rows["transcription"]) for rows in splits]
    assert not wordings[0] & wordings[1] | wordings[0] & wordings[2]
    assert not wordings[1] & wordings[2]
    assert all(len(rows) for rows in splits)
    prints = {data.fingerprint(MINDS14, language, split) for split in SPLITS}
    assert len(prints) == 3


def test_the_arm_that_is_read_has_the_same_rows():
    data = PocketData()
    for split in SPLITS:
        heard = data.load(MINDS14, "ru", split)
        read = data.load(MINDS14_TEXT, "ru", split)
        assert heard["path"][:] == read["path"][:]
        assert "audio" not in read.column_names


def write(folder, rows):
    file = folder / "PolyAI" / "minds14" / "de-DE" / "train.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return open_data(str(folder))


def test_a_folder_s_rows_are_divided_alike(tmp_path):
    rows = [
        {"transcription": f"Satz {n}", "intent_class": n % 14}
        for n in range(100)
    ]
    data = write(tmp_path, rows)
    found = {
        split: data.load(MINDS14_TEXT, "de", split)["transcription"][:]
        for split in SPLITS
    }
    assert sum(map(len, found.values())) == 100
    for split, wordings in found.items():
        assert {REPOSITORY.split_of(wording) for wording in wordings} == {split}
    before = data.fingerprint(MINDS14_TEXT, "de", "test")
    assert before != data.fingerprint(MINDS14_TEXT, "de", "train")
    changed = dataclasses.replace(
        REPOSITORY, split_shares={"train": 0.5, "dev": 0.2, "test": 0.3}
    )
    other = dataclasses.replace(MINDS14_TEXT, repositories=(changed,))
    again = open_data(str(tmp_path))
    assert before != again.fingerprint(other, "de", "test")


def test_parquet_tells_the_number_of_a_split_s_rows(tmp_path):
    rows = PocketData().load(MINDS14_TEXT, "de", "train")
    file = tmp_path / "PolyAI" / "minds14" / "de-DE" / "train.parquet"
    file.parent.mkdir(parents=True)
    rows.to_parquet(file)
    data = open_data(str(tmp_path))
    assert data.num_rows(MINDS14_TEXT, "de", "train") == len(rows)
    assert data.num_rows(MINDS14_TEXT, "de", "test") == 0


def test_a_row_without_a_wording_is_named(tmp_path):
    rows = [{"transcription": "Satz", "intent_class": 0}] * 3
    data = write(tmp_path, [*rows, {"transcription": None, "intent_class": 0}])
    with pytest.raises(InputError, match="Row 3 of task 'minds14_text'.*None"):
        data.load(MINDS14_TEXT, "de", "train")
