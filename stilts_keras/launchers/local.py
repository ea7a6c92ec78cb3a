"""Makes visits on this machine: in this process, or in several."""

import contextlib
import dataclasses
import multiprocessing
import os
import pathlib
import shutil
import signal
import sys
import threading
from multiprocessing import connection

import keras

from stilts_keras.graph.own_tasks import load_task_file
from stilts_keras.graph.own_tasks import loaded_task_files
from stilts_keras.launchers.jobs import LOGS
from stilts_keras.launchers.schedule import Schedule
from stilts_keras.launchers.schedule import absorb_earlier
from stilts_keras.records.run_folder import VISITS
from stilts_keras.visits.walk import walk
from stilts_keras.visits.worker import STOPPED
from stilts_keras.visits.worker import Outcome
from stilts_keras.visits.worker import attempt


def launch(run):
    """Makes what is left of a run; see `launchers.launch`."""
    absorb_earlier(run)
    failures = _make_all(run)
    if not failures:
        # Also what an earlier run has left, which may have failed.
        shutil.rmtree(run.folder.path / VISITS / LOGS, ignore_errors=True)
    return failures


def _make_all(run):
    if run.options.num_workers == 1:
        walk(
            run.folder, run.options, run.screen, run.interruption, run.settings
        )
        return []
    # Processes inherit it, and import Keras before they are told anything.
    os.environ["KERAS_BACKEND"] = keras.backend.backend()
    with Processes(run.folder.path, run.options) as engine:
        return Schedule(run, engine).work()


@dataclasses.dataclass(eq=False)
class _Worker:
    """One process, and what it is at.

    Attributes:
        process: `multiprocessing.Process`.
        channel: `Connection`. Parts go out, Outcomes come back.
        alive: `Connection`. Ends with this process.
        log: path of what it prints.
        at: str or None. The fingerprint of the visit that it makes.
    """

    process: object
    channel: object
    alive: object
    log: pathlib.Path
    at: str | None = None


class Processes:
    """An engine of `schedule`: processes that make one visit after another."""

    def __init__(self, run_dir, options):
        """Starts nothing yet.

        Args:
            run_dir: path.
            options: Options.
        """
        self._options = dataclasses.replace(options, run_dir=run_dir.absolute())
        self._logs = self._options.run_dir / VISITS / LOGS
        self._context = multiprocessing.get_context("spawn")
        self._workers = []

    def __enter__(self):
        """Returns itself; processes are started when they are needed."""
        return self

    def __exit__(self, kind, *error):
        """Ends the processes; after an error they are to save and stop."""
        for worker in self._workers:
            worker.channel.close()
            # One without a visit ends by itself.
            if kind is not None and worker.at is not None:
                worker.alive.close()
        for worker in self._workers:
            worker.process.join()
            worker.alive.close()

    @property
    def num_free(self):
        """Number of visits that can be started now."""
        busy = sum(worker.at is not None for worker in self._workers)
        return self._options.num_workers - busy

    def start(self, part):
        """Hands a visit of a `Part` to a process."""
        free = [worker for worker in self._workers if worker.at is None]
        worker = free[0] if free else self._open()
        worker.at = part.fingerprint
        # One that has just died is found by `wait`.
        with contextlib.suppress(BrokenPipeError):
            worker.channel.send(part)

    def wait(self, timeout_seconds):
        """Returns [(fingerprint, Outcome)] of those that have ended."""
        waited = {
            end: worker
            for worker in self._workers
            for end in (worker.channel, worker.process.sentinel)
        }
        ready = connection.wait(list(waited), timeout_seconds)
        return [
            found
            for worker in dict.fromkeys(waited[end] for end in ready)
            if (found := self._outcome(worker)) is not None
        ]

    def stop(self):
        """Has all save and stop; returns lines that say where they were."""
        for worker in self._workers:
            if worker.at is not None and worker.process.is_alive():
                os.kill(worker.process.pid, signal.SIGTERM)
        lines = []
        while any(worker.at is not None for worker in self._workers):
            for _, outcome in self.wait(None):
                lines += outcome.text.split("; ")[1:]
        return lines

    def _outcome(self, worker):
        """Takes what a process has sent, or the way in which it has died."""
        try:
            if worker.channel.poll():
                outcome = worker.channel.recv()
            elif worker.process.is_alive():
                return None
            else:
                raise EOFError
        except (EOFError, ConnectionResetError):
            outcome = self._bury(worker)
        fingerprint, worker.at = worker.at, None
        return None if fingerprint is None else (fingerprint, outcome)

    def _bury(self, worker):
        worker.process.join()
        self._workers.remove(worker)
        worker.channel.close()
        worker.alive.close()
        status = worker.process.exitcode
        if status < 0:
            how = f"its process was ended by {signal.Signals(-status).name}"
        else:
            how = f"its process ended with status {status} ({worker.log})"
        return Outcome(STOPPED, how)

    def _open(self):
        channel, theirs = self._context.Pipe()
        watched, alive = self._context.Pipe(duplex=False)
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"worker-{len(self._workers) + 1}.log"
        process = self._context.Process(
            target=_serve, args=(theirs, watched, str(log)), daemon=False
        )
        process.start()
        theirs.close()
        watched.close()
        # First: tasks of a user's own are pickled by reference.
        channel.send(loaded_task_files())
        channel.send(self._options)
        worker = _Worker(process, channel, alive, log)
        self._workers.append(worker)
        return worker


def _serve(channel, watched, log):
    """Makes visits in a process of its own until there is none more."""
    # A key on the terminal is for the driver, which passes it on once.
    os.setpgid(0, 0)
    _print_to(log)
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()
    # All this ends where the driver does.
    with contextlib.suppress(EOFError):
        for file in channel.recv():
            load_task_file(file)
        options = channel.recv()
        while True:
            channel.send(attempt(channel.recv(), options))


def _end_with(watched):
    """Has this process save and stop when the driver is gone."""
    with contextlib.suppress(EOFError, OSError):
        watched.recv()
    os.kill(os.getpid(), signal.SIGTERM)


def _print_to(log):
    sys.stdout.flush()
    sys.stderr.flush()
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
