"""The folders of visits: made by whoever makes the visit, and absorbed.

A visit is the run of a part of a graph, in `visits/<fingerprint>` of the run
folder: with its own lock, progress and results. Only its stage goes to the
store, and its curves to where TensorBoard looks. The run's one writer takes
over what it has made.
"""

import contextlib
import os
import pathlib
import re

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.records import results
from stilts_keras.records import status
from stilts_keras.records.lock import InUse
from stilts_keras.records.lock import holder_of
from stilts_keras.records.lock import locked
from stilts_keras.records.result_files import TENSORBOARD
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import Training
from stilts_keras.records.run_folder import VISITS
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.stage_folders import STAGES
from stilts_keras.records.stage_folders import StageFolders

FINGERPRINT = re.compile("[0-9a-f]{16}")
# The role of a writer of the run folder that makes no visits itself.
ABSORBING = "taking what jobs have made"


def visit_folder(run_dir, fingerprint):
    """Names the folder of a visit."""
    return pathlib.Path(run_dir, VISITS, fingerprint)


def visit_folders(run_dir):
    """Lists the folders of visits that are not absorbed yet."""
    found = pathlib.Path(run_dir, VISITS).glob("*")
    return sorted(path for path in found if FINGERPRINT.fullmatch(path.name))


def visits_at_work(run_dir):
    """Finds the visits that are being made.

    Returns:
        Dict from fingerprint to who makes it, as it says itself.
    """
    holders = {path: holder_of(path) for path in visit_folders(run_dir)}
    return {path.name: who for path, who in holders.items() if who is not None}


def progress_of(run_dir, fingerprint):
    """Measures how far a visit is: what a retry would not do again.

    Returns:
        Tuple of what can be compared: finished scores, and saved steps.
    """
    path = visit_folder(run_dir, fingerprint)
    num_rows = sum(
        len(_lines_of(path / name))
        for name in (
            results.TRAININGS_FILE,
            results.RESULTS_FILE,
            results.FORGETTING_FILE,
        )
    )
    # A folder for each state, which begins with the step.
    saved = [
        int(place.name.partition("-")[0])
        for place in path.glob(f"{STAGES}/**/.*.progress/[0-9]*-[0-9]")
    ]
    return num_rows, max(saved, default=0)


def _lines_of(file):
    try:
        return file.read_bytes().splitlines()
    except FileNotFoundError:
        return []


class VisitFolder(RunFolder):
    """The folder of one visit; what it reads of its run it does not change.

    Attributes:
        run: `StageFolders` of the run.
    """

    def __init__(
        self,
        run_dir,
        part,
        *,
        stage_store,
        stage_mirror=None,
        on_damage="remake",
    ):
        """Opens the folder, which need not exist yet.

        Args:
            run_dir: path of the run folder.
            part: `Part`.
            stage_store: path.
            stage_mirror: str or None. URL of a mirror of the store.
            on_damage: str. `remake` or `fail`.
        """
        run_dir = files.at_home(run_dir)
        path = visit_folder(run_dir, part.fingerprint)
        self.run = StageFolders(run_dir, stage_store, stage_mirror)
        super().__init__(
            path,
            part,
            stages=_VisitStages(path, self.run),
            on_damage=on_damage,
            events=run_dir / TENSORBOARD,
        )

    @contextlib.contextmanager
    def lock(self, role=""):
        """Keeps others from making the visit; see `RunFolder.lock`."""
        with super().lock(role) as note:
            self._take_progress()
            yield note

    def _may_begin(self):
        # Of this name, it can be of nobody else.
        return True

    def refuse_driver(self):
        """Raises InputError where a process makes the run's visits itself.

        A driver first locks the run and then looks for visits at work; so of
        the two at least one sees the other, if this is asked once the visit
        is locked.
        """
        run_dir = self.run.run_dir
        who = holder_of(run_dir)
        if who is not None and ABSORBING not in who:
            raise InputError(
                f"Run folder {str(run_dir)!r} is in use by {who}, which makes "
                "its visits itself. Wait for it, or end it."
            )

    def _locked(self, role):
        return locked(
            self.path,
            role=role,
            what=f"Visit {self.graph.fingerprint} ({self.graph.name}), folder "
            "{path!r},",
            move="Wait for it, or end it.",
        )

    def _take_progress(self):
        """Goes on from where another way of running has left the stage."""
        if self.graph.own is None:
            return
        theirs = self.run.progress(self.graph.own)
        mine = self.stages.progress(self.graph.own)
        if theirs.is_dir() and not mine.exists():
            mine.parent.mkdir(parents=True, exist_ok=True)
            os.replace(theirs, mine)

    def remaining(self, *, is_plan=False, wanted=()):
        """Returns what is left: the stage first, whatever it is needed for.

        Raises:
            InputError: If a stage before it is not there.
        """
        own = self.graph.own
        mine = {own.fingerprint} if own else set()
        nearest = (own and own.averaged) or self.graph.stages[-2:-1]
        for stage in nearest:
            # What is uploaded may be in the store, or not.
            is_mirrored = self.stages.is_mirrored(stage)
            if self.stages.find(stage) is None and not is_mirrored:
                files.await_seen(self.stages.target(stage) / files.MANIFEST)
        left = super().remaining(is_plan=is_plan, wanted={*wanted, *mine})
        missing = left.stages - mine
        for stage in self.graph.stages:
            if stage.fingerprint in missing:
                raise InputError(
                    f"Visit {self.graph.fingerprint} ({self.graph.name}): "
                    f"stage {stage.path!r} ({stage.fingerprint}) before it "
                    f"is neither in the store {str(self.stages.store)!r} nor "
                    "in the run. Make its visit first, or `stilts run` all."
                )
        return left

    def earlier_chain_scores(self):
        """Returns rows of stages before this one, and its own."""
        run_dir = self.run.run_dir
        before = {stage.fingerprint for stage in self.graph.stages}
        # The run's last: what is absorbed meanwhile is in one or the other.
        places = [*visit_folders(run_dir), run_dir]
        rows = [
            row
            for place in places
            for row in read_rows(
                place / results.FORGETTING_FILE, ChainScore, []
            )
            if row.stage in before
        ]
        return [*rows, *self.files.chain_scores()]


class _VisitStages(StageFolders):
    """The stages that a visit sees: the store's, and the run's own."""

    def __init__(self, path, run):
        super().__init__(path, run.store)
        self.mirror = run.mirror
        self._run = run

    def find(self, stage):
        return super().find(stage) or self._run.find(stage)

    def register(self):
        """Tells the store of the run: that is what outlives the visit."""
        self._run.register()


# ---------------------------------------------------------------- Absorption
def absorb(folder, paths):
    """Takes over what visits have made: files first, rows last.

    What is not finished stays to be done: its progress goes on in the run.

    Args:
        folder: `RunFolder`, locked.
        paths: iterable of path. The visits' folders.

    Returns:
        Dict from path to who is at work there: those were left as they are.
    """
    busy, free = {}, []
    with contextlib.ExitStack() as held:
        for path in paths:
            try:
                held.enter_context(locked(path, what="Visit {path!r}"))
            except InUse as error:
                busy[path] = error.holder
            else:
                free.append(path)
        for path in free:
            _take_stages(folder, path)
        folder.files.take(free)
        for path in free:
            files.remove(path)
    return busy


def _take_stages(folder, path):
    """Links what a visit has trained, and keeps what it has begun."""
    rows = read_rows(path / results.TRAININGS_FILE, Training, [])
    trained = {row.stage for row in rows}
    for name in trained:
        folder.adopt(name)
    for progress in sorted((path / STAGES).rglob(".*.progress")):
        place = folder.path / progress.relative_to(path)
        is_done = progress.name.split(".")[1] in trained
        if not is_done and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(progress, place)


def describe_at_work(run_dir, parts):
    """Says what is being made, where, since when, and how far it is.

    Args:
        run_dir: path.
        parts: function that returns an iterable of `Part`.

    Returns:
        List of str.
    """
    lines, names = [], {}
    for fingerprint, who in visits_at_work(run_dir).items():
        # Fingerprints of all parts take their time.
        names = names or {part.fingerprint: part.name for part in parts()}
        known = status.read(visit_folder(run_dir, fingerprint))
        where = ""
        if known.get("stage"):
            where = f", step {known['step']:,} of {known['num_steps']:,}"
        name = names.get(fingerprint, "of another graph")
        lines.append(f"Running: {name} ({fingerprint}), by {who}{where}.")
    return lines
