"""Disturbed cells: what a request's disturbances add to a graph."""

import dataclasses
import io
import re

import pytest
import rich.console

import fake_runs
from fakes import FakeData
from fakes import graph
from stilts_keras.errors import InputError
from stilts_keras.graph.compatibility import check_compatible
from stilts_keras.graph.plan import render_plan
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.records.remaining import of_graph
from stilts_keras.records.remaining import remaining
from stilts_keras.records.rows import Score
from stilts_keras.tasks import TASKS

DISTURBED = ("disturbed_cells", "disturbed_fingerprints")
LANGUAGES = ["de", "hi", "zh"]


def made(*disturb, **changes):
    values = {
        "routes": ["pretrained", "mnli"],
        "targets": ["xnli", "panx", "tatoeba"],
        "languages": LANGUAGES,
        "disturb": disturb,
    }
    return graph(**values | changes)


def settings(built, target):
    return {
        (cell.disturbance, cell.severity): cell.languages
        for cell in built.disturbed_cells
        if cell.target.name == target
    }


def test_each_clean_cell_is_disturbed_with_the_same_weights():
    built = made("typos:1,5")
    assert len(built.disturbed_cells) == 2 * len(built.cells)
    for cell in built.disturbed_cells:
        (clean,) = [
            other
            for other in built.cells
            if cell.key.startswith(f"{other.key}|")
        ]
        assert cell.stage is clean.stage
        assert cell.key == f"{clean.key}|typos|{cell.severity}"
    assert built.stages == made().stages


def test_what_is_clean_is_the_same_with_and_without():
    clean, disturbed = made().description(), made("typos").description()
    assert not any(clean[name] for name in DISTURBED)
    for name in set(clean) - set(DISTURBED):
        assert clean[name] == disturbed[name]


def test_rows_are_told_apart_by_disturbance_and_severity():
    found = made("typos", "drops").description()["disturbed_fingerprints"]
    # Ten settings of three targets; panx and xnli hold all three languages.
    assert len(found) == 10 * (3 + 3 + 3)
    assert len(set(found.values())) == len(found)


def test_languages_without_what_is_changed_are_left_out_and_named():
    built = made("casing:2", "word_drops:1")
    assert settings(built, "xnli") == {
        ("casing", 2): ("de",),
        ("word_drops", 1): ("de", "hi"),
    }
    # A word that is dropped would lose its tag.
    assert settings(built, "panx") == {("casing", 2): ("de",)}
    notes = " ".join(built.trials.notes)
    assert "casing is left out of xnli (hi zh)" in notes
    assert "word_drops is left out of panx:" in notes


def test_a_target_may_be_named():
    built = made("typos@panx:3")
    assert not settings(built, "xnli")
    assert list(settings(built, "panx")) == [("typos", 3)]


def test_real_noise_brings_its_own_clean_rows():
    built = made("real_noise")
    # Chinese is none of its languages.
    assert settings(built, "xnli") == {
        ("real_noise", 0): ("de", "hi"),
        ("real_noise", 1): ("de", "hi"),
    }
    assert {
        cell.noisy.name
        for cell in built.disturbed_cells
        if cell.target.name == "panx"
    } == {"noisy_panx"}
    assert not settings(built, "tatoeba")


@pytest.mark.parametrize(
    ("disturb", "changes", "said"),
    [
        ("word_drops", {"targets": ["panx"]}, "panx is tagging of text"),
        ("casing", {"languages": ["hi"]}, "it has nothing to change"),
        ("real_noise", {"targets": ["udpos"]}, "no task has such rows of it"),
        (
            "real_noise",
            {"targets": ["xnli"], "eval_on_dev": ["xnli"]},
            "its rows are test rows, not dev rows",
        ),
        (
            "real_noise",
            {"targets": ["xnli"], "data": FakeData(lacks=["noisy_xnli"])},
            "holds no test rows of task 'noisy_xnli'",
        ),
    ],
)
def test_what_fits_no_target_is_refused(disturb, changes, said):
    with pytest.raises(InputError) as caught:
        made(disturb, **changes)
    assert said in str(caught.value)
    assert "Leave it out of --disturb" in str(caught.value)


def test_own_rows_of_another_problem_are_refused():
    own = dataclasses.replace(
        TASKS["udpos"],
        name="mine",
        disturbs="xnli",
        disturbance="scanned",
        file_digest="x",
    )
    with pytest.raises(InputError, match="mine is tagging of text, not classi"):
        made("scanned", targets=["xnli"], tasks=[own])
    twins = [
        dataclasses.replace(
            TASKS["noisy_xnli"], name=name, disturbance="scanned"
        )
        for name in ("one", "other")
    ]
    with pytest.raises(InputError, match="such rows: one, other"):
        made("scanned", targets=["xnli"], tasks=twins)


def rows_of(cells):
    return [
        fake_runs.score(
            Score,
            route=cell.route,
            seed=cell.seed,
            target=cell.target.name,
            language=language,
            metric=metric,
            stage=cell.stage.fingerprint if cell.stage else PRETRAINED,
            data_fingerprint=cell.facts[language].data_fingerprint,
            disturbance=cell.disturbance,
            severity=cell.severity,
        )
        for cell in cells
        for language in cell.languages
        for metric in cell.target.metrics
    ]


def left(description, cells):
    is_of_graph = of_graph(description)
    scores = list(filter(is_of_graph, rows_of(cells)))
    return remaining(description, scores, (), (), (), lambda name: True)


def test_a_finished_run_lacks_only_what_is_disturbed():
    built = made("typos:1", "casing:2")
    found = left(built.description(), built.cells)
    assert dict(found.cells) == {
        cell.key: cell.languages for cell in built.disturbed_cells
    }
    assert not found.stages
    both = [*built.cells, *built.disturbed_cells]
    assert not left(built.description(), both).cells
    # A run that was cut off within a cell.
    rest = left(built.description(), both[:-1])
    assert list(rest.cells) == [both[-1].key]


def test_weights_that_are_gone_are_needed_again_to_be_disturbed():
    built = made("typos:1")
    scores = rows_of(built.cells)
    found = remaining(
        built.description(), scores, (), (), (), lambda name: False
    )
    needed = {cell.stage.fingerprint for cell in built.cells if cell.stage}
    assert needed <= found.stages


def test_folders_of_versions_without_disturbances_go_on():
    old = made().description()
    for name in DISTURBED:
        del old[name]
    new = made("typos").description()
    check_compatible(old, new)
    check_compatible(new, old)
    assert not left(old, made().cells).cells


def test_other_rows_under_one_disturbance_are_refused():
    old = made("real_noise").description()
    other = made("real_noise", data=FakeData(salt="x")).description()
    other |= {"data_fingerprints": old["data_fingerprints"]}
    other |= {"cells": {}, "disturbed_cells": {}}
    with pytest.raises(InputError, match=r"evaluation data of xnli\|de\|real"):
        check_compatible(old, other)


def test_plans_tell_how_many_more_evaluations():
    built = made("typos:1,3", "casing:2")
    console = rich.console.Console(file=io.StringIO(), width=400)
    render_plan(built, console=console)
    text = console.file.getvalue()
    # Twice three targets and routes in three languages, and one in German.
    assert "3 settings, 18 more results" in text
    assert "42 more evaluations of one language, of which 42 are" in text
    assert "casing is left out of xnli (hi zh)" in text
    console = rich.console.Console(file=io.StringIO(), width=400)
    cells = [*built.cells, *built.disturbed_cells[:6]]
    found = left(built.description(), cells)
    render_plan(built, console=console, left=found.cells)
    assert "of which 28 are to be made" in console.file.getvalue()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"disturbance": "typos"}, "has the name of one of stilts_keras"),
        ({"disturbance": "o|cr"}, "cannot be named in --disturb"),
        ({"disturbance": "a/b"}, "cannot be named in --disturb"),
        ({"disturbs": "xnly"}, "Did you mean 'xnli'"),
    ],
)
def test_disturbed_rows_of_ones_own_that_no_flag_could_name_are_refused(
    changes, message
):
    own = dataclasses.replace(
        TASKS["noisy_xnli"],
        **{"name": "my_noise", "disturbance": "scanned", **changes},
    )
    with pytest.raises(InputError, match=re.escape(message)):
        made("typos:1", tasks=(own,))


def test_disturbed_rows_that_no_clean_ones_can_be_found_of_are_refused():
    def own(**changes):
        return dataclasses.replace(
            TASKS["xquad"],
            name="my_xquad",
            disturbs="xquad",
            disturbance="scanned",
            **changes,
        )

    one_file, other_file = (
        own(),
        own(repositories=TASKS["noisy_xnli"].repositories),
    )
    wanted = {"targets": ["xquad"], "languages": ["de"]}
    assert made("scanned", tasks=(one_file,), **wanted).disturbed_cells
    with pytest.raises(InputError, match="which clean row each of my_xquad"):
        made("scanned", tasks=(other_file,), **wanted)
