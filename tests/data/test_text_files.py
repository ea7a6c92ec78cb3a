"""CSV, TSV and CoNLL's columns, as people and their programs write them."""

import pytest

from stilts_keras.data import text_files
from stilts_keras.errors import InputError


def written(folder, name, content):
    file = folder / name
    if isinstance(content, str):
        content = content.encode()
    file.write_bytes(content)
    return file


def rows_of(folder, name, content):
    return list(text_files.table_rows(written(folder, name, content)))


AB = [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,x\n2,y\n",
        "a,b\n1,x\n2,y",
        "a,b\r\n1,x\r\n2,y\r\n",
        "\ufeffa,b\n1,x\n2,y\n",
        '"a","b"\n"1","x"\n"2","y"\n',
        "a,b\n1,x\n\n2,y\n\n",
        "a,b\n1,x,\n2,y,\n",
        "a , b\n1,x\n2,y\n",
    ],
)
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_tables_are_read_however_they_are_written(tmp_path, ending, content):
    if ending == "tsv":
        content = content.replace(",", "\t").replace('"', "")
    assert rows_of(tmp_path, f"f.{ending}", content) == AB


@pytest.mark.parametrize("word", ["null", "NA", "nan", "None", "N/A", "-1", ""])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_no_word_stands_for_a_missing_value(tmp_path, ending, word):
    content = f"a,b,c\nx,{word},y\n"
    if ending == "tsv":
        content = content.replace(",", "\t")
    (row,) = rows_of(tmp_path, f"f.{ending}", content)
    assert row == {"a": "x", "b": word, "c": "y"}


def test_only_a_field_that_is_not_there_is_missing(tmp_path):
    # GLUE's own QQP has such lines.
    assert rows_of(tmp_path, "f.tsv", "a\tb\tc\nx\ty\nz\n") == [
        {"a": "x", "b": "y", "c": None},
        {"a": "z", "b": None, "c": None},
    ]


def test_a_quotation_mark_in_tsv_is_text(tmp_path):
    content = 'a\tb\n"Nein"\t"\n5" lang\tx\n'
    assert rows_of(tmp_path, "f.tsv", content) == [
        {"a": '"Nein"', "b": '"'},
        {"a": '5" lang', "b": "x"},
    ]


def test_a_quoted_field_of_csv_may_hold_anything(tmp_path):
    content = 'a,b\n"x, ""y""\nz","\t"\n'
    assert rows_of(tmp_path, "f.csv", content) == [
        {"a": 'x, "y"\nz', "b": "\t"}
    ]


def test_an_index_that_pandas_wrote_has_a_name(tmp_path):
    assert rows_of(tmp_path, "f.csv", ",a\n0,x\n") == [
        {"column 0": "0", "a": "x"}
    ]


def test_a_long_field_of_csv_is_read(tmp_path):
    text = "x" * 200_000
    assert rows_of(tmp_path, "f.csv", f"a\n{text}\n") == [{"a": text}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.csv", "a,b\n1,x\n1,x,z\n", "line 3 has 3 cells. Expected 2"),
        ("f.csv", "a,b\n1\n", "line 2 has 1 cells. Expected 2"),
        ("f.csv", 'a,b\n"1,\nx"\n', "line 3 has 1 cells. Expected 2"),
        ("f.tsv", "a\tb\n1\tx\tz\n", "line 2 has 3 cells. Expected 2"),
        ("f.csv", 'a,b\n"1,x\n', "line 2: unexpected end of data"),
        ("f.csv", 'a,b\n"1"2,x\n', "line 2: ',' expected"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path, name, content, message):
    with pytest.raises(InputError, match=message) as caught:
        rows_of(tmp_path, name, content)
    assert str(tmp_path / name) in str(caught.value)


def test_a_column_that_is_there_twice_is_named(tmp_path):
    file = written(tmp_path, "f.csv", "a,b,a\n1,2,3\n")
    with pytest.raises(InputError, match="'a' twice"):
        text_files.read_header([file])


def test_files_of_one_split_have_one_header(tmp_path):
    files = [
        written(tmp_path, "1.tsv", "a\tb\n"),
        written(tmp_path, "2.tsv", "b\ta\n"),
    ]
    with pytest.raises(InputError, match=r"2\.tsv.* columns b, a.* has a, b"):
        text_files.read_header(files)


def sentences(folder, content):
    file = written(folder, "f.conll", content)
    return [
        (row["tokens"], row["tags"])
        for row in text_files.Sentences("tokens", "tags")(file)
    ]


TWO = [(["Ein", "Hund"], ["DET", "NOUN"]), (["Ja"], ["INTJ"])]


@pytest.mark.parametrize(
    "content",
    [
        "Ein\tDET\nHund\tNOUN\n\nJa\tINTJ\n\n",
        "Ein\tDET\nHund\tNOUN\n\nJa\tINTJ\n",
        "Ein\tDET\nHund\tNOUN\n\nJa\tINTJ",
        "Ein\tDET\r\nHund\tNOUN\r\n\r\nJa\tINTJ\r\n",
        "\ufeffEin\tDET\nHund\tNOUN\n\nJa\tINTJ\n",
        "\n\nEin\tDET\nHund\tNOUN\n\n\n\nJa\tINTJ\n\n\n",
        "Ein\tDET \nHund\tNOUN\t\n \t \nJa\tINTJ\n",
        "# id = 1\n# text = Ein Hund\nEin\tDET\nHund\tNOUN\n\n#\nJa\tINTJ\n",
    ],
)
def test_sentences_are_read_however_they_are_written(tmp_path, content):
    assert sentences(tmp_path, content) == TWO


@pytest.mark.parametrize(
    "token",
    ["#", "##", "# 1", "null", "NA", '"', "\u00a0", "\u3000", "a b", "\u2028"],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_any_token_with_a_tag_is_data(tmp_path, token, is_first):
    lines = [f"{token}\tX", "Ja\tINTJ"]
    lines = lines if is_first else lines[::-1]
    (row,) = sentences(tmp_path, "\n".join(lines))
    assert token in row[0]
    assert len(row[0]) == 2


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("Ein\tDET\nHund\n", "line 2 is 'Hund'"),
        ("Ein DET\n", "line 1 is 'Ein DET'"),
        ("Ein\tDET\n#\n", "line 2 is '#'"),
        ("Ein\tDET\n\tNOUN\n", "line 2 is"),
        ("Ein\tDET\nHund\t\n", "line 2 is"),
        ("1\tEin\tDET\n", "line 1 is"),
        ("tokens\tner_tags\nEin\tO\n", "begins with a header.*'tokens'"),
        ("Word\tTag\nEin\tO\n", "begins with a header"),
    ],
)
def test_a_line_that_is_no_token_and_tag_is_named(tmp_path, content, line):
    with pytest.raises(InputError, match=line) as caught:
        sentences(tmp_path, content)
    assert str(tmp_path / "f.conll") in str(caught.value)
    assert "\n" not in str(caught.value)
