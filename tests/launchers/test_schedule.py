"""Which visit is made when, and what becomes of those that fail."""

import pytest
from made_visits import Screen
from made_visits import write_visit

from fakes import graph
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.interruption import Interruption
from stilts_keras.launchers import schedule
from stilts_keras.launchers.schedule import Run
from stilts_keras.launchers.schedule import Schedule
from stilts_keras.launchers.schedule import absorb_earlier
from stilts_keras.options import Options
from stilts_keras.records.lock import locked
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.status import Status
from stilts_keras.records.visit_folders import visit_folder
from stilts_keras.visits.planning import plan_visits
from stilts_keras.visits.walk import Begun
from stilts_keras.visits.worker import DONE
from stilts_keras.visits.worker import FAILED
from stilts_keras.visits.worker import STOPPED
from stilts_keras.visits.worker import Outcome

ROUTES = ["pretrained", "mnli", "mnli/squad", "squad"]


class Engine:
    """Makes visits at once, of what rows are; the last started ends first.

    `ends` maps a visit's name to the Outcomes of its first attempts.
    """

    def __init__(self, run_dir, num_free=2, ends=None, on_start=None):
        self.run_dir = run_dir
        self.most = num_free
        self.ends = {name: list(found) for name, found in (ends or {}).items()}
        self.on_start = on_start or (lambda part: None)
        self.running = []
        self.started = []
        self.stopped = False

    @property
    def num_free(self):
        return self.most - len(self.running)

    def start(self, part):
        self.started.append(part.name)
        self.running.append(part)
        self.on_start(part)

    def wait(self, timeout_seconds):
        part = self.running.pop()
        ends = self.ends.get(part.name)
        outcome = ends.pop(0) if ends else Outcome(DONE)
        if outcome.kind == DONE:
            write_visit(self.run_dir, part)
        return [(part.fingerprint, outcome)]

    def stop(self):
        self.stopped = True
        return [f"{part.name} is saved." for part in self.running]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of which nothing is done, its data not to be packed."""
    built = graph(routes=ROUTES, targets=["xnli"], languages=["en", "de"])
    folder = RunFolder(tmp_path / "run", built, stage_store=tmp_path / "store")
    left = folder.remaining(is_plan=True)
    begun = Begun(plan_visits(built, left), left, None)
    monkeypatch.setattr(schedule, "begin", lambda *arguments, is_here: begun)
    monkeypatch.setattr(schedule, "POLL_SECONDS", 0.0)
    return Run(
        folder=folder,
        options=Options(
            run_dir=folder.path, stage_store=tmp_path / "store", num_workers=2
        ),
        screen=Screen(),
        interruption=Interruption(),
        settings={},
    )


def name(*stages):
    return f"{'/'.join(stages)} seed 1"


def test_all_visits_are_made_each_after_those_that_it_needs(run):
    engine = Engine(run.folder.path)
    assert Schedule(run, engine).work() == []
    assert len(engine.started) == len(set(engine.started)) == 6
    order = engine.started.index
    assert order(name("mnli")) < order(name("mnli", "squad"))
    assert order(name("mnli", "squad")) < order(name("mnli", "squad", "mnli"))
    assert not run.folder.remaining(is_plan=True).cells
    # The screen was told while visits were made: some was left.
    assert run.screen.left.cells
    assert not list((run.folder.path / "visits").iterdir())


def test_rows_lie_in_the_order_of_one_process(run):
    Schedule(run, Engine(run.folder.path, num_free=9)).work()
    rows = RunFolder(run.folder.path, run.folder.graph).files.scores()
    found = [(row.route, row.language) for row in rows]
    stages = [None, *run.folder.graph.stages]
    cells = [c for stage in stages for c in run.folder.graph.cells_of(stage)]
    assert found == [
        (cell.route, language) for cell in cells for language in cell.languages
    ]


def test_what_fails_takes_those_with_it_that_need_it_and_no_other(run):
    broken = name("mnli", "squad")
    ends = {broken: [Outcome(FAILED, "the loss is nan")]}
    engine = Engine(run.folder.path, ends=ends)
    (line,) = Schedule(run, engine).work()
    assert line == (
        f"{broken} failed: the loss is nan. Not made, for they need it: "
        f"{name('mnli', 'squad', 'mnli')}."
    )
    assert name("mnli", "squad", "mnli") not in engine.started
    assert len(engine.started) == 5
    (missing,) = run.folder.remaining(is_plan=True).cells
    assert missing.startswith("mnli/squad|")


def test_a_visit_that_gets_no_further_is_given_up(run):
    ends = {name("squad"): [Outcome(STOPPED, "its process died")] * 9}
    engine = Engine(run.folder.path, ends=ends)
    (line,) = Schedule(run, engine).work()
    assert engine.started.count(name("squad")) == 1 + schedule.MOST_RETRIES
    assert "its process died; 4 times in a row without getting further" in line


def test_only_retries_without_progress_count(run):
    ends = {name("squad"): [Outcome(STOPPED, "its process died")] * 9}
    steps = iter(range(1, 99))

    def save(part):
        """Each attempt saves a step before it dies."""
        if part.name == name("squad"):
            stages = visit_folder(run.folder.path, part.fingerprint) / "stages"
            state = f"squad/.{part.own.fingerprint}.progress"
            (stages / state / f"{next(steps):012d}-0").mkdir(parents=True)

    engine = Engine(run.folder.path, ends=ends, on_start=save)
    assert Schedule(run, engine).work() == []
    assert engine.started.count(name("squad")) == 10


def test_an_interrupted_driver_says_what_is_saved(run):
    engine = Engine(run.folder.path)

    def interrupt(timeout_seconds):
        raise Interrupted(15)

    engine.wait = interrupt
    with pytest.raises(Interrupted) as caught:
        Schedule(run, engine).work()
    assert engine.stopped
    assert f"{name('mnli')} is saved." in caught.value.__notes__


def test_steps_and_notes_of_all_workers_are_shown_each_note_once(run):
    def tell(part):
        status = Status(visit_folder(run.folder.path, part.fingerprint))
        status.note("mnli (en): 1 long sequence was cut.")
        if part.own:
            status.start(part.name, 50, 7)

    Schedule(run, Engine(run.folder.path, on_start=tell)).work()
    assert run.screen.notes == ["mnli (en): 1 long sequence was cut."]
    assert (name("squad"), 50, 7) in run.screen.begun


# ------------------------------------------------- What earlier drivers left
def test_what_an_earlier_driver_left_is_taken_over(run):
    for one in Schedule(run, None)._planned.values():
        write_visit(run.folder.path, one.part)
    absorb_earlier(run)
    assert not run.folder.remaining(is_plan=True).cells


def test_a_visit_at_work_is_waited_for_and_then_refused(run):
    for one in Schedule(run, None)._planned.values():
        write_visit(run.folder.path, one.part)
    path = visit_folder(run.folder.path, one.part.fingerprint)
    with locked(path):
        with pytest.raises(InputError, match="is being made by process"):
            absorb_earlier(run, patience_seconds=0.05)
        (note,) = run.screen.notes
        assert note.startswith(f"Waiting for visit {path.name}, made by proc")
        # The others were taken meanwhile.
        assert [*(run.folder.path / "visits").iterdir()] == [path]
    absorb_earlier(run)
    assert not path.exists()
