"""The encoder of KerasHub's T5Backbone, of its layers, without a decoder."""

import warnings

from stilts_keras.backbones.weights import Weight

# Of KerasHub's T5Backbone, what its encoder follows.
ARGUMENTS = (
    "vocabulary_size",
    "num_layers",
    "num_heads",
    "hidden_dim",
    "intermediate_dim",
    "key_value_dim",
    "dropout",
    "activation",
    "use_gated_activation",
    "layer_norm_epsilon",
)


def layer_name(number):
    """Returns the name of a layer, counted from 0."""
    return f"transformer_encoder_layer_{number}"


def build_encoder(arguments, dtype_policy):
    """Builds the encoder of KerasHub's T5Backbone from its layers.

    T5Backbone itself would build as large a decoder, and draw random values
    for both, which takes minutes at base size.

    Args:
        arguments: dict of `ARGUMENTS`.
        dtype_policy: str or `keras.DTypePolicy`.

    Returns:
        `keras.Model` with `arguments`.
    """
    import keras
    from keras_hub.src.models.t5.t5_layer_norm import T5LayerNorm

    # KerasHub passes the mask by a name that Keras wonders at.
    warnings.filterwarnings("ignore", ".*of type T5MultiHeadAttention")
    arguments = dict(arguments)
    heads, hidden = arguments["num_heads"], arguments["hidden_dim"]
    arguments["key_value_dim"] = arguments["key_value_dim"] or hidden // heads
    of_layers = dict(arguments)
    num_rows, num_layers, dropout = (
        of_layers.pop(name)
        for name in ("vocabulary_size", "num_layers", "dropout")
    )
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("token_ids", "padding_mask")
    }
    embedding = keras.layers.ReversibleEmbedding(
        num_rows,
        hidden,
        embeddings_initializer="zeros",
        dtype=dtype_policy,
        name="token_embedding",
    )
    dropouts = [
        keras.layers.Dropout(dropout, dtype=dtype_policy, name=name)
        for name in ("encoder_embedding_dropout", "encoder_output_dropout")
    ]
    x = dropouts[0](embedding(inputs["token_ids"]))
    mask = inputs["padding_mask"][:, None, :]
    bias = None
    for number in range(num_layers):
        layer = _build_layer(number, of_layers, dropout, dtype_policy)
        x, bias = layer(x, attention_mask=mask, position_bias=bias)
    norm = T5LayerNorm(
        arguments["layer_norm_epsilon"],
        dtype=dtype_policy,
        name="encoder_output_layer_norm",
    )
    model = keras.Model(inputs, dropouts[1](norm(x)), name="t5_encoder")
    model.arguments = arguments
    return model


def _build_layer(number, arguments, dropout, dtype_policy):
    """Builds one layer of zeros; the first has the position bias of all."""
    import keras
    from keras_hub.src.models.t5.t5_transformer_layer import T5TransformerLayer

    layer = T5TransformerLayer(
        **arguments,
        dropout=dropout,
        is_decoder=False,
        use_relative_attention_bias=number == 0,
        dtype=dtype_policy,
        name=layer_name(number),
    )
    for inner in layer._flatten_layers():
        if isinstance(inner, keras.layers.Dense):
            inner.kernel_initializer = keras.initializers.Zeros()
    return layer


def layer_weights(layer, name, is_gated):
    """Maps one layer of the encoder; `name` is Hugging Face's."""
    attention = layer.self_attention
    theirs = f"{name}.layer.0.SelfAttention"
    found = [
        Weight(projector.kernel, f"{theirs}.{letter}.weight", is_kernel=True)
        for letter, projector in (
            ("q", attention.query_projector),
            ("k", attention.key_projector),
            ("v", attention.value_projector),
            ("o", attention.output_projector),
        )
    ]
    if attention.use_relative_attention_bias:
        bias = f"{theirs}.relative_attention_bias.weight"
        found.append(Weight(attention.relative_attention_bias, bias))
    theirs = f"{name}.layer.1.DenseReluDense"
    inner = [("wi", layer.input_projector)]
    if is_gated:
        inner = [
            ("wi_0", layer.input_projector),
            ("wi_1", layer.gate_projector),
        ]
    found += [
        Weight(projector.kernel, f"{theirs}.{ending}.weight", is_kernel=True)
        for ending, projector in [*inner, ("wo", layer.output_projector)]
    ]
    return [
        *found,
        Weight(
            layer.self_attention_layer_norm.weight,
            f"{name}.layer.0.layer_norm.weight",
        ),
        Weight(layer.layer_norm.weight, f"{name}.layer.1.layer_norm.weight"),
    ]
