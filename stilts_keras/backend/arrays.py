"""Arrays on their way into variables, and to the device."""

import keras

from stilts_keras.backend.compiling import has_accelerator
from stilts_keras.backend.devices import value_for

# Arrays above this size go into variables a part at a time.
PART_BYTES = 2**25


def fill(variable, array):
    """Gives a variable an array's values.

    Keras does so by `assign`, which on TensorFlow and torch makes one or two
    copies on the way: of a token embedding these are gigabytes.

    Args:
        variable: `keras.Variable`.
        array: NumPy array of its shape.
    """
    if keras.backend.backend() == "jax" or array.nbytes <= PART_BYTES:
        variable.assign(array)
        return
    if tuple(variable.shape) != array.shape:
        raise ValueError(
            f"Variable {variable.path!r} has the shape "
            f"{tuple(variable.shape)}. Received: {array.shape}."
        )
    num_rows = max(1, len(array) * PART_BYTES // array.nbytes)
    for start in range(0, len(array), num_rows):
        rows = slice(start, start + num_rows)
        part = keras.ops.convert_to_tensor(array[rows], dtype=variable.dtype)
        _fill_rows(variable.value, rows, part)


def _fill_rows(value, rows, part):
    if keras.backend.backend() == "tensorflow":
        value[rows].assign(part)
        return
    import torch

    with torch.no_grad():
        value[rows].copy_(part)


def replace_value(variable, array):
    """Gives a variable a value of another shape; it stays the same object.

    So whatever lists, saves or trains variables sees the new value. What was
    made on the old one, such as optimizers and compiled functions, must be
    made anew. Keras has no public way: this function has all that it takes,
    and `test_a_variable_takes_a_value_of_another_shape` says if Keras changes.

    Args:
        variable: `keras.Variable`.
        array: NumPy array. The variable may lie in its memory from now on, so
            that nobody else may change it.
    """
    value = value_for(variable, array)
    if keras.backend.backend() == "torch":
        # The parameter itself stays: layers list it once more, for torch.
        variable.value.data = value
        variable.value.grad = None
    else:
        variable._initialize(value)
    variable._shape = tuple(array.shape)


def on_device(arrays):
    """Sends arrays to the device ahead of the step that takes them.

    TensorFlow and JAX do so by themselves, with the call; torch would wait
    for each array. On a CPU nothing is done.

    Args:
        arrays: dict of NumPy arrays.

    Returns:
        Dict of arrays, or of tensors on the device.
    """
    if keras.backend.backend() != "torch" or not has_accelerator():
        return arrays
    import torch

    return {
        name: torch.from_numpy(array).pin_memory().to("cuda", non_blocking=True)
        for name, array in arrays.items()
    }
