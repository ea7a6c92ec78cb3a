"""What a run keeps on disk, and what of its graph is done already."""

import collections
import contextlib
import dataclasses

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.graph.graph import SWEEP
from stilts_keras.graph.graph import check_compatible
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.records import embeddings
from stilts_keras.records import predictions
from stilts_keras.records import results
from stilts_keras.records.lock import LOCK_FILE
from stilts_keras.records.lock import locked
from stilts_keras.records.scalars import add_scores
from stilts_keras.records.stage_folders import StageFolders
from stilts_keras.records.tensorboard import EventWriter
from stilts_keras.scoring import metrics
from stilts_keras.scoring import submission
from stilts_keras.scoring import suites
from stilts_keras.tasks import get_task

TENSORBOARD = "tensorboard"
ON_DAMAGE = ("remake", "fail")
# What a stage's manifest tells of its training.
TRAINING_FACTS = (
    "parent",
    "seed",
    "sources",
    "recipe",
    "num_steps",
    "best_step",
    "dev_score",
    "left_out",
    "constants",
    "backend",
)
# Whose weights stay when nothing more needs them: all; those that a target
# was evaluated with; none.
KEEP = ("all", "last", "none")


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
        self.path = files.at_home(path)
        self.graph = graph
        self.stages = StageFolders(self.path, stage_store)
        self._results = results.Results(self.path / results.RESULTS_FILE)
        self._layers = results.Results(
            self.path / results.LAYERS_FILE, key=(*results.KEY, "layer")
        )
        self._trainings = results.Results(
            self.path / results.TRAININGS_FILE, ("stage",), results.TRAINING
        )
        self.notes = []
        self._on_damage = on_damage
        self._keep = keep
        self._whole = {}
        self._check()

    def _check(self):
        self._run = self._read_run()
        self._known = self._run.get("graph")
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
        files.check_folder_place(self.path, "run_dir")
        if self.stages.store:
            files.check_folder_place(self.stages.store, "stage_store")
        with locked(self.path):
            # The other run may have ended between the first look and this.
            self._check()
            files.remove_leftovers(self.path)
            # Before a stage of the store is looked for: none goes meanwhile.
            self.stages.register()
            yield

    def _read_run(self):
        file = self.path / results.RUN_FILE
        if not file.exists():
            if self.path.exists() and not _is_empty_folder(self.path):
                raise InputError(
                    f"{str(self.path)!r} holds something else and no "
                    f"{results.RUN_FILE}: it is no run folder. Choose another "
                    "--run_dir."
                )
            return {}
        try:
            return files.read_sealed(file)
        except DamageError as error:
            # Each row and stage tells itself what it is of.
            self.damage(error)
            return {}

    @property
    def baseline(self):
        """The route to compare with: a run that grows keeps its own."""
        known = self._run.get("baseline")
        cells = (self._known or {}).get("cells", ())
        routes = {cell.partition("|")[0] for cell in cells}
        if self.graph.asks_baseline or known not in routes:
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
        description = self.graph.description()
        for name, value in (self._known or {}).items():
            if isinstance(value, dict):
                # A run may be repeated by a part of its graph: keep the rest.
                description[name] = {**value, **description[name]}
        files.write_json(
            self.path / results.RUN_FILE,
            files.sealed(
                {**facts, "baseline": self.baseline, "graph": description}
            ),
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
        for file in (self._results, self._layers, self._trainings):
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

    def note_trainings(self, stages):
        """Keeps how stages came about: the weights may go, this stays.

        Args:
            stages: iterable of `Stage`, of which some may be unfinished.
        """
        known = {row["stage"] for row in self._trainings.rows()}
        rows = []
        for stage in stages:
            if stage.fingerprint in known:
                continue
            found = self.stages.find(stage)
            if found is not None:
                facts = files.read_sealed(found / files.MANIFEST)
                rows.append(
                    {name: facts.get(name) for name in TRAINING_FACTS}
                    | {"stage": stage.fingerprint, "path": stage.path}
                )
        if rows:
            self._trainings.add(rows)

    # ----------------------------------------------------------------- Keeping
    def keep(self, rows, writer):
        """Stores one language's results of a cell.

        Args:
            rows: list of dicts for `results.jsonl`.
            writer: `EventWriter` of the cell's route.
        """
        add_scores(rows, writer)
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
        return self.path.joinpath(TENSORBOARD, route, end, f"seed-{stage.seed}")

    def keep_predictions(self, cell, language, evaluation):
        """Stores gold and prediction of every example of one language.

        Also in the submission layout of each suite that holds the target.

        Args:
            cell: `Cell`.
            language: str.
            evaluation: has `gold`, `predictions` and `ids`.
        """
        gold, guesses = evaluation.gold, evaluation.predictions
        ids = evaluation.ids
        file = predictions.file_of(
            self.path,
            route=cell.route,
            target=cell.target,
            seed=cell.seed,
            split=cell.split,
            language=language,
        )
        predictions.write(
            file,
            gold,
            guesses,
            ids,
            metric=metrics.of(get_task(cell.target))[0],
            language=language,
        )
        submission.keep(
            self.path, suites.with_files(), cell, language, evaluation
        )

    def keep_layers(self, cell, rows):
        """Stores the scores of every hidden state, where all were asked for.

        In TensorBoard the step is the layer.
        """
        with EventWriter(self._events(cell)) as writer:
            for row in rows:
                tag = f"layers/{row['target']}/{row['metric']}"
                writer.scalar(
                    f"{tag}/{row['language']}", row["value"], row["layer"]
                )
        self._layers.add(rows)

    def layer_rows(self):
        """Returns what `keep_layers` stored of this graph's cells."""
        return self._of_cells(self._layers)

    def keep_embeddings(self, cell, language, pairs):
        """Stores sentence embeddings of one language for the projector.

        Args:
            cell: `Cell`.
            language: str.
            pairs: dict of `problems.retrieval.sample_pairs`.
        """
        file = embeddings.file_of(self.path, cell.route, cell.target, language)
        embeddings.write(file, **pairs)

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
                TENSORBOARD, stage.path, "stage", f"seed-{stage.seed}"
            )
        }
        return [EventWriter(folder) for folder in sorted(folders)]

    def writer(self, cell):
        """Opens an event file for results: one TensorBoard run per route."""
        return EventWriter(self.path / TENSORBOARD / cell.route)

    def _events(self, cell):
        return self.path.joinpath(
            TENSORBOARD, cell.route, cell.target, f"seed-{cell.seed}"
        )


def identity(cell):
    """Names the weights that a cell evaluates, for `results.jsonl`."""
    return cell.stage.fingerprint if cell.stage else PRETRAINED


def _cell_key(cell):
    return cell.route, cell.target, cell.seed


def _row_key(row):
    return row["route"], row["target"], row["seed"], row["language"]


def _is_empty_folder(path):
    # A run that was cut off at its very beginning has left no more.
    return path.is_dir() and all(
        file.name == LOCK_FILE or file.name.endswith(files.PARTIAL)
        for file in path.iterdir()
    )
