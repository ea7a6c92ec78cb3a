import dataclasses

import keras
import numpy as np
import pytest
from stilts_keras.graph.backbone import describe_backbone
from stilts_keras.models import xlm_roberta

from stilts_keras.errors import InputError


@pytest.fixture(scope="module")
def described():
    return describe_backbone(
        "random",
        tokenizer="pocket",
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=16,
    )


@pytest.fixture(scope="module")
def tokenizer(described):
    return xlm_roberta.load_tokenizer(described)


@pytest.fixture(scope="module")
def root(described, tokenizer):
    return xlm_roberta.load_root(described, tokenizer=tokenizer)


def weights(model):
    return [
        keras.ops.convert_to_numpy(variable)
        for variable in model.trainable_variables
    ]


def test_random_root_is_the_same_under_every_seed(described, tokenizer, root):
    keras.utils.set_random_seed(7)
    again = xlm_roberta.load_root(described, tokenizer=tokenizer)
    for one, other in zip(weights(root), weights(again), strict=True):
        assert np.array_equal(one, other)


def test_random_root_has_the_sizes_and_the_dropout(root, tokenizer):
    assert (root.num_layers, root.hidden_dim, root.dropout) == (2, 8, 0.1)
    assert root.vocabulary_size == tokenizer.vocabulary_size


def test_random_roots_kernels_keep_the_variance(root):
    by_path = {
        variable.path: keras.ops.convert_to_numpy(variable)
        for variable in root.trainable_variables
    }
    for path, value in by_path.items():
        if path.endswith("kernel"):
            inner = "feedforward_output" in path
            expected = 16 if inner else 8
            assert value.var() == pytest.approx(1 / expected, rel=0.5), path
        elif path.endswith(("bias", "beta")):
            assert not value.any(), path


def test_hidden_layers_run_from_the_embedding_to_the_output(root):
    token_ids = np.array([[0, 10, 11, 2], [0, 12, 2, 1]], dtype="int32")
    x = {"token_ids": token_ids, "padding_mask": (token_ids != 1).astype(int)}
    model = xlm_roberta.hidden_layers(root, [0, 1, 2])
    states = [keras.ops.convert_to_numpy(state) for state in model(x)]
    assert np.array_equal(states[2], keras.ops.convert_to_numpy(root(x)))
    assert [state.shape for state in states] == [(2, 4, 8)] * 3
    assert (states[0] != states[1]).any()
    # The embedding has seen no context: the same token in the same place.
    assert np.allclose(states[0][0, 0], states[0][1, 0])


def test_a_hidden_layer_above_the_last_is_refused(root):
    with pytest.raises(InputError, match="3 is above the backbone's 2"):
        xlm_roberta.hidden_layers(root, [1, 3])


def test_a_hidden_layer_shares_the_backbones_weights(described, tokenizer):
    root = xlm_roberta.load_root(described, tokenizer=tokenizer)
    first = xlm_roberta.hidden_layers(root, [1])
    for variable in root.trainable_variables:
        variable.assign(np.zeros(variable.shape))
    assert not any(value.any() for value in weights(first))


def test_a_tokenizer_with_more_ids_than_the_backbone_is_refused(described):
    small = dataclasses.replace(described, vocabulary_size=100)
    with pytest.raises(InputError, match="has 1062 ids.*only 100"):
        xlm_roberta.load_tokenizer(small)


def test_a_broken_folder_is_a_one_line_error(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "xlm-roberta"}')
    with pytest.raises(InputError, match="cannot be loaded") as raised:
        xlm_roberta.load_backbone(tmp_path)
    assert "\n" not in str(raised.value)
    assert str(tmp_path) in str(raised.value)
