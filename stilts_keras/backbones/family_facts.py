"""What a family of backbones says of itself without a framework.

Plans are answered by this half of a `Family` alone, so that they are instant.
"""

from collections.abc import Mapping

from stilts_keras.backbones.pieces import read_pieces
from stilts_keras.backbones.tokenizer import Tokenizer
from stilts_keras.errors import InputError

# Fields of `Backbone` that every family has; None where unknown.
SIZES = (
    "num_layers",
    "num_heads",
    "hidden_dim",
    "intermediate_dim",
    "vocabulary_size",
    "max_sequence_length",
    "dropout",
)
# Where Hugging Face's config.json of a BERT, and of what is like it, has them.
BERT_KEYS = {
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "hidden_dim": "hidden_size",
    "intermediate_dim": "intermediate_size",
    "vocabulary_size": "vocab_size",
    "max_sequence_length": "max_position_embeddings",
    "dropout": "hidden_dropout_prob",
}
# Our own key in KerasHub's config.json: what its classes cannot say.
SETTINGS_KEY = "stilts_keras"
CONFIG_FILE = "config.json"
TOKENIZER_FOLDER = "assets/tokenizer"
# Hugging Face's names -> ours; `gelu` is exact, `gelu_tanh` its approximation.
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
# The other way: the first of those names.
HUGGINGFACE_ACTIVATIONS = {
    ours: theirs for theirs, ours in reversed(ACTIVATIONS.items())
}


class FamilyFacts:
    """One architecture with its tokenizers, presets and file formats.

    Attributes:
        name: str. Also the module's name.
        reads: str. `text`, by a `Tokenizer`, or `audio`, by a `LogMel`.
        presets: mapping from a KerasHub preset to its `SIZES`.
        model_types: tuple of str. Of Hugging Face's config.json.
        refused: mapping from a model_type that looks like this family's, but
            is not, to why it cannot be opened.
        keras_class: str. KerasHub's backbone class.
        keras_tokenizer_class: str or None. KerasHub's tokenizer class, if a
            stage's folder can hold it.
        huggingface_keys: mapping from each of `SIZES` to the key of Hugging
            Face's config.json; a number stands for itself.
        num_reserved_positions: int. Rows of Hugging Face's position embedding
            that stand for no position.
        tokenizer_files: tuple of str. Those of a Hugging Face folder, the
            preferred first.
        weight_files: tuple of str. Glob patterns of weights that a Hugging
            Face folder may hold, the preferred first.
        prefixes: tuple of str. What may stand before a tensor's name.
        has_positions: bool. Whether positions are embedded, which limits the
            length of a sequence.
        random_settings: mapping. The settings of a random backbone.
        inner_layer: str. KerasHub's name of the layers that have the
            activation.
        summary: str. What stands for a sequence: `first`, its first token's
            state, or `mean`, that of all its tokens.
        classifier_activation: str. That of the published head of whole
            sequences, between its two layers; one of `ACTIVATIONS`' values.
        masked_lm_activation: str or None. That of the published head of
            masked tokens; None is the network's.
        divisions: mapping from a regular expression of variables' whole paths
            to the `Division` of these; empty where none is known.
        num_whole_vectors: tuple of two int. Vectors of the hidden size that
            are not divided: of each layer, and besides.
        limits: mapping from a problem's name to what a user should know of
            this family and it.
        huggingface_class: str. transformers' class without a head.
        huggingface_heads: mapping from a problem's name to transformers'
            class with its head, and a mapping from each part of our head to
            the name of its tensors there.
        huggingface_limit: str. Why nothing can be exported, or less.
    """

    name = ""
    reads = "text"
    presets: Mapping = {}
    model_types: tuple = ()
    refused: Mapping = {}
    keras_class = ""
    keras_tokenizer_class = None
    huggingface_keys: Mapping = {}
    num_reserved_positions = 0
    tokenizer_files: tuple = ()
    weight_files: tuple = ("*.safetensors",)
    prefixes: tuple = ()
    has_positions = True
    random_settings: Mapping = {}
    inner_layer = "feedforward_intermediate_dense"
    summary = "first"
    classifier_activation = "tanh"
    masked_lm_activation: str | None = None
    divisions: Mapping = {}
    num_whole_vectors = (6, 2)
    limits: Mapping = {}
    huggingface_class = ""
    huggingface_heads: Mapping = {}
    huggingface_limit = ""

    def read_config(self, config, where):
        """Reads sizes and settings from Hugging Face's config.json.

        Args:
            config: dict.
            where: str. For messages.

        Returns:
            Tuple: dict of `SIZES`, dict of settings.

        Raises:
            InputError: If a key is missing or a value cannot be honoured.
        """
        missing = [
            key
            for key in self.huggingface_keys.values()
            if isinstance(key, str) and key not in config
        ]
        if missing:
            raise InputError(
                f"{where}: config.json lacks {', '.join(missing)}. Copy the "
                "file again."
            )
        sizes = {
            size: config[key] if isinstance(key, str) else key
            for size, key in self.huggingface_keys.items()
        }
        if sizes.get("max_sequence_length") is not None:
            sizes["max_sequence_length"] -= self.num_reserved_positions
        return sizes, self.read_settings(config, where)

    def read_settings(self, config, where):
        """Reads what KerasHub's class cannot say but the network follows.

        Args:
            config: dict. Hugging Face's.
            where: str. For messages.

        Returns:
            Dict of what JSON can hold, such as `layer_norm_epsilon`.
        """
        positions = config.get("position_embedding_type", "absolute")
        if positions != "absolute":
            raise InputError(
                f"{where}: config.json has position_embedding_type "
                f"{positions!r}, which KerasHub's {self.keras_class} does not "
                "have. Expected: 'absolute'."
            )
        dropout = config["hidden_dropout_prob"]
        return {
            "layer_norm_epsilon": config.get("layer_norm_eps", 1e-12),
            "activation": activation_of(config.get("hidden_act"), where),
            "dropout": dropout,
            "attention_dropout": config.get(
                "attention_probs_dropout_prob", dropout
            ),
        }

    def write_config(self, encoder):
        """Makes Hugging Face's config.json, which `read_config` reads.

        Args:
            encoder: `Encoder`.

        Returns:
            Dict of what JSON can hold.

        Raises:
            InputError: If it cannot say what the network is.
        """
        config = {"model_type": self.model_types[0]}
        for size, key in self.huggingface_keys.items():
            if isinstance(key, str):
                config[key] = encoder.size(size)
                if size == "max_sequence_length":
                    config[key] += self.num_reserved_positions
        layout = encoder.tokenizer.layout
        config["pad_token_id"] = layout.pad_id
        config["eos_token_id"] = layout.after[-1]
        if layout.before:
            config["bos_token_id"] = layout.before[0]
        if encoder.activation is None:
            raise InputError(
                f"Backbones of family {self.name!r} with this activation have "
                "no config.json. Expected one of: "
                f"{', '.join(HUGGINGFACE_ACTIVATIONS)}."
            )
        return config | self.write_settings(encoder)

    def write_settings(self, encoder):
        """Writes what `read_settings` reads.

        Args:
            encoder: `Encoder`.

        Returns:
            Dict of what JSON can hold.
        """
        return {
            "layer_norm_eps": encoder.layer_norm_epsilon,
            "hidden_act": HUGGINGFACE_ACTIVATIONS[encoder.activation],
            "attention_probs_dropout_prob": encoder.attention_dropout,
        }

    def special_tokens(self, pieces):
        """Names the special tokens.

        Args:
            pieces: of `backbones.pieces`.

        Returns:
            Dict from transformers' name of the role, such as `pad_token`, to
            the token.
        """
        raise NotImplementedError

    def read_keras_config(self, config):
        """Reads `SIZES` from the arguments of KerasHub's class.

        Args:
            config: dict.
        """
        return {size: config.get(size) for size in SIZES}

    def read_keras_settings(self, config):
        """Reads the settings of a KerasHub folder, ours or KerasHub's own.

        Args:
            config: dict. The whole config.json.
        """
        arguments = config.get("config", {})
        return self.keras_settings(arguments) | config.get(SETTINGS_KEY, {})

    def keras_settings(self, arguments):
        """Returns settings that stand among the arguments of KerasHub's class.

        Args:
            arguments: dict.
        """
        return {}

    def num_encoder_parameters(self, backbone):
        """Returns the parameters without embeddings; None while unknown.

        Args:
            backbone: `Backbone`.
        """
        sizes = (
            backbone.num_layers,
            backbone.hidden_dim,
            backbone.intermediate_dim,
        )
        if None in sizes:
            return None
        layers, hidden, inner = sizes
        attention = 4 * hidden * (hidden + 1)
        feedforward = 2 * hidden * inner + inner + hidden
        layer_norms = 4 * hidden
        return layers * (attention + feedforward + layer_norms)

    def num_parameters(self, backbone):
        """Returns all parameters that a stage trains; None while unknown.

        Args:
            backbone: `Backbone`.
        """
        encoder = self.num_encoder_parameters(backbone)
        known = (backbone.vocabulary_size, backbone.max_sequence_length)
        if None in (encoder, *known):
            return None
        # The 2 is the layer norm over the embeddings.
        return encoder + (sum(known) + 2) * backbone.hidden_dim

    def num_fixed_parameters(self, backbone):
        """Returns those that no stage trains, but each folder holds.

        Args:
            backbone: `Backbone`, all of whose sizes are known.
        """
        return 0

    def num_lora_parameters(self, backbone, rank):
        """Returns the parameters of one stage's factors; None while unknown.

        Of each layer's queries and values: A (h, r) and B (r, h).

        Args:
            backbone: `Backbone`.
            rank: int.
        """
        if None in (backbone.num_layers, backbone.hidden_dim):
            return None
        return 2 * backbone.num_layers * rank * 2 * backbone.hidden_dim

    def log_mel(self, backbone):
        """Returns what makes a backbone's frames, where it reads audio.

        Args:
            backbone: `Backbone`, fetched.

        Returns:
            `LogMel`.

        Raises:
            InputError: If its folder says that frames are made otherwise.
        """
        raise NotImplementedError

    def layout(self, pieces):
        """Returns the `Layout` of these pieces.

        Args:
            pieces: of `backbones.pieces`.

        Raises:
            InputError: If they are not such as this family takes.
        """
        raise NotImplementedError

    def tokenizer(self, path, backbone=None):
        """Reads the tokenizer that a backbone's description names.

        Args:
            path: path of the tokenizer file.
            backbone: `Backbone`, if it is for one.

        Returns:
            `Tokenizer`.

        Raises:
            InputError: If there is none, or not one of this family.
        """
        pieces = read_pieces(path)
        try:
            if backbone is not None:
                pieces = self.completed(pieces, backbone)
            return Tokenizer(pieces, self.layout(pieces))
        except InputError as error:
            raise InputError(f"{error} File: {str(path)!r}.") from error

    def completed(self, pieces, backbone):
        """Adds to the pieces of a file what a backbone wants besides.

        Args:
            pieces: of `backbones.pieces`.
            backbone: `Backbone`.

        Returns:
            The pieces, these or others; a stage's folder saves them.
        """
        return pieces


def activation_of(name, where, key="hidden_act"):
    """Translates Hugging Face's name of an activation.

    Args:
        name: str or None. None is `gelu`, as in every family here.
        where: str. For messages.
        key: str. Of config.json, for messages.

    Raises:
        InputError: If it is not one of `ACTIVATIONS`.
    """
    if name is None:
        return "gelu"
    if name not in ACTIVATIONS:
        raise InputError(
            f"{where}: config.json has {key} {name!r}, which is not known "
            f"here. Expected one of: {', '.join(ACTIVATIONS)}."
        )
    return ACTIVATIONS[name]
