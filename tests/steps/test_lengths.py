"""Rows are packed by the lengths that their backbone has room for."""

import pytest

from stilts_keras import backend
from stilts_keras.backbones import loading
from stilts_keras.backbones.description import POCKET_FOLDER
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.graph.graph import Graph
from stilts_keras.steps.inputs import Inputs
from stilts_keras.steps.lengths import eval_rows
from stilts_keras.tasks import TASKS

POCKET = describe_backbone("pocket")
NUM_POSITIONS = POCKET.max_sequence_length
DATA = open_data("pocket")
HELD = {
    split: [
        task
        for task in TASKS.values()
        if task.reads == POCKET.reads and DATA.languages(task, split)
    ]
    for split in ("train", "test")
}


def graph(routes, targets, **changes):
    values = {
        "data": DATA,
        "backbone": POCKET,
        "train_limit": 16,
        "eval_limit": 8,
    }
    return Graph(routes=routes, targets=targets, **values | changes)


def prepared(made, num_positions=NUM_POSITIONS):
    tokenizer = loading.load_tokenizer(loading.fetch(made.backbone))
    inputs = Inputs(made.data, tokenizer, num_positions=num_positions)
    inputs.prepare(made.stages, made.cells)
    return inputs


@pytest.mark.parametrize("task", HELD["train"], ids=lambda task: task.name)
def test_every_pocket_source_trains_on_the_pocket_backbone(task):
    made = graph([f"{task.name}@{task.language}"], ["xnli"], languages=["de"])
    stage = made.stages[0]
    assert task.recipe.max_length >= stage.recipe.max_length == NUM_POSITIONS
    split = prepared(made).train(stage, 0)
    assert split.max_length == NUM_POSITIONS
    assert 0 < split.lengths.max() <= NUM_POSITIONS


@pytest.mark.parametrize(
    "task",
    [task for task in HELD["test"] if task.is_target],
    ids=lambda task: task.name,
)
def test_every_pocket_target_is_evaluated_on_the_pocket_backbone(task):
    language = DATA.languages(task, "test")[0]
    made = graph(["pretrained"], [task.name], languages=[language])
    split = prepared(made).test(made.cells[0], language)
    assert split.max_length == NUM_POSITIONS
    assert 0 < split.lengths.max() <= NUM_POSITIONS


@pytest.fixture
def unopened(monkeypatch):
    """The pocket backbone as one of the Hub: nothing is known of it yet."""
    monkeypatch.setattr(
        loading, "download", lambda repository, patterns: str(POCKET_FOLDER)
    )
    return describe_backbone("hf://stilts/pocket")


def test_positions_of_an_unopened_backbone_are_asked_for(unopened):
    num_positions = loading.fetch(unopened).max_sequence_length
    assert num_positions == NUM_POSITIONS
    made = graph(["mnli"], ["xnli"], languages=["de"], backbone=unopened)
    assert made.stages[0].recipe.max_length == 256
    inputs = prepared(made, num_positions)
    assert inputs.train(made.stages[0], 0).max_length == NUM_POSITIONS
    assert inputs.test(made.cells[0], "de").max_length == NUM_POSITIONS


def test_a_length_above_an_unopened_backbone_is_refused_before_training(
    unopened, tmp_path
):
    from stilts_keras import experiment

    made = graph(
        ["mnli"], ["xnli"], backbone=unopened, recipe={"max_length": 65}
    )
    with pytest.raises(InputError, match="--max_length=65 is above the 64"):
        experiment.run(made, run_dir=tmp_path / "run")
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_run_says_that_a_length_was_lowered_and_keeps_the_one_used(
    unopened, tmp_path, capsys
):
    from stilts_keras import experiment
    from stilts_keras import files

    made = graph(
        ["pretrained"],
        ["xnli"],
        languages=["de"],
        backbone=unopened,
        recipe={"epochs": 1, "dev_limit": 8},
    )
    experiment.run(made, run_dir=tmp_path / "run")
    said = " ".join(capsys.readouterr().out.split())
    assert "max_length 64: the published 256 of mnli, xnli is above" in said
    (file,) = (tmp_path / "run/stages").rglob(files.MANIFEST)
    facts = files.read_sealed(file)
    assert facts["recipe"]["max_length"] == NUM_POSITIONS
    assert facts["sources"][0]["max_length"] == NUM_POSITIONS


def test_an_evaluated_batch_gives_each_device_as_many_rows(monkeypatch):
    assert eval_rows(9, 24)(24) == 9
    monkeypatch.setattr(backend, "rows_multiple", lambda: 4)
    assert eval_rows(9, 24)(24) == 12
