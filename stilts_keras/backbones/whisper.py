"""Whisper: the encoder of a recogniser of 99 languages' speech.

Source: Radford et al., 2022, https://arxiv.org/abs/2212.04356. It reads
log-mel frames of 10 ms (see `LogMel`), of which two convolutions make
positions of 20 ms; 1500 of them, 30 s, are the most. The decoder stays away.

Whisper itself always reads 30 s: silence follows shorter audio, and is
attended to. Here audio ends where it ends: padding stands only beside longer
rows of a batch, and is masked in attention and in the mean that stands for a
recording. Before the convolutions it is zeros, as what they add at an end, and
each row has an even number of frames: so padding changes no state of a row.
"""

import json
import math
import pathlib

from stilts_keras.audio.decoding import SAMPLE_RATE_HZ
from stilts_keras.backbones import log_mel
from stilts_keras.backbones.encoder_part import EncoderPart
from stilts_keras.backbones.family_facts import SIZES
from stilts_keras.backbones.family_facts import activation_of
from stilts_keras.backbones.log_mel import LogMel
from stilts_keras.backbones.weights import Weight
from stilts_keras.backbones.weights import dense
from stilts_keras.backbones.weights import layer_norm
from stilts_keras.errors import InputError

NUM_MELS = 80
# Of KerasHub's WhisperBackbone, what its encoder follows.
ARGUMENTS = (
    "num_layers",
    "num_heads",
    "hidden_dim",
    "intermediate_dim",
    "num_mels",
    "dropout",
    "max_encoder_sequence_length",
)
LAYER, NORM = "transformer_encoder_layer_{}", "encoder_layer_norm"
CONVOLUTION = "encoder_token_embedding_conv_layer_{}"
POSITIONS, EMBEDDING = (
    "encoder_position_embedding",
    "encoder_embeddings_dropout",
)
# What transformers can do in training, and KerasHub's class cannot.
UNKNOWN_KEYS = ("activation_dropout", "encoder_layerdrop", "apply_spec_augment")
# Files of a Hugging Face folder that say how frames are made.
EXTRACTOR_FILES = ("preprocessor_config.json", "processor_config.json")
EXTRACTOR = {
    "sampling_rate": SAMPLE_RATE_HZ,
    "n_fft": log_mel.WINDOW_SAMPLES,
    "hop_length": log_mel.HOP_SAMPLES,
    "chunk_length": log_mel.MAX_SECONDS,
    "do_normalize": False,
    "dither": 0.0,
}


class Whisper(EncoderPart):
    """The encoder of KerasHub's WhisperBackbone."""

    name = "whisper"
    reads = "audio"
    presets = {
        f"whisper_{size}": (*sizes, None, 1500, 0.0)
        for size, sizes in {
            "tiny_multi": (4, 6, 384, 1536),
            "base_multi": (6, 8, 512, 2048),
            "small_multi": (12, 12, 768, 3072),
            "medium_multi": (24, 16, 1024, 4096),
            "large_multi": (32, 20, 1280, 5120),
            "large_multi_v2": (32, 20, 1280, 5120),
        }.items()
    }
    model_types = ("whisper",)
    keras_class = "WhisperBackbone"
    huggingface_keys = {
        "num_layers": "encoder_layers",
        "num_heads": "encoder_attention_heads",
        "hidden_dim": "d_model",
        "intermediate_dim": "encoder_ffn_dim",
        "vocabulary_size": None,
        "max_sequence_length": "max_source_positions",
        "dropout": "dropout",
    }
    prefixes = ("model.",)
    random_settings = {"num_mels": NUM_MELS}
    summary = "mean"
    # Two layers and nothing between them, as WhisperForAudioClassification.
    classifier_activation = "linear"
    limits = {
        "classification": "Whisper: tokens and max length are positions of "
        "20 ms of audio; 1500 of them, 30 s, are the most.",
    }
    huggingface_limit = (
        "Whisper there attends to the silence that pads audio to 30 s, on "
        "which it was not trained here, so it would predict otherwise."
    )

    # ------------------------------------------------- Without any framework
    def read_settings(self, config, where):
        """Reads the number of mel filters, the activation, both dropouts."""
        for key in UNKNOWN_KEYS:
            if config.get(key):
                raise InputError(
                    f"{where}: config.json has {key} {config[key]}, which "
                    f"KerasHub's {self.keras_class} cannot do. Expected: 0 or "
                    "false."
                )
        return {
            "num_mels": config.get("num_mel_bins", NUM_MELS),
            "activation": activation_of(
                config.get("activation_function"), where, "activation_function"
            ),
            "dropout": config["dropout"],
            "attention_dropout": config.get("attention_dropout", 0.0),
        }

    def read_keras_config(self, config):
        """Counts positions, not frames; has no rows of tokens."""
        sizes = {size: config.get(size) for size in SIZES}
        sizes["max_sequence_length"] = _num_positions(config)
        return {**sizes, "vocabulary_size": None}

    def keras_settings(self, arguments):
        """What frames depend on."""
        return {"num_mels": arguments.get("num_mels", NUM_MELS)}

    def num_encoder_parameters(self, backbone):
        """Counts layers, whose keys have no bias, and convolutions."""
        found = super().num_encoder_parameters(backbone)
        if found is None:
            return None
        layers, hidden = backbone.num_layers, backbone.hidden_dim
        convolutions = 3 * hidden * (_num_mels(backbone) + hidden) + 2 * hidden
        return found - layers * hidden + convolutions + 2 * hidden

    def num_parameters(self, backbone):
        """Adds nothing: positions are fixed, and there are no tokens."""
        return self.num_encoder_parameters(backbone)

    def num_fixed_parameters(self, backbone):
        """Counts the table of positions."""
        return backbone.max_sequence_length * backbone.hidden_dim

    def log_mel(self, backbone):
        """Refuses a folder whose frames are not those made here."""
        num_mels = _num_mels(backbone)
        if backbone.kind == "huggingface_folder":
            _check_extractor(backbone, {**EXTRACTOR, "feature_size": num_mels})
        return LogMel(num_mels)

    # ------------------------------------------------------ With a framework
    def build(self, backbone, vocabulary_size, dtype_policy):
        """Builds the encoder, and no decoder; there are no tokens."""
        settings = backbone.settings
        arguments = {
            size: getattr(backbone, size) for size in SIZES if size in ARGUMENTS
        }
        # Layers made without dropout cannot be given any later.
        arguments["dropout"] = max(
            backbone.dropout, settings.get("attention_dropout", 0.0)
        )
        arguments["num_mels"] = _num_mels(backbone)
        arguments["max_encoder_sequence_length"] = (
            log_mel.FRAMES_PER_POSITION * backbone.max_sequence_length
        )
        return self.build_encoder(arguments, dtype_policy)

    def build_encoder(self, arguments, dtype_policy):
        """Of KerasHub's layers; the positions are those of Whisper."""
        return _build_encoder(dict(arguments), dtype_policy)

    def take_encoder(self, whole):
        """Copies the layers of the same names."""
        config = whole.get_config()
        encoder = self.build_encoder(
            {name: config[name] for name in ARGUMENTS}, whole.dtype_policy
        )
        for layer in encoder.layers:
            if layer.weights:
                theirs = whole.get_layer(layer.name)
                layer.set_weights(theirs.get_weights())
        return encoder

    def save_tokenizer(self, tokenizer, folder):
        """Writes nothing: config.json tells how frames are made."""

    def size(self, model, name):
        """Counts positions, not frames."""
        if name == "max_sequence_length":
            return _num_positions(model.arguments)
        return super().size(model, name)

    def state(self, model, layer):
        """The last is the one after the final layer norm, as transformers'."""
        if layer == model.arguments["num_layers"]:
            return model.output
        name = LAYER.format(layer - 1) if layer else EMBEDDING
        return model.get_layer(name).output

    def token_embedding(self, model):
        """None: it reads no tokens."""
        return None

    def to_vocabulary(self, model, state):
        """Refuses: there are no tokens."""
        raise InputError(
            "A Whisper backbone reads audio and embeds no tokens, so none can "
            "be found by it. Leave mlm out, or pass a backbone that reads text."
        )

    def initial_stddev(self, model, variable):
        """Of a convolution, all of its window is fan-in."""
        if variable.path.endswith("kernel") and "_conv_" in variable.path:
            return 1 / math.sqrt(math.prod(variable.shape[:-1]))
        return super().initial_stddev(model, variable)

    def projections(self, model):
        """By the names of its layers in KerasHub."""
        return {
            f"{number}.{part}": (layer._self_attention_layer, f"_{part}_dense")
            for number, layer in enumerate(_layers(model))
            for part in ("query", "value")
        }

    def weights(self, model):
        """Whisper's names; keys have no bias."""
        found = []
        for number in (1, 2):
            layer = model.get_layer(CONVOLUTION.format(number))
            name = f"encoder.conv{number}"
            # (outputs, inputs, window) there: all axes turned round.
            kernel = Weight(layer.kernel, f"{name}.weight", is_kernel=True)
            found += [kernel, Weight(layer.bias, f"{name}.bias")]
        table = model.get_layer(POSITIONS).position_embeddings
        found.append(Weight(table, "encoder.embed_positions.weight"))
        for number, layer in enumerate(_layers(model)):
            found += _layer_weights(layer, f"encoder.layers.{number}")
        return found + layer_norm(model.get_layer(NORM), "encoder.layer_norm")


def _num_mels(backbone):
    """Of presets, too, which bring no settings."""
    return backbone.settings.get("num_mels", NUM_MELS)


def _num_positions(arguments):
    frames = arguments.get("max_encoder_sequence_length")
    return frames and frames // log_mel.FRAMES_PER_POSITION


def _check_extractor(backbone, expected):
    """Refuses a folder whose frames are not those made here."""
    for name in EXTRACTOR_FILES:
        file = pathlib.Path(backbone.path, name)
        if not file.is_file():
            continue
        try:
            told = json.loads(file.read_text("utf-8"))
            told = told.get("feature_extractor", told)
            wrong = [
                key
                for key in expected
                if told.get(key) not in (None, expected[key])
            ]
        except (AttributeError, ValueError) as error:
            raise InputError(
                f"{file} cannot be read ({error}). Copy it again."
            ) from None
        for key in wrong:
            raise InputError(
                f"{file} has {key} {told[key]!r}; frames are made here with "
                f"{expected[key]!r} alone. Pass another backbone."
            )


def _layers(model):
    return [
        model.get_layer(LAYER.format(number))
        for number in range(model.arguments["num_layers"])
    ]


def _layer_weights(layer, name):
    """Maps one layer; `name` is Hugging Face's."""
    attention = layer._self_attention_layer
    hidden = attention._key_dense.kernel.shape[0]
    return [
        Weight(
            attention._key_dense.kernel,
            f"{name}.self_attn.k_proj.weight",
            is_kernel=True,
            shape=(hidden, hidden),
        ),
        *dense(attention._query_dense, f"{name}.self_attn.q_proj"),
        *dense(attention._value_dense, f"{name}.self_attn.v_proj"),
        *dense(attention._output_dense, f"{name}.self_attn.out_proj"),
        *layer_norm(
            layer._self_attention_layer_norm, f"{name}.self_attn_layer_norm"
        ),
        *dense(layer._feedforward_intermediate_dense, f"{name}.fc1"),
        *dense(layer._feedforward_output_dense, f"{name}.fc2"),
        *layer_norm(layer._feedforward_layer_norm, f"{name}.final_layer_norm"),
    ]


def _build_encoder(arguments, dtype_policy):
    """Builds the encoder of WhisperBackbone from its layers, of zeros."""
    import keras
    from keras_hub.src.models.whisper.whisper_encoder import WhisperEncoder

    from stilts_keras.backbones.encoder import ACTIVATIONS

    hidden, num_mels = arguments["hidden_dim"], arguments["num_mels"]
    how = {"dtype": dtype_policy}
    inputs = {
        log_mel.FRAMES: keras.Input(
            (None,), dtype="float32", name=log_mel.FRAMES
        ),
        log_mel.MASK: keras.Input((None,), dtype="int32", name=log_mel.MASK),
    }
    x = keras.layers.Reshape((-1, num_mels), **how)(inputs[log_mel.FRAMES])
    for number in (1, 2):
        # Keras would pad a stride of 2 at the end alone.
        x = keras.layers.ZeroPadding1D(1, **how)(x)
        x = keras.layers.Conv1D(
            hidden,
            3,
            strides=number,
            activation=ACTIVATIONS["gelu"],
            kernel_initializer="zeros",
            name=CONVOLUTION.format(number),
            **how,
        )(x)
    x = keras.layers.Add(**how)([x, _positions(arguments, x, how)])
    x = keras.layers.Dropout(arguments["dropout"], name=EMBEDDING, **how)(x)
    for number in range(arguments["num_layers"]):
        x = WhisperEncoder(
            num_heads=arguments["num_heads"],
            intermediate_dim=arguments["intermediate_dim"],
            activation=ACTIVATIONS["gelu"],
            dropout=arguments["dropout"],
            kernel_initializer="zeros",
            normalize_first=True,
            name=LAYER.format(number),
            **how,
        )(x, padding_mask=inputs[log_mel.MASK])
    norm = keras.layers.LayerNormalization(epsilon=1e-5, name=NORM, **how)
    model = keras.Model(inputs, norm(x), name="whisper_encoder")
    model.arguments = arguments
    return model


def _positions(arguments, x, how):
    """Adds the fixed table of positions: sines, then cosines."""
    import keras_hub
    import numpy as np

    hidden = arguments["hidden_dim"]
    if hidden % 2 or hidden < 4:
        raise InputError(
            "A Whisper backbone's hidden_dim must be even and at least 4. "
            f"Received: {hidden}."
        )
    num_positions = _num_positions(arguments)
    layer = keras_hub.layers.PositionEmbedding(
        num_positions,
        initializer="zeros",
        name=POSITIONS,
        trainable=False,
        **how,
    )
    found = layer(x)
    rates = 10_000 ** -np.linspace(0, 1, hidden // 2)
    angles = np.arange(num_positions)[:, None] * rates
    table = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    layer.position_embeddings.assign(table.astype("float32"))
    return found
