"""Runs a script on each backend, in a process of its own."""

import os
import pathlib
import subprocess
import sys

import numpy as np

import stilts_keras

ROOT = pathlib.Path(stilts_keras.__file__).parents[1]
TESTS = pathlib.Path(__file__).parent
OTHERS = ("tensorflow", "jax")
BACKENDS = ("torch", *OTHERS)
# Most of a small run on JAX is compilation.
QUICK_XLA = (
    "--xla_backend_optimization_level=0 "
    "--xla_llvm_disable_expensive_passes=true"
)


def run_on_backends(script, folder):
    """Runs a script with a folder on all backends.

    On torch first: it may leave in the folder what the others read.

    Args:
        script: path. Called with the folder, it writes `{backend}.npz` there.
        folder: path.

    Returns:
        Dict from backend to a dict of its arrays.
    """
    return {
        name: arrays
        for names in (["torch"], OTHERS)
        for name, arrays in _run(names, script, folder).items()
    }


def run_on(name, script, folder):
    """Runs a script on one backend; returns a dict of its arrays."""
    return _run([name], script, folder)[name]


def _run(names, script, folder):
    processes = {name: _start(name, script, folder) for name in names}
    found = {}
    for name, process in processes.items():
        _, errors = process.communicate()
        assert process.returncode == 0, f"{name}: {errors[-3000:]}"
        with np.load(folder / f"{name}.npz") as arrays:
            found[name] = dict(arrays)
    return found


def environment(name, folder):
    """Environment of a process on a backend whose caches are in a folder."""
    return os.environ | {
        "KERAS_BACKEND": name,
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT), str(TESTS), os.environ.get("PYTHONPATH", "")]
        ),
        "HF_DATASETS_CACHE": str(folder / "datasets"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # Two devices, for what is tested on several.
        "XLA_FLAGS": f"--xla_force_host_platform_device_count=2 {QUICK_XLA}",
    }


def _start(name, script, folder):
    return subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        env=environment(name, folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
