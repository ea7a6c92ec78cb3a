"""Which tensor of Hugging Face's each variable of KerasHub's comes from."""

import dataclasses

from stilts_keras.errors import InputError


@dataclasses.dataclass(frozen=True)
class Weight:
    """One variable, and the tensor that Hugging Face keeps it in.

    Attributes:
        variable: `keras.Variable`.
        name: str. Without the prefix that depends on the class saved.
        is_kernel: bool. Whether the tensor is (outputs, inputs), so that it
            is transposed before it takes the variable's shape.
        tensor: function (tensors) -> array, or None for the one named. For a
            variable that is made of several tensors.
    """

    variable: object
    name: str
    is_kernel: bool = False
    tensor: object = None


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
    return [
        Weight(layer.kernel, f"{name}.weight", is_kernel=True),
        Weight(layer.bias, f"{name}.bias"),
    ]


def token_and_position(layer, positions=None):
    """Maps KerasHub's TokenAndPositionEmbedding.

    Args:
        layer: the layer.
        positions: function (tensors) -> array, or None where Hugging Face's
            rows are the positions as they are.

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
            tensor=positions,
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
