"""Values with a checksum of themselves, and what stands for others."""

import hashlib
import json
import pathlib

from stilts_keras.errors import DamageError
from stilts_keras.files.whole import to_json

CHECKSUM = "checksum"


def sealed(value):
    """Returns a dict with a checksum of itself, to be written as JSON.

    Args:
        value: dict of what JSON can hold; NumPy scalars and arrays too.
    """
    rest = {key: item for key, item in value.items() if key != CHECKSUM}
    return {**rest, CHECKSUM: _checksum(rest)}


def unsealed(text, where):
    """Reads what `sealed` made, without the checksum.

    Args:
        text: bytes. JSON.
        where: str. The file, and the line where there are several.

    Raises:
        DamageError: If it is not what was written.
    """
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_no_json)
    except ValueError as error:
        raise DamageError(f"{where}: not the JSON written ({error}).") from None
    if not isinstance(value, dict) or CHECKSUM not in value:
        raise DamageError(
            f"{where}: expected a JSON object with a {CHECKSUM}. Received: "
            f"{text[:80].decode('utf-8')!r}."
        )
    found = value.pop(CHECKSUM)
    if found != _checksum(value):
        raise DamageError(
            f"{where}: the content does not match its {CHECKSUM} {found!r}."
        )
    return value


def read_sealed(path):
    """Reads a file that holds one sealed value.

    Raises:
        DamageError: If it cannot be read or is not what was written.
    """
    return unsealed(_read(path), str(path))


def _read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise DamageError(f"{path}: cannot be read ({error}).") from None


def _no_json(name):
    raise ValueError(f"{name} is not JSON")


def _checksum(value):
    # As it will be read: with text for keys.
    value = json.loads(to_json(value, "a checksum"))
    return digest_of(json.dumps(value, sort_keys=True))


def digest_of(text):
    """Returns 16 hex digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def fingerprint_of(value):
    """Returns 16 hex digits of the SHA-256 of a JSON value, keys sorted."""
    return digest_of(json.dumps(value, sort_keys=True, separators=(",", ":")))


def sha256_of(file):
    """Returns the sha256 of a file's content, in hex digits."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
