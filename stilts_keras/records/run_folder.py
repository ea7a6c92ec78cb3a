"""The folder of one run: whose it is, and what of its graph is done."""

import contextlib

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.graph.compatibility import check_compatible
from stilts_keras.records import results
from stilts_keras.records.damage import Damages
from stilts_keras.records.lock import LOCK_FILE
from stilts_keras.records.lock import locked
from stilts_keras.records.remaining import kept_stages
from stilts_keras.records.remaining import remaining
from stilts_keras.records.result_files import ResultFiles
from stilts_keras.records.stage_folders import StageFolders

# The folder of visits that are not absorbed yet.
VISITS = "visits"


class RunFolder:
    """The folder of one run and the graph that is walked in it.

    Attributes:
        path: path.
        graph: Graph.
        stages: `StageFolders`.
        files: `ResultFiles`.
        damages: `Damages`. What was found damaged and is made again.
    """

    def __init__(
        self,
        path,
        graph,
        *,
        stage_store=None,
        stage_mirror=None,
        on_damage="remake",
        stages=None,
        events=None,
    ):
        """Opens the folder, which need not exist yet.

        Args:
            path: path.
            graph: `Graph`.
            stage_store: path or None. Finished stages that runs share.
            stage_mirror: str or None. URL of a mirror of the store.
            on_damage: str. `remake` or `fail`.
            stages: `StageFolders` or None for those of the folder itself.
            events: path or None. Where TensorBoard looks; None: in the folder.

        Raises:
            InputError: If it holds something else, or results that this
                graph's settings would contradict. Nothing is written.
        """
        self.path = files.at_home(path)
        self.graph = graph
        self.stages = stages or StageFolders(
            self.path, stage_store, stage_mirror
        )
        self.damages = Damages(on_damage)
        self._description = graph.description()
        self.files = ResultFiles(
            self.path, graph, self._description, events=events
        )
        self._by_name = {stage.fingerprint: stage for stage in graph.stages}
        self._whole = {}
        self._check()

    def _check(self):
        self._run = self._read_run()
        self._known = self._run.get("graph")
        if self._known is not None:
            check_compatible(self._known, self._description)

    @contextlib.contextmanager
    def lock(self, role=""):
        """Keeps other runs out of the folder; see `locked`.

        Args:
            role: str. What is done there, for others to read.
        """
        files.check_folder_place(self.path, "run_dir")
        if self.stages.store:
            files.check_folder_place(self.stages.store, "stage_store")
        if self.stages.mirror:
            self.stages.mirror.check()
        with self._locked(role) as note:
            # The other run may have ended between the first look and this.
            self._check()
            files.remove_leftovers(self.path, but=self.path / VISITS)
            # Before a stage of the store is looked for: none goes meanwhile.
            self.stages.register()
            yield note

    def _locked(self, role):
        return locked(self.path, role=role)

    def _read_run(self):
        file = self.path / results.RUN_FILE
        if not file.exists():
            if not self._may_begin():
                raise InputError(
                    f"{str(self.path)!r} holds something else and no "
                    f"{results.RUN_FILE}: it is no run folder. Choose another "
                    "--run_dir."
                )
            return {}
        try:
            found = files.read_sealed(file)
        except DamageError as error:
            # Each row and stage tells itself what it is of.
            self.damages.meet(error)
            return {}
        results.check_format(found, file)
        return found

    def _may_begin(self):
        """Whether there is nothing, or what a run's beginning has left."""
        return not self.path.exists() or _is_empty_folder(self.path)

    @property
    def baseline(self):
        """The route to compare with: a run that grows keeps its own."""
        known = self._run.get("baseline")
        cells = (self._known or {}).get("cells", ())
        routes = {cell.partition("|")[0] for cell in cells}
        is_asked = self.graph.request.baseline is not None
        if is_asked or known not in routes:
            return self.graph.baseline
        return known

    @property
    def is_described(self):
        """Whether `run.json` is there, whole, and of this baseline."""
        is_there = self._known is not None
        return is_there and self._run.get("baseline") == self.baseline

    def describe(self, facts):
        """Writes `run.json`.

        Args:
            facts: dict, JSON-serialisable. Settings and versions.
        """
        description = dict(self._description)
        for name, value in (self._known or {}).items():
            if isinstance(value, dict):
                # A run may be repeated by a part of its graph: keep the rest.
                description[name] = {**value, **description[name]}
        files.write_json(
            self.path / results.RUN_FILE,
            files.sealed(
                {
                    **facts,
                    "format": results.FORMAT,
                    "baseline": self.baseline,
                    "graph": description,
                }
            ),
        )
        # Only now is this a run folder.
        for name, is_whole in self._whole.items():
            if is_whole:
                stage = self._by_name[name]
                self.stages.adopt(stage)
                # A run that was cut off, or another one, has finished it.
                files.remove(self.stages.progress(stage))

    # ------------------------------------------------------------ What is done
    def remaining(self, *, is_plan=False, wanted=()):
        """Returns what is left to do.

        What later work will be read from is checked, byte by byte, and made
        again where it is damaged.

        Args:
            is_plan: bool. Whether to look only, and neither check nor mend.
            wanted: iterable of str. Fingerprints of stages that are to be
                there in any case.

        Returns:
            `Remaining`.
        """
        if not is_plan:
            self.files.mend(self.damages)
        return remaining(
            self._description,
            self.files.scores(),
            self.files.layer_scores(),
            self.files.chain_scores(),
            self.files.unscored(),
            self._is_there if is_plan else self._is_whole,
            wanted=wanted,
        )

    def earlier_chain_scores(self):
        """Returns the `ChainScore` rows that later ones are compared with."""
        return self.files.chain_scores()

    def _is_there(self, name):
        stage = self._by_name[name]
        is_here = self.stages.find(stage) is not None
        return is_here or self.stages.is_mirrored(stage)

    def _is_whole(self, name):
        """Whether a stage is there as it was written."""
        if name not in self._whole:
            self._whole[name] = self._checked(self._by_name[name])
        return self._whole[name]

    def _checked(self, stage):
        found = self.stages.find(stage)
        if found is None:
            return self._is_downloaded(stage)
        try:
            files.check_folder(found)
        except DamageError as error:
            self.damages.meet(error)
            self.stages.discard(found)
            # The store may have another, or the mirror.
            return self._checked(stage)
        return True

    def _is_downloaded(self, stage):
        if not self.stages.is_mirrored(stage):
            return False
        try:
            self.stages.download(stage)
        except DamageError as error:
            self.damages.meet(error)
            return False
        return True

    @property
    def notes(self):
        """List of str: what was found damaged, and what was downloaded."""
        mirror = self.stages.mirror
        return [*self.damages.notes, *(mirror.notes if mirror else ())]

    def upload(self, stages):
        """Uploads those stages to the mirror that are finished.

        Args:
            stages: iterable of Stage.

        Returns:
            List of str: what could not be uploaded, and why.
        """
        problems = []
        for stage in stages if self.stages.mirror else ():
            found = self.stages.find(stage)
            if found is None:
                continue
            try:
                self.stages.mirror.upload(stage.fingerprint, found)
            except InputError as error:
                problems.append(
                    f"Stage {stage.path} ({stage.fingerprint}) is not uploaded "
                    f"and stays in the store: {error}"
                )
                if isinstance(error, files.Unreachable):
                    # So would each that comes after it be, and as slowly.
                    break
        return problems

    def drop_unneeded(self, keep, left):
        """Deletes weights that neither the user nor what is left to do needs.

        Args:
            keep: str. One of `remaining.KEEP`.
            left: `Remaining`.
        """
        if keep == "all":
            return
        kept = kept_stages(self._description, keep, left)
        for name, stage in self._by_name.items():
            if name not in kept:
                self.stages.drop(stage)

    def adopt(self, name):
        """Links a stage of the store into the run, if it is of the graph.

        Args:
            name: str. Fingerprint.
        """
        if name in self._by_name:
            self.stages.adopt(self._by_name[name])

    def keep_trainings(self, stages):
        """Keeps how those stages came about that are finished by now.

        Args:
            stages: iterable of Stage.
        """
        self.files.keep_trainings(stages, self._manifest)

    def _manifest(self, stage):
        try:
            return self.stages.manifest(stage)
        except DamageError:
            if self.stages.find(stage) is not None:
                raise
            # Of the mirror, it is met where the stage itself is needed.
            return None


def _is_empty_folder(path):
    # Visits may come first; and a run that was cut off at its very beginning
    # has left no more than this.
    return (
        (path / VISITS).is_dir()
        or path.is_dir()
        and all(
            file.name == LOCK_FILE or file.name.endswith(files.PARTIAL)
            for file in path.iterdir()
        )
    )
