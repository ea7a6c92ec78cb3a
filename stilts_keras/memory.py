"""How this process gets its memory from the system."""

import contextlib
import ctypes
import os

# Of glibc's malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX, ARENA_MAX = -1, -2, -4, -8
# One arena for all threads, none of its memory mapped apart or given back, and
# room for 64 MiB more whenever it grows.
OPTIONS = {ARENA_MAX: 1, MMAP_MAX: 0, TRIM_THRESHOLD: -1, TOP_PAD: 64 * 2**20}
# What glibc begins with.
USUAL_MMAP_MAX = 65536

_glibc = None


def keep_freed():
    """Has glibc keep the pages that arrays leave, for those that come.

    It gives them back to the system, which clears each page anew when the
    next step writes to it: 700 MB in a step of a small network on JAX, which
    took a seventh of its time. What is kept is the most that was ever held at
    a time, but for what `giving_back` surrounds. Whoever sets glibc's own
    variables is left in charge; systems without glibc stay as they are.
    Threads keep the arenas that they have: so the command does this before it
    imports a framework.
    """
    global _glibc
    if any(name.startswith(("MALLOC_", "GLIBC_")) for name in os.environ):
        return
    try:
        library = ctypes.CDLL(None)
        mallopt, _ = library.mallopt, library.malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    for option, value in OPTIONS.items():
        mallopt(option, value)
    _glibc = library


@contextlib.contextmanager
def giving_back():
    """Gives large arrays pages of their own, which go with them.

    For what is done once and takes more than the steps that follow: copies of
    a token embedding, while it is loaded or swapped. What earlier steps have
    left goes, too. It also decorates functions.
    """
    if _glibc is None:
        yield
        return
    _glibc.malloc_trim(0)
    _glibc.mallopt(MMAP_MAX, USUAL_MMAP_MAX)
    try:
        yield
    finally:
        _glibc.mallopt(MMAP_MAX, OPTIONS[MMAP_MAX])
