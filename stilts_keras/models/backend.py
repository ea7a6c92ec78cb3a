"""All that differs between TensorFlow, JAX and torch, in one place."""

import os
import pathlib

import keras


def prepare():
    """Sets the process up for Keras's backend; call it once, before a model.

    TensorFlow is always imported (KerasHub needs it) and would take all GPU
    memory from the backend in use. JAX keeps what it compiled on disk, so
    that a stage of known shapes starts in under a second.
    """
    import tensorflow as tf

    name = keras.backend.backend()
    if name == "tensorflow":
        # It warns of each new batch shape; those are few and wanted.
        tf.get_logger().setLevel("ERROR")
    else:
        tf.config.set_visible_devices([], "GPU")
    if name == "jax":
        import jax

        cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
        folder = pathlib.Path(cache).expanduser() / "stilts_keras" / "jax"
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


def jit_compile():
    """Whether `Model.compile` should compile steps through XLA.

    JAX always does; on TensorFlow its compilation of each new shape costs
    more than it saves, and torch has no such path in Keras.
    """
    return keras.backend.backend() == "jax"


def dense_gradient(grad, variable):
    """Makes a gradient a dense array of the variable's shape.

    JAX gives a head that took no part in the step zeros; TensorFlow and torch
    give None. TensorFlow gives embedding gradients as slices, whose repeated
    rows its gradient norm counts separately: a row repeated 64 times counts
    8 times its length instead of 64 times, and clipping goes wrong.

    Args:
        grad: tensor, `tf.IndexedSlices`, or None.
        variable: `keras.Variable`.

    Returns:
        Tensor.
    """
    if grad is None:
        return keras.ops.zeros(variable.shape, dtype=variable.dtype)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.convert_to_tensor(grad)
    return grad
