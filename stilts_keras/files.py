"""Files of a run: written whole or not at all, and checked when read.

Everything is first written under a temporary name in the same folder, flushed
to the disk and then renamed, so that a reader (or a run that was cut off)
sees the old file or the new one and never a part of one. What a later run
relies on carries a checksum.
"""

import concurrent.futures
import contextlib
import errno
import hashlib
import json
import os
import pathlib
import secrets
import shutil

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import StageError

MANIFEST = "manifest.json"
CHECKSUM = "checksum"
PARTIAL = ".partial"
FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE)


# ------------------------------------------------------------------ One file
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
    partial = _partial(path)
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
    _sync(path.parent)


def write_json(path, value):
    """Writes one JSON value, indented; see `atomic_write`.

    Args:
        path: str or path.
        value: what JSON can hold; NumPy scalars and arrays too.

    Raises:
        InputError: If the value holds what JSON cannot, such as NaN.
    """
    text = _to_json(value, path, indent=2)
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
    return _to_json(value, path) + "\n"


# ----------------------------------------------------------------- Checksums
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
    value = json.loads(_to_json(value, "a checksum"))
    return digest_of(json.dumps(value, sort_keys=True))


def digest_of(text):
    """Returns 16 hex digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def fingerprint_of(value):
    """Returns 16 hex digits of the SHA-256 of a JSON value, keys sorted."""
    return digest_of(json.dumps(value, sort_keys=True, separators=(",", ":")))


# ------------------------------------------------------------------- Folders
@contextlib.contextmanager
def write_folder(path, facts):
    """Makes a folder that takes its name only once it is complete.

    A manifest with the sha256 of every file is added at the end.

    Args:
        path: path. If another writer has made it meanwhile, that one stays.
        facts: dict. What the manifest tells besides.

    Yields:
        path of the folder to write to.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    partial.mkdir()
    try:
        yield partial
        files = sorted(f for f in partial.rglob("*") if f.is_file())
        # Large files take seconds, and hashing leaves Python free.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            digests = list(pool.map(sha256_of, files))
        manifest = {
            **facts,
            "files": {
                file.relative_to(partial).as_posix(): {
                    "sha256": digest,
                    "num_bytes": file.stat().st_size,
                }
                for file, digest in zip(files, digests, strict=True)
            },
        }
        write_json(partial / MANIFEST, sealed(manifest))
        for item in [*partial.rglob("*"), partial]:
            _sync(item)
        _put(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _sync(path.parent)


def _put(partial, path):
    """Gives a folder its name, unless a whole one has it by now."""
    if path.is_symlink() and not path.exists():
        path.unlink()
    if path.exists() and not (path / MANIFEST).is_file():
        # Nobody can use it, and nobody would ever write it anew.
        remove(path)
    try:
        os.replace(partial, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(partial)


def check_folder(path):
    """Compares every file of a folder with its manifest.

    Returns:
        dict. The manifest.

    Raises:
        DamageError: If a file is missing or damaged; it is named.
    """
    path = pathlib.Path(path)
    manifest = read_sealed(path / MANIFEST)
    for name in manifest["files"]:
        check_file(path, name, manifest)
    return manifest


def check_file(path, name, manifest):
    """Compares one file of a folder with the folder's manifest."""
    file = pathlib.Path(path) / name
    facts = manifest["files"][name]
    if not file.is_file():
        raise DamageError(f"{file}: the file is missing.")
    if file.stat().st_size != facts["num_bytes"]:
        raise DamageError(
            f"{file}: expected {facts['num_bytes']} bytes. Received: "
            f"{file.stat().st_size}."
        )
    if sha256_of(file) != facts["sha256"]:
        raise DamageError(f"{file}: the content does not match its sha256.")


def sha256_of(file):
    """Returns the sha256 of a file's content, in hex digits."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove(path):
    """Deletes a file, a link or a folder, which loses its name first.

    A reader, or a run after this one was cut off, finds it whole or not at
    all.
    """
    path = pathlib.Path(path)
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        gone = _partial(path)
        os.replace(path, gone)
        shutil.rmtree(gone)


def leftovers(path):
    """Lists what writers that were cut off have left in a folder."""
    return sorted(pathlib.Path(path).rglob(f".*{PARTIAL}"))


def remove_leftovers(path):
    """Deletes what writers that were cut off have left in a folder.

    Only for the folder's only writer.
    """
    for found in leftovers(path):
        remove(found)


def num_bytes(path):
    """Returns the size of a file, or of all files of a folder."""
    path = pathlib.Path(path)
    if path.is_symlink() or path.is_file():
        return path.lstat().st_size
    return sum(f.lstat().st_size for f in path.rglob("*") if f.is_file())


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
    names = [_partial(folder / "probe") for _ in range(2)]
    try:
        with open(names[0], "xb") as file:
            os.fsync(file.fileno())
        # Or, at work in another process, meanwhile.
        with contextlib.suppress(FileNotFoundError):
            os.replace(*names)
        _sync(folder)
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


def _partial(path):
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")


def _to_json(value, path, **how):
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


def _sync(path):
    """Makes what was written last; only POSIX can open folders."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
