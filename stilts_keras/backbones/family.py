"""What a family of backbones says of itself: the contract of this room.

A family is one module with one subclass of `Family`, named once in
`backbones/__init__.py`. What `FamilyFacts` has is answered without a
framework, so that plans are instant; Keras and KerasHub are imported inside
the functions here.
"""

import contextlib
import functools
import json
import math
import pathlib

from stilts_keras.backbones import huggingface
from stilts_keras.backbones.family_facts import CONFIG_FILE
from stilts_keras.backbones.family_facts import SETTINGS_KEY
from stilts_keras.backbones.family_facts import SIZES
from stilts_keras.backbones.family_facts import TOKENIZER_FOLDER
from stilts_keras.backbones.family_facts import FamilyFacts
from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.backbones.tokenizer import Tokenizer
from stilts_keras.backbones.weights import value_of
from stilts_keras.errors import InputError

WEIGHTS_FILE = "model.weights.h5"
EMBEDDING_STDDEV = 0.02


class Family(FamilyFacts):
    """One architecture: its networks, weights and files, besides its facts."""

    def build(self, backbone, vocabulary_size, dtype_policy):
        """Builds KerasHub's class with weights that mean nothing yet.

        Args:
            backbone: `Backbone`, all of whose sizes are known.
            vocabulary_size: int.
            dtype_policy: str.

        Returns:
            The KerasHub backbone.
        """
        import keras_hub

        sizes = {size: getattr(backbone, size) for size in SIZES}
        sizes["vocabulary_size"] = vocabulary_size
        # Layers made without dropout cannot be given any later.
        sizes["dropout"] = max(
            backbone.dropout, backbone.settings.get("attention_dropout", 0.0)
        )
        return getattr(keras_hub.models, self.keras_class)(
            **sizes, **self.build_arguments(backbone), dtype=dtype_policy
        )

    def build_arguments(self, backbone):
        """Returns what KerasHub's class takes besides `SIZES`."""
        return {}

    def network(self, model):
        """Returns the Model of the inputs to the last hidden states.

        Args:
            model: KerasHub's backbone, or what `keras_model` makes of it.
        """
        return model

    def keras_model(self, model):
        """Returns what of KerasHub's backbone is kept, saved and loaded."""
        return model

    def state(self, model, layer):
        """Returns a hidden state (b, l, h), symbolic.

        Args:
            model: as in `network`.
            layer: int. 0 is the embedding, n the last layer.
        """
        name = f"transformer_layer_{layer - 1}"
        return model.get_layer(name if layer else "embeddings_dropout").output

    def token_embedding(self, model):
        """Returns the layer that embeds tokens, and can be reversed.

        None where the family reads audio.
        """
        return model.token_embedding

    def to_vocabulary(self, model, state):
        """Maps states (..., h) to how well each token fits there (..., k).

        Args:
            model: as in `network`.
            state: tensor.
        """
        return self.token_embedding(model)(state, reverse=True)

    def initial_stddev(self, model, variable):
        """Says how a variable of a random backbone is drawn.

        Kernels get a variance of 1 / fan-in; the published 0.02 suits 768 and
        more hidden units, but learns slowly in narrow networks.

        Args:
            model: as in `network`.
            variable: `keras.Variable`. One of the network's.

        Returns:
            float, or None where it stays as KerasHub has made it.
        """
        shape = variable.shape
        if variable.path.endswith(("embeddings", "embedding")):
            return EMBEDDING_STDDEV
        if not variable.path.endswith("kernel"):
            return None
        is_output = "attention_output" in variable.path
        return 1 / math.sqrt(math.prod(shape[:-1]) if is_output else shape[0])

    def size(self, model, name):
        """Returns one of `SIZES` of a model, as in `network`."""
        return getattr(model, name)

    def layer_norm_epsilon(self, model):
        """Returns the layer norms' epsilon; None where there is none.

        Args:
            model: as in `network`.
        """
        import keras

        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.LayerNormalization):
                return layer.epsilon
        return None

    def attention_dropouts(self, model):
        """Returns the Dropout layers of attention probabilities.

        Args:
            model: as in `network`.
        """
        import keras

        return [
            layer._dropout_layer
            for layer in model._flatten_layers()
            if isinstance(layer, keras.layers.MultiHeadAttention)
            and layer._dropout
        ]

    def projections(self, model):
        """Finds what LoRA adapts: each layer's queries and values.

        Args:
            model: as in `network`.

        Returns:
            Dict from a name to a pair: the layer that holds the projection,
            and the name of its attribute. A kernel's first axis is h.
        """
        return {
            f"{number}.{part}": (layer._self_attention_layer, f"_{part}_dense")
            for number, layer in enumerate(model.transformer_layers)
            for part in ("query", "value")
        }

    def weights(self, model):
        """Says where Hugging Face keeps each variable.

        Args:
            model: KerasHub's backbone.

        Returns:
            List of `Weight`; together all variables that `network` trains.
        """
        raise NotImplementedError

    def load_keras(self, preset, dtype_policy):
        """Loads a KerasHub preset or folder, as KerasHub does.

        Args:
            preset: str. A name or a folder.
            dtype_policy: str.

        Returns:
            As `keras_model`.

        Raises:
            InputError: If it cannot be loaded.
        """
        import keras_hub

        kind = getattr(keras_hub.models, self.keras_class)
        return self.keras_model(from_preset(kind, preset, dtype=dtype_policy))

    def load_huggingface(self, backbone, dtype_policy):
        """Loads the weights of a Hugging Face folder.

        Args:
            backbone: `Backbone` of such a folder.
            dtype_policy: str.

        Returns:
            As `keras_model`.

        Raises:
            InputError: If a tensor is missing or has another shape.
        """
        # Here, so that plans are instant.
        from stilts_keras import backend

        with without_drawing():
            model = self.build(backbone, backbone.vocabulary_size, dtype_policy)
        with huggingface.open_tensors(
            backbone.path, self.weight_files, self.prefixes
        ) as tensors:
            for weight in self.weights(model):
                backend.fill(weight.variable, value_of(weight, tensors))
        return self.keras_model(model)

    def save(self, model, folder, settings):
        """Writes a KerasHub preset: config and weights.

        Args:
            model: as `keras_model`.
            folder: path.
            settings: dict. Goes into config.json under our own key.
        """
        model.save_to_preset(str(folder))
        if settings:
            file = pathlib.Path(folder) / CONFIG_FILE
            config = json.loads(file.read_text("utf-8"))
            config[SETTINGS_KEY] = dict(settings)
            write_config(folder, config)

    def save_config(self, model, folder, settings):
        """Writes config.json alone, so that a folder describes itself.

        Args:
            model: as `keras_model`.
            folder: path.
            settings: dict. Goes into config.json under our own key.
        """
        import keras

        config = keras.saving.serialize_keras_object(model)
        for name in ("build_config", "compile_config"):
            config.pop(name, None)
        write_config(folder, {**config, SETTINGS_KEY: dict(settings)})

    def save_tokenizer(self, tokenizer, folder):
        """Writes the tokenizer's file, and KerasHub's own where it can be.

        Args:
            tokenizer: `Tokenizer`.
            folder: path. Of the preset.
        """
        made = _keras_tokenizer(self, tokenizer.pieces)
        if made is not None:
            made.save_to_preset(str(folder))
        pieces = tokenizer.pieces
        file = pathlib.Path(folder, TOKENIZER_FOLDER, pieces.file_name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pieces.content)

    def preset_tokenizer(self, preset):
        """Fetches the tokenizer of a KerasHub preset.

        Args:
            preset: str. The name.

        Returns:
            `Tokenizer`.

        Raises:
            InputError: If it cannot be fetched.
        """
        import keras_hub

        kind = getattr(keras_hub.models, self.keras_tokenizer_class)
        pieces = self.pieces_of(from_preset(kind, preset))
        return Tokenizer(pieces, self.layout(pieces))

    def pieces_of(self, tokenizer):
        """Takes the pieces of KerasHub's tokenizer."""
        return SentencePieces(tokenizer.proto)

    def keras_tokenizer(self, pieces):
        """Makes KerasHub's tokenizer; None where it has none for these."""
        is_read = isinstance(pieces, SentencePieces)
        if self.keras_tokenizer_class is None or not is_read:
            return None
        import keras_hub

        kind = getattr(keras_hub.models, self.keras_tokenizer_class)
        return kind(proto=pieces.content)


@contextlib.contextmanager
def without_drawing():
    """Leaves weights undrawn that are to be read: drawing takes longer.

    They are no numbers, so that one which is not read cannot go unseen.
    """
    import keras

    def undrawn(self, shape, dtype=None):
        return keras.ops.full(shape, math.nan, dtype=dtype)

    kinds = (
        keras.initializers.RandomNormal,
        keras.initializers.RandomUniform,
        keras.initializers.TruncatedNormal,
        keras.initializers.VarianceScaling,
    )
    drawing = {kind: kind.__call__ for kind in kinds}
    for kind in kinds:
        kind.__call__ = undrawn
    try:
        yield
    finally:
        for kind, call in drawing.items():
            kind.__call__ = call


def write_config(folder, config):
    """Writes a folder's config.json.

    Args:
        folder: path.
        config: dict of what JSON can hold.
    """
    text = json.dumps(config, indent=4)
    pathlib.Path(folder, CONFIG_FILE).write_text(text, encoding="utf-8")


@functools.lru_cache(maxsize=1)
def _keras_tokenizer(family, pieces):
    """Makes it once for all stages: it takes seconds."""
    return family.keras_tokenizer(pieces)


def from_preset(kind, preset, **arguments):
    """Has KerasHub load a preset.

    Args:
        kind: class of KerasHub's.
        preset: str. A name or a folder.
        **arguments: of `from_preset`.

    Raises:
        InputError: If it cannot be loaded.
    """
    # Here, so that plans are instant.
    from stilts_keras import backend

    try:
        with backend.without_tensorflow(), without_drawing():
            return kind.from_preset(preset, **arguments)
    except Exception as error:  # noqa: BLE001 - many kinds, by origin
        raise unloadable(preset, kind.__name__, error) from error


def unloadable(preset, kind, error):
    """Makes the one-line InputError for what KerasHub or Keras has raised.

    Args:
        preset: str. A name or a folder.
        kind: str. What it was to be.
        error: Exception.
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return InputError(
        f"Backbone {preset!r} cannot be loaded as {kind}: {lines[0][:300]}. "
        "Check the name and the network, or pass --backbone=FOLDER with a "
        "downloaded copy."
    )
