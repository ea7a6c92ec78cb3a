"""A run's predictions in the layout that benchmarks are submitted in."""

from stilts_keras import files
from stilts_keras.scoring import submission
from stilts_keras.scoring import xtreme_files
from stilts_keras.tasks import SUITES

FOLDER = "submission"


def keep_submission(run_dir, scored):
    """Writes one language's predictions and labels, if a suite has a layout.

    Args:
        run_dir: path.
        scored: as `ResultFiles.keep_scores` takes it.
    """
    cell, language, ids = scored.cell, scored.language, scored.ids
    task = cell.target
    if task.name not in SUITES["xtreme"]:
        return
    folder = run_dir / FOLDER
    mine = folder / "xtreme" / cell.route / f"seed-{cell.seed}"
    submission.write_predictions(
        mine / task.name, task.problem, language, scored.predictions, ids
    )
    submission.write_labels(
        folder / "labels" / task.name, task.problem, language, scored.gold, ids
    )
    if cell.split != "test":
        splits = xtreme_files.read_splits(folder / "labels")
        files.write_json(
            folder / "labels" / xtreme_files.SPLITS_FILE,
            {**splits, task.name: cell.split},
        )
