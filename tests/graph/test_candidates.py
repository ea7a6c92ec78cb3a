"""Which routes are candidates for which target, and which rows tell so."""

import pytest

import fakes
from stilts_keras.errors import InputError
from stilts_keras.graph.candidates import candidates_of
from stilts_keras.graph.candidates import questions_of

ROUTES = ("pretrained", "mnli", "panx@de:50", "mnli/squad", "mnli+squad")


@pytest.fixture(scope="module")
def graph():
    return fakes.graph(
        routes=ROUTES, targets=("xnli", "panx", "tatoeba"), seeds=(1, 2)
    )


def by_route(graph, max_sequences=200):
    return {one.route: one for one in candidates_of(graph, max_sequences)}


def test_every_route_but_the_bare_backbone_is_a_candidate(graph):
    assert list(by_route(graph)) == list(ROUTES[1:])


def test_controls_are_no_candidates():
    routes = ("pretrained", "longer:9", "mnli-shuffled", "mnli", "squad")
    found = by_route(fakes.graph(routes=routes, targets=("panx",)))
    assert list(found) == ["mnli", "squad"]


def test_a_candidate_has_the_last_stage_of_each_seed(graph):
    for route, one in by_route(graph).items():
        assert [stage.path for stage in one.stages] == [route] * 2
        assert [stage.seed for stage in one.stages] == [1, 2]


def test_rows_of_one_source_are_its_training_rows(graph):
    found = by_route(graph)
    (split,) = found["mnli"].splits
    assert (split.task.name, split.language, split.name) == (
        "mnli",
        "en",
        "train",
    )
    assert (split.count, split.max_length) == (200, 256)
    assert found["mnli"].num_examples == 1000
    # A route's own count is not exceeded.
    assert found["panx@de:50"].splits[0].count == 50
    assert found["panx@de:50"].num_examples == 50


def test_chains_and_mixtures_have_no_rows_of_their_own(graph):
    for route in ("mnli/squad", "mnli+squad"):
        one = by_route(graph)[route]
        assert (one.source, one.num_examples, one.splits) == (None, None, ())


def test_a_target_is_seen_by_what_its_own_stage_trains_on(graph):
    found = {one.target.name: one for one in questions_of(graph, 200)}
    (split,) = found["xnli"].splits
    assert (split.task.name, split.name) == ("mnli", "train")
    # Nothing is trained for it: its own rows, some of each language.
    splits = found["tatoeba"].splits
    assert {split.name for split in splits} == {"test"}
    assert [split.language for split in splits] == list(
        found["tatoeba"].target.languages
    )
    assert sum(split.count for split in splits) <= 200


def test_more_of_the_same_is_no_candidate(graph):
    own = {one.target.name: one.own for one in questions_of(graph)}
    # XNLI's training rows are MNLI's; a chain that holds it counts, too.
    assert own["xnli"] == {"mnli", "mnli/squad", "mnli+squad"}
    assert own["panx"] == {"panx@de:50"}
    assert own["tatoeba"] == set()


def test_several_target_languages_share_the_rows():
    graph = fakes.graph(
        routes=("squad", "mnli"),
        targets=["panx"],
        target_languages=("en", "de"),
    )
    (question,) = questions_of(graph, 200)
    assert [(one.language, one.count) for one in question.splits] == [
        ("en", 100),
        ("de", 100),
    ]


def test_one_candidate_needs_no_order():
    with pytest.raises(InputError, match="at least two routes"):
        candidates_of(fakes.graph(routes=("pretrained", "mnli")))
