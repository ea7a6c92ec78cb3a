"""The suites: one file for each benchmark, one import line here."""

from stilts_keras.errors import unknown
from stilts_keras.scoring.suite import Suite
from stilts_keras.scoring.suites.sets import ANLIPLUS
from stilts_keras.scoring.suites.sets import STARTER
from stilts_keras.scoring.suites.xtreme import XTREME
from stilts_keras.scoring.suites.xtreme_r import XTREME_R
from stilts_keras.tasks import TASKS

__all__ = ["ANLIPLUS", "STARTER", "XTREME", "XTREME_R"]

SUITES = {
    suite.name: suite
    for suite in list(globals().values())
    if isinstance(suite, Suite)
}
# All that can be evaluated by a name, those with a suite's own setting too.
TARGETS = {
    target.name: target for suite in SUITES.values() for target in suite.targets
} | TASKS
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
    """Replaces each suite by its targets; keeps order, drops repetitions.

    A task that is named itself has all of its languages, one that suites stand
    for has theirs together.

    Args:
        names: iterable of str. Tasks and suites.
        tasks: mapping from name to Task: all that may be named besides.

    Returns:
        Tuple of Tasks.

    Raises:
        InputError: If a name is neither a task nor a suite.
    """
    known, found = TARGETS | dict(tasks), {}
    for name in names:
        if name in SUITES:
            asked = SUITES[name].wanted()
        elif name in known:
            asked = [(known[name], known[name].languages)]
        else:
            raise unknown("task or suite", name, [*known, *SUITES])
        for task, languages in asked:
            _, before = found.get(task.name, (task, ()))
            found[task.name] = task, (*before, *languages)
    return tuple(task.within(languages) for task, languages in found.values())
