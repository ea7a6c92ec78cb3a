"""Tiny Hugging Face folders, one writer for each kind that a family opens.

Their configs differ from KerasHub's defaults in all that is easily dropped.
"""

import json
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


def word_pieces():
    """WordPieces of the pocket tokenizer's pieces: list of str."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=str(POCKET_SPM))
    pieces = [
        processor.id_to_piece(number)
        for number in range(3, processor.get_piece_size())
    ]
    characters = sorted({*"".join(pieces)} - {"\u2581"})
    found = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    for piece in [*characters, *pieces]:
        word = piece.removeprefix("\u2581")
        found += [word, f"##{word}"] if word == piece else [word]
    return [piece for piece in dict.fromkeys(found) if piece not in ("", "##")]


def write_vocabulary(folder, **config):
    """Writes WordPieces as folders of the first BERTs have them."""
    (folder / "vocab.txt").write_text("\n".join(word_pieces()) + "\n", "utf-8")
    config = {"do_lower_case": False, "model_max_length": 512} | config
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")


def bert_config(**config):
    import transformers

    return transformers.BertConfig(
        **{**CONFIG, "max_position_embeddings": 64, **config}
    )


def write_bert(folder):
    import transformers

    config = bert_config(vocab_size=len(word_pieces()), hidden_act="gelu")
    save_random(transformers.BertModel(config), folder)
    write_vocabulary(folder)


def write_bert_of_xlm_roberta(folder):
    """As Multilingual MiniLM: rows that no piece has, and no pooler."""
    import transformers

    config = bert_config(vocab_size=1070, hidden_act="relu")
    save_random(transformers.BertForMaskedLM(config), folder)
    shutil.copy(POCKET_SPM, folder / "sentencepiece.bpe.model")
    config = {"tokenizer_class": "XLMRobertaTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")


def write_distil_bert(folder):
    """With a head, and the only tokenizer file that transformers 5 saves."""
    import transformers

    pieces = word_pieces()
    config = transformers.DistilBertConfig(
        dim=CONFIG["hidden_size"],
        n_layers=CONFIG["num_hidden_layers"],
        n_heads=CONFIG["num_attention_heads"],
        hidden_dim=CONFIG["intermediate_size"],
        vocab_size=len(pieces),
        max_position_embeddings=64,
        activation="gelu_new",
        dropout=CONFIG["hidden_dropout_prob"],
        attention_dropout=CONFIG["attention_probs_dropout_prob"],
    )
    save_random(transformers.DistilBertForMaskedLM(config), folder)
    transformers.DistilBertTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)},
        do_lower_case=False,
    ).save_pretrained(folder)


def deberta_pieces(content):
    """Turns XLM-R's SentencePiece model (bytes) into one like DeBERTa's."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(content)
    kind = type(model.pieces[0])
    special = [
        kind(piece=name, type=kind.CONTROL)
        for name in ("[PAD]", "[CLS]", "[SEP]")
    ]
    special.append(kind(piece="[UNK]", type=kind.UNKNOWN))
    # In place of <unk>, <s> and </s>.
    pieces = [*special, *model.pieces[3:]]
    del model.pieces[:]
    model.pieces.extend(pieces)
    trainer = model.trainer_spec
    trainer.pad_id, trainer.bos_id, trainer.eos_id, trainer.unk_id = range(4)
    trainer.pad_piece, trainer.bos_piece, trainer.eos_piece = (
        "[PAD]",
        "[CLS]",
        "[SEP]",
    )
    trainer.unk_piece = "[UNK]"
    return model.SerializeToString()


def deberta_config(**changes):
    """Buckets of 16 for 64 positions: distances above 8 share some."""
    import transformers

    values = {
        **CONFIG,
        "vocab_size": 1070,
        "max_position_embeddings": 64,
        "hidden_act": "gelu_new",
        "type_vocab_size": 0,
        "relative_attention": True,
        "position_buckets": 16,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
    }
    return transformers.DebertaV2Config(**values | changes)


def write_deberta_v3(folder):
    import transformers

    save_random(transformers.DebertaV2Model(deberta_config()), folder)
    content = deberta_pieces(POCKET_SPM.read_bytes())
    (folder / "spm.model").write_bytes(content)


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


def mt5_vocabulary(sentinel="▁<extra_id_{}>", content=None):
    """XLM-R's pieces, or the pocket's, with mT5's control and sentinels."""
    from sentencepiece import sentencepiece_model_pb2

    content = content or POCKET_SPM.read_bytes()
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


WHISPER_CONFIG = {
    "d_model": 16,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 32,
    # Not 80 and 1500.
    "num_mel_bins": 24,
    "max_source_positions": 50,
    "max_target_positions": 8,
    "vocab_size": 60,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
    "activation_function": "gelu_new",
    "dropout": 0.05,
    "attention_dropout": 0.2,
}


def write_whisper(folder, **changes):
    import transformers

    config = transformers.WhisperConfig(**{**WHISPER_CONFIG, **changes})
    # As published: with a decoder, which nobody wants here.
    save_random(
        transformers.WhisperForConditionalGeneration(config), folder, 0.2
    )


WRITERS = {
    "xlm_roberta": write_xlm_roberta,
    "bert": write_bert,
    "bert_of_xlm_roberta": write_bert_of_xlm_roberta,
    "distil_bert": write_distil_bert,
    "deberta_v3": write_deberta_v3,
    "mt5": write_mt5,
}
SPEECH_WRITERS = {"whisper": write_whisper}
