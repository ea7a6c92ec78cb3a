"""Every format gives the Hub's columns; what is broken is named."""

import pytest

from data_folders import NAMED
from stilts_keras.data import sources
from stilts_keras.errors import InputError


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
