"""All that differs between TensorFlow, JAX and torch, in one place."""

from stilts_keras.backend.compiling import has_accelerator
from stilts_keras.backend.compiling import jit_compile
from stilts_keras.backend.compiling import length_multiple
from stilts_keras.backend.compiling import most_lengths
from stilts_keras.backend.compiling import steady_function
from stilts_keras.backend.gradients import adam_update_step
from stilts_keras.backend.gradients import dense_gradient
from stilts_keras.backend.process import prepare
from stilts_keras.backend.randomness import random_state
from stilts_keras.backend.randomness import set_random_state
from stilts_keras.backend.steps import make_steps

__all__ = [
    "adam_update_step",
    "dense_gradient",
    "has_accelerator",
    "jit_compile",
    "length_multiple",
    "make_steps",
    "most_lengths",
    "prepare",
    "random_state",
    "set_random_state",
    "steady_function",
]
