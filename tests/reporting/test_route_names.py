"""Routes as text say the same as the routes."""

import pytest

from stilts_keras.graph.route import Route
from stilts_keras.reporting.route_names import SourceSet
from stilts_keras.reporting.route_names import is_plain
from stilts_keras.reporting.route_names import shape_of
from stilts_keras.reporting.route_names import source_names
from stilts_keras.reporting.route_names import source_set_of
from stilts_keras.tasks import get_task


@pytest.mark.parametrize(
    "text",
    [
        "pretrained",
        "mnli",
        "mlm@es:20k+mnli/hellaswag",
        "mlm@de,hi:1500/mnli+mlm@de",
        "anliplus/qqp",
        "longer",
        "longer:9k",
        "mnli-shuffled:5+qqp",
    ],
)
def test_names_are_those_of_the_parsed_route(text):
    route = Route.parse(text)
    assert shape_of(str(route)) == route.shape
    assert source_names(str(route)) == [
        [source.name for source in stage] for stage in route.stages
    ]


@pytest.mark.parametrize(
    "text, languages, number",
    [
        ("xnli:6k", ("en",), 6000),
        ("xnli@es:1200", ("es",), 1200),
        ("xnli@es,en,de:400", ("en", "de", "es"), 1200),
        ("xnli@de:1k+xnli@es:3k", ("de", "es"), 4000),
    ],
)
def test_one_task_with_counts_in_one_stage_is_a_set(text, languages, number):
    route = str(Route.parse(text))
    found = source_set_of(route, lambda name: get_task(name).language)
    assert found == SourceSet("xnli", languages, number)


@pytest.mark.parametrize(
    "text",
    [
        "pretrained",
        "mnli",
        "xnli:6k+xnli@es",
        "mnli:1k+squad:1k",
        "mnli:1k/squad:1k",
        "longer:1k",
    ],
)
def test_other_routes_are_no_set_of_languages(text):
    route = str(Route.parse(text))
    assert source_set_of(route, lambda name: get_task(name).language) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("pretrained", True),
        ("mnli/squad", True),
        ("longer", False),
        ("longer:9k", False),
        ("mnli-shuffled", False),
        ("mnli/xnli-shuffled@de:5", False),
        ("average-seeds", False),
        ("mnli/squad/average-seeds", False),
    ],
)
def test_controls_and_averages_are_told_from_answers(text, expected):
    assert is_plain(text) == expected


def test_an_average_has_the_sources_of_its_route():
    assert source_names("mnli/squad@de/average-seeds") == [
        ["mnli"],
        ["squad@de"],
    ]
    assert source_names("average-seeds") == source_names("pretrained") == []
    assert source_names("longer:5/average-seeds") == []
