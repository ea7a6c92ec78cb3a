"""One training, or one evaluation, on several devices: of JAX alone.

Each device has all variables and its part of every batch's rows; or, with a
model that is divided, its part of most variables and all rows. XLA adds up what
they find. A program is one whatever the number of devices, so that results are
the same to rounding.

Keras keeps its distribution for a thread, and `clear_session` forgets it
without a word: variables would then lie on one device. What was asked for is
kept here, too, and `check_spread` compares.
"""

import contextlib
import functools

import keras
import numpy as np

from stilts_keras.backend.company import num_processes
from stilts_keras.errors import InputError

# Names of a mesh's axes.
BATCH, MODEL = "batch", "model"

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
    if num_devices % num_processes():
        raise InputError(
            f"--devices={num_devices} on {num_processes()} processes: those "
            "are the devices of all together, and each has as many."
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
def on_devices(num_devices, divided=None):
    """Has variables that are made meanwhile lie on several devices.

    Args:
        num_devices: int. 1 changes nothing.
        divided: mapping or None. From a regular expression of variables' whole
            paths to the axis that these are divided by: each device then has a
            part of them, and all rows. None: all of them, and a part of the
            rows.
    """
    global _distribution
    if num_devices == 1:
        yield
        return
    before = _distribution
    devices = _first_devices(num_devices)
    if divided is None:
        _distribution = keras.distribution.DataParallel(devices=devices)
    else:
        _distribution = _model_parallel(devices, divided)
    try:
        with _distribution.scope(), _assigned_in_parts():
            yield
    finally:
        _distribution = before


def _first_devices(num_devices):
    """Names devices, of each process as many."""
    import jax

    names = keras.distribution.list_devices()
    by_process = {}
    for name, device in zip(names, jax.devices(), strict=True):
        by_process.setdefault(device.process_index, []).append(name)
    share = num_devices // len(by_process)
    return [name for own in by_process.values() for name in own[:share]]


def _model_parallel(devices, divided):
    mesh = keras.distribution.DeviceMesh(
        (1, len(devices)), (BATCH, MODEL), devices
    )
    layouts = keras.distribution.LayoutMap(mesh)
    for pattern, axis in divided.items():
        layouts[pattern] = (None,) * axis + (MODEL,)
    return keras.distribution.ModelParallel(
        layout_map=layouts, batch_dim_name=BATCH
    )


@contextlib.contextmanager
def _assigned_in_parts():
    """Has arrays that variables are given go to each device in its part.

    Keras would send the whole of them to the first device, and from there to
    the others: whoever assigns, Keras's reading of weights too, would need
    room there for what is divided because there is none.
    """
    kind = keras.Variable
    before, assign = kind._convert_to_tensor, kind._direct_assign

    @functools.wraps(before)
    def convert(variable, value, dtype=None):
        layout = getattr(variable, "_layout", None)
        if (
            layout is None
            or not _is_on_host(value)
            # Keras says so in its own words.
            or tuple(value.shape) != tuple(variable.shape)
        ):
            return before(variable, value, dtype)
        return _sent(value, layout, dtype)

    @functools.wraps(assign)
    def direct_assign(variable, value):
        layout = getattr(variable, "_layout", None)
        if layout is not None:
            value = _laid(value, layout)
        assign(variable, value)

    kind._convert_to_tensor, kind._direct_assign = convert, direct_assign
    try:
        yield
    finally:
        kind._convert_to_tensor, kind._direct_assign = before, assign


def _is_on_host(value):
    """Whether this is an array of NumPy, or of a file of HDF5."""
    import jax

    is_array = hasattr(value, "shape") and hasattr(value, "dtype")
    return is_array and not isinstance(value, jax.Array | keras.Variable)


def _is_of_here(array):
    """Whether all of a value lies on devices of this process."""
    import jax

    is_value = not isinstance(array, jax.core.Tracer)
    return is_value and array.is_fully_addressable


def _sent(value, layout, dtype):
    """Sends each device its part of an array, and nothing else."""
    import jax

    dtype = jax.dtypes.canonicalize_dtype(dtype or value.dtype)
    return jax.make_array_from_callback(
        tuple(value.shape),
        layout.backend_layout,
        # A copy, for the array may lie in its memory from now on.
        lambda index: np.array(value[index]).astype(dtype, copy=False),
    )


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


def zeros_like_variables(variables):
    """Makes an array of zeros for each variable, which lies as that does.

    Args:
        variables: list of `keras.Variable`.

    Returns:
        List of arrays.
    """
    if _distribution is None:
        return [keras.ops.zeros(v.shape, v.dtype) for v in variables]
    import jax

    return [
        jax.numpy.zeros(
            variable.shape,
            variable.dtype,
            device=_distribution.get_variable_layout(variable).backend_layout,
        )
        for variable in variables
    ]


def value_for(variable, array):
    """Makes a new value for a variable, of a shape that may be another.

    Args:
        variable: `keras.Variable`.
        array: NumPy array.

    Returns:
        Tensor, which lies as the variable does.
    """
    if _distribution is None:
        return keras.ops.convert_to_tensor(array, dtype=variable.dtype)
    layout = _distribution.get_variable_layout(variable)
    return _sent(array, layout, variable.dtype)


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


def gathered(arrays):
    """Brings together what lies on devices of several processes.

    Args:
        arrays: nested arrays, the same ones in all processes.

    Returns:
        Nested arrays, whole; the same ones where this process is alone.
    """
    if num_processes() == 1:
        return arrays
    from jax.experimental import multihost_utils

    return multihost_utils.process_allgather(arrays, tiled=True)


def _laid(array, layout):
    if _is_on_host(array):
        return _sent(array, layout, None)
    if num_processes() > 1 and _is_of_here(array):
        # JAX would compare the values of all processes, one by one.
        return _sent(np.asarray(array), layout, None)
    return keras.distribution.distribute_tensor(array, layout)


def check_spread(variables):
    """Raises unless all variables lie as was asked for.

    Args:
        variables: iterable of `keras.Variable`.
    """
    if _distribution is None:
        return
    number = _distribution.device_mesh.devices.size
    for variable in variables:
        found = variable.value.sharding
        if len(found.device_set) != number:
            wrong = f"lies on {len(found.device_set)} of {number} devices"
        else:
            layout = _distribution.get_variable_layout(variable)
            if found.is_equivalent_to(layout.backend_layout, variable.ndim):
                continue
            wrong = f"is divided as {found.spec}, not as {layout.axes}"
        raise RuntimeError(
            f"{variable.path} {wrong}. This is a bug. Pass --devices=1 to go "
            "on."
        )
