"""All that differs between TensorFlow, JAX and torch, in one place."""

from stilts_keras.backend.attention import quicken_attention
from stilts_keras.backend.compiling import jit_compile
from stilts_keras.backend.compiling import steady_function
from stilts_keras.backend.dropout import quicken_dropout
from stilts_keras.backend.gradients import apply_adam
from stilts_keras.backend.gradients import dense_gradient
from stilts_keras.backend.process import prepare
from stilts_keras.backend.randomness import random_state
from stilts_keras.backend.randomness import set_random_state
from stilts_keras.backend.steps import make_steps

__all__ = [
    "apply_adam",
    "dense_gradient",
    "jit_compile",
    "make_steps",
    "prepare",
    "quicken_attention",
    "quicken_dropout",
    "random_state",
    "set_random_state",
    "steady_function",
]
