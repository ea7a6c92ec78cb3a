"""XLM-R: RoBERTa's network on 100 languages, and what was trained on from it.

Source: Conneau et al., 2020, https://arxiv.org/abs/1911.02116. The published
vocabulary keeps ids 0 to 3 for `<s>`, `<pad>`, `</s>` and `<unk>`; piece i of
the SentencePiece file is id i + 1 and `<mask>` comes last (fairseq).
"""

from stilts_keras.backbones.division import encoder_divisions
from stilts_keras.backbones.family import Family
from stilts_keras.backbones.family_facts import BERT_KEYS
from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.backbones.tokenizer import Layout
from stilts_keras.backbones.weights import encoder_weights
from stilts_keras.backbones.weights import layer_norm
from stilts_keras.backbones.weights import token_and_position
from stilts_keras.errors import InputError

BOS, PAD, EOS, UNKNOWN, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
SPECIAL_TOKENS = {
    "bos_token": BOS,
    "cls_token": BOS,
    "eos_token": EOS,
    "sep_token": EOS,
    "pad_token": PAD,
    "unk_token": UNKNOWN,
    "mask_token": MASK,
}
BASE = (12, 12, 768, 3072, 250_002, 512, 0.1)
LARGE = (24, 16, 1024, 4096, 250_002, 512, 0.1)


class XlmRoberta(Family):
    """KerasHub's XLMRobertaBackbone."""

    name = "xlm_roberta"
    # Source: KerasHub 0.32, xlm_roberta_presets.py and each config.json.
    presets = {
        "xlm_roberta_base_multi": BASE,
        "xlm_roberta_large_multi": LARGE,
        "multilingual_e5_base": BASE,
        "multilingual_e5_large": LARGE,
        "bge_m3": (*LARGE[:5], 8192, 0.1),
    }
    model_types = ("xlm-roberta",)
    keras_class = "XLMRobertaBackbone"
    keras_tokenizer_class = "XLMRobertaTokenizer"
    huggingface_keys = BERT_KEYS
    # Positions count from the row after padding's.
    num_reserved_positions = 2
    tokenizer_files = ("sentencepiece.bpe.model", "tokenizer.json")
    prefixes = ("roberta.",)
    masked_lm_activation = "gelu"
    divisions = encoder_divisions(
        "embeddings/(token|position)_embedding/embeddings"
    )
    huggingface_class = "XLMRobertaModel"
    huggingface_heads = {
        "classification": (
            "XLMRobertaForSequenceClassification",
            {"dense": "classifier.dense", "logits": "classifier.out_proj"},
        ),
        "multiple_choice": (
            "XLMRobertaForMultipleChoice",
            {"dense": "roberta.pooler.dense", "logits": "classifier"},
        ),
        "tagging": (
            "XLMRobertaForTokenClassification",
            {"logits": "classifier"},
        ),
        "span_extraction": (
            "XLMRobertaForQuestionAnswering",
            {"logits": "qa_outputs"},
        ),
        "masked_lm": (
            "XLMRobertaForMaskedLM",
            {
                "dense": "lm_head.dense",
                "layer_norm": "lm_head.layer_norm",
                "bias": "lm_head.bias",
            },
        ),
    }

    def layout(self, pieces):
        """`<s> A </s>` or `<s> A </s></s> B </s>`."""
        return layout(pieces)

    def write_settings(self, encoder):
        """Besides: the one token type, whose row is zero."""
        return {**super().write_settings(encoder), "type_vocab_size": 1}

    def special_tokens(self, pieces):
        """As of fairseq."""
        return SPECIAL_TOKENS

    def weights(self, model):
        """RoBERTa's names; its one token type is added to the positions."""
        reserved = self.num_reserved_positions
        names = [
            f"embeddings.{kind}_embeddings.weight"
            for kind in ("position", "token_type")
        ]

        def positions(tensors):
            rows = tensors.read(names[0])
            types = tensors.read(names[1])[0] if names[1] in tensors else 0.0
            return rows[reserved:] + types

        def parts(rows):
            # Here, so that plans are instant.
            import numpy as np

            zeros = np.zeros((reserved, rows.shape[1]), "float32")
            return {
                names[0]: np.concatenate([zeros, rows]),
                names[1]: zeros[:1],
            }

        return [
            *token_and_position(model.embeddings, positions, parts),
            *layer_norm(model.embeddings_layer_norm, "embeddings.LayerNorm"),
            *encoder_weights(model),
        ]


def layout(pieces):
    """Returns XLM-R's layout, whatever network it is for.

    Raises:
        InputError: If the pieces lack its special tokens.
    """
    if isinstance(pieces, SentencePieces):
        if [pieces.find(name) for name in (UNKNOWN, BOS, EOS)] != [0, 1, 2]:
            raise InputError(
                "The SentencePiece model is not XLM-R's: its first pieces are "
                "not <unk>, <s> and </s>. Expected a sentencepiece.bpe.model."
            )
        size = pieces.size + 2
        ids, shift, control = (0, 1, 2, 3, size - 1), 1, 3
    else:
        ids = [pieces.find(name) for name in (BOS, PAD, EOS, UNKNOWN, MASK)]
        if None in ids:
            raise InputError(
                "The tokenizer lacks <s>, <pad>, </s>, <unk> or <mask>. "
                "Expected XLM-R's vocabulary: a sentencepiece.bpe.model or "
                "its tokenizer.json."
            )
        size, shift, control = pieces.size, 0, 0
    bos, pad, eos, unknown, mask = ids
    return Layout(
        before=(bos,),
        between=(eos, eos),
        after=(eos,),
        pad_id=pad,
        unknown_id=unknown,
        mask_id=mask,
        text_ids=range(unknown + 1, mask),
        vocabulary_size=size,
        shift=shift,
        num_control_pieces=control,
    )
