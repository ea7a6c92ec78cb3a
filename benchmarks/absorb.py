"""Times what a driver does for each visit, besides having it made.

    python -m benchmarks.absorb [stages] [visits at once]

Without arguments: 10,000 stages, 20 at once. Visits are written as a worker
would leave them, each with one cell. Seconds are those of the processor; what
disks take to keep what was written comes on top.
"""

import pathlib
import resource
import sys
import tempfile
import time

from benchmarks import harness

SIZES = (10_000, 20)


def main():
    num_stages, num_at_once = harness.sizes(SIZES)
    from stilts_keras.launchers import jobs
    from stilts_keras.records.run_folder import RunFolder
    from stilts_keras.records.visit_folders import absorb
    from stilts_keras.records.visit_folders import visit_folder
    from stilts_keras.visits.planning import plan_visits
    from stilts_keras.visits.planning import planned

    clock = _Clock()
    graph = _graph(num_stages)
    clock.take("graph")
    with tempfile.TemporaryDirectory() as name:
        run_dir = pathlib.Path(name) / "run"
        folder = RunFolder(run_dir, graph, stage_store=f"{name}/store")
        visits = plan_visits(graph, folder.remaining(is_plan=True))
        clock.take("remaining")
        found = planned(graph, visits)
        clock.take("visits")
        jobs.as_script(jobs.jobs_of(graph, visits, run_dir, []))
        clock.take("script")
        for one in found.values():
            _write(run_dir, one.part)
        clock.take(None)
        paths = [visit_folder(run_dir, fingerprint) for fingerprint in found]
        for at in range(0, num_stages, num_at_once):
            absorb(folder, paths[at : at + num_at_once])
        clock.take("absorb")
        folder.files.arrange()
        clock.take("arrange")
        if folder.remaining(is_plan=True).cells:
            raise RuntimeError("Something is left that was absorbed.")
        clock.take("remaining of a finished run")
    harness.print_json(
        "absorb",
        {"stages": num_stages, "visits_at_once": num_at_once},
        seconds=clock.seconds,
        absorb_ms_per_visit=round(
            1000 * clock.seconds["absorb"] / num_stages, 3
        ),
        peak_gib=round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2
        ),
    )


class _Clock:
    """Seconds of this process's processor, of one thing after another."""

    def __init__(self):
        self.seconds = {}
        self._begun = time.process_time()

    def take(self, what):
        now = time.process_time()
        if what is not None:
            self.seconds[what] = round(now - self._begun, 3)
        self._begun = now


def _graph(num_stages):
    from stilts_keras import Graph
    from stilts_keras import describe_backbone

    return Graph(
        routes=["mnli:32"],
        targets=["tatoeba"],
        languages=["de"],
        seeds=list(range(num_stages)),
        data="pocket",
        backbone=describe_backbone("random", tokenizer="pocket"),
    )


def _write(run_dir, part):
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
        parent=None,
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


if __name__ == "__main__":
    sys.exit(main())
