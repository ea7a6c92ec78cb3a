"""Run an experiment: walk the graph, train each stage once, evaluate, report.

The main loop; read this first.
"""

import contextlib
import dataclasses
import importlib.metadata
import platform

import keras
import numpy as np

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones import loading
from stilts_keras.data.rows import BAD_ROWS
from stilts_keras.errors import InputError
from stilts_keras.errors import StageError
from stilts_keras.graph.graph import SWEEP
from stilts_keras.graph.plan import problems_of
from stilts_keras.interruption import Interruption
from stilts_keras.problems.retrieval import DOCUMENTED_POOLING
from stilts_keras.problems.retrieval import documented_layer
from stilts_keras.problems.retrieval import sample_pairs
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.run_folder import identity
from stilts_keras.reporting import collapsed
from stilts_keras.reporting import rendering
from stilts_keras.reporting.progress import Progress
from stilts_keras.reporting.refresh import places
from stilts_keras.reporting.refresh import refresh
from stilts_keras.scoring import intervals
from stilts_keras.scoring import metrics
from stilts_keras.steps import checkpoint
from stilts_keras.steps.evaluate import Evaluator
from stilts_keras.steps.inputs import Inputs
from stilts_keras.steps.inputs import refuse_long_rows
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.train import Training
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import Watch
from stilts_keras.steps.train import train
from stilts_keras.steps.update import check_micro_batch_size
from stilts_keras.steps.update import check_sliceable
from stilts_keras.tasks import get_task
from stilts_keras.tasks.languages import families

LONG_ROWS = ("cut", "error")
SAVE_EVERY_MINUTES = 10.0
# Whose sentence embeddings TensorBoard's projector shows.
NUM_PROJECTED_LANGUAGES = 5


def run(
    graph,
    *,
    run_dir,
    log_every_steps=50,
    micro_batch_size=None,
    long_rows="cut",
    bad_rows="skip",
    save_every_minutes=SAVE_EVERY_MINUTES,
    stage_store=None,
    keep="all",
    on_damage="remake",
    console=None,
    settings=None,
):
    """Trains and evaluates whatever of a graph is not done yet.

    May be cut off at any moment and called again: it goes on where it was,
    and on a CPU the results are those of a run that was never cut off.

    Args:
        graph: `Graph`.
        run_dir: path. Made if absent; may hold earlier results of this graph
            or of a smaller one.
        log_every_steps: int. Steps between two points in TensorBoard.
        micro_batch_size: int or None. Most rows that go through the model at
            a time in training; None for whole batches. Less memory, the same
            weights to float rounding.
        long_rows: str. `cut`: rows longer than `max_length` lose tokens, as
            published, and are counted; `error`: they are refused.
        bad_rows: str. `skip`: training and dev rows with an empty text or a
            missing value are left out, up to 1 %, and named; `error`: they
            are refused.
        save_every_minutes: float. A stage's progress is saved so often, at
            every evaluation on dev rows, and when the process is asked to
            stop (SIGINT, SIGTERM).
        stage_store: path or None. Folder of finished stages that several run
            folders share.
        keep: str. Weights that stay when nothing left to do needs them:
            `all`; `last`, those that a target was evaluated with; `none`.
        on_damage: str. `remake`: what does not match its checksum is named
            and made again; `fail`: it is an error.
        console: `rich.console.Console` or None for the terminal.
        settings: dict or None. Kept in `run.json`, such as the flags given.

    Returns:
        List of dicts: the rows of `results.jsonl` that belong to the graph.

    Raises:
        InputError: If data, backbone or run folder are unfit, or another
            process writes to the folder; before any training.
        StageError: If a stage cannot be finished, or the disk is full.
        Interrupted: If the process was asked to stop.
    """
    # ------------------------------------------- The run folder, if it is ours
    for name, value, known in (
        ("long_rows", long_rows, LONG_ROWS),
        ("bad_rows", bad_rows, BAD_ROWS),
    ):
        if value not in known:
            raise InputError(
                f"{name} must be one of: {', '.join(known)}. Received: "
                f"{value!r}."
            )
    if not save_every_minutes > 0:
        raise InputError(
            "save_every_minutes must be above 0. Received: "
            f"{save_every_minutes!r}."
        )
    check_micro_batch_size(micro_batch_size)
    backend.prepare()
    folder = RunFolder(
        run_dir,
        graph,
        stage_store=stage_store,
        on_damage=on_damage,
        keep=keep,
    )
    with Interruption() as interruption, files.refusals_said(), folder.lock():
        walk = _Walk(
            folder,
            console,
            interruption,
            log_every_steps,
            save_every_minutes,
            micro_batch_size,
        )
        _run_in(folder, walk, long_rows, bad_rows, settings)
    return folder.rows()


def _run_in(folder, walk, long_rows, bad_rows, settings):
    """Does what `run` promises, as the only writer of the folder."""
    graph, progress = folder.graph, walk.progress
    with progress:
        stages, cells, measured = folder.unfinished()
        for note in folder.notes:
            progress.note(note)
        for reason in graph.left_out.values():
            progress.note(f"Left out: {reason}")
        if cells or measured:
            _prepare(walk, stages, cells, measured, long_rows, bad_rows)
        if cells or measured or not folder.is_described:
            folder.describe({"settings": settings or {}, **_versions()})

        # ----------------------------------------------------- Stages and cells
        folder.note_trainings(graph.stages)
        folder.drop_unneeded(stages, cells, measured)
        for stage in (None, *graph.stages):
            own_cells = [cell for cell in cells if cell.stage == stage]
            if not own_cells and stage not in (*stages, *measured):
                continue
            model = None
            if stage in stages:
                model = walk.train_stage(stage)
                folder.note_trainings([stage])
            if stage in measured:
                model = walk.measure_forgetting(stage, model)
            for cell in own_cells:
                model = walk.evaluate_cell(cell, model)
            stages = [other for other in stages if other != stage]
            measured = [other for other in measured if other != stage]
            cells = [cell for cell in cells if cell.stage != stage]
            folder.drop_unneeded(stages, cells, measured)
            # A Model is full of circles: without this, the next one would be
            # built while the last still fills the device's memory.
            del model
            keras.utils.clear_session(free_memory=True)

    # ------------------------------------------------------------------- Report
    made = refresh(folder.path, folder.baseline)
    for frame in made["frames"].values():
        rendering.print_frame(frame, walk.console)
    with progress:
        for line in (
            *made["sentences"],
            *made["problems"],
            *places(folder.path),
        ):
            progress.note(line)


def _prepare(walk, stages, cells, measured, long_rows, bad_rows):
    """Finds all that can be wrong with the data, at once."""
    graph, progress = walk.graph, walk.progress
    walk.root = loading.fetch(graph.backbone)
    tokenizer = loading.load_tokenizer(walk.root)
    num_positions = walk.root.max_sequence_length
    for line in graph.lowered_lengths(num_positions):
        progress.note(line)
    inputs = walk.inputs = Inputs(
        graph, tokenizer, num_positions=num_positions, bad_rows=bad_rows
    )
    for stage in stages:
        for source in stage.all_sources:
            check_sliceable(
                str(source),
                inputs.problem(source.task),
                stage.recipe.batch_size,
                walk.micro_batch_size,
            )
    lessons = [lesson for stage in measured for lesson in graph.lessons(stage)]
    cut = inputs.prepare(stages, cells, lessons)
    if long_rows == "error":
        refuse_long_rows(cut)
    for note in inputs.notes():
        progress.note(f"{note}.")
    for note in walk.root.limits(problems_of(stages)):
        progress.note(note)
    for where, count in cut.items():
        progress.note(f"{where}: {count} long sequences were cut.")
    for where in inputs.without_dev(stages):
        progress.note(f"{where}: no dev rows; the last step is kept.")
    for task in graph.targets:
        missing = graph.missing_languages(task)
        if missing:
            progress.note(
                f"{task.name}: the data has no {graph.eval_split(task)} rows "
                f"in {' '.join(missing)}."
            )


class _Walk:
    """What the loop carries from stage to stage."""

    def __init__(
        self,
        folder,
        console,
        interruption,
        log_every_steps,
        save_every_minutes,
        micro_batch_size,
    ):
        self.folder = folder
        self.graph = folder.graph
        self.console = console
        self.progress = Progress(console=console)
        self.inputs = None
        self.root = self.graph.backbone
        self.interruption = interruption
        self.log_every_steps = log_every_steps
        self.micro_batch_size = micro_batch_size
        self.save_every_seconds = 60 * save_every_minutes

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
            for index, source in enumerate(stage.all_sources)
        ]
        numbers = [len(source.split.lengths) for source in sources]
        plan = Training(
            sources=tuple(sources),
            shares=tuple(stage.shares(numbers)),
            recipe=stage.recipe,
            num_steps=stage.count_steps(numbers),
            stage_name=stage.path,
            seed=stage.seed,
            micro_batch_size=self.micro_batch_size,
            log_every_steps=self.log_every_steps,
            save_every_seconds=self.save_every_seconds,
        )
        model = self.stage_model(stage, start=stage.parent)
        self.take_replayed_heads(stage, model)
        training = checkpoint.TrainingProgress(
            self.folder.stages.progress(stage), self.on_damage
        )
        writers = self.folder.training_writers(stage)
        watch = _StageWatch(self, stage, model, plan.num_steps, writers)
        with contextlib.ExitStack() as closing:
            for writer in writers:
                closing.enter_context(writer)
            state = train(
                model,
                plan,
                tokenizer=self.inputs.tokenizer,
                progress=training,
                interruption=self.interruption,
                watch=watch,
            )
        constants = watch.constants
        if state.best_step and state.best_step not in constants:
            # A run that was cut off has seen the best step.
            _, constants[state.best_step] = self.dev_scores(stage, model)
        facts = {
            **_facts(stage, plan, state),
            "constants": constants.get(state.best_step),
        }
        with self.interruption.held():
            checkpoint.save_stage(
                self.folder.stages.target(stage),
                model=model,
                facts=facts | {"left_out": self.inputs.left_out(stage)},
            )
            self.folder.stages.adopt(stage)
            training.remove()
        self.progress.finish()
        constant = collapsed.of_dev_rows(facts["constants"])
        if constant:
            self.progress.note(
                collapsed.of_stage(
                    stage.path, stage.seed, constant, _learning_rates(stage)
                )
            )
        return model

    def on_damage(self, error):
        """Says what is made again, or raises if the user wants that."""
        self.folder.damage(error)
        self.progress.note(self.folder.notes[-1])

    def take_replayed_heads(self, stage, model):
        """Lets replayed sources go on with the heads that they had."""
        own = {get_task(source.task).head_key for source in stage.sources}
        for source in stage.replayed:
            key = get_task(source.task).head_key
            if key not in own:
                holder = _holder(stage.parent, key)
                heads = self.model_with_heads(holder, model.encoder).heads
                model.heads[key].set_weights(heads[key].get_weights())

    def stage_model(self, stage, *, start):
        """Builds a stage's Model: fresh heads on the backbone of `start`."""
        keras.utils.set_random_seed(stage.seed)
        encoder = self.encoder(start, stage.recipe.dtype_policy)
        return self.with_new_heads(stage, encoder)

    def with_new_heads(self, stage, encoder):
        """Puts fresh heads for all of a stage's sources on a backbone."""
        heads = {}
        for source in stage.all_sources:
            task = get_task(source.task)
            problem = self.inputs.problem(source.task)
            if task.head_key not in heads:
                heads[task.head_key] = problem.head(encoder)
        return MultiTask(encoder, heads, seed=stage.seed)

    def encoder(self, stage, dtype_policy):
        """Loads the backbone of a finished stage, or the root (None)."""
        how = {
            "tokenizer": self.inputs.tokenizer,
            "dtype_policy": dtype_policy,
        }
        if stage is None:
            return loading.load_root(self.root, **how)
        return loading.load_stage(
            self.finished(stage), backbone=self.root, **how
        )

    def finished(self, stage):
        """Returns the folder of a finished stage."""
        found = self.folder.stages.find(stage)
        if found is None:
            raise StageError(
                f"Stage {stage.path!r} was deleted while this run needed it. "
                "Run the same command again: it is then trained anew."
            )
        return found

    def model_with_heads(self, stage, encoder):
        """Puts the trained heads of a finished stage on a backbone."""
        model = self.with_new_heads(stage, encoder)
        checkpoint.load_heads(self.finished(stage), model.heads)
        return model

    def dev_scores(self, stage, model):
        """Scores each source that has dev rows.

        Returns:
            Two dicts by source: its score, and what is predicted of all of its
            dev rows, or None.
        """
        scores, constants = {}, {}
        for index, source in enumerate(stage.sources):
            task = get_task(source.task)
            split = self.inputs.dev(stage, index)
            if split is not None:
                evaluator = self.evaluator(task, stage.recipe.batch_size)
                found = evaluator.evaluate(model, split)
                scores[str(source)] = found.metrics[task.metrics[0]]
                constants[str(source)] = found.constant
        return scores, constants

    # --------------------------------------------------------------- Evaluation
    def evaluate_cell(self, cell, model):
        """Evaluates one cell, keeps its results, and returns the Model used."""
        self.progress.note(
            f"evaluating {cell.target} after {cell.route}: "
            f"{' '.join(cell.languages)}"
        )
        task = get_task(cell.target)
        batch_size = self.graph.recipe_for(task).batch_size
        evaluator = self.evaluator(task, batch_size)
        if task.is_retrieval:
            predictor, layers, counts = self.retrieval_model(cell, model)
        else:
            predictor = model = model or self.finished_model(cell.stage)
        constant, projected = [], ()
        if task.problem == "retrieval" and cell.seed == self.graph.seeds[0]:
            projected = _of_different_families(cell.languages)
        with self.folder.writer(cell) as writer:
            for language in cell.languages:
                split = self.inputs.test(cell, language)
                dev = self.inputs.threshold_rows(cell, language)
                if task.is_retrieval:
                    evaluations = evaluator.evaluate_layers(
                        predictor, split, dev
                    )
                    swept = list(zip(layers, evaluations, strict=True))
                    if len(swept) > 1:
                        layer_rows = [
                            row
                            for facts, found in swept
                            for row in _rows(
                                self.graph, cell, language, found, facts
                            )
                        ]
                        self.folder.keep_layers(cell, layer_rows)
                    facts, found = swept[counts]
                else:
                    facts = {}
                    found = evaluator.evaluate(predictor, split, dev)
                self.folder.keep_predictions(cell, language, found)
                if language in projected:
                    pairs = sample_pairs(found.embeddings, split)
                    self.folder.keep_embeddings(cell, language, pairs)
                facts = {**facts, **_notes(split, dev)}
                rows = _rows(self.graph, cell, language, found, facts)
                self.folder.keep(rows, writer)
                constant += [row for row in rows[:1] if row["collapsed"]]
        if constant:
            rates = _learning_rates(cell.stage)
            self.progress.note(collapsed.of_results(constant, rates))
        return model

    def collapse(self, stage):
        """Returns what results say of a stage that has collapsed, or {}."""
        if stage is None:
            return {}
        facts = files.read_sealed(self.finished(stage) / files.MANIFEST)
        constant = collapsed.of_dev_rows(facts.get("constants"))
        return {"collapsed": True, "constant": constant} if constant else {}

    def measure_forgetting(self, stage, model):
        """Scores a stage on all that its chain learned; returns the Model."""
        self.progress.note(f"measuring what is left after {stage.path}")
        model = model or self.finished_model(stage)
        before = {
            (row["source"], row["metric"], row["stage"]): row["value"]
            for row in self.folder.lesson_rows()
        }
        rows = []
        for learned, index in self.graph.lessons(stage):
            source = learned.sources[index]
            task = get_task(source.task)
            holder = _holder(stage, task.head_key)
            predictor = model
            if holder != stage:
                predictor = self.model_with_heads(holder, model.encoder)
            evaluator = self.evaluator(task, learned.recipe.batch_size)
            found = evaluator.evaluate(
                predictor, self.inputs.dev(learned, index)
            )
            for metric, facts in _scores(found, source.language):
                key = (source.name, metric, learned.fingerprint)
                then = before.get(key, facts["value"])
                rows.append(
                    {
                        "route": stage.path,
                        "seed": stage.seed,
                        "target": source.task,
                        "language": source.language,
                        "split": "dev",
                        "metric": metric,
                        "zero_shot": False,
                        "stage": stage.fingerprint,
                        **facts,
                        "evaluation": self.graph.lesson_evaluation(
                            learned, index
                        ),
                        "source": source.name,
                        "learned_in": learned.fingerprint,
                        "num_stages": stage.depth,
                        "first_route": self.graph.used_by(stage)[0],
                        "forgetting": then - facts["value"],
                    }
                )
        self.folder.keep_lessons(stage, rows)
        return model

    def evaluator(self, task, batch_size):
        """Returns what every evaluation of a task takes."""
        return Evaluator(
            task=task,
            problem=self.inputs.problem(task.name),
            tokenizer=self.inputs.tokenizer,
            batch_size=batch_size,
            held=self.interruption.held,
        )

    def finished_model(self, stage):
        """Loads a finished stage with its heads."""
        model = self.stage_model(stage, start=stage)
        checkpoint.load_heads(self.finished(stage), model.heads)
        return model

    def retrieval_model(self, cell, model):
        """Makes a Model from tokens to pooled hidden states.

        Returns:
            Tuple: the Model; for each of its states a dict of what the
            results say of it; the index of the one that counts.
        """
        task = get_task(cell.target)
        if model is not None:
            encoder = model.encoder
        else:
            policy = self.graph.recipe_for(task).dtype_policy
            encoder = self.encoder(cell.stage, policy)
        asked = self.graph.retrieval_layer
        is_sweep = asked == SWEEP
        layer = asked
        if asked is None or is_sweep:
            layer = documented_layer(encoder.num_layers)
        layers = range(encoder.num_layers + 1) if is_sweep else [layer]
        pooling = self.graph.retrieval_pooling or DOCUMENTED_POOLING
        head = self.inputs.problem(task.name).head(encoder, pooling)
        pooled = MultiTask(
            encoder, {task.head_key: head}, network=encoder.cut(layers)
        )
        # Nothing is trained here: these weights are the stage's own.
        known = {"pooling": pooling, **self.collapse(cell.stage)}
        facts = [{"layer": layer, **known} for layer in layers]
        return pooled, facts, layers.index(layer)


def _of_different_families(languages):
    """Chooses a few languages to look at, no two of one family."""
    chosen = [members[0] for members in families(languages).values()]
    return chosen[:NUM_PROJECTED_LANGUAGES]


class _StageWatch(Watch):
    """Shows, logs and scores a stage while it is trained."""

    def __init__(self, walk, stage, model, num_steps, writers):
        self._walk = walk
        self._stage = stage
        self._model = model
        self._num_steps = num_steps
        self._writers = writers
        self.constants = {}

    def start(self, step):
        stage = self._stage
        self._walk.progress.start(
            f"{stage.path} seed {stage.seed}", self._num_steps, step
        )

    def step(self, step, loss):
        self._walk.progress.update(step, loss)

    def log(self, log):
        _write(self._writers, _log_scalars(log), log.step)

    def score_dev(self, step):
        scores, self.constants[step] = self._walk.dev_scores(
            self._stage, self._model
        )
        scalars = {f"dev/{name}": score for name, score in scores.items()}
        _write(self._writers, scalars, step)
        return float(np.mean(list(scores.values()))) if scores else None


def _facts(stage, plan, state):
    """Lists what a stage's manifest tells besides its files."""
    return {
        "stage": stage.path,
        "fingerprint": stage.fingerprint,
        "parent": stage.parent.fingerprint if stage.parent else None,
        "sources": [
            {
                "name": source.name,
                "max_length": source.split.max_length,
                "sequences": len(source.split.lengths),
                "share": share,
                "sequences_seen": state.num_examples.get(source.name, 0),
                "tokens_seen": state.num_tokens.get(source.name, 0),
            }
            for source, share in zip(plan.sources, plan.shares, strict=True)
        ],
        "seed": stage.seed,
        # The length may have been lowered when the backbone was opened.
        "recipe": dataclasses.asdict(stage.recipe)
        | {"max_length": plan.sources[0].split.max_length},
        "micro_batch_size": plan.micro_batch_size,
        "num_steps": plan.num_steps,
        "last_step": state.step,
        "end": state.end,
        "best_step": state.best_step or state.step,
        "dev_score": state.best_score,
        **_versions(),
    }


def _holder(stage, head_key):
    """Returns the last stage of a chain that trained a head."""
    return next(
        earlier
        for earlier in reversed(stage.chain)
        if head_key
        in {get_task(source.task).head_key for source in earlier.all_sources}
    )


def _learning_rates(stage):
    """Lists the peak rates of a chain, the first stage's first."""
    chain = stage.chain if stage else ()
    return [earlier.recipe.learning_rate for earlier in chain]


def _rows(graph, cell, language, found, extras):
    return [
        {
            "route": cell.route,
            "seed": cell.seed,
            "target": cell.target,
            "language": language,
            "split": cell.split,
            "metric": metric,
            "zero_shot": graph.zero_shot(cell, language),
            "stage": identity(cell),
            **facts,
            "evaluation": graph.evaluation(cell.target, language),
            **extras,
        }
        for metric, facts in _scores(found, language)
    ]


def _notes(*splits):
    """What results say of the rows they were made with, if there is any."""
    notes = [note for split in splits if split for note in split.notes()]
    return {"notes": notes} if notes else {}


def _scores(found, language):
    """Yields each metric with its value and how sure that is."""
    for metric, value in found.metrics.items():
        low, high = intervals.interval(
            metric, found.gold, found.predictions, language=language
        )
        yield (
            metric,
            {
                "value": value,
                "n": len(found.gold),
                "low": low,
                "high": high,
                "chance": metrics.chance(metric, found.gold),
                "collapsed": found.constant is not None,
                "constant": found.constant,
            },
        )


def _log_scalars(log):
    scalars = {f"loss/{source}": loss for source, loss in log.loss.items()}
    for name in (
        "learning_rate",
        "examples_per_second",
        "tokens_per_second",
        "padding_share",
        "waiting_share",
    ):
        scalars[f"train/{name}"] = getattr(log, name)
    if len(log.num_examples) > 1:
        for what, numbers in (
            ("examples", log.num_examples),
            ("tokens", log.num_tokens),
        ):
            for source, number in numbers.items():
                share = number / sum(numbers.values())
                scalars[f"sampling/{what}/{source}"] = share
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
