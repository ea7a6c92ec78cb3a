"""A LoRA stage in training: what is saved of it, resumed, merged, loaded."""

import os
import signal

import keras
import numpy as np
import pytest

import fakes
from encoders import describe_tiny
from encoders import tiny_encoder
from stilts_keras import files
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import fetch
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.backbones.lora import add_factors
from stilts_keras.backbones.lora import add_lora
from stilts_keras.backbones.lora import merge_lora
from stilts_keras.backbones.lora import read_factors
from stilts_keras.backbones.lora_folder import FACTORS_FILE
from stilts_keras.backbones.lora_folder import LORA
from stilts_keras.backbones.lora_folder import lora_facts
from stilts_keras.backbones.stage_heads import StageHead
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.interruption import Interruption
from stilts_keras.problems.classification import Classification
from stilts_keras.steps import checkpoint
from stilts_keras.steps.assembly import Assembly
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.train import Training
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import Watch
from stilts_keras.steps.train import train
from stilts_keras.tasks import MNLI
from stilts_keras.tasks.task import Recipe

RECIPE = Recipe(
    batch_size=4, learning_rate=0.02, eval_every_steps=3, lora_rank=3
)
HEAD = StageHead(key="nli", problem="classification", labels=MNLI.labels)


def source():
    random = np.random.default_rng(0)
    ids = [random.integers(4, 99, n).tolist() for n in range(5, 25)]
    columns = {
        "token_ids": ids,
        "length": [len(row) for row in ids],
        "label": [number % 3 for number in range(20)],
    }
    return TrainSource(
        name="mnli",
        key="nli",
        problem=Classification(MNLI),
        split=fakes.split_of(columns, max_length=24),
    )


def lora_model(encoder=None, **changes):
    encoder = encoder or tiny_encoder(dropout=0.2, **changes)
    add_lora(encoder, RECIPE.lora_rank, seed=1)
    problem = Classification(MNLI)
    return MultiTask(encoder, {"nli": problem.head(encoder)}, seed=1)


class Scored(Watch):
    """Scores as told, and asks to stop after a step."""

    def __init__(self, stop_at=None):
        self.stop_at = stop_at

    def step(self, step, loss):
        if step == self.stop_at:
            os.kill(os.getpid(), signal.SIGTERM)

    def score_dev(self, step):
        return {3: 1.0, 6: 5.0}.get(step, 2.0)


def trained(folder, stop_at=None, **changes):
    # As a stage's begins: dropout's states are drawn.
    keras.utils.set_random_seed(1)
    model = lora_model(**changes)
    training = Training(
        sources=(source(),),
        shares=(1.0,),
        recipe=RECIPE,
        num_steps=10,
        stage_name="mnli",
        seed=1,
    )
    with Interruption() as interruption:
        train(
            model,
            training,
            tokenizer=model.encoder.tokenizer,
            progress=checkpoint.TrainingProgress(folder, None),
            interruption=interruption,
            watch=Scored(stop_at),
        )
    return model


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("lora") / "progress")


def values(variables):
    return [keras.ops.convert_to_numpy(v).copy() for v in variables]


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


# -------------------------------------------------------------------- Training
def test_a_resumed_lora_stage_equals_an_uninterrupted_one(
    undisturbed, tmp_path
):
    folder = tmp_path / "progress"
    for step in (4, 8):
        with pytest.raises(Interrupted):
            trained(folder, stop_at=step)
    # What is frozen is read from the parent, and not saved again.
    (newest,) = folder.glob("*8-0")
    with np.load(newest / "weights.npz") as saved:
        sizes = [saved[name].size for name in saved.files]
    model = lora_model()
    assert max(sizes) == max(v.size for v in values(model.trainable_variables))
    assert max(sizes) < max(v.size for v in values(model.non_trainable_weights))
    again = trained(folder)
    assert_equal(
        values(again.trainable_variables),
        values(undisturbed.trainable_variables),
    )


def test_a_lora_stage_leaves_its_parents_weights(undisturbed):
    assert_equal(
        values(undisturbed.non_trainable_weights),
        values(lora_model().non_trainable_weights),
    )


def test_factors_train_in_bfloat16(tmp_path):
    model = trained(tmp_path / "progress", dtype_policy="mixed_bfloat16")
    factors = [v for v in model.trainable_variables if "factor" in v.path]
    assert {v.dtype for v in factors} == {"float32"}
    for number, variable in enumerate(factors):
        assert np.abs(values([variable])[0]).max() > 0, number
    x = {"token_ids": np.full((1, 8), 9), "padding_mask": np.ones((1, 8))}
    before = hidden(model.encoder, x)
    merge_lora(model.encoder)
    assert np.abs(hidden(model.encoder, x) - before).max() < 0.05


def hidden(encoder, x):
    x = {name: array.astype("int32") for name, array in x.items()}
    states = keras.ops.cast(encoder.network(x, training=False), "float32")
    return keras.ops.convert_to_numpy(states)


def test_a_settled_model_predicts_what_its_folder_would(undisturbed, tmp_path):
    x = {"token_ids": np.full((2, 8), 9), "padding_mask": np.ones((2, 8))}
    x = {"nli": {name: array.astype("int32") for name, array in x.items()}}
    folder = tmp_path / "stage"
    save(folder, undisturbed, [RECIPE.lora_rank], describe_tiny(dropout=0.2))
    # What is compiled here must not stay.
    beside = undisturbed.predict_on_batch(x)
    Assembly(None, None, None).settle(undisturbed)
    settled = undisturbed.predict_on_batch(x)
    assert np.abs(settled - beside).max() < 1e-5
    encoder = load(folder)
    loaded = MultiTask(encoder, {"nli": Classification(MNLI).head(encoder)})
    checkpoint.load_heads(folder, loaded.heads)
    np.testing.assert_array_equal(settled, loaded.predict_on_batch(x))


# ---------------------------------------------------------------------- Folders
def save(folder, model, ranks, root, base=None):
    facts = lora_facts(ranks, backbone=root, target=folder, base=base)
    checkpoint.save_stage(
        folder,
        model=model,
        heads={"nli": HEAD},
        facts={"fingerprint": folder.name, LORA: facts},
    )


def kernels(encoder):
    return {
        name: values([getattr(owner, attribute).kernel])[0]
        for name, (owner, attribute) in encoder.projections().items()
    }


def noise(encoder, seed):
    """Gives the new factors values that a training might have given."""
    random = np.random.default_rng(seed)
    for adapter in encoder.adapters.values():
        shape = adapter.factor_b.shape
        adapter.factor_b.assign(random.standard_normal(shape) / 4)


@pytest.fixture
def chain(tmp_path):
    """Two LoRA stages on a full one, and the encoder as it was trained."""
    root = describe_tiny()
    first = MultiTask(encoder := tiny_encoder(), {})
    noisy = np.random.default_rng(0)
    for variable in first.trainable_variables:
        variable.assign(noisy.standard_normal(variable.shape) / 4)
    folders = {name: tmp_path / "run" / name for name in ("full", "a", "b")}
    checkpoint.save_stage(
        folders["full"], model=first, heads={}, facts={"fingerprint": "full"}
    )
    start = kernels(encoder)
    for number, name in enumerate("ab"):
        model = lora_model(encoder)
        noise(encoder, number)
        ranks = [RECIPE.lora_rank] * (number + 1)
        save(folders[name], model, ranks, root, folders["full"])
        merge_lora(encoder)
    return folders, start, encoder


def load(folder):
    described = fetch(describe_backbone(str(folder)))
    return load_root(described, tokenizer=load_tokenizer(described))


def test_a_chain_loads_to_what_numpy_adds_up(chain):
    folders, expected, encoder = chain
    loaded = load(folders["b"])
    assert_equal(
        values(loaded.network.weights), values(encoder.network.weights)
    )
    first, second = read_factors(folders["b"])
    assert_equal(first["0.query"], read_factors(folders["a"])[0]["0.query"])
    for name, kernel in kernels(loaded).items():
        for factor_a, factor_b in (first[name], second[name]):
            product = (factor_a @ factor_b).reshape(kernel.shape)
            assert np.abs(product).max() > 0.01
            expected[name] = expected[name] + product
        np.testing.assert_array_equal(kernel, expected[name])


def test_a_lora_folder_is_small_and_describes_itself(chain):
    folders = chain[0]
    factors, weights = (
        files.num_bytes(folders[name] / file)
        for name, file in (("b", FACTORS_FILE), ("full", "model.weights.h5"))
    )
    described = describe_backbone(str(folders["b"]))
    assert described.kind == "lora_folder"
    assert described.num_layers == describe_tiny().num_layers
    # Two stages' factors: 2 layers, queries and values, (8 + 8) 3, float32.
    assert factors < 2 * 2 * 2 * 16 * 3 * 4 + 2_000 < weights / 4
    assert not list(folders["b"].glob("*.h5"))


def test_folders_may_move_together(chain, tmp_path):
    os.rename(tmp_path / "run", tmp_path / "moved")
    load(tmp_path / "moved" / "b")


def test_a_base_that_is_gone_or_another_is_said_in_one_line(chain):
    folders = chain[0]
    base, aside = folders["full"], folders["full"].with_name("aside")
    os.rename(base, aside)
    with pytest.raises(InputError, match="LoRA factors.*full.*Bring that back"):
        fetch(describe_backbone(str(folders["b"])))
    os.rename(aside, base)
    file = base / "model.weights.h5"
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match="does not match its sha256"):
        fetch(describe_backbone(str(folders["b"])))
    files.remove(base)
    other = MultiTask(tiny_encoder(), {})
    facts = {"fingerprint": "full"}
    checkpoint.save_stage(base, model=other, heads={}, facts=facts)
    with pytest.raises(InputError, match="other weights of that stage"):
        fetch(describe_backbone(str(folders["b"])))


def test_a_root_that_is_another_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "stage"
    save(folder, lora_model(), [3], describe_tiny())
    load(folder)
    manifest = files.read_sealed(folder / files.MANIFEST)
    manifest[LORA]["base"]["backbone"]["num_heads"] = 1
    files.write_json(folder / files.MANIFEST, files.sealed(manifest))
    with pytest.raises(InputError, match="'random'.*has the fingerprint"):
        fetch(describe_backbone(str(folder)))


def test_the_folders_tokenizer_stands_in_for_a_file_that_is_gone(tmp_path):
    own = load_tokenizer(describe_tiny()).pieces.content
    (tmp_path / "file.model").write_bytes(own)
    root = describe_backbone(
        "random",
        tokenizer=str(tmp_path / "file.model"),
        num_layers=1,
        hidden_dim=8,
        intermediate_dim=16,
    )
    encoder = load_root(root, tokenizer=load_tokenizer(root))
    save(tmp_path / "stage", lora_model(encoder), [3], root)
    (tmp_path / "file.model").unlink()
    load(tmp_path / "stage")


def test_factors_of_other_layers_are_refused(chain):
    factors = read_factors(chain[0]["a"])
    with pytest.raises(InputError, match="do not fit"):
        add_factors(tiny_encoder(num_layers=1), factors)
    with pytest.raises(InputError, match="do not fit"):
        add_factors(tiny_encoder(hidden_dim=16), factors)
