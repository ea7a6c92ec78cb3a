"""Folders with a manifest of their files, and what is deleted."""

import concurrent.futures
import contextlib
import errno
import os
import pathlib
import shutil

from stilts_keras.errors import DamageError
from stilts_keras.files.checksums import read_sealed
from stilts_keras.files.checksums import sealed
from stilts_keras.files.checksums import sha256_of
from stilts_keras.files.whole import PARTIAL
from stilts_keras.files.whole import partial_of
from stilts_keras.files.whole import sync
from stilts_keras.files.whole import write_json

MANIFEST = "manifest.json"


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
    with _made(path) as partial:
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


@contextlib.contextmanager
def copy_folder(path, manifest):
    """Makes a folder as `write_folder` does, with the manifest of another.

    Args:
        path: path. If another writer has made it meanwhile, that one stays.
        manifest: dict. The files that it names are written by the caller, who
            has checked them.

    Yields:
        path of the folder to write to.
    """
    with _made(path) as partial:
        yield partial
        write_json(partial / MANIFEST, sealed(manifest))


@contextlib.contextmanager
def _made(path):
    """Yields a folder that is then flushed to the disk and takes its name."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    partial.mkdir()
    try:
        yield partial
        for item in [*partial.rglob("*"), partial]:
            sync(item)
        _put(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync(path.parent)


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


def remove(path):
    """Deletes a file, a link or a folder, which loses its name first.

    A reader, or a run after this one was cut off, finds it whole or not at
    all.
    """
    path = pathlib.Path(path)
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        gone = partial_of(path)
        os.replace(path, gone)
        shutil.rmtree(gone)


def leftovers(path, *, but=None):
    """Lists what writers that were cut off have left in a folder.

    Args:
        path: path.
        but: path or None. A folder in it that is left out: others write there.
    """
    but = but and pathlib.Path(but)
    return sorted(
        found
        for found in pathlib.Path(path).rglob(f".*{PARTIAL}")
        if but is None or but not in found.parents
    )


def remove_leftovers(path, *, but=None):
    """Deletes what writers that were cut off have left in a folder.

    Only for the folder's only writer; see `leftovers`.
    """
    for found in leftovers(path, but=but):
        remove(found)


def move_files(source, target):
    """Moves all files below a folder to the same places below another one.

    Both lie on one file system. What was moved before, by a call that was cut
    off, stays; what is there of the same name is replaced.
    """
    source, target = pathlib.Path(source), pathlib.Path(target)
    made = set()
    for file in sorted(f for f in source.rglob("*") if f.is_file()):
        place = target / file.relative_to(source)
        if place.parent not in made:
            place.parent.mkdir(parents=True, exist_ok=True)
        made.add(place.parent)
        os.replace(file, place)
    for folder in sorted(made):
        sync(folder)


def num_bytes(path):
    """Returns the size of a file, or of all files of a folder."""
    path = pathlib.Path(path)
    if path.is_symlink() or path.is_file():
        return path.lstat().st_size
    return sum(f.lstat().st_size for f in path.rglob("*") if f.is_file())
