"""All rows of a graph are read before any training; bad ones are said once."""

import pytest

import fakes
from rows import GOOD
from rows import file_of
from rows import write_jsonl
from stilts_keras.errors import InputError
from stilts_keras.steps.inputs import Inputs
from stilts_keras.tasks import TASKS

NUM_ROWS = 200


def write(folder, name, language, split, changes):
    """Writes good rows, but for some: `changes` by row number."""
    column = next(iter(TASKS[name].columns))
    rows = [GOOD[name] | {column: f"Text {n}."} for n in range(NUM_ROWS)]
    for number, change in changes.items():
        rows[number] |= change
    write_jsonl(folder, file_of(TASKS[name], language, split), rows)


@pytest.fixture
def folder(tmp_path):
    """Rows to learn from and to evaluate, some of them bad."""
    write(tmp_path, "mnli", "en", "train", {41: {"hypothesis": None}})
    write(tmp_path, "mnli", "en", "dev", {5: {"premise": " "}})
    write(tmp_path, "qqp", "en", "train", {7: {"question2": ""}})
    write(tmp_path, "qqp", "en", "dev", {})
    write(tmp_path, "xnli", "en", "test", {})
    write(tmp_path, "xnli", "de", "test", {3: {"hypothesis": ""}})
    return tmp_path


TRAIN = "mnli (en, train): 1 of 200 rows left out: null in hypothesis, row 41"
DEV = "mnli (en, dev): 1 of 200 rows left out: empty premise, row 5"
QQP = "qqp (en, train): 1 of 200 rows left out: empty question2, row 7"
TEST = (
    "xnli (de, test): 1 of 200 rows are evaluated with an empty text, as in "
    "the reference: empty hypothesis, row 3"
)


def inputs_of(folder, tokenizer, **changes):
    graph = fakes.graph(
        routes=["pretrained", "mnli", "qqp/mnli"],
        targets=["xnli"],
        languages=["en", "de"],
        data=str(folder),
        recipe={"max_length": 32},
    )
    return graph, Inputs(graph.data, tokenizer, **changes)


def test_bad_rows_are_said_once_however_many_stages_read_them(
    folder, pocket_tokenizer
):
    graph, inputs = inputs_of(folder, pocket_tokenizer)
    inputs.prepare(graph.stages, graph.cells)
    assert sorted(inputs.notes()) == sorted([TRAIN, DEV, QQP, TEST])
    found = {stage.path: inputs.left_out(stage) for stage in graph.stages}
    # A target's stage learns from its training task.
    assert found == {
        "mnli": [TRAIN, DEV],
        "mnli/mnli": [TRAIN, DEV],
        "qqp": [QQP],
        "qqp/mnli": [TRAIN, DEV],
        "qqp/mnli/mnli": [TRAIN, DEV],
    }


def test_a_stage_without_evaluations_reads_no_dev_rows(
    folder, pocket_tokenizer
):
    graph = fakes.graph(
        routes=["mnli"],
        targets=["tatoeba"],
        data=f"{folder},pocket",
        languages=["de"],
        recipe={"max_length": 32, "eval_every_steps": 0},
    )
    inputs = Inputs(graph.data, pocket_tokenizer)
    inputs.prepare(graph.stages, graph.cells)
    assert [inputs.left_out(stage) for stage in graph.stages] == [[TRAIN]]


def test_bad_rows_error_refuses_rows_that_are_learnt_from(
    folder, pocket_tokenizer
):
    graph, inputs = inputs_of(folder, pocket_tokenizer, bad_rows="error")
    with pytest.raises(InputError, match="row 41 has null in hypothesis"):
        inputs.prepare(graph.stages, graph.cells)
    # Of evaluated rows none is left out: scores are the benchmark's.
    inputs.prepare((), graph.cells)
    assert inputs.notes() == [TEST]


def test_a_null_in_an_evaluated_row_is_found_before_training(
    folder, pocket_tokenizer
):
    write(folder, "xnli", "de", "test", {3: {"hypothesis": None}})
    graph, inputs = inputs_of(folder, pocket_tokenizer)
    with pytest.raises(InputError) as caught:
        inputs.prepare(graph.stages, graph.cells)
    for part in ("facebook/xnli/de/test.jsonl", "row 3", "hypothesis"):
        assert part in str(caught.value)


@pytest.mark.parametrize("eval_on_dev", [["xnli"], []])
def test_dev_rows_that_are_evaluated_are_all_there(
    folder, pocket_tokenizer, eval_on_dev
):
    write(folder, "xnli", "de", "dev", {3: {"hypothesis": ""}})
    graph = fakes.graph(
        routes=["pretrained"],
        targets=["xnli"],
        languages=["de"],
        data=str(folder),
        eval_on_dev=eval_on_dev,
        recipe={"max_length": 32},
    )
    inputs = Inputs(graph.data, pocket_tokenizer)
    inputs.prepare((), graph.cells)
    (cell,) = graph.cells
    split = inputs.test(cell, "de")
    assert len(split.features) == NUM_ROWS
    name = "dev" if eval_on_dev else "test"
    assert inputs.notes() == [TEST.replace("test", name)]


@pytest.mark.parametrize("num_german", [NUM_ROWS, NUM_ROWS - 1])
def test_counts_of_unequal_text_files_of_translations_are_refused(
    folder, pocket_tokenizer, num_german
):
    """Which rows translate each other is told by their numbers alone."""
    write(folder, "xnli", "en", "train", {})
    write(folder, "xnli", "de", "train", {})
    german = folder / "facebook/xnli/de/train.jsonl"
    lines = german.read_text("utf-8").splitlines(keepends=True)
    german.write_text("".join(lines[:num_german]), "utf-8")
    graph = fakes.graph(
        routes=["xnli@en:20", "xnli@de:20"],
        targets=["tatoeba"],
        languages=["de"],
        data=f"{folder},pocket",
        recipe={"max_length": 32, "eval_every_steps": 0},
    )
    inputs = Inputs(graph.data, pocket_tokenizer)
    if num_german == NUM_ROWS:
        inputs.prepare(graph.stages, ())
        return
    with pytest.raises(InputError, match="199 rows and .*en/train.jsonl 200"):
        inputs.prepare(graph.stages, ())
