"""Dropout that draws less: its draws are slow on every backend's CPU."""

import functools

import keras

# Half of what a 32-bit draw gives: two elements share one.
NUM_LEVELS = 2**16


def quicken_dropout(layer):
    """Gives a Dropout layer the quick way of its backend.

    Args:
        layer: `keras.layers.Dropout`. One with a seed or a noise shape of its
            own stays as it is.
    """
    if layer.seed is None and layer.noise_shape is None:
        layer.call = functools.partial(_call, layer)


def _call(layer, inputs, training=False):
    if training and layer.rate > 0:
        return dropped(inputs, layer.rate, layer.seed_generator)
    return inputs


def dropped(inputs, rate, generator=None):
    """Sets elements to 0 at random, and divides the others by their share.

    Drawing 32 bits or more for each element was a tenth of a training step on
    a CPU. Here 16 bits decide: the rate is rounded to a multiple of 2^-16, and
    what is divided by is the share that is then kept, so that the expectation
    is exact.

    Args:
        inputs: tensor.
        rate: float in [0, 1).
        generator: `keras.random.SeedGenerator`. Torch draws by its own, whose
            state is saved with a stage's progress.

    Returns:
        Tensor of the same shape and dtype.
    """
    level = round(rate * NUM_LEVELS)
    if level == 0:
        return inputs
    kinds = {"jax": _dropped_on_jax, "tensorflow": _dropped_on_tensorflow}
    kind = kinds.get(keras.backend.backend())
    if kind is not None:
        return kind(inputs, level, generator.next())
    import torch

    if inputs.device.type != "cpu":
        return torch.nn.functional.dropout(inputs, rate)
    return _torch_function().apply(inputs, level)


def _scale(level):
    return NUM_LEVELS / (NUM_LEVELS - level)


# ---------------------------------------------------------------------- Torch
@functools.cache
def _torch_function():
    import torch

    class Dropped(torch.autograd.Function):
        """Keeps a bool for each element, where torch keeps a float."""

        @staticmethod
        def forward(ctx, inputs, level):
            ctx.scale = _scale(level)
            keep = _kept_by_torch(inputs.shape, level)
            ctx.save_for_backward(keep)
            return (inputs * keep).mul_(ctx.scale)

        @staticmethod
        def backward(ctx, grad):
            (keep,) = ctx.saved_tensors
            return (grad * keep).mul_(ctx.scale), None

    return Dropped


def _kept_by_torch(shape, level):
    """Draws which elements are kept: bool tensor."""
    import torch

    # Torch draws 64 bits at a time: four elements.
    num = shape.numel()
    drawn = torch.empty(-(-num // 4), dtype=torch.int64)
    lanes = drawn.random_(-(2**63), None).view(torch.int16)[:num]
    # Of -2^15 to 2^15 - 1, all equally likely.
    return lanes.view(shape) >= level - NUM_LEVELS // 2


# ------------------------------------------------------------------------ JAX
def _dropped_on_jax(inputs, level, seed):
    import jax

    num = inputs.size
    drawn = jax.random.bits(seed, (-(-num // 2),), "uint32")
    lanes = jax.lax.bitcast_convert_type(drawn, "uint16").reshape(-1)[:num]
    keep = lanes.reshape(inputs.shape) >= level
    return _jax_function()(inputs, keep, _scale(level))


@functools.cache
def _jax_function():
    import jax
    import jax.numpy as jnp

    def masked(values, keep, scale):
        # XLA would fuse this into products' transposed copies, ten times as
        # slow as the two one after the other.
        kept = jnp.where(keep, values * scale, jnp.zeros_like(values))
        return jax.lax.optimization_barrier(kept)

    masked_with_gradient = jax.custom_vjp(masked, nondiff_argnums=(2,))
    masked_with_gradient.defvjp(
        lambda values, keep, scale: (masked(values, keep, scale), keep),
        lambda scale, keep, grad: (masked(grad, keep, scale), None),
    )
    return masked_with_gradient


# ----------------------------------------------------------------- TensorFlow
def _dropped_on_tensorflow(inputs, level, seed):
    import tensorflow as tf

    shape = tf.shape(inputs)
    num = tf.size(inputs)
    drawn = tf.random.stateless_uniform(
        [(num + 1) // 2],
        seed=tf.cast(seed, "int64"),
        minval=None,
        maxval=None,
        dtype="int32",
    )
    lanes = tf.reshape(tf.bitcast(drawn, "int16"), [-1])[:num]
    keep = tf.reshape(lanes, shape) >= level - NUM_LEVELS // 2
    return inputs * (tf.cast(keep, inputs.dtype) * _scale(level))
