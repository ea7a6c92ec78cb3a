"""DeBERTa-v3: attention that keeps content and position apart.

Source: He et al., 2021, https://arxiv.org/abs/2111.09543; mDeBERTa is that on
XLM-R's texts. Positions are relative alone: their embeddings, one for each
bucket of distances, meet queries and keys in every layer. Unlike XLM-R's, ids
are the SentencePiece file's own: `[PAD]` 0, `[CLS]` 1, `[SEP]` 2, `[UNK]` 3,
and `[MASK]` after the last piece where the file lacks it.
"""

from stilts_keras.backbones.bert import MASKED_LM_NAMES
from stilts_keras.backbones.bert import SPECIAL_TOKENS
from stilts_keras.backbones.division import encoder_divisions
from stilts_keras.backbones.family import Family
from stilts_keras.backbones.family_facts import BERT_KEYS
from stilts_keras.backbones.family_facts import HUGGINGFACE_ACTIVATIONS
from stilts_keras.backbones.family_facts import activation_of
from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.backbones.tokenizer import Layout
from stilts_keras.backbones.weights import BERT_NAMES
from stilts_keras.backbones.weights import Weight
from stilts_keras.backbones.weights import encoder_weights
from stilts_keras.backbones.weights import layer_norm
from stilts_keras.errors import InputError

# Their ids, too.
SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[UNK]")
MASK = "[MASK]"
NAMES = BERT_NAMES | {
    "query": "attention.self.query_proj",
    "key": "attention.self.key_proj",
    "value": "attention.self.value_proj",
}
CLASSIFIER_NAMES = {"dense": "pooler.dense", "logits": "classifier"}
# What KerasHub's class is, by key of Hugging Face's config.json: what
# transformers takes where the key is missing, and what it must be.
FIXED = {
    "relative_attention": (False, True),
    "position_biased_input": (True, False),
    "share_att_key": (False, True),
    "norm_rel_ebd": ("none", "layer_norm"),
    "conv_kernel_size": (0, 0),
    "type_vocab_size": (0, 0),
}


class DebertaV3(Family):
    """KerasHub's DebertaV3Backbone."""

    name = "deberta_v3"
    # Source: KerasHub 0.32, deberta_v3_presets.py (278,218,752 parameters).
    presets = {
        "deberta_v3_base_multi": (12, 12, 768, 3072, 251_000, 512, 0.1),
    }
    model_types = ("deberta-v2",)
    keras_class = "DebertaV3Backbone"
    keras_tokenizer_class = "DebertaV3Tokenizer"
    huggingface_keys = BERT_KEYS
    tokenizer_files = ("spm.model", "tokenizer.json")
    prefixes = ("deberta.",)
    classifier_activation = "gelu"
    divisions = encoder_divisions(
        "token_embedding/embeddings",
        "rel_embedding/rel_embedding",
        layer="disentangled_attention_encoder_layer",
    )
    # The distances' layer norm, too.
    num_whole_vectors = (6, 4)
    huggingface_class = "DebertaV2Model"
    huggingface_heads = {
        "classification": (
            "DebertaV2ForSequenceClassification",
            CLASSIFIER_NAMES,
        ),
        "multiple_choice": ("DebertaV2ForMultipleChoice", CLASSIFIER_NAMES),
        "tagging": (
            "DebertaV2ForTokenClassification",
            {"logits": "classifier"},
        ),
        "span_extraction": (
            "DebertaV2ForQuestionAnswering",
            {"logits": "qa_outputs"},
        ),
        "masked_lm": ("DebertaV2ForMaskedLM", MASKED_LM_NAMES),
    }
    limits = {
        "masked_lm": (
            "DeBERTa-v3 was pretrained to tell replaced tokens, not to fill "
            "in masked ones: its masked-LM head starts untrained, and needs "
            "many steps before it helps."
        )
    }

    def read_settings(self, config, where):
        """Adds the buckets; refuses what KerasHub's class is not."""
        _check(config, where)
        # transformers' own default.
        config = {"layer_norm_eps": 1e-7, **config}
        return {
            **super().read_settings(config, where),
            "bucket_size": config["position_buckets"],
            "classifier_activation": activation_of(
                config.get("pooler_hidden_act"), where, "pooler_hidden_act"
            ),
        }

    def write_settings(self, encoder):
        """Adds the buckets, the pooler, and what KerasHub's class is."""
        activation = HUGGINGFACE_ACTIVATIONS[encoder.classifier_activation]
        return {
            **super().write_settings(encoder),
            **{key: expected for key, (_, expected) in FIXED.items()},
            "pos_att_type": ["p2c", "c2p"],
            "max_relative_positions": -1,
            "position_buckets": encoder.size("bucket_size"),
            "pooler_hidden_act": activation,
            "pooler_hidden_size": encoder.hidden_dim,
            "pooler_dropout": encoder.dropout,
        }

    def special_tokens(self, pieces):
        """Their names are BERT's."""
        return SPECIAL_TOKENS

    def keras_settings(self, arguments):
        """The buckets."""
        size = arguments.get("bucket_size")
        return {"bucket_size": size} if size else {}

    def num_parameters(self, backbone):
        """Embeds distances, with a layer norm, in place of positions."""
        encoder = self.num_encoder_parameters(backbone)
        if None in (encoder, backbone.vocabulary_size):
            return None
        distances = 2 * _bucket_size(backbone)
        # Two layer norms, of two vectors each.
        rows = backbone.vocabulary_size + distances + 4
        return encoder + rows * backbone.hidden_dim

    def layout(self, pieces):
        """`[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`."""
        mask = pieces.find(MASK)
        if mask is None and isinstance(pieces, SentencePieces):
            mask = pieces.size
        found = tuple(pieces.find(name) for name in SPECIAL)
        if mask is None or found != tuple(range(len(SPECIAL))):
            raise InputError(
                "The tokenizer does not number [PAD], [CLS], [SEP], [UNK] from "
                "0 to 3, with a [MASK] after them. Expected DeBERTa-v3's: its "
                "spm.model or its tokenizer.json."
            )
        pad, start, end, unknown = found
        size = max(pieces.size, mask + 1)
        return Layout(
            before=(start,),
            between=(end,),
            after=(end,),
            pad_id=pad,
            unknown_id=unknown,
            mask_id=mask,
            text_ids=range(unknown + 1, mask if mask == size - 1 else size),
            vocabulary_size=size,
            # In tokenizer.json they are pieces like others.
            num_control_pieces=unknown,
        )

    def build_arguments(self, backbone):
        """Distances beyond half a bucket size share buckets."""
        return {"bucket_size": _bucket_size(backbone)}

    def state(self, model, layer):
        """The embedding is that after its layer norm and dropout."""
        name = f"disentangled_attention_encoder_layer_{layer - 1}"
        return model.get_layer(name if layer else "embeddings_dropout").output

    def attention_dropouts(self, model):
        """Those of distances follow the hidden dropout, as in transformers."""
        return [
            layer._self_attention_layer._attn_dropout_layer
            for layer in model.transformer_layers
        ]

    def weights(self, model):
        """DeBERTa's names; distances share the layers' queries and keys."""
        distances = model.relative_embeddings
        return [
            Weight(
                model.token_embedding.embeddings,
                "embeddings.word_embeddings.weight",
            ),
            *layer_norm(model.embeddings_layer_norm, "embeddings.LayerNorm"),
            Weight(distances.rel_embeddings, "encoder.rel_embeddings.weight"),
            *layer_norm(distances.layer_norm, "encoder.LayerNorm"),
            *encoder_weights(model, NAMES),
        ]


def _check(config, where):
    """Refuses by its key what KerasHub's class cannot be."""
    positions = config.get("max_position_embeddings")
    hidden = config["hidden_size"]
    types = config.get("pos_att_type") or []
    if isinstance(types, str):
        types = types.lower().split("|")
    found = {
        key: (config.get(key, missing), expected)
        for key, (missing, expected) in FIXED.items()
    }
    found["pos_att_type"] = (sorted(map(str.strip, types)), ["c2p", "p2c"])
    found["embedding_size"] = (config.get("embedding_size", hidden), hidden)
    longest = config.get("max_relative_positions") or -1
    # transformers takes all below 1 as max_position_embeddings.
    found["max_relative_positions"] = (
        longest if longest > 0 else positions,
        positions,
    )
    for key, (value, expected) in found.items():
        if value != expected:
            raise _refusal(where, key, config.get(key, value), expected)
    buckets = config.get("position_buckets") or -1
    if buckets < 1:
        raise _refusal(where, "position_buckets", buckets, "1 or more")


def _refusal(where, key, value, expected):
    return InputError(
        f"{where}: config.json has {key} {value!r}, which KerasHub's "
        f"DebertaV3Backbone does not have. Expected: {expected!r}, as in "
        "DeBERTa-v3 and mDeBERTa-v3."
    )


def _bucket_size(backbone):
    """Half of the positions where nothing says otherwise, as published."""
    found = backbone.settings.get("bucket_size")
    return found or max(2, (backbone.max_sequence_length or 512) // 2)
