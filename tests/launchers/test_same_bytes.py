"""Whoever makes the visits of a run: the same bytes."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from launchers_run import GRAPHS
from launchers_run import RUNS

from stores import contents_of_store

TESTS = pathlib.Path(__file__).parents[1]
# They tell of flags, times and places.
OWN = (".lock", "run.json", "report/report.json", "report/report.md")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of all runs, and how each ended."""
    folder = tmp_path_factory.mktemp("launchers")
    done = subprocess.run(
        [sys.executable, TESTS / "launchers" / "launchers_run.py", folder],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]),
            "KERAS_BACKEND": "torch",
            "OMP_NUM_THREADS": "1",
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads(done.stdout.splitlines()[-1])


def whole(run_dir):
    """All files of a run folder but what must differ; of events the places."""
    found = {}
    for file in sorted(run_dir.rglob("*")):
        name = file.relative_to(run_dir).as_posix()
        if "tfevents" in name:
            found[file.relative_to(run_dir).parent.as_posix()] = b""
        elif file.is_file() and name not in OWN:
            if not name.startswith("visits/logs/"):
                found[name] = file.read_bytes()
    return found


@pytest.mark.parametrize("graph, launcher", RUNS)
def test_the_run_folder_is_that_of_one_process_byte_for_byte(
    runs, graph, launcher
):
    folder, _ = runs
    plain = whole(folder / graph / "plain")
    assert "results.jsonl" in plain and "trainings.jsonl" in plain
    assert ("forgetting.jsonl" in plain) == (graph == "all")
    other = whole(folder / graph / launcher)
    assert other.keys() == plain.keys()
    # KerasHub writes the time into one file of a stage.
    dated = {name for name in plain if name.endswith("/metadata.json")}
    dated |= {name for name in plain if name.endswith("/manifest.json")}
    differing = {name for name in plain if plain[name] != other[name]}
    assert differing <= dated


@pytest.mark.parametrize("graph, launcher", RUNS)
def test_the_store_holds_the_same_weights(runs, graph, launcher):
    folder, _ = runs
    plain = contents_of_store(folder / graph / "plain_store")
    assert len(plain) == {"all": 4, "trained_only": 3}[graph]
    assert contents_of_store(folder / graph / f"{launcher}_store") == plain


@pytest.mark.parametrize("graph, launcher", RUNS)
def test_every_launcher_ends_well_and_leaves_no_visit(runs, graph, launcher):
    folder, ended = runs
    status = ended[f"{graph} {launcher}"]
    if launcher == "slurm":
        status = set(status["ended"].values())
        assert status == {0}
    else:
        assert status == ended[f"{graph} plain"] == 0
    assert not list((folder / graph / launcher / "visits").glob("?" * 16))


def test_a_job_waits_for_the_stage_before_it_and_the_report_for_all(runs):
    _, ended = runs
    asked = ended["all slurm"]["asked"]
    dependencies = {
        number: [a for a in arguments if a.startswith("--dependency=")]
        for number, arguments in asked.items()
    }
    # The bare backbone and mnli; mnli/xnli and mnli/squad; mnli/squad/xnli.
    assert dependencies == {
        "100": [],
        "101": [],
        "102": ["--dependency=afterok:101"],
        "103": ["--dependency=afterok:101"],
        "104": ["--dependency=afterok:103"],
        "105": ["--dependency=afterany:100:102:104"],
    }
    for arguments in asked.values():
        assert "--requeue" in arguments
        assert "--kill-on-invalid-dep=yes" in arguments


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_script_is_clean(runs, graph):
    folder, _ = runs
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip("needs shellcheck")
    subprocess.run([program, folder / graph / "submit.sh"], check=True)
