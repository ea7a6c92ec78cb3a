"""Which tensor of Hugging Face's is which variable of KerasHub's, both ways."""

import dataclasses
import math

from stilts_keras.errors import InputError


@dataclasses.dataclass(frozen=True)
class Weight:
    """One variable, and the tensor that Hugging Face keeps it in.

    Attributes:
        variable: `keras.Variable`.
        name: str. Without the prefix that depends on the class saved.
        is_kernel: bool. Whether the tensor is (outputs, inputs), so that it
            is transposed before it takes the variable's shape.
        shape: tuple of int or None. The tensor's, where it is not the
            variable's, or that turned round.
        tensor: function (tensors) -> array, or None for the one named. For a
            variable that is made of several tensors.
        parts: function (array) -> dict from name to array. The inverse.
    """

    variable: object
    name: str
    is_kernel: bool = False
    shape: tuple[int, ...] | None = None
    tensor: object = None
    parts: object = None


def value_of(weight, tensors):
    """Reads one variable's value.

    Args:
        weight: `Weight`.
        tensors: `huggingface.Tensors`.

    Returns:
        float32 array of the variable's shape.

    Raises:
        InputError: If the tensor is missing or does not fill the shape.
    """
    if weight.tensor is not None:
        value = weight.tensor(tensors)
    else:
        value = tensors.read(weight.name)
    if weight.is_kernel:
        value = value.T
    shape = tuple(weight.variable.shape)
    try:
        return value.reshape(shape)
    except ValueError:
        raise InputError(
            f"{tensors.where}: tensor {weight.name!r} has the shape "
            f"{value.T.shape if weight.is_kernel else value.shape}, which "
            f"does not fill {shape}. Its config.json is of other weights."
        ) from None


def tensors_of(weight):
    """Turns one variable into what Hugging Face keeps of it.

    Args:
        weight: `Weight`.

    Returns:
        Dict from name to float32 array; `value_of` reads the variable's value
        from it.
    """
    # Here, so that plans are instant.
    import keras
    import numpy as np

    value = keras.ops.convert_to_numpy(weight.variable.value)
    value = np.asarray(value, "float32")
    if weight.parts is not None:
        return weight.parts(value)
    if weight.is_kernel:
        shape = weight.shape or value.shape[::-1]
        value = value.reshape(shape[::-1]).T
    else:
        value = value.reshape(weight.shape or value.shape)
    return {weight.name: np.ascontiguousarray(value)}


# ------------------------------------- The names of BERT and of what is like it
def layer_norm(layer, name):
    """Maps a layer norm.

    Args:
        layer: `keras.layers.LayerNormalization`.
        name: str. Hugging Face's.

    Returns:
        List of `Weight`.
    """
    return [
        Weight(layer.gamma, f"{name}.weight"),
        Weight(layer.beta, f"{name}.bias"),
    ]


def dense(layer, name):
    """Maps a dense layer; arguments as in `layer_norm`."""
    num_outputs = math.prod(layer.bias.shape)
    num_inputs = math.prod(layer.kernel.shape) // num_outputs
    return [
        Weight(
            layer.kernel,
            f"{name}.weight",
            is_kernel=True,
            shape=(num_outputs, num_inputs),
        ),
        Weight(layer.bias, f"{name}.bias", shape=(num_outputs,)),
    ]


def head_weights(head, names):
    """Maps a head.

    Args:
        head: layer, built.
        names: mapping from the head's layer, or weight, to Hugging Face's
            name of it.

    Returns:
        List of `Weight`.
    """
    found = []
    for own, name in names.items():
        part = getattr(head, own)
        if hasattr(part, "kernel"):
            found += dense(part, name)
        elif hasattr(part, "gamma"):
            found += layer_norm(part, name)
        else:
            found.append(Weight(part, name))
    return found


def token_and_position(layer, tensor=None, parts=None):
    """Maps KerasHub's TokenAndPositionEmbedding.

    Args:
        layer: the layer.
        tensor: function (tensors) -> array, or None where Hugging Face's
            rows are the positions as they are.
        parts: function (array) -> dict, its inverse.

    Returns:
        List of `Weight`.
    """
    return [
        Weight(
            layer.token_embedding.embeddings,
            "embeddings.word_embeddings.weight",
        ),
        Weight(
            layer.position_embedding.position_embeddings,
            "embeddings.position_embeddings.weight",
            tensor=tensor,
            parts=parts,
        ),
    ]


BERT_NAMES = {
    "layer": "encoder.layer",
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "norm": "output.LayerNorm",
}


def encoder_weights(model, names=BERT_NAMES):
    """Maps the layers of KerasHub's encoders to BERT's names.

    Args:
        model: KerasHub backbone whose `transformer_layers` have the parts of
            its TransformerEncoder.
        names: mapping from the part of a layer to Hugging Face's name of it,
            as `BERT_NAMES`.

    Returns:
        List of `Weight`.
    """
    found = []
    for number, layer in enumerate(model.transformer_layers):
        attention = layer._self_attention_layer
        for part, map_part, made in (
            ("query", dense, attention._query_dense),
            ("key", dense, attention._key_dense),
            ("value", dense, attention._value_dense),
            ("attention_output", dense, attention._output_dense),
            ("attention_norm", layer_norm, layer._self_attention_layer_norm),
            ("inner", dense, layer._feedforward_intermediate_dense),
            ("outer", dense, layer._feedforward_output_dense),
            ("norm", layer_norm, layer._feedforward_layer_norm),
        ):
            name = f"{names['layer']}.{number}.{names[part]}"
            found += map_part(made, name)
    return found
