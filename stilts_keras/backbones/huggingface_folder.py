"""Writes a backbone, and a head on it, as transformers' own folders are.

The names of tensors are those that `Family.weights` reads by.
"""

import math
import pathlib

import numpy as np
import safetensors.numpy

from stilts_keras import files
from stilts_keras.backbones.family_facts import CONFIG_FILE
from stilts_keras.backbones.tokenizer_json import tokenizer_files
from stilts_keras.backbones.weights import head_weights
from stilts_keras.backbones.weights import tensors_of
from stilts_keras.errors import InputError

WEIGHTS_FILE = "model.safetensors"
FLOAT32_BYTES = np.dtype("float32").itemsize
# Of problems whose outputs have names.
LABELLED = ("classification", "tagging")


def huggingface_class(family, problem=None):
    """Names transformers' class for a family and a problem.

    Args:
        family: `Family`.
        problem: str or None. None is the backbone alone.

    Returns:
        str.

    Raises:
        InputError: If it has none that is our network.
    """
    if problem is None:
        found = family.huggingface_class
    else:
        found, _ = family.huggingface_heads.get(problem, ("", None))
    if found:
        return found
    can = [f"{name} heads" for name in family.huggingface_heads]
    if family.huggingface_class:
        can.append("the backbone alone (--task=none)")
    raise InputError(
        f"transformers has no class for {problem or 'the backbone alone'} on "
        f"family {family.name!r} as it is here. What can be exported of it: "
        f"{', '.join(can) or 'nothing'}. {family.huggingface_limit}".rstrip()
    )


def write_huggingface(folder, encoder, *, problem=None, head=None, labels=()):
    """Writes config.json, weights and tokenizer.

    Args:
        folder: path. It exists.
        encoder: `Encoder`.
        problem: str or None. The head's; None for the backbone alone.
        head: layer or None. Built.
        labels: tuple of str. Names of the head's outputs, where it has such.

    Returns:
        str: the class that config.json names.

    Raises:
        InputError: If transformers cannot have this network or tokenizer.
    """
    folder, family = pathlib.Path(folder), encoder.family
    name = huggingface_class(family, problem)
    config = {**family.write_config(encoder), "architectures": [name]}
    if problem in LABELLED:
        config["id2label"] = {str(n): label for n, label in enumerate(labels)}
        config["label2id"] = {label: n for n, label in enumerate(labels)}
    made = tokenizer_files(
        encoder.tokenizer,
        family.special_tokens(encoder.tokenizer.pieces),
        file_names=family.tokenizer_files,
        max_length=encoder.size("max_sequence_length"),
    )
    for file, content in made.items():
        (folder / file).write_bytes(content)
    files.write_json(folder / CONFIG_FILE, config)
    weights = _weights(encoder, problem, head)
    num_values = sum(math.prod(w.variable.shape) for w in weights.values())
    files.check_space(folder, FLOAT32_BYTES * num_values)
    tensors = {}
    for prefix_and_name, weight in weights.items():
        prefix = prefix_and_name.removesuffix(weight.name)
        for own, tensor in tensors_of(weight).items():
            tensors[prefix + own] = tensor
    # Without a format, earlier versions of transformers refuse it.
    safetensors.numpy.save_file(
        tensors, folder / WEIGHTS_FILE, metadata={"format": "pt"}
    )
    return name


def _weights(encoder, problem, head):
    """Maps the whole name of each tensor to its `Weight`."""
    found = encoder.weights()
    if problem is None:
        return {weight.name: weight for weight in found}
    # A pooler that no head was trained on would be taken for a trained one.
    own = {id(variable) for variable in encoder.network.variables}
    prefix = encoder.family.prefixes[0]
    _, names = encoder.family.huggingface_heads[problem]
    return {
        prefix + weight.name: weight
        for weight in found
        if id(weight.variable) in own
    } | {weight.name: weight for weight in head_weights(head, names)}
