"""mT5: T5's encoder, pretrained on 101 languages; the decoder stays away.

Source: Xue et al., 2021, https://arxiv.org/abs/2010.11934; Raffel et al.,
2020, https://arxiv.org/abs/1910.10683. Positions are a bias of attention, by
distance, so that sequences may have any length. No token stands before a text
and `</s>` ends it. The vocabulary keeps ids 0 to 2 for `<pad>`, `</s>` and
`<unk>`; it ends with the sentinels `<extra_id_99>` to `<extra_id_0>`, which
stood for cut-out spans as mT5 learned; here the last one masks tokens.
"""

from stilts_keras.backbones.division import Division
from stilts_keras.backbones.encoder_part import EncoderPart
from stilts_keras.backbones.family_facts import HUGGINGFACE_ACTIVATIONS
from stilts_keras.backbones.family_facts import activation_of
from stilts_keras.backbones.mt5_encoder import ARGUMENTS
from stilts_keras.backbones.mt5_encoder import build_encoder
from stilts_keras.backbones.mt5_encoder import layer_name
from stilts_keras.backbones.mt5_encoder import layer_weights
from stilts_keras.backbones.mt5_pieces import EOS
from stilts_keras.backbones.mt5_pieces import NUM_SENTINELS
from stilts_keras.backbones.mt5_pieces import PAD
from stilts_keras.backbones.mt5_pieces import UNKNOWN
from stilts_keras.backbones.mt5_pieces import find_sentinels
from stilts_keras.backbones.mt5_pieces import with_control_pieces
from stilts_keras.backbones.mt5_pieces import with_sentinels
from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.backbones.tokenizer import Layout
from stilts_keras.backbones.weights import Weight
from stilts_keras.errors import InputError

# All that KerasHub's T5 attention does.
NUM_BUCKETS, MAX_DISTANCE = 32, 128
# The path of any layer.
LAYER = layer_name(r"\d+")


class Mt5(EncoderPart):
    """The encoder of KerasHub's T5Backbone."""

    name = "mt5"
    # KerasHub's T5 presets, `t5_*_multi` too, are English.
    presets = {}
    model_types = ("mt5", "t5")
    refused = {
        "umt5": "each of its layers has its own position bias, and KerasHub's "
        "T5 has one for all.",
    }
    keras_class = "T5Backbone"
    huggingface_keys = {
        "num_layers": "num_layers",
        "num_heads": "num_heads",
        "hidden_dim": "d_model",
        "intermediate_dim": "d_ff",
        "vocabulary_size": "vocab_size",
        "max_sequence_length": None,
        "dropout": "dropout_rate",
    }
    tokenizer_files = ("spiece.model", "tokenizer.json")
    # google/mt5-* have no safetensors.
    weight_files = ("*.safetensors", "tf_model*.h5", "flax_model*.msgpack")
    # As transformers saves its T5ForSequenceClassification.
    prefixes = ("transformer.",)
    has_positions = False
    inner_layer = "input_projector"
    random_settings = {"activation": "gelu_tanh"}
    summary = "mean"
    divisions = {
        "token_embedding/embeddings": Division(1, "hidden_dim"),
        # The first layer's: a bias for each bucket of distances and each head.
        "self_attention/embeddings": Division(1, "num_heads"),
        rf"{LAYER}/self_attention/(query|key|value)_projector/kernel": Division(
            1, "num_heads"
        ),
        rf"{LAYER}/self_attention/output_projector/kernel": Division(
            0, "num_heads"
        ),
        rf"{LAYER}/(input|gate)_projector/kernel": Division(
            1, "intermediate_dim"
        ),
        rf"{LAYER}/output_projector/kernel": Division(0, "intermediate_dim"),
    }
    num_whole_vectors = (2, 1)
    huggingface_class = "MT5EncoderModel"
    limits = {
        "masked_lm": "mT5 learned to fill spans by its decoder, so the head "
        "starts untrained.",
    }

    # ------------------------------------------------- Without any framework
    def read_settings(self, config, where):
        """Reads what follows from `feed_forward_proj`, and head sizes."""
        for key, expected in (
            ("relative_attention_num_buckets", NUM_BUCKETS),
            ("relative_attention_max_distance", MAX_DISTANCE),
        ):
            if config.get(key, expected) != expected:
                raise InputError(
                    f"{where}: config.json has {key} {config[key]}, which "
                    f"KerasHub's T5 cannot do. Expected: {expected}."
                )
        default = "relu" if config["model_type"] == "t5" else "gated-gelu"
        projection = config.get("feed_forward_proj", default)
        gated, _, activation = projection.rpartition("-")
        # With a gate, transformers means the approximation.
        if projection == "gated-gelu":
            activation = "gelu_new"
        return {
            "activation": activation_of(
                config.get("dense_act_fn", activation),
                where,
                "feed_forward_proj",
            ),
            "is_gated": bool(config.get("is_gated_act", gated == "gated")),
            "key_value_dim": config.get("d_kv", 64),
            "layer_norm_epsilon": config.get("layer_norm_epsilon", 1e-6),
            "dropout": config["dropout_rate"],
        }

    def write_config(self, encoder):
        """Names no first token, for there is none, and no decoder."""
        return {**super().write_config(encoder), "is_encoder_decoder": False}

    def write_settings(self, encoder):
        """Writes `feed_forward_proj`, and head sizes."""
        activation = HUGGINGFACE_ACTIVATIONS[encoder.activation]
        if encoder.size("use_gated_activation"):
            # `gated-gelu` would be the approximation.
            exact = {"gelu": "gelu_python"}
            activation = f"gated-{exact.get(activation, activation)}"
        return {
            "feed_forward_proj": activation,
            "d_kv": encoder.size("key_value_dim"),
            "layer_norm_epsilon": encoder.layer_norm_epsilon,
            "relative_attention_num_buckets": NUM_BUCKETS,
            "relative_attention_max_distance": MAX_DISTANCE,
        }

    def special_tokens(self, pieces):
        """No first one, and none that masks, in transformers' sense."""
        return {"pad_token": PAD, "eos_token": EOS, "unk_token": UNKNOWN}

    def keras_settings(self, arguments):
        """What sizes depend on."""
        return {
            "is_gated": arguments.get("use_gated_activation", True),
            "key_value_dim": arguments.get("key_value_dim"),
            "layer_norm_epsilon": arguments.get("layer_norm_epsilon", 1e-6),
        }

    def num_encoder_parameters(self, backbone):
        """Counts layers, the one position bias and the last layer norm."""
        sizes = (
            backbone.num_layers,
            backbone.num_heads,
            backbone.hidden_dim,
            backbone.intermediate_dim,
        )
        if None in sizes:
            return None
        layers, heads, hidden, inner = sizes
        settings = backbone.settings
        attention = 4 * hidden * heads * _key_value_dim(backbone)
        num_projections = 3 if settings.get("is_gated", True) else 2
        feedforward = num_projections * hidden * inner
        layer_norms = 2 * hidden
        return (
            layers * (attention + feedforward + layer_norms)
            + NUM_BUCKETS * heads
            + hidden
        )

    def num_parameters(self, backbone):
        """Adds the token embedding."""
        encoder = self.num_encoder_parameters(backbone)
        if None in (encoder, backbone.vocabulary_size):
            return None
        return encoder + backbone.vocabulary_size * backbone.hidden_dim

    def layout(self, pieces):
        """`A </s>` or `A </s> B </s>`."""
        if [pieces.find(name) for name in (PAD, EOS, UNKNOWN)] != [0, 1, 2]:
            raise InputError(
                "The tokenizer does not begin with <pad>, </s> and <unk>. "
                "Expected mT5's vocabulary: a spiece.model or its "
                "tokenizer.json."
            )
        mask, num_sentinels, size = find_sentinels(pieces)
        return Layout(
            before=(),
            between=(1,),
            after=(1,),
            pad_id=0,
            unknown_id=2,
            mask_id=mask,
            text_ids=range(
                3, size if mask is None else mask + 1 - num_sentinels
            ),
            vocabulary_size=size,
            # Of what is no text, SentencePiece gives <unk> alone.
            num_control_pieces=0,
            anchor="last",
        )

    def completed(self, pieces, backbone):
        """Adds sentinels where there are rows for them.

        T5's vocabularies lack them in SentencePiece's file, and transformers
        appends them. For a random backbone, the control pieces of other
        SentencePiece models become mT5's.
        """
        if not isinstance(pieces, SentencePieces):
            return pieces
        is_random = backbone.kind == "random"
        if is_random and pieces.find(PAD) != 0:
            pieces = with_control_pieces(pieces)
        num_rows = pieces.size + NUM_SENTINELS
        if is_random or num_rows <= (backbone.vocabulary_size or 0):
            pieces = with_sentinels(pieces)
        return pieces

    # ------------------------------------------------------ With a framework
    def build(self, backbone, vocabulary_size, dtype_policy):
        """Builds the encoder, and no decoder; weights are zeros and ones."""
        settings = backbone.settings
        activation = settings["activation"]
        arguments = {
            "vocabulary_size": vocabulary_size,
            "num_layers": backbone.num_layers,
            "num_heads": backbone.num_heads,
            "hidden_dim": backbone.hidden_dim,
            "intermediate_dim": backbone.intermediate_dim,
            "key_value_dim": _key_value_dim(backbone),
            "dropout": backbone.dropout,
            # What Keras has a name for; `Encoder` follows the settings.
            "activation": activation.removesuffix("_tanh"),
            "use_gated_activation": settings.get("is_gated", True),
            "layer_norm_epsilon": settings.get("layer_norm_epsilon", 1e-6),
        }
        return build_encoder(arguments, dtype_policy)

    def build_encoder(self, arguments, dtype_policy):
        """Of KerasHub's layers."""
        return build_encoder(arguments, dtype_policy)

    def take_encoder(self, whole):
        """Copies all values but those of a table that is the decoder's."""
        config = whole.get_config()
        encoder = build_encoder(
            {name: config[name] for name in ARGUMENTS}, whole.dtype_policy
        )
        layers = [
            whole.token_embedding,
            *whole.encoder_transformer_layers,
            whole.encoder_layer_norm,
        ]
        # An untied embedding has a second table, of the decoder's.
        theirs = [layers[0].embeddings]
        for layer in layers[1:]:
            theirs += layer.trainable_variables
        for own, other in zip(encoder.trainable_variables, theirs, strict=True):
            own.assign(other)
        return encoder

    def state(self, model, layer):
        """The last is the one after the final layer norm, as transformers'."""
        if layer == model.arguments["num_layers"]:
            return model.output
        if layer == 0:
            return model.get_layer("encoder_embedding_dropout").output
        # Layers give the position bias, too.
        return model.get_layer(layer_name(layer - 1)).output[0]

    def token_embedding(self, model):
        """The encoder's own."""
        return model.get_layer("token_embedding")

    def to_vocabulary(self, model, state):
        """Scaled down, as in T5: its embeddings are of unit variance."""
        scale = self.size(model, "hidden_dim") ** -0.5
        return super().to_vocabulary(model, state * scale)

    def layer_norm_epsilon(self, model):
        """Of T5's own layer norm."""
        return model.arguments["layer_norm_epsilon"]

    def initial_stddev(self, model, variable):
        """As T5's: attention does not scale scores, so queries are small.

        Source: transformers' T5, and T5X. Embeddings are not scaled up later,
        so that they have a variance of 1.
        """
        if variable.path.endswith("token_embedding/embeddings"):
            return 1.0
        if variable.path.endswith("embeddings"):
            return self.size(model, "hidden_dim") ** -0.5
        stddev = super().initial_stddev(model, variable)
        if "query_projector" in variable.path:
            stddev *= self.size(model, "key_value_dim") ** -0.5
        return stddev

    def num_lora_parameters(self, backbone, rank):
        """Heads are not as wide together as a hidden state."""
        if None in (backbone.num_layers, backbone.hidden_dim):
            return None
        outputs = backbone.num_heads * _key_value_dim(backbone)
        width = backbone.hidden_dim + outputs
        return 2 * backbone.num_layers * rank * width

    def projections(self, model):
        """By the names of T5's layers in KerasHub."""
        return {
            f"{number}.{part}": (
                model.get_layer(layer_name(number)).self_attention,
                f"{part}_projector",
            )
            for number in range(model.arguments["num_layers"])
            for part in ("query", "value")
        }

    def weights(self, model):
        """T5's names; `wi_0` is what the activation is of."""
        is_gated = model.arguments["use_gated_activation"]
        found = [
            Weight(self.token_embedding(model).embeddings, "shared.weight"),
        ]
        for number in range(model.arguments["num_layers"]):
            layer = model.get_layer(layer_name(number))
            found += layer_weights(layer, f"encoder.block.{number}", is_gated)
        norm = model.get_layer("encoder_output_layer_norm")
        return [*found, Weight(norm.weight, "encoder.final_layer_norm.weight")]


def _key_value_dim(backbone):
    """Of one head; KerasHub's default where nothing says another."""
    return backbone.settings.get("key_value_dim") or (
        backbone.hidden_dim // backbone.num_heads
    )
