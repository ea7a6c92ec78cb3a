"""Run an experiment: walk the graph, train each stage once, evaluate, report.

The main loop; read this first.
"""

import dataclasses
import importlib.metadata
import json
import pathlib
import platform
import shutil

import keras
import numpy as np

from stilts_keras.data.features import load_features
from stilts_keras.errors import InputError
from stilts_keras.graph.graph import check_compatible
from stilts_keras.graph.stage import MANIFEST
from stilts_keras.models import backend
from stilts_keras.models import checkpoint
from stilts_keras.models import xlm_roberta
from stilts_keras.models.multitask import MultiTask
from stilts_keras.problems import problem_of
from stilts_keras.reporting import results
from stilts_keras.reporting import tables
from stilts_keras.reporting.progress import Progress
from stilts_keras.reporting.tensorboard import EventWriter
from stilts_keras.scoring import intervals
from stilts_keras.scoring import metrics
from stilts_keras.steps.evaluate import evaluate
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import num_stage_steps
from stilts_keras.steps.train import train
from stilts_keras.tasks import get_task

RUN_FILE = "run.json"
RESULTS_FILE = "results.jsonl"
LONG_ROWS = ("cut", "error")


def run(
    graph,
    *,
    run_dir,
    log_every_steps=50,
    long_rows="cut",
    console=None,
    settings=None,
):
    """Trains and evaluates whatever of a graph is not done yet.

    Args:
        graph: `Graph`.
        run_dir: path. Made if absent; may hold earlier results of this graph
            or of a smaller one.
        log_every_steps: int. Steps between two points in TensorBoard.
        long_rows: str. `cut`: rows longer than `max_length` lose tokens, as
            published, and are counted; `error`: they are refused.
        console: `rich.console.Console` or None for the terminal.
        settings: dict or None. Kept in `run.json`, such as the flags given.

    Returns:
        List of dicts: the rows of `results.jsonl` that belong to the graph.

    Raises:
        InputError: If data, backbone or run folder are unfit; before any
            training.
        StageError: If a stage cannot be finished.
    """
    # -------------------------------------------- The run folder, if it is ours
    backend.prepare()
    run_dir = pathlib.Path(run_dir)
    _check_choice("long_rows", long_rows, LONG_ROWS)
    _claim(run_dir, graph, settings)
    walk = _Walk(graph, run_dir, log_every_steps, long_rows, console)

    # ----------------------------- All that can be wrong with the data, at once
    stages, cells = walk.unfinished()
    walk.prepare(stages, cells)

    # --------------------------------------------------------- Stages and cells
    with walk.progress:
        for cell in cells:
            if cell.stage is None:
                walk.evaluate_cell(cell, model=None)
        for stage in graph.stages:
            model = walk.train_stage(stage) if stage in stages else None
            for cell in cells:
                if cell.stage == stage:
                    model = walk.evaluate_cell(cell, model)
            # A Model is full of circles: without this, the next one would be
            # built while the last still fills the device's memory.
            del model
            keras.utils.clear_session(free_memory=True)

    # ------------------------------------------------------------------- Report
    rows = walk.rows_of_graph()
    _print_tables(graph, rows, console)
    return rows


class _Walk:
    """What the loop carries from stage to stage."""

    def __init__(self, graph, run_dir, log_every_steps, long_rows, console):
        self.graph = graph
        self.run_dir = run_dir
        self.log_every_steps = log_every_steps
        self.long_rows = long_rows
        self.progress = Progress(console=console)
        self.tokenizer = None
        self._splits = {}
        self._problems = {}

    # ---------------------------------------------------------------- Places
    def folder(self, stage):
        return stage.folder(self.run_dir)

    def results_file(self):
        return self.run_dir / RESULTS_FILE

    def event_folder(self, *parts, seed):
        return self.run_dir.joinpath("tensorboard", *parts, f"seed-{seed}")

    # ------------------------------------------------------------ What is done
    def rows_of_graph(self):
        """Returns the stored rows of this graph's cells and languages."""
        wanted = {
            (cell.route, cell.target, cell.seed, language, _identity(cell))
            for cell in self.graph.cells
            for language in cell.languages
        }
        return [
            row
            for row in results.read_results(self.results_file())
            if (
                row["route"],
                row["target"],
                row["seed"],
                row["language"],
                row["stage"],
            )
            in wanted
        ]

    def unfinished(self):
        """Returns the stages to be trained and the cells to be evaluated."""
        done = {
            (row["route"], row["target"], row["seed"], row["language"])
            for row in self.rows_of_graph()
        }
        cells = []
        for cell in self.graph.cells:
            missing = tuple(
                language
                for language in cell.languages
                if (cell.route, cell.target, cell.seed, language) not in done
            )
            if missing:
                cells.append(dataclasses.replace(cell, languages=missing))
        stages = [
            stage
            for stage in self.graph.stages
            if not stage.is_finished(self.run_dir)
        ]
        return stages, cells

    # -------------------------------------------------------------- Preparation
    def prepare(self, stages, cells):
        """Packs all that will be needed, so that bad rows show up now."""
        if not stages and not cells:
            return
        self.tokenizer = xlm_roberta.load_tokenizer(self.graph.backbone)
        for stage in stages:
            for index, source in enumerate(stage.sources):
                self.split(source, stage, index, "train")
                self.split(source, stage, index, "dev")
        for cell in cells:
            for language in cell.languages:
                self.test_split(cell, language)
        cut = {
            split.where: split.num_cut_rows
            for split in self._splits.values()
            if split is not None and split.num_cut_rows
        }
        for where, count in cut.items():
            text = f"{where}: {count} rows are longer than --max_length"
            if self.long_rows == "error":
                raise InputError(
                    f"{text}. Raise --max_length, shorten the rows, or pass "
                    "--long_rows=cut to lose their ends."
                )
            self.progress.note(f"{text} and were cut.")

    def split(self, source, stage, index, split):
        """Returns packed rows of a stage's source; None without such rows."""
        task = get_task(source.task)
        held = self.graph.data.languages(task, split)
        if source.language not in held:
            return None
        return self._load(
            task,
            source.language,
            split,
            stage.max_lengths[index],
            source.count if split == "train" else stage.recipe.dev_limit,
        )

    def test_split(self, cell, language):
        """Returns packed rows of one language of a cell's target."""
        task = get_task(cell.target)
        return self._load(
            task,
            language,
            "test",
            self.graph.eval_length(task),
            self.graph.eval_limit,
        )

    def _load(self, task, language, split, max_length, count):
        key = (task.name, language, split, max_length, count)
        if key not in self._splits:
            problem = self.problem(task)
            self._splits[key] = load_features(
                self.graph.data,
                task,
                language,
                split,
                pack=problem.pack,
                pack_key=problem.pack_key,
                tokenizer=self.tokenizer,
                max_length=max_length,
                count=count,
            )
        return self._splits[key]

    def problem(self, task):
        if task.name not in self._problems:
            self._problems[task.name] = problem_of(task)
        return self._problems[task.name]

    # ----------------------------------------------------------------- Training
    def train_stage(self, stage):
        """Trains one stage, writes its folder, and returns its Model."""
        sources = [
            TrainSource(
                name=str(source),
                key=get_task(source.task).head_key,
                problem=self.problem(get_task(source.task)),
                split=self.split(source, stage, index, "train"),
            )
            for index, source in enumerate(stage.sources)
        ]
        model = self.stage_model(stage, parent=stage.parent)
        num_steps = num_stage_steps(stage.recipe, sources)
        folder = self.folder(stage)
        best = folder.with_name(f".{folder.name}.best")
        writers = self.stage_writers(stage)
        self.progress.start(stage.path, num_steps)

        def on_log(log):
            for writer in writers:
                _write_log(writer, log)

        def on_dev(step):
            scores = self.dev_scores(stage, model)
            for name, score in scores.items():
                for writer in writers:
                    writer.scalar(f"dev/{name}", score, step)
            return float(np.mean(list(scores.values()))) if scores else None

        best_score, best_step = train(
            model,
            sources,
            stage.recipe,
            stage_name=stage.path,
            seed=stage.seed,
            tokenizer=self.tokenizer,
            log_every_steps=self.log_every_steps,
            on_log=on_log,
            on_step=self.progress.update,
            evaluate_dev=on_dev,
            keep_best=lambda: checkpoint.save_weights(best, model),
        )
        if best_step != num_steps:
            checkpoint.load_weights(best, model)
        shutil.rmtree(best, ignore_errors=True)
        checkpoint.save_stage(
            folder,
            model=model,
            tokenizer=self.tokenizer,
            facts={
                "stage": stage.path,
                "fingerprint": stage.fingerprint,
                "parent": stage.parent.fingerprint if stage.parent else None,
                "sources": [str(source) for source in stage.sources],
                "seed": stage.seed,
                "recipe": dataclasses.asdict(stage.recipe),
                "num_steps": num_steps,
                "best_step": best_step,
                "dev_score": best_score,
                **_versions(),
            },
        )
        for writer in writers:
            writer.close()
        self.progress.finish()
        return model

    def stage_model(self, stage, *, parent):
        """Builds a stage's Model on the weights of its parent, or its own."""
        keras.utils.set_random_seed(stage.seed)
        policy = stage.recipe.dtype_policy
        backbone = self.backbone(parent, policy)
        heads, losses = {}, {}
        for source in stage.sources:
            task = get_task(source.task)
            problem = self.problem(task)
            if task.head_key not in heads:
                heads[task.head_key] = problem.head(backbone)
                losses[task.head_key] = problem.loss
        return MultiTask(backbone, heads, losses, seed=stage.seed)

    def backbone(self, stage, policy):
        """Loads the backbone of a finished stage, or the root (None)."""
        if stage is None:
            return xlm_roberta.load_root(
                self.graph.backbone,
                tokenizer=self.tokenizer,
                dtype_policy=policy,
            )
        checkpoint.check_stage(self.folder(stage))
        return xlm_roberta.load_backbone(
            self.folder(stage), dtype_policy=policy
        )

    def dev_scores(self, stage, model):
        """Returns each source's dev score, of those with dev rows."""
        scores = {}
        for index, source in enumerate(stage.sources):
            task = get_task(source.task)
            split = self.split(source, stage, index, "dev")
            if split is not None and task.metrics:
                evaluation = evaluate(
                    model,
                    task.head_key,
                    self.problem(task),
                    split,
                    task=task,
                    tokenizer=self.tokenizer,
                    batch_size=stage.recipe.batch_size,
                )
                scores[str(source)] = evaluation.metrics[task.metrics[0]]
        return scores

    def stage_writers(self, stage):
        """Opens the event files in which a stage's training belongs."""
        folders = {
            self.event_folder(cell.route, cell.target, seed=cell.seed)
            for cell in self.graph.cells
            if cell.stage == stage
            and get_task(cell.target).problem != "retrieval"
        } or {self.event_folder(stage.path, "stage", seed=stage.seed)}
        return [EventWriter(folder) for folder in sorted(folders)]

    # --------------------------------------------------------------- Evaluation
    def evaluate_cell(self, cell, model):
        """Evaluates one cell, stores its rows, and returns the Model used."""
        task = get_task(cell.target)
        problem = self.problem(task)
        if task.problem == "retrieval":
            predictor = self.retrieval_model(cell, model, problem, task)
        else:
            predictor = model = model or self.finished_model(cell.stage)
        rows, steps = [], self.steps_of(cell)
        self.progress.note(
            f"evaluating {cell.target} after {cell.route}: "
            f"{' '.join(cell.languages)}"
        )
        for language in cell.languages:
            split = self.test_split(cell, language)
            evaluation = evaluate(
                predictor,
                task.head_key,
                problem,
                split,
                task=task,
                tokenizer=self.tokenizer,
                batch_size=self.graph.recipe_for(task).batch_size,
            )
            self.keep_predictions(cell, language, evaluation)
            rows += _rows(self.graph, cell, task, language, evaluation)
        results.append_results(self.results_file(), rows)
        folder = self.event_folder(cell.route, cell.target, seed=cell.seed)
        with EventWriter(folder) as writer:
            for row in rows:
                writer.scalar(_tag(row), row["value"], steps)
        return model

    def finished_model(self, stage):
        """Loads a finished stage with its heads."""
        model = self.stage_model(stage, parent=stage)
        checkpoint.load_weights(self.folder(stage), model)
        return model

    def retrieval_model(self, cell, model, problem, task):
        """Makes a Model from tokens to pooled states of the task's layer."""
        if model is not None:
            backbone = model.backbone
        else:
            policy = self.graph.recipe_for(task).dtype_policy
            backbone = self.backbone(cell.stage, policy)
        layer = problem.layer(backbone.num_layers)
        return MultiTask(
            xlm_roberta.hidden_layer(backbone, layer),
            {task.head_key: problem.head(backbone)},
            {},
        )

    def steps_of(self, cell):
        """Returns the steps that a cell's stage was trained for."""
        if cell.stage is None:
            return 0
        manifest = self.folder(cell.stage) / MANIFEST
        return json.loads(manifest.read_text("utf-8"))["num_steps"]

    def keep_predictions(self, cell, language, evaluation):
        """Writes gold and prediction of every example."""
        folder = self.run_dir / "predictions" / cell.route / cell.target
        results.write_jsonl(
            folder / f"seed-{cell.seed}" / f"test-{language}.jsonl",
            [
                {"gold": gold, "prediction": prediction}
                for gold, prediction in zip(
                    evaluation.gold, evaluation.predictions, strict=True
                )
            ],
        )


def _identity(cell):
    return cell.stage.fingerprint if cell.stage else "pretrained"


def _rows(graph, cell, task, language, evaluation):
    rows = []
    for metric, value in evaluation.metrics.items():
        low, high = intervals.interval(
            metric, evaluation.gold, evaluation.predictions
        )
        rows.append(
            {
                "route": cell.route,
                "seed": cell.seed,
                "target": cell.target,
                "language": language,
                "split": "test",
                "metric": metric,
                "value": value,
                "n": len(evaluation.gold),
                "zero_shot": graph.zero_shot(cell, language),
                "stage": _identity(cell),
                "low": low,
                "high": high,
                "chance": metrics.chance(metric, evaluation.gold),
            }
        )
    return rows


def _tag(row):
    kind = "zero_shot" if row["zero_shot"] else "supervised"
    return f"{kind}/{row['target']}/{row['metric']}/{row['language']}"


def _write_log(writer, log):
    for source, loss in log.loss.items():
        writer.scalar(f"loss/{source}", loss, log.step)
    for name in (
        "learning_rate",
        "examples_per_second",
        "tokens_per_second",
        "padding_share",
    ):
        writer.scalar(f"train/{name}", getattr(log, name), log.step)


def _claim(run_dir, graph, settings):
    """Refuses a folder of other results; notes what this run is."""
    file = run_dir / RUN_FILE
    if file.exists():
        try:
            old = json.loads(file.read_text("utf-8"))["graph"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"Run file {str(file)!r} cannot be read. Choose another "
                "--run_dir, or delete this one."
            ) from error
        new = graph.description()
        check_compatible(old, new)
        # A run may be repeated by a part of its graph: keep what it knew.
        graph_facts = {
            name: {**old[name], **value} if isinstance(value, dict) else value
            for name, value in new.items()
        }
    elif run_dir.exists() and any(run_dir.iterdir()):
        raise InputError(
            f"Folder {str(run_dir)!r} is not empty and holds no {RUN_FILE}: "
            "it is no run folder. Choose another --run_dir."
        )
    else:
        graph_facts = graph.description()
    run_dir.mkdir(parents=True, exist_ok=True)
    results.write_json(
        file,
        {"settings": settings or {}, **_versions(), "graph": graph_facts},
    )


def _versions():
    name = keras.backend.backend()
    packages = ("stilts_keras", "keras", "keras_hub", "datasets", name)
    return {
        "backend": name,
        "python": platform.python_version(),
        "versions": {
            package: importlib.metadata.version(package) for package in packages
        },
    }


def _check_choice(name, value, known):
    if value not in known:
        raise InputError(
            f"{name} must be one of: {', '.join(known)}. Received: {value!r}."
        )


def _print_tables(graph, rows, console):
    primary = {task.name: task.metrics[0] for task in graph.targets}
    tables.print_summary(rows, graph.baseline, primary=primary, console=console)
    for task in graph.targets:
        tables.print_target(
            rows,
            task.name,
            task.metrics[0],
            graph.baseline,
            console=console,
        )
