"""Where finished stages lie: in a run's folder, or in a store that runs share.

A store holds each stage under its fingerprint alone; the run's folder then
has a link to it, so that the weights are found under their route either way.
A mirror of the store may lie behind a URL.
"""

import os
import pathlib

from stilts_keras import files
from stilts_keras.backbones.stage_heads import refuse_old_stage
from stilts_keras.errors import InputError
from stilts_keras.records.stage_mirror import StageMirror

STAGES = "stages"
RUNS = "runs"
# What is not whole yet.
DOWNLOADS = "downloads"


class StageFolders:
    """Finds, keeps and deletes the stages of one run."""

    def __init__(self, run_dir, store=None, mirror=None):
        """Touches nothing yet.

        Args:
            run_dir: path or None. None: only the store is looked into.
            store: path or None. Folder of finished stages that several runs,
                and people on one file system, share.
            mirror: str or None. URL of a `StageMirror` of the store.

        Raises:
            InputError: If the store is a file, or the URL none.
        """
        self.run_dir = run_dir and files.at_home(run_dir)
        # Links must hold wherever the process was started.
        self.store = store and files.at_home(store).absolute()
        if self.store and self.store.exists() and not self.store.is_dir():
            raise InputError(
                f"stage_store {str(self.store)!r} is no folder. Name one, or "
                "one that is to be made."
            )
        self.mirror = StageMirror(mirror) if mirror else None

    def place(self, stage):
        """Returns the stage's folder, or the link to it, in the run."""
        return self.run_dir.joinpath(STAGES, stage.path, stage.fingerprint)

    def find(self, stage):
        """Returns the folder of a finished stage, or None.

        Raises:
            InputError: If it is of an earlier version.
        """
        places = [self.run_dir and self.place(stage), self._stored(stage)]
        for place in filter(None, places):
            # A folder has its name only when it is whole.
            if (place / files.MANIFEST).is_file():
                refuse_old_stage(place)
                return place
        return None

    def is_in_run(self, stage):
        """Whether the run itself has the stage, or a link to it."""
        return self.find(stage) == (self.run_dir and self.place(stage))

    def progress(self, stage):
        """Returns the folder of the stage's progress while it is trained."""
        place = self.place(stage)
        return place.with_name(f".{place.name}.progress")

    def target(self, stage):
        """Returns the folder that a newly trained stage is written to."""
        stored = self._stored(stage)
        if stored is None:
            return self.place(stage)
        self._make_shared(stored.parent)
        return stored

    def is_mirrored(self, stage):
        """Whether there is a mirror that has the stage."""
        return self.mirror is not None and self.mirror.has(stage.fingerprint)

    def download(self, stage):
        """Fetches a stage into the store; see `StageMirror.download`."""
        target, downloads = self.target(stage), self.store / DOWNLOADS
        self._make_shared(downloads)
        place = downloads / stage.fingerprint
        self.mirror.download(stage.fingerprint, target, place)

    def manifest(self, stage):
        """Reads a finished stage's manifest, wherever it is; None if nowhere.

        Raises:
            DamageError: If it is not what was written.
        """
        found = self.find(stage)
        if found is not None:
            return files.read_sealed(found / files.MANIFEST)
        if self.is_mirrored(stage):
            return self.mirror.manifest(stage.fingerprint)
        return None

    def adopt(self, stage):
        """Links a stage of the store into the run, and notes who uses it."""
        stored = self._stored(stage)
        place = self.place(stage)
        if stored is None or (place / files.MANIFEST).is_file():
            return
        if not (stored / files.MANIFEST).is_file():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        # A link to what is gone from the store, or what lost its manifest.
        files.remove(place)
        place.symlink_to(stored, target_is_directory=True)

    def register(self):
        """Tells the store of this run, so that `prune` keeps what it needs."""
        if self.store is None:
            return
        run_dir = os.path.realpath(self.run_dir)
        name = run_dir.strip(os.sep).replace(os.sep, "_")[-150:]
        digest = files.digest_of(run_dir)
        file = self.store / RUNS / f"{name}-{digest}.json"
        self._make_shared(file.parent)
        if not file.is_file():
            files.write_json(file, files.sealed({"run_dir": run_dir}))

    def discard(self, found):
        """Deletes what `find` has found, and where it is a link, its target."""
        files.remove(os.path.realpath(found))
        if found.is_symlink():
            found.unlink()

    def drop(self, stage):
        """Deletes a stage from the run; the store keeps its own."""
        files.remove(self.place(stage))

    def _make_shared(self, folder):
        """Makes a folder that is open to whom the store is open."""
        self.store.mkdir(parents=True, exist_ok=True)
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(self.store.stat().st_mode)

    def _stored(self, stage):
        if self.store is None:
            return None
        return stored_folder(self.store, stage.fingerprint)


def stages_in_run(run_dir):
    """Finds the stages in a run, or the links to them, by fingerprint."""
    found = pathlib.Path(run_dir, STAGES).rglob(files.MANIFEST)
    links = [
        path
        for path in pathlib.Path(run_dir, STAGES).rglob("*")
        if path.is_symlink()
    ]
    places = {file.parent for file in found} | set(links)
    return {
        place.name: place
        for place in sorted(places)
        if not any(part.startswith(".") for part in place.parts[-2:])
    }


def stages_in_store(store):
    """Finds the stages of a store, by fingerprint."""
    found = pathlib.Path(store).glob(f"??/*/{files.MANIFEST}")
    return {file.parent.name: file.parent for file in sorted(found)}


def runs_of_store(store):
    """Returns the runs that have used a store, by the file that says so."""
    return {
        file: pathlib.Path(files.read_sealed(file)["run_dir"])
        for file in sorted(pathlib.Path(store, RUNS).glob("*.json"))
    }


def stored_folder(store, fingerprint):
    """Returns a stage's folder in a store."""
    # Not thousands of names in one folder.
    return pathlib.Path(store) / fingerprint[:2] / fingerprint
