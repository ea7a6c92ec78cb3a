"""Makes one visit in a folder of its own: what launchers hand out."""

import dataclasses
import signal
import time

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.errors import StageError
from stilts_keras.interruption import Interruption
from stilts_keras.records.lock import InUse
from stilts_keras.records.status import Status
from stilts_keras.records.visit_folders import VisitFolder
from stilts_keras.visits.screen import Screen
from stilts_keras.visits.screen import Together
from stilts_keras.visits.walk import walk

DONE = "done"
FAILED = "failed"
STOPPED = "stopped"
# More than a lease of NFS, and than a heartbeat is waited for.
PATIENCE_SECONDS = 120.0
RETRY_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How the making of a visit has ended: a value to be handed back.

    Attributes:
        kind: str. `DONE`; `FAILED`, as it would once more; or `STOPPED`, by a
            signal or with its process, and to be gone on with.
        text: str. What there is to say.
    """

    kind: str
    text: str = ""


def make_visit(part, options, *, display=None, settings=None, is_alone=False):
    """Makes a visit in its folder; what is done there is not done again.

    Args:
        part: `Part`.
        options: Options. Of the run: `run_dir` is the run's.
        display: `Progress` or None. Shows it, beside the file for others.
        settings: dict or None. Kept in the folder's `run.json`.
        is_alone: bool. Whether no driver of the run has asked for it; one that
            is at work is then in the way.

    Raises:
        InputError: If another process makes it, a stage before it is not
            there, or its data are unfit.
        StageError: If the stage cannot be finished, or the disk is full.
        Interrupted: If the process was asked to stop; progress is saved.
    """
    backend.prepare()
    if backend.read_hosts() is not None:
        raise InputError(
            "A visit is made in a single process. Unset KERAS_DISTRIBUTION_*, "
            "or give several processes the whole run: `stilts run`."
        )
    folder = VisitFolder(options.run_dir, part, **options.storage)
    # What the run keeps is for the run to say.
    options = dataclasses.replace(options, keep="all")
    with (
        Interruption() as interruption,
        files.refusals_said(),
        folder.lock() as note,
    ):
        if is_alone:
            folder.refuse_driver()
        shown = Together(Status(folder.path), *filter(None, [display]))
        with Screen(folder, shown) as screen:
            if note:
                screen.note(note)
            walk(folder, options, screen, interruption, settings or {})


def attempt(part, options, *, patience_seconds=PATIENCE_SECONDS):
    """Makes a visit and says how that ended.

    Args:
        part: `Part`.
        options: Options. Of the run.
        patience_seconds: float. How long to wait for the lock of one who may
            be dead.

    Returns:
        `Outcome`. An error that is a bug is raised.
    """
    try:
        patiently(
            lambda: make_visit(part, options), patience_seconds=patience_seconds
        )
    except (InUse, files.Unreachable) as error:
        return Outcome(STOPPED, str(error))
    except (InputError, StageError) as error:
        return Outcome(FAILED, " ".join(str(error).split()))
    except Interrupted as interrupted:
        lines = [
            f"stopped by {signal.Signals(interrupted.signal_number).name}",
            *getattr(interrupted, "__notes__", []),
        ]
        return Outcome(STOPPED, "; ".join(lines))
    return Outcome(DONE)


def patiently(make, *, patience_seconds=PATIENCE_SECONDS):
    """Tries again while somebody has the visit who may be dead.

    A machine that is gone keeps its locks until the file server, or the
    heartbeat, finds that out.

    Args:
        make: function that raises `InUse` where it is so.
        patience_seconds: float.
    """
    end = time.monotonic() + patience_seconds
    while True:
        try:
            return make()
        except InUse:
            if time.monotonic() >= end:
                raise
        time.sleep(RETRY_SECONDS)
