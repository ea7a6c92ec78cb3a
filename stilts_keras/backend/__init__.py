"""All that differs between TensorFlow, JAX and torch, in one place."""

import stilts_keras.backend.first_import  # noqa: F401 - before any of these
from stilts_keras.backend.arrays import fill
from stilts_keras.backend.arrays import on_device
from stilts_keras.backend.arrays import replace_value
from stilts_keras.backend.attention import quicken_attention
from stilts_keras.backend.company import agree
from stilts_keras.backend.company import first_process_first
from stilts_keras.backend.company import is_first_process
from stilts_keras.backend.company import joined
from stilts_keras.backend.company import num_processes
from stilts_keras.backend.company import stop_signal
from stilts_keras.backend.company import wait_for_all
from stilts_keras.backend.compiling import has_accelerator
from stilts_keras.backend.compiling import jit_compile
from stilts_keras.backend.compiling import length_multiple
from stilts_keras.backend.compiling import most_lengths
from stilts_keras.backend.compiling import steady_function
from stilts_keras.backend.devices import check_devices
from stilts_keras.backend.devices import check_rows
from stilts_keras.backend.devices import check_spread
from stilts_keras.backend.devices import gathered
from stilts_keras.backend.devices import on_devices
from stilts_keras.backend.devices import rows_multiple
from stilts_keras.backend.devices import spread
from stilts_keras.backend.dropout import quicken_dropout
from stilts_keras.backend.gradients import apply_adam
from stilts_keras.backend.gradients import dense_gradient
from stilts_keras.backend.hosts import read_hosts
from stilts_keras.backend.machine import device_name
from stilts_keras.backend.process import prepare
from stilts_keras.backend.process import without_tensorflow
from stilts_keras.backend.randomness import random_state
from stilts_keras.backend.randomness import set_random_state
from stilts_keras.backend.randomness import set_seed
from stilts_keras.backend.steps import make_steps

__all__ = [
    "agree",
    "apply_adam",
    "check_devices",
    "check_rows",
    "check_spread",
    "dense_gradient",
    "device_name",
    "fill",
    "first_process_first",
    "gathered",
    "has_accelerator",
    "is_first_process",
    "jit_compile",
    "joined",
    "length_multiple",
    "make_steps",
    "most_lengths",
    "num_processes",
    "on_device",
    "on_devices",
    "prepare",
    "quicken_attention",
    "quicken_dropout",
    "random_state",
    "read_hosts",
    "replace_value",
    "rows_multiple",
    "set_random_state",
    "set_seed",
    "spread",
    "steady_function",
    "stop_signal",
    "wait_for_all",
    "without_tensorflow",
]
