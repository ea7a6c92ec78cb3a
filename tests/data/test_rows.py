"""What real rows hold: empty texts, nulls, numbers; in every task's columns."""

import dataclasses

import pytest

from rows import GOOD
from rows import row_with
from stilts_keras.data import rows as row_reading
from stilts_keras.data.rows import Reading
from stilts_keras.data.rows import RowReader
from stilts_keras.errors import InputError
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import columns
from stilts_keras.tasks.example import GoldPair
from stilts_keras.tasks.example import Search
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.wikipedia_pairs import Entity

COLUMNS = [(name, x) for name, task in TASKS.items() for x in task.columns]
LISTS = (columns.Words, columns.Texts, columns.Labels, columns.Answers)


def kind(name, column):
    return TASKS[name].columns[column]


def of_kinds(*kinds):
    """Every column of every task that is of one of some kinds."""
    return [pair for pair in COLUMNS if isinstance(kind(*pair), kinds)]


def read(name, row, is_evaluated=False):
    reader = RowReader(
        TASKS[name], row, where=f"{name} (de)", is_evaluated=is_evaluated
    )
    return reader.read(7, row)


def check_refused(name, row, *parts, is_evaluated):
    with pytest.raises(InputError) as caught:
        read(name, row, is_evaluated)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{name} (de), ")
    for part in ("row 7", *parts):
        assert part in message, message


@pytest.mark.parametrize("is_evaluated", [False, True])
@pytest.mark.parametrize("name", TASKS)
def test_a_good_row_has_no_fault(name, is_evaluated):
    found = read(name, GOOD[name], is_evaluated)
    assert found.item is not None
    assert (found.fault, found.empty) == (None, None)


# ------------------------------------------------------------- Empty texts
def emptied(value, blank):
    """A value of the same type, all of whose texts are blank."""
    if isinstance(value, list):
        return [emptied(item, blank) for item in value]
    if isinstance(value, dict):
        return value | {"text": emptied(value["text"], blank)}
    return blank


@pytest.mark.parametrize("blank", ["", "  \n\t", "\u3000"])
@pytest.mark.parametrize(
    ("name", "column"), of_kinds(columns.Text, columns.Words, columns.Texts)
)
def test_an_empty_text_is_not_learnt_from_but_is_evaluated(name, column, blank):
    whole = row_with(name, column)
    row = whole | {column: emptied(whole[column], blank)}
    learnt = read(name, row)
    if getattr(kind(name, column), "may_be_empty", False):
        assert learnt.item and not learnt.fault
        assert read(name, row, is_evaluated=True) == learnt
        return
    assert learnt == Reading(None, fault=f"empty {column}")
    if "answers" in row and column == "context":
        row["answers"] = {"text": [], "answer_start": []}
    if "answers" in row and column == "context" and name != "squad_v2":
        # No answer is in it.
        check_refused(name, row, "no answers", is_evaluated=True)
        return
    evaluated = read(name, row, is_evaluated=True)
    assert evaluated.item is not None
    assert evaluated.empty == f"empty {column}"


def test_one_blank_choice_is_an_empty_text():
    row = GOOD["hellaswag"] | {"endings": ["stops.", " ", "wins.", "eats."]}
    assert read("hellaswag", row).fault == "empty endings"
    choices = {"label": [*"ABCDE"], "text": ["v", "w", "", "y", "z"]}
    row = GOOD["commonsenseqa"] | {"choices": choices}
    assert read("commonsenseqa", row).fault == "empty choices"


@pytest.mark.parametrize("is_evaluated", [False, True])
@pytest.mark.parametrize("name", ["ccg", "panx", "udpos"])
def test_one_blank_word_is_a_word_as_in_xtreme(name, is_evaluated):
    found = read(name, GOOD[name] | {"tokens": ["", "dog"]}, is_evaluated)
    assert found.item.words == ("", "dog")
    assert (found.fault, found.empty) == (None, None)


# ------------------------------------------------------------------- Nulls
NULLS = [None, float("nan")]


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_a_null_changes_no_row_in_silence(name, column, null):
    row = row_with(name, column) | {column: null}
    is_label = isinstance(kind(name, column), columns.Label)
    fault = "no label" if is_label else f"null in {column}"
    if (name, column) == ("snli", "label"):
        # The data set's own documentation leaves these out.
        assert read(name, row) == read(name, row, True) == Reading(None)
        return
    if (name, column) == ("mewslix", "entity_id"):
        # It hides the entity: predicted, not scored. `mentions` has its own.
        flat = {key: row[key] for key in ("example_id", "mention", column)}
        check_refused(name, flat, "no answers", is_evaluated=True)
        return
    assert read(name, row) == Reading(None, fault=fault)
    check_refused(name, row, fault, is_evaluated=True)


def with_null(value):
    """Lists with a null in place of their last item, one for each list."""
    if isinstance(value, list):
        yield [*value[:-1], None]
        return
    for key in value:
        for changed in with_null(value[key]):
            yield value | {key: changed}


@pytest.mark.parametrize(("name", "column"), of_kinds(*LISTS))
def test_a_null_in_a_list_changes_no_row_in_silence(name, column):
    whole = row_with(name, column)
    for value in with_null(whole[column]):
        row = whole | {column: value}
        found = read(name, row)
        assert found.item is None and found.fault.startswith("null in")
        assert column in found.fault
        check_refused(name, row, found.fault, is_evaluated=True)


def test_every_pair_has_its_second_text():
    for name, task in TASKS.items():
        item = read(name, GOOD[name]).item
        is_single = name in ("sib200", "sib_fleurs_text", "minds14_text")
        if isinstance(item, TextPair) and not is_single:
            assert item.second is not None, task.name


# ------------------------------------------------------------- Other types
def wrong_types(column_kind):
    if isinstance(column_kind, columns.Text | Entity):
        return [7, 7.5, True, ["a"], {"a": 1}]
    if isinstance(column_kind, columns.Id):
        return [7.5, True, ["a"], "a\tb", "a\nb"]
    if isinstance(column_kind, columns.Label):
        return [7.5, True, ["a"]]
    return [7, True, "a b", [7.5], [["a"]], {"a": ["b"]}]


@pytest.mark.parametrize("is_evaluated", [False, True])
@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_another_type_is_named_with_its_column(name, column, is_evaluated):
    for value in wrong_types(kind(name, column)):
        row = row_with(name, column) | {column: value}
        check_refused(name, row, column, is_evaluated=is_evaluated)


@pytest.mark.parametrize(("name", "column"), of_kinds(columns.Id))
@pytest.mark.parametrize(("value", "text"), [(7, "7"), (7.0, "7"), ("7", "7")])
def test_ids_are_text(name, column, value, text):
    row = row_with(name, column) | {column: value}
    if "mention" in row:
        # Of articles, ids stand in the mentions; these are of marked texts.
        row = {key: row[key] for key in row if key != "mentions"}
        row.pop("contextual_mention", None)
    item = read(name, row, True).item
    if isinstance(item, Search):
        (query,) = item.queries
        assert text in (query.id, *query.answers)
        return
    field = column if isinstance(item, GoldPair) else "id"
    assert getattr(item, field) == text


def test_answers_may_be_objects_and_offsets_floats_or_text():
    for start in (7, 7.0, "7"):
        for answers in (
            [{"text": "Ann", "answer_start": start}],
            {"text": ["Ann"], "answer_start": [start]},
        ):
            item = read("squad", GOOD["squad"] | {"answers": answers}).item
            assert item.answers == (("Ann", 7),)
    pairs = zip("ABCDE", "vwxyz", strict=True)
    choices = [{"label": name, "text": text} for name, text in pairs]
    row = GOOD["commonsenseqa"] | {"choices": choices}
    assert read("commonsenseqa", row) == read(
        "commonsenseqa", GOOD["commonsenseqa"]
    )


# ----------------------------------------------------- Labels as numbers
# Each task's labels in the order in which its data set numbers them.
NUMBERED = {
    **dict.fromkeys(
        ("anli", "mnli", "noisy_xnli", "snli", "xnli"),
        ("label", "entailment neutral contradiction"),
    ),
    "qqp": ("label", "not_duplicate duplicate"),
    **dict.fromkeys(("copa", "xcopa"), ("label", "choice1 choice2")),
    "commonsenseqa": ("answerKey", "A B C D E"),
    "sib200": (
        "category",
        "entertainment geography health politics science/technology sports "
        "travel",
    ),
    **dict.fromkeys(
        ("sib_fleurs", "sib_fleurs_text", "sib_fleurs_recognised"),
        (
            "category",
            "science/technology travel politics sports health entertainment "
            "geography",
        ),
    ),
    **dict.fromkeys(
        ("minds14", "minds14_text"),
        (
            "intent_class",
            "abroad address app_error atm_limit balance business_loan "
            "card_issues cash_deposit direct_debit freeze high_value_payment "
            "joint_account latest_transactions pay_bill",
        ),
    ),
}
# Where the names are numbers, these are no places.
NUMBER_NAMES = {
    "pawsx": "0 1",
    "hellaswag": "0 1 2 3",
    "cosmosqa": "0 1 2 3",
    "siqa": "1 2 3",
}
TAGS = {
    **dict.fromkeys(
        ("noisy_panx", "panx"),
        ("ner_tags", "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC"),
    ),
    "udpos": (
        "pos_tags",
        "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ "
        "SYM VERB X",
    ),
}


def as_written(number):
    return [number, float(number), str(number), f"{number}.0"]


def test_the_labels_of_every_task_are_told_here():
    told = NUMBERED | NUMBER_NAMES | TAGS
    of = {x for x, _ in of_kinds(columns.Label, columns.Labels)}
    # The categories of CCG are those that the rows name.
    assert told.keys() == of - {"ccg"}


@pytest.mark.parametrize("name", NUMBERED)
def test_a_label_may_be_its_number(name):
    column, names = NUMBERED[name]
    for place, label in enumerate(names.split()):
        expected = read(name, GOOD[name] | {column: label}).item.label
        # Of choices, the number.
        assert expected in (label, place)
        for number in as_written(place):
            found = read(name, GOOD[name] | {column: number}).item
            assert found.label == expected
    for number in as_written(len(names.split())):
        check_refused(
            name,
            GOOD[name] | {column: number},
            f"the {column} {number!r}",
            ", ".join(names.split()),
            f"0 to {len(names.split()) - 1}",
            is_evaluated=False,
        )


@pytest.mark.parametrize("name", NUMBER_NAMES)
def test_a_number_that_is_a_name_is_no_place(name):
    names = NUMBER_NAMES[name].split()
    for place, label in enumerate(names):
        for number in as_written(int(label)):
            found = read(name, GOOD[name] | {"label": number}).item.label
            assert found == (label if name == "pawsx" else place)
    for number in {-2, 0, int(names[-1]) + 1} - set(map(int, names)):
        for written in as_written(number):
            row = GOOD[name] | {"label": written}
            shown = ", ".join(names)
            check_refused(name, row, shown, is_evaluated=True)


@pytest.mark.parametrize("name", NUMBERED | NUMBER_NAMES)
@pytest.mark.parametrize("hidden", [-1, -1.0, "-1", "", " "])
def test_a_hidden_label_is_none(name, hidden):
    column = NUMBERED.get(name, ("label",))[0]
    row = GOOD[name] | {column: hidden}
    if name == "snli":
        assert read(name, row) == Reading(None)
        return
    assert read(name, row) == Reading(None, fault="no label")
    check_refused(name, row, "no label", is_evaluated=True)


@pytest.mark.parametrize("name", TAGS)
def test_tags_may_be_their_numbers(name):
    column, names = TAGS[name]
    names = names.split()
    words = [f"w{number}" for number in range(len(names))]
    for write in (int, float, str):
        numbers = [write(number) for number in range(len(names))]
        item = read(name, {"tokens": words, column: numbers}).item
        assert list(item.tags) == names
    row = {"tokens": ["a", "b"], column: [0, len(names)]}
    check_refused(name, row, str(len(names)), names[-1], is_evaluated=True)
    row = {"tokens": ["a", "b"], column: [0, -1]}
    assert read(name, row) == Reading(None, fault=f"null in {column}")


def test_categories_of_ccg_are_whatever_the_rows_name():
    row = {"tokens": ["a", "b"], "tags": [7, "N"]}
    assert read("ccg", row).item.tags == ("7", "N")


# --------------------------------------------------------------- Messages
def test_faults_are_told_by_reason_with_their_rows():
    faults = {362225: "empty question2", 310121: "empty question2"}
    text = row_reading.left_out_text("qqp (en, train)", faults, 363846)
    assert text == (
        "qqp (en, train): 2 of 363,846 rows left out: empty question2, rows "
        "310121 and 362225"
    )
    faults = dict.fromkeys(range(8), "null in tags") | {9: "empty tokens"}
    text = row_reading.left_out_text("ccg (en, train)", faults, 1000)
    assert text.endswith(
        "null in tags, rows 0, 1, 2, 3, 4 and 3 more; empty tokens, row 9"
    )
    text = row_reading.empty_text("xnli (de, test)", {3: "empty premise"}, 5010)
    assert text == (
        "xnli (de, test): 1 of 5,010 rows are evaluated with an empty text, "
        "as in the reference: empty premise, row 3"
    )


def test_a_task_of_no_known_columns_is_read_by_its_own_function():
    def to_example(row):
        return TextPair(first=row["a"]["b"], label="neutral")

    task = dataclasses.replace(TASKS["xnli"], columns={}, to_example=to_example)
    reader = RowReader(task, {}, where="xnli", is_evaluated=True)
    assert reader.read(0, {"a": {"b": "x"}}).item.second is None
    for row in ({}, {"a": None}, {"a": []}):
        with pytest.raises(InputError, match="row 3 cannot be read"):
            reader.read(3, row)


@pytest.mark.parametrize(
    ("to_example", "piece"),
    [
        (lambda row: ("a", "b"), "Expected an Example"),
        (lambda row: 1 / 0, "division by zero"),
    ],
)
def test_an_own_function_that_fails_is_named_with_its_row(to_example, piece):
    task = dataclasses.replace(TASKS["xnli"], to_example=to_example)
    reader = RowReader(task, GOOD["xnli"], where="mine", is_evaluated=True)
    with pytest.raises(InputError, match=f"row 3 cannot be read.*{piece}"):
        reader.read(3, GOOD["xnli"])


@pytest.mark.parametrize("value", [None, -1, "-1", -1.0, "", " "])
def test_whatever_hides_a_label_hides_all_of_a_split(value):
    import datasets

    rows = [GOOD["xnli"] | {"label": value}] * 2
    found = datasets.Dataset.from_list(rows)
    assert row_reading.is_gold_hidden(TASKS["xnli"], found)
    some = datasets.Dataset.from_list(
        [rows[0], GOOD["xnli"] | {"label": type(value or "")(1)}]
    )
    assert not row_reading.is_gold_hidden(TASKS["xnli"], some)
