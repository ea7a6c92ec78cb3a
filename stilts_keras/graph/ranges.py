"""What each field of a Recipe may be."""

import dataclasses
import math

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.tasks.task import DTYPE_POLICIES
from stilts_keras.tasks.task import Recipe

# Recipe field: lowest value, whether it is itself allowed, highest value.
RANGES = {
    "epochs": (0, False, math.inf),
    "learning_rate": (0, False, math.inf),
    "batch_size": (1, True, math.inf),
    "max_length": (8, True, math.inf),
    "warmup_ratio": (0, True, 1),
    "weight_decay": (0, True, math.inf),
    "eval_every_steps": (0, True, math.inf),
    "dev_limit": (1, True, math.inf),
    "num_steps": (1, True, math.inf),
    "early_stopping": (1, True, math.inf),
    "lora_rank": (1, True, math.inf),
}


def check_recipe_field(name, value):
    """Checks one field of a Recipe.

    Args:
        name: str.
        value: what it is to be; not None.

    Raises:
        InputError: If it is out of its range.
    """
    (kind,) = [
        field.type for field in dataclasses.fields(Recipe) if field.name == name
    ]
    if name == "dtype_policy" and value not in DTYPE_POLICIES:
        raise unknown("dtype policy", str(value), DTYPE_POLICIES)
    if name not in RANGES:
        return
    low, allowed, high = RANGES[name]
    noun = "a number" if kind is float else "a whole number"
    bound = f"{noun} {'of at least' if allowed else 'above'} {low}"
    if high != math.inf:
        bound += f" and at most {high}"
    right_type = isinstance(value, int | float if kind is float else int)
    if (
        not right_type
        or not math.isfinite(value)
        or not low <= value <= high
        or (value == low and not allowed)
    ):
        raise InputError(f"{name} must be {bound}. Received: {value!r}.")
