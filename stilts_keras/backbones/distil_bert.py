"""DistilBERT: BERT's WordPieces and half its layers, without segments.

Source: Sanh et al., 2019, https://arxiv.org/abs/1910.01108.
"""

from stilts_keras.backbones import bert
from stilts_keras.backbones.division import encoder_divisions
from stilts_keras.backbones.family import Family
from stilts_keras.backbones.family_facts import HUGGINGFACE_ACTIVATIONS
from stilts_keras.backbones.family_facts import activation_of
from stilts_keras.backbones.weights import encoder_weights
from stilts_keras.backbones.weights import layer_norm
from stilts_keras.backbones.weights import token_and_position
from stilts_keras.errors import InputError

NAMES = {
    "layer": "transformer.layer",
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "attention_output": "attention.out_lin",
    "attention_norm": "sa_layer_norm",
    "inner": "ffn.lin1",
    "outer": "ffn.lin2",
    "norm": "output_layer_norm",
}
CLASSIFIER_NAMES = {"dense": "pre_classifier", "logits": "classifier"}
# In transformers' code; config.json cannot say another.
LAYER_NORM_EPSILON = 1e-12


class DistilBert(Family):
    """KerasHub's DistilBertBackbone."""

    name = "distil_bert"
    # Source: KerasHub 0.32, distil_bert_presets.py and its config.json.
    presets = {"distil_bert_base_multi": (6, 12, 768, 3072, 119_547, 512, 0.1)}
    model_types = ("distilbert",)
    keras_class = "DistilBertBackbone"
    keras_tokenizer_class = "DistilBertTokenizer"
    huggingface_keys = {
        "num_layers": "n_layers",
        "num_heads": "n_heads",
        "hidden_dim": "dim",
        "intermediate_dim": "hidden_dim",
        "vocabulary_size": "vocab_size",
        "max_sequence_length": "max_position_embeddings",
        "dropout": "dropout",
    }
    tokenizer_files = ("vocab.txt", "tokenizer.json")
    prefixes = ("distilbert.",)
    classifier_activation = "relu"
    # Keras numbers the layer, which KerasHub gives no name.
    divisions = encoder_divisions(
        r"token_and_position_embedding(_\d+)?/(token|position)_embedding/"
        "embeddings"
    )
    huggingface_class = "DistilBertModel"
    huggingface_heads = {
        "classification": (
            "DistilBertForSequenceClassification",
            CLASSIFIER_NAMES,
        ),
        "multiple_choice": ("DistilBertForMultipleChoice", CLASSIFIER_NAMES),
        "tagging": (
            "DistilBertForTokenClassification",
            {"logits": "classifier"},
        ),
        "span_extraction": (
            "DistilBertForQuestionAnswering",
            {"logits": "qa_outputs"},
        ),
        "masked_lm": (
            "DistilBertForMaskedLM",
            {
                "dense": "vocab_transform",
                "layer_norm": "vocab_layer_norm",
                "bias": "vocab_projector.bias",
            },
        ),
    }

    def read_settings(self, config, where):
        """Its keys have other names; there is no epsilon."""
        if config.get("sinusoidal_pos_embds"):
            raise InputError(
                f"{where}: config.json has sinusoidal_pos_embds, positions "
                f"that are not trained; KerasHub's {self.keras_class} trains "
                "them. Expected: false."
            )
        return {
            "layer_norm_epsilon": LAYER_NORM_EPSILON,
            "activation": activation_of(
                config.get("activation"), where, key="activation"
            ),
            "dropout": config["dropout"],
            "attention_dropout": config.get("attention_dropout", 0.1),
            # KerasHub drops there as BERT does; transformers does not.
            "attention_output_dropout": 0.0,
        }

    def write_settings(self, encoder):
        """Refuses what config.json has no key for."""
        if encoder.layer_norm_epsilon != LAYER_NORM_EPSILON:
            raise InputError(
                "A DistilBERT of Hugging Face's has the layer_norm_epsilon "
                f"{LAYER_NORM_EPSILON}. Received: {encoder.layer_norm_epsilon}."
            )
        return {
            "activation": HUGGINGFACE_ACTIVATIONS[encoder.activation],
            "attention_dropout": encoder.attention_dropout,
            # Of heads.
            "seq_classif_dropout": encoder.dropout,
            "qa_dropout": encoder.dropout,
        }

    def special_tokens(self, pieces):
        """BERT's."""
        return bert.SPECIAL_TOKENS

    def layout(self, pieces):
        """`[CLS] A [SEP] B [SEP]`."""
        return bert.layout(pieces)

    def weights(self, model):
        """DistilBERT's own names."""
        return [
            *token_and_position(model.embeddings),
            *layer_norm(model.embeddings_layer_norm, "embeddings.LayerNorm"),
            *encoder_weights(model, NAMES),
        ]

    def pieces_of(self, tokenizer):
        """KerasHub's vocabulary."""
        return bert.pieces_of(tokenizer)

    def keras_tokenizer(self, pieces):
        """KerasHub reads WordPieces."""
        return bert.keras_tokenizer(pieces, self.keras_tokenizer_class)
