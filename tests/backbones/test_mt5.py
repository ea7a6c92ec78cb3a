"""mT5's encoder: what of it is like no other family's."""

import gc
import json
import shutil
import weakref

import h5py
import keras
import keras_hub
import msgpack
import numpy as np
import pytest

from backbones import tiny
from backbones.texts import TEXTS
from backbones.texts import assert_nearly_equal_ids
from encoders import SIZES
from fakes import graph
from stilts_keras.backbones import get_family
from stilts_keras.backbones import loading
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.errors import InputError
from stilts_keras.problems import problem_of
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.update import Update
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import PlainText

FAMILY = get_family("mt5")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mt5")
    tiny.write_mt5(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder):
    return load(folder)


@pytest.fixture(scope="module")
def json_folder(folder, tmp_path_factory):
    """With the only tokenizer file that transformers 5 saves."""
    transformers = pytest.importorskip("transformers")
    place = tmp_path_factory.mktemp("json") / "mt5"
    shutil.copytree(folder, place)
    theirs = transformers.T5Tokenizer.from_pretrained(place, extra_ids=0)
    theirs.save_pretrained(place)
    (place / "spiece.model").unlink()
    return place


def load(folder, **changes):
    described = describe_backbone(str(folder), **changes)
    tokenizer = loading.load_tokenizer(described)
    return loading.load_root(described, tokenizer=tokenizer)


def load_random(tokenizer="pocket", dtype_policy="float32", **changes):
    described = describe_backbone(
        "random", family="mt5", tokenizer=tokenizer, **{**SIZES, **changes}
    )
    return loading.load_root(
        described,
        tokenizer=loading.load_tokenizer(described),
        dtype_policy=dtype_policy,
    )


def batch(num_tokens=40, num_ids=1060):
    random = np.random.default_rng(0)
    lengths = np.array([num_tokens, num_tokens // 2, 1])
    mask = np.arange(num_tokens) < lengths[:, None]
    ids = np.where(mask, random.integers(3, num_ids, mask.shape), 0)
    return {
        "token_ids": ids.astype("int32"),
        "padding_mask": mask.astype("int32"),
    }


def states(encoder, x):
    mask = x["padding_mask"] > 0
    found = encoder.cut(range(encoder.num_layers + 1)).predict_on_batch(x)
    return np.stack([state[mask] for state in found])


def states_of_transformers(kind, folder, x):
    torch = pytest.importorskip("torch")
    model = kind.from_pretrained(folder).eval()
    with torch.no_grad():
        found = model(
            input_ids=torch.tensor(x["token_ids"]),
            attention_mask=torch.tensor(x["padding_mask"]),
            output_hidden_states=True,
        ).hidden_states
    return np.stack([s.numpy()[x["padding_mask"] > 0] for s in found])


def change_config(folder, place, **changes):
    config = json.loads((folder / "config.json").read_text())
    (place / "config.json").write_text(json.dumps(config | changes))
    (place / "model.safetensors").write_text("weights")
    (place / "spiece.model").write_text("pieces")
    return place


# ---------------------------------------------------------- Without a framework
@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("model_type", "umt5", "'umt5', which is not opened: each of its"),
        ("relative_attention_num_buckets", 16, "Expected: 32"),
        ("relative_attention_max_distance", 64, "Expected: 128"),
        ("dense_act_fn", "elu", "feed_forward_proj 'elu'.*gelu_new"),
    ],
)
def test_what_kerashub_cannot_do_is_refused(
    folder, tmp_path, key, value, expected
):
    change_config(folder, tmp_path, **{key: value})
    with pytest.raises(InputError, match=expected) as raised:
        describe_backbone(str(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("config", "activation", "is_gated"),
    [
        ({"feed_forward_proj": "gated-gelu"}, "gelu_tanh", True),
        ({"feed_forward_proj": "gated-silu"}, "silu", True),
        ({"feed_forward_proj": "relu"}, "relu", False),
        ({"model_type": "t5"}, "relu", False),
        ({}, "gelu_tanh", True),
    ],
)
def test_projections_are_read_as_transformers_does(
    config, activation, is_gated
):
    config = {"model_type": "mt5", "dropout_rate": 0.1} | config
    settings = FAMILY.read_settings(config, "here")
    assert settings["activation"] == activation
    assert settings["is_gated"] == is_gated


def test_base_has_the_parameters_of_mt5_base(folder, tmp_path):
    # Source: google/mt5-base, config.json.
    change_config(
        folder,
        tmp_path,
        d_model=768,
        d_kv=64,
        d_ff=2048,
        num_layers=12,
        num_heads=12,
        vocab_size=250_112,
    )
    backbone = describe_backbone(str(tmp_path))
    # Half of the 580 million, less the decoder's second table.
    assert backbone.num_parameters == 277_040_256
    assert backbone.num_encoder_parameters == 84_954_240


def test_no_length_is_too_long():
    backbone = describe_backbone("random", family="mt5", tokenizer="pocket")
    assert backbone.max_sequence_length is None
    made = graph(backbone=backbone, recipe={"max_length": 100_000})
    assert {length for s in made.stages for length in s.max_lengths} == {
        100_000
    }


# ---------------------------------------------------------------- The tokenizer
@pytest.fixture(params=["folder", "json_folder"])
def tokenizer(request):
    at = request.getfixturevalue(request.param)
    return loading.load_tokenizer(describe_backbone(str(at)))


def test_sequences_end_once_and_begin_with_text(tokenizer):
    first, second = tokenizer.encode(["Hello", "World"])
    assert tokenizer.join(first).columns["token_ids"] == [*first, 1]
    packed = tokenizer.join(first, second)
    assert packed.columns == {"token_ids": [*first, 1, *second, 1]}
    assert packed.starts == (0, len(first) + 1)
    assert packed.anchor == len(packed) - 1


def test_the_last_sentinel_masks(tokenizer):
    assert tokenizer.mask_id == 1159
    assert tokenizer.text_ids == range(3, 1060)
    assert tokenizer.vocabulary_size == 1160


class Pieces:
    """As many pieces as a file has, as far as a layout asks for them."""

    def __init__(self, size, **sentinels):
        self.size = size
        self.ids = {"<pad>": 0, "</s>": 1, "<unk>": 2}
        for name, last in sentinels.items():
            mark = {"own": "▁", "appended": ""}[name]
            self.ids |= {f"{mark}<extra_id_{n}>": last - n for n in range(100)}

    def find(self, piece):
        return self.ids.get(piece)


@pytest.mark.parametrize(
    ("pieces", "mask", "num_text", "size"),
    [
        # mT5's spiece.model, and what transformers may make of it: more
        # tokens than the network has rows.
        (Pieces(250_100, own=250_099), 250_099, 250_000, 250_100),
        (
            Pieces(250_200, own=250_099, appended=250_199),
            250_099,
            250_000,
            250_100,
        ),
        # T5's tokenizer.json, and its vocabulary alone.
        (Pieces(32_100, appended=32_099), 32_099, 32_000, 32_100),
        (Pieces(32_000), None, 32_000, 32_000),
    ],
)
def test_sentinels_are_found_where_they_are(pieces, mask, num_text, size):
    layout = FAMILY.layout(pieces)
    assert layout.mask_id == mask
    assert layout.text_ids == range(3, num_text)
    assert layout.vocabulary_size == size


@pytest.mark.parametrize(("num_rows", "mask"), [(1160, 1159), (1159, None)])
def test_t5_gets_its_sentinels_where_there_are_rows(
    folder, tmp_path, num_rows, mask
):
    change_config(folder, tmp_path, model_type="t5", vocab_size=num_rows)
    content = tiny.mt5_vocabulary(sentinel=None)
    (tmp_path / "spiece.model").write_bytes(content)
    described = describe_backbone(str(tmp_path))
    tokenizer = loading.load_tokenizer(described)
    assert tokenizer.mask_id == mask
    if mask is not None:
        transformers = pytest.importorskip("transformers")
        theirs = transformers.T5Tokenizer.from_pretrained(tmp_path)
        assert theirs.convert_tokens_to_ids("<extra_id_0>") == mask
        assert tokenizer.pieces.find("<extra_id_99>") == mask - 99
    (ids,) = tokenizer.encode(["</s> <pad> <extra_id_0>"])
    assert max(ids) < 1060 and min(ids) > 1


def test_without_a_mask_masked_lm_says_so(tmp_path):
    (tmp_path / "spiece.model").write_bytes(tiny.mt5_vocabulary(None))
    tokenizer = FAMILY.tokenizer(tmp_path / "spiece.model")
    with pytest.raises(InputError, match="no mask token.*mlm out"):
        problem_of(get_task("mlm")).pack([PlainText(text="a")], tokenizer, 16)


def test_another_familys_tokenizer_is_refused_by_what_would_do(folder):
    with pytest.raises(InputError, match=r"spiece\.model.*File: .*spm") as e:
        load(folder, tokenizer="pocket")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("name", TEXTS)
def test_offsets_rise_without_overlap_and_cover_the_text(tokenizer, name):
    text = TEXTS[name]
    ids, starts, ends = tokenizer.encode_with_offsets(text)
    assert [ids] == tokenizer.encode([text])
    reached = 0
    for start, end in zip(starts, ends, strict=True):
        assert reached <= start <= end <= len(text)
        assert not text[reached:start].strip()
        reached = end
    assert not text[reached:].strip()


def test_a_random_backbone_takes_other_sentencepiece_models():
    root = load_random()
    tokenizer = root.tokenizer
    assert (tokenizer.mask_id, root.vocabulary_size) == (1159, 1160)
    pocket = get_family("xlm_roberta").tokenizer(tiny.POCKET_SPM)
    texts = list(TEXTS.values())
    for ids, theirs in zip(
        tokenizer.encode(texts), pocket.encode(texts), strict=True
    ):
        # <unk> is 3 there, and others are one up.
        assert [number + 1 for number in ids] == theirs


def test_a_random_backbone_refuses_what_begins_otherwise(tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(
        tiny.deberta_pieces(tiny.POCKET_SPM.read_bytes())
    )
    # Three control pieces; <unk> comes fourth.
    with pytest.raises(InputError, match="not begin with <unk> and two"):
        load_random(tokenizer=str(tmp_path / "tokenizer.model"))


def test_ids_equal_those_of_transformers_in_every_language(
    material, xlmr_tokenizer, tmp_path
):
    transformers = pytest.importorskip("transformers")
    content = tiny.mt5_vocabulary(content=xlmr_tokenizer.pieces.content)
    (tmp_path / "spiece.model").write_bytes(content)
    ours = FAMILY.tokenizer(tmp_path / "spiece.model")
    theirs = transformers.T5Tokenizer.from_pretrained(tmp_path, extra_ids=0)
    assert_nearly_equal_ids(ours, theirs, material)


# -------------------------------------------------------------------- Weights
def tensors_of(folder):
    numpy = pytest.importorskip("safetensors.numpy")
    return numpy.load_file(folder / "model.safetensors")


def write_hdf5(place, tensors):
    """As transformers 4.46 writes TFMT5ForConditionalGeneration."""
    with h5py.File(place / "tf_model.h5", "w") as file:
        for name, value in tensors.items():
            *path, kind, _ = name.split(".")
            if kind == "shared":
                file["shared/shared/shared/embeddings:0"] = value
                file["encoder/shared/shared/embeddings:0"] = value
                continue
            ending, value = {
                "relative_attention_bias": ("embeddings", value)
            }.get(kind, ("weight" if "norm" in kind else "kernel", value.T))
            path = "/".join([*path, kind, ending])
            for layers in ("block", "layer"):
                path = path.replace(f"/{layers}/", f"/{layers}_._")
            top = path.partition("/")[0]
            model = "tfmt5_for_conditional_generation"
            file[f"{top}/{model}/{path}:0"] = value


def write_msgpack(place, tensors, chunk_bytes=1000):
    """As Flax does; arrays above `chunk_bytes` (there 1 GiB) are cut."""

    def packed(array):
        values = (array.shape, array.dtype.name, array.tobytes())
        return msgpack.ExtType(1, msgpack.packb(values))

    tree = {}
    for name, value in tensors.items():
        *path, kind, _ = name.split(".")
        ending = "embedding"
        if kind not in ("shared", "relative_attention_bias"):
            ending, value = "weight" if "norm" in kind else "kernel", value.T
        below = tree
        for part in (*path, kind):
            below = below.setdefault(part, {})
        below[ending] = packed(np.ascontiguousarray(value))
        if value.nbytes > chunk_bytes:
            flat = value.reshape(-1)
            size = chunk_bytes // value.itemsize
            chunks = [flat[i : i + size] for i in range(0, flat.size, size)]
            below[ending] = {
                "__msgpack_chunked_array__": True,
                "shape": {str(i): n for i, n in enumerate(value.shape)},
                "chunks": {str(i): packed(c) for i, c in enumerate(chunks)},
            }
    (place / "flax_model.msgpack").write_bytes(msgpack.packb(tree))


@pytest.mark.parametrize("write", [write_hdf5, write_msgpack])
def test_other_files_hold_the_same_weights(folder, encoder, tmp_path, write):
    for name in ("config.json", "spiece.model"):
        shutil.copy(folder / name, tmp_path)
    write(tmp_path, tensors_of(folder))
    for own, other in zip(
        load(tmp_path).network.get_weights(),
        encoder.network.get_weights(),
        strict=True,
    ):
        assert np.array_equal(own, other)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("model.safetensors", "safetensors"),
        ("tf_model.h5", "HDF5"),
        ("flax_model.msgpack", "Flax's msgpack"),
    ],
)
def test_a_broken_file_of_weights_is_one_line(folder, tmp_path, name, kind):
    for other in ("config.json", "spiece.model"):
        shutil.copy(folder / other, tmp_path)
    write_msgpack(tmp_path, tensors_of(folder))
    cut = (tmp_path / "flax_model.msgpack").read_bytes()[:-2000]
    (tmp_path / "flax_model.msgpack").unlink()
    (tmp_path / name).write_bytes(cut)
    with pytest.raises(InputError, match=f"read as {kind}.*again") as raised:
        load(tmp_path)
    assert name in str(raised.value) and "\n" not in str(raised.value)


def test_a_missing_tensor_is_named(folder, tmp_path):
    for name in ("config.json", "spiece.model"):
        shutil.copy(folder / name, tmp_path)
    tensors = tensors_of(folder)
    del tensors["encoder.final_layer_norm.weight"]
    write_msgpack(tmp_path, tensors)
    with pytest.raises(InputError, match=r"no tensor 'encoder\.final_layer"):
        load(tmp_path)


# ------------------------------------------------------------- With a framework
@pytest.mark.parametrize("projection", ["gated-gelu", "relu"])
def test_t5_gives_transformers_states(tmp_path, projection):
    transformers = pytest.importorskip("transformers")
    config = transformers.T5Config(
        **tiny.MT5_CONFIG, vocab_size=1170, feed_forward_proj=projection
    )
    tiny.save_random(transformers.T5ForConditionalGeneration(config), tmp_path)
    (tmp_path / "spiece.model").write_bytes(tiny.mt5_vocabulary(None))
    # Beyond the distance of 128, where all share a bucket.
    x = batch(num_tokens=300)
    expected = states_of_transformers(transformers.T5EncoderModel, tmp_path, x)
    root = load(tmp_path)
    assert np.abs(states(root, x) - expected).max() < 1e-5
    described = describe_backbone(str(tmp_path))
    assert described.num_parameters == root.network.count_params()


def test_every_dropout_is_the_folders(encoder):
    rates = [
        layer.rate
        for layer in encoder.network._flatten_layers()
        if isinstance(layer, keras.layers.Dropout)
    ]
    # Two around the stack; of each layer: weights, attention, feed-forward.
    assert rates == [0.05] * (2 + 2 * 3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A T5Backbone with a table for the decoder's output, and its folder."""
    place = tmp_path_factory.mktemp("whole")
    model = keras_hub.models.T5Backbone(
        vocabulary_size=1160,
        num_layers=1,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        key_value_dim=6,
        dropout=0.05,
        activation="gelu",
        layer_norm_epsilon=1e-3,
        tie_embedding_weights=False,
    )
    model.save_to_preset(str(place))
    vocabulary = place / "assets" / "tokenizer" / "vocabulary.spm"
    vocabulary.parent.mkdir(parents=True)
    vocabulary.write_bytes(tiny.mt5_vocabulary())
    return model, place


def test_kerashubs_own_folder_gives_its_encoder_alone(
    whole, tmp_path, monkeypatch
):
    model, place = whole
    begin = keras_hub.models.T5Backbone.__init__
    decoders = []

    def noted(self, *values, **named):
        begin(self, *values, **named)
        decoders.extend(map(weakref.ref, self.decoder_transformer_layers))

    monkeypatch.setattr(keras_hub.models.T5Backbone, "__init__", noted)
    root = load(place)
    gc.collect()
    assert [layer() for layer in decoders] == [None]
    x = batch()
    expected = model.predict_on_batch(
        {
            f"{part}_{name}": value
            for part in ("encoder", "decoder")
            for name, value in x.items()
        }
    )["encoder_sequence_output"]
    found = root.network.predict_on_batch(x)
    mask = x["padding_mask"] > 0
    assert np.abs(found - expected)[mask].max() < 1e-6
    # Neither the decoder is there nor its table.
    described = describe_backbone(str(place))
    assert described.num_parameters == root.network.count_params()
    root.save(tmp_path)
    assert np.array_equal(load(tmp_path).network.predict_on_batch(x), found)


def test_a_stages_folder_says_that_it_is_an_encoder(encoder, tmp_path):
    encoder.save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["stilts_keras"]["part"] == "encoder"
    # As the module says.
    with pytest.raises(ValueError, match="could not be loaded"):
        keras_hub.models.T5Backbone.from_preset(str(tmp_path))


def test_a_damaged_stage_is_one_line(encoder, tmp_path):
    encoder.save(tmp_path)
    (tmp_path / "model.weights.h5").write_bytes(b"weights")
    with pytest.raises(
        InputError, match="loaded as the encoder of T5B"
    ) as raised:
        load(tmp_path)
    assert "\n" not in str(raised.value)


def test_random_values_have_t5s_scales():
    root = load_random(hidden_dim=64, intermediate_dim=128)
    expected = {
        "token_embedding/embeddings": 1.0,
        "self_attention/embeddings": 64**-0.5,
        "query_projector/kernel": (64 * 32) ** -0.5,
        "key_projector/kernel": 64**-0.5,
        "input_projector/kernel": 64**-0.5,
    }
    found = {}
    for variable in root.network.trainable_variables:
        value = keras.ops.convert_to_numpy(variable)
        found["/".join(variable.path.split("/")[-2:])] = value.std()
    for name, stddev in expected.items():
        assert found[name] == pytest.approx(stddev, rel=0.2), name


def test_random_values_are_the_same_under_every_seed():
    found = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        found.append(load_random().network.get_weights())
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("task", "dtype_policy"), [("mnli", "float32"), ("mlm", "mixed_bfloat16")]
)
def test_a_random_encoder_learns_a_batch(task, dtype_policy):
    root = load_random(
        dtype_policy=dtype_policy, dropout=0.0, num_layers=1, hidden_dim=32
    )
    problem = problem_of(get_task(task))
    model = MultiTask(root, {"a": problem.head(root)})
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(model.trainable_variables)
    update = Update(model, {"a": problem.loss}, optimizer)
    before = root.network.get_weights()
    x = batch(num_tokens=12)
    y = {"label": np.array([0, 2, 1])}
    if task == "mlm":
        x["positions"] = np.array([[0, 2], [1, 3], [0, 0]], dtype="int32")
        y = {
            "ids": np.take_along_axis(x["token_ids"], x["positions"], 1),
            "weights": np.ones((3, 2), dtype="float32"),
        }
    losses = [float(update("a", x, y)) for _ in range(20)]
    # It begins near the loss of a guess, thanks to the scale of logits.
    assert losses[0] == pytest.approx(
        np.log({"mnli": 3, "mlm": 1160}[task]), rel=0.3
    )
    assert losses[-1] < losses[0] / 2
    after = root.network.get_weights()
    for one, other in zip(before, after, strict=True):
        assert (one != other).any()
