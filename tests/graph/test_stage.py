import dataclasses

import pytest

from stilts_keras.backbones.description import Backbone
from stilts_keras.graph.route import Source
from stilts_keras.graph.stage import make_stage
from stilts_keras.graph.stage import with_overrides
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.task import Recipe

BACKBONE = Backbone(name="tiny", kind="random", fingerprint="0" * 16)


def stage(**changes):
    values = {
        "parent": None,
        "backbone": BACKBONE,
        "sources": (Source(TASKS["mnli"], "en"),),
        "recipe": Recipe(epochs=2, batch_size=32),
        "max_lengths": (256,),
        "seed": 1,
        "num_examples": (100,),
        "data_fingerprints": ("rows",),
    }
    return make_stage(**values | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2},
        {"max_lengths": (128,)},
        {"data_fingerprints": ("other rows",)},
        {"recipe": Recipe(epochs=3)},
        {"recipe": Recipe(epochs=2, dtype_policy="mixed_bfloat16")},
        {"recipe": Recipe(epochs=2, batch_size=32, early_stopping=30)},
        {"sources": (Source(TASKS["mnli"], "en", 50),)},
        {"sources": (Source(TASKS["xnli"], "de"),)},
        {"more_steps": 3},
        {"parent": stage()},
        {"backbone": dataclasses.replace(BACKBONE, fingerprint="1" * 16)},
    ],
)
def test_whatever_changes_weights_changes_the_fingerprint(changes):
    assert stage(**changes) != stage()


def test_the_number_of_rows_is_no_part_of_the_identity():
    # It may be unknown until the download.
    assert stage(num_examples=(None,)) == stage()
    assert len({stage(num_examples=(None,)), stage()}) == 1


def test_two_epochs_are_the_same_as_two_point_nought():
    assert stage(recipe=Recipe(epochs=2.0, batch_size=32)) == stage()
    assert str(with_overrides(Recipe(), {"epochs": 2}).epochs) == "2.0"


def test_a_new_task_version_is_another_stage(monkeypatch):
    before = stage().fingerprint
    task = dataclasses.replace(TASKS["mnli"], version=99)
    monkeypatch.setitem(TASKS, "mnli", task)
    assert stage().fingerprint != before


def test_fingerprint_is_the_same_in_every_process():
    # Changes when the identity's form does: old run folders then retrain.
    assert stage().fingerprint == "f71b3f0f6ea8d056"


def test_chain_depth_and_path_run_from_the_first_stage():
    first = stage()
    both = (
        Source(TASKS["squad"], "en", 20_000),
        Source(TASKS["hellaswag"], "en"),
    )
    second = stage(
        parent=first,
        sources=both,
        max_lengths=(384, 256),
        num_examples=(20_000, None),
        data_fingerprints=("a", "b"),
    )
    assert second.chain == [first, second]
    assert (first.depth, second.depth) == (1, 2)
    assert second.path == "mnli/squad:20k+hellaswag"


@pytest.mark.parametrize(
    ("num_examples", "steps"), [((100,), 7), ((96,), 6), ((None,), None)]
)
def test_steps_round_up_to_whole_batches(num_examples, steps):
    assert stage(num_examples=num_examples).num_steps == steps
