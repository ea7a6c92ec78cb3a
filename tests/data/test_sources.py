"""Several sources, one kind of rows: the first that holds a split gives it."""

import pytest

from data_folders import NAMED
from data_folders import rows_in
from data_folders import write
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
