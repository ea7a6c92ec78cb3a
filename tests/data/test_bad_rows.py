"""Files whose rows are empty, null or of other types: what a split makes of it.

In training and dev rows that a stage learns from, a few are left out and
named; of evaluated rows none is.
"""

import json
import pathlib

import datasets
import pytest

from pages import block_after
from rows import GOOD
from rows import file_of
from rows import write_jsonl
from stilts_keras.data import sources
from stilts_keras.data.features import labels_in
from stilts_keras.data.features import load_features
from stilts_keras.errors import InputError
from stilts_keras.problems import problem_of
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import GoldPair
from stilts_keras.tasks.example import PoolSentence

# Tasks whose rows fit into a table of texts.
FLAT = [
    name
    for name, task in TASKS.items()
    if all(isinstance(kind, Text | Label) for kind in task.columns.values())
    # All rows of a file are of one split.
    and not task.repositories[0].split_column
]


def load(folder, name, tokenizer, *, language=None, split=None, **changes):
    task = TASKS[name]
    arguments = {"max_length": 64, "count": None}
    problem = problem_of(task)
    return load_features(
        sources.open_data(str(folder)),
        task,
        language or task.languages[0],
        split or task.splits[0],
        pack=problem.pack,
        pack_key=problem.pack_key,
        tokenizer=tokenizer,
        **(arguments | changes),
    )


def path_of(name, language=None, split=None):
    task = TASKS[name]
    return file_of(task, language or task.languages[0], split or task.splits[0])


def numbered(name, num):
    """Good rows that differ in their first text."""
    column = next(iter(TASKS[name].columns))
    return [GOOD[name] | {column: f"Text {n}."} for n in range(num)]


# ------------------------------------------------------ Text files of tables
WORDS = ["null", "NA", "nan", "None", "N/A", "", "007", "1e5", "TRUE", "1"]


def write_table(folder, name, rows):
    """Writes `<name>.csv` or `<name>.tsv`, by the folder's name."""
    file = pathlib.Path(folder, f"{name}.{folder.name}")
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    if folder.name == "csv":
        joined = [",".join(f'"{cell}"' for cell in line) for line in lines]
    else:
        joined = ["\t".join(map(str, line)) for line in lines]
    file.write_text("".join(f"{line}\n" for line in joined), "utf-8")


@pytest.mark.parametrize("ending", ["csv", "tsv"])
@pytest.mark.parametrize("name", FLAT)
def test_words_of_a_table_are_words(tmp_path, pocket_tokenizer, name, ending):
    if (name, ending) == ("mlm", "tsv"):
        pytest.skip("of one column, an empty cell is a blank line")
    folders = tmp_path, tmp_path / ending
    texts = [
        column
        for column, kind in TASKS[name].columns.items()
        if isinstance(kind, Text)
    ]
    rows = [GOOD[name] | {column: word} for column in texts for word in WORDS]
    if name == "anli":
        for part in ("train_r2", "train_r3"):
            write_jsonl(tmp_path, f"facebook/anli/plain_text/{part}", [rows[0]])
            write_table(
                folders[1], f"facebook/anli/plain_text/{part}", [rows[0]]
            )
    write_jsonl(tmp_path, path_of(name), rows)
    write_table(folders[1], path_of(name), rows)
    found = [
        load(folder, name, pocket_tokenizer, is_evaluated=True)
        for folder in folders
    ]
    assert found[0].examples == found[1].examples
    assert None not in found[1].examples
    assert len(found[1].empty) == len(texts)


def test_a_csv_file_without_quotes_is_the_issues_own(
    tmp_path, pocket_tokenizer
):
    file = tmp_path / f"{path_of('xnli', 'de', 'test')}.csv"
    file.parent.mkdir(parents=True)
    file.write_text(
        "premise,hypothesis,label\n"
        "Wie viele sind es?,null,neutral\n"
        "NA,Wer?,2\n"
        "Es sind,007,-1\n",
        "utf-8",
    )
    with pytest.raises(InputError) as caught:
        load(
            tmp_path,
            "xnli",
            pocket_tokenizer,
            language="de",
            split="test",
            is_evaluated=True,
        )
    assert f"{file}), row 2 has no label" in str(caught.value)
    file.write_text(file.read_text("utf-8").replace("-1", "0"), "utf-8")
    found = load(
        tmp_path,
        "xnli",
        pocket_tokenizer,
        language="de",
        split="test",
        is_evaluated=True,
    )
    assert [(x.first, x.second, x.label) for x in found.examples] == [
        ("Wie viele sind es?", "null", "neutral"),
        ("NA", "Wer?", "contradiction"),
        ("Es sind", "007", "entailment"),
    ]


@pytest.mark.parametrize("row", ["C", "D,E", "A,B,neutral,x", '"A,B\n"'])
def test_a_row_of_a_csv_file_has_the_cells_of_its_header(
    tmp_path, pocket_tokenizer, row
):
    file = tmp_path / f"{path_of('xnli', 'de', 'test')}.csv"
    file.parent.mkdir(parents=True)
    good = 'A,"B, and\nC",neutral\n\n'
    file.write_text(f"premise,hypothesis,label\n{good}{row}\n", "utf-8")
    how = {"language": "de", "split": "test", "is_evaluated": True}
    with pytest.raises(InputError) as caught:
        load(tmp_path, "xnli", pocket_tokenizer, **how)
    line = 5 + row.count("\n")
    assert f"ends in line {line} has" in str(caught.value)
    assert str(file) in str(caught.value) and "Expected 3" in str(caught.value)


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "tsv", "parquet"])
@pytest.mark.parametrize("name", ["xnli", "pawsx", "qqp", "copa", "siqa"])
def test_numbers_are_labels_in_every_format(
    tmp_path, pocket_tokenizer, name, ending
):
    column = "label"
    kind = TASKS[name].columns[column]
    names = kind.names or TASKS[name].numbered_labels
    numbers = [
        int(label) if label.isdecimal() else place
        for place, label in enumerate(names)
    ]
    rows = [GOOD[name] | {column: number} for number in numbers]
    file = tmp_path / f"{path_of(name)}.{ending}"
    file.parent.mkdir(parents=True)
    table = datasets.Dataset.from_list(rows)
    if ending in ("csv", "tsv"):
        table.to_csv(file, sep="," if ending == "csv" else "\t")
    elif ending == "parquet":
        table.to_parquet(file)
    else:
        table.to_json(file)
    found = load(tmp_path, name, pocket_tokenizer).examples
    by_name = TASKS[name].labels or tuple(range(len(names)))
    assert [item.label for item in found] == list(by_name)


def test_a_cell_that_a_row_of_tsv_lacks_is_missing(tmp_path, pocket_tokenizer):
    file = tmp_path / f"{path_of('tatoeba', 'de', 'test')}.tsv"
    file.parent.mkdir(parents=True)
    file.write_text(
        "source_sentence\ttarget_sentence\nnull\t\nEin Satz.\n", "utf-8"
    )
    how = {"language": "de", "split": "test", "is_evaluated": True}
    with pytest.raises(InputError) as caught:
        load(tmp_path, "tatoeba", pocket_tokenizer, **how)
    assert f"{file}), row 1 has null in target_sentence" in str(caught.value)


@pytest.mark.parametrize("tags", ["0 5", "O B-LOC"])
def test_tags_of_conll_files_may_be_their_numbers(
    tmp_path, pocket_tokenizer, tags
):
    file = tmp_path / f"{path_of('panx', 'de', 'test')}.conll"
    file.parent.mkdir(parents=True)
    pairs = zip(["In", "null"], tags.split(), strict=True)
    file.write_text("".join(f"{a}\t{b}\n" for a, b in pairs), "utf-8")
    how = {"language": "de", "split": "test", "is_evaluated": True}
    (item,) = load(tmp_path, "panx", pocket_tokenizer, **how).examples
    assert (item.words, item.tags) == (("In", "null"), ("O", "B-LOC"))


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"id": None}, "id"),
        ({"question": None}, "question"),
        ({"answers": [{"text": None, "answer_start": 7}]}, "answers.text"),
        ({"answers": [{"text": "Ann", "answer_start": None}]}, "answer_start"),
    ],
)
def test_nulls_in_nested_json_are_named(
    tmp_path, pocket_tokenizer, change, column
):
    good = {
        "id": 7,
        "question": "Who?",
        "answers": [{"text": "Ann", "answer_start": 7}],
    }
    file = tmp_path / f"{path_of('xquad', 'de', 'test')}.json"
    file.parent.mkdir(parents=True)

    def write(*questions):
        paragraph = {"context": "It was Ann.", "qas": questions}
        content = {"data": [{"title": "t", "paragraphs": [paragraph]}]}
        file.write_text(json.dumps(content), "utf-8")
        how = {"language": "de", "split": "test", "is_evaluated": True}
        return load(tmp_path, "xquad", pocket_tokenizer, **how)

    assert [item.id for item in write(good).examples] == ["7"]
    with pytest.raises(InputError) as caught:
        write(good, good | change)
    assert str(file) in str(caught.value) and "row 1" in str(caught.value)
    assert f"{column}" in str(caught.value)


def test_a_null_label_among_numbers_is_hidden(tmp_path, pocket_tokenizer):
    # A column of numbers with a null: data frames make floats of it.
    rows = [GOOD["xnli"] | {"label": label} for label in (0.0, None, 2.0)]
    write_jsonl(tmp_path, path_of("xnli", "en", "dev"), rows * 50)
    with pytest.raises(
        InputError, match="50 of 150 rows .* row 1 has no label"
    ):
        load(tmp_path, "xnli", pocket_tokenizer, language="en", split="dev")


# -------------------------------------------------------------- Left out
FAULTY = {"question2": ""}


def write_qqp(folder, num, faulty, change=None):
    rows = numbered("qqp", num)
    for number in faulty:
        rows[number] |= change or FAULTY
    write_jsonl(folder, path_of("qqp"), rows)


def test_rows_are_left_out_counted_and_named(tmp_path, pocket_tokenizer):
    write_qqp(tmp_path, 400, [41, 230])
    found = load(tmp_path, "qqp", pocket_tokenizer)
    assert found.notes() == [
        "qqp (en, train): 2 of 400 rows left out: empty question2, rows 41 "
        "and 230"
    ]
    assert len(found.features) == len(found.lengths) == 398
    assert not {41, 230} & set(found.features["example"])
    assert [n for n, x in enumerate(found.examples) if x is None] == [41, 230]


@pytest.mark.parametrize("change", [FAULTY, {"question2": None}])
def test_a_second_load_from_the_cache_says_the_same(
    tmp_path, pocket_tokenizer, change
):
    write_qqp(tmp_path, 300, [7, 8], change)
    first = load(tmp_path, "qqp", pocket_tokenizer)
    again = load(tmp_path, "qqp", pocket_tokenizer)
    assert first.features.cache_files == again.features.cache_files
    assert first.left_out == again.left_out
    assert first.notes() == again.notes() != []


def test_more_than_one_percent_is_an_error_that_shows_five(
    tmp_path, pocket_tokenizer
):
    write_qqp(tmp_path, 500, range(10, 15))
    load(tmp_path, "qqp", pocket_tokenizer)
    write_qqp(tmp_path, 500, range(10, 16))
    with pytest.raises(InputError) as caught:
        load(tmp_path, "qqp", pocket_tokenizer)
    message = str(caught.value)
    assert "\n" not in message
    assert f"{tmp_path}" in message and "up to 1%" in message
    assert "): 6 of 500 rows cannot be learnt from" in message
    for number in range(10, 15):
        assert f"row {number} has empty question2" in message
    assert "row 15" not in message


def test_the_whole_file_is_not_read_once_it_is_too_much(
    tmp_path, pocket_tokenizer
):
    write_qqp(tmp_path, 2500, range(0, 1000, 2))
    with pytest.raises(InputError, match="at least 500 of 2,500 rows"):
        load(tmp_path, "qqp", pocket_tokenizer)


def test_bad_rows_error_refuses_the_first_also_from_the_cache(
    tmp_path, pocket_tokenizer
):
    write_qqp(tmp_path, 300, [7, 8])
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            load(tmp_path, "qqp", pocket_tokenizer, bad_rows="error")
        message = str(caught.value)
        assert "row 7 has empty question2" in message
        assert "--bad_rows=skip" in message
        # This one fills the cache.
        load(tmp_path, "qqp", pocket_tokenizer)


def test_a_count_draws_the_same_rows_and_replaces_none(
    tmp_path, pocket_tokenizer
):
    write_qqp(tmp_path, 1000, [])
    kept = load(tmp_path, "qqp", pocket_tokenizer, count=300)
    texts = [item.first for item in kept.examples]
    number = int(texts[17].split()[1].rstrip("."))
    write_qqp(tmp_path, 1000, [number])
    found = load(tmp_path, "qqp", pocket_tokenizer, count=300)
    assert found.left_out == {number: "empty question2"}
    there = [item and item.first for item in found.examples]
    assert there == [*texts[:17], None, *texts[18:]]
    assert "1 of 300 rows left out" in found.notes()[0]
    # The share is that of the rows drawn.
    small = load(tmp_path, "qqp", pocket_tokenizer, count=100)
    assert len(small.left_out) <= 1


def test_rows_that_the_documentation_leaves_out_are_not_counted(
    tmp_path, pocket_tokenizer
):
    rows = numbered("snli", 100)
    for number in range(0, 100, 3):
        rows[number]["label"] = -1
    rows[0]["hypothesis"] = ""
    rows[1]["hypothesis"] = ""
    write_jsonl(tmp_path, path_of("snli"), rows)
    found = load(tmp_path, "snli", pocket_tokenizer)
    assert found.left_out == {1: "empty hypothesis"}
    assert len(found.features) == 65


def test_a_wrong_row_is_an_error_however_few(tmp_path, pocket_tokenizer):
    rows = numbered("qqp", 300)
    rows[5]["label"] = "maybe"
    write_jsonl(tmp_path, path_of("qqp"), rows)
    with pytest.raises(InputError, match="row 5 has the label 'maybe'"):
        load(tmp_path, "qqp", pocket_tokenizer)


def test_categories_are_named_by_the_rows_that_are_learnt_from(tmp_path):
    rows = [GOOD["ccg"]] * 200 + [{"tokens": ["", ""], "tags": ["S", "NP"]}]
    write_jsonl(tmp_path, path_of("ccg"), rows)
    data = sources.open_data(str(tmp_path))
    assert labels_in(data, TASKS["ccg"], "en") == ("N", "NP/N")


# ------------------------------------------------------------- Evaluated
def test_an_evaluated_row_stays_in_with_its_empty_text(
    tmp_path, pocket_tokenizer
):
    rows = numbered("xnli", 5)
    rows[3]["hypothesis"] = " "
    write_jsonl(tmp_path, path_of("xnli", "de", "test"), rows)
    for _ in range(2):
        found = load(
            tmp_path,
            "xnli",
            pocket_tokenizer,
            language="de",
            split="test",
            is_evaluated=True,
        )
        assert len(found.features) == 5 and None not in found.examples
        # Two texts, as in the reference; not one.
        assert found.examples[3].second == " "
        assert found.notes() == [
            "xnli (de, test): 1 of 5 rows are evaluated with an empty text, "
            "as in the reference: empty hypothesis, row 3"
        ]


def test_the_same_dev_rows_may_be_learnt_from_and_evaluated(
    tmp_path, pocket_tokenizer
):
    rows = numbered("xnli", 200)
    rows[3]["hypothesis"] = ""
    write_jsonl(tmp_path, path_of("xnli", "en", "dev"), rows)
    learnt, evaluated = (
        load(
            tmp_path,
            "xnli",
            pocket_tokenizer,
            language="en",
            split="dev",
            is_evaluated=is_evaluated,
        )
        for is_evaluated in (False, True)
    )
    assert (len(learnt.features), len(evaluated.features)) == (199, 200)
    assert learnt.left_out == evaluated.empty == {3: "empty hypothesis"}
    assert not learnt.empty and not evaluated.left_out


def test_a_null_in_an_evaluated_row_names_file_row_and_column(
    tmp_path, pocket_tokenizer
):
    rows = numbered("xnli", 200)
    rows[3]["hypothesis"] = None
    file = write_jsonl(tmp_path, path_of("xnli", "de", "test"), rows)
    with pytest.raises(InputError) as caught:
        load(
            tmp_path,
            "xnli",
            pocket_tokenizer,
            language="de",
            split="test",
            is_evaluated=True,
        )
    assert f"{file}), row 3 has null in hypothesis" in str(caught.value)


# ------------------------------------------------------------- Plain text
def test_blank_lines_of_plain_text_are_no_rows(tmp_path, pocket_tokenizer):
    file = tmp_path / "extra/mlm_text/de/train.txt"
    file.parent.mkdir(parents=True)
    lines = [line for n in range(40) for line in (f"Zeile {n}.", "", "  ")]
    file.write_text("\n".join(lines), "utf-8")
    how = {"language": "de", "split": "train"}
    found = load(tmp_path, "mlm", pocket_tokenizer, **how)
    assert [x.text for x in found.examples] == [
        f"Zeile {n}." for n in range(40)
    ]
    assert found.notes() == []
    # Nor do they count: so many lines with a text.
    some = load(tmp_path, "mlm", pocket_tokenizer, count=30, **how)
    assert len(some.examples) == 30
    # As JSON they are rows, and too many.
    file.unlink()
    rows = [{"text": line} for line in lines]
    write_jsonl(tmp_path, "extra/mlm_text/de/train", rows)
    with pytest.raises(InputError, match="80 of 120 rows"):
        load(tmp_path, "mlm", pocket_tokenizer, **how)


def test_plain_text_of_blank_lines_has_no_rows(tmp_path, pocket_tokenizer):
    file = tmp_path / "extra/mlm_text/de/train.txt"
    file.parent.mkdir(parents=True)
    file.write_text("\n \n\n", "utf-8")
    with pytest.raises(InputError, match="no rows"):
        load(tmp_path, "mlm", pocket_tokenizer, language="de")


# -------------------------------------------------------------------- Ids
def write_pools(folder, ids, gold_ids):
    place = "extra/bucc2018/de-en"
    for code, texts in (("de", "Satz"), ("en", "Sentence")):
        rows = [{"id": n, "sentence": f"{texts} {n}."} for n in ids[code]]
        write_jsonl(folder, f"{place}.{code}/test", rows)
    rows = [{"source_id": a, "target_id": b} for a, b in gold_ids]
    write_jsonl(folder, f"{place}.gold/test", rows)


@pytest.mark.parametrize(
    ("german", "english"),
    [([1, 2], [3, 4]), ([1, 2], ["3", "4"]), (["1", "2"], [3, 4])],
)
def test_ids_of_pools_may_be_numbers(
    tmp_path, pocket_tokenizer, german, english
):
    write_pools(tmp_path, {"de": german, "en": english}, [(german[0], 4)])
    found = load(
        tmp_path,
        "bucc2018",
        pocket_tokenizer,
        language="de",
        split="test",
        is_evaluated=True,
    )
    assert problem_of(TASKS["bucc2018"]).ids(found.examples) == ["1", "2"]
    assert GoldPair(source_id="1", target_id="4") in found.examples


def test_a_null_in_a_pool_names_its_row_in_its_own_part(
    tmp_path, pocket_tokenizer
):
    write_pools(tmp_path, {"de": [1, 2], "en": [3, None]}, [(1, 3)])
    how = {"language": "de", "split": "test", "is_evaluated": True}
    with pytest.raises(InputError, match="part 'target', row 1 has null in id"):
        load(tmp_path, "bucc2018", pocket_tokenizer, **how)


def test_a_null_in_the_column_of_languages_hides_no_row(
    tmp_path, pocket_tokenizer
):
    rows = [GOOD["tydiqa"], GOOD["tydiqa"] | {"id": None}]
    write_jsonl(tmp_path, path_of("tydiqa", "en", "dev"), rows)
    with pytest.raises(InputError, match="Row 1 .* null in id"):
        load(tmp_path, "tydiqa", pocket_tokenizer, split="dev")


def test_question_ids_may_be_numbers(tmp_path, pocket_tokenizer):
    rows = [GOOD["xquad"] | {"id": number} for number in (11, 12)]
    write_jsonl(tmp_path, path_of("xquad"), rows)
    found = load(tmp_path, "xquad", pocket_tokenizer, is_evaluated=True)
    assert problem_of(TASKS["xquad"]).ids(found.examples) == ["11", "12"]


def test_the_documented_code_for_bucc_keeps_every_sentence(
    tmp_path, pocket_tokenizer
):
    code = block_after("<!-- example: bucc to jsonl -->")
    sentences = ["null", "NA", 'Er sagte: "nein', "007", "nan"]
    lines = [f"de-{n}\t{text}\n" for n, text in enumerate(sentences)]
    pools = {"de": range(5), "en": range(5)}
    write_pools(tmp_path, pools, [("de-1", 1)])
    file = tmp_path / "de-en.training.de"
    file.write_text("".join(lines), "utf-8")
    out = tmp_path / "extra/bucc2018/de-en.de/test.jsonl"
    exec(code, {"file": file, "out": out})
    assert len(json.loads(out.read_text("utf-8").splitlines()[0])) == 2
    found = load(
        tmp_path,
        "bucc2018",
        pocket_tokenizer,
        language="de",
        split="test",
        is_evaluated=True,
    )
    texts = [
        item.text
        for item in found.examples
        if isinstance(item, PoolSentence) and item.side == "source"
    ]
    assert texts == sentences
