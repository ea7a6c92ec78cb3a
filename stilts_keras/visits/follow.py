"""Makes a run's visits with the process that writes it, and writes nothing."""

import keras

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.interruption import Interruption
from stilts_keras.records.lock import LOCK_FILE
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.visits.planning import plan_visits
from stilts_keras.visits.values import Onlooker
from stilts_keras.visits.visit import make
from stilts_keras.visits.walk import agree
from stilts_keras.visits.walk import company
from stilts_keras.visits.walk import prepare


def check_hosts(hosts, options, averages=()):
    """Refuses several processes at one run where they cannot be.

    Args:
        hosts: `backend.hosts.Hosts` or None.
        options: Options.
        averages: sequence. Those of weights that the graph asks for.

    Raises:
        InputError: If it is so.
    """
    if hosts is None:
        return
    number = hosts.num_processes
    where = f"{number} processes at one run (KERAS_DISTRIBUTION_*):"
    name = keras.backend.backend()
    if name != "jax":
        raise InputError(
            f"{where} on jax only. Received: {name}. Pass --keras_backend=jax, "
            "or unset these variables."
        )
    if options.launcher != "local" or options.num_workers > 1:
        raise InputError(
            f"{where} launchers make a run's visits in single processes. Leave "
            "out --launcher and --num_workers, or unset these variables."
        )
    if options.model_parallel:
        raise InputError(
            f"{where} --model_parallel divides weights among the devices of "
            "one process. Leave it out, or unset these variables."
        )
    if averages:
        raise InputError(
            f"{where} --average is made by a single process. Leave it out, or "
            "unset these variables."
        )
    if options.devices == 1:
        raise InputError(
            f"{where} pass --devices=N, the number of devices of all of them "
            "together."
        )


def follow(graph, options, hosts):
    """Makes all visits as process 0 makes them, whose results are kept.

    Args:
        graph: Graph.
        options: Options.
        hosts: `backend.hosts.Hosts`.

    Raises:
        InputError: If this process has other data, or sees another folder.
        Interrupted: If one of the processes was asked to stop.
    """
    print(
        f"Process {hosts.process_id} of {hosts.num_processes}: process 0 "
        f"writes {options.run_dir} and tells how the run goes.",
        flush=True,
    )
    onlooker = Onlooker()
    with Interruption() as interruption, files.refusals_said():
        backend.wait_for_all("the run folder")
        folder = RunFolder(options.run_dir, graph, **options.storage)
        if not files.await_seen(folder.path / LOCK_FILE):
            raise InputError(
                f"run_dir {str(folder.path)!r} is not the folder that process "
                "0 writes. Give all processes one that they all see."
            )
        visits = plan_visits(graph, folder.remaining(is_plan=True))
        agree(visits, options)
        place = prepare(folder, visits, options, onlooker)
        with company(interruption):
            for visit in visits:
                backend.wait_for_all("a visit")
                for _ in make(visit, place, onlooker, interruption):
                    pass
