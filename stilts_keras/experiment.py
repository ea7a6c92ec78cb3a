"""Run an experiment: walk the graph, train each stage once, evaluate, report.

The main loop; read this first.
"""

import contextlib
import dataclasses
import importlib.metadata
import platform
import shutil

import keras
import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.graph.graph import SWEEP
from stilts_keras.models import backend
from stilts_keras.models import checkpoint
from stilts_keras.models import xlm_roberta
from stilts_keras.models.multitask import MultiTask
from stilts_keras.problems.retrieval import DOCUMENTED_POOLING
from stilts_keras.problems.retrieval import documented_layer
from stilts_keras.reporting import tables
from stilts_keras.reporting.progress import Progress
from stilts_keras.run_folder import RunFolder
from stilts_keras.run_folder import identity
from stilts_keras.scoring import intervals
from stilts_keras.scoring import metrics
from stilts_keras.scoring import xtreme
from stilts_keras.steps.evaluate import evaluate
from stilts_keras.steps.evaluate import evaluate_layers
from stilts_keras.steps.inputs import Inputs
from stilts_keras.steps.inputs import refuse_long_rows
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import num_stage_steps
from stilts_keras.steps.train import train
from stilts_keras.tasks import SUITES
from stilts_keras.tasks import get_task

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
        InputError: If data, backbone or run folder are unfit, or another
            process writes to the folder; before any training.
        StageError: If a stage cannot be finished.
    """
    # ------------------------------------------- The run folder, if it is ours
    if long_rows not in LONG_ROWS:
        raise InputError(
            f"long_rows must be one of: {', '.join(LONG_ROWS)}. Received: "
            f"{long_rows!r}."
        )
    backend.prepare()
    folder = RunFolder(run_dir, graph)
    with folder.lock():
        return _run_in(folder, log_every_steps, long_rows, console, settings)


def _run_in(folder, log_every_steps, long_rows, console, settings):
    """Does what `run` promises, as the only writer of the folder."""
    graph = folder.graph
    stages, cells = folder.unfinished()
    for stage in _starts(stages, cells):
        checkpoint.check_stage(stage.folder(folder.path))

    with Progress(console=console) as progress:
        # ------------------------- All that can be wrong with the data, at once
        if cells:
            tokenizer = xlm_roberta.load_tokenizer(graph.backbone)
            inputs = Inputs(graph, tokenizer)
            cut = inputs.prepare(stages, cells)
            if long_rows == "error":
                refuse_long_rows(cut)
            for where, count in cut.items():
                progress.note(f"{where}: {count} long sequences were cut.")
            for where in inputs.without_dev(stages):
                progress.note(f"{where}: no dev rows; the last step is kept.")
            for task in graph.targets:
                missing = graph.missing_languages(task)
                if missing:
                    progress.note(
                        f"{task.name}: the data has no "
                        f"{graph.eval_split(task)} rows in {' '.join(missing)}."
                    )
            folder.describe({"settings": settings or {}, **_versions()})
            walk = _Walk(folder, inputs, progress, log_every_steps)

        # ----------------------------------------------------- Stages and cells
        for stage in (None, *graph.stages) if cells else ():
            model = walk.train_stage(stage) if stage in stages else None
            for cell in cells:
                if cell.stage == stage:
                    model = walk.evaluate_cell(cell, model)
            # A Model is full of circles: without this, the next one would be
            # built while the last still fills the device's memory.
            del model
            keras.utils.clear_session(free_memory=True)

    # ------------------------------------------------------------------- Report
    frames = _frames(graph, folder)
    for frame in frames.values():
        tables.print_frame(frame, console)
    if cells:
        folder.keep_tables(
            {name: tables.to_markdown(frame) for name, frame in frames.items()}
        )
    with Progress(console=console) as progress:
        for line in folder.places():
            progress.note(line)
    return folder.rows()


class _Walk:
    """What the loop carries from stage to stage."""

    def __init__(self, folder, inputs, progress, log_every_steps):
        self.folder = folder
        self.graph = folder.graph
        self.inputs = inputs
        self.progress = progress
        self.log_every_steps = log_every_steps

    # ----------------------------------------------------------------- Training
    def train_stage(self, stage):
        """Trains one stage, writes its folder, and returns its Model."""
        sources = [
            TrainSource(
                name=str(source),
                key=get_task(source.task).head_key,
                problem=self.inputs.problem(source.task),
                split=self.inputs.train(stage, index),
            )
            for index, source in enumerate(stage.sources)
        ]
        num_steps = num_stage_steps(stage.recipe, sources)
        model = self.stage_model(stage, start=stage.parent)
        final = stage.folder(self.folder.path)
        best = final.with_name(f".{final.name}.best")
        self.progress.start(f"{stage.path} seed {stage.seed}", num_steps)
        writers = self.folder.training_writers(stage)

        def on_log(log):
            _write(writers, _log_scalars(log), log.step)

        def on_dev(step):
            scores = self.dev_scores(stage, model)
            _write(writers, {f"dev/{k}": v for k, v in scores.items()}, step)
            return float(np.mean(list(scores.values()))) if scores else None

        with contextlib.ExitStack() as closing:
            for writer in writers:
                closing.enter_context(writer)
            best_score, best_step = train(
                model,
                sources,
                stage.recipe,
                stage_name=stage.path,
                seed=stage.seed,
                tokenizer=self.inputs.tokenizer,
                log_every_steps=self.log_every_steps,
                on_log=on_log,
                on_step=self.progress.update,
                evaluate_dev=on_dev,
                keep_best=lambda: checkpoint.save_weights(best, model),
            )
        if best_step != num_steps:
            checkpoint.load_weights(best, model)
        checkpoint.save_stage(
            final,
            model=model,
            tokenizer=self.inputs.tokenizer,
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
        shutil.rmtree(best, ignore_errors=True)
        self.progress.finish()
        return model

    def stage_model(self, stage, *, start):
        """Builds a stage's Model: fresh heads on the backbone of `start`."""
        keras.utils.set_random_seed(stage.seed)
        backbone = self.backbone(start, stage.recipe.dtype_policy)
        heads, losses = {}, {}
        for source in stage.sources:
            task = get_task(source.task)
            problem = self.inputs.problem(source.task)
            if task.head_key not in heads:
                heads[task.head_key] = problem.head(backbone)
                losses[task.head_key] = problem.loss
        return MultiTask(backbone, heads, losses, seed=stage.seed)

    def backbone(self, stage, dtype_policy):
        """Loads the backbone of a finished stage, or the root (None)."""
        if stage is None:
            return xlm_roberta.load_root(
                self.graph.backbone,
                tokenizer=self.inputs.tokenizer,
                dtype_policy=dtype_policy,
            )
        folder = stage.folder(self.folder.path)
        checkpoint.check_stage(folder)
        return xlm_roberta.load_backbone(folder, dtype_policy=dtype_policy)

    def dev_scores(self, stage, model):
        """Returns each source's dev score, of those with dev rows."""
        scores = {}
        for index, source in enumerate(stage.sources):
            task = get_task(source.task)
            split = self.inputs.dev(stage, index)
            if split is not None:
                found = evaluate(
                    model,
                    split=split,
                    **self.evaluation(task, stage.recipe.batch_size),
                )
                scores[str(source)] = found.metrics[task.metrics[0]]
        return scores

    # --------------------------------------------------------------- Evaluation
    def evaluate_cell(self, cell, model):
        """Evaluates one cell, keeps its results, and returns the Model used."""
        self.progress.note(
            f"evaluating {cell.target} after {cell.route}: "
            f"{' '.join(cell.languages)}"
        )
        task = get_task(cell.target)
        how = self.evaluation(task, self.graph.recipe_for(task).batch_size)
        if task.is_retrieval:
            predictor, layers, counts = self.retrieval_model(cell, model)
        else:
            predictor = model = model or self.finished_model(cell.stage)
        rows, layer_rows = [], []
        for language in cell.languages:
            how["split"] = self.inputs.test(cell, language)
            how["dev"] = self.inputs.threshold_rows(cell, language)
            if task.is_retrieval:
                evaluations = evaluate_layers(predictor, **how)
                swept = list(zip(layers, evaluations, strict=True))
                if len(swept) > 1:
                    layer_rows += [
                        row
                        for facts, found in swept
                        for row in _rows(
                            self.graph, cell, language, found, facts
                        )
                    ]
                facts, found = swept[counts]
            else:
                facts, found = {}, evaluate(predictor, **how)
            rows += _rows(self.graph, cell, language, found, facts)
            self.folder.keep_predictions(cell, language, found)
        if layer_rows:
            self.folder.keep_layers(cell, layer_rows)
        self.folder.keep(cell, rows)
        return model

    def evaluation(self, task, batch_size):
        """Returns what every evaluation of a task takes."""
        return {
            "key": task.head_key,
            "problem": self.inputs.problem(task.name),
            "task": task,
            "tokenizer": self.inputs.tokenizer,
            "batch_size": batch_size,
        }

    def finished_model(self, stage):
        """Loads a finished stage with its heads."""
        model = self.stage_model(stage, start=stage)
        checkpoint.load_weights(stage.folder(self.folder.path), model)
        return model

    def retrieval_model(self, cell, model):
        """Makes a Model from tokens to pooled hidden states.

        Returns:
            Tuple: the Model; for each of its states a dict of what the
            results say of it; the index of the one that counts.
        """
        task = get_task(cell.target)
        if model is not None:
            backbone = model.backbone
        else:
            policy = self.graph.recipe_for(task).dtype_policy
            backbone = self.backbone(cell.stage, policy)
        asked = self.graph.retrieval_layer
        is_sweep = asked == SWEEP
        layer = asked
        if asked is None or is_sweep:
            layer = documented_layer(backbone.num_layers)
        layers = range(backbone.num_layers + 1) if is_sweep else [layer]
        pooling = self.graph.retrieval_pooling or DOCUMENTED_POOLING
        head = self.inputs.problem(task.name).head(backbone, pooling)
        pooled = MultiTask(
            xlm_roberta.hidden_layers(backbone, layers),
            {task.head_key: head},
            {},
        )
        facts = [{"layer": layer, "pooling": pooling} for layer in layers]
        return pooled, facts, layers.index(layer)


def _starts(stages, cells):
    """Finished stages that what is left to do will be read from."""
    wanted = {stage.parent for stage in stages}
    wanted |= {cell.stage for cell in cells}
    return wanted - {None, *stages}


def _rows(graph, cell, language, found, extras):
    rows = []
    for metric, value in found.metrics.items():
        low, high = intervals.interval(
            metric, found.gold, found.predictions, language=language
        )
        rows.append(
            {
                "route": cell.route,
                "seed": cell.seed,
                "target": cell.target,
                "language": language,
                "split": cell.split,
                "metric": metric,
                "value": value,
                "n": len(found.gold),
                "zero_shot": graph.zero_shot(cell, language),
                "stage": identity(cell),
                "low": low,
                "high": high,
                "chance": metrics.chance(metric, found.gold),
                **extras,
            }
        )
    return rows


def _log_scalars(log):
    scalars = {f"loss/{source}": loss for source, loss in log.loss.items()}
    for name in (
        "learning_rate",
        "examples_per_second",
        "tokens_per_second",
        "padding_share",
    ):
        scalars[f"train/{name}"] = getattr(log, name)
    return scalars


def _write(writers, scalars, step):
    for writer in writers:
        for tag, value in scalars.items():
            writer.scalar(tag, value, step)


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


def _frames(graph, folder):
    """Computes the tables: all targets, XTREME's own, each by language."""
    rows = folder.rows()
    primary = {task.name: task.metrics[0] for task in graph.targets}
    frames = {
        "summary": tables.summary_frame(rows, graph.baseline, primary=primary)
    }
    if set(SUITES["xtreme"]) <= set(primary):
        frames["xtreme"] = tables.xtreme_frame(
            _xtreme_scores(rows), graph.baseline, notes=_xtreme_notes(graph)
        )
    for target, metric in primary.items():
        frames[target] = tables.target_frame(
            rows, target, metric, graph.baseline
        )
    layer_rows = folder.layer_rows()
    for target in dict.fromkeys(row["target"] for row in layer_rows):
        frames[f"{target}_layers"] = tables.layer_frame(
            layer_rows, target, primary[target]
        )
    return frames


def _xtreme_scores(rows):
    """Averages as XTREME does, English included: {(route, seed): scores}."""
    runs = {}
    for row in rows:
        if row["target"] in SUITES["xtreme"]:
            metrics_of = runs.setdefault((row["route"], row["seed"]), {})
            by_metric = metrics_of.setdefault(row["target"], {})
            name = xtreme.reference_name(row["metric"])
            by_metric.setdefault(name, {})[row["language"]] = row["value"]
    return {key: xtreme.summarise(found) for key, found in runs.items()}


def _xtreme_notes(graph):
    """Says why a run's XTREME scores are not those of the benchmark."""
    lacking = [
        task.name
        for task in graph.targets
        if set(task.languages) != set(graph.evaluated_languages(task))
    ]
    notes = []
    if lacking:
        notes.append(
            "Not all of XTREME's languages: "
            f"{', '.join(lacking)}; not comparable with published scores"
        )
    if graph.eval_limit is not None:
        notes.append(f"At most {graph.eval_limit} examples of each language")
    return notes
