"""Rows to examples to packed features, tokenised once and kept on disk."""

import dataclasses
import functools

import numpy as np

from stilts_keras.data import draws
from stilts_keras.data import features_cache
from stilts_keras.data import rows as row_reading
from stilts_keras.data.disturbing import DisturbingReader
from stilts_keras.data.note import DATA_NOTE
from stilts_keras.data.shuffling import ShufflingReader
from stilts_keras.errors import InputError

# Rows that are in memory at once; of recordings, a minute may be 4 MB.
MAP_BATCH_SIZE = 1000
AUDIO_BATCH_SIZE = 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitFeatures:
    """One task's packed features in one language, with their rows.

    Attributes:
        title: str. Task, language and split.
        where: str. The same, the file, which of its rows where they are
            chosen by number, and what disturbs them: a name of its own.
        language: str.
        rows: `datasets.Dataset` with the data set's own columns.
        features: `datasets.Dataset`; `example` (index into rows), `length`
            (tokens), `num_cut` (tokens left out), `has_empty` (whether a text
            of the row is empty) and the problem's columns.
        reader: `RowReader` of the rows.
        max_length: int.
        data_note: str. What is to be said of the data; see `data.note`.
    """

    title: str
    where: str
    language: str
    rows: object
    features: object
    reader: row_reading.RowReader
    max_length: int
    data_note: str = ""

    @property
    def is_hidden(self):
        """Whether what is to be predicted is not known."""
        return self.reader is not None and self.reader.is_hidden

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
        """All Examples by row index; None for rows that are left out.

        Recordings among them are not decoded.
        """
        if self.reader.reads == "text":
            return [self._read(index).item for index in range(len(self.rows))]
        kept = set(self.features["example"][:])
        return [
            self._read(index, lightly=True).item if index in kept else None
            for index in range(len(self.rows))
        ]

    @functools.cached_property
    def left_out(self):
        """Dict from a row's number to why it is not learnt from.

        Without rows that the data set's documentation leaves out.
        """
        if self.reader.is_evaluated:
            return {}
        kept = self.features["example"][:]
        # The features are cached, and tell which rows are not among them.
        readings = {
            index: self._read(index)
            for index in np.setdiff1d(np.arange(len(self.rows)), kept).tolist()
        }
        return {
            self.reader.number(index): reading.fault
            for index, reading in readings.items()
            if reading.fault
        }

    @functools.cached_property
    def empty(self):
        """Dict from an evaluated row's number to which text is empty."""
        features = np.flatnonzero(np.asarray(self.features["has_empty"][:]))
        kept = np.asarray(self.features["example"][:])[features]
        return {
            self.reader.number(index): self._read(index).empty
            for index in np.unique(kept).tolist()
        }

    def notes(self):
        """Lists what is to be said of the data, and of rows, if anything."""
        empty_text = row_reading.empty_text
        if self.reader.reads == "audio":
            empty_text = row_reading.silent_text
        notes = [f"{DATA_NOTE}{self.data_note}"] if self.data_note else []
        notes += [
            text(self.title, faults, len(self.rows))
            for text, faults in (
                (row_reading.left_out_text, self.left_out),
                (empty_text, self.empty),
            )
            if faults
        ]
        if isinstance(self.reader, DisturbingReader):
            notes += self.reader.notes(self.title, "examples" in vars(self))
        return notes

    def release(self):
        """Forgets the Examples, which are read again when they are needed.

        Of disturbed rows there may be many times as many as of clean ones.
        """
        vars(self).pop("examples", None)

    def _read(self, index, lightly=False):
        return self.reader.read(index, self.rows[index], lightly)


def load_features(
    data,
    task,
    language,
    split,
    *,
    pack,
    pack_key,
    tokenizer,
    max_length,
    count,
    is_evaluated=False,
    is_hidden=None,
    bad_rows="skip",
    numbers=None,
    setting=None,
    shuffle_seed=None,
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
        count: int or None. Take that many rows, drawn as `data.draws` says:
            what is left out of them is not replaced.
        is_evaluated: bool. Whether the rows are scored, not learnt from; see
            `data.rows`.
        is_hidden: bool or None. Whether gold is not read; None: of rows to be
            evaluated, if no row has any.
        bad_rows: str. One of `rows.BAD_ROWS`: whether rows that are learnt
            from may be left out.
        numbers: int array or None. The rows to take, by their numbers in the
            data set, ascending; `count` must be None then.
        setting: `disturbances.Setting` or None. What disturbs each Example.
        shuffle_seed: int or None. Permutes the labels among the rows; of a
            task that is shuffled.

    Returns:
        `SplitFeatures`.

    Raises:
        InputError: If a column is missing, a row is wrong, with its number,
            or too many are left out.
    """
    rows, reader = _opened(
        data, task, language, split, count, is_evaluated, is_hidden, numbers
    )
    if setting is not None:
        place = {"task": task.name, "language": language, "split": split}
        reader = DisturbingReader(reader, setting, **place)
    if task.is_shuffled:
        reader = ShufflingReader(reader, rows, shuffle_seed, task, language)
    where = _where(data, task, language, split, numbers) + reader.says
    key = features_cache.key_of(
        data, task, language, split, count, numbers, setting, shuffle_seed
    ) | {
        "pack": pack_key,
        "tokenizer": tokenizer.fingerprint,
        "max_length": max_length,
        "rows": [len(rows), count],
        "split": [language, split, is_evaluated, reader.is_hidden],
    }
    packing = _Packing(
        rows,
        reader,
        lambda items: pack(items, tokenizer, max_length),
        {"where": where, "bad_rows": bad_rows},
    )
    features = features_cache.map_cached(
        rows, packing.columns_of, key, _batch_size(task)
    )
    if not len(features):
        raise InputError(f"{where} leaves all its rows out. Check the data.")
    found = SplitFeatures(
        title=f"{task.name} ({language}, {split})",
        where=where,
        language=language,
        rows=rows,
        features=features,
        reader=reader,
        max_length=max_length,
        data_note=_data_note(data, task, language, split),
    )
    # Features from the cache may be those of a run that skipped rows.
    packing.refuse_bad_rows(found.left_out)
    return found


def _batch_size(task):
    """Returns how many rows are packed at a time: sound takes much memory."""
    return MAP_BATCH_SIZE if task.reads == "text" else AUDIO_BATCH_SIZE


def _data_note(data, task, language, split):
    """Returns the note of the rows' data, with the task it is of."""
    note = data.note(task, language, split)
    return f"{task.name}: {note}" if note else ""


def _opened(
    data, task, language, split, count, is_evaluated, is_hidden, numbers
):
    """Returns a split's rows, or some of them, and their reader."""
    rows = data.load(task, language, split)
    where = _where(data, task, language, split)
    if numbers is None:
        numbers = draws.draw(data, task, language, split, rows, count)
    if len(numbers) < len(rows):
        rows = rows.select(numbers)
    if not len(rows):
        raise InputError(f"{where} has no rows. Check the data.")
    if is_hidden is None:
        is_hidden = is_evaluated and row_reading.is_gold_hidden(task, rows)
    return rows, row_reading.RowReader(
        task,
        rows.features,
        where=where,
        is_evaluated=is_evaluated,
        numbers=numbers,
        is_hidden=is_hidden,
    )


class _Packing:
    """Rows on their way to features: read, refused or left out, packed."""

    def __init__(self, rows, reader, pack, may_be_left_out):
        self._rows = rows
        self._reader = reader
        self._pack = pack
        self._may_be_left_out = may_be_left_out
        self._faults = {}

    def refuse_bad_rows(self, faults, **progress):
        """Raises where more rows are wrong than may be left out."""
        row_reading.refuse_bad_rows(
            faults, len(self._rows), **progress, **self._may_be_left_out
        )

    def columns_of(self, columns, indices):
        """Packs a batch of rows, given by columns; see `Dataset.map`."""
        batch = [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]
        pairs = [
            (index, self._reader.read(index, row))
            for index, row in zip(indices, batch, strict=True)
        ]
        for index, reading in pairs:
            if reading.fault:
                self._faults[self._reader.number(index)] = reading.fault
        self.refuse_bad_rows(self._faults, num_read=indices[-1] + 1)
        kept = [pair for pair in pairs if pair[1].item is not None]
        try:
            packed = self._pack([reading.item for _, reading in kept])
        except InputError:
            for index, reading in kept:
                self._check_packs(index, reading.item)
            raise
        places = packed["example"]
        packed["has_empty"] = [kept[i][1].empty is not None for i in places]
        packed["example"] = [kept[i][0] for i in places]
        return packed

    def _check_packs(self, index, item):
        """Names the row that cannot be packed."""
        try:
            self._pack([item])
        except InputError as error:
            where = self._reader.place(index, self._rows[index])
            raise InputError(f"{where}: {error}") from error


def _where(data, task, language, split, numbers=None):
    origin = data.origin(task, language, split)
    where = f"{task.name} ({language}, {split}, {origin})"
    if numbers is None:
        return where
    digest = features_cache.digest_of_rows(numbers)
    return f"{where}, rows {digest[:8]} of these"


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
    rows = data.load(task, language, "train")
    reader = row_reading.RowReader(
        task,
        rows.features,
        where=_where(data, task, language, "train"),
        is_evaluated=False,
    )
    return tuple(
        sorted(
            {
                label
                for index, row in enumerate(rows)
                for label in row_reading.labels_of(
                    reader.read(index, row, lightly=True).item
                )
            }
        )
    )
