"""`stilts tasks` says all that a task file says."""

import io

import pytest

from stilts_keras.main import main
from stilts_keras.scoring.suites import SUITES
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.listing import print_facts
from stilts_keras.tasks.listing import print_tasks


def printed(function, what, width):
    from rich.console import Console

    file = io.StringIO()
    function(what, Console(file=file, width=width, highlight=False))
    return file.getvalue()


def listed(width):
    """What is said of every task by its name, one after the other."""
    return printed(print_facts, TASKS, width)


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


def test_a_task_is_a_line_of_the_list():
    lines = printed(print_tasks, SUITES.values(), 120).splitlines()
    found = [line.split()[0] for line in lines if line.strip()]
    for task in TASKS.values():
        assert found.count(task.name) == 1
        assert found.count(f"suite {task.name}") == 0
    (line,) = [line for line in lines if line.split()[:1] == ["udpos"]]
    assert line.split()[1:5] == ["tagging", "chunk_f1", "38", "35"]


def test_tasks_by_name_are_told_whole(capsys):
    assert main(["stilts", "tasks", "xnli", "mewslix"]) == 0
    text = capsys.readouterr().out
    assert [*blocks(text)] == ["xnli", "mewslix"]
    assert "recipe 2 epochs" in blocks(text)["xnli"]


def test_a_name_that_is_no_task_is_refused_with_the_nearest(capsys):
    assert main(["stilts", "tasks", "xnlii"]) == 2
    assert "Did you mean 'xnli'?" in capsys.readouterr().err


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
        f"{task.recipe.max_length} tokens"
        if task.reads == "text"
        else f"{task.recipe.max_length / 50:g} s",
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


def test_languages_to_train_on_are_listed_with_who_wrote_the_rows():
    found = blocks(listed(200))
    for name, expected in {
        "squad": "trainable en; translated by machines: ar de es hi vi zh",
        "xnli": "trainable en; translated by machines: ar bg de el es",
        "sib200": "trainable en; translated by people: af ar",
        "tydiqa": "trainable en ar bn fi id ko ru sw te, written in each",
        "mnli": "trainable en ",
    }.items():
        assert expected in found[name]
    assert " th" not in found["udpos"].split("trainable")[1].split("written")[0]
    assert "trainable" not in found["xquad"]


def test_how_rows_without_official_splits_are_divided_is_listed():
    found = blocks(listed(200))
    for name in ("minds14", "minds14_text"):
        assert (
            "hash of transcription: 60% train 10% dev 30% test" in found[name]
        )
    assert "divided" not in found["sib_fleurs"]


def test_what_is_not_on_the_hub_says_so():
    found = blocks(listed(200))
    local = {name for name, text in found.items() if "local folder" in text}
    # Of the last two there is a copy on the Hub as well.
    copied = {"mewslix", "wikipedia_pairs"}
    noisy = {"noisy_panx", "noisy_xnli"}
    assert local == {"bucc2018", "ccg", "lareqa", "mlm"} | noisy | copied


def test_suites_are_listed_with_their_members():
    text = printed(print_tasks, SUITES.values(), 200)
    for name, suite in SUITES.items():
        assert f"suite {name}: {', '.join(suite.names)}" in text
