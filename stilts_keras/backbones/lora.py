"""LoRA: a frozen backbone, and low-rank factors that are trained beside it.

In every attention layer the projections W of queries and of values become
W + alpha / r A B, with A (h, r) and B (r, outputs of all heads). Alpha is the
rank r, so that the scale is 1 and a learning rate serves every rank. A begins
as Gaussian noise of variance 1 / h and B as zeros, so that a stage begins at
its parent's weights. Everything else of the backbone is frozen: keys, outputs,
feed-forward layers, all biases, layer norms and embeddings. Heads are trained
as in every stage.

Keras's own `enable_lora` is not used: on the projections of attention it
factorises each head's (h, d) by itself, with one B for all heads, which is
another method, and has as many times the parameters as there are heads.

Source: Hu et al., 2021, https://arxiv.org/abs/2106.09685, section 4.1; queries
and values are what section 4.2 adapts.
"""

import math
import pathlib

import keras
import numpy as np
from keras import ops

from stilts_keras.backbones.lora_folder import FACTORS_FILE
from stilts_keras.backbones.tensor_files import open_file
from stilts_keras.errors import InputError


class LowRank(keras.layers.Layer):
    """A frozen projection, with two factors beside it."""

    def __init__(self, projection, rank):
        """Takes a built layer with a kernel (h, ...)."""
        super().__init__(
            dtype=projection.dtype_policy, name=f"{projection.name}_lora"
        )
        num_inputs, *outputs = projection.kernel.shape
        self.projection = projection
        self.outputs = tuple(outputs)
        self.factor_a, self.factor_b = (
            self.add_weight(name=name, shape=shape, initializer="zeros")
            for name, shape in (
                ("factor_a", (num_inputs, rank)),
                ("factor_b", (rank, math.prod(outputs))),
            )
        )
        self.built = True

    def call(self, x):
        """Maps x (b, l, h) to the projection of it (b, l, ...)."""
        more = ops.matmul(ops.matmul(x, self.factor_a), self.factor_b)
        middle = ops.shape(x)[1:-1]
        more = ops.reshape(more, (-1, *middle, *self.outputs))
        return self.projection(x) + more

    def factors(self):
        """Returns A (h, r) and B (r, outputs) as float32 arrays."""
        return tuple(
            np.asarray(ops.convert_to_numpy(factor.value), "float32")
            for factor in (self.factor_a, self.factor_b)
        )


def add_lora(encoder, rank, seed):
    """Freezes a backbone and puts new factors beside it.

    Args:
        encoder: `Encoder` whose weights are those that the stage begins at.
        rank: int.
        seed: int. Draws A, equal on every backend.
    """
    for variable in encoder.network.variables:
        variable.trainable = False
    random = np.random.default_rng([seed, 2])
    for name, (owner, attribute) in encoder.projections().items():
        adapter = LowRank(getattr(owner, attribute), rank)
        num_inputs = adapter.factor_a.shape[0]
        noise = random.standard_normal((num_inputs, rank))
        noise /= math.sqrt(num_inputs)
        adapter.factor_a.assign(noise.astype("float32"))
        _replace(owner, attribute, adapter)
        encoder.adapters[name] = adapter


def merge_lora(encoder):
    """Adds the factors to the weights that they stand beside, and goes.

    What is left is bit by bit what a later process loads from the folder.

    Args:
        encoder: `Encoder`.
    """
    found = {}
    for name, (owner, attribute) in encoder.projections().items():
        adapter = encoder.adapters.pop(name)
        found[name] = adapter.factors()
        _replace(owner, attribute, adapter.projection)
    add_factors(encoder, [found])


def _replace(owner, attribute, layer):
    """Puts a layer in the place of another, also in the order of layers."""
    layers, old = owner._layers, getattr(owner, attribute)
    place = [id(each) for each in layers].index(id(old))
    # As Keras's own `enable_lora`: a built layer takes no other layers.
    owner._tracker.unlock()
    owner._tracker.untrack(old)
    setattr(owner, attribute, layer)
    owner._tracker.lock()
    layers.insert(place, layers.pop())


def add_factors(encoder, stages):
    """Adds finished stages' factors to a backbone's weights, one by one.

    The order is that of training, so that rounding is, too.

    Args:
        encoder: `Encoder`. It remembers them, for the folders of children.
        stages: list of dict from a projection's name to (A, B).

    Raises:
        InputError: If they are not of such a backbone.
    """
    projections = encoder.projections()
    for factors in stages:
        if set(factors) != set(projections):
            raise InputError(
                f"LoRA factors of the projections {', '.join(factors)} do not "
                "fit a backbone with other layers. Pass the base that they "
                "were trained on."
            )
        for name, (owner, attribute) in projections.items():
            kernel = getattr(owner, attribute).kernel
            kernel.assign(_sum(ops.convert_to_numpy(kernel), *factors[name]))
    encoder.factors += stages


def _sum(kernel, factor_a, factor_b):
    if factor_a.shape[0] != kernel.shape[0] or (
        factor_b.shape[1] != math.prod(kernel.shape[1:])
    ):
        raise InputError(
            f"LoRA factors of the shapes {factor_a.shape} and "
            f"{factor_b.shape} do not fit a projection of {kernel.shape}. "
            "Pass the base that they were trained on."
        )
    return kernel + (factor_a @ factor_b).reshape(kernel.shape)


# ------------------------------------------------------------------ On the disk
def write_factors(encoder, folder):
    """Writes the factors of all stages since the base.

    Children need no folder but the base's then. Each stage keeps a pair of
    its own, for the sum of one pair that joins them would be rounded
    otherwise than what was trained.

    Args:
        encoder: `Encoder` with adapters.
        folder: path.
    """
    import safetensors.numpy

    content = safetensors.numpy.save(
        {
            f"{number}.{name}.{letter}": np.ascontiguousarray(value)
            for number, factors in enumerate(_all_factors(encoder))
            for name, pair in factors.items()
            for letter, value in zip("ab", pair, strict=True)
        }
    )
    # `save_file` lets nobody else read it, and stores are shared.
    pathlib.Path(folder, FACTORS_FILE).write_bytes(content)


def _all_factors(encoder):
    own = {
        name: adapter.factors() for name, adapter in encoder.adapters.items()
    }
    return [*encoder.factors, own]


def num_factor_bytes(encoder):
    """Returns how many bytes `write_factors` writes, to a page or so."""
    return sum(
        value.nbytes
        for factors in _all_factors(encoder)
        for pair in factors.values()
        for value in pair
    )


def read_factors(folder):
    """Reads the factors of all stages since the base.

    Args:
        folder: path. Of a LoRA stage.

    Returns:
        List of dict from a projection's name to (A, B), float32 arrays; in
        the order of training.

    Raises:
        InputError: If they cannot be read.
    """
    found = {}
    with open_file(pathlib.Path(folder) / FACTORS_FILE) as tensors:
        for key, read in sorted(tensors.items()):
            number, _, rest = key.partition(".")
            name = rest.rpartition(".")[0]
            # `a` comes before `b`.
            found.setdefault(int(number), {}).setdefault(name, []).append(
                read()
            )
    return [found[number] for number in sorted(found)]
