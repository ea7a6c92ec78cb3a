"""Sentence pairs and models of equal size, for benchmarks end to end.

Real rows and XLM-R's tokenizer where `STILTS_TEST_MATERIAL` names a folder
that has them, else the pocket's. Frameworks are imported inside functions: a
process takes one of them.
"""

import argparse
import itertools
import json
import os
import pathlib
import shutil
import sys
import tempfile

from benchmarks import harness
from stilts_keras.backbones.description import POCKET_FOLDER

BASE = "huggingface"
BACKENDS = ("tensorflow", "jax", "torch")
MODEL = "FacebookAI/xlm-roberta-base/sentencepiece.bpe.model"
POCKET_MODEL = POCKET_FOLDER / "assets" / "tokenizer" / "vocabulary.spm"
TOKENIZER_CONFIG = {
    "tokenizer_class": "XLMRobertaTokenizer",
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}
NUM_CLASSES = 3


def folder():
    """Returns the folder of real rows, or None."""
    material = os.environ.get("STILTS_TEST_MATERIAL")
    return pathlib.Path(material) / "data" if material else None


def kind():
    """Says which rows are read."""
    return "real" if folder() else "pocket"


def tokenizer_file():
    """Returns the SentencePiece file of the tokenizer."""
    return folder() / MODEL if folder() else POCKET_MODEL


def data():
    """Opens the rows."""
    from stilts_keras.data.sources import open_data

    return open_data(folder() or "pocket")


def our_tokenizer():
    """Reads the tokenizer as runs do."""
    from stilts_keras.backbones import get_family

    return get_family("xlm_roberta").tokenizer(tokenizer_file())


def hugging_face_tokenizer(place):
    """Makes Hugging Face's fast tokenizer of the same file.

    Args:
        place: path. An empty folder, where it finds the file.
    """
    import transformers

    place = pathlib.Path(place)
    shutil.copy(tokenizer_file(), place / "sentencepiece.bpe.model")
    config = json.dumps(TOKENIZER_CONFIG)
    (place / "tokenizer_config.json").write_text(config)
    return transformers.AutoTokenizer.from_pretrained(place)


_fresh = itertools.count()


def packed(task, problem, tokenizer, language, split, *, max_length, count):
    """Packs a split as runs do, but never finds it in the cache.

    Returns:
        `SplitFeatures`.
    """
    from stilts_keras.data.features import load_features

    return load_features(
        data(),
        task,
        language,
        split,
        pack=problem.pack,
        pack_key=f"{problem.pack_key}, benchmark {next(_fresh)}",
        tokenizer=tokenizer,
        max_length=max_length,
        count=count,
        is_evaluated=split != "train",
    )


def texts(task, language, split, count):
    """Reads the same rows as `packed`: a dict of lists."""
    from stilts_keras.data.draws import draw

    rows = data().load(task, language, split)
    rows = rows.select(draw(data(), task, language, split, rows, count))
    first, second = ("premise", "hypothesis")
    return {
        "first": list(rows[first]),
        "second": list(rows[second]),
        "label": list(rows["label"]),
    }


def num_heads(sizes):
    """Returns heads of attention of 64 numbers each, as XLM-R has them."""
    return max(1, sizes.hidden // 64)


def our_model(sizes, task, problem, tokenizer):
    """Makes a random `MultiTask` with one head, on `KERAS_BACKEND`.

    Args:
        sizes: what flags of `add_flags` gave.
        task: `Task`.
        problem: the task's Problem.
        tokenizer: `Tokenizer`.
    """
    from stilts_keras.backbones.description import describe_backbone
    from stilts_keras.backbones.loading import load_root
    from stilts_keras.steps.multitask import MultiTask

    backbone = describe_backbone(
        "random",
        tokenizer=str(tokenizer_file()),
        num_layers=sizes.layers,
        num_heads=num_heads(sizes),
        hidden_dim=sizes.hidden,
        intermediate_dim=4 * sizes.hidden,
    )
    # As many rows, whatever the tokenizer needs of them.
    tokenizer.vocabulary_size = max(sizes.vocabulary, tokenizer.vocabulary_size)
    encoder = load_root(backbone, tokenizer=tokenizer)
    return MultiTask(encoder, {task.head_key: problem.head(encoder)})


def hugging_face_model(sizes, tokenizer):
    """Makes Hugging Face's random model of the same size, on torch."""
    import transformers

    config = transformers.XLMRobertaConfig(
        vocab_size=max(sizes.vocabulary, len(tokenizer)),
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=num_heads(sizes),
        intermediate_size=4 * sizes.hidden,
        max_position_embeddings=514,
        type_vocab_size=1,
        num_labels=NUM_CLASSES,
        attn_implementation="sdpa",
    )
    return transformers.XLMRobertaForSequenceClassification(config)


def add_flags(parser):
    """Adds flags of a model's size, 12 x 384 by default, and who competes."""
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--vocabulary", type=int, default=250_002)
    parser.add_argument("--rounds", type=int, default=harness.NUM_ROUNDS)
    parser.add_argument("--backends", default=",".join(BACKENDS))
    parser.add_argument("--contestant", help=argparse.SUPPRESS)


def contestants(module, options):
    """Makes Hugging Face's contestant, and ours on each backend asked for.

    Args:
        module: str. The benchmark, which is given the same flags.
        options: what flags of `add_flags` gave.
    """
    return {
        name: harness.Contestant(
            module,
            [*sys.argv[1:], f"--contestant={name}"],
            {} if name == BASE else {"KERAS_BACKEND": name},
        )
        for name in (BASE, *filter(None, options.backends.split(",")))
    }


def compete(options, ours, theirs):
    """Takes part, in a process of its own, with a cache of its own.

    Args:
        options: what flags of `add_flags` gave.
        ours: function (options, folder) -> what works at each turn.
        theirs: the same of Hugging Face's.
    """
    with tempfile.TemporaryDirectory() as place:
        os.environ["HF_DATASETS_CACHE"] = place
        with harness.channel() as answer:
            make = theirs if options.contestant == BASE else ours
            answer(make(options, pathlib.Path(place)))
