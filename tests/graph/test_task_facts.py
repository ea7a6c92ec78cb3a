"""What run.json tells of tasks."""

import json

from fakes import graph
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
