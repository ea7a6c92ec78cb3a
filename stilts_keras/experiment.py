"""Run an experiment: plan the visits, make each, keep what it yields, report.

The main loop; read this first.
"""

import contextlib
import dataclasses

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.graph.modality import check_readable
from stilts_keras.graph.plan import problems_of
from stilts_keras.interruption import Interruption
from stilts_keras.options import Options
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.reporting import rendering
from stilts_keras.reporting.progress import Progress
from stilts_keras.reporting.refresh import places
from stilts_keras.reporting.refresh import refresh
from stilts_keras.scoring import submission_files
from stilts_keras.steps.inputs import refuse_long_rows
from stilts_keras.steps.update import check_sliceable
from stilts_keras.versions import versions
from stilts_keras.visits.place import Place
from stilts_keras.visits.values import Note
from stilts_keras.visits.values import Onlooker
from stilts_keras.visits.values import Predicted
from stilts_keras.visits.values import Recalled
from stilts_keras.visits.values import Scored
from stilts_keras.visits.values import Setting
from stilts_keras.visits.values import Trained
from stilts_keras.visits.values import Visit
from stilts_keras.visits.visit import make


def run(graph, options=None, *, console=None, settings=None, **parts):
    """Trains and evaluates whatever of a graph is not done yet.

    May be cut off at any moment and called again: it goes on where it was,
    and on a CPU the results are those of a run that was never cut off.

    Args:
        graph: `Graph`.
        options: `Options` or None.
        console: `rich.console.Console` or None for the terminal.
        settings: dict or None. Kept in `run.json`, such as the flags given.
        **parts: what makes `Options`, where none are given; `run_dir` at
            least.

    Returns:
        List of `records.rows.Score`: the graph's part of `results.jsonl`.

    Raises:
        InputError: If data, backbone or run folder are unfit, or another
            process writes to the folder; before any training.
        StageError: If a stage cannot be finished, or the disk is full.
        Interrupted: If the process was asked to stop.
    """
    options = options or Options(**parts)
    backend.prepare()
    folder = RunFolder(
        options.run_dir,
        graph,
        stage_store=options.stage_store,
        on_damage=options.on_damage,
    )
    screen = _Screen(folder, console)
    with Interruption() as interruption, files.refusals_said(), folder.lock():
        with screen:
            _walk(folder, options, screen, interruption, settings or {})
        if not folder.files.scores():
            screen.note(
                "Nothing was scored: the labels of all targets are hidden. "
                f"Predictions: {folder.path / submission_files.FOLDER}"
            )
            return []
        made = refresh(folder.path, folder.baseline)
        for frame in made["frames"].values():
            rendering.print_frame(frame, console)
        lines = (*made["sentences"], *made["problems"], *places(folder.path))
        with screen:
            for line in lines:
                screen.note(line)
    return folder.files.scores()


def _walk(folder, options, screen, interruption, settings):
    """Makes the visits that are left, and keeps what they yield."""
    left = folder.remaining()
    for note in (*folder.damages.notes, *_left_out(folder.graph)):
        screen.note(note)
    visits = plan_visits(folder.graph, left)
    place = _prepare(folder, visits, options, screen) if visits else None
    if visits or not folder.is_described:
        folder.describe({"settings": settings, **versions()})
    folder.keep_trainings(folder.graph.stages)
    folder.drop_unneeded(options.keep, left)
    for visit in visits:
        with folder.files.open_events():
            for found in make(visit, place, screen, interruption):
                _keep(folder, found, screen)
        left = left.without(
            visit.stage and visit.stage.fingerprint,
            [cell.key for cell in visit.cells],
        )
        folder.drop_unneeded(options.keep, left)


def plan_visits(graph, left):
    """Lists what is left to do, stage by stage, parents first."""
    visits = []
    for stage in (None, *graph.stages):
        name = stage and stage.fingerprint
        cells = tuple(
            dataclasses.replace(cell, languages=left.cells[cell.key])
            for cell in (
                *graph.cells_of(stage),
                *graph.disturbed_cells_of(stage),
            )
            if cell.key in left.cells
        )
        visit = Visit(
            stage=stage,
            is_trained=name in left.stages,
            cells=cells,
            lessons=tuple(
                graph.lessons(stage) if name in left.measured else ()
            ),
        )
        if cells or visit.is_trained or visit.lessons:
            visits.append(visit)
    return visits


def _prepare(folder, visits, options, screen):
    """Finds all that can be wrong with the data, at once."""
    place = Place(
        Setting(
            data=folder.graph.data,
            backbone=folder.graph.backbone,
            stages=folder.stages,
            options=options,
        )
    )
    # Of a backbone on the Hub it was not known what it reads.
    asked = folder.graph.request
    check_readable(place.root, asked.used_tasks, asked.known_tasks)
    trained = [visit.stage for visit in visits if visit.is_trained]
    for line in folder.graph.lowered_lengths(place.root.max_sequence_length):
        screen.note(line)
    for stage in trained:
        for source in stage.all_sources:
            check_sliceable(
                str(source),
                place.inputs.problem(source.task),
                stage.recipe.batch_size,
                options.micro_batch_size,
            )
    cut = place.inputs.prepare(
        trained,
        [cell for visit in visits for cell in visit.cells],
        [lesson for visit in visits for lesson in visit.lessons],
    )
    if options.long_rows == "error":
        refuse_long_rows(cut)
    for note in place.inputs.notes():
        screen.note(f"{note}.")
    for note in place.root.limits(problems_of(trained)):
        screen.note(note)
    for where, count in cut.items():
        screen.note(f"{where}: {count} long sequences were cut.")
    for where in place.inputs.without_dev(trained):
        screen.note(f"{where}: no dev rows; the last step is kept.")
    for note in _missing(folder.graph):
        screen.note(note)
    return place


def _left_out(graph):
    return [f"Left out: {reason}" for reason in graph.left_out.values()]


def _missing(graph):
    for note in graph.trials.notes:
        yield f"{note}."
    for task in graph.targets:
        missing = graph.missing_languages(task)
        if missing:
            yield (
                f"{task.name}: the data has no {graph.eval_split(task)} rows "
                f"in {' '.join(missing)}."
            )


def _keep(folder, found, screen):
    """Keeps one thing that a visit has found."""
    match found:
        case Note(text):
            screen.note(text)
        case Trained(stage):
            screen.end_stage()
            folder.keep_trainings([stage])
        case Scored():
            folder.files.keep_scores(found)
        case Predicted():
            folder.files.keep_unscored(found)
        case Recalled(stage, scores):
            rows = _chain_rows(folder, stage, scores)
            folder.files.keep_chain_scores(stage, rows)


def _chain_rows(folder, stage, scores):
    """Compares what a stage still knows with what was once learned."""
    before = {
        (row.source, row.metric, row.stage): row.value
        for row in folder.files.chain_scores()
    }
    rows = []
    for lesson, metric, facts in scores:
        name, learned = lesson.source.name, lesson.stage.fingerprint
        then = before.get((name, metric, learned), facts["value"])
        rows.append(
            ChainScore(
                stage_path=stage.path,
                seed=stage.seed,
                source=name,
                task=lesson.source.task.name,
                language=lesson.source.language,
                metric=metric,
                stage=stage.fingerprint,
                data_fingerprint=lesson.data_fingerprint,
                learned_in=learned,
                num_stages=stage.depth,
                first_route=folder.graph.used_by(stage)[0],
                forgetting=then - facts["value"],
                **facts,
            )
        )
    return rows


class _Screen(Onlooker):
    """Shows the training on the terminal and in TensorBoard."""

    def __init__(self, folder, console):
        self._folder = folder
        self.progress = Progress(console=console)
        self._writers = ()
        self._closing = contextlib.ExitStack()

    def __enter__(self):
        self.progress.__enter__()
        return self

    def __exit__(self, *error):
        self._closing.close()
        self.progress.__exit__(*error)

    def start(self, stage, num_steps, step):
        self.end_stage()
        self._writers = self._folder.files.training_writers(stage)
        for writer in self._writers:
            self._closing.enter_context(writer)
        self.progress.start(f"{stage.path} seed {stage.seed}", num_steps, step)

    def note(self, text):
        self.progress.note(text)

    def step(self, step, loss):
        self.progress.update(step, loss)

    def scalars(self, step, values):
        for writer in self._writers:
            for tag, value in values.items():
                writer.scalar(tag, value, step)

    def end_stage(self):
        self._closing.close()
        self.progress.finish()
