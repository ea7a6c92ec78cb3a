"""The commands of `stilts`: flags in, a call of the Python API out.

Each imports what it needs: no framework is loaded before `KERAS_BACKEND` is
set from the flags, and none at all where a command can do without.
"""

import importlib
import importlib.util
import os
import sys
import tempfile

from absl import flags

from stilts_keras import flag_definitions
from stilts_keras import flag_values
from stilts_keras import memory
from stilts_keras.errors import InputError

FLAGS = flags.FLAGS
REPORT_ELSEWHERE = (
    "Pass --output=FOLDER for a report of what is complete so far; the run "
    "refreshes its own from time to time."
)


def tasks(*names):
    """Prints the tasks, suites and disturbances; all of the tasks named."""
    from stilts_keras.disturbances.listing import lines
    from stilts_keras.scoring.suites import SUITES
    from stilts_keras.tasks import TASKS
    from stilts_keras.tasks.listing import print_facts
    from stilts_keras.tasks.listing import print_tasks

    if names:
        print_facts(names)
        return
    print_tasks(SUITES.values())
    for line in lines(TASKS.values()):
        print(line)
    print("All of one task, such as its recipe and licence: stilts tasks xnli")


def report():
    """Writes the report of one or several run folders."""
    if not FLAGS.run_dir:
        raise InputError("Pass --run_dir=FOLDER of a run; repeat to merge.")
    output = FLAGS.output
    if len(FLAGS.run_dir) > 1 and not output:
        raise InputError(
            "Pass --output=FOLDER for the report of several run folders."
        )
    from stilts_keras import files

    if output:
        output = files.check_folder_place(output, "output")
    elif files.at_home(FLAGS.run_dir[0]).is_dir():
        files.check_folder_place(FLAGS.run_dir[0], "run_dir")
    from stilts_keras.records.lock import is_at_work
    from stilts_keras.records.lock import locked
    from stilts_keras.records.scalars import write_scalars
    from stilts_keras.reporting import overview
    from stilts_keras.reporting import rendering
    from stilts_keras.reporting import report as reports
    from stilts_keras.reporting.evidence import gather

    run_dirs = [files.at_home(run_dir) for run_dir in FLAGS.run_dir]
    at_work = [path for path in run_dirs if path.is_dir() and is_at_work(path)]
    if at_work and not output:
        # Refused now, and not once the report has been computed.
        with locked(run_dirs[0], move=REPORT_ELSEWHERE):
            at_work = []
    made = reports.build(
        gather(run_dirs, baseline=FLAGS.baseline, is_at_work=bool(at_work))
    )
    if output:
        file = reports.write(made, output)
        logs = os.path.join(output, "tensorboard")
        files.remove(logs)
        overview.show(made, logs)
        evidence = made.evidence
        write_scalars([*evidence.rows, *evidence.disturbed], logs)
    else:
        with locked(run_dirs[0], move=REPORT_ELSEWHERE):
            file = reports.write(made, run_dirs[0] / reports.FOLDER)
    rendering.print_frame(made.frames["summary"])
    for line in (*made.sentences, *made.evidence.problems, f"Report: {file}"):
        print(line)


def plan():
    """Prints what a run would train, and its cost; or jobs that do it."""
    if FLAGS.format == "huggingface":
        raise InputError(
            "--format=huggingface is of export. Expected of plan: "
            f"{' or '.join(flag_definitions.PLAN_FORMATS)}, or none."
        )
    if FLAGS.format:
        _print_jobs()
        return
    from stilts_keras.graph.part import parts_of
    from stilts_keras.graph.per_device import plan_memory
    from stilts_keras.graph.plan import render_plan
    from stilts_keras.records import speeds
    from stilts_keras.records.stage_folders import StageFolders
    from stilts_keras.reporting import time_left

    graph, per_device = flag_values.graph(), []
    # A plan needs no framework: it is told of, and not refused.
    lacking = _lacking_backend()
    if FLAGS.model_parallel:
        per_device = plan_memory(graph, flag_values.options())
    mirror = FLAGS.stage_mirror
    folders = StageFolders(flag_values.run_dir(), FLAGS.stage_store, mirror)
    there = [stage for stage in graph.stages if folders.find(stage)]
    done, left = {stage for stage in there if folders.is_in_run(stage)}, None
    here = set(there)
    others = [stage for stage in graph.stages if stage not in here]
    mirrored = {stage for stage in others if folders.is_mirrored(stage)}
    at_work = []
    if folders.run_dir and folders.run_dir.exists():
        from stilts_keras.records.run_folder import RunFolder
        from stilts_keras.records.visit_folders import describe_at_work

        folder = RunFolder(folders.run_dir, graph, stages=folders)
        # Weights may be gone where nothing needs them any more.
        left = folder.remaining(is_plan=True)
        done |= {
            stage
            for stage in set(others) - mirrored
            if stage.fingerprint not in left.stages
        }
        at_work = describe_at_work(folder.path, lambda: parts_of(graph))
    reused = done | here | mirrored
    times = time_left.plan_lines(
        graph,
        [stage for stage in graph.stages if stage not in reused],
        left and left.cells,
        speeds.known(folders.run_dir, folders.store),
        FLAGS.keras_backend,
    )
    render_plan(
        graph,
        done={stage.fingerprint for stage in done},
        stored={stage.fingerprint for stage in here - done},
        mirrored={stage.fingerprint for stage in mirrored},
        left=left and left.cells,
        notes=[*per_device, *at_work, *times, *filter(None, [lacking])],
    )


def _print_jobs():
    """Prints what is left of a run as jobs of an engine."""
    what = f"FOLDER, with --format={FLAGS.format}"
    flag_values.need(run_dir=what, stage_store=what)
    from stilts_keras.launchers import jobs
    from stilts_keras.records.run_folder import RunFolder
    from stilts_keras.visits.planning import plan_visits

    flag_values.options()
    graph = flag_values.graph()
    folder = RunFolder(
        flag_values.run_dir(),
        graph,
        stage_store=FLAGS.stage_store,
        stage_mirror=FLAGS.stage_mirror,
    )
    found = jobs.jobs_of(
        graph,
        plan_visits(graph, folder.remaining(is_plan=True)),
        folder.path,
        flag_values.given_flags(),
    )
    if FLAGS.format == "json":
        print(jobs.as_json(found))
    else:
        print(jobs.as_script(found, FLAGS.sbatch_args))


def rank():
    """Orders candidate sources by what is known before training."""
    from stilts_keras import rank as ranking

    asked = ranking.ask(
        flag_values.graph(), run_dir=flag_values.run_dir(), output=FLAGS.output
    )
    _set_backend()
    ranking.rank(asked, stage_store=FLAGS.stage_store, bad_rows=FLAGS.bad_rows)


def prune():
    """Deletes what no run needs."""
    if not flag_values.run_dir() and not FLAGS.stage_store:
        raise InputError(
            "Pass --run_dir=FOLDER, --stage_store=FOLDER, or both, to prune."
        )
    from stilts_keras.records import prune as pruning

    done = []
    if FLAGS.run_dir:
        done.append(
            pruning.prune_run(
                flag_values.run_dir(), keep=FLAGS.keep, is_agreed=_is_agreed
            )
        )
    # Last: the run above may have been the only one to need a stage.
    if FLAGS.stage_store:
        done.append(
            pruning.prune_store(FLAGS.stage_store, is_agreed=_is_agreed)
        )
    count = sum(len(pruning.paths) for pruning in done)
    size = sum(pruning.num_bytes for pruning in done)
    print(f"Deleted: {count} folders or files, {size:,} bytes.")


def _is_agreed(pruning):
    for path in pruning.paths:
        print(path)
    for note in pruning.notes:
        print(note)
    if FLAGS.yes:
        return True
    if not sys.stdin.isatty():
        raise InputError(
            f"{len(pruning.paths)} folders or files, {pruning.num_bytes:,} "
            "bytes, would be deleted. Pass --yes to have it done."
        )
    question = f"Delete these {pruning.num_bytes:,} bytes? [y/N] "
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def run():
    """Trains and evaluates."""
    if not flag_values.run_dir():
        raise InputError("Pass --run_dir=FOLDER: results are kept there.")
    from stilts_keras import files

    options = flag_values.options()
    files.check_folder_place(flag_values.run_dir(), "run_dir")
    if FLAGS.stage_store:
        files.check_folder_place(FLAGS.stage_store, "stage_store")
    from stilts_keras.interruption import Interruption

    # From the start: imports take their time, and may be cut off, too.
    with Interruption():
        _run_graph(flag_values.graph(), options)


def visit():
    """Makes one visit of a run, in its own folder."""
    flag_values.need(
        run_dir="FOLDER of the run",
        stage_store="FOLDER that all visits of the run share",
        visit="FINGERPRINT, one of `stilts plan --format=json`",
    )
    from stilts_keras import files

    options = flag_values.options()
    files.check_folder_place(flag_values.run_dir(), "run_dir")
    files.check_folder_place(FLAGS.stage_store, "stage_store")
    from stilts_keras.graph.part import find_part
    from stilts_keras.interruption import Interruption

    with Interruption():
        part = find_part(flag_values.graph(), FLAGS.visit)
        _set_backend()
        from stilts_keras.launchers import slurm

        slurm.make(part, options, flag_values.settings())


def _run_graph(graph, options):
    _set_backend()
    from stilts_keras import experiment

    experiment.run(graph, options, settings=flag_values.settings())


def export():
    """Writes a stage as another library's folder."""
    flag_values.need(
        stage="FOLDER of a finished stage", output="FOLDER to make"
    )
    _set_backend()
    from stilts_keras.export import export as export_stage

    folder, name = export_stage(FLAGS.stage, FLAGS.output, task=FLAGS.task)
    print(f"Exported: {folder} ({name})")


def predict():
    """Writes predictions of rows without gold."""
    flag_values.need(
        stage="FOLDER of a finished stage",
        task="NAME of the task whose test rows are to be predicted",
        output="FOLDER for the predictions",
    )
    from stilts_keras.data.sources import open_data

    task, data = flag_values.task(), open_data(FLAGS.data)
    _set_backend()
    from stilts_keras.predict import predict as predict_task

    written = predict_task(
        FLAGS.stage,
        task,
        data=data,
        output=FLAGS.output,
        languages=FLAGS.languages,
        max_length=FLAGS.max_length,
    )
    for language, file in written.items():
        print(f"{task.name} ({language}): {file}")


def score():
    """Scores submissions."""
    from stilts_keras import files
    from stilts_keras.scoring.suites import get_suite

    suite = get_suite(FLAGS.benchmark)
    what = f"FOLDER in {suite.title}'s layout"
    flag_values.need(predictions=what, labels=what)
    output = FLAGS.output
    if output:
        output = files.check_file_place(output, "output")
    from stilts_keras.reporting import rendering
    from stilts_keras.score import score as scored

    frame = scored(
        FLAGS.predictions,
        FLAGS.labels,
        suite=suite,
        output=output,
        baseline=FLAGS.baseline,
        allow_missing=FLAGS.allow_missing,
    )
    rendering.print_frame(frame)


def _set_backend():
    """Chooses the framework; it must come before the first `import keras`."""
    lacking = _lacking_backend()
    if lacking:
        raise InputError(lacking)
    if FLAGS.keras_backend:
        os.environ["KERAS_BACKEND"] = FLAGS.keras_backend
    memory.keep_freed()
    _quietly(_import_frameworks)


def _lacking_backend():
    """Says that the framework is not installed; None where it is."""
    name = FLAGS.keras_backend
    if not name or importlib.util.find_spec(name):
        return None
    return (
        f"Backend {name!r} is not installed. Install it with: "
        f"pip install 'stilts_keras[{name}]'."
    )


def _import_frameworks():
    # Here: the name of the backend is read when Keras is imported.
    from stilts_keras import backend

    backend.prepare()


def _quietly(function):
    """Calls a function; what it writes to stderr shows only if it fails.

    TensorFlow greets from C++, and offers no setting against it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            function()
        except BaseException:
            kept.seek(0)
            os.write(screen, kept.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
