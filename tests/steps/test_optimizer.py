import keras
import numpy as np
import pytest
from stilts_keras.graph.backbone import describe_backbone
from stilts_keras.models import xlm_roberta

from stilts_keras.steps.optimizer import WarmupLinearDecay
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.tasks.task import Recipe


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        # Worked by hand: 4 steps up to 8, then 16 down; 20 in all.
        (0, 2.0),
        (1, 4.0),
        (3, 8.0),
        (4, 8.0),
        (5, 7.5),
        (12, 4.0),
        (19, 0.5),
        (20, 0.0),
        (25, 0.0),
    ],
)
def test_rate_rises_then_falls(step, expected):
    schedule = WarmupLinearDecay(8.0, warmup_steps=4, num_steps=20)
    assert float(schedule(step)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("warmup_steps", "num_steps", "expected"),
    [(0, 1, [8.0]), (1, 1, [8.0]), (0, 2, [8.0, 4.0]), (2, 2, [4.0, 8.0])],
)
def test_rate_of_very_short_stages(warmup_steps, num_steps, expected):
    schedule = WarmupLinearDecay(
        8.0, warmup_steps=warmup_steps, num_steps=num_steps
    )
    found = [float(schedule(step)) for step in range(num_steps)]
    assert found == pytest.approx(expected)


def test_rate_comes_back_from_its_config():
    schedule = WarmupLinearDecay(8.0, warmup_steps=4, num_steps=20)
    again = WarmupLinearDecay.from_config(schedule.get_config())
    assert float(again(7)) == float(schedule(7))


def optimizer(variables, **changes):
    values = {"learning_rate": 0.5, "warmup_ratio": 0.0, "weight_decay": 0.1}
    return make_optimizer(Recipe(**values | changes), 10, variables)


def test_biases_and_layer_norms_are_not_decayed():
    described = describe_backbone(
        "random",
        tokenizer="pocket",
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=16,
    )
    root = xlm_roberta.load_root(
        described, tokenizer=xlm_roberta.load_tokenizer(described)
    )
    variables = root.trainable_variables
    for variable in variables:
        variable.assign(np.ones(variable.shape))
    # Without gradients only the decay moves them: by 0.5 * 0.1.
    optimizer(variables).apply([None] * len(variables), variables)
    kinds = set()
    for variable in variables:
        kind = variable.path.rsplit("/")[-1]
        kinds.add(kind)
        kept = kind in ("bias", "gamma", "beta")
        assert np.allclose(variable, 1.0 if kept else 0.95), variable.path
    assert {"bias", "gamma", "beta", "kernel", "embeddings"} <= kinds


def test_gradients_are_clipped_by_their_norm_together():
    variables = [
        keras.Variable(np.zeros(1, dtype="float32"), name=name)
        for name in ("kernel", "bias")
    ]
    adam = optimizer(variables)
    adam.apply([keras.ops.ones(1) * 30, keras.ops.ones(1) * 40], variables)
    # 30 and 40 have the norm 50; the first moment is a tenth of what is left.
    found = [
        float(keras.ops.convert_to_numpy(moment)[0])
        for moment in adam.variables
        if "momentum" in moment.path
    ]
    assert found == pytest.approx([0.06, 0.08])


def test_an_idle_head_is_moved_by_its_momentum():
    head = keras.Variable(np.zeros(1, dtype="float32"), name="kernel")
    adam = optimizer([head], weight_decay=0.0)
    adam.apply([keras.ops.ones(1)], [head])
    before = float(keras.ops.convert_to_numpy(head)[0])
    adam.apply([None], [head])
    assert float(keras.ops.convert_to_numpy(head)[0]) < before
