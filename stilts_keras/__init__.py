"""Intermediate-task training for zero-shot cross-lingual transfer.

Importing the package loads no framework: `KERAS_BACKEND` may still be set.
"""

import importlib

__version__ = "0.1.0"

_NAMES = {
    "Graph": "stilts_keras.graph.graph",
    "InputError": "stilts_keras.errors",
    "Metric": "stilts_keras.scoring.metric",
    "Recipe": "stilts_keras.tasks.task",
    "Repository": "stilts_keras.tasks.task",
    "Request": "stilts_keras.graph.request",
    "Route": "stilts_keras.graph.route",
    "StageError": "stilts_keras.errors",
    "TASKS": "stilts_keras.tasks",
    "Task": "stilts_keras.tasks.task",
    "describe_backbone": "stilts_keras.backbones.description",
    "open_data": "stilts_keras.data.sources",
    "run": "stilts_keras.experiment",
}

__all__ = [*sorted(_NAMES), "__version__"]


def __getattr__(name):
    """Imports a public name when it is first used."""
    if name not in _NAMES:
        raise AttributeError(f"module 'stilts_keras' has no {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    """Lists the public names."""
    return __all__
