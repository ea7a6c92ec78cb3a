"""Keras's first import, without the packages that it tries and we do not use.

Keras imports pyplot for its galleries, scikit-learn for its wrappers and JAX
for Orbax, each where it is installed: a third of the time that a command takes
to start. It goes without them where they are absent, and so they are absent
while it is imported. Whoever imports them afterwards, has them.
"""

import contextlib
import importlib
import os
import sys

TRIED = ("matplotlib", "sklearn")


@contextlib.contextmanager
def absent(*packages):
    """Lets imports of packages fail that have not been imported yet."""
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


def import_keras():
    """Imports Keras; only an environment that names its backend is known."""
    if "keras" in sys.modules:
        return
    other = os.environ.get("KERAS_BACKEND", "jax") != "jax"
    with absent(*TRIED, *(["jax"] if other else [])):
        importlib.import_module("keras")


import_keras()
