"""BERT, by its own WordPieces or by XLM-R's vocabulary.

Source: Devlin et al., 2019, https://arxiv.org/abs/1810.04805; multilingual
BERT is cased. Multilingual MiniLM and multilingual-e5-small are BERTs that
read XLM-R's pieces, and have no second segment.
"""

import dataclasses
import itertools

from stilts_keras.backbones import xlm_roberta
from stilts_keras.backbones.division import encoder_divisions
from stilts_keras.backbones.family import Family
from stilts_keras.backbones.family_facts import BERT_KEYS
from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.backbones.pieces import TokenizersPieces
from stilts_keras.backbones.tokenizer import Layout
from stilts_keras.backbones.weights import Weight
from stilts_keras.backbones.weights import encoder_weights
from stilts_keras.backbones.weights import layer_norm
from stilts_keras.errors import InputError

CLS, SEP, PAD, UNKNOWN, MASK = "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"
SPECIAL_TOKENS = {
    "cls_token": CLS,
    "sep_token": SEP,
    "pad_token": PAD,
    "unk_token": UNKNOWN,
    "mask_token": MASK,
}
MASKED_LM_NAMES = {
    "dense": "cls.predictions.transform.dense",
    "layer_norm": "cls.predictions.transform.LayerNorm",
    "bias": "cls.predictions.bias",
}
CLASSIFIER_NAMES = {"dense": "bert.pooler.dense", "logits": "classifier"}
SEGMENTS_INPUT = "segment_ids"
# BERT's own default of type_vocab_size, and of KerasHub's class.
NUM_SEGMENTS = 2


class Bert(Family):
    """KerasHub's BertBackbone; what is trained has no pooler."""

    name = "bert"
    # Source: KerasHub 0.32, bert_presets.py and each config.json.
    presets = {
        "bert_base_multi": (12, 12, 768, 3072, 119_547, 512, 0.1),
        "multilingual_e5_small": (12, 12, 384, 1536, 250_037, 512, 0.1),
    }
    model_types = ("bert",)
    keras_class = "BertBackbone"
    keras_tokenizer_class = "BertTokenizer"
    divisions = encoder_divisions(
        "(token|position|segment)_embedding/embeddings"
    )
    huggingface_keys = BERT_KEYS
    # Of vocab.txt, tokenizer_config.json says the casing; it is the surer.
    tokenizer_files = (
        "sentencepiece.bpe.model",
        "vocab.txt",
        "tokenizer.json",
    )
    prefixes = ("bert.",)
    huggingface_class = "BertModel"
    huggingface_heads = {
        "classification": ("BertForSequenceClassification", CLASSIFIER_NAMES),
        "multiple_choice": ("BertForMultipleChoice", CLASSIFIER_NAMES),
        "tagging": ("BertForTokenClassification", {"logits": "classifier"}),
        "span_extraction": (
            "BertForQuestionAnswering",
            {"logits": "qa_outputs"},
        ),
        "masked_lm": ("BertForMaskedLM", MASKED_LM_NAMES),
    }

    def read_settings(self, config, where):
        """Besides: how many segments there are."""
        return {
            **super().read_settings(config, where),
            "num_segments": config.get("type_vocab_size", NUM_SEGMENTS),
        }

    def write_settings(self, encoder):
        """Besides: the segments."""
        return {
            **super().write_settings(encoder),
            "type_vocab_size": encoder.size("num_segments"),
        }

    def special_tokens(self, pieces):
        """WordPieces' own, or XLM-R's."""
        if is_word_pieces(pieces):
            return SPECIAL_TOKENS
        return xlm_roberta.SPECIAL_TOKENS

    def keras_settings(self, arguments):
        """The segments."""
        return {"num_segments": arguments.get("num_segments", NUM_SEGMENTS)}

    def num_parameters(self, backbone):
        """Besides: the segments' embedding; the pooler is not trained."""
        number = super().num_parameters(backbone)
        if number is None:
            return None
        return number + _num_segments(backbone) * backbone.hidden_dim

    def layout(self, pieces):
        """`[CLS] A [SEP] B [SEP]`, or XLM-R's, all in segment 0."""
        if is_word_pieces(pieces):
            return dataclasses.replace(
                layout(pieces),
                segments_input=SEGMENTS_INPUT,
                num_segments=NUM_SEGMENTS,
            )
        try:
            found = xlm_roberta.layout(pieces)
        except InputError as error:
            raise InputError(
                "The tokenizer has neither WordPieces nor XLM-R's "
                "vocabulary. Expected a vocab.txt, a tokenizer.json or a "
                "sentencepiece.bpe.model of such a backbone."
            ) from error
        return dataclasses.replace(
            found, segments_input=SEGMENTS_INPUT, num_segments=1
        )

    def build_arguments(self, backbone):
        """The segments."""
        return {"num_segments": _num_segments(backbone)}

    def network(self, model):
        """Leaves the pooler out: no head takes it, so nothing trains it."""
        import keras

        return keras.Model(model.input, model.output["sequence_output"])

    def weights(self, model):
        """BERT's own names; a masked-LM's folder has no pooler."""
        embeddings = (
            (model.token_embedding.embeddings, "word"),
            (model.position_embedding.position_embeddings, "position"),
            (model.segment_embedding.embeddings, "token_type"),
        )
        pooler = model.pooled_dense
        return [
            *(
                Weight(variable, f"embeddings.{name}_embeddings.weight")
                for variable, name in embeddings
            ),
            *layer_norm(model.embeddings_layer_norm, "embeddings.LayerNorm"),
            *encoder_weights(model),
            _or_zeros(pooler.kernel, "pooler.dense.weight", is_kernel=True),
            _or_zeros(pooler.bias, "pooler.dense.bias"),
        ]

    def pieces_of(self, tokenizer):
        """KerasHub's folder says which of the two it has."""
        return pieces_of(tokenizer)

    def keras_tokenizer(self, pieces):
        """KerasHub reads WordPieces and SentencePiece models."""
        if is_word_pieces(pieces):
            return keras_tokenizer(pieces, self.keras_tokenizer_class)
        return xlm_roberta.XlmRoberta().keras_tokenizer(pieces)


def _num_segments(backbone):
    return backbone.settings.get("num_segments", NUM_SEGMENTS)


def _or_zeros(variable, name, **options):
    """Maps what a folder may lack; drawn, it would differ from run to run."""

    def tensor(tensors):
        # Here, so that plans are instant.
        import numpy as np

        if name in tensors:
            return tensors.read(name)
        return np.zeros(tuple(variable.shape), "float32")

    return Weight(variable, name, tensor=tensor, **options)


# ------------------------------------------------ WordPieces, for both BERTs
def is_word_pieces(pieces):
    """Whether these are WordPieces, of a vocab.txt or a tokenizer.json."""
    return isinstance(pieces, TokenizersPieces) and pieces.kind == "WordPiece"


def layout(pieces):
    """Returns the layout of WordPieces, without segments.

    Args:
        pieces: of `backbones.pieces`.

    Raises:
        InputError: If they are no WordPieces or lack the special tokens.
    """
    names = (CLS, SEP, PAD, UNKNOWN, MASK)
    ids = [pieces.find(name) for name in names]
    if None in ids or not is_word_pieces(pieces):
        raise InputError(
            f"The tokenizer has no WordPieces with {', '.join(names)}. "
            "Expected BERT's vocab.txt, or its tokenizer.json."
        )
    cls, sep, pad, unknown, mask = ids
    return Layout(
        before=(cls,),
        between=(sep,),
        after=(sep,),
        pad_id=pad,
        unknown_id=unknown,
        mask_id=mask,
        text_ids=_longest_run(ids, pieces.size),
        vocabulary_size=pieces.size,
    )


def _longest_run(special_ids, size):
    """Returns the longest range of ids that has no special one in it."""
    ends = [-1, *sorted(special_ids), size]
    return max(
        (range(one + 1, other) for one, other in itertools.pairwise(ends)),
        key=len,
    )


def pieces_of(tokenizer):
    """Takes the pieces of one of KerasHub's tokenizers."""
    if not hasattr(tokenizer, "lowercase"):
        return SentencePieces(tokenizer.proto)
    return TokenizersPieces.from_word_pieces(
        tokenizer.vocabulary,
        lowercase=tokenizer.lowercase,
        strip_accents=tokenizer.strip_accents,
        split_chinese=tokenizer.split_on_cjk,
    )


def keras_tokenizer(pieces, class_name):
    """Makes KerasHub's tokenizer of WordPieces; None where it cannot.

    KerasHub numbers pieces by their line, and does not save that Chinese
    characters should stay together.
    """
    casing = pieces.casing
    is_dense = len(pieces.vocabulary) == pieces.size
    if casing is None or not casing["split_chinese"] or not is_dense:
        return None
    import keras_hub

    return getattr(keras_hub.models, class_name)(
        vocabulary=pieces.vocabulary,
        lowercase=casing["lowercase"],
        strip_accents=casing["strip_accents"],
    )
