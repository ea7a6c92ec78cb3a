"""What is compiled, and for which shapes."""

import keras


def jit_compile():
    """Whether `Model.compile` should compile steps through XLA.

    JAX always does; on TensorFlow its compilation of each new shape costs
    more than it saves, and torch has no such path in Keras.
    """
    return keras.backend.backend() == "jax"


def most_lengths():
    """How many lengths batches of one head are padded to, at most.

    JAX compiles for each, which takes seconds and memory; TensorFlow, by
    `steady_function`, and torch take any length.

    Returns:
        int, or None for any number.
    """
    return 12 if keras.backend.backend() == "jax" else None


def length_multiple():
    """What padded lengths are multiples of.

    Matrix units of accelerators want 8. On a CPU no multiple is faster than
    another, and 8 would cost XNLI 8 % of all positions, 4 costs it 4 %.
    """
    return 8 if has_accelerator() else 4


def has_accelerator():
    """Whether the backend computes on something other than a CPU."""
    name = keras.backend.backend()
    if name == "jax":
        import jax

        return jax.default_backend() != "cpu"
    if name == "torch":
        import torch

        return torch.cuda.is_available()
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def steady_function(step):
    """Compiles a step of a Model once for all shapes, on TensorFlow.

    Keras lets TensorFlow compile for the first length it meets, then for any:
    which of the two graphs a batch goes through, and so the last bits of a
    result, would depend on what the process has seen before.

    Args:
        step: function of nested arrays, such as `Model.train_step`.

    Returns:
        The same function, compiled for arrays whose first and last axes are
        of any length; None on backends that need no such thing.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    def loose(array):
        shape = [*array.shape]
        if shape:
            shape[0] = shape[-1] = None
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
