import dataclasses
import json
import time

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from fakes import BACKBONE
from fakes import FakeData
from fakes import graph
from stilts_keras.errors import InputError
from stilts_keras.graph.compatibility import check_compatible
from stilts_keras.graph.holdings import missing_notes
from stilts_keras.graph.part import parts_of
from stilts_keras.graph.route import Route
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Task


def cell(graph, route, target):
    return next(
        cell
        for cell in graph.cells
        if (cell.route, cell.target.name) == (route, target)
    )


def target(graph, name):
    return next(task for task in graph.targets if task.name == name)


def refused(*pieces, **changes):
    with pytest.raises(InputError) as caught:
        graph(**changes)
    message = str(caught.value)
    assert "\n" not in message
    for piece in pieces:
        assert str(piece) in message


def test_every_route_forks_to_every_target_for_every_seed():
    built = graph(seeds=(1, 7))
    keys = {cell.key for cell in built.cells}
    assert len(keys) == len(built.cells) == 3 * 3 * 2


def test_a_beginning_in_common_is_trained_once():
    built = graph(routes=["mnli", "mnli/squad", "mnli/hellaswag"])
    firsts = [stage for stage in built.stages if stage.depth == 1]
    assert [stage.path for stage in firsts] == ["mnli"]
    assert built.used_by(firsts[0]) == ["mnli", "mnli/squad", "mnli/hellaswag"]


def test_an_intermediate_stage_may_serve_as_target_stage():
    built = graph(routes=["pretrained", "mnli"], targets=["xnli"])
    target_stage = cell(built, "pretrained", "xnli").stage
    assert target_stage is cell(built, "mnli", "xnli").stage.parent
    assert built.used_by(target_stage) == ["pretrained", "mnli"]


def test_a_target_trains_its_training_task_in_english_by_its_own_recipe():
    stage = cell(graph(targets=["xquad"]), "pretrained", "xquad").stage
    assert stage.path == "squad"
    assert stage.recipe == TASKS["xquad"].recipe


def test_retrieval_is_evaluated_on_the_routes_last_stage():
    built = graph()
    assert cell(built, "pretrained", "tatoeba").stage is None
    assert cell(built, "mnli/squad", "tatoeba").stage.path == "mnli/squad"


def test_lengths_are_each_sources_own_and_the_recipe_the_firsts():
    stage = graph(routes=["squad+hellaswag"]).stages[0]
    assert stage.max_lengths == (384, 256)
    assert stage.recipe.batch_size == TASKS["squad"].recipe.batch_size


def test_overrides_replace_every_recipe_and_none_leaves_it():
    built = graph(recipe={"max_length": 64, "epochs": None, "batch_size": 8})
    assert {stage.recipe.max_length for stage in built.stages} == {64}
    assert {stage.max_lengths for stage in built.stages} == {(64,)}
    assert built.stages[0].recipe.epochs == TASKS["mnli"].recipe.epochs
    assert cell(built, "mnli", "tatoeba").recipe.batch_size == 8


def test_the_route_count_goes_before_the_train_limit():
    built = graph(routes=["mnli:50+hellaswag"], train_limit=80)
    first = built.stages[0]
    assert first.path == "mnli:50+hellaswag:80"
    assert first.num_examples == (50, 80)
    assert cell(built, "mnli:50+hellaswag", "udpos").stage.num_examples == (80,)


def test_the_train_limit_is_only_a_cap():
    assert graph(train_limit=5000).stages[0].num_examples == (1000,)


def test_rows_unknown_before_download_are_as_published():
    routes = ["xnli@de", "mnli", "udpos@de"]
    built = graph(routes=routes, data=FakeData(rows=None))
    sizes = {stage.path: stage.num_examples for stage in built.stages}
    assert sizes["mnli"] == (392_702,)
    # Translated, row by row.
    assert sizes["xnli@de"] == (392_702,)
    # The published number is that of the English rows.
    assert sizes["udpos@de"] == (None,)


def test_seeds_share_no_stage():
    built = graph(seeds=(1, 2))
    assert len(built.stages) == 2 * len(graph().stages)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(["mnli", "squad", "udpos:50", "xnli@de+squad"]),
            max_size=3,
        ).map(lambda stages: "/".join(stages) or "pretrained"),
        min_size=1,
        max_size=5,
        unique=True,
    )
)
def test_stages_are_unique_parents_first_and_all_needed(routes):
    built = graph(routes=routes)
    seen = set()
    for stage in built.stages:
        assert stage not in seen
        assert stage.parent is None or stage.parent in seen
        assert built.used_by(stage)
        seen.add(stage)
    needed = {
        stage
        for cell in built.cells
        if cell.stage is not None
        for stage in cell.stage.chain
    }
    assert needed == seen
    again = graph(routes=routes)
    assert again.description() == built.description()
    assert again.stages == built.stages


def test_a_hundred_routes_take_under_half_a_second(monkeypatch):
    for number in range(5):
        name = f"copy{number}"
        copy = dataclasses.replace(TASKS["udpos"], name=name, head_key=name)
        monkeypatch.setitem(TASKS, name, copy)
    targets = ["xnli", "udpos", "xquad", "tatoeba"]
    targets += [f"copy{number}" for number in range(5)]
    routes = [f"mnli:{number}/squad:{number}" for number in range(1, 101)]
    seconds = []
    for _ in range(3):
        start = time.process_time()
        built = graph(routes=routes, targets=targets, seeds=(1, 2, 3))
        seconds.append(time.process_time() - start)
    assert len(built.cells) == 2700
    assert min(seconds) < 0.5


def test_english_is_not_zero_shot_and_german_is():
    built = graph()
    xnli = cell(built, "pretrained", "xnli")
    assert not xnli.facts["en"].zero_shot
    assert xnli.facts["de"].zero_shot


def test_training_the_target_in_a_language_ends_zero_shot():
    built = graph(routes=["xnli@de/squad"])
    xnli = cell(built, "xnli@de/squad", "xnli")
    assert not xnli.facts["de"].zero_shot
    assert xnli.facts["fr"].zero_shot


def test_training_another_task_in_a_language_keeps_zero_shot():
    built = graph(routes=["mlm@de", "xnli@de"], targets=["udpos"])
    assert cell(built, "mlm@de", "udpos").facts["de"].zero_shot
    assert cell(built, "xnli@de", "udpos").facts["de"].zero_shot


def test_a_language_seen_through_other_tasks_stays_zero_shot_and_is_named():
    route = "mlm@de/mnli"
    built = graph(routes=[route], targets=["xnli", "udpos"])
    facts = cell(built, route, "xnli").facts
    assert facts["de"].zero_shot and facts["de"].seen_language
    assert facts["fr"].zero_shot and not facts["fr"].seen_language
    # Trained in the target task itself: not through other tasks only.
    assert not facts["en"].zero_shot and not facts["en"].seen_language


def test_a_language_is_seen_by_target_and_by_head():
    built = graph(routes=["xnli@de"], targets=["xnli", "udpos"])
    xnli = cell(built, "xnli@de", "xnli").facts["de"]
    assert not xnli.zero_shot and not xnli.seen_language
    udpos = cell(built, "xnli@de", "udpos").facts["de"]
    assert udpos.zero_shot and udpos.seen_language


def test_translated_questions_end_zero_shot_for_all_tasks_of_their_head():
    built = graph(routes=["squad@es:100"], targets=["xquad", "xnli"])
    assert not cell(built, "squad@es:100", "xquad").facts["es"].zero_shot
    assert cell(built, "squad@es:100", "xquad").facts["de"].zero_shot
    assert cell(built, "squad@es:100", "xnli").facts["es"].seen_language


def test_retrieval_knows_what_languages_its_weights_have_seen():
    built = graph(routes=["mlm@de/mnli"], targets=["tatoeba"])
    facts = cell(built, "mlm@de/mnli", "tatoeba").facts
    assert facts["de"].zero_shot and facts["de"].seen_language
    assert not facts["fr"].seen_language


def test_retrieval_is_always_zero_shot():
    built = graph(routes=["xnli@de"])
    assert cell(built, "xnli@de", "tatoeba").facts["de"].zero_shot


def test_evaluated_languages_are_those_of_the_data_that_were_asked_for():
    data = FakeData(lacks=[("xnli", "sw"), ("xnli", "ur")])
    built = graph(data=data)
    assert "sw" not in cell(built, "mnli", "xnli").languages
    assert built.missing_languages(target(built, "xnli")) == ("sw", "ur")
    assert missing_notes(built) == ["xnli: the data has no test rows in sw ur."]
    built = graph(
        data=data, languages=["de", "sw", "yo"], targets=["xnli"] + ["udpos"]
    )
    assert cell(built, "mnli", "xnli").languages == ("de",)
    assert cell(built, "mnli", "udpos").languages == ("de", "yo")
    assert built.missing_languages(TASKS["xnli"]) == ("sw",)


def test_of_languages_with_rows_and_without_the_shorter_list_is_told():
    lacks = [("xnli", code) for code in TASKS["xnli"].languages if code != "hi"]
    built = graph(data=FakeData(lacks=lacks), targets=["xnli"])
    assert missing_notes(built) == [
        "xnli: the data has test rows in hi alone, and none in the other 14."
    ]
    # Whatever a part of the graph evaluates itself.
    for part in parts_of(built):
        assert missing_notes(part) == missing_notes(built)
    assert missing_notes(graph(targets=["xnli"])) == []


def test_the_baseline_is_the_first_route_or_the_one_named():
    assert graph().baseline == "pretrained"
    assert graph(baseline="mnli@en").baseline == "mnli"


def test_routes_may_be_route_values_and_suites_may_be_targets():
    built = graph(routes=[Route.parse("mnli")], targets=["starter", "xnli"])
    names = [task.name for task in built.targets]
    assert names == ["xnli", "udpos", "xquad", "tatoeba"]


@pytest.mark.parametrize(
    ("changes", "pieces"),
    [
        ({"routes": []}, ["--route=pretrained"]),
        ({"routes": ["squad", "squad@en"]}, ["'squad' is given 2 times"]),
        ({"routes": ["mnlii"]}, ["'mnlii'", "'mnli'"]),
        ({"baseline": "squad"}, ["'squad'", "mnli/squad"]),
        ({"seeds": []}, ["--seed=1"]),
        ({"seeds": [1, 1]}, ["'1' is given 2 times"]),
        ({"seeds": [-1]}, ["-1"]),
        ({"targets": []}, ["--targets=xnli"]),
        ({"targets": ["xnly"]}, ["'xnly'", "Did you mean 'xnli'"]),
        (
            {"targets": ["squad"]},
            ["no test split", "Did you mean 'mlqa' or 'xquad'"],
        ),
        ({"targets": ["mlm"]}, ["no target", "tatoeba"]),
        ({"languages": ["deu"]}, ["Unknown language 'deu'", "de, el"]),
        ({"languages": []}, ["--languages"]),
        ({"languages": ["yo"]}, ["'xnli'", "'fake'", "yo", "sw"]),
        ({"train_limit": 0}, ["train_limit", "0"]),
        ({"eval_limit": -1}, ["eval_limit", "-1"]),
        ({"routes": ["mnli:5k"]}, ["'mnli:5k'", "5000", "'fake'", "1000"]),
        ({"eval_on_dev": ["udpos"], "targets": ["xnli"]}, ["'udpos'", "xnli"]),
        ({"eval_on_dev": ["tatoeba"]}, ["'tatoeba'", "no dev split", "test"]),
        ({"retrieval_layer": -1}, ["retrieval_layer", "'sweep'", "-1"]),
        ({"retrieval_layer": "all"}, ["retrieval_layer", "'sweep'", "'all'"]),
        (
            {
                "retrieval_layer": 3,
                "backbone": dataclasses.replace(BACKBONE, num_layers=2),
            },
            ["to 2", "Received: 3"],
        ),
        ({"retrieval_pooling": "maen"}, ["Did you mean 'mean'"]),
        (
            {
                "targets": ["bucc2018"],
                "data": FakeData(lacks=[("bucc2018", "fr", "dev")]),
            },
            ["'bucc2018'", "threshold", "'fr'", "dev"],
        ),
        (
            {"targets": ["bucc2018"], "data": FakeData(lacks=["bucc2018"])},
            [
                "not on the Hub",
                "extra/bucc2018/de-en.gold/test.parquet",
                "--data=FOLDER,fake",
                "--eval_on_dev=bucc2018",
            ],
        ),
        ({"recipe": {"epoch": 1}}, ["'epoch'", "Did you mean 'epochs'"]),
        ({"recipe": {"epochs": 0}}, ["epochs", "above 0", "Received: 0"]),
        ({"recipe": {"epochs": float("nan")}}, ["epochs", "nan"]),
        ({"recipe": {"learning_rate": -1.0}}, ["learning_rate", "-1.0"]),
        ({"recipe": {"batch_size": 0}}, ["batch_size", "at least 1"]),
        ({"recipe": {"batch_size": 1.5}}, ["batch_size", "whole number"]),
        ({"recipe": {"warmup_ratio": 1.1}}, ["warmup_ratio", "at most 1"]),
        ({"recipe": {"max_length": 7}}, ["max_length", "at least 8"]),
        ({"recipe": {"eval_every_steps": -1}}, ["eval_every_steps"]),
        ({"recipe": {"max_length": 513}}, ["--max_length", "513", "512"]),
        ({"data": FakeData(lacks=["udpos"])}, ["'udpos'", "xnli, xquad"]),
        ({"data": FakeData(lacks=["mnli"])}, ["'fake'", "'mnli'", "squad"]),
        (
            {"routes": ["xnli@de"], "data": FakeData(lacks=[("xnli", "de")])},
            ["'xnli@de'", "'fake'", "task 'xnli'", "'de'", "ar, bg, el"],
        ),
        (
            {"data": FakeData(lacks=[("udpos", "en")])},
            ["Target 'udpos'", "'en'"],
        ),
    ],
)
def test_whatever_cannot_run_is_refused_with_cause_and_fix(changes, pieces):
    refused(*pieces, **changes)


SHORT = dataclasses.replace(BACKBONE, max_sequence_length=128)


def test_a_published_length_is_lowered_to_the_backbones_positions():
    made = graph(backbone=SHORT)
    assert {stage.recipe.max_length for stage in made.stages} == {128}
    assert {stage.max_lengths for stage in made.stages} == {(128,)}
    assert {cell.recipe.max_length for cell in made.cells} == {128}
    assert made.lowered_lengths() == [
        "max_length 128: the published 256 of mnli, udpos, xnli is above the "
        "positions of backbone 'tiny'.",
        "max_length 128: the published 384 of squad is above the positions of "
        "backbone 'tiny'.",
        "max_length 128: the published 512 of tatoeba is above the positions "
        "of backbone 'tiny'.",
    ]
    # What is short enough stays.
    siqa = graph(backbone=SHORT, routes=["siqa+mnli"], targets=["xnli"])
    assert siqa.stages[0].max_lengths == (128, 128)
    assert "siqa" not in " ".join(siqa.lowered_lengths())
    assert graph().lowered_lengths() == []


def test_fingerprints_are_of_the_length_that_is_used():
    lowered = graph(backbone=SHORT)
    asked = graph(backbone=SHORT, recipe={"max_length": 128})
    assert lowered.description()["cells"] == asked.description()["cells"]
    assert (
        lowered.description()["data_fingerprints"]
        == asked.description()["data_fingerprints"]
    )
    assert lowered.stages[0].fingerprint != graph().stages[0].fingerprint
    assert asked.lowered_lengths() == []


@pytest.mark.parametrize(
    "changes", [{}, {"targets": ["tatoeba"], "routes": ["pretrained"]}]
)
def test_only_a_length_that_was_asked_for_is_refused(changes):
    refused(
        "--max_length=129 is above the 128 positions",
        "'tiny'",
        "--max_length=128 or less",
        backbone=SHORT,
        recipe={"max_length": 129},
        **changes,
    )
    assert graph(backbone=SHORT, recipe={"max_length": 128}, **changes).cells


def test_positions_that_are_found_later_follow_the_same_rule():
    unknown = dataclasses.replace(BACKBONE, max_sequence_length=None)
    made = graph(backbone=unknown)
    assert made.lowered_lengths() == []
    assert made.lowered_lengths(512) == []
    assert made.lowered_lengths(128) == graph(backbone=SHORT).lowered_lengths()
    asked = graph(backbone=unknown, recipe={"max_length": 200})
    assert asked.lowered_lengths(200) == []
    with pytest.raises(InputError, match="--max_length=200 is above the 128"):
        asked.lowered_lengths(128)


def test_a_backbone_of_hardly_any_positions_is_refused():
    few = dataclasses.replace(BACKBONE, max_sequence_length=7)
    refused("'tiny' has 7 positions", "at least 8", backbone=few)


def test_a_count_is_checked_against_published_rows_before_download():
    refused("392702", routes=["mnli:400k"], data=FakeData(rows=None))


def test_a_target_that_nothing_can_train_is_refused(monkeypatch):
    orphan = Task(
        name="orphan",
        problem="classification",
        repositories=(),
        columns={},
        to_example=dict,
        languages=("en",),
        splits=("test",),
        metrics=("accuracy",),
    )
    monkeypatch.setitem(TASKS, "orphan", orphan)
    refused("'orphan'", "train_task", targets=["orphan"])


def test_description_survives_json_and_fits_itself():
    description = graph(eval_limit=100).description()
    assert json.loads(json.dumps(description)) == description
    check_compatible(description, description)


def test_a_run_folder_may_grow():
    old = graph().description()
    new = graph(
        routes=["mnli", "pretrained", "hellaswag", "mnli/squad"],
        targets=["xquad", "xnli", "udpos", "tatoeba"],
        seeds=(2, 1),
    ).description()
    check_compatible(old, new)
    check_compatible(graph(languages=["de"]).description(), new)


@pytest.mark.parametrize(
    ("changes", "pieces"),
    [
        ({"eval_limit": 5}, ["eval_limit", "None", "5"]),
        ({"recipe": {"epochs": 9}}, ["epochs was unset and is now 9"]),
        (
            {"retrieval_pooling": "cls", "recipe": {"max_length": 99}},
            ["max_length was unset", "retrieval_pooling was unset", "cls"],
        ),
        ({"data": FakeData(salt="!")}, ["evaluation data of xnli", "'fake'"]),
        (
            {"backbone": dataclasses.replace(BACKBONE, fingerprint="f" * 16)},
            ["backbone", "tiny (0123456789abcdef)", "f" * 16],
        ),
    ],
)
def test_a_run_folder_of_another_graph_is_refused(changes, pieces):
    with pytest.raises(InputError) as caught:
        check_compatible(graph().description(), graph(**changes).description())
    for piece in [*pieces, "--run_dir"]:
        assert piece in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"retrieval_layer": 1},
        {"retrieval_layer": "sweep"},
        {"retrieval_pooling": "cls"},
    ],
)
def test_retrieval_settings_are_part_of_the_results(change):
    before = graph(targets=["tatoeba"]).description()
    after = graph(targets=["tatoeba"], **change).description()
    with pytest.raises(InputError, match="--run_dir"):
        check_compatible(before, after)
    others = graph(targets=["xnli"], **change).description()
    check_compatible(graph(targets=["xnli"]).description(), others)


def test_targets_are_evaluated_on_dev_rows_where_asked():
    built = graph(
        eval_on_dev=["udpos"],
        data=FakeData(lacks=[("udpos", "kk", "dev"), ("xnli", "de", "dev")]),
    )
    splits = {cell.target.name: cell.split for cell in built.cells}
    assert splits == {"xnli": "test", "udpos": "dev", "tatoeba": "test"}
    languages = {cell.target.name: cell.languages for cell in built.cells}
    assert "kk" not in languages["udpos"]
    assert "de" in languages["xnli"]
    assert built.missing_languages(target(built, "udpos")) == ("kk",)
    before = graph().description()
    match = r"eval_on_dev was unset and is now \['udpos'\]"
    with pytest.raises(InputError, match=match):
        check_compatible(before, built.description())


def test_a_pool_is_never_cut_by_the_limit():
    built = graph(targets=["bucc2018", "tatoeba"], eval_limit=10)
    assert [built.eval_count(task) for task in built.targets] == [None, 10]


@pytest.mark.parametrize(
    "change", [{"max_length": 64}, {"dtype_policy": "mixed_bfloat16"}]
)
def test_evaluation_settings_are_part_of_a_bare_backbones_results(change):
    routes, targets = ["pretrained"], ["tatoeba"]
    before = graph(routes=routes, targets=targets).description()
    after = graph(routes=routes, targets=targets, recipe=change).description()
    with pytest.raises(InputError, match="--run_dir"):
        check_compatible(before, after)


def test_unknown_dtype_policy_gets_a_suggestion():
    refused("mixed_bfloat16", recipe={"dtype_policy": "mixed_bfloat"})


def test_an_early_stop_needs_evaluations_to_count():
    recipe = {"early_stopping": 30, "eval_every_steps": 0}
    refused("early_stopping counts evaluations", recipe=recipe)
    refused("early_stopping must be", recipe={"early_stopping": 0})
    built = graph(recipe={"early_stopping": 30})
    assert {s.recipe.early_stopping for s in built.stages} == {30}
    # The schedule's steps stay what they were.
    assert [s.num_steps for s in built.stages] == [
        s.num_steps for s in graph().stages
    ]


@pytest.mark.parametrize("limit", [0, -1, 2.5, True])
def test_limits_are_whole_numbers(limit):
    refused("eval_limit", eval_limit=limit)


# ------------------------------------------- Languages that no benchmark lists
def test_a_language_of_the_data_alone_is_evaluated_and_marked():
    data = FakeData(extra=[("xnli", "eu")])
    built = graph(data=data, targets=["xnli", "udpos"], languages=["de", "eu"])
    facts = cell(built, "mnli", "xnli").facts
    assert list(facts) == ["de", "eu"]
    assert facts["de"].in_benchmark and not facts["eu"].in_benchmark
    assert facts["eu"].zero_shot
    # The benchmark of the other lists it.
    facts = cell(built, "mnli", "udpos").facts
    assert list(facts) == ["de", "eu"] and facts["eu"].in_benchmark


def test_a_language_that_a_metric_has_no_rule_for_is_refused():
    refused(
        "'mlqa' cannot be scored in 'ro'",
        "rules for",
        data=FakeData(extra=[("mlqa", "ro")]),
        targets=["mlqa"],
        languages=["ro"],
    )


def test_a_language_that_nobody_has_is_refused():
    refused(
        "Unknown language 'xx'",
        "holds no rows in it of xnli, udpos",
        targets=["xnli", "udpos"],
        languages=["de", "xx"],
    )


def test_languages_of_the_data_change_nothing_unless_asked_for():
    data = FakeData(extra=[("xnli", "eu")])
    assert graph(data=data).description() == graph().description()


# ------------------------------------------------------------ Target languages
def test_a_target_may_be_trained_in_other_languages():
    built = graph(
        targets=["xnli"], target_languages=["en", "de"], target_count=100
    )
    found = cell(built, "mnli", "xnli")
    assert found.stage.path == "mnli/mnli:100+xnli@de:100"
    zero_shot = {code: facts.zero_shot for code, facts in found.facts.items()}
    assert not zero_shot["en"] and not zero_shot["de"] and zero_shot["fr"]


def test_few_rows_of_another_language_are_no_zero_shot_in_it_alone():
    built = graph(
        routes=["pretrained"], targets=["udpos"], target_languages=["tr"]
    )
    facts = cell(built, "pretrained", "udpos").facts
    assert cell(built, "pretrained", "udpos").stage.path == "udpos@tr"
    assert not facts["tr"].zero_shot
    assert facts["en"].zero_shot


def test_a_language_that_a_target_has_no_rows_in_is_refused():
    refused(
        "Target 'xquad' cannot be trained in 'el'",
        "ar, de, en, es, hi, vi, zh",
        "--target_languages",
        targets=["xquad"],
        target_languages=["el"],
    )


def test_more_translated_rows_than_were_published_are_refused_before_work():
    refused(
        "squad@zh:80k",
        "76285",
        routes=["squad@zh:80k"],
        data=FakeData(rows=None),
    )


def test_a_target_learns_from_translated_questions():
    built = graph(targets=["xquad"], target_languages=["en", "de"])
    found = cell(built, "pretrained", "xquad")
    assert found.stage.path == "squad+squad@de"
    assert not found.facts["de"].zero_shot and found.facts["es"].zero_shot


# -------------------------------------------------------- Tasks of one's own
OWN = dataclasses.replace(TASKS["xnli"], name="my_nli", head_key="my_nli")


def test_an_own_task_is_a_target_and_a_source():
    built = graph(targets=[OWN], routes=["pretrained", "my_nli:9"])
    assert built.targets == (OWN,)
    (stage,) = [one for one in built.stages if one.path == "my_nli:9"]
    assert stage.sources[0].task == OWN
    named = graph(targets=["my_nli", "xnli"], tasks=[OWN])
    assert [task.name for task in named.targets] == ["my_nli", "xnli"]


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("xnli", "'xnli' has the name of a task"),
        ("My-Task", "'My-Task' cannot"),
    ],
)
def test_an_own_task_needs_a_name_of_its_own(name, piece):
    refused(piece, targets=[dataclasses.replace(OWN, name=name)])


def test_what_defines_an_own_task_is_part_of_its_stages_identity():
    edited = dataclasses.replace(OWN, file_digest="0123456789abcdef")
    first, second = (graph(targets=[task]).cells[0] for task in (OWN, edited))
    assert first.stage != second.stage or first.facts != second.facts


@pytest.mark.parametrize(
    ("change", "piece"),
    [
        ({"columns": {"premise": "text"}}, "column 'premise' must be a kind"),
        ({"metrics": ()}, "at least one metric"),
        ({"labels": (), "numbered_labels": ()}, "expected labels"),
        ({"train_task": "mnl"}, "Did you mean 'mnli'?"),
        ({"head_key": "nli", "labels": ("b", "a")}, "shares head 'nli'"),
        ({"recipe": Recipe(batch_size=0)}, "batch_size must be"),
        ({"metrics": ("accuracies",)}, "Did you mean 'accuracy'?"),
    ],
)
def test_an_own_task_is_checked_before_any_work(change, piece):
    labels = change.get("labels")
    changes = change if not labels else change | {"numbered_labels": labels}
    refused(piece, targets=[dataclasses.replace(OWN, **changes)])


def test_one_task_need_not_be_in_a_list():
    assert graph(targets=OWN).targets == (OWN,)


# ------------------------------------------------- Rows that tell no language
def test_english_rows_are_never_taken_for_another_language():
    built = graph(data="pocket", targets=["xnli"], target_languages=["de"])
    assert cell(built, "pretrained", "xnli").stage.path == "xnli@de"
    for route, language in (("pretrained", "ru"), ("squad@zh", "en")):
        with pytest.raises(InputError):
            graph(
                data="pocket",
                routes=[route],
                targets=["xquad"],
                target_languages=[language],
            )
    refused("dee", data="pocket", targets=["xnli"], target_languages=["dee"])


def test_languages_that_are_only_evaluated_make_no_other_stage():
    built = graph(
        routes=["pretrained", "panx"],
        targets=["panx"],
        languages=["en", "uk"],
        data=FakeData(extra=[("panx", "uk")]),
    )
    names = [stage.fingerprint for stage in built.stages]
    assert len(names) == len(set(names)) == 2


def test_a_pool_of_all_languages_is_part_of_what_a_score_depends_on():
    names = {"targets": ["lareqa"], "routes": ["pretrained"]}
    whole = graph(**names)
    german = graph(**names, languages=["de"])
    smaller = graph(**names, data=FakeData(lacks=[("lareqa", "th")]))
    found = [
        each.data_fingerprints["lareqa"]["de"]
        for each in (whole, german, smaller)
    ]
    # Whichever are asked for, all are searched that are there.
    assert found[0] == found[1] != found[2]


def test_a_target_without_what_it_searches_is_refused_before_any_work():
    with pytest.raises(InputError, match="'mewslix' needs what it searches"):
        graph(targets=["mewslix"], data=FakeData(lacks=["mewslix_entities"]))
