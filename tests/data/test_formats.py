"""Every format gives the Hub's columns; what is broken is named."""

import dataclasses
import hashlib
import json

import datasets
import pytest

from data_folders import NAMED
from stilts_keras.data import sources
from stilts_keras.errors import InputError
from stilts_keras.tasks import BUCC2018
from stilts_keras.tasks import CCG
from stilts_keras.tasks import PANX
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import TYDIQA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI

PAIRS = [
    {"premise": "Wie viele?", "hypothesis": "null", "label": "neutral"},
    {"premise": 'Er sagte: "Nein', "hypothesis": "NA", "label": "entailment"},
    {"premise": "007", "hypothesis": "nan", "label": "neutral"},
    {"premise": "True", "hypothesis": "1.50", "label": "contradiction"},
    {"premise": "eins\u2028zwei", "hypothesis": "a, b; c", "label": "neutral"},
]
SENTENCES = [
    {"tokens": ["Ein", "Hund"], "tags": ["DET", "NOUN"]},
    {"tokens": ["#", "null", "\u00a0"], "tags": ["SYM", "X", "PUNCT"]},
]
QUESTIONS = [
    {
        "id": "german-1",
        "title": "Ann",
        "context": "It was Ann.",
        "question": "Who?",
        "answers": {"text": ["Ann"], "answer_start": [7]},
    },
    {
        "id": "german-2",
        "title": "Ann",
        "context": "It was Ann.",
        "question": "Why?",
        "answers": {"text": [], "answer_start": []},
    },
]


def as_objects(answers):
    """Answers as a list of objects."""
    return [
        {"text": text, "answer_start": start}
        for text, start in zip(*answers.values(), strict=True)
    ]


def nested(rows):
    """Rows of one paragraph as SQuAD's nested JSON."""
    qas = [
        {
            "id": row["id"],
            "question": row["question"],
            "answers": as_objects(row["answers"]),
        }
        for row in rows
    ]
    paragraph = {"context": rows[0]["context"], "qas": qas}
    article = {"title": rows[0]["title"], "paragraphs": [paragraph]}
    return {"version": "1.1", "data": [article]}


def write(file, rows, form=""):
    """Writes rows in the format that the name asks for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if form == "objects":
        rows = [row | {"answers": as_objects(row["answers"])} for row in rows]
    if form == "nested":
        file.write_text(json.dumps(nested(rows), indent=1), "utf-8")
    elif form == "columns":
        text = "\n\n".join(
            "\n".join(map("\t".join, zip(*row.values(), strict=True)))
            for row in rows
        )
        file.write_text(f"{text}\n\n", "utf-8")
    elif form == "list":
        file.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    elif file.suffix == ".tsv":
        lines = [list(rows[0]), *(list(row.values()) for row in rows)]
        text = "".join("\t".join(line) + "\n" for line in lines)
        file.write_text(text, "utf-8")
    elif file.suffix == ".csv":
        datasets.Dataset.from_list(rows).to_csv(file)
    elif file.suffix == ".parquet":
        datasets.Dataset.from_list(rows).to_parquet(file)
    else:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        file.write_text("".join(f"{line}\n" for line in lines), "utf-8")


XNLI_DE = (XNLI, "test", "facebook/xnli/de/test", PAIRS)
UDPOS_DE = (
    UDPOS,
    "test",
    "google/xtreme/udpos.German/test",
    [{"tokens": r["tokens"], "pos_tags": r["tags"]} for r in SENTENCES],
)
CCG_EN = (CCG, "train", "extra/ccg/default/train", SENTENCES)
SQUAD_EN = (SQUAD, "train", "rajpurkar/squad/plain_text/train", QUESTIONS)
TATOEBA_DE = (
    TATOEBA,
    "test",
    "google/xtreme/tatoeba.deu/validation",
    [{"source_sentence": "null", "target_sentence": '"no'}],
)


@pytest.mark.parametrize(
    ("case", "ending", "form"),
    [
        *[
            (case, ending, form)
            for case in (XNLI_DE, TATOEBA_DE)
            for ending, form in [
                ("parquet", ""),
                ("jsonl", ""),
                ("json", ""),
                ("json", "list"),
                ("csv", ""),
                ("tsv", ""),
            ]
        ],
        *[
            (case, ending, form)
            for case in (UDPOS_DE, CCG_EN)
            for ending, form in [
                ("parquet", ""),
                ("jsonl", ""),
                ("json", "list"),
                ("tsv", "columns"),
                ("conll", "columns"),
            ]
        ],
        *[
            (SQUAD_EN, ending, form)
            for ending, form in [
                ("parquet", ""),
                ("parquet", "objects"),
                ("jsonl", ""),
                ("jsonl", "objects"),
                ("json", ""),
                ("json", "objects"),
                ("json", "list"),
                ("json", "nested"),
            ]
        ],
    ],
    ids=lambda value: value[0].name if isinstance(value, tuple) else value,
)
def test_every_format_gives_the_same_rows(tmp_path, case, ending, form):
    task, split, name, rows = case
    language = "en" if task.name in ("squad", "ccg") else "de"
    write(tmp_path / f"{name}.{ending}", rows, form)
    data = sources.open_data(str(tmp_path))
    assert data.languages(task, split) == (language,)
    read = data.load(task, language, split)
    assert read.to_list() == rows
    kept = [task.to_example(row) for row in read]
    assert kept == [task.to_example(row) for row in rows]


@pytest.mark.parametrize("form", ["nested", "objects"])
def test_questions_of_several_languages_are_told_apart(tmp_path, form):
    place = "google-research-datasets/tydiqa/secondary_task/train.json"
    names = ("arabic", "finnish", "arabic")
    rows = [
        row | {"id": f"{name}-{number}"}
        for number, (row, name) in enumerate(
            zip([*QUESTIONS, QUESTIONS[0]], names, strict=True)
        )
    ]
    write(tmp_path / place, rows, form)
    data = sources.open_data(str(tmp_path))
    assert data.languages(TYDIQA, "train") == ("ar", "fi")
    assert data.num_rows(TYDIQA, "ar", "train") == 2
    assert data.load(TYDIQA, "fi", "train").to_list() == [rows[1]]


def test_xtremes_own_files_of_panx_are_read(tmp_path):
    file = tmp_path / "google/xtreme/PAN-X.de/test.tsv"
    file.parent.mkdir(parents=True)
    file.write_text("de:In\tO\nde:Rom\tB-LOC\n\nde:1:0\tO\n\n", "utf-8")
    rows = sources.open_data(str(tmp_path)).load(PANX, "de", "test")
    found = [PANX.to_example(row) for row in rows]
    assert [item.words for item in found] == [("In", "Rom"), ("1:0",)]
    assert [item.tags for item in found] == [("O", "B-LOC"), ("O",)]


def test_pools_in_tsv_need_a_header_only(tmp_path):
    place = tmp_path / "extra/bucc2018"
    write(place / "de-en.de/test.tsv", [{"id": "de-1", "sentence": '"null'}])
    write(place / "de-en.en/test.tsv", [{"id": "en-1", "sentence": "007"}])
    gold = [{"source_id": "de-1", "target_id": "en-1"}]
    write(place / "de-en.gold/test.tsv", gold)
    rows = sources.open_data(str(tmp_path)).load(BUCC2018, "de", "test")
    assert rows["part"][:] == ["source", "target", "gold"]
    assert rows["sentence"][:] == ['"null', "007", None]


def test_numbered_files_of_a_written_format_are_joined(tmp_path):
    for index, pair in enumerate(PAIRS[:2]):
        name = f"facebook/xnli/de/test-{index:05}-of-00002.tsv"
        write(tmp_path / name, [pair])
    data = sources.open_data(str(tmp_path))
    assert data.load(XNLI, "de", "test").to_list() == PAIRS[:2]


def test_one_file_is_read_anew_for_another_problem(tmp_path):
    place = "google/xtreme/udpos.German/test.tsv"
    write(tmp_path / place, SENTENCES, "columns")
    data = sources.open_data(str(tmp_path))
    assert "pos_tags" in data.load(UDPOS, "de", "test").column_names
    other = dataclasses.replace(UDPOS, name="other", columns=CCG.columns)
    assert "tags" in data.load(other, "de", "test").column_names


@pytest.mark.parametrize(
    ("ending", "is_as_before"),
    # In CSV the text "null" has not the meaning that it had.
    [("jsonl", True), ("json", True), ("parquet", True), ("csv", False)],
)
def test_a_fingerprint_changes_only_with_a_formats_meaning(
    tmp_path, ending, is_as_before
):
    file = tmp_path / f"facebook/xnli/de/test.{ending}"
    write(file, PAIRS)
    data = sources.open_data(str(tmp_path))
    inner = hashlib.sha256(file.read_bytes()).digest()
    before = f"files {hashlib.sha256(inner).hexdigest()}"
    now = data.fingerprint(XNLI, "de", "test")
    assert (now == before) is is_as_before


@pytest.mark.parametrize("ending", ["tsv", "conll", "json", "csv"])
def test_a_changed_file_is_read_again(tmp_path, ending):
    case, form = {
        "tsv": (XNLI_DE, ""),
        "csv": (XNLI_DE, ""),
        "conll": (UDPOS_DE, "columns"),
        "json": (SQUAD_EN, "nested"),
    }[ending]
    task, split, name, rows = case
    language = "en" if task.name in ("squad", "ccg") else "de"
    before = None
    for kept in (rows, rows[:1]):
        write(tmp_path / f"{name}.{ending}", kept, form)
        data = sources.open_data(str(tmp_path))
        assert data.load(task, language, split).to_list() == kept
        assert data.fingerprint(task, language, split) != before
        before = data.fingerprint(task, language, split)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.jsonl", '{"text": "Caf\u00e9"}\n'.encode("latin-1")),
        ("train.csv", "text\nCaf\u00e9 au lait\n".encode("latin-1")),
        ("train.tsv", "text\nCaf\u00e9 au lait\n".encode("latin-1")),
        ("train.txt", "Caf\u00e9 au lait\n".encode("latin-1")),
        ("train.jsonl", b'{"text": "one"}\n{"text": \n'),
        ("train.jsonl", b""),
        ("train.csv", b""),
        ("train.csv", b"text\n"),
        ("train.tsv", b""),
        ("train.tsv", b"text\n"),
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
    assert ("UTF-8" in str(caught.value)) or ("Fetch" in str(caught.value))
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


def test_two_columns_are_for_tagging_alone(tmp_path):
    write(tmp_path / "facebook/xnli/de/test.conll", SENTENCES, "columns")
    data = sources.open_data(str(tmp_path))
    with pytest.raises(InputError, match=r"test\.conll.*only tasks that tag"):
        data.load(XNLI, "de", "test")
