"""What dropout is drawn from."""

import keras

from stilts_keras.backend.process import without_tensorflow


def set_seed(seed):
    """Seeds Keras, NumPy, Python and the backend.

    Args:
        seed: int.
    """
    with without_tensorflow():
        keras.utils.set_random_seed(seed)


def random_state():
    """Returns the state of dropout, where the model itself does not hold it.

    Keras keeps it in variables of the layers, but leaves it to torch's own
    generators on torch.

    Returns:
        List of uint8 arrays, for `set_random_state`.
    """
    if keras.backend.backend() != "torch":
        return []
    import torch

    states = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
    return [state.numpy() for state in states]


def set_random_state(states):
    """Goes back to what `random_state` returned, on the same devices."""
    if keras.backend.backend() != "torch":
        return
    import torch

    first, *others = [torch.from_numpy(state.copy()) for state in states]
    torch.set_rng_state(first)
    if len(others) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(others)
