"""Suites as targets: their languages, and what is trained first for them."""

import dataclasses
import io
import time

import pytest
from rich.console import Console

from fakes import FakeData
from fakes import graph
from stilts_keras.errors import InputError
from stilts_keras.graph.plan import render_plan
from stilts_keras.scoring.suites import TARGETS
from stilts_keras.scoring.suites import XTREME
from stilts_keras.scoring.suites import XTREME_R
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

ROUTES = ["pretrained", "siqa", "siqa/copa"]


def stage_of(graph, route, target):
    return next(
        cell.stage
        for cell in graph.cells
        if (cell.route, cell.target.name) == (route, target)
    )


def text_of(graph):
    console = Console(width=200, file=io.StringIO())
    render_plan(graph, console=console)
    return console.file.getvalue()


# ------------------------------------------------------------------- Languages
def evaluated(graph):
    return {
        (cell.target.name, language)
        for cell in graph.cells
        for language in cell.languages
    }


def counted(suite):
    return {
        (target.name, language)
        for target, languages in suite.wanted()
        for language in languages
    }


def test_a_suite_is_evaluated_in_its_own_languages_and_two_in_theirs():
    xtreme, xtreme_r, both = (
        graph(targets=targets)
        for targets in (["xtreme"], ["xtreme_r"], ["xtreme", "xtreme_r"])
    )
    assert evaluated(xtreme) == counted(XTREME)
    assert evaluated(xtreme_r) == counted(XTREME_R)
    assert evaluated(both) == counted(XTREME) | counted(XTREME_R)
    # The same stages and rows, so that a folder of one may grow to both.
    assert set(both.stages) == {*xtreme.stages, *xtreme_r.stages}
    for single in (xtreme, xtreme_r):
        whole = both.description()
        for kind in ("cells", "data_fingerprints"):
            part = single.description()[kind]
            assert part.items() <= whole[kind].items()


def test_nothing_of_two_suites_is_there_twice():
    built = graph(targets=["xtreme", "xtreme_r", "xnli"], seeds=(1, 2))
    keys = [cell.key for cell in built.cells]
    assert len(keys) == len(set(keys)) == 3 * 13 * 2
    assert len(built.stages) == len(set(built.stages))
    assert len({name for name, _ in evaluated(built)}) == 9 + 10 - 6


def test_both_suites_of_all_routes_are_planned_within_a_second():
    tasks = ["mnli", "squad", "hellaswag", "siqa", "qqp", "cosmosqa"]
    # Of this process: others may be at work besides.
    start = time.process_time()
    built = graph(
        routes=["pretrained", *tasks, *(f"mnli/{name}" for name in tasks[1:])],
        targets=["xtreme", "xtreme_r"],
        seeds=(1, 2, 3),
    )
    text_of(built)
    built.description()
    assert time.process_time() - start < 1
    assert len(built.cells) == 12 * 13 * 3


def test_a_task_that_is_named_has_all_languages_with_a_suite_or_without():
    for targets in (["udpos"], ["starter", "udpos"], ["udpos", "xtreme"]):
        cells = graph(targets=targets).cells
        (found,) = {c.languages for c in cells if c.target.name == "udpos"}
        assert found == TASKS["udpos"].languages


def test_a_language_that_a_suite_leaves_out_can_be_asked_for():
    built = graph(targets=["starter"], languages=["de", "lt"])
    (cell,) = (
        cell
        for cell in built.cells
        if (cell.route, cell.target.name) == ("mnli", "udpos")
    )
    assert set(cell.languages) == {"de", "lt"}
    assert cell.facts["lt"].in_benchmark


# --------------------------------------------------------------- Trained first
def test_xcopa_is_trained_on_siqa_then_copa_whose_head_goes_on():
    built = graph(routes=ROUTES, targets=["xcopa"])
    stage = stage_of(built, "pretrained", "xcopa")
    assert stage.path == "siqa/copa"
    assert stage.takes_head and not stage.parent.takes_head
    assert stage.recipe.epochs == stage.parent.recipe.epochs == 5
    assert not stage_of(built, "siqa", "xcopa").parent.takes_head
    assert "begins with the head of siqa" in text_of(built)


def test_what_is_trained_first_is_shared_with_routes_a_kept_head_is_not():
    built = graph(routes=ROUTES, targets=["xcopa", "tatoeba"])
    first = stage_of(built, "pretrained", "xcopa").parent
    assert first is stage_of(built, "siqa", "tatoeba")
    assert built.used_by(first) == ROUTES
    # By a route, copa begins with a head of its own: other weights.
    of_route = stage_of(built, "siqa/copa", "tatoeba")
    of_target = stage_of(built, "pretrained", "xcopa")
    assert of_route.path == of_target.path == "siqa/copa"
    assert of_route != of_target
    assert not of_route.takes_head


def test_a_stage_without_a_kept_head_is_the_stage_that_it_was():
    stages = graph(routes=["siqa/copa"], targets=["tatoeba"]).stages
    # Of the version before stages could keep a head.
    assert [stage.fingerprint for stage in stages] == [
        "e54e0cc383f7ed10",
        "521a3cff196e9073",
    ]


def test_tatoeba_after_squad_costs_no_stage_of_its_own():
    without = graph(targets=["xquad", "tatoeba"])
    built = graph(targets=["xquad", "tatoeba", "tatoeba_after_squad"])
    assert built.stages == without.stages
    for route in ("pretrained", "mnli"):
        after = stage_of(built, route, "tatoeba_after_squad")
        assert after is stage_of(built, route, "xquad")
        assert after != stage_of(built, route, "tatoeba")
    text = text_of(built)
    assert "-> tatoeba_after_squad in" in text and "-> tatoeba in" in text


def test_only_zero_shot_languages_are_claimed_after_what_was_trained_first():
    built = graph(routes=["xcopa_de/siqa"], targets=[OWN])
    facts = built.cells[0].facts
    assert not facts["en"].zero_shot and facts["hi"].zero_shot
    # Trained on by the route, in the target's own language and task.
    assert not facts["de"].zero_shot


def choice(row):
    return MultipleChoice(prompt=row["premise"], choices=("a", "b"), label=0)


OWN = Task(
    name="xcopa_de",
    problem="multiple_choice",
    repositories=(Repository(id="me/choices", config="{language}"),),
    columns={},
    to_example=choice,
    languages=("de", "en", "hi"),
    splits=("train", "test"),
    train_first=("siqa", "cosmosqa"),
    metrics=("accuracy",),
    language="de",
)


def test_a_task_of_one_s_own_may_hand_on_a_head_too():
    built = graph(routes=["pretrained"], targets=[OWN], target_languages=["de"])
    stage = stage_of(built, "pretrained", "xcopa_de")
    assert stage.path == "siqa/cosmosqa/xcopa_de"
    assert [one.takes_head for one in stage.chain] == [False, True, True]


def test_what_has_no_head_may_come_after_stages_of_any_kind():
    after = dataclasses.replace(
        TASKS["tatoeba"], name="later", train_first=("mnli", "squad")
    )
    built = graph(routes=["pretrained", "mnli/squad"], targets=[after])
    stage = stage_of(built, "pretrained", "later")
    assert stage.path == "mnli/squad" and not stage.takes_head
    # The stages of the route, and what comes after them.
    assert len(built.stages) == 4


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (("sigma",), "train_first of task 'xcopa_de'"),
        (("xcopa",), "has no train split"),
        (("mnli",), "whose problem or labels differ: classification"),
    ],
)
def test_what_could_not_give_its_head_is_refused(first, piece):
    with pytest.raises(InputError, match=piece):
        graph(targets=[dataclasses.replace(OWN, train_first=first)])


def test_rows_that_lack_for_what_is_trained_first_are_named():
    with pytest.raises(
        InputError, match="Target 'xcopa', trained on 'siqa' first: data"
    ):
        graph(targets=["xcopa"], data=FakeData(lacks=["siqa"]))


def test_every_name_in_evaluated_after_can_be_trained_on():
    assert set(TARGETS) - set(TASKS) == {"tatoeba_after_squad"}
    for target in TARGETS.values():
        assert all(TASKS[name].is_trainable for name in target.train_first)
