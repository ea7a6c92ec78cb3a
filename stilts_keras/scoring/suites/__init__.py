"""The suites: one file for each benchmark, one import line here."""

from stilts_keras.errors import unknown
from stilts_keras.scoring.suite import Suite
from stilts_keras.scoring.suites.sets import ANLIPLUS
from stilts_keras.scoring.suites.sets import STARTER
from stilts_keras.scoring.suites.xtreme import XTREME
from stilts_keras.tasks import TASKS

__all__ = ["ANLIPLUS", "STARTER", "XTREME"]

SUITES = {
    suite.name: suite
    for suite in list(globals().values())
    if isinstance(suite, Suite)
}
# What `stilts score` scores by, where nothing else is said.
BENCHMARK = XTREME.name


def get_suite(name):
    """Returns the Suite of that name.

    Raises:
        InputError: If there is none; the nearest name is suggested.
    """
    if name not in SUITES:
        raise unknown("suite", name, SUITES)
    return SUITES[name]


def scored():
    """Returns the suites whose tasks become one score: a list of `Suite`."""
    return [suite for suite in SUITES.values() if suite.is_scored]


def with_files():
    """Returns the suites whose predictions have a layout."""
    return [suite for suite in SUITES.values() if suite.layout]


def expand_targets(names, tasks=TASKS):
    """Replaces each suite by its tasks; keeps order, drops repetitions.

    Args:
        names: iterable of str. Tasks and suites.
        tasks: mapping from name to Task: all that may be named besides.

    Returns:
        Tuple of Tasks.

    Raises:
        InputError: If a name is neither a task nor a suite.
    """
    found = {}
    for name in names:
        if name in SUITES:
            found |= {task.name: task for task in SUITES[name].tasks}
        elif name in tasks:
            found[name] = tasks[name]
        else:
            raise unknown("task or suite", name, [*tasks, *SUITES])
    return tuple(found.values())
