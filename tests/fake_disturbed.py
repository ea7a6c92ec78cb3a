"""Disturbed results of fake runs, whose truth is known."""

import numpy as np

import fake_runs
from stilts_keras.records import predictions
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Score


def clean_rows(run_dir, target="xnli"):
    """Lists the scores of rows as they are."""
    rows = RowFile(run_dir / "results.jsonl", Score).rows()
    return [row for row in rows if row.target == target and not row.disturbance]


def answers_of(run_dir, row):
    """Reads gold and predictions of a clean score."""
    file = predictions.file_of(
        run_dir,
        route=row.route,
        target=row.target,
        seed=row.seed,
        split=row.split,
        language=row.language,
    )
    return predictions.read(file)[:2]


def other_label(label):
    """Another label than this."""
    at = fake_runs.LABELS.index(label)
    return fake_runs.LABELS[(at + 1) % len(fake_runs.LABELS)]


def write_disturbed(
    run_dir, kept, *, disturbance="typos", target="xnli", rows=None
):
    """Writes scores of disturbed rows.

    Args:
        run_dir: path. Of a run with clean scores.
        kept: dict from route to a dict from severity to the share of right
            answers that stay right; of severity 0 all do.
        disturbance: str.
        target: str.
        rows: int or None. How many rows are its own; None: it has none, and
            changes all rows.
    """
    for row in clean_rows(run_dir, target):
        gold, guesses = answers_of(run_dir, row)
        gold, guesses = gold[:rows], guesses[:rows]
        for severity, share in kept.get(row.route, {}).items():
            random = np.random.default_rng(
                [severity, row.seed, *f"{row.route} {row.language}".encode()]
            )
            lost = random.random(len(gold)) >= share
            changed = [
                other_label(truth) if is_lost and guess == truth else guess
                for truth, guess, is_lost in zip(
                    gold, guesses, lost, strict=True
                )
            ]
            fake_runs.write_scores(
                run_dir,
                row.route,
                target,
                {row.language: changed if severity else guesses},
                gold={row.language: gold},
                seed=row.seed,
                zero_shot=row.zero_shot,
                disturbance=disturbance,
                severity=severity,
            )
