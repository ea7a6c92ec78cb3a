"""XLM-R backbones of KerasHub: found, built, read and written.

A stage's weights are a KerasHub preset folder, so that KerasHub itself can
load them: `keras_hub.models.Backbone.from_preset(folder)`.
"""

import functools
import math
import pathlib

import keras
import keras_hub
import numpy as np

from stilts_keras.data.tokenizer import Tokenizer
from stilts_keras.errors import InputError

# Where KerasHub and Hugging Face keep the SentencePiece model in a folder.
TOKENIZER_FILES = (
    "assets/tokenizer/vocabulary.spm",
    "sentencepiece.bpe.model",
)
EMBEDDING_STDDEV = 0.02
# The random root is one fixed network: seeds are for what is trained on it.
ROOT_SEED = 0


def load_tokenizer(backbone):
    """Reads the tokenizer that belongs to a backbone.

    Args:
        backbone: `graph.backbone.Backbone`.

    Returns:
        `Tokenizer`.

    Raises:
        InputError: If there is none, or it has more ids than the backbone.
    """
    tokenizer = _find_tokenizer(backbone)
    if backbone.vocabulary_size is not None:
        _check_vocabulary(backbone, tokenizer, backbone.vocabulary_size)
    return tokenizer


def _check_vocabulary(backbone, tokenizer, vocabulary_size):
    if tokenizer.vocabulary_size > vocabulary_size:
        raise InputError(
            f"The tokenizer has {tokenizer.vocabulary_size} ids, backbone "
            f"{backbone.name!r} only {vocabulary_size}. Pass the tokenizer "
            "that the backbone was trained with."
        )


def _find_tokenizer(backbone):
    if backbone.tokenizer_path:
        return Tokenizer.from_file(backbone.tokenizer_path)
    if backbone.path:
        for name in TOKENIZER_FILES:
            file = pathlib.Path(backbone.path) / name
            if file.is_file():
                return Tokenizer.from_file(file)
        raise InputError(
            f"Backbone folder {backbone.path!r} has no tokenizer (looked for "
            f"{', '.join(TOKENIZER_FILES)}). Pass --tokenizer=FILE."
        )
    found = _from_preset(
        keras_hub.models.XLMRobertaTokenizer, backbone.name, {}
    )
    return Tokenizer(found.proto)


def num_positions(backbone):
    """Returns the positions of a backbone, which may have to be asked for.

    Args:
        backbone: `graph.backbone.Backbone`.

    Returns:
        int. The most tokens of a sequence.

    Raises:
        InputError: If a preset cannot be loaded.
    """
    if backbone.max_sequence_length is not None:
        return backbone.max_sequence_length
    model = _from_preset(
        keras_hub.models.XLMRobertaBackbone,
        backbone.path or backbone.name,
        # Its shape is enough, and takes no download of weights.
        {"load_weights": False},
    )
    return model.max_sequence_length


def load_root(backbone, *, tokenizer, dtype_policy="float32"):
    """Builds the backbone that every route starts from.

    Args:
        backbone: `graph.backbone.Backbone`.
        tokenizer: `Tokenizer`.
        dtype_policy: str. Keras dtype policy.

    Returns:
        `keras_hub.models.XLMRobertaBackbone`.

    Raises:
        InputError: If a preset or folder cannot be loaded.
    """
    if backbone.kind != "random":
        # KerasHub does not read the dropout rate of Hugging Face's folders.
        known = (
            {} if backbone.dropout is None else {"dropout": backbone.dropout}
        )
        model = load_backbone(
            backbone.path or backbone.name, dtype_policy=dtype_policy, **known
        )
        _check_vocabulary(backbone, tokenizer, model.vocabulary_size)
        return model
    model = keras_hub.models.XLMRobertaBackbone(
        vocabulary_size=tokenizer.vocabulary_size,
        num_layers=backbone.num_layers,
        num_heads=backbone.num_heads,
        hidden_dim=backbone.hidden_dim,
        intermediate_dim=backbone.intermediate_dim,
        dropout=backbone.dropout,
        max_sequence_length=backbone.max_sequence_length,
        dtype=dtype_policy,
    )
    _initialise(model)
    return model


def _initialise(model):
    """Draws all kernels with NumPy: equal on every backend.

    Kernels get a variance of 1 / fan-in; the published 0.02 suits 768 and
    more hidden units, but learns slowly in narrow networks.
    """
    random = np.random.default_rng(ROOT_SEED)
    for variable in model.trainable_variables:
        shape = tuple(variable.shape)
        if variable.path.endswith("embeddings"):
            stddev = EMBEDDING_STDDEV
        elif variable.path.endswith("kernel"):
            is_output = "attention_output" in variable.path
            stddev = 1 / math.sqrt(
                math.prod(shape[:-1]) if is_output else shape[0]
            )
        else:
            continue
        values = random.standard_normal(shape, dtype="float32") * stddev
        variable.assign(values)


def load_backbone(preset, *, dtype_policy="float32", **settings):
    """Loads a preset: a KerasHub name, `hf://...`, or a folder of either kind.

    Args:
        preset: str or path.
        dtype_policy: str. Keras dtype policy.
        **settings: Arguments of the backbone that replace the preset's.

    Returns:
        `keras_hub.models.XLMRobertaBackbone`.

    Raises:
        InputError: If it cannot be loaded or is no XLM-R.
    """
    return _from_preset(
        keras_hub.models.XLMRobertaBackbone,
        str(preset),
        {"dtype": dtype_policy, **settings},
    )


def _from_preset(kind, preset, arguments):
    try:
        return kind.from_preset(preset, **arguments)
    except Exception as error:  # noqa: BLE001 - many kinds, by origin
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"Backbone {preset!r} cannot be loaded as {kind.__name__}: "
            f"{lines[0][:300]}. Check the name and the network, or pass "
            "--backbone=FOLDER with a downloaded copy."
        ) from error


def save_backbone(model, tokenizer, folder):
    """Writes a KerasHub preset folder: weights, config and tokenizer."""
    folder = pathlib.Path(folder)
    model.save_to_preset(str(folder))
    _keras_hub_tokenizer(tokenizer.proto).save_to_preset(str(folder))


@functools.lru_cache(maxsize=1)
def _keras_hub_tokenizer(proto):
    """Makes KerasHub's tokenizer once for all stages: it takes seconds."""
    return keras_hub.models.XLMRobertaTokenizer(proto=proto)


def hidden_layers(model, layers):
    """Cuts a backbone at some of its hidden states.

    Args:
        model: `XLMRobertaBackbone` of n layers.
        layers: list of int. 0 is the embedding, n the last layer.

    Returns:
        `keras.Model` from the backbone's inputs to a list of hidden states
        (b, l, h), or to the only one. It shares the backbone's weights.

    Raises:
        InputError: If the backbone has fewer layers.
    """
    if max(layers) > model.num_layers:
        raise InputError(
            f"retrieval_layer {max(layers)} is above the backbone's "
            f"{model.num_layers} layers. Choose 0 (the embedding) to "
            f"{model.num_layers}, or sweep."
        )
    names = [
        f"transformer_layer_{layer - 1}" if layer else "embeddings_dropout"
        for layer in layers
    ]
    return keras.Model(
        model.input, [model.get_layer(name).output for name in names]
    )
