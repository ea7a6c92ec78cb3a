"""A network of each text family, of hardly any size, without its tokenizer."""

from stilts_keras.backbones.description import Backbone
from stilts_keras.backbones.family import without_drawing

SIZES = {
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 12,
    "vocabulary_size": 20,
    "max_sequence_length": 16,
    "dropout": 0.1,
}


def describe_made(family, **changes):
    """Describes a backbone whose sizes are all known.

    Args:
        family: `Family`.
        changes: of `SIZES`.
    """
    return Backbone(
        name="made",
        kind="random",
        family=family.name,
        fingerprint="made",
        settings=dict(family.random_settings),
        **{**SIZES, **changes},
    )


def made_model(family):
    """Builds what of KerasHub's class is kept; its weights mean nothing."""
    described = describe_made(family)
    with without_drawing():
        return family.keras_model(
            family.build(described, SIZES["vocabulary_size"], "float32")
        )
