"""What test_attention.py has each backend do, in a process of its own.

`KERAS_BACKEND=torch python attention_run.py FOLDER` writes FOLDER/torch.npz.
"""

import pathlib
import sys

import keras
import numpy as np

from encoders import tiny_encoder
from stilts_keras import backend
from stilts_keras.backend import make_steps
from stilts_keras.problems.classification import Classification
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.update import Update
from stilts_keras.tasks import get_task

NAME = keras.backend.backend()
RATE = 0.3


def main(folder):
    backend.prepare()
    found = attention(0.0) | states_and_gradients()
    if NAME == "torch":
        found |= {f"dropped/{n}": v for n, v in attention(RATE).items()}
    found["dropout"] = many_dropped()
    found["dropout_gradient"] = gradient_of_dropout()
    np.savez(folder / f"{NAME}.npz", **found)


def random_inputs():
    random = np.random.default_rng(0)
    hidden = random.standard_normal((3, 9, 12), dtype="float32")
    mask = np.arange(9) < np.array([9, 5, 1])[:, None]
    return hidden, mask[:, None]


def make_layer(rate):
    layer = keras.layers.MultiHeadAttention(3, 4, dropout=RATE)
    layer.build((None, None, 12), (None, None, 12))
    random = np.random.default_rng(1)
    for variable in layer.trainable_variables:
        variable.assign(random.standard_normal(variable.shape))
    layer._dropout = layer._dropout_layer.rate = rate
    return layer


def attention(rate):
    """Keras's own, which goes through einsum, and the quick one."""
    hidden, mask = random_inputs()
    slow, quick = make_layer(RATE), make_layer(RATE)
    backend.quicken_attention(quick)
    quick._dropout = quick._dropout_layer.rate = rate
    how = {"attention_mask": mask, "training": rate > 0}
    found = {}
    for name, layer in (("slow", slow), ("quick", quick)):
        outputs = [
            keras.ops.convert_to_numpy(layer(hidden, hidden, **how))
            for _ in range(1 if rate == 0 else 2000)
        ]
        found[name] = np.mean(outputs, axis=0)
        found[f"{name}/deviation"] = np.std(outputs, axis=0)
    return found


def states_and_gradients():
    """An encoder's hidden states, and gradients of a loss with dropout 0."""
    found = {}
    for name, rate in (("none", 0.0), ("made_with_dropout", RATE)):
        encoder = tiny_encoder(dropout=RATE, num_layers=2)
        for layer in encoder.network._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
            elif isinstance(layer, keras.layers.MultiHeadAttention):
                # By which path training goes; the rate itself is 0.
                layer._dropout = rate
        ids = np.random.default_rng(0).integers(4, 900, (4, 9), dtype="int32")
        lengths = np.array([[9], [7], [4], [2]])
        x = {"token_ids": ids, "padding_mask": np.arange(9) < lengths}
        states = encoder.cut([0, 1, 2]).predict_on_batch(
            {n: v.astype("int32") for n, v in x.items()}
        )
        found[f"{name}/states"] = (
            np.stack(states) * x["padding_mask"][..., None]
        )
        problem = Classification(get_task("mnli"))
        head = problem.head(encoder)
        head.dropout.rate = 0.0
        model = MultiTask(encoder, {"nli": head}, seed=1)
        optimizer = keras.optimizers.SGD(1.0)
        optimizer.build(model.trainable_variables)
        before = [np.array(v) for v in model.get_weights()]
        update = Update(model, {"nli": problem.loss}, optimizer)
        y = {"label": np.array([0, 1, 2, 0], dtype="int32")}
        found[f"{name}/loss"] = float(update("nli", x, y))
        moved = [
            (a - b).ravel()
            for a, b in zip(before, model.get_weights(), strict=True)
            if a.dtype == np.float32
        ]
        found[f"{name}/gradient"] = np.concatenate(moved)
    return found


def dropout_layer():
    """An Encoder's own."""
    encoder = tiny_encoder(dropout=RATE, num_layers=1)
    (layer,) = [
        layer
        for layer in encoder.network._flatten_layers()
        if layer.name == "self_attention_dropout"
    ]
    return layer


def many_dropped():
    """Ones through the layer, twice."""
    layer = dropout_layer()
    ones = np.ones((1001, 503), dtype="float32")
    return np.stack(
        [
            keras.ops.convert_to_numpy(layer(ones, training=True))
            for _ in range(2)
        ]
    )


def gradient_of_dropout():
    """Numbers, and the gradient of half the sum of their squares."""
    layer = dropout_layer()
    start = np.random.default_rng(2).standard_normal((31, 17), dtype="float32")
    numbers = keras.Variable(start)

    class OneLayer(keras.Model):
        def call(self, x, training=None):
            return layer(x + numbers, training=training)

    model = OneLayer()
    model.build((31, 17))
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.build([numbers])

    def forward(x, y):
        outputs = model(x["zeros"], training=True)
        return keras.ops.sum(outputs**2) / 2, keras.ops.ones(())

    steps = make_steps(
        forward,
        lambda weight: weight,
        optimizer,
        [numbers],
        [layer.seed_generator.state],
    )
    steps.step({"zeros": np.zeros((31, 17), "float32")}, {})
    return np.stack([start, start - keras.ops.convert_to_numpy(numbers)])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
