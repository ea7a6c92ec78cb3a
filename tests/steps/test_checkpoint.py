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
from stilts_keras.backbones.stage_heads import StageHead
from stilts_keras.backbones.stage_heads import describe_heads
from stilts_keras.backbones.stage_heads import read_heads
from stilts_keras.errors import InputError
from stilts_keras.problems.classification import ClassificationHead
from stilts_keras.problems.tagging import TokenHead
from stilts_keras.steps import checkpoint
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.tasks import MNLI
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import SQUAD_V2
from stilts_keras.tasks import XNLI
from stilts_keras.tasks.task import Recipe

SPM = "assets/tokenizer/vocabulary.spm"
NLI = StageHead(
    key="nli",
    problem="classification",
    labels=("entailment", "neutral", "contradiction"),
    tasks=("mnli", "anli"),
    metrics=("accuracy",),
)
TAGS = StageHead(
    key="../Tags: 标签/1",
    problem="tagging",
    labels=tuple("ABCDE"),
    tasks=("udpos",),
    metrics=("f1",),
)
HEADS = {head.key: head for head in (NLI, TAGS)}


def make_model(seed, encoder=None):
    encoder = encoder or tiny_encoder(num_layers=1)
    heads = {
        "nli": ClassificationHead(3, encoder),
        TAGS.key: TokenHead(5, encoder),
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
    checkpoint.save_stage(folder, model=model, heads=HEADS, facts={"seed": 1})
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
    assert {NLI.file, TAGS.file, "model.weights.h5", SPM} <= found
    assert NLI.file == "heads/nli.weights.h5"
    assert manifest["heads"]["nli"] == {
        "problem": "classification",
        "labels": ["entailment", "neutral", "contradiction"],
        "has_unanswerable": False,
        "tasks": ["mnli", "anli"],
        "metrics": ["accuracy"],
        "file": NLI.file,
    }


def test_a_failure_leaves_no_finished_folder(tmp_path, model, monkeypatch):
    folder = tmp_path / "stages" / "0123"

    def fail(*arguments):
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "Saved", fail)
        with pytest.raises(OSError, match="No space"):
            checkpoint.save_stage(folder, model=model, heads=HEADS, facts={})
    assert list(folder.parent.iterdir()) == []
    checkpoint.save_stage(folder, model=model, heads=HEADS, facts={})
    files.check_folder(folder)


# ------------------------------------------------------------------------ Heads
def test_the_manifest_names_the_heads_of_any_key(stage):
    assert read_heads(stage) == HEADS
    # Nothing is written outside of the folder, or into a folder of its own.
    files_of_heads = {path.name for path in (stage / "heads").iterdir()}
    assert len(files_of_heads) == 2
    assert TAGS.file.removeprefix("heads/") in files_of_heads


def test_keys_that_a_file_system_may_confuse_have_files_of_their_own():
    keys = ("nli", "NLI", "Nli", "n/li", "n%2fli", "..", ".", "x" * 200)
    keys += ("x" * 201, "ß", "ẞ", "標")
    names = {StageHead(key=key, problem="").file.lower() for key in keys}
    assert len(names) == len(keys)
    assert all(name.count("/") == 1 and len(name) < 200 for name in names)


def test_one_head_is_read_without_the_others(stage, model):
    other = make_model(2, model.encoder)
    before = keras.ops.convert_to_numpy(other.heads["nli"].logits.kernel)
    checkpoint.load_heads(stage, {TAGS.key: other.heads[TAGS.key]})
    assert np.array_equal(
        other.heads[TAGS.key].logits.kernel, model.heads[TAGS.key].logits.kernel
    )
    assert np.array_equal(other.heads["nli"].logits.kernel, before)


def test_a_head_that_is_not_there_is_named(stage, model):
    with pytest.raises(InputError, match="no head for ccg. Its heads: nli"):
        checkpoint.load_heads(stage, {"ccg": model.heads["nli"]})


def test_a_head_of_another_shape_is_refused(stage, model):
    other = ClassificationHead(4, model.encoder)
    other.build((None, None, model.encoder.hidden_dim))
    with pytest.raises(InputError, match="'nli' does not fit.*3 labels"):
        checkpoint.load_heads(stage, {"nli": other})


def test_heads_that_are_not_the_models_are_no_stage(tmp_path, model):
    with pytest.raises(ValueError, match="description of"):
        checkpoint.save_stage(
            tmp_path / "stage", model=model, heads={"nli": NLI}, facts={}
        )
    assert list(tmp_path.iterdir()) == []


def test_tasks_that_share_a_key_share_the_head():
    found = describe_heads([MNLI, XNLI, SQUAD, SQUAD_V2])
    assert list(found) == ["nli", SQUAD.head_key, SQUAD_V2.head_key]
    assert found["nli"].tasks == ("mnli", "xnli")
    assert found["nli"].labels == MNLI.labels
    assert found[SQUAD_V2.head_key].has_unanswerable


# ------------------------------------------------- Stages of the version before
@pytest.fixture
def old_stage(stage):
    """As it was: one file for all heads, and a manifest without them."""
    manifest = files.read_sealed(stage / files.MANIFEST)
    del manifest["heads"]
    files.write_json(stage / files.MANIFEST, files.sealed(manifest))
    (stage / NLI.file).rename(stage / "heads.weights.h5")
    files.remove(stage / "heads")
    return stage


def test_a_stage_of_the_version_before_is_refused_as_a_backbone(old_stage):
    with pytest.raises(InputError, match="earlier version.*run the command"):
        description.describe_backbone(str(old_stage))
    with pytest.raises(InputError, match="earlier version"):
        checkpoint.load_heads(old_stage, {})
    # As it says, that makes it a backbone again.
    (old_stage / "heads.weights.h5").unlink()
    assert description.describe_backbone(str(old_stage)).hidden_dim == 8


def test_what_is_no_stage_has_no_heads(tmp_path, stage):
    with pytest.raises(InputError, match="no finished stage: it has no"):
        read_heads(tmp_path)
    files.write_json(tmp_path / files.MANIFEST, files.sealed({"files": {}}))
    with pytest.raises(InputError, match="names no heads"):
        read_heads(tmp_path)
