"""Files that take their name only once they are complete."""

import contextlib
import json
import os
import pathlib
import secrets

from stilts_keras.errors import InputError

PARTIAL = ".partial"


@contextlib.contextmanager
def atomic_write(path, mode="w"):
    """Opens a file that takes its name only once it is complete.

    Missing parent folders are made. If the block raises, the file that was
    there before stays as it was.

    Args:
        path: str or path. The file's final name; a link is followed.
        mode: str. `w` for text in UTF-8 or `wb` for bytes.

    Yields:
        The open file.
    """
    path = pathlib.Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    try:
        with open(partial, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_json(path, value):
    """Writes one JSON value, indented; see `atomic_write`.

    Args:
        path: str or path.
        value: what JSON can hold; NumPy scalars and arrays too.

    Raises:
        InputError: If the value holds what JSON cannot, such as NaN.
    """
    text = to_json(value, path, indent=2)
    with atomic_write(path) as file:
        file.write(text + "\n")


def write_jsonl(path, rows):
    """Writes one JSON value per line; see `atomic_write`.

    Args:
        path: str or path.
        rows: iterable of what JSON can hold; NumPy scalars and arrays too.

    Raises:
        InputError: If a row holds what JSON cannot, such as NaN.
    """
    with atomic_write(path) as file:
        file.writelines(to_line(row, path) for row in rows)


def to_line(value, path):
    """Returns a value as one line of JSON; `path` is for messages."""
    return to_json(value, path) + "\n"


def partial_of(path):
    """Names a place beside a path that leftovers are swept from."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")


def to_json(value, path, **how):
    """Encodes a value strictly: NaN is not JSON, and other readers fail."""
    try:
        return json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            default=_plain,
            **how,
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"Cannot write {path}: {error}.") from error


def _plain(value):
    """Turns NumPy scalars and arrays, tuples' kin and paths into JSON's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r}")


def sync(path):
    """Makes what was written last; only POSIX can open folders."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
