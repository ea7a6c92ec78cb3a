"""Whoever makes the visits of a run: the same bytes.

By default of a chain without retrieval by two workers; of a tree with it, with
the bare backbone and forgetting, by Ray and Slurm's stand-in too, what is
marked slow.
"""

import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest
from launchers_run import OTHERS

from stores import contents_of_store

TESTS = pathlib.Path(__file__).parents[1]
# They tell of flags, times and places.
OWN = (
    ".lock",
    "run.json",
    "speeds.jsonl",
    "report/report.json",
    "report/report.md",
)


MARKS = {"trained_only": (), "all": (pytest.mark.slow,)}
cases = pytest.mark.parametrize(
    "graph, launcher",
    [
        pytest.param(graph, launcher, marks=MARKS[graph])
        for graph, others in OTHERS.items()
        for launcher in others
    ],
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Function: the folder of all runs of a graph, and how each ended."""
    return functools.cache(lambda graph: run_all(tmp_path_factory, graph))


def run_all(tmp_path_factory, graph):
    folder = tmp_path_factory.mktemp("launchers")
    done = subprocess.run(
        [
            sys.executable,
            TESTS / "launchers" / "launchers_run.py",
            folder,
            graph,
        ],
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
    return folder / graph, json.loads(done.stdout.splitlines()[-1])


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


@cases
def test_the_run_folder_is_that_of_one_process_byte_for_byte(
    runs, graph, launcher
):
    folder, _ = runs(graph)
    plain = whole(folder / "plain")
    assert "results.jsonl" in plain and "trainings.jsonl" in plain
    assert ("forgetting.jsonl" in plain) == (graph == "all")
    other = whole(folder / launcher)
    assert other.keys() == plain.keys()
    # KerasHub writes the time into one file of a stage.
    dated = {name for name in plain if name.endswith("/metadata.json")}
    dated |= {name for name in plain if name.endswith("/manifest.json")}
    differing = {name for name in plain if plain[name] != other[name]}
    assert differing <= dated


@cases
def test_the_store_holds_the_same_weights(runs, graph, launcher):
    folder, _ = runs(graph)
    plain = contents_of_store(folder / "plain_store")
    assert len(plain) == {"all": 4, "trained_only": 3}[graph]
    assert contents_of_store(folder / f"{launcher}_store") == plain


@cases
def test_every_launcher_ends_well_and_leaves_no_visit(runs, graph, launcher):
    folder, ended = runs(graph)
    statuses = ended[launcher]
    if launcher == "slurm":
        assert set(statuses.values()) == {0}
    else:
        assert statuses == ended["plain"] == 0
    assert not list((folder / launcher / "visits").glob("?" * 16))
