"""What a run keeps on disk, and what of its graph is done already."""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import platform

from stilts_keras.errors import InputError
from stilts_keras.graph.graph import check_compatible
from stilts_keras.graph.stage import MANIFEST
from stilts_keras.reporting import results
from stilts_keras.reporting import submission
from stilts_keras.reporting.tensorboard import EventWriter
from stilts_keras.scoring import xtreme_files
from stilts_keras.tasks import SUITES
from stilts_keras.tasks import get_task

RUN_FILE = "run.json"
LOCK_FILE = ".lock"
RESULTS_FILE = "results.jsonl"
LAYERS_FILE = "retrieval_layers.jsonl"


class RunFolder:
    """The folder of one run and the graph that is walked in it."""

    def __init__(self, path, graph):
        """Opens the folder, which need not exist yet.

        Args:
            path: path.
            graph: `Graph`.

        Raises:
            InputError: If it holds something else, or results that this
                graph's settings would contradict. Nothing is written.
        """
        self.path = pathlib.Path(path).expanduser()
        self.graph = graph
        self._check()

    def _check(self):
        self._known = self._read_description()
        if self._known is not None:
            check_compatible(self._known, self.graph.description())

    @contextlib.contextmanager
    def lock(self):
        """Keeps other runs out of the folder; readers are never blocked.

        The lock is the system's and ends with the process, however that ends:
        the file that stays behind locks nothing.

        Raises:
            InputError: If another process writes there; it is named.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / LOCK_FILE, "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                raise InputError(
                    f"Run folder {str(self.path)!r} is in use by "
                    f"{file.read().strip() or 'another process'}. Wait for "
                    "it, or choose another --run_dir."
                ) from error
            # The other run may have ended between the first look and this.
            self._check()
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}")
            file.flush()
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
            return json.loads(file.read_text("utf-8"))["graph"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"Run file {str(file)!r} cannot be read. Choose another "
                "--run_dir, or delete this one."
            ) from error

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
        results.write_json(
            self.path / RUN_FILE, {**facts, "graph": description}
        )

    # ------------------------------------------------------------ What is done
    def rows(self):
        """Returns the stored results of this graph's cells and languages."""
        return self._rows_in(RESULTS_FILE)

    def _rows_in(self, name):
        wanted = {
            (*_cell_key(cell), language, identity(cell))
            for cell in self.graph.cells
            for language in cell.languages
        }
        return [
            row
            for row in results.read_results(self.path / name)
            if (*_row_key(row), row["stage"]) in wanted
        ]

    def unfinished(self):
        """Returns what is left to do.

        Returns:
            Tuple: the stages to be trained, parents first, and the cells to
            be evaluated, each with the languages that are missing.
        """
        done = {_row_key(row) for row in self.rows()}
        cells = []
        for cell in self.graph.cells:
            missing = tuple(
                language
                for language in cell.languages
                if (*_cell_key(cell), language) not in done
            )
            if missing:
                cells.append(dataclasses.replace(cell, languages=missing))
        needed = set()
        for cell in cells:
            stage = cell.stage
            while stage is not None and not stage.is_finished(self.path):
                needed.add(stage)
                stage = stage.parent
        return [stage for stage in self.graph.stages if stage in needed], cells

    def num_steps(self, stage):
        """Returns the steps that a finished stage took; 0 for the backbone."""
        if stage is None:
            return 0
        manifest = stage.folder(self.path) / MANIFEST
        return json.loads(manifest.read_text("utf-8"))["num_steps"]

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
    def keep(self, cell, rows):
        """Stores a cell's results, in `results.jsonl` and for TensorBoard."""
        step = self.num_steps(cell.stage)
        with EventWriter(self._events(cell)) as writer:
            for row in rows:
                writer.scalar(_tag(row), row["value"], step)
        # Last: a cell with rows counts as done.
        results.append_results(self.path / RESULTS_FILE, rows)

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
        results.write_jsonl(
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
                results.write_json(
                    folder / "labels" / xtreme_files.SPLITS_FILE,
                    {**splits, cell.target: cell.split},
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
        file = self.path / LAYERS_FILE
        known = results.read_results(file)
        results.write_jsonl(
            file,
            {
                (*_row_key(row), row["metric"], row["layer"]): row
                for row in [*known, *rows]
            }.values(),
        )

    def layer_rows(self):
        """Returns what `keep_layers` stored of this graph's cells."""
        return self._rows_in(LAYERS_FILE)

    def keep_tables(self, tables):
        """Shows the tables in TensorBoard's Text tab.

        Args:
            tables: dict from a short name to Markdown.
        """
        num_rows = len(results.read_results(self.path / RESULTS_FILE))
        with EventWriter(self.path / "tensorboard" / "tables") as writer:
            for name, text in tables.items():
                # A grown run has more rows: its tables come last.
                writer.text(f"results/{name}", text, step=num_rows)

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
    return path.is_dir() and not any(
        file.name != LOCK_FILE for file in path.iterdir()
    )
