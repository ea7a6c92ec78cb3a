"""All that differs between TensorFlow, JAX and torch, in one place."""

import importlib.util
import os
import pathlib

import keras

from stilts_keras.errors import InputError


def prepare():
    """Sets the process up for Keras's backend; call it once, before a model.

    KerasHub imports TensorFlow wherever it is installed, which would take all
    GPU memory from the backend in use. JAX keeps what it compiled on disk, so
    that a stage of known shapes starts in under a second.
    """
    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        # It warns of each new batch shape; those are few and wanted.
        tf.get_logger().setLevel("ERROR")
    elif importlib.util.find_spec("tensorflow"):
        _hide_gpus()
    if name == "jax":
        import jax

        cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
        folder = pathlib.Path(cache).expanduser() / "stilts_keras" / "jax"
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


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


def random_state():
    """Returns the state of dropout, where the model itself does not hold it.

    Keras keeps it in variables of the layers, but leaves it to torch's own
    generators on torch.

    Returns:
        List of uint8 arrays, for `set_random_state`.
    """
    if keras.backend.backend() != "torch":
        return []
    import torch

    states = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
    return [state.numpy() for state in states]


def set_random_state(states):
    """Goes back to what `random_state` returned, on the same devices."""
    if keras.backend.backend() != "torch":
        return
    import torch

    first, *others = [torch.from_numpy(state.copy()) for state in states]
    torch.set_rng_state(first)
    if len(others) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(others)


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


def adam_update_step(optimizer, grads, variables, learning_rate):
    """Applies one Adam step in place, on all variables together.

    Keras does so on torch for its own optimizer classes, but not for classes
    derived from them, whose generic step makes many temporary copies of the
    embedding.

    Args:
        optimizer: `keras.optimizers.AdamW`, built.
        grads: list of tensors.
        variables: list of `keras.Variable`.
        learning_rate: scalar tensor.

    Returns:
        bool. False where the backend has no such step; nothing is done then.
    """
    if keras.backend.backend() != "torch":
        return False
    import torch

    with torch.no_grad():
        indices = [optimizer._get_variable_index(v) for v in variables]
        momentums = [optimizer._momentums[i].value for i in indices]
        velocities = [optimizer._velocities[i].value for i in indices]
        step = keras.ops.cast(optimizer.iterations + 1, "float32")
        # In float32, as the generic step of the other backends has it.
        alpha = (
            keras.ops.cast(learning_rate, "float32")
            * keras.ops.sqrt(1 - keras.ops.power(optimizer.beta_2, step))
            / (1 - keras.ops.power(optimizer.beta_1, step))
        )
        torch._foreach_lerp_(momentums, grads, 1 - optimizer.beta_1)
        torch._foreach_mul_(velocities, optimizer.beta_2)
        torch._foreach_addcmul_(
            velocities, grads, grads, value=1 - optimizer.beta_2
        )
        scales = torch._foreach_sqrt(velocities)
        torch._foreach_add_(scales, optimizer.epsilon)
        torch._foreach_addcdiv_(
            [variable.value for variable in variables],
            momentums,
            scales,
            value=-float(alpha),
        )
    return True
