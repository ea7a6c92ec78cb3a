import keras
import keras_hub
import numpy as np
import pytest

from encoders import describe_tiny
from encoders import tiny_encoder
from stilts_keras import files
from stilts_keras.backbones import description
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_stage
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.errors import InputError
from stilts_keras.problems.classification import ClassificationHead
from stilts_keras.problems.tagging import TokenHead
from stilts_keras.steps import checkpoint
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.tasks.task import Recipe

SPM = "assets/tokenizer/vocabulary.spm"


def make_model(seed, encoder=None):
    encoder = encoder or tiny_encoder(num_layers=1)
    heads = {
        "nli": ClassificationHead(3, encoder),
        "tags": TokenHead(5, encoder),
    }
    return MultiTask(encoder, heads, seed=seed)


@pytest.fixture(scope="module")
def model():
    model = make_model(seed=1)
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(random.standard_normal(tuple(variable.shape)))
    return model


@pytest.fixture
def stage(tmp_path, model):
    folder = tmp_path / "stages" / "mnli" / "0123"
    checkpoint.save_stage(folder, model=model, facts={"seed": 1})
    return folder


def weights(model):
    return [
        keras.ops.convert_to_numpy(variable)
        for variable in model.trainable_variables
    ]


def assert_equal(ours, theirs):
    for one, other in zip(weights(ours), weights(theirs), strict=True):
        assert np.array_equal(one, other)


def test_a_stage_comes_back_as_it_was(stage, model):
    encoder = load_stage(
        stage,
        backbone=describe_tiny(num_layers=1),
        tokenizer=model.encoder.tokenizer,
    )
    other = make_model(2, encoder)
    checkpoint.load_heads(stage, other.heads)
    assert_equal(other, model)


def compiled(seed):
    made = make_model(seed)
    recipe = Recipe(learning_rate=0.01)
    optimizer = make_optimizer(recipe, 9, made.trainable_variables)
    made.compile(optimizer=optimizer)
    return made


STATE = {"step": 3, "is_evaluated": False, "best_step": None}


def test_progress_comes_back_with_optimizer_and_dropout(tmp_path):
    progress = checkpoint.TrainingProgress(tmp_path / "progress", None)
    assert progress.load(compiled(1)) is None
    saved = compiled(seed=1)
    random = np.random.default_rng(0)
    variables = [*saved.variables, *saved.optimizer.variables]
    for variable in variables:
        values = random.integers(1, 99, tuple(variable.shape))
        variable.assign(values.astype(variable.dtype))
    assert any("seed" in variable.path for variable in variables)
    progress.save(saved, STATE)
    other = compiled(seed=2)
    assert progress.load(other) == STATE
    for ours, theirs in zip(
        [*other.variables, *other.optimizer.variables], variables, strict=True
    ):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs)
        )


def test_progress_of_another_backend_is_refused(tmp_path, monkeypatch):
    progress = checkpoint.TrainingProgress(tmp_path / "progress", None)
    trained = compiled(seed=1)
    with monkeypatch.context() as patched:
        patched.setattr(keras.backend, "backend", lambda: "other")
        progress.save(trained, STATE)
    with pytest.raises(InputError, match="--keras_backend=other"):
        progress.load(trained)


def test_progress_keeps_the_newest_state_and_the_best_weights(tmp_path):
    progress = checkpoint.TrainingProgress(tmp_path / "progress", None)
    trained = compiled(seed=1)
    for step, best in ((3, 3), (6, 3), (9, 3)):
        state = {"step": step, "is_evaluated": True, "best_step": best}
        progress.save(trained, state)
    kept = {
        path.name: {file.name for file in path.iterdir()}
        for path in progress.folder.iterdir()
    }
    # The best is only ever read for its weights.
    assert kept == {
        "000000000003-1": {"manifest.json", "weights.npz"},
        "000000000009-1": {"manifest.json", "optimizer.npz", "weights.npz"},
    }
    progress.load_best(trained, 3)
    progress.save(trained, {"step": 12, "is_evaluated": True, "best_step": 12})
    assert [path.name for path in progress.folder.iterdir()] == [
        "000000000012-1"
    ]
    progress.remove()
    assert list(tmp_path.iterdir()) == []


def test_keras_hub_loads_a_stage_as_a_preset(stage, model):
    assert_equal(
        keras_hub.models.Backbone.from_preset(str(stage)), model.backbone
    )
    found = keras_hub.models.XLMRobertaTokenizer.from_preset(str(stage))
    assert found.proto == model.encoder.tokenizer.pieces.content


def test_a_stage_can_be_the_backbone_of_another_run(stage, model):
    described = description.describe_backbone(str(stage))
    assert (described.num_layers, described.hidden_dim) == (1, 8)
    root = load_root(described, tokenizer=load_tokenizer(described))
    assert_equal(root.network, model.backbone)


def test_the_manifest_lists_every_file_and_the_facts(stage):
    manifest = files.check_folder(stage)
    assert manifest["seed"] == 1
    found = {
        file.relative_to(stage).as_posix()
        for file in stage.rglob("*")
        if file.is_file()
    }
    assert found == {*manifest["files"], files.MANIFEST}
    assert {checkpoint.HEADS, "model.weights.h5", SPM} <= found


def test_a_failure_leaves_no_finished_folder(tmp_path, model, monkeypatch):
    folder = tmp_path / "stages" / "0123"

    def fail(*arguments):
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "Heads", fail)
        with pytest.raises(OSError, match="No space"):
            checkpoint.save_stage(folder, model=model, facts={})
    assert list(folder.parent.iterdir()) == []
    checkpoint.save_stage(folder, model=model, facts={})
    files.check_folder(folder)
