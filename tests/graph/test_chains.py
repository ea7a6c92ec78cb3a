"""Mixtures, replay, equal steps and what a chain may forget, in the graph."""

import pytest

from fakes import FakeData
from fakes import graph
from stilts_keras.data.mixture import Sampling
from stilts_keras.errors import InputError
from stilts_keras.graph.route import Route
from stilts_keras.graph.route import Source
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.tasks import TASKS


def stage_of(built, path):
    (found,) = [stage for stage in built.stages if stage.path == path]
    return found


def names(sources):
    return [source.name for source in sources]


# ------------------------------------------------------------------- Sampling
def test_sampling_changes_mixtures_and_nothing_else():
    routes = ["mnli", "mnli+squad"]
    before = graph(routes=routes)
    after = graph(routes=routes, sampling="uniform")
    changed = [
        ours.path
        for ours, theirs in zip(before.stages, after.stages, strict=True)
        if ours != theirs
    ]
    assert changed == [
        "mnli+squad",
        # Its parent is another.
        "mnli+squad/mnli",
        "mnli+squad/udpos",
    ]


def test_an_epoch_of_a_capped_mixture_counts_to_the_cap():
    recipe = {"epochs": 2, "batch_size": 10}
    built = graph(
        routes=["mnli+squad:100"],
        recipe=recipe,
        sampling=Sampling(kind="capped", cap=300),
    )
    mixture = stage_of(built, "mnli+squad:100")
    assert mixture.num_steps == 2 * (300 + 100) / 10
    assert mixture.shares([1000, 100]) == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"mnli": 1.0}, "no rate for 'xnli@de'.*mnli, xnli@de"),
        ({"mnli": 1.0, "xnli@de": 1.0, "qqp": 2.0}, "'qqp'"),
        ({"mnli": 1.0, "xnli@de": 1.0, "xnli@es": 2.0}, "mean 'xnli@de'"),
    ],
)
def test_explicit_rates_fit_the_mixtures(rates, said):
    with pytest.raises(InputError, match=said):
        graph(
            routes=["pretrained", "mnli+xnli@de:100"],
            sampling=Sampling(kind="explicit", rates=rates),
        )


def test_rates_of_routes_that_are_left_out_are_no_mistake():
    built = graph(
        routes=["pretrained", "mnli+ccg"],
        data=FakeData(lacks={"ccg"}),
        allow_missing=True,
        sampling=Sampling(kind="explicit", rates={"mnli": 2.0, "ccg": 1.0}),
    )
    assert list(map(str, built.routes)) == ["pretrained"]


def test_explicit_rates_are_the_shares():
    built = graph(
        routes=["pretrained", "mnli+xnli@de:100", "mnli"],
        sampling=Sampling(kind="explicit", rates={"xnli@de": 1.0, "mnli": 3.0}),
    )
    mixture = stage_of(built, "mnli+xnli@de:100")
    assert mixture.shares([1000, 100]) == [0.75, 0.25]


def test_languages_with_commas_are_a_source_each():
    route = Route.parse("mlm@de,fr:20k+mnli")
    assert str(route) == "mlm@de:20k+mlm@fr:20k+mnli"
    assert route == Route.parse(str(route))
    assert route.stages[0][1] == Source(TASKS["mlm"], "fr", 20_000)
    assert route.shape == (2, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mlm@de,", "language 2 of 'de,' is empty"),
        ("mlm@de,xx", "'xx'"),
        ("mlm@de,de", "'de' twice"),
    ],
)
def test_wrong_languages_with_commas_are_refused(text, said):
    with pytest.raises(InputError, match=said):
        Route.parse(text)


# --------------------------------------------------------------------- Replay
def test_later_stages_repeat_what_earlier_ones_trained_on():
    built = graph(routes=["mnli:50+squad/hellaswag"], replay=0.25)
    first = stage_of(built, "mnli:50+squad")
    second = stage_of(built, "mnli:50+squad/hellaswag")
    assert first.replayed == () and first.replay == 0.0
    assert [str(source) for source in second.replayed] == ["mnli:50", "squad"]
    assert second.max_lengths == (256, 256, 384)
    assert second.num_examples == (1000, 50, 1000)
    shares = second.shares([1000, 50, 1000])
    assert shares == pytest.approx([0.75, 0.25 * 50 / 1050, 0.25 * 1000 / 1050])


def test_a_stage_does_not_repeat_what_it_trains_on_itself():
    built = graph(routes=["mnli/squad"], replay=0.1)
    target = stage_of(built, "mnli/squad/mnli")
    assert names(target.sources) == ["mnli"]
    assert names(target.replayed) == ["squad"]


def test_replay_comes_on_top_and_makes_another_stage():
    plain = stage_of(graph(), "mnli/squad")
    repeated = stage_of(graph(replay=0.2), "mnli/squad")
    assert plain != repeated
    assert plain.num_steps / repeated.num_steps == pytest.approx(0.8, abs=0.01)
    assert stage_of(graph(), "mnli") == stage_of(graph(replay=0.2), "mnli")


@pytest.mark.parametrize("rate", [-0.1, 1.0, "much", True, None])
def test_replay_is_a_part_of_the_steps(rate):
    with pytest.raises(InputError, match="from 0 to below 1"):
        graph(replay=rate)


def test_what_was_replayed_does_not_end_zero_shot_for_other_languages():
    built = graph(routes=["mnli/squad"], targets=["xnli"], replay=0.1)
    assert built.cells[0].facts["de"].zero_shot
    assert not built.cells[0].facts["en"].zero_shot


# ---------------------------------------------------------------- Equal steps
def test_routes_of_any_length_cost_the_same():
    routes = ["mnli", "mnli+squad", "mnli/squad", "mnli/squad/hellaswag"]
    built = graph(routes=routes, route_steps=100)
    totals = {}
    for cell in built.cells:
        if cell.target.name == "tatoeba":
            totals[cell.route] = [s.num_steps for s in cell.stage.chain]
    assert totals == {
        "mnli": [100],
        "mnli+squad": [100],
        "mnli/squad": [50, 50],
        "mnli/squad/hellaswag": [34, 33, 33],
    }


def test_target_stages_keep_their_epochs():
    built = graph(routes=["pretrained", "mnli"], route_steps=10)
    plain = graph(routes=["pretrained", "mnli"])
    for one, other in zip(built.cells, plain.cells, strict=True):
        if one.target.name != "tatoeba":
            assert one.stage.num_steps == other.stage.num_steps
            assert one.stage.recipe == other.stage.recipe


def test_a_route_has_a_step_for_each_stage():
    with pytest.raises(InputError, match="2 stages, but route_steps is 1"):
        graph(route_steps=1)
    with pytest.raises(InputError, match="route_steps must be a whole number"):
        graph(route_steps=0)


# ---------------------------------------------------------------- Forgetting
def learned(built, stage):
    return [(lesson.stage, lesson.index) for lesson in built.lessons(stage)]


def test_a_chain_may_forget_all_it_learned_where_it_learned_it_last():
    built = graph(
        routes=["mlm@de+mnli/squad"], targets=["xnli"], measure_forgetting=True
    )
    (target,) = [stage for stage in built.stages if stage.depth == 3]
    first, second, third = target.chain
    # Masked LM has no dev rows; the target stage learns MNLI again.
    assert learned(built, first) == [(first, 1)]
    assert learned(built, second) == [(first, 1), (second, 0)]
    assert learned(built, third) == [(third, 0), (second, 0)]


# --------------------------------------------------------------- Missing data
def test_routes_without_data_are_left_out_where_that_is_allowed():
    data = FakeData(lacks={"ccg", ("xnli", "de")})
    routes = ["pretrained", "ccg", "mnli+ccg", "mnli", "mnli/xnli@de:9"]
    with pytest.raises(InputError, match="'ccg'"):
        graph(routes=routes, data=data)
    built = graph(routes=routes, data=data, allow_missing=True)
    assert list(map(str, built.routes)) == ["pretrained", "mnli"]
    assert list(built.left_out) == ["ccg", "mnli+ccg", "mnli/xnli@de:9"]
    assert (
        "no train rows of task 'xnli' in language 'de'"
        in (built.left_out["mnli/xnli@de:9"])
    )


def test_something_must_be_left():
    data = FakeData(lacks={"ccg"})
    with pytest.raises(InputError, match="Route 'ccg'.*no train rows"):
        graph(routes=["ccg"], data=data, allow_missing=True)


def test_a_baseline_is_not_left_out():
    data = FakeData(lacks={"ccg"})
    with pytest.raises(InputError, match="Baseline 'ccg'"):
        graph(
            routes=["pretrained", "ccg"],
            baseline="ccg",
            data=data,
            allow_missing=True,
        )


def test_a_target_without_data_is_an_error_all_the_same():
    data = FakeData(lacks={"udpos"})
    with pytest.raises(InputError, match="'udpos'"):
        graph(data=data, allow_missing=True)


# ------------------------------------------------------------------- Controls
def test_a_shuffled_task_is_another_stage_and_never_the_targets_own():
    built = graph(
        routes=["pretrained", "mnli", "mnli-shuffled", "udpos-shuffled@de"],
        targets=["xnli", "udpos"],
    )
    true, control = (
        stage_of(built, path) for path in ("mnli", "mnli-shuffled")
    )
    assert true.fingerprint != control.fingerprint
    assert true.num_steps == control.num_steps
    tasks = built.description()["tasks"]
    for target, source in (("xnli", "mnli"), ("udpos", "udpos")):
        assert TaskFacts.of(TASKS[target]).trains_as(
            TaskFacts.of(TASKS[source])
        )
        shuffled = TaskFacts.from_dict(tasks[f"{source}-shuffled"], "here")
        assert not TaskFacts.of(TASKS[target]).trains_as(shuffled)
    # German was seen, but not the target task in it.
    (cell,) = [
        cell
        for cell in built.cells
        if cell.route == "udpos-shuffled@de" and cell.target.name == "udpos"
    ]
    assert cell.facts["de"].zero_shot and cell.facts["de"].seen_language


def test_a_longer_target_takes_as_many_steps_more_as_it_is_told():
    built = graph(
        routes=["pretrained", "mnli", "longer", "longer:7"], route_steps=100
    )
    stages = {
        (cell.route, cell.target.name): cell.stage for cell in built.cells
    }
    for target in ("xnli", "udpos"):
        usual = stages["pretrained", target]
        for route, more in (("longer", 100), ("longer:7", 7)):
            longer = stages[route, target]
            # In one schedule, of one recipe.
            assert longer.num_steps == usual.num_steps + more
            assert longer.parent is None and longer.recipe == usual.recipe
            assert longer.count_steps([64]) == usual.count_steps([64]) + more
            assert longer != usual
    assert stages["longer", "tatoeba"] is None
    assert stages["mnli", "xnli"].chain[0].num_steps == 100


def test_a_longer_stage_is_the_same_before_its_rows_are_counted():
    before = graph(routes=["longer:7"], data=FakeData(rows=None))
    after = graph(routes=["longer:7"])
    assert before.stages == after.stages
    assert [stage.more_steps for stage in before.stages] == [7, 7]


def test_steps_go_to_what_a_retrieval_target_is_trained_on_first():
    built = graph(routes=["pretrained", "longer:9"], targets=["lareqa"])
    usual, longer = (cell.stage for cell in built.cells)
    assert [s.num_steps for s in longer.chain] == [
        *(s.num_steps for s in usual.chain[:-1]),
        usual.num_steps + 9,
    ]


def test_without_steps_longer_is_refused_with_the_next_move():
    with pytest.raises(InputError, match="'longer:9k'.*--route_steps"):
        graph(routes=["pretrained", "longer"])


def test_longer_may_be_the_baseline():
    built = graph(routes=["pretrained", "longer:7"], baseline="longer:7")
    assert built.baseline == "longer:7"
