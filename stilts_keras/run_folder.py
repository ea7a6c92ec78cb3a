"""What a run keeps on disk, and what of its graph is done already."""

import collections
import contextlib
import dataclasses
import fcntl
import os
import pathlib
import platform

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.graph.graph import SWEEP
from stilts_keras.graph.graph import check_compatible
from stilts_keras.reporting import results
from stilts_keras.reporting import submission
from stilts_keras.reporting.tensorboard import EventWriter
from stilts_keras.scoring import xtreme_files
from stilts_keras.stage_folders import StageFolders
from stilts_keras.tasks import SUITES
from stilts_keras.tasks import get_task

RUN_FILE = "run.json"
LOCK_FILE = ".lock"
RESULTS_FILE = "results.jsonl"
LAYERS_FILE = "retrieval_layers.jsonl"
TABLES = "tensorboard/tables"
CURVES = "tensorboard/curves"
REPORTED = "tensorboard/reported.json"
ON_DAMAGE = ("remake", "fail")
# Whose weights stay when nothing more needs them: all; those that a target
# was evaluated with; none.
KEEP = ("all", "last", "none")


@contextlib.contextmanager
def locked(path):
    """Keeps other writers out of a run folder; readers are never blocked.

    The lock is the system's and ends with the process, however that ends: the
    file that stays behind locks nothing.

    Args:
        path: path. Made if absent.

    Raises:
        InputError: If another process writes there; it is named.
    """
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    with open(path / LOCK_FILE, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise InputError(
                f"Run folder {str(path)!r} is in use by "
                f"{file.read().strip() or 'another process'}. Wait for it, or "
                "choose another --run_dir."
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield


def is_at_work(path):
    """Whether a process writes to a run folder; needs no right to write."""
    try:
        with open(pathlib.Path(path) / LOCK_FILE, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


class RunFolder:
    """The folder of one run and the graph that is walked in it.

    Attributes:
        stages: `StageFolders`.
        notes: list of str. What was found damaged and is made again.
    """

    def __init__(
        self, path, graph, *, stage_store=None, on_damage="remake", keep="all"
    ):
        """Opens the folder, which need not exist yet.

        Args:
            path: path.
            graph: `Graph`.
            stage_store: path or None. Finished stages that runs share.
            on_damage: str. `remake` or `fail`.
            keep: str. `all`, `last` or `none`.

        Raises:
            InputError: If it holds something else, or results that this
                graph's settings would contradict. Nothing is written.
        """
        if on_damage not in ON_DAMAGE:
            raise unknown("on_damage", str(on_damage), ON_DAMAGE)
        if keep not in KEEP:
            raise unknown("keep", str(keep), KEEP)
        self.path = pathlib.Path(path).expanduser()
        self.graph = graph
        self.stages = StageFolders(self.path, stage_store)
        self._results = results.Results(self.path / RESULTS_FILE)
        self._layers = results.Results(
            self.path / LAYERS_FILE, key=(*results.KEY, "layer")
        )
        self.notes = []
        self._on_damage = on_damage
        self._keep = keep
        self._whole = {}
        self._check()

    def _check(self):
        self._known = self._read_description()
        if self._known is not None:
            check_compatible(self._known, self.graph.description())

    def damage(self, error):
        """Notes what is to be made again, or raises.

        Raises:
            DamageError: If the user wants to know first.
        """
        if self._on_damage == "fail":
            raise DamageError(
                f"{error} Pass --on_damage=remake to have it made again."
            ) from error
        note = f"Damaged, and made again: {error}"
        if note not in self.notes:
            self.notes.append(note)

    @contextlib.contextmanager
    def lock(self):
        """Keeps other runs out of the folder; see `locked`."""
        with locked(self.path):
            # The other run may have ended between the first look and this.
            self._check()
            files.remove_leftovers(self.path)
            # Before a stage of the store is looked for: none goes meanwhile.
            self.stages.register()
            yield

    def _read_description(self):
        file = self.path / RUN_FILE
        if not file.exists():
            if self.path.exists() and not _is_empty_folder(self.path):
                raise InputError(
                    f"{str(self.path)!r} holds something else and no "
                    f"{RUN_FILE}: it is no run folder. Choose another "
                    "--run_dir."
                )
            return None
        try:
            return files.read_sealed(file)["graph"]
        except DamageError as error:
            # Each row and stage tells itself what it is of.
            self.damage(error)
            return None

    @property
    def is_described(self):
        """Whether `run.json` is there and whole."""
        return self._known is not None

    def describe(self, facts):
        """Writes `run.json`.

        Args:
            facts: dict, JSON-serialisable. Settings and versions.
        """
        description = self.graph.description()
        for name, value in (self._known or {}).items():
            if isinstance(value, dict):
                # A run may be repeated by a part of its graph: keep the rest.
                description[name] = {**value, **description[name]}
        files.write_json(
            self.path / RUN_FILE,
            files.sealed({**facts, "graph": description}),
        )
        # Only now is this a run folder.
        for stage, is_whole in self._whole.items():
            if is_whole:
                self.stages.adopt(stage)
                # A run that was cut off, or another one, has finished it.
                files.remove(self.stages.progress(stage))

    # ------------------------------------------------------------ What is done
    def rows(self):
        """Returns the stored results of this graph's cells and languages."""
        return self._of_cells(self._results)

    def _of_cells(self, file):
        wanted = {
            (*_cell_key(cell), language, identity(cell)): self.graph.evaluation(
                cell.target, language
            )
            for cell in self.graph.cells
            for language in cell.languages
        }
        return [
            row
            for row in file.rows()
            if row["evaluation"]
            == wanted.get((*_row_key(row), row["stage"]), "not of this graph")
        ]

    def lesson_rows(self):
        """Returns the stored dev scores along this graph's chains."""
        wanted = {}
        for stage in self._measured():
            for learned, index in self.graph.lessons(stage):
                source = learned.sources[index]
                key = (stage.path, source.task, stage.seed, source.language)
                wanted[*key, stage.fingerprint] = self.graph.lesson_evaluation(
                    learned, index
                )
        return [
            row
            for row in self._results.rows()
            if row["evaluation"]
            == wanted.get((*_row_key(row), row["stage"]), "not of this graph")
        ]

    def _measured(self):
        return self.graph.stages if self.graph.measure_forgetting else ()

    def unfinished(self, *, is_plan=False):
        """Returns what is left to do.

        What later work will be read from is checked, byte by byte, and made
        again where it is damaged.

        Args:
            is_plan: bool. Whether to look only, and neither check nor mend.

        Returns:
            Tuple: the stages to be trained, parents first; the cells to be
            evaluated, each with the languages that are missing; the stages
            after which the sources of their chain are to be scored.
        """
        if not is_plan:
            self._mend_results()
        done = collections.Counter(_row_key(row) for row in self.rows())
        swept = collections.Counter(_row_key(row) for row in self.layer_rows())
        cells = []
        for cell in self.graph.cells:
            num_metrics, num_layers = self._num_rows(cell)
            missing = tuple(
                language
                for language in cell.languages
                if done[(*_cell_key(cell), language)] < num_metrics
                or swept[(*_cell_key(cell), language)] < num_layers
            )
            if missing:
                cells.append(dataclasses.replace(cell, languages=missing))
        known = collections.Counter(
            (row["stage"], row["source"]) for row in self.lesson_rows()
        )
        measured = [
            stage
            for stage in self._measured()
            if any(
                known[stage.fingerprint, learned.sources[index].name]
                < len(get_task(learned.sources[index].task).metrics)
                for learned, index in self.graph.lessons(stage)
            )
        ]
        needed = set()
        waiting = self._needed((), cells, measured)
        while waiting:
            stage = waiting.pop()
            is_there = self.stages.find if is_plan else self._is_whole
            if stage not in needed and not is_there(stage):
                needed.add(stage)
                waiting |= self._needed([stage], (), ())
        stages = [stage for stage in self.graph.stages if stage in needed]
        return stages, cells, measured

    def _num_rows(self, cell):
        """Returns how many rows a language has: of results, and of layers."""
        task = get_task(cell.target)
        num_layers = 0
        if task.is_retrieval and self.graph.retrieval_layer == SWEEP:
            # The embedding is one of them; unknown before a download.
            num_layers = (self.graph.backbone.num_layers or 0) + 1
        return len(task.metrics), num_layers * len(task.metrics)

    def _needed(self, stages, cells, measured):
        """Returns the stages whose weights the work on others reads."""
        found = {cell.stage for cell in cells}
        for stage in stages:
            found.add(stage.parent)
            if stage.replayed:
                # They go on with the heads that they had.
                found.update(stage.chain[:-1])
        for stage in measured:
            found.update(stage.chain)
        return found - {None}

    def _is_whole(self, stage):
        """Whether a stage is there as it was written."""
        if stage not in self._whole:
            self._whole[stage] = self._checked(stage)
        return self._whole[stage]

    def _checked(self, stage):
        found = self.stages.find(stage)
        if found is None:
            return False
        try:
            files.check_folder(found)
        except DamageError as error:
            self.damage(error)
            self.stages.discard(found)
            # The store may have another.
            return self._checked(stage)
        return True

    def _mend_results(self):
        """Takes damaged rows out; their scores are then missing."""
        for file in (self._results, self._layers):
            try:
                file.rows()
            except DamageError as error:
                self.damage(error)
                for error in file.drop_damaged():
                    self.damage(error)

    def drop_unneeded(self, stages, cells, measured):
        """Deletes weights that neither the user nor what is left to do needs.

        Args:
            stages: iterable of `Stage`. Still to be trained.
            cells: iterable of `Cell`. Still to be evaluated.
            measured: iterable of `Stage`. Still to be scored on dev rows.
        """
        if self._keep == "all":
            return
        needed = self._needed(stages, cells, measured)
        if self._keep == "last":
            needed |= {cell.stage for cell in self.graph.cells}
        for stage in self.graph.stages:
            if stage not in needed:
                self.stages.drop(stage)

    def num_steps(self, stage):
        """Returns the steps that a finished stage took; 0 for the backbone."""
        if stage is None:
            return 0
        manifest = self.stages.find(stage) / files.MANIFEST
        return files.read_sealed(manifest)["num_steps"]

    def places(self):
        """Returns lines that tell where results are, and what may follow."""
        lines = [f"Results: {self.path}"]
        submission_folder = self.path / "submission"
        if submission_folder.is_dir():
            lines.append(
                "XTREME's files: stilts score "
                f"--predictions={submission_folder / 'xtreme'} "
                f"--labels={submission_folder / 'labels'}"
            )
        return lines

    # ----------------------------------------------------------------- Keeping
    def keep(self, cell, rows, writer):
        """Stores one language's results of a cell.

        Args:
            cell: `Cell`.
            rows: list of dicts for `results.jsonl`.
            writer: `EventWriter` of the cell.
        """
        step = self.num_steps(cell.stage)
        for row in rows:
            writer.scalar(_tag(row), row["value"], step)
        writer.flush()
        # Last: a language with rows counts as done.
        self._results.add(rows)

    def keep_lessons(self, stage, rows):
        """Stores the dev scores of a chain's sources after a stage.

        In TensorBoard the step is the stage's place in the chain; stages that
        routes share are shown in each.
        """
        folders = {
            self._chain_events(route, stage)
            for route in self.graph.used_by(stage)
        }
        for folder in sorted(folders):
            with EventWriter(folder) as writer:
                for row in rows:
                    name = f"{row['source']}/{row['metric']}"
                    for tag, value in (
                        (f"chain/{name}", row["value"]),
                        (f"forgetting/{name}", row["forgetting"]),
                    ):
                        writer.scalar(tag, value, stage.depth)
        self._results.add(rows)

    def _chain_events(self, route, stage):
        """Names a chain: the route, and the target's stage where it ends."""
        cells = [
            cell
            for cell in self.graph.cells
            if cell.stage == stage
            and cell.route == route
            and not get_task(cell.target).is_retrieval
        ]
        end = cells[0].target if cells else "chain"
        return self.path.joinpath(
            "tensorboard", route, end, f"seed-{stage.seed}"
        )

    def keep_predictions(self, cell, language, evaluation):
        """Stores gold and prediction of every example of one language.

        For XTREME's targets also in XTREME's submission layout.

        Args:
            cell: `Cell`.
            language: str.
            evaluation: has `gold`, `predictions` and `ids`.
        """
        gold, predictions = evaluation.gold, evaluation.predictions
        ids = evaluation.ids
        rows = [
            {"gold": truth, "prediction": guess}
            for truth, guess in zip(gold, predictions, strict=True)
        ]
        for row, name in zip(rows, ids or (), strict=False):
            row["id"] = name
        folder = self.path / "predictions" / cell.route / cell.target
        files.write_jsonl(
            folder / f"seed-{cell.seed}" / f"{cell.split}-{language}.jsonl",
            rows,
        )
        if cell.target in SUITES["xtreme"]:
            folder = self.path / "submission"
            mine = folder / "xtreme" / cell.route / f"seed-{cell.seed}"
            how = (get_task(cell.target).problem, language)
            submission.write_predictions(
                mine / cell.target, *how, predictions, ids
            )
            submission.write_labels(
                folder / "labels" / cell.target, *how, gold, ids
            )
            if cell.split != "test":
                splits = xtreme_files.read_splits(folder / "labels")
                files.write_json(
                    folder / "labels" / xtreme_files.SPLITS_FILE,
                    {**splits, cell.target: cell.split},
                )

    def keep_layers(self, rows, writer):
        """Stores the scores of every hidden state, where all were asked for.

        In TensorBoard the step is the layer.
        """
        for row in rows:
            tag = f"layers/{row['target']}/{row['metric']}"
            writer.scalar(
                f"{tag}/{row['language']}", row["value"], row["layer"]
            )
        writer.flush()
        self._layers.add(rows)

    def layer_rows(self):
        """Returns what `keep_layers` stored of this graph's cells."""
        return self._of_cells(self._layers)

    def keep_tables(self, tables):
        """Shows the tables in TensorBoard's Text tab.

        Args:
            tables: dict from a short name to Markdown.
        """
        num_rows = len(self._results.rows())
        with EventWriter(self.path / TABLES) as writer:
            for name, text in tables.items():
                # A grown run has more rows: its tables come last.
                writer.text(f"results/{name}", text, step=num_rows)

    def note_report(self):
        """Notes that tables and curves are of the results as they are."""
        files.write_json(
            self.path / REPORTED, files.sealed({"results": self._digest()})
        )

    def lacks_report(self):
        """Whether there are results that tables and curves are not of."""
        try:
            known = files.read_sealed(self.path / REPORTED)["results"]
        except DamageError:
            return True
        return known != self._digest()

    def _digest(self):
        return files.sha256_of(self.path / RESULTS_FILE)

    def keep_curves(self, frame):
        """Shows scores over the number of intermediate tasks as curves.

        One for chains of a stage for each task, one for mixtures of all in
        one stage.

        Args:
            frame: dict, of `tables.number_of_tasks_frame`.
        """
        folder = self.path / CURVES
        # A grown run has other means: two points at one place would be wrong.
        files.remove(folder)
        for name, is_one in (
            ("one stage each", lambda tasks, stages: stages == tasks),
            ("all in one stage", lambda tasks, stages: stages <= 1),
        ):
            with EventWriter(folder / name) as writer:
                for row in frame["rows"]:
                    for column, cell in row["cells"].items():
                        if is_one(*row["shape"]):
                            writer.scalar(
                                f"number_of_tasks/{column}",
                                cell["value"],
                                step=row["shape"][0],
                            )

    def training_writers(self, stage):
        """Opens the event files that a stage's training belongs in.

        A target's stage is shown with its results; an intermediate one under
        its own path.
        """
        folders = {
            self._events(cell)
            for cell in self.graph.cells
            if cell.stage == stage and not get_task(cell.target).is_retrieval
        } or {
            self.path.joinpath(
                "tensorboard", stage.path, "stage", f"seed-{stage.seed}"
            )
        }
        return [EventWriter(folder) for folder in sorted(folders)]

    def writer(self, cell):
        """Opens the event file that a cell's results belong in."""
        return EventWriter(self._events(cell))

    def _events(self, cell):
        return self.path.joinpath(
            "tensorboard", cell.route, cell.target, f"seed-{cell.seed}"
        )


def identity(cell):
    """Names the weights that a cell evaluates, for `results.jsonl`."""
    return cell.stage.fingerprint if cell.stage else "pretrained"


def _cell_key(cell):
    return cell.route, cell.target, cell.seed


def _row_key(row):
    return row["route"], row["target"], row["seed"], row["language"]


def _tag(row):
    kind = "zero_shot" if row["zero_shot"] else "supervised"
    return f"{kind}/{row['target']}/{row['metric']}/{row['language']}"


def _is_empty_folder(path):
    # A run that was cut off at its very beginning has left no more.
    return path.is_dir() and all(
        file.name == LOCK_FILE or file.name.endswith(files.PARTIAL)
        for file in path.iterdir()
    )
