"""Columns of sound files."""

import dataclasses

from stilts_keras.audio.decoding import BrokenRecording
from stilts_keras.audio.decoding import Recording
from stilts_keras.audio.decoding import decode
from stilts_keras.tasks.columns import Column
from stilts_keras.tasks.columns import MissingValue
from stilts_keras.tasks.columns import has_field
from stilts_keras.tasks.columns import is_null


@dataclasses.dataclass(frozen=True, kw_only=True)
class Audio(Column):
    """One sound file, or a list of several that say the same.

    Each is an object with the `bytes` of the file and its `path`, which only
    names it: what lies outside of the rows could change unnoticed. So are the
    Hub's audio columns where nothing decodes them. A file that cannot be
    decoded is missing, for nobody can mend it; one in which nothing is heard
    is empty.
    """

    reads = "audio"

    def read(self, name, value, labels):
        """Returns a tuple of `Recording`."""
        return tuple(_recording(name, file) for file in _files(name, value))

    def read_lightly(self, name, value, labels):
        """Returns a tuple of `Recording` without their samples."""
        return tuple(
            Recording(name=_title(file), samples=None)
            for file in _files(name, value)
        )

    def is_empty(self, value):
        """Whether one of the recordings is silent."""
        return any(recording.is_silent for recording in value)

    def emptiness(self, name, value):
        """Names the first recording that is silent."""
        for recording in value:
            if recording.is_silent:
                return f"silent {name} {recording.name!r}"
        return None


def _files(name, value):
    """Lists the files of a value, each an object with bytes."""
    if is_null(value):
        raise MissingValue(f"null in {name}")
    files = value if isinstance(value, list | tuple) else [value]
    if not files:
        raise MissingValue(f"no {name}")
    for file in files:
        if is_null(file):
            raise MissingValue(f"null in {name}")
        if not has_field(file, "bytes"):
            raise _not_a_file(name, file)
        # Text in JSON, for one, is no bytes.
        is_named = isinstance(file.get("path"), str | None)
        if not (is_named and isinstance(file["bytes"], bytes | None)):
            raise _not_a_file(name, file)
    return files


def _not_a_file(name, value):
    return ValueError(
        f"{str(value)[:80]!r} in {name}. Expected an object with the bytes of "
        "a sound file and its path, in parquet."
    )


def _title(file):
    """Names a file, without its folder."""
    path = file.get("path") or ""
    return path.rpartition("/")[2] or "without a name"


def _recording(name, file):
    """Decodes one file of an audio column."""
    title = _title(file)
    if not file["bytes"]:
        raise MissingValue(f"no bytes of {name} {title!r}")
    try:
        return decode(file["bytes"], title)
    except BrokenRecording as error:
        raise MissingValue(f"a broken {name} {title!r}: {error}") from error
