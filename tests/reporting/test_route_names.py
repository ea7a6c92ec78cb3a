"""Routes as text say the same as the routes."""

import pytest

from stilts_keras.graph.route import Route
from stilts_keras.reporting.route_names import shape_of
from stilts_keras.reporting.route_names import source_names


@pytest.mark.parametrize(
    "text",
    [
        "pretrained",
        "mnli",
        "mlm@es:20k+mnli/hellaswag",
        "mlm@de,hi:1500/mnli+mlm@de",
        "anliplus/qqp",
    ],
)
def test_names_are_those_of_the_parsed_route(text):
    route = Route.parse(text)
    assert shape_of(str(route)) == route.shape
    assert source_names(str(route)) == [
        [source.name for source in stage] for stage in route.stages
    ]
