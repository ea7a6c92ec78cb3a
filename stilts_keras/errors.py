"""Errors that a user can mend: one line, the cause and the next move."""

import difflib


class InputError(ValueError):
    """A flag, a route, a file or a row is wrong; raised before work is spent.

    The command line prints the message as one line and exits 2.
    """


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
