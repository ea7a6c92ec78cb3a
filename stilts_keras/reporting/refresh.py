"""A run's report and dashboards, made when its results have changed."""

import time

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.records import results
from stilts_keras.records.result_files import TENSORBOARD
from stilts_keras.reporting import overview
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather
from stilts_keras.scoring import submission_files
from stilts_keras.scoring import suites

# With more than 40 runs TensorBoard ticks none, unless few match a filter.
FIRST_LOOK = "http://localhost:6006/#images&regexInput=%5Ereport"


# Of the time between two refreshes of a run at work.
MAX_SHARE = 0.01
EVERY_SECONDS = 600.0
# What the first one is taken to cost.
FIRST_SECONDS = 6.0


class Refresher:
    """Refreshes the report of a run at work, as often as costs next to nothing.

    That is at most every ten minutes, or once a seed is complete, and never
    before a hundred times the seconds have passed that the last refresh took.
    """

    def __init__(self, run_dir, baseline, note, clock=time.monotonic):
        """Refreshes nothing yet.

        Args:
            run_dir: path.
            baseline: str. The route to compare with.
            note: function of a str, which the user is to read.
            clock: function that returns seconds; for tests.
        """
        self._run_dir, self._baseline = run_dir, baseline
        self._note, self._clock = note, clock
        self._took, self._ended_at = FIRST_SECONDS, clock()
        # What was left, cells and seeds, when it was last refreshed.
        self._known = None

    def refresh_if_due(self, left):
        """Refreshes; call between visits, and never within the step loop.

        Args:
            left: `Remaining`. Once no cell is left the run itself reports.
        """
        pause = self._clock() - self._ended_at
        if self._known is not None and pause * MAX_SHARE < self._took:
            return
        cells = set(left.cells)
        seeds = {key.split("|")[2] for key in cells}
        if self._known is None:
            self._known = cells, seeds
        is_new = cells and cells != self._known[0]
        if is_new and (pause >= EVERY_SECONDS or seeds < self._known[1]):
            self._refresh()
            self._known = cells, seeds

    def _refresh(self):
        began = self._clock()
        try:
            made = refresh(self._run_dir, self._baseline, is_at_work=True)
        except InputError:
            # No result of the baseline is complete yet.
            made = None
        self._ended_at = self._clock()
        self._took = self._ended_at - began
        if made:
            so_far = made["sentences"][0]
            self._note(
                f"Report and dashboards refreshed in {self._took:.0f} s. "
                f"{so_far}"
            )


def refresh(run_dir, baseline, *, is_at_work=False):
    """Writes report and dashboards, unless they are of the present results.

    What was there is replaced, so that no refresh makes the folder grow.

    Args:
        run_dir: path.
        baseline: str. The route to compare with.
        is_at_work: bool. Whether results are still to come.

    Returns:
        Dict with `sentences`, `frames` and `problems`.
    """
    folder = run_dir / report.FOLDER
    digest = _digest(run_dir, f"{baseline}|{is_at_work}")
    found = report.kept(folder, digest)
    logs = run_dir / TENSORBOARD
    # What was missing may be there again, and what was there not.
    is_whole = overview.is_there(logs) and report.is_there(folder)
    if found is None or found["problems"] or not is_whole:
        made = report.build(
            gather([run_dir], baseline=baseline, is_at_work=is_at_work)
        )
        report.write(made, folder)
        overview.show(made, logs)
        # Last: what came before is whole.
        report.keep(made, folder, digest)
        found = report.kept(folder, digest)
    return found


def _digest(run_dir, asked):
    there = [
        run_dir / name
        for name in (
            results.RUN_FILE,
            results.RESULTS_FILE,
            results.LAYERS_FILE,
            results.UNSCORED_FILE,
            results.FORGETTING_FILE,
            results.TRAININGS_FILE,
        )
    ]
    facts = [files.sha256_of(file) for file in there if file.exists()]
    return files.digest_of("|".join([*facts, asked]))


def places(run_dir):
    """Returns lines that tell where results are, and what may follow."""
    lines = [
        f"Report: {run_dir / report.FOLDER / report.REPORT_FILE}",
        f"TensorBoard: tensorboard --logdir={run_dir / TENSORBOARD}, "
        f"then {FIRST_LOOK}",
    ]
    for suite in suites.with_files():
        predictions, labels = submission_files.submissions_of(run_dir, suite)
        if predictions.is_dir():
            which = ""
            if suite.name != suites.BENCHMARK:
                which = f"--benchmark={suite.name} "
            lines.append(
                f"{suite.title}'s files: stilts score {which}"
                f"--predictions={predictions} --labels={labels}"
                f"{'' if _is_whole(suite, labels) else ' --allow_missing'}"
            )
    return lines


def _is_whole(suite, labels):
    """Whether all languages of each task that was evaluated are there."""
    expected = [
        [
            suite.layout.file_of(labels, name, language)
            for language in suite.languages_of(name)
        ]
        for name in suite.layout.formats
    ]
    return all(
        file.is_file()
        for of_task in expected
        if of_task[0].parent.is_dir()
        for file in of_task
    )
