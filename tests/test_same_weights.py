"""What has the same weights and rows is evaluated once, and told of all."""

import dataclasses
import json

import pytest

from command import stilts
from command import tiny_backbone
from stilts_keras.records import results
from stilts_keras.records.predictions import FOLDER as PREDICTIONS
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score

FLAGS = [
    "run",
    "--targets=tatoeba,bucc2018",
    "--languages=de,hi",
    "--data=pocket",
    *tiny_backbone(num_layers=2),
    "--retrieval_layer=sweep",
    "--max_length=32",
    "--eval_limit=16",
]


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Two seeds, and a route that trains nothing for retrieval."""
    run_dir = tmp_path_factory.mktemp("runs") / "together"
    stilts(
        *FLAGS,
        "--route=pretrained",
        "--route=longer:9",
        "--seed=1",
        "--seed=2",
        f"--run_dir={run_dir}",
    )
    return run_dir


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("runs") / "alone"
    stilts(*FLAGS, "--route=pretrained", "--seed=2", f"--run_dir={run_dir}")
    return run_dir


def evaluated(run_dir):
    lines = (run_dir / "speeds.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["of"] for line in lines]


def rows_of(run_dir, name, kind, **wanted):
    rows = read_rows(run_dir / name, kind)
    return [
        dataclasses.replace(row, route="", seed=0)
        for row in rows
        if all(getattr(row, key) == value for key, value in wanted.items())
    ]


def test_each_language_is_evaluated_once(together, alone):
    # Tatoeba in two languages, BUCC in German.
    assert len(evaluated(alone)) == 3
    assert len(evaluated(together)) == 3
    assert all(of.startswith("pretrained|") for of in evaluated(together))


@pytest.mark.parametrize(
    "name, kind",
    [(results.RESULTS_FILE, Score), (results.LAYERS_FILE, LayerScore)],
)
def test_rows_are_those_of_a_run_of_its_own(together, alone, name, kind):
    expected = rows_of(alone, name, kind)
    assert expected
    for route in ("pretrained", "longer:9"):
        for seed in (1, 2):
            found = rows_of(together, name, kind, route=route, seed=seed)
            assert found == expected


def test_predictions_are_those_of_a_run_of_its_own(together, alone):
    folder = alone / PREDICTIONS
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 3
    for file in files:
        path = file.relative_to(folder / "pretrained")
        for route in ("pretrained", "longer:9"):
            other = together / PREDICTIONS / route / path
            assert other.read_bytes() == file.read_bytes()


def test_embeddings_of_both_routes_are_kept(together):
    found = {path.parts[0] for path in relative_files(together / "embeddings")}
    assert found == {"pretrained", "longer:9"}


def relative_files(folder):
    return [
        file.relative_to(folder) for file in folder.rglob("*") if file.is_file()
    ]
