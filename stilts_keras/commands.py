"""The commands of `stilts`: flags in, a call of the Python API out.

Each imports what it needs: no framework is loaded before `KERAS_BACKEND` is
set from the flags, and none at all where a command can do without.
"""

import dataclasses
import importlib
import importlib.util
import os
import sys
import tempfile

from absl import flags

from stilts_keras import flag_definitions
from stilts_keras import memory
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

FLAGS = flags.FLAGS


def tasks():
    """Prints the tasks, suites and disturbances."""
    from stilts_keras.disturbances.listing import lines
    from stilts_keras.scoring.suites import SUITES
    from stilts_keras.tasks import TASKS
    from stilts_keras.tasks.listing import print_tasks

    print_tasks(SUITES.values())
    for line in lines(TASKS.values()):
        print(line)


def _run_dir():
    """Returns the run folder, or None."""
    # As with other flags, the last one counts: it overrides a flagfile's.
    return FLAGS.run_dir[-1] if FLAGS.run_dir else None


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
    from stilts_keras.records.lock import locked
    from stilts_keras.records.scalars import write_scalars
    from stilts_keras.reporting import overview
    from stilts_keras.reporting import rendering
    from stilts_keras.reporting import report as reports
    from stilts_keras.reporting.evidence import gather

    made = reports.build(gather(FLAGS.run_dir, baseline=FLAGS.baseline))
    if output:
        file = reports.write(made, output)
        logs = os.path.join(output, "tensorboard")
        files.remove(logs)
        overview.show(made, logs)
        evidence = made.evidence
        write_scalars([*evidence.rows, *evidence.disturbed], logs)
    else:
        with locked(FLAGS.run_dir[0]):
            folder = files.at_home(FLAGS.run_dir[0])
            file = reports.write(made, folder / reports.FOLDER)
    rendering.print_frame(made.frames["summary"])
    for line in (*made.sentences, *made.evidence.problems, f"Report: {file}"):
        print(line)


def plan():
    """Prints what a run would train, and its cost."""
    from stilts_keras.graph.plan import render_plan
    from stilts_keras.records.stage_folders import StageFolders

    graph = _graph()
    folders = StageFolders(_run_dir(), FLAGS.stage_store)
    there = [stage for stage in graph.stages if folders.find(stage)]
    done, left = {stage for stage in there if folders.is_in_run(stage)}, None
    if folders.run_dir and folders.run_dir.exists():
        from stilts_keras.records.run_folder import RunFolder

        folder = RunFolder(
            folders.run_dir, graph, stage_store=FLAGS.stage_store
        )
        # Weights may be gone where nothing needs them any more.
        left = folder.remaining(is_plan=True)
        done |= {
            stage
            for stage in set(graph.stages) - set(there)
            if stage.fingerprint not in left.stages
        }
    render_plan(
        graph,
        done={stage.fingerprint for stage in done},
        stored={stage.fingerprint for stage in set(there) - done},
        left=left and left.cells,
    )


def rank():
    """Orders candidate sources by what is known before training."""
    from stilts_keras import rank as ranking

    asked = ranking.ask(_graph(), run_dir=_run_dir(), output=FLAGS.output)
    _set_backend()
    ranking.rank(asked, stage_store=FLAGS.stage_store, bad_rows=FLAGS.bad_rows)


def prune():
    """Deletes what no run needs."""
    if not _run_dir() and not FLAGS.stage_store:
        raise InputError(
            "Pass --run_dir=FOLDER, --stage_store=FOLDER, or both, to prune."
        )
    from stilts_keras.records import prune as pruning

    done = []
    if FLAGS.run_dir:
        done.append(
            pruning.prune_run(_run_dir(), keep=FLAGS.keep, is_agreed=_is_agreed)
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
    if not _run_dir():
        raise InputError("Pass --run_dir=FOLDER: results are kept there.")
    from stilts_keras import files

    options = _options()
    files.check_folder_place(_run_dir(), "run_dir")
    if FLAGS.stage_store:
        files.check_folder_place(FLAGS.stage_store, "stage_store")
    from stilts_keras.interruption import Interruption

    # From the start: imports take their time, and may be cut off, too.
    with Interruption():
        _run_graph(_graph(), options)


def _options():
    from stilts_keras.options import Options

    names = [field.name for field in dataclasses.fields(Options)]
    given = {name: FLAGS[name].value for name in names}
    return Options(**given | {"run_dir": _run_dir()})


def _run_graph(graph, options):
    _set_backend()
    from stilts_keras import experiment

    experiment.run(
        graph,
        options,
        settings={
            name: FLAGS[name].value
            for group, names in flag_definitions.GROUPS.items()
            for name in names
            if group not in ("score", "prune", flag_definitions.TAKE_AWAY)
        },
    )


def _need(**flags_needed):
    """Raises InputError for the first flag that is not given."""
    for name, what in flags_needed.items():
        if not FLAGS[name].value:
            raise InputError(f"Pass --{name}={what}.")


def export():
    """Writes a stage as another library's folder."""
    _need(stage="FOLDER of a finished stage", output="FOLDER to make")
    _set_backend()
    from stilts_keras.export import export as export_stage

    folder, name = export_stage(FLAGS.stage, FLAGS.output, task=FLAGS.task)
    print(f"Exported: {folder} ({name})")


def predict():
    """Writes predictions of rows without gold."""
    _need(
        stage="FOLDER of a finished stage",
        task="NAME of the task whose test rows are to be predicted",
        output="FOLDER for the predictions",
    )
    from stilts_keras.data.sources import open_data

    task, data = _task(), open_data(FLAGS.data)
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


def _task():
    """Returns the Task of --task, which may be the user's own."""
    from stilts_keras.graph.own_tasks import with_own_tasks

    known = with_own_tasks(_own_tasks())
    if FLAGS.task not in known:
        raise unknown("task", FLAGS.task, known)
    return known[FLAGS.task]


def _own_tasks():
    from stilts_keras.graph.own_tasks import load_task_file

    return [task for file in FLAGS.task_file for task in load_task_file(file)]


def score():
    """Scores submissions."""
    from stilts_keras import files
    from stilts_keras.scoring.suites import get_suite

    suite = get_suite(FLAGS.benchmark)
    what = f"FOLDER in {suite.title}'s layout"
    _need(predictions=what, labels=what)
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


def _graph():
    from stilts_keras.backbones.description import describe_backbone
    from stilts_keras.data.mixture import Sampling
    from stilts_keras.graph.graph import Graph

    return Graph(
        routes=FLAGS.route,
        targets=FLAGS.targets,
        tasks=_own_tasks(),
        seeds=FLAGS.seed,
        data=FLAGS.data,
        backbone=describe_backbone(
            FLAGS.backbone,
            tokenizer=FLAGS.tokenizer,
            family=FLAGS.family,
            num_layers=FLAGS.num_layers,
            num_heads=FLAGS.num_heads,
            hidden_dim=FLAGS.hidden_dim,
            intermediate_dim=FLAGS.intermediate_dim,
            max_sequence_length=FLAGS.max_sequence_length,
            dropout=FLAGS.dropout,
        ),
        languages=FLAGS.languages,
        target_languages=FLAGS.target_languages,
        target_count=FLAGS.target_count,
        train_limit=FLAGS.train_limit,
        eval_limit=FLAGS.eval_limit,
        eval_on_dev=FLAGS.eval_on_dev,
        retrieval_layer=_retrieval_layer(),
        retrieval_pooling=FLAGS.retrieval_pooling,
        baseline=FLAGS.baseline,
        recipe={
            name: FLAGS[name].value
            for name in flag_definitions.GROUPS[flag_definitions.RECIPE]
        },
        sampling=Sampling(
            kind=FLAGS.sampling,
            cap=FLAGS.sampling_cap,
            temperature=FLAGS.sampling_temperature,
            rates=_sampling_rates(),
        ),
        replay=FLAGS.replay,
        route_steps=FLAGS.route_steps,
        measure_forgetting=FLAGS.measure_forgetting,
        disturb=FLAGS.disturb,
        allow_missing=FLAGS.allow_missing,
    )


def _sampling_rates():
    rates = {}
    for item in FLAGS.sampling_rates:
        name, _, weight = item.partition("=")
        try:
            rates[name] = float(weight)
        except ValueError as error:
            raise InputError(
                "sampling_rates must be written as source=weight, such as "
                f"mnli=2. Received: {item!r}."
            ) from error
    return rates


def _retrieval_layer():
    """Reads a number where there is one; Graph refuses all else."""
    value = FLAGS.retrieval_layer
    return int(value) if value and value.isdecimal() else value


def _set_backend():
    """Chooses the framework; it must come before the first `import keras`."""
    name = FLAGS.keras_backend
    if name:
        if importlib.util.find_spec(name) is None:
            raise InputError(
                f"Backend {name!r} is not installed. Install it with: "
                f"pip install 'stilts_keras[{name}]'."
            )
        os.environ["KERAS_BACKEND"] = name
    memory.keep_freed()
    _quietly(_import_frameworks)


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
