"""Divides models among two JAX devices: what test_model_parallel.py compares.

`python model_parallel_run.py FOLDER` writes FOLDER/jax.npz. The devices are
virtual ones, of this machine's processor.
"""

import json
import pathlib
import sys

import keras
import numpy as np

from backbones.made_families import made_model
from steps import devices_run
from steps.devices_run import graph_of
from steps.devices_run import run
from stilts_keras import backend
from stilts_keras.backbones import FAMILIES
from stilts_keras.errors import InputError
from stilts_keras.steps import multitask
from stilts_keras.steps import train
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.tasks.task import Recipe

DIVIDED = {"model_parallel": True}
# Name -> (what the graph is, how it is run).
CASES = {
    "plain": ({}, {}),
    # Frozen weights, and no compact vocabulary.
    "slices": ({"lora_rank": 2}, {"micro_batch_size": 5}),
}
STOP_AT = 3
NUM_STEPS = 3
RECIPE = Recipe(epochs=1, batch_size=3, max_length=6, learning_rate=1e-2)


def main(folder):
    backend.prepare()
    places, notes = {}, []
    look_on(places, notes)
    found = {"families": families(), "asked": asked()}
    for name, (recipe, how) in CASES.items():
        for number in (1, 2):
            places.clear()
            divided = DIVIDED if number == 2 else {}
            found[f"{name}/{number}"] = run(
                graph_of(**recipe),
                folder / f"{name}{number}",
                number,
                **how,
                **divided,
            )
            found[f"{name}/{number}/places"] = dict(places)
    found["notes"] = list(notes)
    for first, then in ((2, 1), (1, 2)):
        place = folder / f"{first}{then}"
        ways = {1: {}, 2: DIVIDED}
        run(graph_of(), place, first, stop_at=STOP_AT, **ways[first])
        places.clear()
        found[f"{first}{then}"] = run(graph_of(), place, then, **ways[then])
        found[f"{first}{then}/places"] = dict(places)
    found["refused"] = refused(folder)
    np.savez(folder / "jax.npz", found=json.dumps(found))


def look_on(places, notes):
    """Has what trains, and what predicts, tell where variables lie.

    Args:
        places: dict. From path to a list of [shape, shape on a device].
        notes: list of what the user was told.
    """
    run_step, predict = train.Update.__call__, multitask.MultiTask
    predict_on_batch = predict.predict_on_batch

    def note(path, variable):
        shape = list(variable.shape)
        part = [*variable.value.sharding.shard_shape(variable.value.shape)]
        known = places.setdefault(path, [])
        if [shape, part] not in known:
            known.append([shape, part])

    def step(self, *batch):
        result = run_step(self, *batch)
        optimizer = self._model.optimizer
        for variable in self._model.variables:
            note(variable.path, variable)
        for variable in self._model.trainable_variables:
            for moment in optimizer.moments(variable):
                note(f"moment of {variable.path}", moment)
        return result

    def predicted(self, x):
        for variable in self.variables:
            note(f"predicting {variable.path}", variable)
        return predict_on_batch(self, x)

    train.Update.__call__ = step
    predict.predict_on_batch = predicted
    devices_run.Display.note = lambda self, text: notes.append(text)


def families():
    """Trains each family on one device, and divided among two."""
    found = {}
    for name, family in FAMILIES.items():
        if not family.divisions:
            continue
        divided = {path: how.axis for path, how in family.divisions.items()}
        losses, parts = [], {}
        for number in (1, 2):
            keras.utils.clear_session()
            with backend.on_devices(number, divided):
                model, losses_of_one, num_bytes = trained(family)
                losses.append(losses_of_one)
                for each in family.network(model).trainable_variables:
                    shard = each.value.sharding.shard_shape(each.shape)
                    parts[each.path] = [list(each.shape), list(shard)]
        found[name] = {"losses": losses, "parts": parts, "bytes": num_bytes}
    return found


def trained(family):
    """Takes steps with a softmax that is tied to the token embedding.

    Returns:
        Tuple: the model, the losses, and the bytes that a device has of
        weights, moments and gradients as they are applied.
    """
    model = made_model(family)
    network = family.network(model)
    variables = network.trainable_variables
    random = np.random.default_rng(0)
    for variable in variables:
        values = random.standard_normal(variable.shape).astype("float32")
        variable.assign(0.3 * values)
    optimizer = make_optimizer(RECIPE, NUM_STEPS, variables)

    def forward(x, y):
        logits = family.to_vocabulary(model, network(x))
        losses = keras.losses.sparse_categorical_crossentropy(
            y, logits, from_logits=True
        )
        return keras.ops.sum(losses), keras.ops.cast(y.size, "float32")

    steps = backend.make_steps(
        forward,
        lambda weight: weight,
        optimizer,
        variables,
        network.non_trainable_variables,
    )
    ids = random.integers(0, 20, (3, 6)).astype("int32")
    mask = np.ones((3, 6), "int32")
    x = {
        name: 0 * ids if "segment" in name else ids if "ids" in name else mask
        for name in network.input
    }
    losses = [float(steps.step(x, ids)) for _ in range(NUM_STEPS)]
    values = [variable.value for variable in variables]
    moments = [variable.value for variable in optimizer.variables]
    update = steps._compiled_update.lower(values, moments, values).compile()
    return model, losses, update.memory_analysis().argument_size_in_bytes


class Asked:
    """An array in a file, which tells what of it was read."""

    shape, dtype = (6, 4), np.dtype("float32")

    def __init__(self):
        self.parts = []

    def __getitem__(self, index):
        array = np.arange(24, dtype="float32").reshape(self.shape)[index]
        self.parts.append(array.tolist())
        return array


def asked():
    """What of an array goes to a device, when a variable is given it."""
    array = Asked()
    with backend.on_devices(2, {".*table": 1}):
        variable = keras.Variable(np.zeros((6, 4), "float32"), name="table")
        variable.assign(array)
        value = keras.ops.convert_to_numpy(variable)
        parts = [np.array(s.data) for s in variable.value.addressable_shards]
        backend.fill(variable, value + 1)
        backend.replace_value(variable, value[:2])
        others = variable.value.sharding.shard_shape(variable.shape)
    return {
        "asked": array.parts,
        "parts": [part.tolist() for part in parts],
        "value": value.tolist(),
        "replaced": list(others),
    }


def refused(folder):
    """Returns what is said of a model that cannot be divided."""
    found = {}
    graph = graph_of(sizes={"num_heads": 3, "hidden_dim": 12})
    try:
        run(graph, folder / "unequal", 2, **DIVIDED)
    except InputError as error:
        found["unequal"] = str(error)
    found["losses"] = len(devices_run.SEEN.losses)
    return found


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
