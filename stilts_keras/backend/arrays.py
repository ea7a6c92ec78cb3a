"""Arrays on their way into variables, and to the device."""

import keras

from stilts_keras.backend.compiling import has_accelerator


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
    value = keras.ops.convert_to_tensor(array, dtype=variable.dtype)
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
