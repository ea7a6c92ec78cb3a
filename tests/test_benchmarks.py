"""The table of benchmarks says what their lines say."""

import json
import pathlib

import pytest

from benchmarks import harness
from benchmarks.table import table

LINE = {
    "benchmark": "train_step",
    "sizes": {"layers": 12, "vocabulary": 250002},
    "machine": {
        "processor": "P",
        "cores": 2,
        "memory_gib": 23.5,
        "threads": {"OMP_NUM_THREADS": "1"},
    },
    "versions": {"python": "3.11.7", "keras": "3.15.1"},
}


def test_a_contestant_is_a_row_with_median_and_range():
    answers = {
        "theirs": [
            {"seconds": seconds, "peak_bytes": 2**31}
            for seconds in (2.0, 4.0, 3.0)
        ],
        "ours": [{"seconds": 1.0, "peak_bytes": 2**30}] * 3,
    }
    line = LINE | harness.summary(answers, base="theirs")
    (row,) = [r for r in table([line]).splitlines() if "ours" in r]
    assert "| ours : theirs | 3.00 (2.00–4.00) | 0.50 |" in row
    assert "vocabulary 250,002" in row


def test_the_machine_is_named_once():
    text = table([LINE, LINE])
    assert text.count("P, 2 cores, 23.5 GiB, OMP_NUM_THREADS=1") == 1
    assert "keras 3.15.1" in text


def test_readmes_table_is_that_of_the_lines_that_are_kept():
    root = pathlib.Path(harness.ROOT)
    file = root / "benchmarks" / "lines.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert table(lines) in (root / "README.md").read_text("utf-8")


def test_a_contestant_works_at_each_turn_and_tells_its_memory():
    answers = harness.rounds({"a": lambda: None, "b": dict}, num_rounds=2)
    assert [len(taken) for taken in answers.values()] == [2, 2]
    assert all(
        taken["seconds"] >= 0 and taken["peak_bytes"] > 2**20
        for both in answers.values()
        for taken in both
    )


def test_a_child_that_fails_is_said():
    contestants = {"none": harness.Contestant("benchmarks.nothing", [])}
    with pytest.raises(RuntimeError, match="'none' ended"):
        with harness.started(contestants):
            pass
