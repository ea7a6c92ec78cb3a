"""Packed features on disk: what they depend on, and where they lie."""

import hashlib
import json
import os
import pathlib

from stilts_keras.audio import decoding
from stilts_keras.data import draws
from stilts_keras.data.formats import quiet_datasets

# Part of every key: raise it when rows are mapped in another way.
FEATURES_VERSION = 3


def key_of(data, task, language, split, count, numbers, setting, shuffle_seed):
    """Names what the rows of a split, as they are read, depend on.

    Takes what `features.load_features` does.

    Returns:
        Dict, JSON-serialisable. Of what there is nothing there is no entry, so
        that new entries leave the features of other rows where they are.
    """
    key = {
        "features": FEATURES_VERSION,
        "task": [task.name, task.identity, task.labels],
        "data": data.fingerprint(task, language, split),
    }
    drawn = split == "train" and draws.depends_on(data, task, language, count)
    if drawn:
        key["drawn with"] = drawn
    if numbers is not None:
        key["numbers"] = digest_of_rows(numbers)
    if setting is not None:
        key["disturbed"] = setting.identity
    if shuffle_seed is not None:
        key["shuffled"] = shuffle_seed
    if task.reads == "audio":
        key["heard"] = decoding.identity()
    return key


def digest_of_rows(numbers):
    """Returns the sha256 of row numbers, in hexadecimal digits.

    Args:
        numbers: sequence of int.
    """
    # Here, so that plans are instant.
    import numpy as np

    return hashlib.sha256(np.asarray(numbers, "int64").tobytes()).hexdigest()


def map_cached(rows, function, key, batch_size):
    """Maps through `datasets`, under a cache key of our own.

    The key names everything that the result depends on; hashing the function
    itself would miss the cache for every change of a comment.

    Args:
        rows: `datasets.Dataset`.
        function: function (columns, indices) -> dict of columns.
        key: dict, JSON-serialisable.
        batch_size: int. Rows at a time.

    Returns:
        `datasets.Dataset` with the new columns alone.
    """
    import datasets

    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode())
    token = digest.hexdigest()[:32]
    folder = pathlib.Path(datasets.config.HF_DATASETS_CACHE) / "stilts_keras"
    folder = folder / "features"
    folder.mkdir(parents=True, exist_ok=True)
    with quiet_datasets():
        return rows.map(
            function,
            batched=True,
            batch_size=batch_size,
            writer_batch_size=batch_size,
            with_indices=True,
            remove_columns=rows.column_names,
            cache_file_name=os.fspath(folder / f"{token}.arrow"),
            new_fingerprint=token,
            load_from_cache_file=True,
        )
