"""Several processes at one run, each with devices of its own: of JAX alone.

All of them read the same data and take the same steps, each with its part of
every batch; the first alone writes. What they agree on goes through JAX's
coordination service.

A process that has died leaves the others in a step that never ends: a thread
in each listens to the others' heartbeats, and ends the process without them.
"""

import contextlib
import os
import signal
import threading
import time

from stilts_keras.backend.joining import HEARTBEAT_SECONDS
from stilts_keras.backend.joining import SILENCE_SECONDS
from stilts_keras.backend.joining import connect
from stilts_keras.backend.joining import patiently
from stilts_keras.backend.joining import start_service
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.errors import StageError

# How many ends of held blocks processes may be apart: two steps that an
# accelerator has in its queue, and the blocks without any step beside them.
MARGIN = 8
# Waiting for another is ended by its heartbeat, not by a time.
FOREVER_MS = 2**31 - 1

_company = None


# ------------------------------------------------------------- What is asked
def num_processes():
    """Returns how many there are; 1 where this process is alone."""
    return 1 if _company is None else _company.hosts.num_processes


def is_first_process():
    """Whether this process writes; others only compute."""
    return _company is None or _company.hosts.process_id == 0


def wait_for_all(name):
    """Waits until all processes are here.

    Args:
        name: str. Where; the same place may be met again.
    """
    if _company is not None:
        _company.wait(name)


@contextlib.contextmanager
def first_process_first():
    """Lets the first process do a block before all others do."""
    if is_first_process():
        yield
        wait_for_all("first")
    else:
        wait_for_all("first")
        yield


def agree(what, value):
    """Makes sure that all processes have the same in mind.

    Args:
        what: str. For the message.
        value: str.

    Raises:
        InputError: If another value than the first process's.
    """
    if _company is None:
        return
    number = _company.count(what)
    key = f"stilts/agreed/{number}/{what}"
    if is_first_process():
        _company.client.key_value_set(key, value)
    else:
        first = patiently(
            lambda: _company.client.blocking_key_value_get(key, FOREVER_MS)
        )
        if first != value:
            raise InputError(
                f"Process {_company.hosts.process_id} has other {what} than "
                "process 0. Give all processes the same flags, data and "
                "versions, and a run folder that all of them see."
            )
    wait_for_all(f"agreed on {what}")


def stop_signal(point, number):
    """Finds out whether all processes are to stop at a point that all pass.

    Args:
        point: int. How many such points this process has passed; each has
            passed the same ones, to `MARGIN`.
        number: int or None. The signal that this process was sent.

    Returns:
        int, the signal that one of them was sent, at the same point in all;
        None everywhere else.
    """
    client, key = _company.client, "stilts/stop"
    if number is not None and not _company.has_asked:
        _company.has_asked = True
        # Unless another has asked already.
        with contextlib.suppress(Exception):
            client.key_value_set(key, f"{point + MARGIN} {number}")
    try:
        where, number = map(int, client.key_value_try_get(key).split())
    except Exception:  # noqa: BLE001 - no such key; JAX has many kinds
        return None
    if point < where:
        return None
    _company.has_stopped = True
    return number


# ---------------------------------------------------------------- Being many
@contextlib.contextmanager
def joined(hosts):
    """Has this process be one of several; JAX must not have computed yet.

    Args:
        hosts: `Hosts` or None. None changes nothing.

    Raises:
        InputError: If the others are not there in time.
    """
    global _company
    if hosts is None:
        yield
        return
    service = start_service(hosts) if hosts.process_id == 0 else None
    _company = _Company(hosts, connect(hosts), service)
    try:
        yield
        _company.leave()
    except BaseException as error:
        if _company.has_stopped:
            _company.leave()
            raise
        _company.tell(_reason(error))
        # Another's death is why, most likely: its silence will say so.
        if not isinstance(error, InputError | StageError | KeyboardInterrupt):
            time.sleep(SILENCE_SECONDS + 5 * HEARTBEAT_SECONDS)
        raise
    finally:
        _company.close()
        _company = None


def _reason(error):
    """Says in a line why a process ends, for the others."""
    if isinstance(error, Interrupted):
        return f"stopped by {signal.Signals(error.signal_number).name}"
    return " ".join(str(error).split())[:500] or type(error).__name__


class _Company:
    """This process among others."""

    def __init__(self, hosts, client, service):
        """Begins to send heartbeats, and to listen to the others'."""
        self.hosts = hosts
        self.client = client
        self._service = service
        self.has_asked = self.has_stopped = False
        self._counts = {}
        self._is_closed = threading.Event()
        others = set(range(hosts.num_processes)) - {hosts.process_id}
        # When each was last heard of, and what it then said.
        now = time.monotonic()
        self._heard = dict.fromkeys(others, (now, ""))
        self._answered = now
        for work in (self._beat, self._watch):
            threading.Thread(target=work, daemon=True).start()

    def count(self, name):
        """Counts the times that a name was met, for a key of its own."""
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]

    def wait(self, name):
        key = f"stilts/{self.count(name)}/{name}"
        patiently(lambda: self.client.wait_at_barrier(key, FOREVER_MS))

    def tell(self, why):
        """Tells the others that this process ends, and why."""
        with contextlib.suppress(Exception):
            self.client.key_value_set(
                f"stilts/ended/{self.hosts.process_id}", why
            )
        self._end_service("soon")

    def close(self):
        """Ends the threads."""
        self._is_closed.set()

    def leave(self):
        """Ends what this process has with others, once all are here."""
        import jax

        # The first has more to write.
        self.wait("end")
        self.close()
        jax.distributed.shutdown()
        self._end_service("now")

    def _end_service(self, when):
        """Ends it; unless it is told when, it lingers for the others."""
        if self._service is not None:
            with contextlib.suppress(OSError):
                self._service.stdin.write(f"{when}\n")
                self._service.stdin.flush()

    def _beat(self):
        """Says that this process is there; the service may not answer."""
        own, number = f"stilts/alive/{self.hosts.process_id}", 0
        while not self._is_closed.wait(HEARTBEAT_SECONDS):
            number += 1
            with contextlib.suppress(Exception):
                self.client.key_value_set(own, str(number), True)
                for other in self._heard:
                    self._listen(other)
                self._answered = time.monotonic()

    def _listen(self, other):
        for kind in ("ended", "alive"):
            key = f"stilts/{kind}/{other}"
            try:
                said = self.client.key_value_try_get(key)
            except Exception:  # noqa: BLE001 - not said yet
                continue
            if kind == "ended":
                self._end(f"process {other} has ended: {said}")
            if said != self._heard[other][1]:
                self._heard[other] = (time.monotonic(), said)

    def _watch(self):
        """Ends this process where another one is silent."""
        while not self._is_closed.wait(HEARTBEAT_SECONDS):
            now = time.monotonic()
            if now - self._answered > SILENCE_SECONDS:
                self._end("process 0 is out of reach: its machine is gone")
            for other, (when, _) in self._heard.items():
                if now - when > SILENCE_SECONDS:
                    self._end(
                        f"process {other} has not been heard of for "
                        f"{SILENCE_SECONDS:.0f} seconds: it has died"
                    )

    def _end(self, why):
        """Ends this process, which may be in a step that never ends."""
        if self._is_closed.is_set():
            return
        line = (
            f"stilts: error: process {self.hosts.process_id} of "
            f"{self.hosts.num_processes} stops, for {why.rstrip('.')}. Run "
            "the same commands again to go on from the last saved progress."
        )
        self.tell(why)
        os.write(2, f"\n{line}\n".encode())
        os._exit(1)
