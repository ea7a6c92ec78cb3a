"""A control: a task whose training labels tell nothing of its rows.

What a stage on it still gains is not learnt from labels: it trained longer,
and saw the texts.
"""

import dataclasses

SUFFIX = "-shuffled"


def base_name(name):
    """Returns the name of the task whose rows a name stands for."""
    return name.removesuffix(SUFFIX)


def shuffled(task):
    """Returns the Task with its training labels permuted among its rows.

    The seed of a stage permutes them; see `data.shuffling`. It is another task
    than the true one, with a head of its own, and counts as no target's. It
    has no dev rows: there is nothing to choose a checkpoint by, and the last
    step is kept.

    Args:
        task: Task. Its rows have labels, or tags, or answers.
    """
    name = task.name + SUFFIX
    repositories = tuple(
        dataclasses.replace(place, splits={"train": place.splits["train"]})
        for place in task.repositories
        if "train" in place.splits
    )
    return dataclasses.replace(
        task,
        name=name,
        head_key=name,
        repositories=repositories,
        splits=("train",),
        train_task=None,
        train_first=(),
        is_shuffled=True,
    )
