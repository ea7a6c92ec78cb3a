"""A process set up for its backend, before any model is made."""

import contextlib
import importlib
import os
import pathlib
import sys

import keras

from stilts_keras import memory
from stilts_keras.backend.first_import import absent
from stilts_keras.errors import InputError


def prepare():
    """Sets the process up for Keras's backend; call it before any model.

    KerasHub imports TensorFlow wherever it is installed, which takes seconds,
    and would take all GPU memory from the backend in use: where that is
    another, TensorFlow is kept from it. JAX keeps what it compiled on disk,
    so that a stage of known shapes starts in under a second.

    Memory that a step frees is kept for the next one: see `memory`.
    """
    memory.keep_freed()
    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        # It warns of each new batch shape; those are few and wanted.
        tf.get_logger().setLevel("ERROR")
    elif "tensorflow" in sys.modules:
        _hide_gpus()
    with without_tensorflow():
        importlib.import_module("keras_hub")
    if name == "jax":
        import jax

        cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
        folder = pathlib.Path(cache).expanduser() / "stilts_keras" / "jax"
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


@contextlib.contextmanager
def without_tensorflow():
    """Lets code go without TensorFlow that would import it, but need not.

    Where it is the backend, or has been imported already, it stays.
    """
    kept_away = ("tensorflow", "tensorflow_text")
    if keras.backend.backend() == "tensorflow" or kept_away[0] in sys.modules:
        yield
        return
    with absent(*kept_away):
        yield


def _hide_gpus():
    import tensorflow as tf

    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError as error:
        raise InputError(
            "TensorFlow has taken the GPU already, which the backend in use "
            "needs. Restart the notebook and run this before other "
            "TensorFlow code."
        ) from error
