"""What is compiled, and for which shapes."""

import keras


def jit_compile():
    """Whether `Model.compile` should compile steps through XLA.

    JAX always does; on TensorFlow its compilation of each new shape costs
    more than it saves, and torch has no such path in Keras.
    """
    return keras.backend.backend() == "jax"


def steady_function(step):
    """Compiles a step of a Model once for all lengths, on TensorFlow.

    Keras lets TensorFlow compile for the first length it meets, then for any:
    which of the two graphs a batch goes through, and so the last bits of a
    result, would depend on what the process has seen before.

    Args:
        step: function of nested arrays, such as `Model.train_step`.

    Returns:
        The same function, compiled for arrays whose last axis is of any
        length; None on backends that need no such thing.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    def loose(array):
        shape = array.shape[:-1] + (None,) if array.ndim > 1 else array.shape
        return tf.TensorSpec(shape, array.dtype)

    compiled = {}

    def call(*data):
        signature = keras.tree.map_structure(loose, data)
        key = repr(signature)
        if key not in compiled:
            compiled[key] = tf.function(
                step, input_signature=signature, autograph=False
            )
        return compiled[key](*data)

    return call
