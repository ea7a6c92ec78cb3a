"""Folders as Hugging Face's transformers writes them: files and tensors."""

import contextlib
import json
import pathlib

from stilts_keras.backbones.tensor_files import open_file
from stilts_keras.errors import InputError

# Holds code that runs as it is read, so it is never opened.
PICKLED = ("pytorch_model*.bin",)
# Names of tensors today, and in folders converted from the first BERTs.
OLD_NAMES = {
    "LayerNorm.weight": "LayerNorm.gamma",
    "LayerNorm.bias": "LayerNorm.beta",
}


class Tensors:
    """The tensors of a folder's files, one at a time."""

    def __init__(self, where, tensors, prefixes):
        """Takes a name for messages, tensors, and what may lead names.

        Args:
            where: str.
            tensors: dict from a tensor's name to a function () -> array.
            prefixes: tuple of str. Such as `bert.`; none is tried first.
        """
        self.where = where
        self._tensors = tensors
        self._prefixes = ("", *prefixes)

    def __contains__(self, name):
        """Whether there is a tensor of this name, or prefix and name."""
        return self._find(name) is not None

    def read(self, name):
        """Reads one tensor.

        Args:
            name: str. Without prefix.

        Returns:
            float32 array.

        Raises:
            InputError: If there is none.
        """
        # Here, so that plans are instant.
        import numpy as np

        found = self._find(name)
        if found is None:
            raise InputError(
                f"{self.where} has no tensor {name!r}. Expected the weights "
                "that its config.json describes; download it again."
            )
        return np.asarray(self._tensors[found](), "float32")

    def _find(self, name):
        names = [prefix + name for prefix in self._prefixes]
        for new, old in OLD_NAMES.items():
            if name.endswith(new):
                names += [each.removesuffix(new) + old for each in names]
        for each in names:
            if each in self._tensors:
                return each
        return None


@contextlib.contextmanager
def open_tensors(folder, patterns, prefixes):
    """Opens the first kind of weights that a folder has.

    Args:
        folder: path.
        patterns: tuple of str. Glob patterns, the preferred first.
        prefixes: tuple of str. Of tensor names.

    Yields:
        `Tensors`.

    Raises:
        InputError: If there are none, or they cannot be read.
    """
    folder = pathlib.Path(folder)
    paths = weight_files(folder, patterns)
    with contextlib.ExitStack() as stack:
        tensors = {}
        for path in paths:
            tensors |= stack.enter_context(open_file(path))
        yield Tensors(f"Backbone folder {str(folder)!r}", tensors, prefixes)


def weight_files(folder, patterns):
    """Finds the weights of a folder.

    Args:
        folder: path.
        patterns: tuple of str. Glob patterns, the preferred first.

    Returns:
        Sorted list of paths, all of one pattern.

    Raises:
        InputError: If there are none.
    """
    folder = pathlib.Path(folder)
    for pattern in patterns:
        found = sorted(folder.glob(pattern))
        if found:
            return found
    pickled = [path for name in PICKLED for path in folder.glob(name)]
    if pickled:
        raise InputError(
            f"Backbone folder {str(folder)!r} has its weights only as "
            f"{pickled[0].name}, a pickle, which may run code and is not "
            'opened. Convert it once: python -c "import transformers; '
            f"transformers.AutoModel.from_pretrained('{folder}')"
            f".save_pretrained('{folder}')\"."
        )
    raise InputError(
        f"Backbone folder {str(folder)!r} has a config.json but no weights "
        f"({' or '.join(patterns)}). Download them into it, or pass "
        "--backbone=random for untrained weights."
    )


def read_config(folder):
    """Reads a folder's config.json.

    Args:
        folder: path.

    Returns:
        Dict.

    Raises:
        InputError: If there is none, or it holds no object.
    """
    path = pathlib.Path(folder) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"Backbone folder '{folder}' needs a readable config.json, as "
            f"Hugging Face and KerasHub write it. Received: {error}."
        ) from None
    if not isinstance(config, dict):
        raise InputError(
            f"Backbone folder '{folder}': config.json must hold an object. "
            f"Received: {type(config).__name__}."
        )
    return config


def download(repository, patterns):
    """Fetches a Hub repository's config, weights and tokenizer.

    Args:
        repository: str. `namespace/name`.
        patterns: list of str. Glob patterns of the files wanted.

    Returns:
        str: the folder that holds them.

    Raises:
        InputError: If the Hub does not answer or has no such repository.
    """
    import huggingface_hub
    from huggingface_hub import errors

    try:
        return huggingface_hub.snapshot_download(
            repository, allow_patterns=patterns
        )
    except errors.RepositoryNotFoundError as error:
        raise InputError(
            f"Backbone 'hf://{repository}': the Hub has no such repository, or "
            "it needs a login. Check the name."
        ) from error
    except Exception as error:  # noqa: BLE001 - of several HTTP libraries
        raise InputError(
            f"Backbone 'hf://{repository}': the Hugging Face Hub did not "
            f"answer ({type(error).__name__}) and the repository is not in "
            "its cache. Check the network, or pass --backbone=FOLDER with a "
            "downloaded copy."
        ) from error
