"""Recipes of single tasks, beside those of all."""

import pytest

from stilts_keras.errors import InputError
from stilts_keras.graph.graph import Graph


def _graph(**changes):
    given = {
        "routes": ["pretrained", "squad:64", "mnli:64+squad:64"],
        "targets": ["xquad", "xnli"],
        "languages": ["en", "de"],
        "data": "pocket",
        "backbone": "pocket",
        "train_limit": 32,
        "eval_limit": 4,
        "recipe": {"max_length": 40, "epochs": 1.0},
    }
    return Graph(**given | changes)


def _stages(graph):
    return {stage.path: stage for stage in graph.stages}


def test_a_tasks_own_fields_go_before_those_of_all():
    graph = _graph(
        task_recipes={
            "squad": {"max_length": 56},
            "xquad": {"max_length": 48, "epochs": 2.0},
        }
    )
    stages = _stages(graph)
    routes, target = stages["squad:64"].recipe, stages["squad:32"].recipe
    others = stages["mnli:32"].recipe
    assert (routes.max_length, routes.epochs) == (56, 1.0)
    assert (target.max_length, target.epochs) == (48, 2.0)
    assert (others.max_length, others.epochs) == (40, 1.0)
    assert target.learning_rate == others.learning_rate
    lengths = {cell.target.name: cell.recipe.max_length for cell in graph.cells}
    assert lengths == {"xquad": 48, "xnli": 40}


def test_a_source_of_a_mixture_keeps_its_own_length():
    graph = _graph(task_recipes={"squad": {"max_length": 56, "epochs": 2.0}})
    mixture = _stages(graph)["mnli:64+squad:64"]
    assert mixture.max_lengths == (40, 56)
    assert mixture.recipe.epochs == 1.0


def test_a_control_takes_the_recipe_of_its_task():
    graph = _graph(
        routes=["squad-shuffled:64"],
        task_recipes={"squad": {"epochs": 2.0}},
    )
    assert _stages(graph)["squad-shuffled:64"].recipe.epochs == 2.0


def test_stages_without_recipes_of_their_own_stay_what_they_were():
    before, after = (
        _stages(_graph(task_recipes=given))
        for given in (None, {"xquad": {"epochs": 2.0}})
    )
    assert after["mnli:32"].fingerprint == before["mnli:32"].fingerprint
    assert after["squad:64"].fingerprint == before["squad:64"].fingerprint
    assert after["squad:32"].fingerprint != before["squad:32"].fingerprint


@pytest.mark.parametrize(
    "given, said",
    [
        ({"xqaud": {"epochs": 1.0}}, "Did you mean 'xquad'"),
        ({"panx": {"epochs": 1.0}}, "no route and no target of this run uses"),
        ({"xquad": {"epoch": 1.0}}, "Did you mean 'epochs'"),
        ({"xquad": {"epochs": -1.0}}, "epochs must be a number above 0"),
        (
            {"xquad": {"max_length": 4096}},
            "--task_recipe=xquad:max_length=4096 is above the",
        ),
    ],
)
def test_recipes_of_single_tasks_are_checked(given, said):
    with pytest.raises(InputError, match=said):
        _graph(task_recipes=given)
