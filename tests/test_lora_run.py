"""Full and LoRA stages in one graph, end to end, on torch: lora_run.py."""

import json
import pathlib

import pytest

from backends import run_on

SCRIPT = pathlib.Path(__file__).with_name("lora_run.py")
FACTORS = "lora.safetensors"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lora")
    return json.loads(str(run_on("torch", SCRIPT, folder)["found"]))


@pytest.mark.parametrize(
    ("path", "base", "ranks"),
    [
        ("squad/mnli", "squad", [2]),
        ("squad/udpos/mnli", "squad", [2, 2]),
        ("udpos/squad/mnli", "udpos/squad", [2]),
        ("udpos", None, [2]),
    ],
)
def test_a_folder_of_factors_names_its_nearest_full_ancestor(
    found, path, base, ranks
):
    stage = found["stages"][path]
    assert stage["lora"]["rank"] == stage["lora"]["alpha"] == 2
    assert stage["lora"]["ranks"] == ranks
    assert FACTORS in stage["files"]
    assert "model.weights.h5" not in stage["files"]
    told = stage["lora"]["base"]
    assert ("stage" in told) == (base is not None)
    if base:
        full = found["stages"][base]
        assert told["fingerprint"] == full["fingerprint"]
        assert full["lora"] is None and "model.weights.h5" in full["files"]


def test_what_training_left_is_what_is_evaluated_later(found):
    assert len(found["first"]) == 3
    assert found["again"] == found["first"]


def test_a_folder_alone_predicts_what_the_run_did(found):
    (ours,) = [
        predictions
        for route, (predictions, _) in found["first"].items()
        if route.startswith("squad") and "udpos" in route
    ]
    assert found["predicted"][: len(ours)] == ours


def test_an_export_holds_merged_weights(found):
    assert found["apart"] < 1e-5
    assert "lora_rank 2" in found["card"]


def test_a_lora_folder_is_a_backbone(found):
    stage, fingerprint = found["other"]
    # The folder is the base, whatever it is itself added to.
    assert stage["lora"]["ranks"] == [2]
    assert stage["lora"]["base"]["fingerprint"] == fingerprint


def test_a_lora_stage_replays_a_full_one_with_its_head(found):
    replay = found["replay"]
    assert replay["lora"]["ranks"] == [2]
    assert all(replay["seen"].values()) and len(replay["seen"]) == 2
    # It goes on from the head that it had, at a rate of 0.02.
    assert 0 < replay["moved"] < 0.3
    assert replay["is_same_later"]


def test_pruning_keeps_what_kept_factors_are_added_to(found):
    # No target was evaluated on the bases; the LoRA stages between may go.
    assert sorted(found["kept"]) == [
        "squad",
        "squad/mnli",
        "squad/udpos/mnli",
        "udpos/squad",
        "udpos/squad/mnli",
    ]
