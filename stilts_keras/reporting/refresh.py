"""A run's report and dashboards, made when its results have changed."""

from stilts_keras import files
from stilts_keras.records import results
from stilts_keras.records.result_files import TENSORBOARD
from stilts_keras.reporting import overview
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather
from stilts_keras.scoring import submission_files
from stilts_keras.scoring import suites

# With more than 40 runs TensorBoard ticks none, unless few match a filter.
FIRST_LOOK = "http://localhost:6006/#images&regexInput=%5Ereport"


def refresh(run_dir, baseline):
    """Writes report and dashboards, unless they are of the present results.

    Args:
        run_dir: path.
        baseline: str. The route to compare with.

    Returns:
        Dict with `sentences`, `frames` and `problems`.
    """
    folder = run_dir / report.FOLDER
    digest = _digest(run_dir, baseline)
    found = report.kept(folder, digest)
    logs = run_dir / TENSORBOARD
    # What was missing may be there again, and what was there not.
    is_whole = overview.is_there(logs) and report.is_there(folder)
    if found is None or found["problems"] or not is_whole:
        made = report.build(gather([run_dir], baseline=baseline))
        report.write(made, folder)
        overview.show(made, logs)
        # Last: what came before is whole.
        report.keep(made, folder, digest)
        found = report.kept(folder, digest)
    return found


def _digest(run_dir, baseline):
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
    return files.digest_of("|".join([*facts, baseline]))


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
            )
    return lines
