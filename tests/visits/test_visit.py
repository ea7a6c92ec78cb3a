"""A visit may be made in another process: values in, values out."""

import concurrent.futures
import multiprocessing
import pickle

import pytest

from command import TINY_SIZES
from command import stilts
from command import tiny_backbone
from stilts_keras import files
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.experiment import plan_visits
from stilts_keras.graph.graph import Graph
from stilts_keras.options import Options
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.stage_folders import stages_in_store
from stilts_keras.visits.values import Scored
from stilts_keras.visits.values import Setting
from stilts_keras.visits.values import Trained
from stilts_keras.visits.visit import work

RECIPE = {"max_length": 24, "batch_size": 8, "epochs": 1.0}
LIMITS = {"train_limit": 48, "eval_limit": 16}
ROUTES = ("pretrained", "mnli", "squad")
LANGUAGES = ("en", "de")
DATED = "metadata.json"


@pytest.fixture(scope="module")
def graph():
    return Graph(
        routes=ROUTES,
        targets=["xnli", "tatoeba"],
        languages=LANGUAGES,
        data="pocket",
        backbone=describe_backbone("random", tokenizer="pocket", **TINY_SIZES),
        recipe={**RECIPE, "eval_every_steps": 0},
        **LIMITS,
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The same by one process; its store, and its rows."""
    folder = tmp_path_factory.mktemp("plain")
    stilts(
        "run",
        *(f"--route={route}" for route in ROUTES),
        "--targets=xnli,tatoeba",
        f"--languages={','.join(LANGUAGES)}",
        "--data=pocket",
        *tiny_backbone(),
        *(f"--{k}={v}" for k, v in {**RECIPE, **LIMITS}.items()),
        "--eval_every_steps=0",
        "--keras_backend=torch",
        f"--stage_store={folder / 'store'}",
        f"--run_dir={folder / 'run'}",
    )
    rows = read_rows(folder / "run" / "results.jsonl", Score)
    return folder / "store", rows


def waves(visits):
    """Visits by depth: none of a wave waits for another of it."""
    depths = sorted({v.stage.depth if v.stage else 0 for v in visits})
    for depth in depths:
        yield [v for v in visits if (v.stage.depth if v.stage else 0) == depth]


def test_two_processes_that_share_a_store_give_the_bytes_of_one(
    graph, plain, tmp_path, monkeypatch
):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    folder = RunFolder(tmp_path / "run", graph, stage_store=tmp_path / "store")
    visits = plan_visits(graph, folder.remaining(is_plan=True))
    setting = Setting(
        data=graph.data,
        backbone=graph.backbone,
        stages=folder.stages,
        options=Options(run_dir=tmp_path / "run"),
    )
    found = []
    with concurrent.futures.ProcessPoolExecutor(
        2, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        for wave in waves(visits):
            for values in pool.map(work, wave, [setting] * len(wave)):
                found += values
    trained = {value.stage for value in found if isinstance(value, Trained)}
    assert trained == set(graph.stages)
    store, rows = plain
    assert contents(tmp_path / "store") == contents(store)
    scores = [
        row
        for value in found
        if isinstance(value, Scored)
        for row in value.rows
    ]
    assert sorted(map(repr, scores)) == sorted(map(repr, rows))


def contents(store):
    """The sha256 of every file of every stage, and what manifests tell.

    But for KerasHub's metadata.json, which tells when it was written.
    """
    found = {}
    for name, place in stages_in_store(store).items():
        facts = files.read_sealed(place / files.MANIFEST)
        digests = {k: v for k, v in facts.pop("files").items() if k != DATED}
        found[name] = facts, digests
    return found


def test_what_a_visit_takes_can_be_pickled_and_is_the_same(graph, tmp_path):
    folder = RunFolder(tmp_path / "run", graph)
    for visit in plan_visits(graph, folder.remaining(is_plan=True)):
        again = pickle.loads(pickle.dumps(visit))
        assert again == visit
        assert [cell.facts for cell in again.cells] == [
            cell.facts for cell in visit.cells
        ]
