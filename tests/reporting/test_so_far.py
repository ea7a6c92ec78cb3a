"""While a run is at work: what is complete is shown, and nothing else."""

import pytest

import fake_runs
from stilts_keras.records.remaining import Remaining
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Training
from stilts_keras.reporting import refresh as refreshing
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather

SHARES = {"pretrained": 0.5, "siqa": 0.7}


def drop(run_dir, is_dropped):
    """Deletes rows of results, as if they were still to come."""
    file = run_dir / "results.jsonl"
    rows = [r for r in RowFile(file, Score).rows() if not is_dropped(r)]
    file.unlink()
    RowFile(file, Score).add(rows)


@pytest.fixture
def run_dir(tmp_path):
    """Two routes and seeds; of the last cell one language is not there yet."""
    run_dir = tmp_path / "run"
    fake_runs.write_run(run_dir, SHARES, seeds=(1, 2), n=30)
    fake_runs.describe(run_dir)
    drop(
        run_dir,
        lambda row: (row.route, row.seed, row.language) == ("siqa", 2, "zh"),
    )
    RowFile(run_dir / "trainings.jsonl", Training).add(
        fake_runs.training(f"{route} xnli {seed}", route, seed=seed)
        for route, seed in (("pretrained", 1), ("pretrained", 2), ("siqa", 1))
    )
    return run_dir


def test_routes_are_compared_over_the_same_seeds_and_languages(run_dir):
    found = gather([run_dir], is_at_work=True)
    made = report.build(found)
    cells = {
        row["label"]: row["cells"]["xnli"]
        for row in made.frames["summary"]["rows"]
    }
    assert cells["pretrained"]["count"] == 2
    # Seed 2 of the route is no part of it: it lacks a language.
    assert cells["siqa"]["count"] == cells["siqa"]["difference_count"] == 1
    assert len([row for row in found.rows if row.route == "siqa"]) == 7
    one_seed = [row for row in found.rows if row.seed == 1 and row.zero_shot]
    means = {
        route: sum(row.value for row in one_seed if row.route == route) / 6
        for route in SHARES
    }
    assert cells["siqa"]["difference"] == pytest.approx(
        means["siqa"] - means["pretrained"]
    )


def test_what_is_still_to_come_is_said_first_and_is_no_problem(run_dir):
    found = gather([run_dir], is_at_work=True)
    assert not found.problems
    text = report.build(found).sentences[0]
    assert text.startswith(
        "So far: 1 of 4 stages are still to come, and 1 of 4 results (route, "
        "target, seed)."
    )
    # Once nobody is at work, it is missing.
    (problem,) = gather([run_dir]).problems
    assert "after siqa, seed 2, in zh" in problem


def test_disturbed_rows_wait_for_the_clean_ones(run_dir):
    gold = {"de": [*fake_runs.LABELS] * 10}
    for seed in (1, 2):
        fake_runs.write_scores(
            run_dir,
            "siqa",
            "xnli",
            gold,
            gold=gold,
            seed=seed,
            disturbance="typos",
            severity=1,
        )
    fake_runs.describe(run_dir)
    drop(run_dir, lambda row: row.seed == 2 and row.language == "zh")
    found = gather([run_dir], is_at_work=True)
    assert {row.seed for row in found.disturbed} == {1}


def left_of(*cells):
    return Remaining(frozenset(), dict.fromkeys(cells, ("de",)), frozenset())


class Clocked:
    """A refresher on a clock of its own, whose reports take their time."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.at, self.notes = 0.0, [], []
        monkeypatch.setattr(refreshing, "refresh", self.refresh)
        self.seconds = seconds
        self.refresher = refreshing.Refresher(
            "run", "pretrained", self.notes.append, clock=lambda: self.now
        )

    def refresh(self, run_dir, baseline, is_at_work):
        assert (run_dir, baseline, is_at_work) == ("run", "pretrained", True)
        self.at.append(self.now)
        self.now += self.seconds
        return {"sentences": ["So far: much."]}

    def at_time(self, now, *cells):
        self.now = float(now)
        self.refresher.refresh_if_due(left_of(*cells))


SEEDS = ["a|x|1", "b|x|1", "a|x|2", "b|x|2", "a|x|3", "b|x|3"]


def test_it_is_refreshed_at_most_every_ten_minutes(monkeypatch):
    clocked = Clocked(monkeypatch, 2.0)
    clocked.at_time(0, *SEEDS)
    for now in range(10, 1900, 10):
        clocked.at_time(now, *SEEDS[:5], f"c|x|{now}")
    # Ten minutes after the last one has ended, which took 2 seconds.
    assert clocked.at == [600, 1210, 1820]
    assert clocked.notes[0] == (
        "Report and dashboards refreshed in 2 s. So far: much."
    )


def test_a_complete_seed_is_shown_sooner(monkeypatch):
    clocked = Clocked(monkeypatch, 2.0)
    clocked.at_time(0, *SEEDS)
    clocked.at_time(600, *SEEDS[1:])
    # Seed 1 is complete; 100 times 2 seconds after 602 have passed.
    clocked.at_time(801, *SEEDS[2:])
    clocked.at_time(802, *SEEDS[2:])
    clocked.at_time(1010, *SEEDS[3:])
    assert clocked.at == [600, 802]


def test_a_slow_refresh_never_takes_more_than_a_hundredth(monkeypatch):
    clocked = Clocked(monkeypatch, 30.0)
    clocked.at_time(0, *SEEDS)
    for now in range(5, 20000, 5):
        # Each moment has results, and a seed that is complete.
        clocked.at_time(max(now, clocked.now), f"c|x|{100000 - now}")
    assert clocked.at[:3] == [600, 3630, 6660]


def test_nothing_new_and_the_end_are_not_refreshed(monkeypatch):
    clocked = Clocked(monkeypatch, 2.0)
    clocked.at_time(0, *SEEDS)
    clocked.at_time(5000, *SEEDS)
    # The run itself reports.
    clocked.at_time(9000)
    assert clocked.at == []


def sizes(folder):
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def test_report_and_dashboards_are_replaced_and_do_not_grow(run_dir):
    found = refreshing.refresh(run_dir, "pretrained", is_at_work=True)
    assert found["sentences"][0].startswith("So far: 1 of 4 stages")
    text = (run_dir / "report" / "report.md").read_text("utf-8")
    assert text.split("\n\n")[1] == found["sentences"][0]
    logs = run_dir / "tensorboard"
    names = {file.parent.name for file in logs.rglob("*tfevents*")}
    assert "report" in names and len(list(logs.rglob("*.session"))) > 1
    before = sizes(logs)
    # A result more: the last cell is complete.
    fake_runs.write_run(run_dir, {"siqa": 0.7}, seeds=(2,), n=30)
    found = refreshing.refresh(run_dir, "pretrained", is_at_work=True)
    assert "0 of 4 results" in found["sentences"][0]
    assert sizes(logs) < 1.2 * before
    # The same results once the run has ended: nothing is to come.
    found = refreshing.refresh(run_dir, "pretrained")
    assert not any("So far" in text for text in found["sentences"])


def test_before_the_baseline_has_a_result_there_is_nothing_to_show(tmp_path):
    run_dir = tmp_path / "run"
    fake_runs.write_run(run_dir, SHARES, n=30)
    fake_runs.describe(run_dir)
    drop(run_dir, lambda row: row.route == "pretrained")
    notes, now = [], [0.0]
    refresher = refreshing.Refresher(
        run_dir, "pretrained", notes.append, clock=lambda: now[0]
    )
    refresher.refresh_if_due(left_of(*SEEDS))
    now[0] = 1000.0
    refresher.refresh_if_due(left_of(*SEEDS[1:]))
    assert not notes and not (run_dir / "report").exists()
