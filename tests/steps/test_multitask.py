import keras
import numpy as np
import pytest

from encoders import tiny_encoder
from stilts_keras.problems.classification import ClassificationHead
from stilts_keras.problems.multiple_choice import MultipleChoiceHead
from stilts_keras.steps.multitask import MultiTask


def make_model(dropout=0.0, seed=0):
    encoder = tiny_encoder(dropout=dropout)
    heads = {
        "nli": ClassificationHead(3, encoder),
        "choice": MultipleChoiceHead(1, encoder),
    }
    return MultiTask(encoder, heads, seed=seed)


@pytest.fixture(scope="module")
def model():
    return make_model()


def features(*shape):
    token_ids = np.random.default_rng(0).integers(4, 1000, shape, dtype="int32")
    token_ids[..., 7:] = 1
    return {"token_ids": token_ids, "padding_mask": token_ids != 1}


def kernels(model):
    return [
        keras.ops.convert_to_numpy(variable)
        for head in model.heads.values()
        for variable in head.trainable_variables
        if variable.path.endswith("kernel")
    ]


def test_heads_follow_the_stages_seed_alone(model):
    keras.utils.set_random_seed(5)
    again, other = make_model(), make_model(seed=1)
    assert len(kernels(model)) == 4
    for one, same, changed in zip(
        kernels(model), kernels(again), kernels(other), strict=True
    ):
        assert np.array_equal(one, same)
        assert (one != changed).all()
        assert 0 < np.abs(one).max() < 0.1


def test_each_batch_goes_to_the_head_it_names(model):
    assert model.predict_on_batch({"nli": features(4, 9)}).shape == (4, 3)
    x = {"choice": features(4, 2, 9)}
    assert model.predict_on_batch(x).shape == (4, 2)


def test_permuting_choices_permutes_their_scores(model):
    x = features(4, 3, 9)
    order = [2, 0, 1]
    turned = {name: array[:, order] for name, array in x.items()}
    expected = model.predict_on_batch({"choice": x})[:, order]
    found = model.predict_on_batch({"choice": turned})
    assert found == pytest.approx(expected, abs=1e-6)
    assert np.ptp(expected, axis=1).min() > 1e-4


@pytest.fixture(scope="module")
def with_dropout():
    return make_model(dropout=0.3)


def test_predictions_are_the_twins_without_dropout(model, with_dropout):
    x = {"nli": features(4, 9)}
    expected = model.predict_on_batch(x)
    assert np.array_equal(with_dropout.predict_on_batch(x), expected)


def test_training_still_drops_after_an_evaluation(with_dropout):
    with_dropout.predict_on_batch({"nli": features(4, 9)})
    attention = with_dropout.backbone.get_layer("transformer_layer_0")
    attention = attention._self_attention_layer
    assert attention._dropout == 0.3
    hidden = np.random.default_rng(0).standard_normal(
        (2, 9, 8), dtype="float32"
    )
    outputs = [
        keras.ops.convert_to_numpy(attention(hidden, hidden, training=True))
        for _ in range(2)
    ]
    assert (outputs[0] != outputs[1]).any()
