"""What a run folder reports, and when it does so anew."""

import types

import numpy as np
import pytest

import fake_runs
from fakes import FakeData
from fakes import graph
from stilts_keras import files
from stilts_keras.records import predictions
from stilts_keras.records.results import RUN_FILE
from stilts_keras.records.rows import Unscored
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.reporting.refresh import refresh

LANGUAGES = ["en", "de", "hi", "tr"]


def report_of(folder):
    return refresh(folder.path, folder.baseline)


def made(routes, **changes):
    return graph(
        routes=routes, targets=["xnli"], languages=LANGUAGES, **changes
    )


def open_finished(path, routes, **changes):
    """Opens the folder of a run of which all cells are scored."""
    built = made(routes, **changes)
    RunFolder(path, built).describe({"backend": "jax", "versions": {}})
    gold = [fake_runs.LABELS[at % 3] for at in range(40)]
    for cell in built.cells:
        random = np.random.default_rng([cell.seed, *cell.route.encode()])
        share = 0.9 if "mnli" in cell.route else 0.4
        for language in cell.languages:
            guess = fake_runs.answers(random, gold, share)
            fake_runs.write_cell(path, cell, language, guess, gold)
    return RunFolder(path, built)


@pytest.fixture
def folder(tmp_path):
    return open_finished(tmp_path / "run", ["pretrained", "mnli"])


def times(path):
    return {
        file: file.stat().st_mtime_ns
        for name in ("report", "tensorboard")
        for file in (path / name).rglob("*")
        if file.is_file()
    }


def test_a_report_of_the_same_results_is_not_made_again(folder):
    first = report_of(folder)
    before = times(folder.path)
    assert first["sentences"] and before
    again = report_of(RunFolder(folder.path, folder.graph))
    assert again == first
    assert times(folder.path) == before


@pytest.mark.parametrize("lost", ["report/report.md", "tensorboard"])
def test_a_report_that_was_deleted_is_made_again(folder, lost):
    report_of(folder)
    before = times(folder.path)
    (folder.path / lost).rename(folder.path.with_suffix(".lost"))
    report_of(folder)
    assert len(times(folder.path)) == len(before)


def test_what_was_missing_is_looked_for_again(folder):
    (file,) = folder.path.glob("predictions/mnli/xnli/seed-1/test-hi.jsonl")
    hidden = folder.path.with_suffix(".hidden")
    file.rename(hidden)
    assert str(file) in report_of(folder)["problems"][0]
    hidden.rename(file)
    assert not report_of(folder)["problems"]


def test_a_damaged_embedding_does_not_stop_a_run(folder):
    fake_runs.write_embeddings(folder.path, "mnli")
    (file,) = folder.path.rglob("*.npz")
    file.write_bytes(b"PK")
    assert str(file) in report_of(folder)["problems"][0]


def test_a_run_that_grows_keeps_its_baseline(tmp_path):
    path = tmp_path / "run"
    report_of(open_finished(path, ["pretrained", "mnli"]))
    grown = RunFolder(path, made(["squad", "mnli/squad"]))
    assert grown.baseline == "pretrained"
    asked = RunFolder(path, made(["squad", "mnli"], baseline="squad"))
    assert asked.baseline == "squad" and not asked.is_described
    asked.describe({})
    assert RunFolder(path, asked.graph).is_described


def test_a_new_run_compares_with_its_first_route(tmp_path):
    assert RunFolder(tmp_path, made(["mnli", "squad"])).baseline == "mnli"


def test_a_run_that_grows_keeps_what_was_forgotten(tmp_path):
    measured = made(["mnli/squad"], measure_forgetting=True)
    RunFolder(tmp_path / "run", measured).describe({})
    before = description_of(tmp_path / "run")
    grown = made(["mnli/squad", "squad"])
    RunFolder(tmp_path / "run", grown).describe({})
    after = description_of(tmp_path / "run")
    assert set(before["lessons"]) == set(before["stages"])
    for name, lessons in before["lessons"].items():
        assert lessons and after["lessons"][name] == lessons


def description_of(run_dir):
    return files.read_sealed(run_dir / RUN_FILE)["graph"]


# ------------------------------------------------- Disturbed, and gold hidden
def predicted(cell, guess):
    """What a cell gives of a language whose gold nobody tells."""
    row = Unscored(
        route=cell.route,
        seed=cell.seed,
        target=cell.target.name,
        language="de",
        split=cell.split,
        n=3,
        stage=cell.stage.fingerprint,
        data_fingerprint=cell.facts["de"].data_fingerprint,
        disturbance=cell.disturbance,
        severity=cell.severity,
    )
    return types.SimpleNamespace(
        cell=cell, row=row, predictions=[guess] * 3, ids=None
    )


def test_disturbed_predictions_without_gold_are_kept_apart_and_once(tmp_path):
    built = made(["pretrained"], disturb=["typos:2"], data=FakeData())
    folder = RunFolder(tmp_path, built)
    cells = [*built.cells, *built.disturbed_cells]
    for cell, guess in zip(cells, ["neutral", "entailment"], strict=True):
        folder.files.keep_unscored(predicted(cell, guess))
    # What is handed in is of the rows as they are.
    (submitted,) = tmp_path.rglob("submission/**/test-de.tsv")
    assert submitted.read_text().split() == ["neutral"] * 3
    (kept,) = tmp_path.rglob("predictions/**/typos-2/test-de.jsonl")
    gold, guesses, _ = predictions.read(kept)
    assert (gold, guesses) == ([None] * 3, ["entailment"] * 3)
    # German is done, disturbed or not; no score is missing of it.
    left = folder.remaining().cells
    assert [left[cell.key] for cell in cells] == [("en", "hi", "tr")] * 2
