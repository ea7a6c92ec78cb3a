"""A stage on one and on two virtual devices of JAX: for backend_run.py."""

import shutil

import keras
import numpy as np

from steps.vocabulary_run import stage
from stilts_keras import backend
from stilts_keras.errors import InputError

# The last step is the best, so that what is resumed counts.
HOW = {
    "is_compact": True,
    "dropout": 0.1,
    "scores": {4: 1.0, 8: 2.0, 12: 3.0},
    "batch_size": 8,
    "micro_batch_size": 4,
}


def on_one_and_two(folder):
    """Returns what test_three_backends.py compares."""
    found = {}
    for name, number in (("two", 2), ("one", 1), ("resumed", 1)):
        if name == "resumed":
            shutil.copytree(folder / "two_middle", folder / name)
        # Dropout is drawn from it.
        backend.set_seed(1)
        with backend.on_devices(number):
            for part, value in enumerate(stage(folder / name, **HOW)):
                found[f"devices/{name}/{part}"] = value
    return found | forgotten(folder) | rows() | refused()


def forgotten(folder):
    """What is said where Keras has forgotten the devices."""
    with backend.on_devices(2):
        keras.utils.clear_session()
        try:
            stage(folder / "forgotten", **HOW)
        except RuntimeError as error:
            return {"devices/forgotten": str(error)}
    return {}


def rows():
    """The rows that each of two devices has."""
    x = {"ids": np.arange(24).reshape(8, 3)}
    with backend.on_devices(2):
        (array,) = backend.spread(x).values()
    own = [shard.data for shard in array.addressable_shards]
    return {"devices/rows": np.stack(own)}


def refused():
    try:
        backend.check_devices(3)
    except InputError as error:
        return {"devices/absent": str(error)}
    return {}
