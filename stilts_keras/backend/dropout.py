"""Dropout that draws less, where drawing is slow: on torch, on a CPU."""

import functools

import keras

# Torch draws 64 bits at a time: four elements of 16 bits each.
NUM_LEVELS = 2**16


def quicken_dropout(layer):
    """Gives a Dropout layer the quick way of its backend, if it has one.

    Args:
        layer: `keras.layers.Dropout`. One with a seed or a noise shape of its
            own stays as it is.
    """
    if keras.backend.backend() != "torch":
        return
    if layer.seed is None and layer.noise_shape is None:
        layer.call = functools.partial(_call, layer)


def _call(layer, inputs, training=False):
    if training and layer.rate > 0:
        return dropped(inputs, layer.rate)
    return inputs


def dropped(inputs, rate):
    """Sets elements to 0 at random, and divides the others by their share.

    Torch's own dropout draws 64 bits for each element on a CPU, in one
    thread; that was a tenth of a training step. Here the rate is rounded to a
    multiple of 2^-16, and what is divided by is the share that is then kept,
    so that the expectation is exact. The generator is torch's own: its state
    is saved with a stage's progress.

    Args:
        inputs: tensor.
        rate: float in [0, 1).

    Returns:
        Tensor of the same shape and dtype.
    """
    import torch

    level = round(rate * NUM_LEVELS)
    if inputs.device.type != "cpu" or not 0 < level < NUM_LEVELS:
        return torch.nn.functional.dropout(inputs, rate)
    return _function().apply(inputs, level)


@functools.cache
def _function():
    import torch

    class Dropped(torch.autograd.Function):
        """Keeps a bool for each element, where torch keeps a float."""

        @staticmethod
        def forward(ctx, inputs, level):
            ctx.scale = NUM_LEVELS / (NUM_LEVELS - level)
            keep = _kept(inputs.shape, level)
            ctx.save_for_backward(keep)
            return (inputs * keep).mul_(ctx.scale)

        @staticmethod
        def backward(ctx, grad):
            (keep,) = ctx.saved_tensors
            return (grad * keep).mul_(ctx.scale), None

    return Dropped


def _kept(shape, level):
    """Draws which elements are kept: bool tensor."""
    import torch

    num = shape.numel()
    drawn = torch.empty(-(-num // 4), dtype=torch.int64)
    lanes = drawn.random_(-(2**63), None).view(torch.int16)[:num]
    # Of -2^15 to 2^15 - 1, all equally likely.
    return lanes.view(shape) >= level - NUM_LEVELS // 2
