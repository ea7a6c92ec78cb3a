"""The files that a run's results are kept in, and their only writer."""

import contextlib
import pathlib

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.records import embeddings
from stilts_keras.records import predictions
from stilts_keras.records import remaining
from stilts_keras.records import results
from stilts_keras.records import scalars
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Speed
from stilts_keras.records.rows import Training
from stilts_keras.records.rows import Unscored
from stilts_keras.records.rows import from_dict
from stilts_keras.records.tensorboard import EventWriter
from stilts_keras.scoring import metrics
from stilts_keras.scoring import submission_files
from stilts_keras.scoring import suites

TENSORBOARD = "tensorboard"


class ResultFiles:
    """What a run folder holds besides run.json and weights.

    Attributes:
        path: path of the run folder.
    """

    def __init__(self, path, graph, description, *, events=None):
        """Reads nothing yet.

        Args:
            path: path of the run folder.
            graph: `Graph`. The rows of others stay, and are not returned.
            description: dict. `Graph.description()`.
            events: path or None. TensorBoard's folder; None: in this one.
                Any number may write there, each to files of its own.
        """
        self.path = pathlib.Path(path)
        self._logs = pathlib.Path(events or self.path / TENSORBOARD)
        self._graph = graph
        self._is_of_graph = remaining.of_graph(description)
        self._is_of_chain = remaining.of_chains(description)
        self._scores = RowFile(self.path / results.RESULTS_FILE, Score)
        self._unscored = RowFile(self.path / results.UNSCORED_FILE, Unscored)
        self._layers = RowFile(self.path / results.LAYERS_FILE, LayerScore)
        self._chains = RowFile(self.path / results.FORGETTING_FILE, ChainScore)
        self._trainings = RowFile(self.path / results.TRAININGS_FILE, Training)
        self._speeds = RowFile(self.path / results.SPEEDS_FILE, Speed)

    def scores(self):
        """Returns the graph's `Score` rows."""
        return list(filter(self._is_of_graph, self._scores.rows()))

    def unscored(self):
        """Returns the graph's `Unscored` rows."""
        return list(filter(self._is_of_graph, self._unscored.rows()))

    def layer_scores(self):
        """Returns the graph's `LayerScore` rows."""
        return list(filter(self._is_of_graph, self._layers.rows()))

    def chain_scores(self):
        """Returns the `ChainScore` rows of the graph's chains."""
        return list(filter(self._is_of_chain, self._chains.rows()))

    def speeds(self):
        """Returns all `Speed` rows, of whatever graph."""
        return self._speeds.rows()

    def mend(self, damages):
        """Takes damaged rows out; their scores are then missing.

        Args:
            damages: `Damages`.
        """
        for file in self._row_files():
            try:
                file.rows()
            except DamageError as error:
                damages.meet(error)
                for one in file.drop_damaged():
                    damages.meet(one)

    # ---------------------------------------------- What visits have kept
    def take(self, folders):
        """Takes the rows over that other folders hold, their files included.

        Files first, rows last: what counts as done is there.

        Args:
            folders: list of path, whose writers are at rest.
        """
        for folder in folders:
            submission_files.join_splits(folder, self.path)
            for name in (
                predictions.FOLDER,
                embeddings.FOLDER,
                submission_files.FOLDER,
            ):
                files.move_files(folder / name, self.path / name)
        for file in self._row_files():
            # What is damaged is missing, and will be made again.
            file.add_files(folder / file.path.name for folder in folders)

    def arrange(self):
        """Puts the graph's rows in the order of a run by one process."""
        stages = [None, *self._graph.stages]
        cells = [
            cell
            for stage in stages
            for cell in (
                *self._graph.cells_of(stage),
                *self._graph.disturbed_cells_of(stage),
            )
        ]
        places = {
            (cell.key, language): (at, number)
            for at, cell in enumerate(cells)
            for number, language in enumerate(cell.languages)
        }
        trained = {
            stage.fingerprint: (at,)
            for at, stage in enumerate(self._graph.stages)
        }

        def of_cell(row):
            place = places.get((remaining.cell_key(row), row.language))
            return place if place and self._is_of_graph(row) else ()

        def of_stage(row):
            return trained.get(row.stage, ())

        for file in (self._scores, self._layers, self._unscored):
            file.arrange(of_cell)
        for file in (self._chains, self._trainings):
            file.arrange(of_stage)

    def _row_files(self):
        return (
            self._speeds,
            self._trainings,
            self._unscored,
            self._layers,
            self._chains,
            self._scores,
        )

    # ------------------------------------------------------------------ Keeping
    @contextlib.contextmanager
    def open_events(self):
        """Keeps one event file open for each route, not one per language."""
        with contextlib.ExitStack() as closing:
            self._closing, self._route_writers = closing, {}
            yield

    def _route_writer(self, route):
        if route not in self._route_writers:
            writer = EventWriter(self._logs / route)
            self._route_writers[route] = self._closing.enter_context(writer)
        return self._route_writers[route]

    def keep_trainings(self, stages, manifest_of):
        """Keeps how stages came about: the weights may go, this stays.

        Args:
            stages: iterable of Stage.
            manifest_of: function of a Stage -> dict, or None of one that is
                not finished.
        """
        known = {row.stage for row in self._trainings.rows()}
        rows = []
        for stage in stages:
            if stage.fingerprint in known:
                continue
            facts = manifest_of(stage)
            if facts is not None:
                facts |= {"stage": stage.fingerprint, "path": stage.path}
                where = f"manifest of {stage.path} ({stage.fingerprint})"
                rows.append(from_dict(Training, facts, where))
        if rows:
            self._trainings.add(rows)

    def keep_speeds(self, rows):
        """Keeps how long what was done has taken: a list of `Speed`."""
        if rows:
            self._speeds.add(rows)

    def keep_scores(self, scored):
        """Keeps what one language of a cell has scored, within `open_events`.

        Args:
            scored: has `cell`, `language`, `rows`, `layer_rows`, `gold`,
                `predictions`, `ids`, and `pairs` or None.
        """
        cell = scored.cell
        if scored.layer_rows:
            self._keep_layers(cell, scored.layer_rows)
        self._keep_predictions(scored)
        if scored.pairs is not None:
            file = embeddings.file_of(
                self.path, cell.route, cell.target.name, scored.language
            )
            embeddings.write(file, **scored.pairs)
        # It flushes: what counts as done must be shown, too.
        scalars.add_scores(scored.rows, self._route_writer(cell.route))
        # Last: a language with rows counts as done.
        self._scores.add(scored.rows)

    def keep_unscored(self, predicted):
        """Keeps predictions of rows whose gold is hidden.

        Args:
            predicted: has `cell`, `row`, `predictions` and `ids`.
        """
        cell, language = predicted.cell, predicted.row.language
        if cell.disturbance:
            gold = [None] * len(predicted.predictions)
            file = self._predictions_of(cell, language)
            predictions.write(file, gold, predicted.predictions, predicted.ids)
        else:
            submission_files.keep_unscored(
                self.path, suites.with_files(), cell, language, predicted
            )
        # Last: a language with a row counts as done.
        self._unscored.add([predicted.row])

    def _keep_layers(self, cell, rows):
        """Keeps the scores of every hidden state.

        In TensorBoard the step is the layer.
        """
        with EventWriter(self._events(cell)) as writer:
            for row in rows:
                tag = (
                    f"{scalars.disturbed(row)}layers/{row.target}/{row.metric}"
                )
                writer.scalar(f"{tag}/{row.language}", row.value, row.layer)
        self._layers.add(rows)

    def _keep_predictions(self, scored):
        """Keeps gold and prediction of every example of one language.

        Those of rows as they are also in the submission layout of the
        benchmarks that the target is of.
        """
        cell, language = scored.cell, scored.language
        predictions.write(
            self._predictions_of(cell, language),
            scored.gold,
            scored.predictions,
            scored.ids,
            metric=metrics.of(cell.target)[0],
            language=language,
        )
        if not cell.disturbance:
            submission_files.keep(
                self.path, suites.with_files(), cell, language, scored
            )

    def _predictions_of(self, cell, language):
        return predictions.file_of(
            self.path,
            route=cell.route,
            target=cell.target.name,
            seed=cell.seed,
            split=cell.split,
            language=language,
            disturbance=cell.disturbance,
            severity=cell.severity,
        )

    def keep_chain_scores(self, stage, rows):
        """Keeps the dev scores of a chain's sources after a stage.

        In TensorBoard the step is the stage's place in the chain; stages that
        routes share are shown in each.

        Args:
            stage: Stage.
            rows: list of `ChainScore`.
        """
        routes = self._graph.used_by(stage)
        folders = {self._chain_events(route, stage) for route in routes}
        for folder in sorted(folders):
            with EventWriter(folder) as writer:
                for row in rows:
                    name = f"{row.source}/{row.metric}"
                    for tag, value in (
                        (f"chain/{name}", row.value),
                        (f"forgetting/{name}", row.forgetting),
                    ):
                        writer.scalar(tag, value, stage.depth)
        self._chains.add(rows)

    # -------------------------------------------------------------- TensorBoard
    def training_writers(self, stage):
        """Opens the event files that a stage's training belongs in.

        A target's stage is shown with its results; an intermediate one under
        its own path.
        """
        folders = {self._events(cell) for cell in self._cells_of(stage)} or {
            self._logs.joinpath(stage.path, "stage", f"seed-{stage.seed}")
        }
        return [EventWriter(folder) for folder in sorted(folders)]

    def _chain_events(self, route, stage):
        """Names a chain: the route, and the target's stage where it ends."""
        cells = [c for c in self._cells_of(stage) if c.route == route]
        end = cells[0].target.name if cells else "chain"
        return self._logs.joinpath(route, end, f"seed-{stage.seed}")

    def _cells_of(self, stage):
        """Lists the cells whose target a stage trains."""
        return [
            cell
            for cell in self._graph.cells_of(stage)
            if cell.target.kind.is_trained
        ]

    def _events(self, cell):
        return self._logs.joinpath(
            cell.route, cell.target.name, f"seed-{cell.seed}"
        )
