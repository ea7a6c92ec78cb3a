"""Routes that trained a target's own task, or its head: no transfer.

PAN-X before PAN-X, or MNLI before XNLI, whose rows and head are MNLI's, is
more of the same. What it gains is no answer to whether another task helps, so
that tables mark it and no finding is of it.

Its differences stay among those that Holm's correction counts: they are shown
and tested like the others, and a family of tests that shrank with what is
called transfer could be chosen by its outcome.
"""

from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.reporting.route_names import source_names
from stilts_keras.tasks import TASKS

# How tables, figures and texts mark it.
MARK = "\N{IDENTICAL TO}"


def is_own(route, target, tasks):
    """Whether a route trained what a target is trained on.

    Args:
        route: str. Canonical.
        target: str. A task's name.
        tasks: mapping from name to `TaskFacts`, of run.json.

    Returns:
        bool; None where an older run.json does not tell.
    """
    return _any_of(
        _is_same(source, target, tasks) for source in _tasks_of(route)
    )


def untold(places, tasks):
    """Says where it is not known what is marked.

    Args:
        places: iterable of pairs of a route and a target.
        tasks: mapping, as in `is_own`.

    Returns:
        A str; empty where all is known.
    """
    unknown = [
        f"{route} on {target}"
        for route, target in dict.fromkeys(places)
        if is_own(route, target, tasks) is None
    ]
    if not unknown:
        return ""
    more = f" and {len(unknown) - 3} more" if unknown[3:] else ""
    return (
        "Which tasks share rows or a head was not kept (run.json is of an "
        f"older version): {MARK} marks only routes that name the target "
        f"itself, and is not known of {', '.join(unknown[:3])}{more}."
    )


def beside_own(number):
    """Says how many differences are more of the same, if there are any."""
    if not number:
        return ""
    differences = "difference is" if number == 1 else "differences are"
    return (
        f" {number} more {differences} of the target's own task or head "
        f"({MARK}), which is no transfer."
    )


def beside_controls(items):
    """Says what controls come to, which are in no finding either.

    Args:
        items: list of tuples of route, target and cell.
    """
    if not items:
        return ""
    names = ", ".join(
        f"`{name}`" for name in dict.fromkeys(i[0] for i in items)
    )
    verb = "are controls" if len({i[0] for i in items}) > 1 else "is a control"
    route, target, cell = max(items, key=lambda item: item[2]["difference"])
    return (
        f" {names} {verb}, and no transfer: the most gained is "
        f"{cell['difference']:+z.1f} points, of `{route}` on {target}."
    )


def _tasks_of(route):
    """Lists the tasks that a route names."""
    return dict.fromkeys(
        name.partition("@")[0]
        for stage in source_names(route)
        for name in stage
    )


def _is_same(source, target, tasks):
    if source == target:
        return True
    known = [_names_of(task, tasks) for task in (source, target)]
    if None in known:
        return None
    return bool(known[0] & known[1])


def _names_of(task, tasks):
    """Returns what a task counts as, or None where that was not kept."""
    facts = tasks.get(task)
    if facts is None and task in TASKS:
        facts = TaskFacts.of(TASKS[task])
    if facts is None or not facts.counts_as:
        return None
    return set(facts.counts_as)


def _any_of(answers):
    """True if any is; else None if any is not known."""
    answers = list(answers)
    if True in answers:
        return True
    return None if None in answers else False
