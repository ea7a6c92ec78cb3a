"""How several processes come together: JAX's service, and a way to it."""

import contextlib
import functools
import pathlib
import socket
import subprocess
import sys
import threading
import time

from stilts_keras.backend import coordination_service
from stilts_keras.backend.hosts import ADDRESSES
from stilts_keras.backend.hosts import NUMBER
from stilts_keras.errors import InputError

HEARTBEAT_SECONDS = 2.0
# A process may hold Python's lock for a while; all is to end within a minute.
SILENCE_SECONDS = 40.0
JOIN_SECONDS = 300


def start_service(hosts):
    """Starts the coordination service.

    Args:
        hosts: `Hosts`. Of the first process.

    Returns:
        `subprocess.Popen`, which listens.

    Raises:
        InputError: If it cannot.
    """
    port = hosts.address.rpartition(":")[2]
    _await_free(int(port), hosts.address)
    service = subprocess.Popen(
        [
            sys.executable,
            pathlib.Path(coordination_service.__file__),
            f"[::]:{port}",
            str(hosts.num_processes),
            str(SILENCE_SECONDS + 3 * HEARTBEAT_SECONDS),
            str(3 * HEARTBEAT_SECONDS),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A key on the terminal is not for it.
        start_new_session=True,
    )
    if not service.stdout.readline():
        said = service.stderr.read().strip().splitlines()[-1:]
        raise _unusable(hosts.address, " ".join(said)[:200])
    return service


def _await_free(port, address):
    """Waits for the service of an earlier run, which lingers, to end."""
    end = time.monotonic() + 2 * SILENCE_SECONDS
    while True:
        try:
            # JAX's own server would share the port.
            with socket.create_server(("", port)):
                return
        except OSError as error:
            if time.monotonic() > end:
                raise _unusable(address, error.strerror) from error
        time.sleep(HEARTBEAT_SECONDS)


def _unusable(address, why):
    return InputError(
        f"{ADDRESSES}={address}: process 0 cannot listen there ({why}). Choose "
        "another port, and start process 0 on that machine."
    )


def connect(hosts):
    """Connects to the others.

    Args:
        hosts: `Hosts`.

    Returns:
        JAX's client of the coordination service.

    Raises:
        InputError: If the others are not there in time.
    """
    import jax
    from jax._src import distributed

    # It would take SIGTERM for itself.
    jax.config.update("jax_enable_preemption_service", False)
    join = functools.partial(
        jax.distributed.initialize,
        hosts.address,
        hosts.num_processes,
        hosts.process_id,
        # JAX would end the process by an abort.
        initialization_timeout=2**20,
    )
    try:
        with _joined_as_here(distributed._jax):
            patiently(join, JOIN_SECONDS)
    except TimeoutError as error:
        raise InputError(
            f"Process {hosts.process_id} of {hosts.num_processes} has not met "
            f"the others at {hosts.address} in {JOIN_SECONDS} seconds. Start "
            f"all of them, with the same {ADDRESSES} and {NUMBER}."
        ) from error
    return distributed.global_state.client


@contextlib.contextmanager
def _joined_as_here(module):
    """Has JAX start no service, and wait for nobody at an end by an error."""
    before = {
        name: getattr(module, name)
        for name in (
            "get_distributed_runtime_service",
            "get_distributed_runtime_client",
        )
    }
    service, client = before
    setattr(module, service, lambda *args, **kwargs: None)
    setattr(
        module,
        client,
        functools.partial(before[client], shutdown_on_destruction=False),
    )
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(module, name, function)


def patiently(wait, limit_seconds=None):
    """Waits in a thread, so that signals are heard meanwhile.

    Args:
        wait: function.
        limit_seconds: float or None.

    Returns:
        What it returns.

    Raises:
        TimeoutError: If it takes longer.
    """
    ended = []

    def work():
        try:
            ended.append((wait(), None))
        except Exception as error:  # noqa: BLE001 - raised by the caller
            ended.append((None, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    begun = time.monotonic()
    while thread.is_alive():
        thread.join(HEARTBEAT_SECONDS / 4)
        if limit_seconds and time.monotonic() - begun > limit_seconds:
            raise TimeoutError
    ((result, error),) = ended
    if error is not None:
        raise error
    return result
