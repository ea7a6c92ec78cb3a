"""A lock for file systems without one: a file that its holder keeps fresh.

Only one process can make a file that must not exist yet, on every POSIX file
system and on NFS. A holder that was killed leaves its file; others take that
for nobody's once it was not touched for `STALE_AFTER_SECONDS`, and at once
where the process was of this machine and is gone.
"""

import contextlib
import json
import os
import pathlib
import platform
import secrets
import threading
import time

from stilts_keras import files

FILE = ".lock.holder"
BEAT_EVERY_SECONDS = 10.0
STALE_AFTER_SECONDS = 60.0


class Taken(OSError):
    """Somebody else has the lock.

    Attributes:
        holder: str. Who, as it says itself; may be empty.
    """

    def __init__(self, holder):
        """Takes who has it."""
        super().__init__(holder)
        self.holder = holder


@contextlib.contextmanager
def held(path, holder, *, beat_every_seconds=BEAT_EVERY_SECONDS):
    """Holds a folder's lock file and keeps it fresh.

    Args:
        path: path of the folder.
        holder: str. Who this is, for others to read.
        beat_every_seconds: float.

    Raises:
        Taken: If another process holds it.
    """
    file = pathlib.Path(path) / FILE
    mine = _make(file, holder)
    ended = threading.Event()

    def beat():
        while not ended.wait(beat_every_seconds):
            # The file server's clock, not this machine's, says when.
            with contextlib.suppress(OSError):
                os.utime(file)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if _read(file).get("token") == mine:
            file.unlink(missing_ok=True)


def holder(path):
    """Returns who holds a folder's lock file; None for nobody."""
    file = pathlib.Path(path) / FILE
    found = _read(file)
    if not found or _is_stale(file, found):
        return None
    return found["holder"]


def _make(file, who):
    """Makes the file, which must not be there; returns its token."""
    token = secrets.token_hex(8)
    facts = {
        "holder": who,
        "host": platform.node(),
        "pid": os.getpid(),
        "token": token,
    }
    text = json.dumps(facts)
    # Twice: once after what a dead process has left is out of the way.
    for _ in range(2):
        whole = files.partial_of(file)
        whole.write_text(text, "utf-8")
        try:
            # A link appears with all its content, or not at all.
            os.link(whole, file)
            return token
        except FileExistsError:
            found = _read(file)
            if found and not _is_stale(file, found):
                raise Taken(found["holder"]) from None
            _clear(file, found)
        except FileNotFoundError:
            # The holder has swept the folder.
            continue
        finally:
            whole.unlink(missing_ok=True)
    raise Taken(_read(file).get("holder", ""))


def _clear(file, found):
    """Takes away the stale file that was found, and no other."""
    gone = files.partial_of(file)
    try:
        os.replace(file, gone)
    except FileNotFoundError:
        return
    try:
        if _read(gone).get("token") != found.get("token"):
            # Another was quicker, and this is its own.
            with contextlib.suppress(FileExistsError):
                os.link(gone, file)
    finally:
        gone.unlink()


def _read(file):
    """Returns what a lock file tells; {} where there is none, or no whole."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return found if isinstance(found, dict) and "holder" in found else {}


def _is_stale(file, found):
    if found.get("host") == platform.node() and not _is_alive(found.get("pid")):
        return True
    try:
        age_seconds = _now(file) - file.stat().st_mtime
    except FileNotFoundError:
        return True
    return age_seconds > STALE_AFTER_SECONDS


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # Somebody else's.
        pass
    return True


def _now(file):
    """Returns the time as the file's server has it, where that can be asked."""
    probe = files.partial_of(file)
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:
        return time.time()
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
