"""What `stilts tasks` prints."""

import sys

from stilts_keras.tasks import TASKS
from stilts_keras.tasks import get_task

SECONDS_PER_POSITION = 0.02
# Columns for output that is no terminal.
WIDTH = 120


def print_tasks(suites, console=None):
    """Prints a line for every task and every suite.

    Languages are those that it is evaluated in, and those it can be trained on.

    Args:
        suites: iterable of `Suite`.
        console: rich Console or None for standard output.
    """
    from rich import box
    from rich.table import Table

    console = console or _console()
    table = Table(box=box.SIMPLE)
    for name in ("task", "problem", "metric", "languages", "trainable"):
        number = name in ("languages", "trainable")
        table.add_column(name, justify="right" if number else "left")
    table.add_column("source", no_wrap=True)
    for task in TASKS.values():
        table.add_row(*_summary(task))
    console.print(table)
    for suite in suites:
        names = ", ".join(suite.names)
        console.print(f"suite {suite.name}: {names}", markup=False)


def print_facts(names, console=None):
    """Prints all that some tasks say of themselves.

    Args:
        names: sequence of str.
        console: rich Console or None for standard output.

    Raises:
        InputError: If there is no task of such a name.
    """
    from rich.table import Table
    from rich.text import Text

    console = console or _console()
    for task in [get_task(name) for name in names]:
        console.print(
            Text(task.name, style="bold cyan").append(
                f"  {_problem(task)}", "default"
            )
        )
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for name, value in _facts(task):
            table.add_row(f"  {name}", Text(value))
        console.print(table)


def _console():
    # Imported here: it takes longer than all the rest.
    from rich.console import Console

    width = None if sys.stdout.isatty() else WIDTH
    return Console(width=width, highlight=False)


def _problem(task):
    return task.problem.replace("_", " ")


def _summary(task):
    """Writes a task in a line: its first metric, its first source."""
    yield task.name
    yield _problem(task)
    yield next(iter(task.metrics), "-")
    yield str(len(task.languages))
    yield str(len(task.train_languages)) if task.is_trainable else "-"
    yield task.repositories[0].id


def _facts(task):
    count = len(task.languages)
    yield "languages", f"{' '.join(task.languages)} ({count})"
    splits = " ".join(task.splits)
    if task.train_task:
        trained = ", then ".join((*task.train_first, task.train_task))
        splits += f"; as a target trained on {trained}"
        if task.train_first:
            splits += " with one head"
    yield "splits", splits
    for repository in task.repositories:
        if repository.split_column:
            yield "divided", _shares(repository)
    if task.reads == "audio":
        yield "reads", "recordings; needs a speech backbone"
    if task.is_trainable:
        yield "trainable", _trainable(task)
    if task.metrics:
        yield "metrics", " ".join(task.metrics)
    if task.labels_from_data:
        yield "labels", "named by the training rows"
    elif task.labels:
        yield "labels", " ".join(task.numbered_labels)
    for name, column in task.columns.items():
        if getattr(column, "names", ()):
            yield name, " ".join(column.names)
    yield "recipe", _recipe(task)
    yield "source", ", else ".join(map(_source, task.repositories))
    if task.candidates:
        places = task.candidates.repositories
        yield "searches", ", else ".join(map(_source, places))
    yield "licence", task.licence
    yield "citation", task.citation


def _trainable(task):
    """Says in which languages it can be trained, and who wrote the rows."""
    others = [code for code in task.train_languages if code != task.language]
    if not others:
        return task.language
    if not task.translated_by:
        return f"{' '.join(task.train_languages)}, written in each"
    return (
        f"{task.language}; translated by {task.translated_by}: "
        f"{' '.join(others)}"
    )


def _recipe(task):
    recipe = task.recipe
    lengths = f"batch {recipe.batch_size}, {recipe.max_length} tokens"
    if task.reads == "audio":
        # As all lengths of recordings, in positions of 20 ms.
        seconds = recipe.max_length * SECONDS_PER_POSITION
        lengths = f"batch {recipe.batch_size}, {seconds:g} s"
    if not task.kind.is_trained:
        return f"no training; {lengths}"
    return (
        f"{recipe.epochs:g} epochs, learning rate {recipe.learning_rate:g}, "
        f"warm-up {recipe.warmup_ratio:.0%}, {lengths}"
    )


def _shares(repository):
    """Says how rows without official splits are divided."""
    shares = " ".join(
        f"{share:.0%} {split}"
        for split, share in repository.split_shares.items()
    )
    column = repository.split_column
    return f"no official splits; by the hash of {column}: {shares}"


def _source(repository):
    configs = repository.parts.values() or [
        *("+".join(found) for found in repository.configs.values()),
        *([] if repository.configs else [repository.config]),
    ]
    name = f"{repository.id} ({', '.join(configs)})"
    if repository.revision:
        name += f" at {repository.revision}"
    return name if repository.on_hub else f"{name}, local folder only"
