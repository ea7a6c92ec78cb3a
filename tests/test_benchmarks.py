"""The table of benchmarks says what their lines say."""

import contextlib
import json

import pytest

from benchmarks import harness
from benchmarks.table import table
from pages import PAGES

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


def test_the_documented_table_is_that_of_the_lines_that_are_kept():
    file = harness.ROOT / "benchmarks" / "lines.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert table(lines) in PAGES["docs/speed.md"]


@pytest.fixture
def sleeper(tmp_path, monkeypatch):
    """A module whose child sleeps and holds as much as it is told."""
    (tmp_path / "sleeper.py").write_text(
        "import sys, time\n"
        "from benchmarks import harness\n"
        "seconds, mib = float(sys.argv[1]), int(sys.argv[2])\n"
        "with harness.channel() as answer:\n"
        "    print('noise of a framework')\n"
        "    if mib < 0:\n"
        "        sys.exit(7)\n"
        "    held = bytearray(b'x') * (mib << 20)\n"
        "    answer(lambda: time.sleep(seconds), {'mib': mib})\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{harness.ROOT}:{tmp_path}")
    return lambda *arguments: harness.Contestant(
        "sleeper", [str(a) for a in arguments]
    )


def test_contestants_take_turns_and_memory_is_each_ones_own(sleeper, capsys):
    contestants = {"slow": sleeper(0.2, 200), "fast": sleeper(0.05, 0)}
    with harness.started(contestants) as children:
        assert children["slow"].facts == {"mib": 200}
        answers = harness.rounds(children, num_rounds=3)
    harness.print_line("sleep", {"rows": 8}, answers, base="slow")
    line = json.loads(capsys.readouterr().out)
    assert line["benchmark"] == "sleep" and line["sizes"] == {"rows": 8}
    assert line["times_as_fast"]["fast"]["num_pairs"] == 3
    assert 2 < line["times_as_fast"]["fast"]["median"] < 5
    assert line["peak_gib"]["slow"] - line["peak_gib"]["fast"] > 0.15
    assert line["machine"]["cores"] >= 1 and line["versions"]["numpy"]


def test_ratios_are_taken_pair_by_pair():
    assert harness.spread([2.0, 40.0, 6.0], [1.0, 10.0, 2.0]) == {
        "median": 3.0,
        "min": 2.0,
        "max": 4.0,
        "num_pairs": 3,
    }


def test_a_contestant_that_ends_is_named(sleeper):
    contestants = {"broken": sleeper(0, -1)}
    with pytest.raises(RuntimeError, match="'broken' ended with status 7"):
        with contextlib.ExitStack() as stack:
            stack.enter_context(harness.started(contestants))
