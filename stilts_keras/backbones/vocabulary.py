"""Trains on the rows of a token embedding that the data have tokens for.

A batch reads a few hundred rows of a table of 250,000, but gradient, both of
Adam's moments and weight decay go over all of it, which in small models is
most of a step and of the memory. Rows that no batch reads have no gradient:
all that happens to them is weight decay, which needs no steps to be known.
"""

import tempfile

import numpy as np
from keras import ops

from stilts_keras.backend import replace_value

# A table with so large a share of its rows would gain little.
MOST_ROWS_SHARE = 0.8
# Sizes per doubling, so that stages of similar data meet compiled steps.
NUM_SIZES = 8
# Rows or features that are worked on at a time, for little memory.
NUM_AT_A_TIME = 8192


class CompactVocabulary:
    """Some rows of a token embedding, in place of all; the table waits.

    Rows that are there end as in training on the whole table, to rounding:
    what their gradients are and how they are clipped does not change. The
    others are multiplied by the decay of all steps at once. Without decay they
    keep every bit; with it they are nearer to the real numbers than a float32
    table that is rounded in every step.

    While it trains, the whole table lies in a file without a name, which
    vanishes with the process. Evaluation on other data takes the whole table
    back: reading it by ids costs what the ids cost, however large it is.

    Attributes:
        variable: `keras.Variable` (k, h), (v, h) before and after.
        rows: int32 array (k,), sorted. The ids whose rows it has.
    """

    def __init__(self, variable, rows, folder=None):
        """Replaces the variable's value by some of its rows.

        Args:
            variable: `keras.Variable` (v, h).
            rows: int array (k,), sorted.
            folder: path or None. On whose disk the whole waits; None for
                the system's temporary folder.

        Raises:
            OSError: If there is no room.
        """
        self.variable = variable
        self.rows = np.asarray(rows, dtype="int32")
        table = np.ascontiguousarray(ops.convert_to_numpy(variable))
        self._shape, self._dtype = table.shape, table.dtype
        self._file = tempfile.TemporaryFile(dir=folder)
        self._file.write(table.data.cast("B"))
        self._row_of_id = np.full(len(table), -1, dtype="int32")
        self._row_of_id[self.rows] = np.arange(len(self.rows), dtype="int32")
        replace_value(variable, table[self.rows])

    def rows_of(self, ids):
        """Turns ids into row numbers of the compact table.

        Args:
            ids: int array of any shape.

        Returns:
            int32 array of that shape.

        Raises:
            ValueError: If an id has no row there.
        """
        rows = self._row_of_id[ids]
        if rows.size and rows.min() < 0:
            lost = np.unique(ids[rows < 0])
            raise ValueError(
                f"{len(lost)} of the batch's token ids are not among the "
                f"{len(self.rows)} that the stage's data were found to hold: "
                f"{lost[:5].tolist()}. This is a bug. Pass "
                "--nocompact_vocabulary to go on."
            )
        return rows

    def expand(self, decay):
        """Gives the variable the whole table back, with what was trained.

        Args:
            decay: float. What all steps' weight decay has multiplied the rows
                by that took no part; 1 where they are not decayed.
        """
        table = self.decayed(decay)
        self._file.close()
        table[self.rows] = ops.convert_to_numpy(self.variable)
        replace_value(self.variable, table)

    def decayed(self, decay):
        """Reads the whole table as steps of decay alone leave it.

        Args:
            decay: float.

        Returns:
            array (v, h).
        """
        self._file.seek(0)
        table = np.fromfile(self._file, self._dtype).reshape(self._shape)
        multiply(table, decay)
        return table


def multiply(table, factor):
    """Multiplies a table in place, each value rounded once.

    Args:
        table: array (rows, h).
        factor: float. 1 leaves every bit.
    """
    if factor == 1.0:
        return
    for start in range(0, len(table), NUM_AT_A_TIME):
        part = table[start : start + NUM_AT_A_TIME]
        part[:] = (part.astype("float64") * factor).astype(table.dtype)


def compact_rows(all_features, layout, num_rows):
    """Chooses the rows that packed features need, special tokens included.

    Args:
        all_features: iterable of `datasets.Dataset` with a column
            `layout.ids_input` of lists of ids, or of lists of such lists.
        layout: `Layout`.
        num_rows: int. Those of the whole table.

    Returns:
        Sorted int32 array (k,); k is one of eight sizes per doubling, and the
        lowest ids that are not needed fill it up. None where it would be most
        of the table.
    """
    is_needed = np.zeros(num_rows, dtype=bool)
    special = [*layout.before, *layout.between, *layout.after]
    special += [layout.pad_id, layout.unknown_id]
    if layout.mask_id is not None:
        special.append(layout.mask_id)
    is_needed[special] = True
    for features in all_features:
        for ids in _ids(features, layout.ids_input):
            is_needed[ids] = True
    size = _rounded_up(int(np.count_nonzero(is_needed)))
    if size > MOST_ROWS_SHARE * num_rows:
        return None
    num_more = size - np.count_nonzero(is_needed)
    is_needed[np.flatnonzero(~is_needed)[:num_more]] = True
    return np.flatnonzero(is_needed).astype("int32")


def _ids(features, column):
    """Yields arrays of all ids; no list of Python's is made of them."""
    batches = features.select_columns([column]).with_format("arrow")
    for table in batches.iter(batch_size=NUM_AT_A_TIME):
        for values in table.column(column).chunks:
            # Lists, or lists of lists, down to numbers.
            while hasattr(values, "offsets"):
                values = values.flatten()
            yield values.to_numpy(zero_copy_only=False)


def _rounded_up(number):
    """Rounds up to one of 8, 9 ... 15 times a power of two."""
    step = 2 ** max(0, (number - 1).bit_length() - NUM_SIZES.bit_length())
    return -(-number // step) * step
