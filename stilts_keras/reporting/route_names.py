"""Canonical routes as text: what they say without the tasks they name.

A route may name a task of the user's own, whose file is no concern of a
report.
"""

import dataclasses

from stilts_keras.graph.averaging import plain_route
from stilts_keras.graph.route import LONGER
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.tasks.languages import ENGLISH
from stilts_keras.tasks.shuffled import base_name


def source_names(route):
    """Lists a route's sources, stage by stage, each without its count.

    Args:
        route: str. As `str(Route)` gives it.

    Returns:
        List of lists of str; empty for `pretrained` and `longer`.
    """
    route = plain_route(route)
    if route == PRETRAINED or _is_longer(route):
        return []
    return [
        [source.partition(":")[0] for source in stage.split("+")]
        for stage in route.split("/")
    ]


def is_plain(route):
    """Whether a route is one training on what its tasks say.

    No control, which trains the target longer or on shuffled labels, and no
    average of several trainings.
    """
    return plain_route(route) == route and not is_control(route)


def is_control(route):
    """Whether a route trains the target longer, or on shuffled labels."""
    return _is_longer(route) or any(
        base_name(task) != task
        for stage in source_names(route)
        for task in (name.partition("@")[0] for name in stage)
    )


def _is_longer(route):
    return route.partition(":")[0] == LONGER


def shape_of(route):
    """Returns the number of different tasks, and of stages, of a route."""
    stages = source_names(route)
    tasks = {name.partition("@")[0] for stage in stages for name in stage}
    return len(tasks), len(stages)


@dataclasses.dataclass(frozen=True)
class SourceSet:
    """A route of one stage on one task: in which languages, on how much.

    Attributes:
        task: str.
        languages: tuple of str. English first, then by their codes.
        num_examples: int. In all languages together.
    """

    task: str
    languages: tuple[str, ...]
    num_examples: int

    @property
    def named_languages(self):
        """The languages as a route would join them, such as `en+de`."""
        return "+".join(self.languages)


def source_set_of(route, language_of):
    """Reads a route that trains on one task, with counts, in one stage.

    Args:
        route: str. As `str(Route)` gives it.
        language_of: function from a task to the language that its name alone
            stands for.

    Returns:
        `SourceSet`; None for any other route.
    """
    if not source_names(route) or "/" in route:
        return None
    found = {}
    for source in route.split("+"):
        name, _, count = source.partition(":")
        task, _, language = name.partition("@")
        if not count:
            return None
        found[task, language or language_of(task)] = _number(count)
    tasks = {task for task, _ in found}
    if len(tasks) > 1:
        return None
    languages = sorted(
        (language for _, language in found),
        key=lambda code: (code != ENGLISH, code),
    )
    return SourceSet(tasks.pop(), tuple(languages), sum(found.values()))


def _number(count):
    """Reads a count such as `20k`, as `Route` writes it."""
    return int(count.removesuffix("k")) * (1000 if count[-1] == "k" else 1)
