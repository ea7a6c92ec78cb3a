"""DeBERTa-v3: what of it is like no other family's."""

import json

import keras
import keras_hub
import numpy as np
import pytest
from sentencepiece import sentencepiece_model_pb2

from backbones import tiny
from backbones.texts import TEXTS
from backbones.texts import assert_nearly_equal_ids
from stilts_keras.backbones import get_family
from stilts_keras.backbones import loading
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.errors import InputError
from stilts_keras.problems import problem_of
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.update import Update
from stilts_keras.tasks import get_task

RANDOM = {
    "family": "deberta_v3",
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 16,
    "max_sequence_length": 32,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deberta")
    tiny.write_deberta_v3(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder):
    return load(folder)


@pytest.fixture(scope="module")
def headed(tmp_path_factory):
    """A folder with a head, and the only tokenizer file of transformers 5."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("headed")
    tiny.write_deberta_v3(folder)
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.DebertaV2ForMaskedLM(tiny.deberta_config())
    tiny.save_random(model, folder)
    theirs.save_pretrained(folder)
    (folder / "spm.model").unlink()
    return folder


def load(folder):
    described = describe_backbone(str(folder))
    tokenizer = loading.load_tokenizer(described)
    return loading.load_root(described, tokenizer=tokenizer)


# ------------------------------------------------------- Without a framework
def test_preset_has_kerashubs_number_of_parameters():
    backbone = describe_backbone("deberta_v3_base_multi")
    # Source: KerasHub 0.32, deberta_v3_presets.py.
    assert backbone.num_parameters == 278_218_752


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        # As in deberta-v2-xlarge.
        ("conv_kernel_size", 3, "0"),
        ("position_biased_input", True, "False"),
        ("relative_attention", False, "True"),
        ("share_att_key", False, "True"),
        ("norm_rel_ebd", "none", "'layer_norm'"),
        ("pos_att_type", "c2p", "'c2p', 'p2c'"),
        ("embedding_size", 8, "16"),
        ("type_vocab_size", 2, "0"),
        ("max_relative_positions", 32, "64"),
        ("position_buckets", -1, "1 or more"),
        ("hidden_act", "quick_gelu", "gelu_new"),
    ],
)
def test_what_kerashub_cannot_be_is_refused_by_its_key(
    folder, tmp_path, key, value, expected
):
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, key: value}))
    (tmp_path / "model.safetensors").write_text("weights")
    with pytest.raises(InputError) as raised:
        describe_backbone(str(tmp_path))
    message = str(raised.value)
    assert "\n" not in message
    assert f"{key} {value!r}" in message
    assert expected in message.partition("Expected")[2]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pos_att_type", ["c2p", "p2c"]),
        ("max_relative_positions", 64),
    ],
)
def test_the_same_said_otherwise_is_opened(folder, tmp_path, key, value):
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, key: value}))
    for name in ("model.safetensors", "spm.model"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    given, plain = (describe_backbone(str(at)) for at in (tmp_path, folder))
    assert given.settings == plain.settings


def test_epsilon_is_transformers_own_where_the_folder_has_none(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["layer_norm_eps"]
    settings = get_family("deberta_v3").read_settings(config, "here")
    assert settings["layer_norm_epsilon"] == 1e-7


def test_a_masked_lm_head_is_said_to_start_untrained():
    (note,) = describe_backbone("deberta_v3_base_multi").limits(
        {"masked_lm", "classification"}
    )
    assert "masked-LM head starts untrained" in note
    assert (
        describe_backbone("xlm_roberta_base_multi").limits({"masked_lm"}) == []
    )


# ---------------------------------------------------------------- The tokenizer
@pytest.fixture(params=["folder", "headed"])
def tokenizer(request):
    at = request.getfixturevalue(request.param)
    return loading.load_tokenizer(describe_backbone(str(at)))


def test_ids_are_the_files_own_and_mask_comes_last(tokenizer):
    first, second = tokenizer.encode(["Hello", "World"])
    packed = tokenizer.join(first, second)
    assert packed.columns == {"token_ids": [1, *first, 2, *second, 2]}
    assert tokenizer.mask_id == 1061
    assert tokenizer.vocabulary_size == 1062
    assert tokenizer.text_ids == range(4, 1061)


class Published(SentencePieces):
    """The pieces of mDeBERTa's spm.model, as far as a layout asks."""

    def __init__(self):
        self.size = 250_101

    def find(self, piece):
        special = ("[PAD]", "[CLS]", "[SEP]", "[UNK]")
        return special.index(piece) if piece in special else None


def test_published_vocabulary_has_its_mask_after_the_last_piece():
    layout = get_family("deberta_v3").layout(Published())
    assert layout.mask_id == 250_101
    assert layout.text_ids == range(4, 250_101)
    assert layout.vocabulary_size == 250_102


def test_names_of_special_tokens_in_a_text_are_text(tokenizer):
    for ids in tokenizer.encode(
        ["[PAD] [CLS] [SEP] [UNK] [MASK]", *TEXTS.values()]
    ):
        assert min(ids) >= 3
        assert max(ids) < tokenizer.mask_id


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


def test_both_files_of_a_tokenizer_give_the_same_ids(folder, headed):
    texts = ["Hello World!", "  two  spaces ", "caf\u00e9", "one\ttwo\n\nthree"]
    one, other = (
        loading.load_tokenizer(describe_backbone(str(at)))
        for at in (folder, headed)
    )
    assert one.encode(texts) == other.encode(texts)


def test_another_familys_tokenizer_is_refused_by_what_would_do():
    described = describe_backbone("random", tokenizer="pocket", **RANDOM)
    with pytest.raises(InputError, match=r"DeBERTa-v3's: its spm\.model") as e:
        loading.load_tokenizer(described)
    assert "\n" not in str(e.value)


def test_ids_equal_those_of_transformers_in_every_language(
    material, xlmr_tokenizer, tmp_path
):
    """As transformers 4 converts spm.model: 5 forgets how it normalises."""
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    content = tiny.deberta_pieces(xlmr_tokenizer.pieces.content)
    (tmp_path / "spm.model").write_bytes(content)
    ours = get_family("deberta_v3").tokenizer(tmp_path / "spm.model")
    model = sentencepiece_model_pb2.ModelProto.FromString(content)
    theirs = transformers.DebertaV2Tokenizer(
        vocab=[(entry.piece, entry.score) for entry in model.pieces]
    )
    normalizers = tokenizers.normalizers
    theirs.backend_tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap),
            normalizers.Replace(tokenizers.Regex(" {2,}"), " "),
            normalizers.Strip(),
        ]
    )
    assert_nearly_equal_ids(ours, theirs, material)


# ------------------------------------------------------------- With a framework
def test_a_folder_with_a_head_gives_transformers_states(headed):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    theirs = transformers.DebertaV2Model.from_pretrained(headed).eval()
    random = np.random.default_rng(0)
    # Beyond the bucket size of 16, where distances share buckets.
    mask = np.arange(40) < np.array([40, 23, 1])[:, None]
    token_ids = np.where(mask, random.integers(4, 1061, mask.shape), 0)
    with torch.no_grad():
        expected = theirs(
            input_ids=torch.tensor(token_ids),
            attention_mask=torch.tensor(mask).long(),
            output_hidden_states=True,
        ).hidden_states
    states = (
        load(headed)
        .cut([0, 1, 2])
        .predict_on_batch(
            {
                "token_ids": token_ids.astype("int32"),
                "padding_mask": mask.astype("int32"),
            }
        )
    )
    for state, other in zip(states, expected, strict=True):
        assert np.allclose(state[mask], other.numpy()[mask], atol=1e-5)


def test_epsilon_and_dropouts_are_the_folders(encoder):
    layers = encoder.network._flatten_layers()
    norms = [
        layer.epsilon
        for layer in layers
        if isinstance(layer, keras.layers.LayerNormalization)
    ]
    # Two in each layer, over the embedding, and over the distances.
    assert norms == [1e-3] * 6
    for layer in encoder.network.transformer_layers:
        attention = layer._self_attention_layer
        assert attention._attn_dropout_layer.rate == 0.2
        assert attention._position_dropout_layer.rate == 0.05
        assert layer._self_attention_dropout.rate == 0.05
    assert encoder.dropout == 0.05


def test_parameters_without_a_framework_are_those_built(folder, encoder):
    described = describe_backbone(str(folder))
    assert described.num_parameters == encoder.network.count_params()


def test_a_stages_folder_is_described_as_it_was(folder, encoder, tmp_path):
    encoder.save(tmp_path)
    stage, root = (describe_backbone(str(at)) for at in (tmp_path, folder))
    assert stage.settings == root.settings
    assert stage.num_parameters == root.num_parameters
    made = keras_hub.models.DebertaV3Tokenizer.from_preset(str(tmp_path))
    assert made.mask_token_id == encoder.tokenizer.mask_id


def test_kerashubs_own_folder_tells_its_buckets(folder, tmp_path):
    model = keras_hub.models.DebertaV3Backbone(
        1070, 1, 2, 8, 16, max_sequence_length=64, bucket_size=5
    )
    model.save_to_preset(str(tmp_path))
    described = describe_backbone(
        str(tmp_path), tokenizer=str(folder / "spm.model")
    )
    assert described.settings == {"bucket_size": 5}
    assert described.num_parameters == model.count_params()


def test_random_distances_are_the_same_under_every_seed(folder):
    described = describe_backbone(
        "random", tokenizer=str(folder / "spm.model"), **RANDOM
    )
    tokenizer = loading.load_tokenizer(described)
    found = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        root = loading.load_root(described, tokenizer=tokenizer)
        found.append(root.network.get_weights())
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)


def test_mixed_precision_trains_every_weight(folder):
    described = describe_backbone(
        "random", tokenizer=str(folder / "spm.model"), **RANDOM
    )
    tokenizer = loading.load_tokenizer(described)
    root = loading.load_root(
        described, tokenizer=tokenizer, dtype_policy="mixed_bfloat16"
    )
    problem = problem_of(get_task("mnli"))
    model = MultiTask(root, {"a": problem.head(root)})
    optimizer = keras.optimizers.SGD(10.0)
    optimizer.build(model.trainable_variables)
    update = Update(model, {"a": problem.loss}, optimizer)
    before = root.network.get_weights()
    ids = np.arange(4, 28).reshape(2, 12)
    x = {"token_ids": ids, "padding_mask": np.ones((2, 12), bool)}
    loss = update("a", x, {"label": np.array([0, 2])})
    assert np.isfinite(loss)
    changed = [
        (one != other).any()
        for one, other in zip(before, root.network.get_weights(), strict=True)
    ]
    assert all(changed)
