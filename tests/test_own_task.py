"""A user's own task, from a file outside the package: trained, evaluated,
predicted; hidden labels; languages that no benchmark lists."""

import json
import re
import shutil

import pytest

from command import stilts
from command import tiny_backbone
from own_rows import NUM_ROWS
from own_rows import write_reviews
from pages import block_after
from stilts_keras.errors import InputError
from stilts_keras.graph.own_tasks import load_task_file
from stilts_keras.main import main
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score

TINY = [
    *tiny_backbone(),
    "--max_length=24",
    "--batch_size=8",
    "--epochs=1",
    "--eval_every_steps=0",
    "--keras_backend=torch",
]


@pytest.fixture(scope="module")
def task_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("task") / "reviews.py"
    file.write_text(block_after("<!-- example: own task -->"), "utf-8")
    return file


@pytest.fixture(scope="module")
def finished(tmp_path_factory, task_file):
    folder = tmp_path_factory.mktemp("own")
    write_reviews(folder / "rows", hidden=["hi"])
    # Basque is in no benchmark that this task would be of.
    shutil.copytree(
        folder / "rows/me/reviews/de", folder / "rows/me/reviews/eu"
    )
    arguments = [
        "run",
        "--route=pretrained",
        "--route=reviews@de:16",
        "--targets=reviews",
        "--languages=en,de,hi,eu",
        f"--task_file={task_file}",
        f"--data={folder / 'rows'}",
        f"--run_dir={folder / 'run'}",
        *TINY,
    ]
    first = stilts(*arguments)
    return folder, first.stdout, stilts(*arguments).stdout


def test_a_folder_of_own_rows_serves_beside_the_suites_data(
    finished, task_file, capsys
):
    folder, *_ = finished
    words = [
        "stilts",
        "plan",
        "--route=pretrained",
        "--targets=xtreme_r,reviews",
        f"--task_file={task_file}",
        f"--data=pocket,{folder / 'rows'}",
        *TINY,
    ]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "-> reviews in 3 languages" in shown
    assert "-> lareqa in" in shown


def test_the_documented_task_is_a_source_and_a_target(finished):
    folder, out, _ = finished
    rows = read_rows(folder / "run/results.jsonl", Score)
    assert {row.route for row in rows} == {"pretrained", "reviews@de:16"}
    assert {row.target for row in rows} == {"reviews"}
    assert {row.n for row in rows} == {NUM_ROWS["test"]}
    zero_shot = {(row.route, row.language): row.zero_shot for row in rows}
    assert zero_shot["pretrained", "de"]
    assert not zero_shot["reviews@de:16", "de"]
    assert not zero_shot["pretrained", "en"]


def test_a_language_outside_the_benchmark_is_scored_and_in_no_mean(finished):
    folder, out, _ = finished
    rows = read_rows(folder / "run/results.jsonl", Score)
    listed = {row.language: row.in_benchmark for row in rows}
    assert listed == {"en": True, "de": True, "eu": False}
    scores = {
        (row.route, row.language): row.value
        for row in rows
        if row.metric == "accuracy"
    }
    summary = (folder / "run/report/tables/summary.csv").read_text()
    # German alone is zero-shot and listed.
    assert f"{scores['pretrained', 'de']:.1f}" in summary


def test_hidden_labels_are_predicted_and_not_scored(finished):
    folder, out, again = finished
    assert "gold of hi is hidden" in out
    rows = read_rows(folder / "run/results.jsonl", Score)
    assert "hi" not in {row.language for row in rows}
    files = sorted((folder / "run/submission").rglob("test-hi.tsv"))
    # Two routes.
    assert len(files) == 2
    lines = files[0].read_text().splitlines()
    assert len(lines) == NUM_ROWS["test"] and set(lines) <= {"bad", "good"}
    # What is predicted is done.
    assert "evaluating" not in again


def test_a_stage_predicts_what_the_run_predicted(finished, task_file, tmp_path):
    folder, _, _ = finished
    (stage,) = (folder / "run/stages/reviews").iterdir()
    # Without a column of labels.
    rows = folder / "rows/me/reviews/hi/test.jsonl"
    bare = tmp_path / "rows/me/reviews/hi/test.jsonl"
    bare.parent.mkdir(parents=True)
    lines = rows.read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    bare.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    done = stilts(
        "predict",
        f"--stage={stage}",
        "--task=reviews",
        f"--task_file={task_file}",
        f"--data={tmp_path / 'rows'}",
        "--languages=hi",
        "--max_length=24",
        "--keras_backend=torch",
        f"--output={tmp_path / 'predicted'}",
    )
    file = tmp_path / "predicted/reviews/test-hi.tsv"
    assert str(file) in done.stdout
    (kept,) = (folder / "run/submission").rglob("pretrained/**/test-hi.tsv")
    assert file.read_text() == kept.read_text()


@pytest.mark.parametrize(
    ("arguments", "piece"),
    [
        (["--task=panx"], "has no head for task 'panx'"),
        (["--task=tatoeba"], "compares hidden states and has no head"),
        (["--task=revews"], "Did you mean 'reviews'?"),
        (["--task=reviews", "--languages=xx"], "'xx'"),
    ],
)
def test_what_cannot_be_predicted_is_refused(
    finished, task_file, tmp_path, arguments, piece, capsys
):
    folder, _, _ = finished
    (stage,) = (folder / "run/stages/reviews").iterdir()
    words = [
        "stilts",
        "predict",
        f"--stage={stage}",
        f"--task_file={task_file}",
        f"--data={folder / 'rows'}",
        f"--output={tmp_path / 'out'}",
        *arguments,
    ]
    assert main(words) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert piece in line


def test_rows_that_tell_no_language_are_not_predicted_as_another(
    finished, task_file, tmp_path, capsys
):
    folder, _, _ = finished
    (stage,) = (folder / "run/stages/reviews").iterdir()
    file = tmp_path / "english.py"
    text = task_file.read_text("utf-8")
    text = text.replace('config="{language}"', 'config="en"')
    file.write_text(text.replace('("en", "de", "hi")', '("en",)'), "utf-8")
    words = [
        "stilts",
        "predict",
        f"--stage={stage}",
        "--task=reviews",
        f"--task_file={file}",
        f"--data={folder / 'rows'}",
        f"--output={tmp_path / 'out'}",
        "--languages=de",
    ]
    assert main(words) == 2
    assert "'de'" in capsys.readouterr().err


def test_a_run_whose_labels_are_all_hidden_ends_well(task_file, tmp_path):
    write_reviews(tmp_path / "rows", hidden=["en", "de", "hi"])
    arguments = [
        "run",
        "--route=pretrained",
        "--targets=reviews",
        f"--task_file={task_file}",
        f"--data={tmp_path / 'rows'}",
        f"--run_dir={tmp_path / 'run'}",
        *TINY,
    ]
    assert "Nothing was scored" in stilts(*arguments).stdout
    assert len(list((tmp_path / "run/submission").rglob("*.tsv"))) == 3


# ------------------------------------------------------------------ Task files
@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("x = 1", "defines no Task"),
        ("import nothing_of_that_name", "line 1: ModuleNotFoundError"),
        ("x = (", "line 1: SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_a_file_without_a_task_is_refused(tmp_path, text, piece):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(InputError, match=re.escape(piece)):
        load_task_file(file)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_task_file(tmp_path / "mine.py")


def test_an_edited_file_is_another_version(task_file, tmp_path):
    (task,) = load_task_file(task_file)
    edited = tmp_path / "reviews.py"
    edited.write_text(task_file.read_text() + "# edited\n")
    (other,) = load_task_file(edited)
    assert task.name == other.name == "reviews"
    assert task.identity != other.identity
