"""A loss that is no number, in a task of a user's own, by each launcher.

The task's rows are read by a function of its file, which workers load.
"""

import pytest
from launchers_run import LAUNCHERS

from command import stilts
from command import tiny_backbone
from own_rows import write_reviews
from pages import block_after
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score

pytestmark = pytest.mark.slow
# A rate at which the second step's loss is no number.
BROKEN = """

import dataclasses

BROKEN = dataclasses.replace(
    REVIEWS,
    name="broken",
    recipe=Recipe(epochs=2, max_length=24, learning_rate=1e30, batch_size=8),
)
"""


@pytest.mark.parametrize("launcher", ["workers", "ray"])
def test_a_stage_whose_loss_is_nan_fails_what_needs_it_and_nothing_else(
    launcher, tmp_path
):
    write_reviews(tmp_path / "rows")
    file = tmp_path / "reviews.py"
    file.write_text(block_after("<!-- example: own task -->") + BROKEN)
    done = stilts(
        "run",
        *("--route=pretrained", "--route=broken/reviews", "--route=reviews"),
        *("--targets=reviews", "--languages=en,de", f"--task_file={file}"),
        *(f"--data={tmp_path / 'rows'}", f"--run_dir={tmp_path / 'run'}"),
        *(f"--stage_store={tmp_path / 'store'}", "--keras_backend=torch"),
        *("--eval_every_steps=0", *tiny_backbone(), *LAUNCHERS[launcher]),
        check=False,
    )
    assert done.returncode == 1, done.stderr[-2000:]
    (line,) = (
        line
        for line in done.stderr.splitlines()
        if line.startswith("stilts: error: ")
    )
    assert "broken seed 1 failed: " in line and "Traceback" not in line
    need = "broken/reviews seed 1, broken/reviews/reviews seed 1"
    assert f"Not made, for they need it: {need}." in line
    rows = read_rows(tmp_path / "run" / "results.jsonl", Score)
    found = {(row.route, row.language) for row in rows}
    assert found == {
        (route, language)
        for route in ("pretrained", "reviews")
        for language in ("en", "de")
    }
    assert (tmp_path / "run" / "report" / "report.md").is_file()
