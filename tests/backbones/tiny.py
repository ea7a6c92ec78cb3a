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


WRITERS = {"xlm_roberta": write_xlm_roberta}
