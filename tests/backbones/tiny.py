"""Tiny Hugging Face folders, one writer for each kind that a family opens.

Their configs differ from KerasHub's defaults in all that is easily dropped.
"""

import shutil

from stilts_keras.backbones.description import POCKET_FOLDER

POCKET_SPM = POCKET_FOLDER / "assets" / "tokenizer" / "vocabulary.spm"
CONFIG = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "layer_norm_eps": 1e-3,
    "hidden_dropout_prob": 0.05,
    "attention_probs_dropout_prob": 0.2,
}


def save_random(model, folder, stddev=0.3):
    """Gives every parameter a value that matters, and saves the model."""
    import torch

    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, stddev)
    model.save_pretrained(folder)


def write_xlm_roberta(folder):
    import transformers

    config = transformers.XLMRobertaConfig(
        **CONFIG,
        vocab_size=1070,
        max_position_embeddings=66,
        hidden_act="gelu_new",
        type_vocab_size=1,
        pad_token_id=1,
    )
    save_random(transformers.XLMRobertaModel(config), folder)
    shutil.copy(POCKET_SPM, folder / "sentencepiece.bpe.model")


MT5_CONFIG = {
    "d_model": 16,
    # Not 16 / 2, as KerasHub would have it.
    "d_kv": 6,
    "d_ff": 32,
    "num_layers": 2,
    "num_heads": 2,
    "layer_norm_epsilon": 1e-3,
    "dropout_rate": 0.05,
}


def mt5_vocabulary(sentinel="▁<extra_id_{}>"):
    """The pocket's pieces under mT5's control pieces and sentinels."""
    from sentencepiece import sentencepiece_model_pb2

    content = POCKET_SPM.read_bytes()
    proto = sentencepiece_model_pb2.ModelProto.FromString(content)
    kinds = {"<pad>": 3, "</s>": 3, "<unk>": 2}
    for piece, (name, kind) in zip(proto.pieces, kinds.items(), strict=False):
        piece.piece, piece.type = name, kind
    spec = proto.trainer_spec
    spec.pad_id, spec.eos_id, spec.unk_id, spec.bos_id = 0, 1, 2, -1
    if sentinel:
        for number in range(99, -1, -1):
            proto.pieces.add(piece=sentinel.format(number), score=0.0, type=4)
    return proto.SerializeToString()


def write_mt5(folder, **changes):
    import transformers

    config = transformers.MT5Config(
        **{**MT5_CONFIG, "vocab_size": 1170, **changes}
    )
    # As published: with a decoder, which nobody wants here.
    save_random(transformers.MT5Model(config), folder)
    (folder / "spiece.model").write_bytes(mt5_vocabulary())


WRITERS = {"xlm_roberta": write_xlm_roberta, "mt5": write_mt5}
