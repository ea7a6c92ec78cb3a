"""What a visit takes can be handed to another process."""

import pickle

import pytest

from command import TINY_SIZES
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.graph.graph import Graph
from stilts_keras.graph.part import parts_of
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.visits.planning import plan_visits

RECIPE = {"max_length": 24, "batch_size": 8, "epochs": 1.0}
LIMITS = {"train_limit": 48, "eval_limit": 16}


@pytest.fixture(scope="module")
def graph():
    return Graph(
        routes=("pretrained", "mnli", "squad"),
        targets=["xnli", "tatoeba"],
        languages=("en", "de"),
        data="pocket",
        backbone=describe_backbone("random", tokenizer="pocket", **TINY_SIZES),
        recipe={**RECIPE, "eval_every_steps": 0},
        measure_forgetting=True,
        **LIMITS,
    )


def test_what_a_visit_takes_can_be_pickled_and_is_the_same(graph, tmp_path):
    folder = RunFolder(tmp_path / "run", graph)
    for visit in plan_visits(graph, folder.remaining(is_plan=True)):
        again = pickle.loads(pickle.dumps(visit))
        assert again == visit
        assert [cell.facts for cell in again.cells] == [
            cell.facts for cell in visit.cells
        ]


def test_a_part_of_a_graph_can_be_pickled_and_is_the_same(graph, tmp_path):
    for part in parts_of(graph):
        again = pickle.loads(pickle.dumps(part))
        assert again.fingerprint == part.fingerprint
        assert again.description() == part.description()
        assert again.lessons(again.own) == part.lessons(part.own)
