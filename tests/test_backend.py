import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from stilts_keras.backend import dense_gradient
from stilts_keras.backend import jit_compile


@pytest.fixture
def variable():
    return keras.Variable(np.ones((4, 2), dtype="float32"))


def test_no_gradient_becomes_zeros(variable):
    found = keras.ops.convert_to_numpy(dense_gradient(None, variable))
    assert found.shape == (4, 2)
    assert found.dtype == np.float32
    assert not found.any()


def test_a_dense_gradient_stays(variable):
    grad = keras.ops.ones((4, 2))
    assert np.array_equal(dense_gradient(grad, variable), grad)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow has slices"
)
def test_repeated_rows_of_slices_are_summed(variable):
    import tensorflow as tf

    slices = tf.IndexedSlices(
        tf.ones((64, 2)), tf.ones((64,), "int32"), tf.constant([4, 2])
    )
    found = keras.ops.convert_to_numpy(dense_gradient(slices, variable))
    expected = np.zeros((4, 2))
    expected[1] = 64
    assert np.array_equal(found, expected)


def test_only_jax_is_compiled():
    assert jit_compile() == (keras.backend.backend() == "jax")


# What a run does before its first stage, and for each.
START = """
import sys
from stilts_keras import backend
backend.prepare()
# Keras tries these and can do without.
assert not {"jax", "matplotlib", "sklearn", "tensorflow"} & {*sys.modules}
import jax, matplotlib, sklearn
backend.set_seed(1)
from stilts_keras.backbones.family import from_preset
import keras_hub
try:
    from_preset(keras_hub.models.XLMRobertaBackbone, "/nowhere")
except Exception:
    pass
assert "tensorflow" not in sys.modules
"""


def test_torch_starts_without_what_keras_only_tries():
    subprocess.run(
        [sys.executable, "-c", START],
        check=True,
        env={**os.environ, "KERAS_BACKEND": "torch"},
    )
