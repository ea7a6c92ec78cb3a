"""From descriptions to tokenizers and encoders: what needs a framework."""

import dataclasses
import pathlib

import numpy as np

from stilts_keras import memory
from stilts_keras.backbones import get_family
from stilts_keras.backbones.description import HUB
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.description import weight_patterns
from stilts_keras.backbones.encoder import Encoder
from stilts_keras.backbones.family import without_drawing
from stilts_keras.backbones.huggingface import download
from stilts_keras.backbones.lora import add_factors
from stilts_keras.backbones.lora import read_factors
from stilts_keras.backbones.lora_folder import base_facts
from stilts_keras.backbones.lora_folder import find_base
from stilts_keras.backbones.lora_folder import how_described
from stilts_keras.backbones.lora_folder import missing_base
from stilts_keras.backend import fill
from stilts_keras.errors import InputError

# What tells which weights of a repository are wanted.
SMALL_FILES = ["*.json", "*.model", "*.txt", "assets/tokenizer/*"]
# The random root is one fixed network: seeds are for what is trained on it.
ROOT_SEED = 0


def fetch(backbone):
    """Downloads what a description names on the Hub.

    Args:
        backbone: `Backbone`.

    Returns:
        `Backbone` of the downloaded folder, under the same fingerprint; the
        same one where there is nothing to fetch.

    Raises:
        InputError: If the Hub does not answer, or has something else; if a
            LoRA stage's base is gone.
    """
    if backbone.kind == "lora_folder":
        fetch(describe_base(backbone.path))
    if backbone.kind != "hub":
        return backbone
    repository = backbone.name.removeprefix(HUB)
    folder = download(repository, SMALL_FILES)
    patterns = weight_patterns(backbone.name, folder)
    for pattern in patterns:
        folder = download(repository, [*SMALL_FILES, pattern])
        if any(pathlib.Path(folder).glob(pattern)):
            break
    else:
        raise InputError(
            f"Backbone {backbone.name!r}: the Hub gave no weights of a kind "
            f"opened here ({' or '.join(patterns)}). Download the repository "
            f"whole (hf download {repository} --local-dir=FOLDER) and pass "
            "--backbone=FOLDER, which names how a pytorch_model.bin is "
            "converted."
        )
    found = describe_backbone(folder, tokenizer=backbone.tokenizer_path)
    return dataclasses.replace(
        found, name=backbone.name, fingerprint=backbone.fingerprint
    )


def load_tokenizer(backbone):
    """Reads the tokenizer that belongs to a backbone, or what it has for one.

    Args:
        backbone: `Backbone`, fetched.

    Returns:
        `Tokenizer`; `LogMel` where the family reads audio.

    Raises:
        InputError: If there is none, it is not the family's, or it has more
            ids than the backbone.
    """
    family = get_family(backbone.family)
    if family.reads == "audio":
        return family.log_mel(backbone)
    if backbone.tokenizer_path:
        tokenizer = family.tokenizer(backbone.tokenizer_path, backbone)
    else:
        tokenizer = family.preset_tokenizer(backbone.name)
    _check_vocabulary(backbone, tokenizer, backbone.vocabulary_size)
    _check_segments(backbone, tokenizer)
    return tokenizer


def _check_vocabulary(backbone, tokenizer, vocabulary_size):
    # Unknown before a download; of a backbone that reads audio, there is none.
    if vocabulary_size is None:
        return
    if tokenizer.vocabulary_size > vocabulary_size:
        raise InputError(
            f"The tokenizer has {tokenizer.vocabulary_size} ids, backbone "
            f"{backbone.name!r} only {vocabulary_size}. Pass the tokenizer "
            "that the backbone was trained with."
        )


def _check_segments(backbone, tokenizer):
    layout = tokenizer.layout
    known = backbone.settings.get("num_segments", layout.num_segments)
    if layout.segments_input and known < layout.num_segments:
        raise InputError(
            f"The tokenizer numbers {layout.num_segments} parts of a "
            f"sequence, backbone {backbone.name!r} knows only {known} "
            "(type_vocab_size). Pass the tokenizer that the backbone was "
            "trained with."
        )


@memory.giving_back()
def load_root(backbone, *, tokenizer, dtype_policy="float32"):
    """Loads or draws the backbone that every route starts from.

    Args:
        backbone: `Backbone`, fetched.
        tokenizer: `Tokenizer`.
        dtype_policy: str. Keras dtype policy.

    Returns:
        `Encoder`.

    Raises:
        InputError: If a preset or folder cannot be loaded.
    """
    family = get_family(backbone.family)
    if backbone.kind == "lora_folder":
        return _load_adapted(backbone, tokenizer, dtype_policy)
    if backbone.kind == "random":
        with without_drawing():
            model = family.keras_model(
                family.build(backbone, tokenizer.vocabulary_size, dtype_policy)
            )
        _draw(family, model)
    elif backbone.kind == "huggingface_folder":
        model = family.load_huggingface(backbone, dtype_policy)
    else:
        model = family.load_keras(backbone.path or backbone.name, dtype_policy)
    encoder = Encoder(family, model, tokenizer, backbone.settings)
    _check_vocabulary(backbone, tokenizer, encoder.vocabulary_size)
    return encoder


def describe_base(folder):
    """Describes the backbone that a LoRA stage's factors are added to.

    Args:
        folder: path. The LoRA stage's.

    Returns:
        `Backbone`.

    Raises:
        InputError: If it is gone, or another.
    """
    facts = base_facts(folder)
    if "stage" in facts:
        return describe_backbone(str(find_base(folder)))
    try:
        backbone = describe_backbone(**how_described(folder, facts))
    except InputError as error:
        raise missing_base(folder, str(error).rstrip(".")) from error
    if backbone.fingerprint != facts["fingerprint"]:
        raise missing_base(
            folder,
            f"what has that name now has the fingerprint "
            f"{backbone.fingerprint}, not {facts['fingerprint']}",
        )
    return backbone


def _load_adapted(backbone, tokenizer, dtype_policy):
    """Loads a LoRA stage's folder: its base, and all factors added."""
    base = fetch(describe_base(backbone.path))
    encoder = load_root(base, tokenizer=tokenizer, dtype_policy=dtype_policy)
    add_factors(encoder, read_factors(backbone.path))
    # Of a root no more is known: its folder is the base of what comes.
    encoder.factors = []
    return encoder


@memory.giving_back()
def load_stage(folder, *, backbone, tokenizer, dtype_policy="float32"):
    """Loads the backbone of a finished stage's folder.

    Args:
        folder: path. Written by `Encoder.save`.
        backbone: `Backbone`. The root's; it tells family and settings.
        tokenizer: `Tokenizer`.
        dtype_policy: str. Keras dtype policy.

    Returns:
        `Encoder`.

    Raises:
        InputError: If it cannot be loaded.
    """
    family = get_family(backbone.family)
    model = family.load_keras(str(folder), dtype_policy)
    return Encoder(family, model, tokenizer, backbone.settings)


def _draw(family, model):
    """Draws what a family wants drawn with NumPy: equal on every backend."""
    random = np.random.default_rng(ROOT_SEED)
    for variable in family.network(model).trainable_variables:
        stddev = family.initial_stddev(model, variable)
        if stddev is not None:
            values = random.standard_normal(variable.shape, dtype="float32")
            # In place: the token embedding's is large.
            values *= stddev
            fill(variable, values)
