"""What run.json tells of tasks."""

import json

import pytest

from fakes import graph
from stilts_keras.errors import DamageError
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.tasks import get_task


def test_facts_come_back_as_written():
    facts = TaskFacts.of(get_task("bucc2018"))
    found = json.loads(json.dumps(facts.to_dict()))
    assert TaskFacts.from_dict(found, "run.json") == facts
    assert facts.problem == "mining" and facts.metrics == ("pair_f1",)


def test_a_benchmark_does_not_list_what_the_user_adds():
    task = get_task("xnli")
    facts = TaskFacts.of(task.with_languages(["eu"]))
    assert facts == TaskFacts.of(task)


def test_a_graph_describes_its_targets_and_what_it_trains_on():
    tasks = graph().description()["tasks"]
    assert set(tasks) == {
        *("xnli", "udpos", "tatoeba"),
        *("mnli", "squad"),
    }


@pytest.mark.parametrize(
    "target, source, expected",
    [
        ("xnli", "xnli", True),
        # Its own rows are MNLI's, and their head is one.
        ("xnli", "mnli", True),
        ("xnli", "snli", True),
        ("mlqa", "squad", True),
        # Its head begins as Social IQa's.
        ("xcopa", "siqa", True),
        ("panx", "udpos", False),
        ("tydiqa", "squad", False),
        ("pawsx", "xnli", False),
    ],
)
def test_a_source_that_zero_shot_counts_is_the_target_itself(
    target, source, expected
):
    facts = TaskFacts.of(get_task(target))
    assert facts.trains_as(TaskFacts.of(get_task(source))) == expected


def test_run_folders_that_tell_less_are_read():
    found = TaskFacts.of(get_task("xnli")).to_dict()
    del found["counts_as"], found["language"]
    facts = TaskFacts.from_dict(found, "run.json")
    assert facts.counts_as == () and facts.problem == "classification"
    del found["metrics"]
    with pytest.raises(DamageError, match="lacks metrics"):
        TaskFacts.from_dict(found, "run.json")
