"""Rows become features once; what is wrong with a row is said by its number."""

import json
import pathlib

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from stilts_keras.data import features
from stilts_keras.data import sources
from stilts_keras.errors import InputError
from stilts_keras.tasks import HELLASWAG
from stilts_keras.tasks import MLM
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI

PAIR = {"premise": "A cat.", "hypothesis": "An animal.", "label": "neutral"}
ENDINGS = {
    "ctx_a": "A man",
    "ctx_b": "he",
    "endings": ["x", "y", "z", "u"],
    "label": "1",
}
WORDS = {"tokens": ["a", "dog"], "pos_tags": ["DET", "NOUN"]}
QUESTION = {
    "id": "1",
    "question": "Who?",
    "context": "It was Ann.",
    "answers": {"text": ["Ann"], "answer_start": [7]},
}
SENTENCES = {"source_sentence": "Hallo.\n", "target_sentence": "Hello.\n"}
# task, language, the file it reads from, a good row
XNLI_EN = (XNLI, "en", "facebook/xnli/en/test", PAIR)
HELLASWAG_EN = (
    HELLASWAG,
    "en",
    "Rowan/hellaswag/default/validation",
    ENDINGS,
)
UDPOS_EN = (UDPOS, "en", "google/xtreme/udpos.English/test", WORDS)
SQUAD_EN = (SQUAD, "en", "rajpurkar/squad/plain_text/validation", QUESTION)
TATOEBA_DE = (TATOEBA, "de", "google/xtreme/tatoeba.deu/validation", SENTENCES)
MLM_DE = (MLM, "de", "extra/mlm_text/de/train", {"text": "Hallo."})
ALL = [XNLI_EN, HELLASWAG_EN, UDPOS_EN, SQUAD_EN, TATOEBA_DE, MLM_DE]


def case_name(value):
    return value[0].name if isinstance(value, tuple) else repr(value)


class Packing:
    """A pack function that counts its calls and looks at no text."""

    def __init__(self):
        self.num_calls = 0
        self.num_examples = 0

    def __call__(self, examples, tokenizer, max_length):
        self.num_calls += 1
        self.num_examples += len(examples)
        return {
            "token_ids": [[0, 5, 2][:max_length] for _ in examples],
            "length": [min(3, max_length) for _ in examples],
            "num_cut": [0] * len(examples),
            "example": list(range(len(examples))),
        }


def write_rows(folder, name, rows):
    file = pathlib.Path(folder, f"{name}.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def load(folder, case, tokenizer, *, pack=None, **changes):
    task, language, name, _ = case
    (split,) = {
        ours
        for repository in task.repositories
        for ours, theirs in repository.splits.items()
        for config in repository.configs_for(language)
        if name == f"{repository.id}/{config}/{theirs}"
    }
    arguments = {"pack_key": "test 1", "max_length": 16, "count": None}
    return features.load_features(
        sources.open_data(str(folder)),
        task,
        language,
        split,
        pack=pack or Packing(),
        tokenizer=tokenizer,
        **(arguments | changes),
    )


def cached_files():
    folder = pathlib.Path(datasets.config.HF_DATASETS_CACHE, "stilts_keras")
    return sorted(folder.glob("features/*"))


def rows_of(case, num_rows):
    """Rows that differ by their number, however they are read."""
    column = {"xnli": "premise", "mlm": "text"}[case[0].name]
    return [case[3] | {column: f"Text {n}."} for n in range(num_rows)]


def test_features_and_examples_belong_to_the_rows(tmp_path, pocket_tokenizer):
    write_rows(tmp_path, XNLI_EN[2], rows_of(XNLI_EN, 5))
    split = load(tmp_path, XNLI_EN, pocket_tokenizer)
    assert split.features["example"][:] == [0, 1, 2, 3, 4]
    assert split.lengths.tolist() == [3] * 5
    assert split.num_cut_rows == 0
    assert [e.first for e in split.examples] == [f"Text {n}." for n in range(5)]


def test_a_second_load_packs_nothing(tmp_path, pocket_tokenizer):
    write_rows(tmp_path, XNLI_EN[2], rows_of(XNLI_EN, 7))
    first, second = Packing(), Packing()
    before = load(tmp_path, XNLI_EN, pocket_tokenizer, pack=first)
    after = load(tmp_path, XNLI_EN, pocket_tokenizer, pack=second)
    assert (first.num_examples, second.num_calls) == (7, 0)
    assert before.features[:] == after.features[:]


def test_a_folder_moved_elsewhere_packs_nothing(tmp_path, pocket_tokenizer):
    packs = Packing(), Packing()
    for place, pack in zip(("a", "b"), packs, strict=True):
        write_rows(tmp_path / place, XNLI_EN[2], rows_of(XNLI_EN, 8))
        load(tmp_path / place, XNLI_EN, pocket_tokenizer, pack=pack)
    assert [pack.num_calls for pack in packs] == [1, 0]


@pytest.mark.parametrize(
    "change", [{"pack_key": "test 2"}, {"max_length": 8}, {"count": 3}]
)
def test_what_the_result_depends_on_packs_anew(
    tmp_path, pocket_tokenizer, change
):
    write_rows(tmp_path, XNLI_EN[2], rows_of(XNLI_EN, 9))
    load(tmp_path, XNLI_EN, pocket_tokenizer)
    pack = Packing()
    load(tmp_path, XNLI_EN, pocket_tokenizer, pack=pack, **change)
    assert pack.num_calls == 1


def test_changed_rows_pack_anew(tmp_path, pocket_tokenizer):
    write_rows(tmp_path, XNLI_EN[2], rows_of(XNLI_EN, 6))
    load(tmp_path, XNLI_EN, pocket_tokenizer)
    rows = rows_of(XNLI_EN, 6)
    rows[3]["premise"] = "Another text."
    write_rows(tmp_path, XNLI_EN[2], rows)
    pack = Packing()
    split = load(tmp_path, XNLI_EN, pocket_tokenizer, pack=pack)
    assert pack.num_calls == 1
    assert split.examples[3].first == "Another text."


def check_error(folder, case, tokenizer, *parts, pack=None):
    """Loading must fail in one line with these parts, and cache nothing."""
    before = cached_files()
    with pytest.raises(InputError) as caught:
        load(folder, case, tokenizer, pack=pack)
    message = str(caught.value)
    assert "\n" not in message
    for part in (case[0].name, *parts):
        assert part in message, message
    assert cached_files() == before


@pytest.mark.parametrize(
    ("case", "column"),
    [(case, column) for case in ALL for column in case[3] if column != "id"],
    ids=case_name,
)
def test_a_missing_column_is_named_with_those_there(
    tmp_path, pocket_tokenizer, case, column
):
    row = {name: v for name, v in case[3].items() if name != column}
    write_rows(tmp_path, case[2], [row | {"other": "x"}] * 3)
    check_error(
        tmp_path, case, pocket_tokenizer, repr(column), "Columns there", "other"
    )


@pytest.mark.parametrize(
    ("case", "changes", "parts"),
    [
        (XNLI_EN, {"label": "maybe"}, ["'maybe'", "entailment, neutral"]),
        (XNLI_EN, {"label": None}, ["no label"]),
        (HELLASWAG_EN, {"label": "4"}, ["the label '4'", "0, 1, 2, 3"]),
        (HELLASWAG_EN, {"label": "x"}, ["the label 'x'", "0, 1, 2, 3"]),
        (HELLASWAG_EN, {"label": ""}, ["no label"]),
        (HELLASWAG_EN, {"endings": []}, ["0 texts in endings", "Expected 4"]),
        (UDPOS_EN, {"pos_tags": ["DET", "_"]}, ["'_'", "ADJ, ADP"]),
        (UDPOS_EN, {"pos_tags": ["DET", None]}, ["null in pos_tags"]),
        (UDPOS_EN, {"tokens": [], "pos_tags": []}, ["no tokens"]),
        (UDPOS_EN, {"pos_tags": ["DET"]}, ["2 words and 1 tags"]),
        (
            SQUAD_EN,
            {"answers": {"text": ["Ann"], "answer_start": [6]}},
            ["'Ann' at character 6", "' An'", "Mend the offset"],
        ),
        (
            SQUAD_EN,
            {"answers": {"text": ["Ann"], "answer_start": [-4]}},
            ["'Ann' at character -4"],
        ),
        (
            SQUAD_EN,
            {"answers": {"text": ["Ann"], "answer_start": [None]}},
            ["null in answers.answer_start"],
        ),
        (
            SQUAD_EN,
            {"answers": {"text": ["Ann", "x"], "answer_start": [7]}},
            ["2 texts and 1 offsets in answers"],
        ),
        (
            SQUAD_EN,
            {"answers": {"text": [""], "answer_start": [7]}},
            ["empty answers.text"],
        ),
        (
            SQUAD_EN,
            {"answers": {"text": [], "answer_start": []}},
            ["no answers"],
        ),
    ],
    ids=case_name,
)
def test_a_wrong_row_is_named_with_what_was_expected(
    tmp_path, pocket_tokenizer, case, changes, parts
):
    write_rows(tmp_path, case[2], [case[3], case[3] | changes, case[3]])
    check_error(tmp_path, case, pocket_tokenizer, "row 1", *parts)


@pytest.mark.parametrize("label", [3, -2])
def test_a_wrong_class_number_is_refused(tmp_path, pocket_tokenizer, label):
    names = ["entailment", "neutral", "contradiction"]
    info = {"features": {"label": {"names": names, "_type": "ClassLabel"}}}
    for column in ("premise", "hypothesis"):
        info["features"][column] = {"dtype": "string", "_type": "Value"}
    table = pyarrow.table(
        {
            "premise": ["A.", "B."],
            "hypothesis": ["C.", "D."],
            "label": pyarrow.array([0, label], "int64"),
        }
    ).replace_schema_metadata({"huggingface": json.dumps({"info": info})})
    file = tmp_path / f"{XNLI_EN[2]}.parquet"
    file.parent.mkdir(parents=True)
    pyarrow.parquet.write_table(table, file)
    check_error(tmp_path, XNLI_EN, pocket_tokenizer, str(label))


def test_class_numbers_become_names(tmp_path, pocket_tokenizer):
    # Another order than the task's own: numbers must not be taken over.
    names = ["contradiction", "neutral", "entailment"]
    rows = datasets.Dataset.from_dict(
        {"premise": ["A."] * 3, "hypothesis": ["B."] * 3, "label": [0, 1, 2]},
        features=datasets.Features(
            premise=datasets.Value("string"),
            hypothesis=datasets.Value("string"),
            label=datasets.ClassLabel(names=names),
        ),
    )
    file = tmp_path / f"{XNLI_EN[2]}.parquet"
    file.parent.mkdir(parents=True)
    rows.to_parquet(file)
    split = load(tmp_path, XNLI_EN, pocket_tokenizer)
    assert [item.label for item in split.examples] == names


def test_an_error_in_packing_names_the_row(tmp_path, pocket_tokenizer):
    def pack(examples, tokenizer, max_length):
        for item in examples:
            if item.first == "Text 3.":
                raise InputError("a text cannot be packed.")
        return Packing()(examples, tokenizer, max_length)

    write_rows(tmp_path, XNLI_EN[2], rows_of(XNLI_EN, 11))
    parts = ("row 3", "cannot be packed")
    check_error(tmp_path, XNLI_EN, pocket_tokenizer, *parts, pack=pack)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_broken_file_is_named_and_nothing_is_cached(
    tmp_path, pocket_tokenizer, ending
):
    file = tmp_path / f"{MLM_DE[2]}.{ending}"
    file.parent.mkdir(parents=True)
    content = {
        "jsonl": '{"text": "one"}\n{"text": "Caf\u00e9"}\n',
        "csv": "text\none\nCaf\u00e9\n",
        "parquet": "PAR1",
    }[ending]
    file.write_bytes(content.encode("latin-1"))
    parts = [str(file)] if ending == "parquet" else [str(file), "UTF-8"]
    check_error(tmp_path, MLM_DE, pocket_tokenizer, *parts)


def test_an_empty_split_is_refused(tmp_path, pocket_tokenizer):
    file = tmp_path / f"{MLM_DE[2]}.parquet"
    file.parent.mkdir(parents=True)
    pyarrow.parquet.write_table(
        pyarrow.table({"text": pyarrow.array([], "string")}), file
    )
    check_error(tmp_path, MLM_DE, pocket_tokenizer, "has no rows")


def test_a_limit_picks_the_same_rows_in_every_language(
    tmp_path, pocket_tokenizer
):
    picked = []
    for language in ("en", "de", "th"):
        case = (XNLI, language, f"facebook/xnli/{language}/test", PAIR)
        write_rows(tmp_path, case[2], rows_of(case, 40))
        split = load(tmp_path, case, pocket_tokenizer, count=10)
        picked.append([item.first for item in split.examples])
    assert picked[0] == picked[1] == picked[2]
    assert len(set(picked[0])) == 10
    # Drawn from everywhere, in the rows' own order.
    numbers = [int(text.split()[1].rstrip(".")) for text in picked[0]]
    assert numbers == sorted(numbers)
    assert numbers != list(range(10))


def test_a_limit_above_the_number_of_rows_takes_all(tmp_path, pocket_tokenizer):
    write_rows(tmp_path, XNLI_EN[2], rows_of(XNLI_EN, 4))
    split = load(tmp_path, XNLI_EN, pocket_tokenizer, count=50)
    assert len(split.examples) == 4


def test_row_numbers_are_the_files_own_under_a_limit(
    tmp_path, pocket_tokenizer
):
    rows = rows_of(XNLI_EN, 40)
    write_rows(tmp_path, XNLI_EN[2], rows)
    kept = load(tmp_path, XNLI_EN, pocket_tokenizer, count=10).examples
    number = int(kept[4].first.split()[1].rstrip("."))
    assert number != 4
    rows[number]["label"] = "maybe"
    write_rows(tmp_path, XNLI_EN[2], rows)
    with pytest.raises(
        InputError, match=rf"row {number} has the label 'maybe'"
    ):
        load(tmp_path, XNLI_EN, pocket_tokenizer, count=10)


def test_pocket_rows_of_every_task_are_read(pocket_tokenizer):
    data = sources.open_data("pocket")
    for task, language, _, _ in ALL:
        for split in task.splits:
            if language in data.languages(task, split):
                found = features.load_features(
                    data,
                    task,
                    language,
                    split,
                    pack=Packing(),
                    pack_key="test 1",
                    tokenizer=pocket_tokenizer,
                    max_length=16,
                    count=50,
                )
                assert len(found.examples) == 50
