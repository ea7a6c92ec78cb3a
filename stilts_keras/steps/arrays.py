"""Arrays of a Model in a file, as `numpy.load` reads them."""

import zipfile

import keras
import numpy as np

# In a file of weights: which rows of the token embedding it has, if not all.
ROWS = "rows"


def write_arrays(file, values, named=None):
    """Writes arrays one after the other, as `numpy.load` reads them.

    `numpy.savez` would want all of them in memory at once.
    """
    entries = {**dict(enumerate(values)), **(named or {})}
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in entries.items():
            # Without the time of day.
            entry = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(entry, "w", force_zip64=True) as entry:
                np.lib.format.write_array(
                    entry,
                    np.asanyarray(keras.ops.convert_to_numpy(value)),
                    allow_pickle=False,
                )


def read_arrays(file, variables, fitted):
    """Assigns a file's first arrays, fitted to them; returns the rest."""
    with np.load(file, allow_pickle=False) as archive:
        for number, variable in enumerate(variables):
            variable.assign(fitted(variable, archive[str(number)]))
        rest = set(archive.files) - {ROWS, *map(str, range(len(variables)))}
        return [archive[name] for name in sorted(rest, key=int)]


def write_weights(file, model):
    """Writes all weights of a Model: equal ones give equal files."""
    write_arrays(file, model.weights)


def read_weights(file, model):
    """Reads what `write_weights` wrote into a Model of the same form."""
    read_arrays(file, model.weights, lambda variable, array: array)
