"""The command `stilts`: flags in, a call of the Python API out.

The only module that defines flags. No framework is imported before
`KERAS_BACKEND` is set from them.
"""

import importlib
import importlib.util
import os
import signal
import sys
import tempfile

from absl import flags

import stilts_keras
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.errors import StageError
from stilts_keras.errors import unknown
from stilts_keras.tasks.task import DTYPE_POLICIES

BACKENDS = ("tensorflow", "jax", "torch")
USAGE = """\
Does training on an intermediate task first help in languages never seen?

usage: stilts COMMAND [--flagfile=FILE] [--flag=value ...]

commands:
  run    train and evaluate all routes on all targets; what is done is kept
  plan   print what `run` would do, and what it would cost
  report rebuild report.md, tables and figures from a run's results
  prune  delete weights that no run needs any more; asks first
  score  score files in XTREME's submission layout, by XTREME's rules
  tasks  list tasks and suites
"""

FLAGS = flags.FLAGS
RECIPE = "recipe (default: each task's published one)"
_GROUPS = {}


def _flag(group, define, name, default, text, choices=None):
    """Defines a flag and notes its group for --help."""
    _GROUPS.setdefault(group, []).append(name)
    if choices is None:
        define(name, default, text)
    else:
        define(name, default, list(choices), text)


_flag(
    "what to train",
    flags.DEFINE_multi_string,
    "route",
    [],
    "Stages in sequence, such as mnli+qqp/squad@de:20k, or pretrained. "
    "Repeat for more routes.",
)
_flag(
    "what to train",
    flags.DEFINE_list,
    "targets",
    [],
    "Tasks or suites that every route is evaluated on, with commas.",
)
_flag(
    "what to train",
    flags.DEFINE_multi_integer,
    "seed",
    [1],
    "Fixes data order, heads and dropout. Repeat for replicates.",
)
_flag(
    "what to train",
    flags.DEFINE_string,
    "baseline",
    None,
    "Route that the others are compared to (default: the first).",
)
_flag(
    "what to train",
    flags.DEFINE_integer,
    "route_steps",
    None,
    "Steps of all intermediate stages of a route together, shared equally, in "
    "place of their epochs: routes of any length then cost the same.",
)
_flag(
    "what to train",
    flags.DEFINE_bool,
    "measure_forgetting",
    False,
    "Score every stage on the dev rows of all sources of its chain.",
)
_flag(
    "mixtures",
    flags.DEFINE_enum,
    "sampling",
    "proportional",
    "How the sources of a stage share its steps.",
    choices=("proportional", "uniform", "capped", "temperature", "explicit"),
)
_flag(
    "mixtures",
    flags.DEFINE_integer,
    "sampling_cap",
    131072,
    "Sequences of a source that count at most, with --sampling=capped.",
)
_flag(
    "mixtures",
    flags.DEFINE_float,
    "sampling_temperature",
    2.0,
    "With --sampling=temperature: 1 is proportional, much is uniform.",
)
_flag(
    "mixtures",
    flags.DEFINE_list,
    "sampling_rates",
    [],
    "With --sampling=explicit: a weight for each source of a mixture, such as "
    "mnli=2,mlm@de=1.",
)
_flag(
    "mixtures",
    flags.DEFINE_float,
    "replay",
    0.0,
    "Part of the steps of each later stage of a chain that repeats what the "
    "earlier ones trained on.",
)
_flag(
    "backbone",
    flags.DEFINE_string,
    "backbone",
    "xlm_roberta_base_multi",
    "KerasHub preset, hf://namespace/name, a local KerasHub or Hugging Face "
    "folder, pocket, or random.",
)
_flag(
    "backbone",
    flags.DEFINE_string,
    "tokenizer",
    None,
    "SentencePiece model, where not the backbone's own; pocket for the "
    "built-in one.",
)
_flag(
    "backbone",
    flags.DEFINE_integer,
    "num_layers",
    2,
    "Layers of --backbone=random.",
)
_flag(
    "backbone",
    flags.DEFINE_integer,
    "num_heads",
    4,
    "Attention heads of --backbone=random.",
)
_flag(
    "backbone",
    flags.DEFINE_integer,
    "hidden_dim",
    128,
    "Hidden units of --backbone=random.",
)
_flag(
    "backbone",
    flags.DEFINE_integer,
    "intermediate_dim",
    512,
    "Feed-forward units of --backbone=random.",
)
_flag(
    "backbone",
    flags.DEFINE_integer,
    "max_sequence_length",
    512,
    "Positions of --backbone=random.",
)
_flag(
    "backbone",
    flags.DEFINE_float,
    "dropout",
    0.1,
    "Dropout rate of --backbone=random.",
)
_flag(
    "data",
    flags.DEFINE_string,
    "data",
    "hub",
    "hub, pocket, or a folder in the Hub's layout; with commas: the first "
    "that holds a split.",
)
_flag(
    "data",
    flags.DEFINE_list,
    "languages",
    None,
    "Languages to evaluate, with commas (default: all of each target).",
)
_flag(
    "data",
    flags.DEFINE_integer,
    "train_limit",
    None,
    "Most examples to train on, where a route gives no count.",
)
_flag(
    "data",
    flags.DEFINE_integer,
    "eval_limit",
    None,
    "Most examples to evaluate in each language; the pools of bucc2018 are "
    "always searched whole.",
)
_flag(
    "data",
    flags.DEFINE_list,
    "eval_on_dev",
    [],
    "Targets to evaluate on dev rows in place of test rows, with commas.",
)
_flag(
    "data",
    flags.DEFINE_enum,
    "long_rows",
    "cut",
    "Rows above --max_length: cut them, as published, and count them; or "
    "refuse them with an error.",
    choices=("cut", "error"),
)
_flag(
    "data",
    flags.DEFINE_enum,
    "bad_rows",
    "skip",
    "Training and dev rows with an empty text or a missing value: leave them "
    "out, up to 1 %, and name them; or refuse them with an error.",
    choices=("skip", "error"),
)
_flag(
    "data",
    flags.DEFINE_bool,
    "allow_missing",
    False,
    "Leave out, and say so: routes whose training rows the data lacks; with "
    "score, languages that neither folder has.",
)
_flag(
    "retrieval",
    flags.DEFINE_string,
    "retrieval_layer",
    None,
    "Hidden state to compare, 0 being the embedding, or sweep for all of them "
    "(default: 14 of 24, 8 of 12).",
)
_flag(
    "retrieval",
    flags.DEFINE_enum,
    "retrieval_pooling",
    None,
    "One vector of a sentence (default: mean).",
    choices=("mean", "cls"),
)
_flag(
    "score",
    flags.DEFINE_string,
    "predictions",
    None,
    "Folder with a submission: <task>/test-<language>.tsv or .json; or one "
    "that holds several, such as RUN_DIR/submission/xtreme.",
)
_flag(
    "score",
    flags.DEFINE_string,
    "labels",
    None,
    "Folder with the labels in the same layout, such as "
    "RUN_DIR/submission/labels.",
)
_flag(
    "score",
    flags.DEFINE_string,
    "output",
    None,
    "With score: JSON file for the scores, in the structure of XTREME's "
    "evaluator. With report: folder for it, with TensorBoard's files (default: "
    "RUN_DIR/report, without).",
)
for _name, _define, _text in (
    ("epochs", flags.DEFINE_float, "Passes over the training examples."),
    ("learning_rate", flags.DEFINE_float, "Peak learning rate."),
    ("batch_size", flags.DEFINE_integer, "Examples per step."),
    ("max_length", flags.DEFINE_integer, "Tokens of one sequence."),
    ("warmup_ratio", flags.DEFINE_float, "Share of steps that warm up."),
    (
        "eval_every_steps",
        flags.DEFINE_integer,
        "Steps between evaluations on the dev split, the best of which is "
        "kept; 0 keeps the last step.",
    ),
    (
        "dev_limit",
        flags.DEFINE_integer,
        "Most rows of the dev split that choose what is kept and tell what "
        "was forgotten.",
    ),
):
    _flag(RECIPE, _define, _name, None, _text)
_flag(
    RECIPE,
    flags.DEFINE_enum,
    "dtype_policy",
    None,
    "Keras dtype policy.",
    choices=DTYPE_POLICIES,
)
_flag(
    "how to run",
    flags.DEFINE_multi_string,
    "run_dir",
    [],
    "Folder of weights, results and TensorBoard's files. With report, repeat "
    "it to merge several.",
)
_flag(
    "how to run",
    flags.DEFINE_enum,
    "keras_backend",
    None,
    "Default: Keras's own configuration.",
    choices=BACKENDS,
)
_flag(
    "how to run",
    flags.DEFINE_integer,
    "log_every_steps",
    50,
    "Steps between two points in TensorBoard.",
)
_flag(
    "how to run",
    flags.DEFINE_float,
    "save_every_minutes",
    10.0,
    "A stage's progress is saved so often, at every evaluation on dev rows, "
    "and when the process is asked to stop.",
)
_flag(
    "how to run",
    flags.DEFINE_string,
    "stage_store",
    None,
    "Folder of trained stages that several runs share.",
)
_flag(
    "how to run",
    flags.DEFINE_enum,
    "keep",
    "all",
    "Weights to keep when nothing needs them any more: all; last, those that "
    "targets were evaluated with; none.",
    choices=("all", "last", "none"),
)
_flag(
    "how to run",
    flags.DEFINE_enum,
    "on_damage",
    "remake",
    "Files that do not match their checksum: make them again, or fail.",
    choices=("remake", "fail"),
)
_flag(
    "prune",
    flags.DEFINE_bool,
    "yes",
    False,
    "Delete without asking.",
)


def main(argv=None):
    """Runs a command.

    Args:
        argv: list of str or None for the process's own.

    Returns:
        int. The exit status: 0 done, 1 a stage failed, 2 wrong input, 130
        or 143 stopped by SIGINT or SIGTERM.
    """
    argv = list(sys.argv if argv is None else argv)
    try:
        return _run_command(argv)
    except (InputError, flags.Error) as error:
        return _fail(error, 2)
    except StageError as error:
        return _fail(error, 1)
    except KeyboardInterrupt as error:
        return _stopped(error)


def _fail(error, status):
    # absl begins some of its messages so.
    line = " ".join(str(error).replace("ERROR:: ", "").split())
    print(f"stilts: error: {line}", file=sys.stderr)
    return status


def _stopped(error):
    number = signal.SIGINT
    if isinstance(error, Interrupted):
        number = error.signal_number
    lines = [f"stilts: stopped by {signal.Signals(number).name}."]
    lines += getattr(error, "__notes__", [])
    lines.append("Run the same command again to go on.")
    print(" ".join(lines), file=sys.stderr)
    return 128 + number


def _run_command(argv):
    commands = {
        "run": _run,
        "plan": _plan,
        "report": _report,
        "prune": _prune,
        "score": _score,
        "tasks": _tasks,
    }
    if FLAGS.is_parsed():
        FLAGS.unparse_flags()
        for group in _GROUPS.values():
            for name in group:
                FLAGS[name].unparse()
    asked = argv[1:] or ["--help"]
    if {"--help", "-h", "-help", "help"} & set(asked):
        print(_help())
        return 0
    if "--version" in asked:
        print(f"stilts_keras {stilts_keras.__version__}")
        return 0
    try:
        rest = FLAGS(argv)[1:]
    except UnicodeDecodeError as error:
        raise InputError(f"A flagfile is not UTF-8: {error}.") from error
    if not rest:
        raise InputError(
            f"No command given. Expected one of: {', '.join(commands)}; "
            "`stilts --help` tells more."
        )
    if rest[0] not in commands:
        raise unknown("command", rest[0], commands)
    if rest[1:]:
        raise InputError(
            f"Unexpected argument {rest[1]!r} after {rest[0]!r}. Flags are "
            "written --name=value, without spaces."
        )
    from stilts_keras.files import refusals_said

    with refusals_said():
        commands[rest[0]]()
    return 0


def _help():
    import textwrap

    lines = [USAGE]
    for group, names in _GROUPS.items():
        lines.append(f"{group}:")
        for name in names:
            default = FLAGS[name].default
            # absl adds a remark to flags that may be repeated.
            text = FLAGS[name].help.partition(";  ")[0]
            if default not in (None, []):
                shown = default[0] if isinstance(default, list) else default
                text += f" [{shown}]"
            lines += textwrap.wrap(
                text,
                width=79,
                initial_indent=f"  --{name:<20}",
                subsequent_indent=" " * 24,
            )
        lines.append("")
    lines.append("  --flagfile            Reads flags from a file, one a line.")
    return "\n".join(lines)


def _tasks():
    from stilts_keras.tasks.listing import print_tasks

    print_tasks()


def _run_dir():
    """Returns the run folder, or None."""
    # As with other flags, the last one counts: it overrides a flagfile's.
    return FLAGS.run_dir[-1] if FLAGS.run_dir else None


def _report():
    if not FLAGS.run_dir:
        raise InputError("Pass --run_dir=FOLDER of a run; repeat to merge.")
    output = FLAGS.output
    if len(FLAGS.run_dir) > 1 and not output:
        raise InputError(
            "Pass --output=FOLDER for the report of several run folders."
        )
    from stilts_keras import files
    from stilts_keras.reporting import overview
    from stilts_keras.reporting import rendering
    from stilts_keras.reporting import report
    from stilts_keras.reporting.evidence import gather
    from stilts_keras.run_folder import locked

    made = report.build(gather(FLAGS.run_dir, baseline=FLAGS.baseline))
    if output:
        file = report.write(made, output)
        logs = os.path.join(output, "tensorboard")
        files.remove(logs)
        overview.show(made, logs)
        overview.write_scalars(made.evidence.rows, logs)
    else:
        with locked(FLAGS.run_dir[0]):
            folder = os.path.join(FLAGS.run_dir[0], report.FOLDER)
            file = report.write(made, folder)
    rendering.print_frame(made.frames["summary"])
    for line in (*made.sentences, *made.evidence.problems, f"Report: {file}"):
        print(line)


def _plan():
    from stilts_keras.graph.plan import render_plan
    from stilts_keras.stage_folders import StageFolders

    graph = _graph()
    folders = StageFolders(_run_dir(), FLAGS.stage_store)
    there = [stage for stage in graph.stages if folders.find(stage)]
    done = {stage for stage in there if folders.is_in_run(stage)}
    if folders.run_dir and folders.run_dir.exists():
        from stilts_keras.run_folder import RunFolder

        folder = RunFolder(
            folders.run_dir, graph, stage_store=FLAGS.stage_store
        )
        # Weights may be gone where nothing needs them any more.
        left, _, _ = folder.unfinished(is_plan=True)
        done |= set(graph.stages) - set(left) - set(there)
    render_plan(
        graph,
        done={stage.fingerprint for stage in done},
        stored={stage.fingerprint for stage in set(there) - done},
    )


def _prune():
    if not _run_dir() and not FLAGS.stage_store:
        raise InputError(
            "Pass --run_dir=FOLDER, --stage_store=FOLDER, or both, to prune."
        )
    from stilts_keras import prune

    done = []
    if FLAGS.run_dir:
        done.append(
            prune.prune_run(_run_dir(), keep=FLAGS.keep, is_agreed=_is_agreed)
        )
    # Last: the run above may have been the only one to need a stage.
    if FLAGS.stage_store:
        done.append(prune.prune_store(FLAGS.stage_store, is_agreed=_is_agreed))
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


def _run():
    if not _run_dir():
        raise InputError("Pass --run_dir=FOLDER: results are kept there.")
    if FLAGS.log_every_steps < 1:
        raise InputError(
            "log_every_steps must be at least 1. Received: "
            f"{FLAGS.log_every_steps}."
        )
    from stilts_keras.interruption import Interruption

    # From the start: imports take their time, and may be cut off, too.
    with Interruption():
        _run_graph(_graph())


def _run_graph(graph):
    _set_backend()
    from stilts_keras import experiment

    experiment.run(
        graph,
        run_dir=_run_dir(),
        log_every_steps=FLAGS.log_every_steps,
        long_rows=FLAGS.long_rows,
        bad_rows=FLAGS.bad_rows,
        save_every_minutes=FLAGS.save_every_minutes,
        stage_store=FLAGS.stage_store,
        keep=FLAGS.keep,
        on_damage=FLAGS.on_damage,
        settings={
            name: FLAGS[name].value
            for group, names in _GROUPS.items()
            for name in names
            if group not in ("score", "prune")
        },
    )


def _score():
    for name in ("predictions", "labels"):
        if not FLAGS[name].value:
            raise InputError(f"Pass --{name}=FOLDER in XTREME's layout.")
    from stilts_keras import files
    from stilts_keras.reporting import rendering
    from stilts_keras.reporting import tables
    from stilts_keras.scoring import xtreme
    from stilts_keras.scoring import xtreme_files

    if FLAGS.output and os.path.isdir(FLAGS.output):
        raise InputError(
            f"--output={FLAGS.output} is a folder. Name a JSON file."
        )
    labels = xtreme_files.read_labels(FLAGS.labels)
    splits = xtreme_files.read_splits(FLAGS.labels)
    folders = xtreme_files.find_submissions(FLAGS.predictions, FLAGS.labels)
    found = {
        name: xtreme.score_submission(
            folder, labels, allow_missing=FLAGS.allow_missing
        )
        for name, folder in folders.items()
    }
    for value in found.values():
        if splits:
            value["splits"] = splits
    # One submission gives XTREME's own structure, several one for each name.
    if FLAGS.output:
        files.write_json(FLAGS.output, found.get("", found))
    scores = {_run_of(name): value for name, value in found.items()}
    routes = list(dict.fromkeys(route for route, _ in scores))
    baseline = FLAGS.baseline or ("pretrained" if len(routes) > 1 else None)
    if FLAGS.baseline and baseline not in routes:
        raise unknown("baseline", baseline, routes)
    if baseline not in routes:
        baseline = routes[0]
    scores = dict(sorted(scores.items(), key=lambda x: x[0][0] != baseline))
    notes = [
        note
        for (route, _), value in scores.items()
        for note in _score_notes(value, route if len(scores) > 1 else None)
    ]
    notes += [f"{task}: on {split} rows" for task, split in splits.items()]
    rendering.print_frame(tables.xtreme_frame(scores, baseline, notes=notes))


def _run_of(name):
    """Splits the path of a run's submission: its route and its seed."""
    name = name or os.path.basename(os.path.abspath(FLAGS.predictions))
    route, _, seed = name.rpartition("/seed-")
    if route and seed.isdecimal():
        return route, int(seed)
    return name, 0


def _score_notes(scores, name):
    where = f"{name}: " if name else ""
    if "absent" in scores:
        yield f"{where}not in the predictions: {', '.join(scores['absent'])}"
    for task, languages in scores.get("absent_languages", {}).items():
        yield f"{where}{task} without {' '.join(languages)}"
    for doubt in scores.get("doubts", ()):
        yield f"{where}{doubt}"


def _graph():
    from stilts_keras.backbones.description import describe_backbone
    from stilts_keras.data.mixture import Sampling
    from stilts_keras.data.sources import open_data
    from stilts_keras.graph.graph import Graph

    return Graph(
        routes=FLAGS.route,
        targets=FLAGS.targets,
        seeds=FLAGS.seed,
        data=open_data(FLAGS.data),
        backbone=describe_backbone(
            FLAGS.backbone,
            tokenizer=FLAGS.tokenizer,
            num_layers=FLAGS.num_layers,
            num_heads=FLAGS.num_heads,
            hidden_dim=FLAGS.hidden_dim,
            intermediate_dim=FLAGS.intermediate_dim,
            max_sequence_length=FLAGS.max_sequence_length,
            dropout=FLAGS.dropout,
        ),
        languages=FLAGS.languages,
        train_limit=FLAGS.train_limit,
        eval_limit=FLAGS.eval_limit,
        eval_on_dev=FLAGS.eval_on_dev,
        retrieval_layer=_retrieval_layer(),
        retrieval_pooling=FLAGS.retrieval_pooling,
        baseline=FLAGS.baseline,
        recipe={name: FLAGS[name].value for name in _GROUPS[RECIPE]},
        sampling=Sampling(
            kind=FLAGS.sampling,
            cap=FLAGS.sampling_cap,
            temperature=FLAGS.sampling_temperature,
            rates=_sampling_rates(),
        ),
        replay=FLAGS.replay,
        route_steps=FLAGS.route_steps,
        measure_forgetting=FLAGS.measure_forgetting,
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
    _import_quietly("keras_hub")


def _import_quietly(module):
    """Imports a module; what it writes to stderr shows only if it fails.

    TensorFlow, which KerasHub imports on every backend, greets from C++ and
    offers no setting against it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            importlib.import_module(module)
        except BaseException:
            kept.seek(0)
            os.write(screen, kept.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
