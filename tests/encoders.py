"""Backbones of hardly any size, for tests of several rooms."""

import types

import keras
import numpy as np

from command import TINY_SIZES
from letters import LETTERS
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer

SIZES = {**TINY_SIZES, "num_layers": 2, "hidden_dim": 8, "intermediate_dim": 16}


def describe_tiny(**changes):
    """Describes a random backbone with the pocket's tokenizer."""
    return describe_backbone(
        "random", tokenizer="pocket", **{**SIZES, **changes}
    )


def tiny_encoder(dtype_policy="float32", **changes):
    """Loads such a backbone."""
    described = describe_tiny(**changes)
    return load_root(
        described,
        tokenizer=load_tokenizer(described),
        dtype_policy=dtype_policy,
    )


def table_encoder(num_rows, hidden_dim=4, dtype_policy="float32"):
    """A table of random rows by token, and nothing after it."""
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("token_ids", "padding_mask")
    }
    embedding = keras.layers.Embedding(num_rows, hidden_dim, dtype=dtype_policy)
    network = keras.Model(inputs, embedding(inputs["token_ids"]))
    random = np.random.default_rng(0)
    embedding.embeddings.assign(random.standard_normal((num_rows, hidden_dim)))
    return types.SimpleNamespace(
        network=network,
        token_embedding=embedding.embeddings,
        vocabulary=None,
        vocabulary_size=num_rows,
        inputs=tuple(inputs),
        tokenizer=LETTERS,
        hidden_dim=hidden_dim,
        dropout=0.0,
        summary="first",
        classifier_activation="tanh",
    )
