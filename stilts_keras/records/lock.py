"""One writer of a run folder at a time."""

import contextlib
import fcntl
import os
import pathlib
import platform

from stilts_keras import files
from stilts_keras.errors import InputError

LOCK_FILE = ".lock"


@contextlib.contextmanager
def locked(path):
    """Keeps other writers out of a run folder; readers are never blocked.

    The lock is the system's and ends with the process, however that ends: the
    file that stays behind locks nothing.

    Args:
        path: path. Made if absent.

    Raises:
        InputError: If it cannot be made, written or locked, or another process
            writes there; it is named.
    """
    path = files.at_home(path)
    with _opened_lock(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise InputError(
                f"Run folder {str(path)!r} is in use by "
                f"{file.read().strip() or 'another process'}. Wait for it, or "
                "choose another --run_dir."
            ) from error
        except OSError as error:
            raise InputError(
                f"Run folder {str(path)!r} cannot be locked against other "
                f"writers ({error.strerror}). Choose a --run_dir on a file "
                "system with locks."
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield


def _opened_lock(path):
    try:
        path.mkdir(parents=True, exist_ok=True)
        return open(path / LOCK_FILE, "a+", encoding="utf-8")
    except OSError as error:
        if error.errno in files.FULL:
            raise
        raise InputError(
            f"Run folder {str(path)!r} cannot be made or written "
            f"({error.strerror}). Choose another --run_dir."
        ) from error


def is_at_work(path):
    """Whether a process writes to a run folder; needs no right to write."""
    try:
        with open(pathlib.Path(path) / LOCK_FILE, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
