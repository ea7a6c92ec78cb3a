"""Makes visits on a Ray cluster: a task for each, wherever there is room."""

import contextlib
import dataclasses
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import pathlib
import platform
import socket

import keras

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.errors import first_line
from stilts_keras.graph.own_tasks import load_task_file
from stilts_keras.graph.own_tasks import loaded_task_files
from stilts_keras.launchers.schedule import Schedule
from stilts_keras.launchers.schedule import absorb_earlier
from stilts_keras.records.visit_folders import progress_of
from stilts_keras.visits.worker import STOPPED
from stilts_keras.visits.worker import Outcome
from stilts_keras.visits.worker import attempt

CONNECT_SECONDS = 10.0
PROBE_SECONDS = 120.0
# More than a cluster has room for, so that it may grow; each is looked at.
MOST_HANDED_OUT = 1000
# What workers must have of the driver's environment, beside the backend.
PASSED_ON = ("HF_", "XLA_", "JAX_", "TF_", "OMP_NUM_THREADS", "MALLOC_")
# A cluster that no address is given for is of this machine and this run.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def launch(run):
    """Makes what is left of a run; see `launchers.launch`."""
    ray = _import_ray()
    with _cluster(ray, run.options) as gpus_per_stage:
        # Ray has put its own handlers in their place.
        run.interruption.take_over()
        options = _absolute(run.options)
        _probe(ray, run.folder.path.absolute(), options)
        absorb_earlier(run)
        engine = Tasks(ray, options, gpus_per_stage)
        return Schedule(run, engine).work()


def _import_ray():
    if importlib.util.find_spec("ray") is None:
        raise InputError(
            "Ray is not installed. Install it with: pip install "
            "'stilts_keras[ray]'; or train here with --launcher=local."
        )
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    return importlib.import_module("ray")


def _absolute(options):
    """Returns the options as they hold in any folder."""
    places = {
        name: files.at_home(getattr(options, name)).absolute()
        for name in ("run_dir", "stage_store")
    }
    return dataclasses.replace(options, **places)


@contextlib.contextmanager
def _cluster(ray, options):
    """Joins a cluster, or starts one; yields the GPUs that a stage takes."""
    address = options.ray_address
    if address is not None:
        _check_reachable(address)
    try:
        ray.init(
            # Not one that happens to run here: that must be asked for.
            address=address or "local",
            include_dashboard=False if address is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": _environment()},
        )
    except (
        ConnectionError,
        RuntimeError,
        ValueError,
        ray.exceptions.RayError,
    ) as error:
        what = f"cluster at --ray_address={address}" if address else "cluster"
        raise InputError(
            f"Ray's {what} cannot be joined ({first_line(error)}). It needs "
            "the same Ray and Python on all machines and, where it asks for a "
            "token, the same RAY_AUTH_TOKEN."
        ) from error
    try:
        yield _checked_gpus(ray, options.gpus_per_stage, options.devices)
    finally:
        ray.shutdown()


def _check_reachable(address):
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(
            f"ray_address must be HOST:PORT, such as 10.0.0.1:6379. Received: "
            f"{address!r}."
        )
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"Nothing answers at --ray_address={address} ({error}). Start a "
            f"cluster there with `ray start --head --port={port}`, or leave "
            "the flag out for one of this machine."
        ) from error


def _environment():
    """Returns what workers are to have, wherever they are."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(PASSED_ON)
    }
    return {**passed, "KERAS_BACKEND": keras.backend.backend()}


def _checked_gpus(ray, gpus_per_stage, devices=1):
    nodes = _nodes(ray)
    most = max(node["Resources"].get("GPU", 0.0) for node in nodes)
    if gpus_per_stage is None:
        gpus_per_stage = float(devices) if most else 0.0
    if gpus_per_stage > most:
        raise InputError(
            f"--gpus_per_stage={gpus_per_stage:g}, but no node of the cluster "
            f"has more than {most:g} GPUs, and a stage trains on one node. Its "
            f"nodes: {', '.join(map(_described, nodes))}."
        )
    return gpus_per_stage


def _nodes(ray):
    return [node for node in ray.nodes() if node["Alive"]]


def _described(node):
    gpus = node["Resources"].get("GPU", 0.0)
    return f"{node['NodeName']} with {gpus:g} GPUs"


# ------------------------------------------------------------------- Probing
def _probe(ray, run_dir, options):
    """Raises unless every node sees what the driver sees, and can use it."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    run_dir.mkdir(parents=True, exist_ok=True)
    options.stage_store.mkdir(parents=True, exist_ok=True)
    probes = [
        files.partial_of(folder / "probe")
        for folder in (run_dir, options.stage_store)
    ]
    look = ray.remote(max_retries=0, num_cpus=0)(_seen)
    try:
        for probe in probes:
            probe.touch()
        asked = {}
        for node in _nodes(ray):
            where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            task = look.options(scheduling_strategy=where)
            reference = task.remote(list(map(str, probes)), _wanted())
            asked[reference] = node["NodeName"]
        for reference, name in asked.items():
            _check_seen(ray, reference, name)
    finally:
        for probe in probes:
            probe.unlink(missing_ok=True)


def _check_seen(ray, reference, name):
    try:
        problem = ray.get(reference, timeout=PROBE_SECONDS)
    except ray.exceptions.RayError as error:
        raise InputError(
            f"Node {name} of the cluster runs no task of stilts_keras "
            f"({first_line(error)}). Install it there as it is here."
        ) from error
    if problem:
        raise InputError(f"Node {name} of the cluster: {problem}")


def _wanted():
    """Returns what a worker must have in common with the driver."""
    return {
        "stilts_keras": importlib.metadata.version("stilts_keras"),
        "keras": importlib.metadata.version("keras"),
        "python": platform.python_version(),
    }


def _seen(probes, wanted):
    """Says what is wrong on a node; empty where nothing is."""
    found = _wanted()
    if found != wanted:
        return (
            f"expected {wanted}. Received: {found}. Install the same versions "
            "everywhere."
        )
    for probe in map(pathlib.Path, probes):
        if not probe.is_file():
            return (
                f"folder {str(probe.parent)!r} is not there, or is another one "
                "than the driver's. Choose --run_dir and --stage_store on a "
                "file system that all nodes see under one path."
            )
        if not os.access(probe.parent, os.W_OK):
            return (
                f"folder {str(probe.parent)!r} cannot be written to. Give the "
                "workers' user the right to."
            )
    return ""


# --------------------------------------------------------------------- Tasks
class Tasks:
    """An engine of `schedule`: tasks of Ray, which finds room for them."""

    def __init__(self, ray, options, gpus_per_stage):
        """Starts nothing yet.

        Args:
            ray: the module, initialised.
            options: Options, its paths absolute.
            gpus_per_stage: float.
        """
        self._ray = ray
        self._options = options
        # The schedule itself tries again: it knows what counts as progress.
        self._task = ray.remote(
            num_cpus=1, num_gpus=gpus_per_stage, max_retries=0
        )(_make)
        self._files = loaded_task_files()
        self._running = {}

    @property
    def num_free(self):
        """Number of visits that can be handed out now."""
        return MOST_HANDED_OUT - len(self._running)

    def start(self, part):
        """Hands a visit of a `Part` to the cluster."""
        # Boxed: it is opened only when the tasks of a user's own are loaded.
        box = [self._ray.put(part)]
        task = self._task.options(name=f"{part.name} ({part.fingerprint})")
        reference = task.remote(self._files, box, self._options)
        self._running[reference] = part

    def wait(self, timeout_seconds):
        """Returns [(fingerprint, Outcome)] of those that have ended."""
        ended, _ = self._ray.wait(
            list(self._running),
            num_returns=len(self._running),
            timeout=timeout_seconds,
        )
        return [
            (self._running.pop(reference).fingerprint, self._outcome(reference))
            for reference in ended
        ]

    def stop(self):
        """Has all save and stop; returns lines that say where they are."""
        for reference in self._running:
            self._ray.cancel(reference, force=False, recursive=False)
        parts = list(self._running.values())
        while self._running:
            self.wait(None)
        lines = []
        for part in parts:
            _, step = progress_of(self._options.run_dir, part.fingerprint)
            if step:
                lines.append(f"Stage {part.name} is saved at step {step}.")
        return lines

    def _outcome(self, reference):
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            text = f"{type(error).__name__}: {first_line(error)}"
            return Outcome(STOPPED, text)


def _make(task_files, box, options):
    """Makes a visit on a node."""
    import ray

    for file in task_files:
        load_task_file(file)
    return attempt(ray.get(box[0]), options)
