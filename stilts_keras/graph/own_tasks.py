"""Tasks of the user's own, from Python files outside the package."""

import dataclasses
import hashlib
import importlib.machinery
import importlib.util
import re
import sys

from stilts_keras.disturbances import DISTURBANCES
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.files import at_home
from stilts_keras.graph.ranges import check_recipe_field
from stilts_keras.graph.route import LONGER
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.scoring.suites import SUITES
from stilts_keras.scoring.suites import TARGETS
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.columns import Column
from stilts_keras.tasks.task import Task

# What a route can name; see `graph.route`.
NAME = re.compile(r"[a-z][a-z0-9_]*")
TAKEN = (PRETRAINED, LONGER)
# What modules of such files are called begins so.
MODULE = "stilts_keras_task_file_"


def load_task_file(path):
    """Runs a Python file and returns the Tasks that it defines.

    The file is a module of the process from then on, so that values of it can
    be pickled by reference: a process that is to read them loads it first.

    Args:
        path: path of a Python file whose variables hold Tasks.

    Returns:
        Tuple of Task, for `with_own_tasks`, each with the digest of the file:
        an edited file is another version of its tasks.

    Raises:
        InputError: If it cannot be run, or defines no Task of its own.
    """
    file = at_home(path).absolute()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"Task file {str(path)!r} cannot be read ({error.strerror}). Pass "
            "a Python file that defines a stilts_keras.Task."
        ) from error
    digest = hashlib.sha256(content).hexdigest()[:16]
    module = _run(file, hashlib.sha256(str(file).encode()).hexdigest()[:16])
    found = {
        id(value): value
        for value in vars(module).values()
        if isinstance(value, Task) and TASKS.get(value.name) is not value
    }
    if not found:
        raise InputError(
            f"Task file {str(path)!r} defines no Task. Expected a variable "
            "such as MY_TASK = stilts_keras.Task(name='my_task', ...)."
        )
    return tuple(
        dataclasses.replace(task, file_digest=digest) for task in found.values()
    )


def loaded_task_files():
    """Lists the files that this process has loaded, for one that is to."""
    return [
        module.__file__
        for name, module in sorted(sys.modules.items())
        if name.startswith(MODULE)
    ]


def _run(file, key):
    name = MODULE + key
    spec = importlib.util.spec_from_file_location(
        name, file, loader=importlib.machinery.SourceFileLoader(name, str(file))
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        where = f"line {_line_of(error, file)}: " * bool(_line_of(error, file))
        raise InputError(
            f"Task file {str(file)!r} fails: {where}{type(error).__name__}: "
            f"{error}"
        ) from error
    return module


def _line_of(error, file):
    """Returns the last line of the file that an error went through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    number, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(file):
            number = trace.tb_lineno
        trace = trace.tb_next
    return number


def with_own_tasks(tasks):
    """Puts a user's Tasks beside those of the package.

    Args:
        tasks: iterable of Task.

    Returns:
        Dict from name to Task: all that may be named.

    Raises:
        InputError: If a name is taken, given twice, or none that a route
            could write, or a part of a Task would fail later.
    """
    tasks = tuple(tasks)
    seen = set()
    for task in tasks:
        if not isinstance(task, Task):
            raise InputError(
                "Tasks of one's own must be stilts_keras.Task values. "
                f"Received: {task!r}."
            )
        if not isinstance(task.name, str):
            raise InputError(
                f"A Task's name must be a str. Received: {task.name!r}."
            )
        if task.name in TARGETS or task.name in SUITES or task.name in TAKEN:
            raise InputError(
                f"Task {task.name!r} has the name of a task, suite or route of "
                "stilts_keras. Give yours another."
            )
        if not NAME.fullmatch(task.name):
            raise InputError(
                f"Task {task.name!r} cannot be named in a route. Expected "
                "lower-case letters, digits and '_', a letter first."
            )
        if task.name in seen:
            raise InputError(
                f"Task {task.name!r} is defined twice. Give each its own name."
            )
        _check_parts(task)
        seen.add(task.name)
    _check_shared_heads(tasks)
    known = TASKS | {task.name: task for task in tasks}
    for task in tasks:
        _check_trained(task, known)
        if task.disturbs:
            _check_disturbing(task, known)
    return known


def _check_disturbing(task, known):
    """Raises where rows said to be disturbed ones could not be asked for."""
    name = task.disturbance
    if task.disturbs not in known:
        raise unknown(f"disturbs of task {task.name!r}", task.disturbs, known)
    if name in DISTURBANCES:
        raise InputError(
            f"Task {task.name!r}: disturbance {name!r} has the name of one of "
            "stilts_keras. Give yours another."
        )
    # It names cells, folders and flags.
    if not NAME.fullmatch(name):
        raise InputError(
            f"Task {task.name!r}: disturbance {name!r} cannot be named in "
            "--disturb. Expected lower-case letters, digits and '_', a letter "
            "first."
        )


def _check_trained(task, known):
    """Raises where a task is to be trained on what could not give its head."""
    if task.train_task and task.train_task not in known:
        raise unknown(
            f"train_task of task {task.name!r}", task.train_task, known
        )
    for name in task.train_first:
        if name not in known:
            raise unknown(f"train_first of task {task.name!r}", name, known)
        first = known[name]
        if not first.is_trainable:
            raise InputError(
                f"Task {task.name!r}: train_first names {name!r}, which has "
                "no train split. Name tasks to train on."
            )
        if not task.kind.is_trained:
            continue
        heads = [(one.problem, one.labels) for one in (task, first)]
        if heads[0] != heads[1] or task.labels_from_data:
            raise InputError(
                f"Task {task.name!r} begins with the head of {name!r} "
                "(train_first), whose problem or labels differ: "
                f"{first.problem} {list(first.labels)}. Name tasks of the same "
                "problem and labels, known before the rows are read."
            )


def _check_parts(task):
    """Raises InputError for what would fail when rows are read or scored."""
    # Imported here: plans without tasks of one's own need no NumPy.
    from stilts_keras.scoring import metrics

    where = f"Task {task.name!r}:"
    for name, column in task.columns.items():
        if not isinstance(column, Column):
            raise InputError(
                f"{where} column {name!r} must be a kind of "
                f"stilts_keras.tasks.columns. Received: {column!r}."
            )
    if task.kind.predicts in ("label", "tags"):
        if not task.labels and not task.labels_from_data:
            raise InputError(f"{where} expected labels, and received none.")
    if not task.metrics and task.kind.predicts != "tokens":
        raise InputError(f"{where} expected at least one metric.")
    for name, value in vars(task.recipe).items():
        if value is not None:
            check_recipe_field(name, value)
    metrics.of(task)


def _check_shared_heads(tasks):
    """Raises where two tasks would read one head's outputs differently."""
    for task in tasks:
        for other in (*TASKS.values(), *tasks):
            if other.head_key != task.head_key or other is task:
                continue
            if (other.problem, other.labels) != (task.problem, task.labels):
                raise InputError(
                    f"Task {task.name!r} shares head {task.head_key!r} with "
                    f"{other.name!r}, whose problem or order of labels "
                    f"differs: {other.problem} {list(other.labels)}. Give it "
                    "the same, or a head_key of its own."
                )
