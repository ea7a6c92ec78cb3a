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
