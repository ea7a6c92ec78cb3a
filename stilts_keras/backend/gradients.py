"""Gradients made alike, and what Adam does with them."""

import keras


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


def apply_adam(optimizer, grads, variables):
    """Clips gradients, decays weights and takes an Adam step, all in place.

    Keras makes about eight temporary arrays of each variable's size in a step,
    and on torch reads its learning rate back from the device. Here the
    framework's fused kernel reads and writes everything once, and nothing
    waits. JAX fuses what Keras does by itself.

    Args:
        optimizer: `keras.optimizers.AdamW`, built, with `global_clipnorm`.
        grads: list of tensors. Their values are lost.
        variables: list of `keras.Variable`.

    Returns:
        bool. False where the backend has no such step; nothing is done then.
    """
    kinds = {"torch": _apply_on_torch, "tensorflow": _apply_on_tensorflow}
    kind = kinds.get(keras.backend.backend())
    if kind is None:
        return False
    kind(optimizer, grads, variables)
    return True


def _moments(optimizer, variable):
    index = optimizer._get_variable_index(variable)
    return optimizer._momentums[index], optimizer._velocities[index]


# ----------------------------------------------------------------- TensorFlow
def _apply_on_tensorflow(optimizer, grads, variables):
    import tensorflow as tf

    # Half of the sum of squares, without an array of squares.
    halves = [tf.cast(tf.nn.l2_loss(grad), "float32") for grad in grads]
    norm = tf.sqrt(2.0 * tf.add_n(halves))
    clip_norm = optimizer.global_clipnorm
    factor = clip_norm / tf.maximum(norm, clip_norm)
    rate = tf.convert_to_tensor(optimizer.learning_rate)
    kept = 1.0 - (optimizer.weight_decay or 0.0) * rate
    step = tf.cast(optimizer.iterations.value + 1, "float32")
    numbers = {
        "beta1_power": optimizer.beta_1**step,
        "beta2_power": optimizer.beta_2**step,
        "lr": rate,
        "beta1": optimizer.beta_1,
        "beta2": optimizer.beta_2,
        "epsilon": optimizer.epsilon,
    }
    for grad, variable in zip(grads, variables, strict=True):
        value = variable.value
        if optimizer.weight_decay and optimizer._use_weight_decay(variable):
            value.assign(value * tf.cast(kept, value.dtype))
        mean, square = _moments(optimizer, variable)
        tf.raw_ops.ResourceApplyAdam(
            var=value.handle,
            m=mean.value.handle,
            v=square.value.handle,
            grad=tf.cast(grad * tf.cast(factor, grad.dtype), value.dtype),
            **{
                n: tf.cast(number, value.dtype) for n, number in numbers.items()
            },
        )


# ---------------------------------------------------------------------- Torch
def _apply_on_torch(optimizer, grads, variables):
    import torch

    with torch.no_grad():
        _decay(optimizer, variables)
        how = {
            "lr": _step_size(optimizer),
            "beta1": optimizer.beta_1,
            "beta2": optimizer.beta_2,
            "weight_decay": 0.0,
            "eps": optimizer.epsilon,
            "amsgrad": False,
            "maximize": False,
            "grad_scale": _clip_divisor(grads, optimizer.global_clipnorm),
        }
        # The kernel's own step size would be of another rounding than that of
        # the other backends: it gets theirs, and after so many steps takes it
        # as it is.
        many = torch.full((), 1e9, device=grads[0].device)
        for arrays in _by_dtype(optimizer, grads, variables):
            torch._fused_adamw_(*arrays, [], [many] * len(arrays[0]), **how)


def _by_dtype(optimizer, grads, variables):
    """Gives lists of values, gradients and both moments, of one dtype each."""
    groups = {}
    for grad, variable in zip(grads, variables, strict=True):
        moments = [moment.value for moment in _moments(optimizer, variable)]
        arrays = variable.value, grad, *moments
        groups.setdefault(variable.dtype, []).append(arrays)
    return [[*map(list, zip(*group, strict=True))] for group in groups.values()]


def _decay(optimizer, variables):
    """Decays what is decayed, as Keras does: before the step, by its rate."""
    import torch

    decayed = [v.value for v in variables if optimizer._use_weight_decay(v)]
    if decayed and optimizer.weight_decay:
        kept = 1 - optimizer.weight_decay * optimizer.learning_rate
        torch._foreach_mul_(decayed, kept)


def _step_size(optimizer):
    """Returns Keras's step size: a float32 scalar on the device."""
    step = (optimizer.iterations.value + 1).float()
    # `keras.ops.power` would bring its base to the device, and wait.
    mean_bias = 1 - optimizer.beta_1**step
    square_bias = 1 - optimizer.beta_2**step
    return optimizer.learning_rate * square_bias.sqrt() / mean_bias


def _clip_divisor(grads, clip_norm):
    """Returns what clipping divides gradients by: a scalar on the device."""
    import torch

    norms = [norm.float() for norm in torch._foreach_norm(grads)]
    norm = torch.linalg.vector_norm(torch.stack(norms))
    # A norm that is no number must show in all weights, not only in some.
    return (norm / clip_norm).clamp(min=1.0) + (norm - norm)
