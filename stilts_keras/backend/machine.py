"""What the backend computes on, by name."""

import keras

from stilts_keras.backend.compiling import has_accelerator


def device_name():
    """Returns the first device's kind as its maker calls it, or `cpu`."""
    if not has_accelerator():
        return "cpu"
    name = keras.backend.backend()
    if name == "jax":
        import jax

        return jax.devices()[0].device_kind
    if name == "torch":
        import torch

        return torch.cuda.get_device_name(0)
    import tensorflow as tf

    (device, *_) = tf.config.get_visible_devices("GPU")
    details = tf.config.experimental.get_device_details(device)
    return details.get("device_name", "GPU")
