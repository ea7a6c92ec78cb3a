"""The table that `stilts tasks` prints."""

import sys

from stilts_keras.tasks import SUITES
from stilts_keras.tasks import TASKS

# Columns for output that is no terminal.
WIDTH = 120


def print_tasks(console=None):
    """Prints every task and every suite.

    Args:
        console: rich Console or None for standard output.
    """
    # Imported here: it takes longer than all the rest.
    from rich.console import Console
    from rich.table import Table

    if console is None:
        console = Console(
            width=None if sys.stdout.isatty() else WIDTH, highlight=False
        )
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for title in (
        "task",
        "problem",
        "languages",
        "splits",
        "metrics",
        "source",
        "licence",
    ):
        table.add_column(title, overflow="fold")
    for task in TASKS.values():
        table.add_row(*_row(task))
    console.print(table)
    console.print()
    for name, members in SUITES.items():
        console.print(f"suite {name}: {', '.join(members)}", markup=False)


def _row(task):
    splits = " ".join(task.splits)
    if task.train_task:
        splits += f" (trained on {task.train_task})"
    few = len(task.languages) <= 3
    languages = " ".join(task.languages) if few else str(len(task.languages))
    return (
        task.name,
        task.problem.replace("_", " "),
        languages,
        splits,
        " ".join(task.metrics),
        task.repositories[0].id,
        task.licence,
    )
