"""A mirror of stages: in an object store, for machines that share no disk.

    mirror.json                 what it is
    manifests/<fingerprint>     of a stage, once all of its files are there
    files/<fingerprint>/<sha256>

Files go by their content: of two processes that upload the same stage, each
finds its own files whole, whoever's manifest stays. Nothing is ever deleted.
"""

import os
import pathlib
import re
import time

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.records.lock import InUse
from stilts_keras.records.lock import locked

FLAG = "stage_mirror"
MARK = "mirror.json"
FORMAT = 1
MANIFESTS = "manifests"
FILES = "files"
SHA256 = re.compile("[0-9a-f]{64}")
POLL_SECONDS = 0.5


class StageMirror:
    """Finds, downloads and uploads finished stages.

    Attributes:
        url: str.
        notes: list of str. What was downloaded.
    """

    def __init__(self, url):
        """Reaches for nothing yet.

        Args:
            url: str. `s3://`, `gs://`, `file://` or `memory://`.

        Raises:
            InputError: If it is none that is known, or its client is not
                installed.
        """
        self._remote = files.Remote(url, FLAG)
        self.url = self._remote.url
        self.notes = []
        self._known = None
        self._damaged = set()

    def check(self):
        """Raises InputError unless the mirror is there and takes files."""
        found = self._remote.read(MARK)
        mark = {"stilts_keras": "stage mirror", "format": FORMAT}
        if found is not None:
            there = files.unsealed(found, f"{self.url}/{MARK}")
            if there != mark:
                raise InputError(
                    f"--{FLAG}={self.url} is of another kind or version: its "
                    f"{MARK} tells {there}. Expected: {mark}. Name another."
                )
        # Written in any case: only so it is known that it can be.
        self._remote.write(MARK, _encoded(mark))

    def has(self, fingerprint):
        """Whether the mirror had a stage when it was first asked."""
        if self._known is None:
            self._known = self._remote.names(MANIFESTS)
        return fingerprint in self._known

    def manifest(self, fingerprint):
        """Reads a stage's manifest.

        Raises:
            DamageError: If it is not what was written, or of another stage.
        """
        where = f"{self.url}/{MANIFESTS}/{fingerprint}"
        found = self._remote.read(f"{MANIFESTS}/{fingerprint}")
        if found is None:
            raise DamageError(f"{where}: the file is missing.")
        manifest = files.unsealed(found, where)
        if manifest.get("fingerprint") != fingerprint:
            raise DamageError(
                f"{where}: expected the manifest of that stage. Received: of "
                f"{manifest.get('fingerprint')}."
            )
        for name, facts in manifest["files"].items():
            if not files.is_safe(name) or not SHA256.fullmatch(facts["sha256"]):
                raise DamageError(f"{where}: {name!r} is no file of a folder.")
        return manifest

    # -------------------------------------------------------------- Downloads
    def download(self, fingerprint, target, place):
        """Downloads a stage, unless another process does so first.

        Args:
            fingerprint: str.
            target: path of the folder to make, which is seen once it is whole.
            place: path of a folder for what is not whole yet, on the same
                file system; a later call goes on with what lies there.

        Raises:
            DamageError: If a file is missing or does not match the manifest;
                it is named.
            Unreachable: If the mirror cannot be read.
        """
        while not (target / files.MANIFEST).is_file():
            try:
                with locked(place, what="Download {path!r}", move="Wait."):
                    if not (target / files.MANIFEST).is_file():
                        self._download(fingerprint, target, place)
                    files.remove(place)
            except InUse:
                time.sleep(POLL_SECONDS)

    def _download(self, fingerprint, target, place):
        try:
            manifest = self.manifest(fingerprint)
            found = {
                name: self._file(fingerprint, place, name, facts)
                for name, facts in manifest["files"].items()
            }
        except DamageError:
            # What is trained instead is uploaded in its place.
            self._damaged.add(fingerprint)
            files.remove(place)
            raise
        with files.copy_folder(target, manifest) as partial:
            for name, file in found.items():
                (partial / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, partial / name)
        size = sum(facts["num_bytes"] for facts in manifest["files"].values())
        self.notes.append(
            f"Downloaded from {self.url}: stage {manifest.get('stage')} "
            f"({fingerprint}), {size:,} bytes."
        )

    def _file(self, fingerprint, place, name, facts):
        """Downloads one file and checks it; returns where it lies."""
        source = f"{FILES}/{fingerprint}/{facts['sha256']}"
        # Two files may be of one content.
        file = place / f"{files.digest_of(name)}-{facts['sha256']}"
        # What was begun may, at a power failure, have lost its end.
        for is_begun in (True, False) if file.exists() else (False,):
            if not is_begun:
                file.unlink(missing_ok=True)
            self._remote.get(source, file, facts["num_bytes"])
            if files.sha256_of(file) == facts["sha256"]:
                return file
        raise DamageError(
            f"{self.url}/{source}: the content does not match its sha256 "
            f"({name} of stage {fingerprint})."
        )

    # ---------------------------------------------------------------- Uploads
    def upload(self, fingerprint, folder):
        """Uploads a finished stage, its manifest last.

        What is there is not sent again, unless it was found damaged.

        Args:
            fingerprint: str.
            folder: path.

        Raises:
            DamageError: If the folder is damaged: that is not handed on.
            Unreachable: If the mirror cannot be written.
        """
        name = f"{MANIFESTS}/{fingerprint}"
        is_anew = fingerprint in self._damaged
        if not is_anew:
            if self.has(fingerprint) or self._remote.size(name) is not None:
                return
        folder = pathlib.Path(folder)
        manifest = files.check_folder(folder)
        for file, facts in manifest["files"].items():
            target = f"{FILES}/{fingerprint}/{facts['sha256']}"
            if is_anew or self._remote.size(target) != facts["num_bytes"]:
                self._remote.put(folder / file, target)
        self._remote.write(name, _encoded(manifest))
        self._damaged.discard(fingerprint)
        self._known.add(fingerprint)


def _encoded(value):
    return files.to_line(files.sealed(value), "a mirror").encode()
