"""The random root and the published family's folders."""

import dataclasses

import keras
import numpy as np
import pytest

from encoders import describe_tiny
from encoders import tiny_encoder
from stilts_keras.backbones.loading import load_stage
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.errors import InputError


@pytest.fixture(scope="module")
def root():
    return tiny_encoder()


def weights(model):
    return [
        keras.ops.convert_to_numpy(variable)
        for variable in model.trainable_variables
    ]


def test_random_root_is_the_same_under_every_seed(root):
    keras.utils.set_random_seed(7)
    again = tiny_encoder()
    for one, other in zip(
        weights(root.network), weights(again.network), strict=True
    ):
        assert np.array_equal(one, other)


def test_random_root_has_the_sizes_and_the_dropout(root):
    assert (root.num_layers, root.hidden_dim, root.dropout) == (2, 8, 0.1)
    assert root.vocabulary_size == root.tokenizer.vocabulary_size


def test_random_roots_kernels_keep_the_variance(root):
    by_path = {
        variable.path: keras.ops.convert_to_numpy(variable)
        for variable in root.network.trainable_variables
    }
    for path, value in by_path.items():
        if path.endswith("kernel"):
            inner = "feedforward_output" in path
            expected = 16 if inner else 8
            assert value.var() == pytest.approx(1 / expected, rel=0.5), path
        elif path.endswith(("bias", "beta")):
            assert not value.any(), path


def test_hidden_states_run_from_the_embedding_to_the_output(root):
    token_ids = np.array([[0, 10, 11, 2], [0, 12, 2, 1]], dtype="int32")
    x = {"token_ids": token_ids, "padding_mask": (token_ids != 1).astype(int)}
    states = [
        keras.ops.convert_to_numpy(state) for state in root.cut([0, 1, 2])(x)
    ]
    output = keras.ops.convert_to_numpy(root.network(x))
    assert np.array_equal(states[2], output)
    assert [state.shape for state in states] == [(2, 4, 8)] * 3
    assert (states[0] != states[1]).any()
    # The embedding has seen no context: the same token in the same place.
    assert np.allclose(states[0][0, 0], states[0][1, 0])


def test_a_hidden_layer_above_the_last_is_refused(root):
    with pytest.raises(InputError, match="3 is above the backbone's 2"):
        root.cut([1, 3])


def test_a_hidden_layer_shares_the_backbones_weights():
    root = tiny_encoder()
    first = root.cut([1])
    for variable in root.network.trainable_variables:
        variable.assign(np.zeros(variable.shape))
    assert not any(value.any() for value in weights(first))


def test_a_tokenizer_with_more_ids_than_the_backbone_is_refused():
    small = dataclasses.replace(describe_tiny(), vocabulary_size=100)
    with pytest.raises(InputError, match="has 1062 ids.*only 100"):
        load_tokenizer(small)


def test_a_broken_folder_is_a_one_line_error(tmp_path, root):
    (tmp_path / "config.json").write_text('{"model_type": "xlm-roberta"}')
    with pytest.raises(InputError, match="cannot be loaded") as raised:
        load_stage(tmp_path, backbone=describe_tiny(), tokenizer=root.tokenizer)
    assert "\n" not in str(raised.value)
    assert str(tmp_path) in str(raised.value)
