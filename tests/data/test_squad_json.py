"""SQuAD's nested JSON says the same as the Hub's columns, or is refused."""

import copy
import json

import pytest

from stilts_keras.data import sources
from stilts_keras.data import squad_json
from stilts_keras.errors import InputError
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import SQUAD_V2

CONTENT = {
    "data": [
        {
            "title": "Ann",
            "paragraphs": [
                {
                    "context": "It was Ann.",
                    "qas": [
                        {
                            "id": 7,
                            "question": "Who?",
                            "answers": [{"text": "Ann", "answer_start": 7}],
                            "is_impossible": False,
                        },
                        {
                            "id": "8",
                            "question": "Why?",
                            "answers": [],
                            "plausible_answers": [
                                {"text": "It", "answer_start": 0}
                            ],
                            "is_impossible": True,
                        },
                    ],
                }
            ],
        }
    ]
}


def write(folder, content, name="rajpurkar/squad_v2/squad_v2/train.json"):
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(content), "utf-8")
    return file


def test_nested_json_gives_the_hubs_columns(tmp_path):
    write(tmp_path, CONTENT)
    rows = sources.open_data(str(tmp_path)).load(SQUAD_V2, "en", "train")
    assert rows.features == squad_json.features()
    shared = {"title": "Ann", "context": "It was Ann."}
    assert rows.to_list() == [
        {
            **shared,
            "id": "7",
            "question": "Who?",
            "answers": {"text": ["Ann"], "answer_start": [7]},
        },
        {
            **shared,
            "id": "8",
            "question": "Why?",
            "answers": {"text": [], "answer_start": []},
        },
    ]


def test_a_byte_order_mark_and_white_space_change_nothing(tmp_path):
    file = write(tmp_path, CONTENT)
    plain = list(squad_json.rows_of(file))
    text = json.dumps(CONTENT, indent=4, ensure_ascii=False)
    file.write_text(f"\ufeff\n{text}\n", "utf-8")
    assert list(squad_json.rows_of(file)) == plain


def path_of(*steps):
    """The dict that some steps lead to, and the whole, both copied."""
    content = copy.deepcopy(CONTENT)
    item = content
    for step in steps:
        item = item[step]
    return content, item


PARAGRAPH = ("data", 0, "paragraphs", 0)


@pytest.mark.parametrize(
    ("steps", "name", "message"),
    [
        (("data", 0), "paragraphs", r"data\[0\] has no list 'paragraphs'"),
        (PARAGRAPH, "qas", r"data\[0\]\.paragraphs\[0\] has no list 'qas'"),
        (PARAGRAPH, "context", r"paragraphs\[0\]\.qas\[0\] has no 'context'"),
        ((*PARAGRAPH, "qas", 1), "id", r"qas\[1\] has no 'id'"),
        ((*PARAGRAPH, "qas", 1), "question", r"qas\[1\] has no 'question'"),
    ],
)
def test_what_is_missing_is_named_by_its_place(tmp_path, steps, name, message):
    content, item = path_of(*steps)
    del item[name]
    file = write(tmp_path, content)
    data = sources.open_data(str(tmp_path))
    with pytest.raises(InputError, match=message) as caught:
        data.load(SQUAD_V2, "en", "train")
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_impossible_question_with_an_answer_is_refused(tmp_path):
    content, question = path_of(*PARAGRAPH, "qas", 0)
    question["is_impossible"] = True
    write(tmp_path, content)
    with pytest.raises(InputError, match=r"qas\[0\] is impossible and has"):
        sources.open_data(str(tmp_path)).load(SQUAD_V2, "en", "train")


@pytest.mark.parametrize("is_nested", [True, False])
def test_an_answer_that_is_no_object_is_named(tmp_path, is_nested):
    content, question = path_of(*PARAGRAPH, "qas", 0)
    question["answers"] = ["Ann"]
    row = question | {"context": "It was Ann."}
    place = "rajpurkar/squad/plain_text/train.json"
    file = write(tmp_path, content if is_nested else [row], place)
    with pytest.raises(InputError, match="an answer is 'Ann'") as caught:
        sources.open_data(str(tmp_path)).load(SQUAD, "en", "train")
    assert str(file) in str(caught.value)


def test_a_file_without_questions_has_no_rows(tmp_path):
    write(tmp_path, {"data": []})
    with pytest.raises(InputError, match="no rows"):
        sources.open_data(str(tmp_path)).load(SQUAD_V2, "en", "train")
