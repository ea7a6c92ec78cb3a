"""One training, or one evaluation, on several devices: of JAX alone.

Each device has all variables and its part of every batch's rows; XLA adds up
what they find. A program is one whatever the number of devices, so that
results are the same to rounding.

Keras keeps its distribution for a thread, and `clear_session` forgets it
without a word: variables would then lie on one device. What was asked for is
kept here, too, and `check_spread` compares.
"""

import contextlib

import keras

from stilts_keras.errors import InputError

_distribution = None


def check_devices(num_devices, *, is_here=True):
    """Refuses devices that cannot be used.

    Args:
        num_devices: int.
        is_here: bool. Whether this process is to use them: only then it is
            looked whether they are there, for looking takes their memory.

    Raises:
        InputError: If the backend cannot use several, or has fewer.
    """
    name = keras.backend.backend()
    if num_devices == 1:
        return
    if name != "jax":
        raise InputError(
            f"Keras trains one stage on several devices on jax only. Received: "
            f"--devices={num_devices} on {name}. Pass --keras_backend=jax, or "
            "train a stage on each GPU: --launcher=ray --gpus_per_stage=1."
        )
    found = keras.distribution.list_devices() if is_here else []
    if is_here and len(found) < num_devices:
        raise InputError(
            f"--devices={num_devices}, but JAX has {len(found)} here: "
            f"{', '.join(found)}. Pass at most --devices={len(found)}."
        )


def check_rows(name, batch_size, num_devices, micro_batch_size=None):
    """Refuses batches that do not give each device as many rows.

    Args:
        name: str. The stage, for the message.
        batch_size: int.
        num_devices: int.
        micro_batch_size: int or None.

    Raises:
        InputError: If it is so.
    """
    if batch_size % num_devices:
        below = batch_size - batch_size % num_devices
        raise InputError(
            f"Stage {name!r}: batches of {batch_size} rows give "
            f"--devices={num_devices} unequal parts. Expected a multiple of "
            f"{num_devices}, such as --batch_size={below or num_devices}."
        )
    if micro_batch_size is not None and micro_batch_size < num_devices:
        raise InputError(
            f"--micro_batch_size={micro_batch_size} gives not each of "
            f"--devices={num_devices} a row. Expected at least {num_devices}."
        )


@contextlib.contextmanager
def on_devices(num_devices):
    """Has variables that are made meanwhile lie on several devices.

    Args:
        num_devices: int. 1 changes nothing.
    """
    global _distribution
    if num_devices == 1:
        yield
        return
    before = _distribution
    _distribution = keras.distribution.DataParallel(
        devices=keras.distribution.list_devices()[:num_devices]
    )
    try:
        with _distribution.scope():
            yield
    finally:
        _distribution = before


def rows_multiple():
    """What numbers of rows must be multiples of: each device has as many."""
    return 1 if _distribution is None else _distribution.num_model_replicas


def spread(arrays):
    """Sends each device its rows.

    Args:
        arrays: nested arrays whose first axis is the batch's.

    Returns:
        Nested arrays; the same ones where there is one device.
    """
    if _distribution is None:
        return arrays
    return keras.tree.map_structure(
        lambda array: _laid(array, _distribution.get_data_layout(array.shape)),
        arrays,
    )


def like_variables(arrays, variables):
    """Lays arrays as variables lie, in compiled functions, too.

    Args:
        arrays: list of arrays.
        variables: list of `keras.Variable` of their shapes.

    Returns:
        List of arrays; the same ones where there is one device.
    """
    if _distribution is None:
        return arrays
    return [
        _laid(array, _distribution.get_variable_layout(variable))
        for array, variable in zip(arrays, variables, strict=True)
    ]


def _laid(array, layout):
    return keras.distribution.distribute_tensor(array, layout)


def check_spread(variables):
    """Raises unless all variables lie on all devices that were asked for.

    Args:
        variables: iterable of `keras.Variable`.
    """
    if _distribution is None:
        return
    number = _distribution.device_mesh.devices.size
    for variable in variables:
        found = len(variable.value.sharding.device_set)
        if found != number:
            raise RuntimeError(
                f"{variable.path} lies on {found} of {number} devices. This "
                "is a bug. Pass --devices=1 to go on."
            )
