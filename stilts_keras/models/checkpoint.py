"""Weights of a finished stage on disk: checked when read, whole or absent.

A stage's folder is a KerasHub preset of the backbone, `heads.weights.h5`, and
`manifest.json` with the sha256 of every file. It is written under a temporary
name and renamed: a folder with the final name is complete.
"""

import hashlib
import json
import os
import pathlib
import shutil

import keras

from stilts_keras.errors import InputError
from stilts_keras.graph.stage import MANIFEST
from stilts_keras.models import xlm_roberta

HEADS = "heads.weights.h5"
# KerasHub's own name for it in a preset.
BACKBONE = "model.weights.h5"


class Heads(keras.Model):
    """Holds a stage's heads, so that Keras writes and reads them together."""

    def __init__(self, heads):
        """Takes built layers by key."""
        super().__init__(name="heads")
        self.heads = heads
        self.built = True


def save_stage(folder, *, model, tokenizer, facts):
    """Writes a finished stage's folder.

    Args:
        folder: path. Must not exist; its parent is made.
        model: `MultiTask`.
        tokenizer: `Tokenizer`.
        facts: dict, JSON-serialisable. What the manifest tells besides.
    """
    folder = pathlib.Path(folder)
    temporary = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    xlm_roberta.save_backbone(model.backbone, tokenizer, temporary)
    Heads(model.heads).save_weights(str(temporary / HEADS))
    files = [file for file in temporary.rglob("*") if file.is_file()]
    manifest = {
        **facts,
        "files": {
            file.relative_to(temporary).as_posix(): {
                "sha256": _sha256(file),
                "num_bytes": file.stat().st_size,
            }
            for file in sorted(files)
        },
    }
    (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1))
    for path in [*temporary.rglob("*"), temporary]:
        _sync(path)
    os.replace(temporary, folder)
    _sync(folder.parent)


def save_weights(folder, model):
    """Writes the weights of backbone and heads, and nothing else."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model.backbone.save_weights(str(folder / BACKBONE))
    Heads(model.heads).save_weights(str(folder / HEADS))


def load_weights(folder, model):
    """Reads backbone and heads back into a model of the same shapes."""
    folder = pathlib.Path(folder)
    model.backbone.load_weights(str(folder / BACKBONE))
    Heads(model.heads).load_weights(str(folder / HEADS))


def check_stage(folder):
    """Compares every file of a stage with its manifest.

    Returns:
        dict. The manifest.

    Raises:
        InputError: If a file is missing or damaged; it is named.
    """
    folder = pathlib.Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, MANIFEST, "cannot be read") from error
    for name, facts in files.items():
        file = folder / name
        if not file.is_file():
            raise _damaged(folder, name, "is missing")
        if _sha256(file) != facts["sha256"]:
            raise _damaged(folder, name, "does not match its sha256")
    return manifest


def _damaged(folder, name, what):
    return InputError(
        f"Stage file {str(folder / name)!r} {what}. Delete the folder "
        f"{str(folder)!r} and run again: the stage is then trained anew."
    )


def _sha256(file):
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
