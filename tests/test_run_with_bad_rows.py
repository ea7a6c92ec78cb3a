"""A run on rows that real data contains: said once, kept, reported."""

import pytest

from command import tiny_backbone
from rows import GOOD
from rows import file_of
from rows import write_jsonl
from stilts_keras import files
from stilts_keras.main import main
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score
from stilts_keras.tasks import TASKS

FLAGS = [
    "--route=pretrained",
    "--targets=xnli",
    "--languages=de",
    *tiny_backbone(hidden_dim=8, intermediate_dim=16),
    "--max_length=32",
    "--batch_size=64",
    "--epochs=1",
    "--eval_every_steps=0",
]
LEFT_OUT = "mnli (en, train): 1 of 100 rows left out: empty hypothesis, row 41"
EMPTY = (
    "xnli (de, test): 1 of 20 rows are evaluated with an empty text, as in "
    "the reference: empty premise, row 3"
)


def write(folder, name, language, split, num, changes):
    rows = [GOOD[name] | changes.get(number, {}) for number in range(num)]
    write_jsonl(folder, file_of(TASKS[name], language, split), rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write(folder, "mnli", "en", "train", 100, {41: {"hypothesis": ""}})
    write(folder, "xnli", "de", "test", 20, {3: {"premise": ""}})
    return folder


def run(folder, run_dir, *extra):
    return main(
        ["stilts", "run", *FLAGS, f"--data={folder}", f"--run_dir={run_dir}"]
        + list(extra)
    )


def test_a_run_says_keeps_and_reports_what_it_leaves_out(
    folder, tmp_path, capsys
):
    run_dir = tmp_path / "run"
    assert run(folder, run_dir) == 0
    shown = capsys.readouterr().out
    assert shown.count(f"{LEFT_OUT}.\n") == shown.count(f"{EMPTY}.\n") == 1
    (manifest,) = run_dir.rglob(files.MANIFEST)
    assert files.read_sealed(manifest)["left_out"] == [LEFT_OUT]
    (row,) = read_rows(run_dir / "results.jsonl", Score)
    assert (row.n, row.notes) == (20, (EMPTY,))
    # From the files alone, which is how several runs are reported.
    output = tmp_path / "report"
    flags = [f"--run_dir={run_dir}", f"--output={output}"]
    assert main(["stilts", "report", *flags]) == 0
    report = (output / "report.md").read_text("utf-8")
    assert report.count(f"- Rows: {LEFT_OUT}\n") == 1
    assert report.count(f"- Rows: {EMPTY}\n") == 1


def test_a_run_that_must_leave_nothing_out_refuses_before_any_work(
    folder, tmp_path, capsys
):
    run_dir = tmp_path / "run"
    assert run(folder, run_dir, "--bad_rows=error") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "row 41" in error
    assert not (run_dir / "stages").exists()
