"""Rows to examples to packed features, tokenised once and kept on disk."""

import dataclasses
import functools
import hashlib
import json
import os
import pathlib

import numpy as np

from stilts_keras.data.formats import quiet_datasets
from stilts_keras.errors import InputError
from stilts_keras.tasks import example as examples_module

# Part of every cache key: raise it when the mapping in this file changes.
FEATURES_VERSION = 2
# Fixed, so that a limit picks the same rows in every language and seed.
SUBSET_SEED = 0
MAP_BATCH_SIZE = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitFeatures:
    """One task's packed features in one language, with their rows.

    Attributes:
        where: str. Task, language and split, for messages.
        language: str.
        rows: `datasets.Dataset` with the data set's own columns.
        features: `datasets.Dataset`; `example` (index into rows), `length`
            (tokens), `num_cut` (tokens left out) and the problem's columns.
        read: function from a row index to an Example.
        max_length: int.
    """

    where: str
    language: str
    rows: object
    features: object
    read: object
    max_length: int

    @functools.cached_property
    def lengths(self):
        """Tokens of each feature: int64 array (n,)."""
        return np.asarray(self.features["length"][:], dtype="int64")

    @functools.cached_property
    def num_cut_rows(self):
        """How many features lost tokens to `max_length`."""
        return int(np.count_nonzero(np.asarray(self.features["num_cut"][:])))

    @functools.cached_property
    def examples(self):
        """All Examples by row index; None for rows that are left out."""
        return [self.read(index) for index in range(len(self.rows))]


def load_features(
    data, task, language, split, *, pack, pack_key, tokenizer, max_length, count
):
    """Packs a split, or finds it packed in the cache of `datasets`.

    Args:
        data: a data source of `data.sources`.
        task: `Task`.
        language: str.
        split: str. `train`, `dev` or `test`.
        pack: function (list of Examples, tokenizer, max_length) -> dict of
            columns, among them `example` (the position in the list), `length`
            (tokens) and `num_cut` (tokens left out).
        pack_key: str. Changes whenever `pack` would give something else.
        tokenizer: `Tokenizer`.
        max_length: int. Tokens.
        count: int or None. Take that many rows, drawn with a fixed seed.

    Returns:
        `SplitFeatures`.

    Raises:
        InputError: If a column is missing or a row is wrong, with its number.
    """
    where = f"{task.name} ({language}, {split}, {data.name})"
    rows = data.load(task, language, split)
    numbers = np.arange(len(rows))
    if count is not None and count < len(rows):
        random = np.random.default_rng(SUBSET_SEED)
        numbers = np.sort(random.permutation(len(rows))[:count])
        rows = rows.select(numbers)
    if not len(rows):
        raise InputError(f"{where} has no rows. Check the data.")
    names = _label_names(rows.features)

    def read(row, index):
        return _read_row(task, row, names, f"{where}, row {numbers[index]}")

    def pack_rows(columns, indices):
        batch = [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]
        pairs = [
            (index, read(row, index))
            for index, row in zip(indices, batch, strict=True)
        ]
        kept = [(index, item) for index, item in pairs if item is not None]
        try:
            packed = pack([item for _, item in kept], tokenizer, max_length)
        except InputError:
            for index, item in kept:
                check_packs(item, f"{where}, row {numbers[index]}")
            raise
        packed["example"] = [kept[i][0] for i in packed["example"]]
        return packed

    def check_packs(item, where):
        try:
            pack([item], tokenizer, max_length)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error

    key = {
        "features": FEATURES_VERSION,
        "pack": pack_key,
        "task": [task.name, task.version, task.labels],
        "data": data.fingerprint(task, language, split),
        "tokenizer": tokenizer.fingerprint,
        "max_length": max_length,
        "rows": [len(rows), count],
        "split": [language, split],
    }
    features = _map_cached(rows, pack_rows, key)
    if not len(features):
        raise InputError(f"{where} leaves all its rows out. Check the data.")
    return SplitFeatures(
        where=where,
        language=language,
        rows=rows,
        features=features,
        read=lambda index: read(rows[index], index),
        max_length=max_length,
    )


def labels_in(data, task, language):
    """Collects the labels of the training rows, for tasks that list none.

    Args:
        data: a data source of `data.sources`.
        task: `Task`.
        language: str.

    Returns:
        Sorted tuple of str.

    Raises:
        InputError: If a row cannot be read.
    """
    where = f"{task.name} ({language}, train, {data.name})"
    rows = data.load(task, language, "train")
    names = _label_names(rows.features)
    return tuple(
        sorted(
            {
                label
                for index, row in enumerate(rows)
                for label in _labels(
                    _read_row(task, row, names, f"{where}, row {index}")
                )
            }
        )
    )


def _map_cached(rows, function, key):
    """Maps through `datasets`, under a cache key of our own.

    The key names everything that the result depends on; hashing the function
    itself would miss the cache for every change of a comment.
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
            batch_size=MAP_BATCH_SIZE,
            with_indices=True,
            remove_columns=rows.column_names,
            cache_file_name=os.fspath(folder / f"{token}.arrow"),
            new_fingerprint=token,
            load_from_cache_file=True,
        )


def _label_names(features):
    """Finds the columns of class labels: column name -> label names."""
    import datasets

    names = {}
    for column, feature in features.items():
        inner = getattr(feature, "feature", feature)
        if isinstance(inner, datasets.ClassLabel):
            names[column] = inner.names
    return names


def _read_row(task, row, names, where):
    """Turns one row into a checked Example, or None if it is left out."""
    row = dict(row)
    for column, labels in names.items():
        row[column] = _by_name(row[column], labels, where)
    try:
        item = task.to_example(row)
    except KeyError as error:
        raise InputError(
            f"{where} has no column {error.args[0]!r}. Columns there: "
            f"{', '.join(sorted(row))}. Give the Hub's columns for "
            f"{task.repositories[0].id!r}."
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where} cannot be read: {error}") from error
    if item is not None:
        _check_example(task, item, where)
    return item


def _by_name(value, names, where):
    """Class label numbers to names; -1 means that the label is hidden."""
    if isinstance(value, list):
        return [_by_name(number, names, where) for number in value]
    if value is None or value == -1:
        return None
    if not 0 <= value < len(names):
        raise InputError(
            f"{where} has label {value!r}. Expected 0 to {len(names) - 1} "
            f"({', '.join(names)}), or -1 for a hidden label."
        )
    return names[value]


def _check_example(task, item, where):
    """Raises InputError for empty texts, wrong labels and wrong offsets."""
    for name, text in _texts(item):
        if not isinstance(text, str) or not text.strip():
            raise InputError(
                f"{where} has an empty {name}. Received: {text!r}. Remove the "
                "row or mend it."
            )
    for name in ("label", "tags", "answers"):
        if name == "answers" and task.has_unanswerable:
            continue
        if getattr(item, name, name) in (None, ()):
            raise InputError(
                f"{where} has no {name}, so it can be neither trained on nor "
                "scored. Remove the row or mend it."
            )
    if isinstance(item, examples_module.Question):
        _check_answers(item, where)
    for label in () if task.labels_from_data else _labels(item):
        if label not in task.labels:
            raise InputError(
                f"{where} has the label {label!r}. Expected one of: "
                f"{', '.join(task.labels)}."
            )
    if isinstance(item, examples_module.MultipleChoice):
        _check_choice(item, where)


def _texts(item):
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        if field.name in ("first", "prompt", "question", "context", "text"):
            yield field.name, value
        elif field.name in ("source", "target"):
            yield field.name, value
        elif field.name == "second" and value is not None:
            yield field.name, value
        elif field.name in ("choices", "words"):
            yield field.name, " ".join(map(str, value))
            if field.name == "choices":
                yield from (("choice", choice) for choice in value)
        elif field.name == "answers":
            yield from (("answer", text) for text, _ in value)


def _labels(item):
    if isinstance(item, examples_module.TextPair):
        return [] if item.label is None else [item.label]
    if isinstance(item, examples_module.TaggedWords):
        return item.tags or ()
    return ()


def _check_choice(item, where):
    if item.label is not None and not 0 <= item.label < len(item.choices):
        raise InputError(
            f"{where} names choice {item.label!r} as right. Expected 0 to "
            f"{len(item.choices) - 1}."
        )


def _check_answers(item, where):
    for text, start in item.answers:
        is_offset = isinstance(start, int) and start >= 0
        found = item.context[start : start + len(text)] if is_offset else ""
        if found != text:
            raise InputError(
                f"{where} has the answer {text!r} at character {start}, where "
                f"the context reads {found!r}. Mend the offset."
            )
