"""`stilts tasks` says all that a task file says."""

import io

import pytest

from stilts_keras.scoring.suites import SUITES
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.listing import print_tasks


def listed(width):
    from rich.console import Console

    file = io.StringIO()
    print_tasks(
        SUITES.values(), Console(file=file, width=width, highlight=False)
    )
    return file.getvalue()


def blocks(text):
    """Task name -> its lines, joined: how they are broken does not matter."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith((" ", "suite")):
            name = line.split()[0]
        if line:
            found[name] = " ".join([found.get(name, ""), *line.split()])
    return found


@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit(width):
    assert max(map(len, listed(width).splitlines())) <= width


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_fact_of_a_task_is_listed(task):
    text = blocks(listed(200))[task.name]
    facts = [
        " ".join(task.languages),
        " ".join(task.splits),
        *task.metrics,
        " ".join(task.numbered_labels),
        *(" ".join(getattr(x, "names", ())) for x in task.columns.values()),
        f"batch {task.recipe.batch_size}",
        f"{task.recipe.max_length} tokens",
        task.licence,
        task.citation,
    ]
    if task.kind.is_trained:
        facts += [
            f"{task.recipe.epochs:g} epochs",
            f"learning rate {task.recipe.learning_rate:g}",
        ]
    for repository in task.repositories:
        facts += [repository.id, repository.revision or ""]
        facts += (
            map("+".join, repository.configs.values())
            if repository.configs
            else repository.parts.values() or [repository.config]
        )
    assert [fact for fact in facts if fact not in text] == []


def test_what_is_not_on_the_hub_says_so():
    found = blocks(listed(200))
    local = {name for name, text in found.items() if "local folder" in text}
    assert local == {"bucc2018", "ccg", "mlm"}


def test_suites_are_listed_with_their_members():
    text = listed(200)
    for name, suite in SUITES.items():
        assert f"suite {name}: {', '.join(suite.names)}" in text
