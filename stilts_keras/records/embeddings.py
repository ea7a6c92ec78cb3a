"""Sentence embeddings of a few languages, kept for TensorBoard's projector."""

import json
import pathlib

import numpy as np

from stilts_keras import files
from stilts_keras.errors import DamageError

FOLDER = "embeddings"
SUFFIX = ".npz"


def file_of(run_dir, route, target, language):
    """Names the file of one language."""
    return pathlib.Path(run_dir, FOLDER, route, target, language + SUFFIX)


def write(file, vectors, texts, pairs, languages):
    """Writes embeddings and what they are of; see `files.atomic_write`.

    Args:
        file: path, of `file_of`.
        vectors: float array (n, h).
        texts: list of n str.
        pairs: list of n int. Translations of each other share a number.
        languages: list of n str.
    """
    facts = json.dumps({"texts": texts, "pairs": pairs, "languages": languages})
    with files.atomic_write(file, "wb") as stream:
        np.savez(
            stream,
            vectors=np.asarray(vectors, np.float32),
            facts=np.frombuffer(facts.encode("utf-8"), np.uint8),
        )


def read(file):
    """Reads what `write` wrote.

    Args:
        file: path.

    Returns:
        Dict with the arguments of `write`.

    Raises:
        DamageError: If the file is not what was written.
    """
    try:
        with np.load(file, allow_pickle=False) as found:
            facts = json.loads(found["facts"].tobytes().decode("utf-8"))
            vectors = found["vectors"]
    except Exception as error:  # noqa: BLE001 - NumPy and zip raise many kinds
        raise DamageError(
            f"{file}: not the embeddings written ({error})."
        ) from None
    if not np.isfinite(vectors).all():
        raise DamageError(f"{file}: some embeddings are not finite.")
    lengths = {len(vectors), *(len(values) for values in facts.values())}
    if len(lengths) > 1:
        raise DamageError(f"{file}: {lengths} vectors, texts and pairs.")
    return {"vectors": vectors, **facts}


def find(run_dir):
    """Lists what is kept: (route, target, language, file) of each."""
    folder = pathlib.Path(run_dir, FOLDER)
    found = []
    for file in sorted(folder.rglob("*" + SUFFIX)):
        *route, target, _ = file.relative_to(folder).parts
        found.append(("/".join(route), target, file.stem, file))
    return found
