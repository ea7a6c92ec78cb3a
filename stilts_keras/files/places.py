"""Places that files can be written to, and what is said of others."""

import contextlib
import errno
import os
import pathlib
import time

from stilts_keras.errors import InputError
from stilts_keras.errors import StageError
from stilts_keras.files.whole import partial_of
from stilts_keras.files.whole import sync

# File systems that other machines write to as well begin with these names.
REMOTE = ("nfs", "lustre", "gpfs", "beegfs", "ceph", "cifs", "smb", "fuse")
SEEN_AFTER_SECONDS = 60.0
FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE)


def check_folder_place(path, flag):
    """Raises unless a folder is there and takes files, or can be made.

    Leaves nothing behind, but for a moment writes a file the way that all
    others are written: some file systems refuse one step of it alone.

    Args:
        path: str or path. A leading `~` means the user's home.
        flag: str. The flag that names it, for the message.

    Returns:
        path of the folder.

    Raises:
        InputError: If nothing can be written there.
        OSError: If the disk is full, which is another matter.
    """
    with _place_said(path, flag, "folder"):
        path = at_home(path)
        found = _nearest(path)
        if not found.is_dir():
            where = "It" if found == path else f"{str(found)!r} above it"
            raise NotADirectoryError(f"{where} is no folder")
        _try_writing(found)
    return path


def check_file_place(path, flag):
    """Raises unless a file is there and may be replaced, or can be made.

    Args:
        path: str or path. A link is followed, and `~` is the user's home.
        flag: str. The flag that names it, for the message.

    Returns:
        path of the file.

    Raises:
        InputError: If it cannot be written.
        OSError: If the disk is full, which is another matter.
    """
    with _place_said(path, flag, "file"):
        path = pathlib.Path(os.path.realpath(at_home(path)))
        found = _nearest(path)
        if found == path and path.is_dir():
            raise IsADirectoryError("It is a folder")
        if found == path and not path.is_file():
            raise OSError("It is a device or a pipe")
        found = path.parent if found == path else found
        if not found.is_dir():
            raise NotADirectoryError(f"{str(found)!r} above it is no folder")
        _try_writing(found)
    return path


def at_home(path):
    """Returns a path in which a leading `~` is the user's home.

    As in a shell, what names no user stays as it is.
    """
    return pathlib.Path(os.path.expanduser(path))


@contextlib.contextmanager
def _place_said(path, flag, kind):
    try:
        yield
    # The latter is of a null character.
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"--{flag}={path} cannot be made or written ({reason}). Name a "
            f"{kind} on a file system that takes files."
        ) from error


def _nearest(path):
    """Returns the path itself, or the nearest above it that is there."""
    while True:
        try:
            os.lstat(path)
            # A link that leads nowhere is there, but no folder.
            return path
        except (FileNotFoundError, NotADirectoryError):
            # The system says the latter of whatever lies below a file.
            path = path.absolute().parent


def _try_writing(folder):
    # Of a name that the folder's writer sweeps away, if this is cut off.
    names = [partial_of(folder / "probe") for _ in range(2)]
    try:
        with open(names[0], "xb") as file:
            os.fsync(file.fileno())
        # Or, at work in another process, meanwhile.
        with contextlib.suppress(FileNotFoundError):
            os.replace(*names)
        sync(folder)
    finally:
        for name in names:
            name.unlink(missing_ok=True)


def check_space(folder, num_bytes):
    """Raises OSError unless a folder's disk takes so many bytes more."""
    file = pathlib.Path(folder) / "space"
    with open(file, "wb") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, num_bytes)
        finally:
            file.unlink()


@contextlib.contextmanager
def refusals_said():
    """Turns a full disk, or one that refuses, into a line that says so.

    Raises:
        StageError: If the disk, or the user's part of it, is full, or a file
            may not or cannot be read or written.
    """
    try:
        yield
    except OSError as error:
        # HDF5 and Arrow give the reason as text alone.
        text = " ".join(str(error).split())[:300]
        if error.errno in FULL or any(os.strerror(n) in text for n in FULL):
            raise StageError(
                f"No space left on the disk ({text}). What was finished is "
                "kept. Make space and run the same command again."
            ) from error
        if error.errno in REFUSED:
            raise StageError(
                f"The disk refuses ({text}). What was finished is kept. Mend "
                "that and run the same command again."
            ) from error
        raise


def await_seen(path, *, patience_seconds=SEEN_AFTER_SECONDS):
    """Waits for what another machine has made, where that takes its time.

    Clients of network file systems remember for a while what was not there.
    On others nothing is waited for.

    Args:
        path: path.
        patience_seconds: float.

    Returns:
        bool. Whether it is there.
    """
    path = pathlib.Path(path)
    end = time.monotonic() + patience_seconds
    while not path.exists():
        kind = file_system_of(_nearest(path)).partition(" ")[0]
        if not kind.startswith(REMOTE) or time.monotonic() > end:
            return False
        time.sleep(1.0)
        with contextlib.suppress(OSError):
            # To list a folder has some clients look again.
            os.listdir(_nearest(path))
    return True


def file_system_of(path):
    """Names the kind of file system that a path lies on, and where it begins.

    Args:
        path: path.

    Returns:
        str, such as `nfs4 at /home`.
    """
    path = pathlib.Path(os.path.realpath(path))
    try:
        lines = pathlib.Path("/proc/self/mountinfo").read_text("utf-8")
    except OSError:
        return "a file system of unknown kind"
    found = {}
    for line in lines.splitlines():
        # Fields before the dash vary in number; after it comes the kind.
        place, _, rest = line.partition(" - ")
        # The system writes a blank as \040.
        point = place.split()[4].replace("\\040", " ")
        found[point] = rest.split()[0]
    for parent in (path, *path.parents):
        if str(parent) in found:
            return f"{found[str(parent)]} at {parent}"
    return "a file system of unknown kind"
