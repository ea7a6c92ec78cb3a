"""Errors that a user can mend: one line, the cause and the next move."""

import difflib


class InputError(ValueError):
    """A flag, a route, a file or a row is wrong; raised before work is spent.

    The command line prints the message as one line and exits 2.
    """


class DamageError(InputError):
    """A file of a run is not what was written; the message names it."""


class Interrupted(KeyboardInterrupt):
    """The system or the user asked the process to stop, and it has saved.

    The command line prints the message and exits with 128 + `signal_number`.
    """

    def __init__(self, signal_number):
        """Takes the signal's number: 2 for SIGINT, 15 for SIGTERM."""
        super().__init__(signal_number)
        self.signal_number = signal_number


class StageError(RuntimeError):
    """A stage cannot go on, such as by a loss that is not a number.

    The command line prints the message as one line and exits 1.
    """


def unknown(kind, name, known):
    """Builds the error for a name that is not among those known.

    Args:
        kind: str. What the name should have named, such as `task`.
        name: str. The name received.
        known: iterable of str. All names that would have been right.

    Returns:
        An `InputError` that suggests the nearest known name.
    """
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return InputError(
        f"Unknown {kind} {name!r}.{hint} Known: {', '.join(known)}."
    )


def first_line(error):
    """Returns what another library's error says, in one line.

    Args:
        error: Exception.

    Returns:
        A str of at most 300 characters, without a full stop: the message's
        first line, or the error's type where it says nothing.
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:300]
