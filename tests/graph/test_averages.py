"""Averages in the graph: nodes with several parents."""

import io

import pytest
from rich.console import Console

from fakes import graph
from stilts_keras.errors import InputError
from stilts_keras.graph.averaging import plain_route
from stilts_keras.graph.compatibility import check_compatible
from stilts_keras.graph.part import parts_of
from stilts_keras.graph.plan import render_plan
from stilts_keras.records.remaining import kept_stages
from stilts_keras.records.remaining import remaining
from stilts_keras.visits.planning import plan_visits
from stilts_keras.visits.planning import planned

ASKED = {
    "routes": ["pretrained", "mnli"],
    "targets": ["xnli", "tatoeba"],
    "seeds": (1, 2, 3),
}


@pytest.fixture(scope="module")
def built():
    return graph(**ASKED, average=["seeds"])


def averages(built):
    return {s.path: s for s in built.stages if s.averaged}


def nothing(*names):
    return False


def left_of(built, is_there):
    return remaining(built.description(), [], [], [], [], is_there)


def test_each_route_has_one_more_result_of_each_target(built):
    found = [(c.route, c.target.name, c.seed) for c in built.cells[-4:]]
    assert found == [
        ("average-seeds", "xnli", 1),
        ("average-seeds", "tatoeba", 1),
        ("mnli/average-seeds", "xnli", 1),
        ("mnli/average-seeds", "tatoeba", 1),
    ]
    assert len(built.cells) == 3 * 4 + 4
    # The bare backbone is its own mean.
    assert built.cells[-3].stage is None


def test_an_average_is_of_the_stage_of_all_seeds(built):
    found = averages(built)
    assert set(found) == {
        "mnli/average-seeds",
        "mnli/mnli/average-seeds",
    }
    stage = found["mnli/mnli/average-seeds"]
    assert [parent.seed for parent in stage.averaged] == [1, 2, 3]
    assert {parent.path for parent in stage.averaged} == {"mnli/mnli"}
    assert stage.num_steps == 0
    # Both stages of each seed, and itself.
    assert len(stage.chain) == 7 and stage.depth == 3
    assert stage.chain[-1] == stage
    assert not built.cells[-2].facts["en"].zero_shot
    assert built.cells[-2].facts["de"].zero_shot


def test_heads_of_all_seeds_begin_as_those_of_the_first(built):
    plain = {(s.path, s.seed): s for s in graph(**ASKED).stages}
    for stage in built.stages:
        if not stage.averaged:
            same = plain[stage.path, stage.seed]
            assert stage.head_seed == 1 and same.head_seed == stage.seed
            # The first seed's stages are those that are there already.
            assert (stage == same) == (stage.seed == 1)


def test_other_seeds_are_another_average(built):
    fewer = averages(graph(**ASKED | {"seeds": (1, 2)}, average=["seeds"]))
    for path, stage in averages(built).items():
        assert stage != fewer[path]
        assert stage.averaged[:2] == fewer[path].averaged


def test_one_seed_has_no_average():
    with pytest.raises(InputError, match="several seeds. Received: seed 1"):
        graph(average=["seeds"])


@pytest.mark.parametrize(
    "text", ["seed", "checkpoints", "checkpoints:1", "checkpoints:x", "", 5]
)
def test_what_cannot_be_averaged_is_refused(text):
    with pytest.raises(InputError, match="such as 'checkpoints:5'. Received"):
        graph(**ASKED, average=[text])


def test_checkpoints_are_averaged_for_each_seed():
    asked = ASKED | {"recipe": {"eval_every_steps": 10}}
    found = graph(**asked, average=["checkpoints:3", "checkpoints:2"])
    plain = graph(**asked)
    # Nothing is trained otherwise for it.
    assert found.stages[: len(plain.stages)] == plain.stages
    means = found.stages[len(plain.stages) :]
    assert {(s.path, s.seed, s.num_checkpoints) for s in means} == {
        (f"{path}/average-checkpoints:{count}", seed, count)
        for path in ("mnli", "mnli/mnli")
        for seed in (1, 2, 3)
        for count in (2, 3)
    }
    for stage in means:
        assert stage.averaged == (stage.parent,)
        assert found.kept_means(stage.parent) == [2, 3]
        assert found.kept_means(stage) == []
    assert len({stage.fingerprint for stage in means}) == len(means)
    assert found.cells[-1].route == "mnli/average-checkpoints:2"
    assert found.cells[-1].seed == 3
    visits = plan_visits(found, left_of(found, nothing))
    assert [visit.means for visit in visits if visit.means] == [(2, 3)] * 6
    for part in parts_of(found):
        assert part.own is None or part.kept_means(
            part.own
        ) == found.kept_means(part.own)


def test_stages_without_evaluations_have_no_checkpoints():
    with pytest.raises(InputError, match="has none with eval_every_steps=0"):
        graph(average=["checkpoints:2"], recipe={"eval_every_steps": 0})


def test_the_plan_shows_each_average_once(built):
    asked = {"average": ["seeds", "checkpoints:5"]}
    console = Console(file=io.StringIO(), width=100)
    render_plan(graph(**ASKED, **asked), console=console)
    text = console.file.getvalue()
    assert text.count("average of seeds 1, 2, 3") == 2
    assert text.count("average of the last 5 evaluations") == 2
    assert text.count("mean of the weights of 5 checkpoints") == 2
    assert "after mnli/average-checkpoints:5" in text


def test_a_visit_of_an_average_needs_those_of_all_its_parents(built):
    visits = plan_visits(built, left_of(built, nothing))
    found = planned(built, visits)
    by_stage = {one.part.own: name for name, one in found.items()}
    for stage in averages(built).values():
        needs = found[by_stage[stage]].needs
        assert {by_stage[s] for s in stage.chain[:-1]} == set(needs)
    # Parents first.
    names = list(found)
    for name, one in found.items():
        assert all(names.index(need) < names.index(name) for need in one.needs)


def test_parts_tell_what_they_are_made_of(built):
    for part in parts_of(built):
        if part.own and part.own.averaged:
            stages = part.description()["stages"]
            facts = stages[part.own.fingerprint]
            assert len(facts["averaged"]) == 3
            assert set(facts["averaged"]) <= set(stages)


@pytest.mark.parametrize("keep", ["none", "last"])
def test_parents_stay_until_the_average_is_made(built, keep):
    description = built.description()
    found = averages(built)
    parents = {
        parent.fingerprint
        for stage in found.values()
        for parent in stage.averaged
    }
    cells = [c.key for c in built.cells if "average" not in c.route]
    trained = [s.fingerprint for s in built.stages if not s.averaged]
    left = left_of(built, nothing).without(None, cells)
    for name in trained:
        left = left.without(name, [])
    assert left.stages == {stage.fingerprint for stage in found.values()}
    assert parents <= kept_stages(description, keep, left)
    # Then none is needed.
    left = left.without(None, [c.key for c in built.cells])
    for stage in found.values():
        left = left.without(stage.fingerprint, [])
    kept = kept_stages(description, "none", left)
    assert kept == set()


def test_a_missing_average_asks_for_its_parents(built):
    found = averages(built)
    stage = found["mnli/average-seeds"]
    there = {s.fingerprint for s in built.stages} - {stage.fingerprint}
    assert left_of(built, there.__contains__).stages == {stage.fingerprint}
    lost = stage.averaged[1].fingerprint
    there -= {lost}
    assert left_of(built, there.__contains__).stages >= {
        lost,
        stage.fingerprint,
    }


def test_names_of_averages_come_back_to_their_routes(built):
    for cell in built.cells:
        assert plain_route(cell.route) in ASKED["routes"]


def test_what_is_averaged_has_weights_of_its_own():
    lora = graph(**ASKED, average=["seeds"], recipe={"lora_rank": 2})
    for stage in averages(lora).values():
        assert stage.base == stage and stage.lora_ranks == []
        assert all(parent.base != parent for parent in stage.averaged)
        assert stage.recipe.lora_rank is None


def test_an_average_forgets_nothing_that_is_measured():
    found = graph(**ASKED, average=["seeds"], measure_forgetting=True)
    for stage in averages(found).values():
        assert found.lessons(stage) == []


def test_a_run_may_grow_by_a_seed(built):
    fewer = graph(**ASKED | {"seeds": (1, 2)}, average=["seeds"])
    check_compatible(fewer.description(), built.description())
    other = graph(**ASKED, average=["seeds"], recipe={"epochs": 9.0})
    with pytest.raises(InputError, match="epochs"):
        check_compatible(fewer.description(), other.description())
