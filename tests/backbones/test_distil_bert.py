"""DistilBERT: what is like no other family's."""

import json
import shutil

import keras
import keras_hub
import numpy as np
import pytest

from backbones import tiny
from stilts_keras.backbones import get_family
from stilts_keras.backbones import loading
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distil_bert")
    tiny.write_distil_bert(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder):
    return load(folder)


def load(folder):
    described = describe_backbone(str(folder))
    tokenizer = loading.load_tokenizer(described)
    return loading.load_root(described, tokenizer=tokenizer)


def state_of(encoder):
    ids = np.arange(6, 15, dtype="int32")[None]
    x = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    return keras.ops.convert_to_numpy(encoder.network(x))


def rates(encoder):
    """The rates of all Dropouts of the layers, by name."""
    return {
        layer.name: layer.rate
        for layer in encoder.network._flatten_layers()
        if isinstance(layer, keras.layers.Dropout)
    }


def test_preset_has_kerashubs_number_of_parameters():
    backbone = describe_backbone("distil_bert_base_multi")
    # Source: KerasHub 0.32, distil_bert_presets.py.
    assert backbone.num_parameters == 134_734_080


def test_sizes_and_settings_have_their_own_keys(folder):
    backbone = describe_backbone(str(folder))
    assert (backbone.hidden_dim, backbone.intermediate_dim) == (16, 32)
    assert (backbone.num_layers, backbone.num_heads) == (2, 2)
    assert backbone.max_sequence_length == 64
    assert backbone.settings == {
        "layer_norm_epsilon": 1e-12,
        "activation": "gelu_tanh",
        "dropout": 0.05,
        "attention_dropout": 0.2,
        "attention_output_dropout": 0.0,
    }


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"sinusoidal_pos_embds": True}, "sinusoidal_pos_embds.*false"),
        ({"activation": "mish"}, "activation 'mish'.*gelu_new"),
        ({"n_heads": None}, "lacks n_heads"),
    ],
)
def test_what_kerashub_cannot_be_is_refused_by_its_key(
    folder, changes, pattern
):
    config = json.loads((folder / "config.json").read_text()) | changes
    config = {key: value for key, value in config.items() if value is not None}
    with pytest.raises(InputError, match=pattern):
        get_family("distil_bert").read_config(config, "here")


def test_xlm_robertas_vocabulary_is_refused_by_what_would_do():
    described = describe_backbone(
        "random", family="distil_bert", tokenizer="pocket"
    )
    with pytest.raises(InputError, match=r"BERT's vocab\.txt") as raised:
        loading.load_tokenizer(described)
    assert "\n" not in str(raised.value)


def test_sequences_have_no_segments(encoder):
    packed = encoder.tokenizer.join([7, 8], [9])
    assert packed.columns == {"token_ids": [3, 7, 8, 4, 9, 4]}
    assert encoder.inputs == ("token_ids", "padding_mask")


def test_a_bare_save_opens_as_one_with_a_head(folder, encoder, tmp_path):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.DistilBertModel.from_pretrained(folder)
    theirs.save_pretrained(tmp_path)
    shutil.copy(folder / "tokenizer.json", tmp_path)
    assert np.array_equal(state_of(load(tmp_path)), state_of(encoder))


def test_dropouts_are_where_transformers_has_them(encoder, tmp_path):
    """None after attention; KerasHub's class has one there."""
    expected = {
        "embeddings_dropout": 0.05,
        "dropout": 0.2,
        "self_attention_dropout": 0.0,
        "feedforward_dropout": 0.05,
    }

    def named(encoder):
        # Keras numbers the layers within attention.
        return {
            name.rstrip("_0123456789"): rate
            for name, rate in rates(encoder).items()
        }

    assert named(encoder) == expected
    encoder.save(tmp_path)
    assert named(load(tmp_path)) == expected
    # A folder of KerasHub's that says nothing else keeps its own.
    file = tmp_path / "config.json"
    config = json.loads(file.read_text())
    del config["stilts_keras"]
    file.write_text(json.dumps(config))
    assert set(rates(load(tmp_path)).values()) == {0.2}


def test_kerashub_opens_a_stages_folder_with_its_tokenizer(encoder, tmp_path):
    encoder.save(tmp_path)
    theirs = keras_hub.models.Backbone.from_preset(str(tmp_path))
    assert type(theirs) is keras_hub.models.DistilBertBackbone
    tokenizer = keras_hub.models.DistilBertTokenizer.from_preset(str(tmp_path))
    (ids,) = encoder.tokenizer.encode(["Hello World, the cat."])
    assert np.asarray(tokenizer("Hello World, the cat.")).tolist() == ids
