"""One writer of a folder at a time."""

import contextlib
import datetime
import errno
import fcntl
import os
import pathlib
import platform

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.records import heartbeat
from stilts_keras.records.heartbeat import Taken

LOCK_FILE = ".lock"
RUN_FOLDER = "Run folder {path!r}"
OTHER_RUN_FOLDER = "Wait for it, or choose another --run_dir."
# What file systems say that know no such lock, or have none left.
UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class InUse(InputError):
    """A folder cannot be written to, for another process does.

    Attributes:
        holder: str. Who, as it says itself.
    """

    def __init__(self, name, holder, move):
        """Takes the folder's name, who has it, and the next move."""
        super().__init__(f"{name} is in use by {holder}. {move}")
        self.holder = holder


@contextlib.contextmanager
def locked(path, *, what=RUN_FOLDER, move=OTHER_RUN_FOLDER, role=""):
    """Keeps other writers out of a folder; readers are never blocked.

    The lock is the system's and ends with the process, however that ends: the
    file that stays behind locks nothing. Where the file system knows no such
    lock, `heartbeat` serves.

    Args:
        path: path. Made if absent.
        what: str. What the folder is called in messages, with `{path!r}`.
        move: str. What to do if it is in use.
        role: str. What the holder does, for others to read.

    Yields:
        str. What the user should know of the lock; empty as a rule.

    Raises:
        InUse: If another process writes there; it is named.
        InputError: If it cannot be made, written or locked.
    """
    path = files.at_home(path)
    name = what.format(path=str(path))
    holder = _holder(role)
    with contextlib.ExitStack() as held:
        try:
            note = held.enter_context(_taken(path, name, holder))
        except Taken as taken:
            raise InUse(name, taken.holder or "another process", move) from None
        yield note


@contextlib.contextmanager
def _taken(path, name, holder):
    """Takes the lock, or raises `Taken`."""
    with contextlib.ExitStack() as opened:
        while True:
            file = opened.enter_context(_opened_lock(path, name))
            reason = _lock(file, name)
            # Or the folder was deleted between opening and locking.
            if reason or _is_of(file, path):
                break
            opened.close()
        if reason:
            with heartbeat.held(path, holder):
                where = files.file_system_of(path)
                yield (
                    f"{path} lies on {where}, which has no flock ({reason}): "
                    "a lock file with a heartbeat serves instead."
                )
            return
        # Another machine may see the same folder through other options.
        found = heartbeat.holder(path)
        if found is not None:
            raise Taken(found)
        file.truncate(0)
        file.write(holder)
        file.flush()
        yield ""


def _lock(file, name):
    """Locks an open file; returns why not, where that cannot be."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        raise Taken(file.read().strip()) from error
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise InputError(
                f"{name} cannot be locked against other writers "
                f"({error.strerror}). Choose a folder on a file system with "
                "locks."
            ) from error
        return error.strerror
    return ""


def _is_of(file, path):
    """Whether an open lock file is still the one that the folder has."""
    try:
        there = os.stat(path / LOCK_FILE)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file.fileno()), there)


@contextlib.contextmanager
def _opened_lock(path, name):
    """Opens the lock's file, of the folder that has the name by now."""
    try:
        while True:
            path.mkdir(parents=True, exist_ok=True)
            file = _opened(path / LOCK_FILE)
            if file is not None:
                break
    except OSError as error:
        if error.errno in files.FULL:
            raise
        raise InputError(
            f"{name} cannot be made or written ({error.strerror}). Choose "
            "another."
        ) from error
    with file:
        yield file


def _opened(path):
    """Returns the open file; None where its folder was deleted meanwhile."""
    try:
        return open(path, "a+", encoding="utf-8")
    except FileNotFoundError:
        return None


def is_at_work(path):
    """Whether a process writes to a folder; needs no right to write."""
    return holder_of(path) is not None


def holder_of(path):
    """Returns who writes to a folder, as it says itself; None for nobody.

    Needs no right to write.
    """
    path = pathlib.Path(path)
    try:
        with open(path / LOCK_FILE, encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "another process"
            except OSError as error:
                if error.errno not in UNSUPPORTED:
                    raise
    except FileNotFoundError:
        pass
    return heartbeat.holder(path)


def _holder(role):
    """Says who this process is, and since when it has been at it."""
    now = datetime.datetime.now().isoformat(" ", "seconds")
    text = f"process {os.getpid()} on {platform.node()} since {now}"
    return f"{text} ({role})" if role else text
