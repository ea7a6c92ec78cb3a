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

    On torch Keras makes about eight temporary arrays of the embedding's size
    in a step, and reads its learning rate back from the device. Here torch's
    fused kernel reads and writes everything once, and nothing waits.

    Args:
        optimizer: `keras.optimizers.AdamW`, built, with `global_clipnorm`.
        grads: list of tensors. Their values are lost.
        variables: list of `keras.Variable`.

    Returns:
        bool. False where the backend has no such step; nothing is done then.
    """
    if keras.backend.backend() != "torch":
        return False
    import torch

    with torch.no_grad():
        _decay(optimizer, variables)
        indices = [optimizer._get_variable_index(v) for v in variables]
        # The kernel's own step size would be of another rounding than that of
        # the other backends: it gets theirs, and after so many steps takes it
        # as it is.
        many = torch.full((), 1e9, device=grads[0].device)
        torch._fused_adamw_(
            [variable.value for variable in variables],
            grads,
            [optimizer._momentums[i].value for i in indices],
            [optimizer._velocities[i].value for i in indices],
            [],
            [many] * len(grads),
            lr=_step_size(optimizer),
            beta1=optimizer.beta_1,
            beta2=optimizer.beta_2,
            weight_decay=0.0,
            eps=optimizer.epsilon,
            amsgrad=False,
            maximize=False,
            grad_scale=_clip_divisor(grads, optimizer.global_clipnorm),
        )
    return True


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

    norms = torch.stack(torch._foreach_norm(grads))
    norm = torch.linalg.vector_norm(norms)
    # A norm that is no number must show in all weights, not only in some.
    return (norm / clip_norm).clamp(min=1.0) + (norm - norm)
