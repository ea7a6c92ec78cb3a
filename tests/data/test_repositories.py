"""Repositories that join configurations and name columns otherwise."""

import json

import datasets
import pytest

from stilts_keras.data import hub
from stilts_keras.data.rows import RowReader
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.tasks import TASKS

TREEBANKS = "universal-dependencies/universal_dependencies"
# A fused form, which has no tag, before the words that it is made of.
ROW = {
    "tokens": ["żebym", "że", "bym", "spał"],
    "upos": ["_", "SCONJ", "AUX", "VERB"],
}
OTHER = {"tokens": ["Śpi", "."], "upos": ["VERB", "PUNCT"]}


def write(folder, place, rows):
    file = folder / f"{place}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def read(task, rows, index):
    reader = RowReader(task, rows.features, where="x", is_evaluated=True)
    return reader.read(index, rows[index]).item


def test_treebanks_of_a_language_are_joined_and_words_tagged(tmp_path):
    task = TASKS["udpos"]
    write(tmp_path, f"{TREEBANKS}/pl_lfg/train", [ROW])
    write(tmp_path, f"{TREEBANKS}/pl_pdb/train", [OTHER, OTHER])
    data = open_data(tmp_path)
    assert data.languages(task, "train") == ("pl",)
    rows = data.load(task, "pl", "train")
    assert len(rows) == 3
    item = read(task, rows, 0)
    assert item.words == ("że", "bym", "spał")
    assert item.tags == ("SCONJ", "AUX", "VERB")
    assert read(task, rows, 2).words == ("Śpi", ".")


def test_a_treebank_that_is_missing_is_named(tmp_path):
    write(tmp_path, f"{TREEBANKS}/pl_lfg/test", [OTHER])
    write(tmp_path, f"{TREEBANKS}/pl_pdb/test", [OTHER])
    with pytest.raises(InputError, match="but not .*pl_pud/test"):
        open_data(tmp_path).languages(TASKS["udpos"], "test")


def test_a_sentence_of_fused_forms_alone_is_left_out_as_in_xtreme():
    row = {"tokens": ["a", "b"], "pos_tags": [None, None]}
    assert TASKS["udpos"].to_example(row) is None


def test_columns_are_read_by_the_repositorys_names(tmp_path):
    task = TASKS["tatoeba"]
    pair = {"sentence1": "Labas.", "sentence2": "Hello."}
    write(tmp_path, "mteb/tatoeba-bitext-mining/lit-eng/test", [pair])
    data = open_data(tmp_path)
    assert data.languages(task, "test") == ("lt",)
    item = read(task, data.load(task, "lt", "test"), 0)
    assert (item.source, item.target) == ("Labas.", "Hello.")


@pytest.fixture
def asked(monkeypatch):
    """What is asked of the Hub, which answers with a row of each."""
    found = []

    def load(repository, **how):
        found.append((repository, how))
        return datasets.Dataset.from_list([OTHER])

    monkeypatch.setattr(hub, "_hub_answers", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", load)
    return found


def test_the_hub_is_asked_for_each_treebank_and_for_no_other_source(asked):
    data, task = open_data("hub"), TASKS["udpos"]
    before = data.fingerprint(task, "pl", "test")
    rows = data.load(task, "pl", "test")
    assert rows["pos_tags"][:] == [OTHER["upos"]] * 3
    assert [how["data_dir"] for _, how in asked] == [
        "pl_lfg",
        "pl_pdb",
        "pl_pud",
    ]
    assert {name for name, _ in asked} == {TREEBANKS}
    assert data.fingerprint(task, "pl", "test") == before
    assert f"{TREEBANKS}/pl_lfg+pl_pdb+pl_pud/test" in before


@pytest.mark.parametrize(
    ("name", "language", "split", "repository"),
    [
        ("udpos", "de", "test", "google/xtreme"),
        ("udpos", "wo", "dev", TREEBANKS),
        ("panx", "de", "test", "google/xtreme"),
        ("panx", "gu", "train", "unimelb-nlp/wikiann"),
        ("tatoeba", "de", "test", "google/xtreme"),
        ("tatoeba", "uk", "test", "mteb/tatoeba-bitext-mining"),
        ("xquad", "ro", "test", "google/xquad"),
        ("xcopa", "qu", "test", "cambridgeltl/xcopa"),
    ],
)
def test_the_hub_is_asked_first_where_the_language_is(
    name, language, split, repository
):
    found = open_data("hub").fingerprint(TASKS[name], language, split)
    assert found.startswith(f"hub {repository}/")
