import json

import keras
import keras_hub
import numpy as np
import pytest

from stilts_keras.errors import InputError
from stilts_keras.graph.backbone import describe_backbone
from stilts_keras.models import checkpoint
from stilts_keras.models import xlm_roberta
from stilts_keras.models.multitask import MultiTask
from stilts_keras.problems.classification import ClassificationHead
from stilts_keras.problems.tagging import TokenHead

SPM = "assets/tokenizer/vocabulary.spm"


def make_model(described, tokenizer, seed):
    root = xlm_roberta.load_root(described, tokenizer=tokenizer)
    heads = {"nli": ClassificationHead(3, 8, 0.0), "tags": TokenHead(5, 8, 0.0)}
    return MultiTask(root, heads, {}, seed=seed)


@pytest.fixture(scope="module")
def described():
    return describe_backbone(
        "random",
        tokenizer="pocket",
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=16,
    )


@pytest.fixture(scope="module")
def tokenizer(described):
    return xlm_roberta.load_tokenizer(described)


@pytest.fixture(scope="module")
def model(described, tokenizer):
    model = make_model(described, tokenizer, seed=1)
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(random.standard_normal(tuple(variable.shape)))
    return model


@pytest.fixture
def stage(tmp_path, model, tokenizer):
    folder = tmp_path / "stages" / "mnli" / "0123"
    checkpoint.save_stage(
        folder, model=model, tokenizer=tokenizer, facts={"seed": 1}
    )
    return folder


def weights(model):
    return [
        keras.ops.convert_to_numpy(variable)
        for variable in model.trainable_variables
    ]


def assert_equal(ours, theirs):
    for one, other in zip(weights(ours), weights(theirs), strict=True):
        assert np.array_equal(one, other)


def test_a_stage_comes_back_as_it_was(stage, model, described, tokenizer):
    other = make_model(described, tokenizer, seed=2)
    checkpoint.load_weights(stage, other)
    assert_equal(other, model)


def test_weights_alone_come_back(tmp_path, model, described, tokenizer):
    checkpoint.save_weights(tmp_path / "best", model)
    other = make_model(described, tokenizer, seed=2)
    checkpoint.load_weights(tmp_path / "best", other)
    assert_equal(other, model)


def test_keras_hub_loads_a_stage_as_a_preset(stage, model, tokenizer):
    assert_equal(
        keras_hub.models.Backbone.from_preset(str(stage)), model.backbone
    )
    found = keras_hub.models.XLMRobertaTokenizer.from_preset(str(stage))
    assert found.proto == tokenizer.proto


def test_a_stage_can_be_the_backbone_of_another_run(stage, model):
    described = describe_backbone(str(stage))
    assert (described.num_layers, described.hidden_dim) == (1, 8)
    tokenizer = xlm_roberta.load_tokenizer(described)
    root = xlm_roberta.load_root(described, tokenizer=tokenizer)
    assert_equal(root, model.backbone)


def test_the_manifest_lists_every_file_and_the_facts(stage):
    manifest = checkpoint.check_stage(stage)
    assert manifest["seed"] == 1
    files = {
        file.relative_to(stage).as_posix()
        for file in stage.rglob("*")
        if file.is_file()
    }
    assert files == {*manifest["files"], checkpoint.MANIFEST}
    assert {checkpoint.HEADS, checkpoint.BACKBONE, SPM} <= files


@pytest.mark.parametrize(
    "name", [checkpoint.HEADS, checkpoint.BACKBONE, "config.json", SPM]
)
def test_a_flipped_byte_is_named(stage, name):
    content = bytearray((stage / name).read_bytes())
    content[len(content) // 2] ^= 1
    (stage / name).write_bytes(content)
    with pytest.raises(InputError, match="does not match") as raised:
        checkpoint.check_stage(stage)
    assert str(stage / name) in str(raised.value)
    # The whole stage is to be deleted, however deep the file lies.
    assert f"folder {str(stage)!r}" in str(raised.value)


@pytest.mark.parametrize("name", [checkpoint.HEADS, SPM])
def test_a_missing_file_is_named(stage, name):
    (stage / name).unlink()
    with pytest.raises(InputError, match="is missing") as raised:
        checkpoint.check_stage(stage)
    assert str(stage / name) in str(raised.value)
    assert f"folder {str(stage)!r}" in str(raised.value)


@pytest.mark.parametrize("content", [None, "{", "{}", "[]"])
def test_an_unreadable_manifest_is_named(stage, content):
    manifest = stage / checkpoint.MANIFEST
    manifest.unlink() if content is None else manifest.write_text(content)
    with pytest.raises(InputError, match="manifest.json' cannot be read"):
        checkpoint.check_stage(stage)


@pytest.mark.parametrize("broken", ["Heads", "_sha256", "_sync"])
def test_a_failure_leaves_no_finished_folder(
    tmp_path, model, tokenizer, monkeypatch, broken
):
    folder = tmp_path / "stages" / "0123"

    def fail(*arguments):
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, broken, fail)
        with pytest.raises(OSError, match="No space"):
            checkpoint.save_stage(
                folder, model=model, tokenizer=tokenizer, facts={}
            )
    assert not folder.exists()
    # What the failure left behind is no obstacle.
    checkpoint.save_stage(folder, model=model, tokenizer=tokenizer, facts={})
    checkpoint.check_stage(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["0123"]


def test_the_manifest_is_plain_json(stage):
    manifest = json.loads((stage / checkpoint.MANIFEST).read_text("utf-8"))
    for name, facts in manifest["files"].items():
        assert facts["num_bytes"] == (stage / name).stat().st_size
