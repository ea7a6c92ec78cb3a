"""What a run was made with, for the files that it leaves."""

import importlib.metadata
import platform

import keras


def versions():
    """Returns backend, Python and package versions as a dict."""
    name = keras.backend.backend()
    packages = ("stilts_keras", "keras", "keras_hub", "datasets", name)
    return {
        "backend": name,
        "python": platform.python_version(),
        "versions": {
            package: importlib.metadata.version(package) for package in packages
        },
    }
