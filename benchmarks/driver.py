"""Measures what a driver does for a graph, besides having its visits made.

    python -m benchmarks.driver [stages] [visits at once]

Without arguments: 10,000 stages in chains of up to three, 20 at once. The
driver's own code goes through all of them with an engine that does no work: a
visit is written as a worker would leave it, with predictions of one row. What
that takes is not counted. Absorbing is done as soon as so many are ready, not
every ten seconds: the files of all rows are written anew each time.
"""

import pathlib
import pickle
import sys
import tempfile
import time

from benchmarks import harness

SIZES = (10_000, 20)
# Ten stages of each seed: some are the beginning of others.
ROUTES = (
    "mnli:32",
    "squad:32",
    "udpos:32",
    "mnli:32/squad:32",
    "mnli:32/udpos:32",
    "squad:32/mnli:32",
    "squad:32/udpos:32",
    "udpos:32/mnli:32",
    "mnli:32/squad:32/udpos:32",
    "squad:32/mnli:32/udpos:32",
)


def main():
    num_stages, num_at_once = harness.sizes(SIZES)
    if num_stages % len(ROUTES):
        raise SystemExit(f"stages must be a multiple of {len(ROUTES)}.")
    # A driver has the framework in its memory, too.
    harness.prepare()
    with tempfile.TemporaryDirectory() as name:
        found = measure(pathlib.Path(name), num_stages, num_at_once)
    harness.print_json(
        "driver",
        {"stages": num_stages, "visits_at_once": num_at_once},
        **found,
    )


def measure(place, num_stages, num_at_once):
    """Returns what each part of a driver's work takes."""
    clock = Clock()
    graph = graph_of(num_stages)
    clock.take("graph")
    run = run_of(graph, place)
    engine = Engine(run.folder.path, num_at_once, clock)
    schedule = begun(run, engine)
    clock.take("begin")
    planning_gib = harness.peak_bytes() / harness.GIB
    script(run)
    clock.take("slurm_script")
    if schedule.work():
        raise RuntimeError("A visit has failed.")
    clock.take("work")
    if run.folder.remaining(is_plan=True).cells:
        raise RuntimeError("Something is left that was absorbed.")
    clock.take("remaining_of_a_finished_run")
    working_gib = harness.peak_bytes() / harness.GIB
    report(run.folder)
    clock.take("report")
    return {
        "cpu_seconds": clock.cpu,
        "wall_seconds": clock.wall,
        "absorb_ms_per_visit": of_absorbing(schedule.absorbed),
        "part_kib": round(engine.most_bytes / 2**10, 1),
        "mib": {
            file.name: round(file.stat().st_size / 2**20, 2)
            for file in sorted(run.folder.path.glob("*.json*"))
        },
        "peak_gib": {
            "planning": round(planning_gib, 2),
            "working": round(working_gib, 2),
            "report": round(harness.peak_bytes() / harness.GIB, 2),
        },
    }


def of_absorbing(absorbed):
    """Returns the processor's milliseconds for a visit, early and late.

    Args:
        absorbed: list of (number of visits, seconds).
    """
    tenth = max(1, len(absorbed) // 10)
    parts = {
        "all": absorbed,
        "first_tenth": absorbed[:tenth],
        "last_tenth": absorbed[-tenth:],
    }
    found = {}
    for name, part in parts.items():
        num_visits, seconds = map(sum, zip(*part, strict=True))
        found[name] = round(1000 * seconds / num_visits, 3)
    return found


class Clock:
    """Seconds of the processor, and of the wall, of one thing after another.

    Attributes:
        cpu: dict from what was done to seconds.
        wall: likewise.
    """

    def __init__(self):
        """Starts."""
        self.cpu, self.wall = {}, {}
        self._apart = (0.0, 0.0)
        self._begun = self._now()

    def _now(self):
        return time.process_time(), time.perf_counter()

    def take(self, what):
        """Keeps what was spent since the last time."""
        now = self._now()
        for kept, since, until, apart in zip(
            (self.cpu, self.wall), self._begun, now, self._apart, strict=True
        ):
            kept[what] = round(until - since - apart, 3)
        self._begun, self._apart = self._now(), (0.0, 0.0)

    def apart(self, work):
        """Calls a function whose time does not count."""
        before = self._now()
        work()
        self._apart = tuple(
            apart + until - since
            for apart, since, until in zip(
                self._apart, before, self._now(), strict=True
            )
        )


class Engine:
    """An engine whose visits are made at once, of nothing.

    Attributes:
        most_bytes: int. Of what is handed to a worker.
    """

    def __init__(self, run_dir, num_at_once, clock):
        """Starts nothing yet."""
        self.most_bytes = 0
        self._run_dir = run_dir
        self._num_at_once = num_at_once
        self._clock = clock
        self._running = []

    @property
    def num_free(self):
        """Number of visits that can be started now."""
        return self._num_at_once - len(self._running)

    def start(self, part):
        """Makes a visit of a `Part`."""
        self._running.append(part.fingerprint)
        # Handing it on costs its bytes, too.
        self.most_bytes = max(self.most_bytes, len(pickle.dumps(part)))
        self._clock.apart(lambda: write(self._run_dir, part))

    def wait(self, timeout_seconds):
        """Returns [(fingerprint, Outcome)] of those that were started."""
        from stilts_keras.visits.worker import DONE
        from stilts_keras.visits.worker import Outcome

        ended, self._running = self._running, []
        return [(fingerprint, Outcome(DONE)) for fingerprint in ended]


def graph_of(num_stages):
    from stilts_keras import Graph
    from stilts_keras import describe_backbone

    return Graph(
        routes=ROUTES,
        targets=["tatoeba"],
        languages=["de"],
        seeds=list(range(num_stages // len(ROUTES))),
        data="pocket",
        backbone=describe_backbone("random", tokenizer="pocket"),
    )


def run_of(graph, place):
    """Returns what a launcher is handed, shown nowhere."""
    from rich.console import Console

    from stilts_keras.interruption import Interruption
    from stilts_keras.launchers.schedule import Run
    from stilts_keras.options import Options
    from stilts_keras.records.run_folder import RunFolder
    from stilts_keras.reporting.progress import Progress
    from stilts_keras.visits.screen import Screen

    options = Options(run_dir=place / "run", stage_store=place / "store")
    folder = RunFolder(options.run_dir, graph, stage_store=options.stage_store)
    return Run(
        folder=folder,
        options=options,
        screen=Screen(folder, Progress(console=Console(quiet=True))),
        interruption=Interruption(),
        settings={},
    )


def begun(run, engine):
    """Returns a schedule that also keeps what absorbing takes."""
    from stilts_keras.launchers import schedule

    schedule.ABSORB_EVERY_SECONDS = 0.0

    class Timed(schedule.Schedule):
        """Keeps (number of visits, processor's seconds) of each absorption."""

        def _absorb(self):
            num_visits, before = len(self._done), time.process_time()
            super()._absorb()
            if num_visits:
                spent = time.process_time() - before
                self.absorbed.append((num_visits, spent))

    timed = Timed(run, engine)
    timed.absorbed = []
    return timed


def script(run):
    from stilts_keras.launchers import jobs
    from stilts_keras.visits.planning import plan_visits

    graph, folder = run.folder.graph, run.folder
    visits = plan_visits(graph, folder.remaining(is_plan=True))
    jobs.as_script(jobs.jobs_of(graph, visits, folder.path, []))


def report(folder):
    from stilts_keras.reporting.refresh import refresh

    refresh(folder.path, folder.baseline)


def write(run_dir, part):
    """Writes what a visit leaves: predictions and rows of one cell."""
    from stilts_keras.records import predictions
    from stilts_keras.records import results
    from stilts_keras.records.results import RowFile
    from stilts_keras.records.rows import Score
    from stilts_keras.records.rows import Training
    from stilts_keras.records.visit_folders import visit_folder

    path = visit_folder(run_dir, part.fingerprint)
    trained = Training(
        stage=part.own.fingerprint,
        path=part.own.path,
        parent=part.own.parent and part.own.parent.fingerprint,
        seed=part.own.seed,
        num_steps=1,
        sources=(),
    )
    RowFile(path / results.TRAININGS_FILE, Training).add([trained])
    (cell,) = part.cells
    rows = [
        Score(
            route=cell.route,
            target=cell.target.name,
            seed=cell.seed,
            language=language,
            split=cell.split,
            metric=metric,
            value=50.0,
            n=1,
            zero_shot=True,
            stage=part.own.fingerprint,
            data_fingerprint=cell.facts[language].data_fingerprint,
        )
        for language in cell.languages
        for metric in cell.target.metrics
    ]
    for language in cell.languages:
        file = predictions.file_of(
            path,
            route=cell.route,
            target=cell.target.name,
            seed=cell.seed,
            split=cell.split,
            language=language,
        )
        predictions.write(file, [0], [0])
    RowFile(path / results.RESULTS_FILE, Score).add(rows)
    (path / results.RUN_FILE).touch()


if __name__ == "__main__":
    sys.exit(main())
