"""Visits as jobs of Slurm: each by itself, and a last one that reports.

`jobs.py` writes what submits them. Other engines may run the same commands.
"""

import os
import signal
import subprocess

from stilts_keras.errors import Interrupted
from stilts_keras.launchers.jobs import LOGS
from stilts_keras.records.run_folder import VISITS
from stilts_keras.records.visit_folders import absorb
from stilts_keras.records.visit_folders import progress_of
from stilts_keras.records.visit_folders import visit_folders
from stilts_keras.reporting.progress import Progress
from stilts_keras.versions import versions
from stilts_keras.visits.planning import plan_visits
from stilts_keras.visits.planning import planned
from stilts_keras.visits.worker import PATIENCE_SECONDS
from stilts_keras.visits.worker import make_visit
from stilts_keras.visits.worker import patiently

# Of those that get no further: a first one may have packed data alone.
MOST_RESTARTS = 3


def make(part, options, settings):
    """Makes a visit in this process, as a job does.

    Args:
        part: `Part`.
        options: Options.
        settings: dict. Kept in the visit's `run.json`.

    Raises:
        InputError, StageError: See `worker.make_visit`.
        Interrupted: If the process was asked to stop. A job that was warned
            of its time limit (SIGUSR1) has put itself into the queue again,
            unless restarts get no further.
    """
    # One whose node has died, say, may seem to be at it still.
    num_restarts = int(os.environ.get("SLURM_RESTART_COUNT") or 0)
    before = progress_of(options.run_dir, part.fingerprint)
    try:
        patiently(
            lambda: make_visit(
                part,
                options,
                display=Progress(),
                settings=settings,
                is_alone=True,
            ),
            patience_seconds=PATIENCE_SECONDS if num_restarts else 0.0,
        )
    except Interrupted as interrupted:
        job = os.environ.get("SLURM_JOB_ID")
        if job and interrupted.signal_number == signal.SIGUSR1:
            is_further = progress_of(options.run_dir, part.fingerprint) > before
            if is_further or num_restarts < MOST_RESTARTS:
                interrupted.add_note(_requeue(job))
            else:
                interrupted.add_note(
                    f"Job {job} was restarted {num_restarts} times and got no "
                    "further in this one: it is not put into the queue again. "
                    "Give it more time (--time of sbatch_args)."
                )
        raise


def _requeue(job):
    try:
        done = subprocess.run(
            ["scontrol", "requeue", job], capture_output=True, text=True
        )
    except OSError as error:
        return f"scontrol could not requeue job {job} ({error.strerror})."
    if done.returncode:
        return f"scontrol could not requeue job {job} ({done.stderr.strip()})."
    return f"Job {job} is in the queue again."


def launch(run):
    """Takes what jobs have made; see `launchers.launch`."""
    folder = run.folder
    folder.files.mend(folder.damages)
    with run.interruption.held():
        busy = absorb(folder, visit_folders(folder.path))
    left = folder.remaining()
    for note in folder.notes:
        run.screen.note(note)
    with run.interruption.held():
        if not folder.is_described:
            folder.describe({"settings": run.settings, **versions()})
        folder.keep_trainings(folder.graph.stages)
        folder.files.arrange()
        folder.drop_unneeded(run.options.keep, left)
    missing = planned(folder.graph, plan_visits(folder.graph, left))
    at_work = {path.name: who for path, who in busy.items()}
    lines = []
    for fingerprint, one in missing.items():
        if fingerprint in at_work:
            why = f"is being made by {at_work[fingerprint]}"
        else:
            log = folder.path / VISITS / LOGS / f"{fingerprint}.log"
            why = f"is not made{_last_line(log)}"
        lines.append(f"{one.part.name} ({fingerprint}) {why}.")
    if lines:
        lines.append(
            "`stilts plan --format=slurm` with the same flags submits what is "
            "left."
        )
    return lines


def _last_line(log):
    try:
        said = log.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return f" ({log}: {said[-1].rstrip('.')})" if said else ""
