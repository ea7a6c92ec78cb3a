"""Canonical routes as text: what they say without the tasks they name.

A route may name a task of the user's own, whose file is no concern of a
report.
"""

from stilts_keras.graph.route import PRETRAINED


def source_names(route):
    """Lists a route's sources, stage by stage, each without its count.

    Args:
        route: str. As `str(Route)` gives it.

    Returns:
        List of lists of str; empty for `pretrained`.
    """
    if route == PRETRAINED:
        return []
    return [
        [source.partition(":")[0] for source in stage.split("+")]
        for stage in route.split("/")
    ]


def shape_of(route):
    """Returns the number of different tasks, and of stages, of a route."""
    stages = source_names(route)
    tasks = {name.partition("@")[0] for stage in stages for name in stage}
    return len(tasks), len(stages)
