"""Damaged files are noticed, named, and made again or refused."""

import json
import re
import signal

import pytest

BACKEND = "torch"
GROWN = ("xnli", "tatoeba", "udpos")


def change_dev_score(file):
    """Another digit in the best score: still a manifest to any reader."""
    text = file.read_text("utf-8")
    score = re.search(r'"dev_score": [0-9.]*?([0-9])', text)
    digit = "7" if score[1] != "7" else "3"
    file.write_text(text[: score.start(1)] + digit + text[score.end(1) :])
    json.loads(file.read_text("utf-8"))


def break_json(file):
    """A bracket that is another character."""
    whole = bytearray(file.read_bytes())
    whole[whole.rindex(b"}")] ^= 1
    file.write_bytes(whole)


# Which file, and how it is damaged; None is one flipped byte in its middle.
DAMAGES = {
    "weights": ("model.weights.h5", None),
    "heads": ("heads/*.weights.h5", None),
    "config": ("config.json", None),
    "manifest": ("manifest.json", change_dev_score),
    "unreadable manifest": ("manifest.json", break_json),
}


def damage(harness, run_dir, name, stage=None):
    """Damages a file of a stage; returns its path."""
    file_name, change = DAMAGES[name]
    place = harness.stage(run_dir, stage or harness.chain)
    file = min(place.glob(file_name))
    before = file.read_bytes()
    (change or harness.flip_byte)(file)
    assert file.read_bytes() != before
    return file


def finished(harness):
    return harness.undisturbed(BACKEND)


def grown(harness):
    """A run that had one more target from its beginning."""
    return harness.undisturbed(BACKEND, GROWN)


def assert_refused(harness, run_dir, file, targets):
    """With --on_damage=fail: one line that names the file, and no change."""
    before = harness.contents(run_dir)
    done = harness.run(
        BACKEND, run_dir, *harness.fail, targets=targets, status=2
    )
    (line,) = done.error_lines
    assert line.startswith("stilts: error: ")
    assert str(file) in line
    assert harness.contents(run_dir) == before


# ------------------------------------------------------------------- Stages
def test_growing_an_undamaged_run_equals_the_run_that_began_grown(harness):
    run_dir = harness.copy(finished(harness))
    done = harness.run(BACKEND, run_dir, *harness.fail, targets=GROWN)
    harness.assert_equal(run_dir, grown(harness))
    # Nothing was made again that was there: the tests below can fail.
    assert f"{harness.mixture} seed 1:" not in done.stdout
    assert f"{harness.chain} seed 1:" not in done.stdout


@pytest.mark.parametrize(
    "names",
    [
        ("weights", "manifest"),
        pytest.param(("heads", "config"), marks=pytest.mark.slow),
    ],
    ids=" and ".join,
)
def test_two_damaged_stages_are_named_and_made_again_as_they_were(
    harness, names
):
    run_dir = harness.copy(finished(harness))
    # The second stage of the chain is needed, and its parent to make it.
    files = [
        damage(harness, run_dir, name, stage)
        for name, stage in zip(
            names, [harness.chain, harness.mixture], strict=True
        )
    ]
    done = harness.run(BACKEND, run_dir, targets=GROWN)
    for file in files:
        assert str(file) in done.stdout
    harness.assert_equal(run_dir, grown(harness))
    made = harness.weights(run_dir)
    for name, arrays in harness.weights(finished(harness)).items():
        assert made[name] == arrays


@pytest.mark.slow
@pytest.mark.parametrize("name", DAMAGES)
def test_one_damaged_stage_alone_is_made_again(harness, name):
    run_dir = harness.copy(finished(harness))
    file = damage(harness, run_dir, name)
    done = harness.run(BACKEND, run_dir, targets=GROWN)
    assert str(file) in done.stdout
    # Its parent is whole and stays.
    assert f"{harness.mixture} seed 1:" not in done.stdout
    assert f"{harness.chain} seed 1:" in done.stdout
    harness.assert_equal(run_dir, grown(harness))


@pytest.mark.parametrize(
    "name",
    [
        "heads",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("config", "weights", "manifest", "unreadable manifest")
        ),
    ],
)
def test_a_damaged_stage_is_refused_where_that_is_asked_for(harness, name):
    run_dir = harness.copy(finished(harness))
    file = damage(harness, run_dir, name)
    assert_refused(harness, run_dir, file, GROWN)


# ------------------------------------------------------------------ Results
def change_value(file):
    """Another digit in the value of xnli in German after `pretrained`."""
    lines = file.read_text("utf-8").splitlines(keepends=True)
    for index, line in enumerate(lines):
        row = json.loads(line)
        if (row["route"], row["target"], row["language"]) == (
            "pretrained",
            "xnli",
            "de",
        ):
            place = re.search(r'"value": ([0-9])', line)
            digit = "2" if place[1] != "2" else "3"
            lines[index] = line[: place.start(1)] + digit + line[place.end(1) :]
            assert json.loads(lines[index])["value"] != row["value"]
    file.write_text("".join(lines))


def break_line(file):
    """The same line is JSON no more."""
    lines = file.read_bytes().splitlines(keepends=True)
    for index, line in enumerate(lines):
        row = json.loads(line)
        if (row["route"], row["target"], row["language"]) == (
            "pretrained",
            "xnli",
            "de",
        ):
            lines[index] = line.replace(b"}", b"|")
    file.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    "change",
    [change_value, pytest.param(break_line, marks=pytest.mark.slow)],
)
def test_a_damaged_score_is_named_and_it_alone_is_computed_anew(
    harness, change
):
    run_dir = harness.copy(finished(harness))
    results = run_dir / "results.jsonl"
    change(results)
    assert (
        results.read_bytes()
        != (finished(harness) / "results.jsonl").read_bytes()
    )
    predictions = {
        file: file.stat().st_mtime_ns
        for file in (run_dir / "predictions").rglob("*.jsonl")
    }
    weights = {file: file.stat().st_mtime_ns for file in run_dir.rglob("*.h5")}
    done = harness.run(BACKEND, run_dir)
    assert str(results) in done.stdout
    assert harness.rows(run_dir) == harness.rows(finished(harness))
    harness.assert_equal(run_dir, finished(harness))
    again = {
        str(file.relative_to(run_dir / "predictions"))
        for file, at in predictions.items()
        if file.stat().st_mtime_ns != at
    }
    assert again <= {"pretrained/xnli/seed-1/test-de.jsonl"}
    for file, at in weights.items():
        assert file.stat().st_mtime_ns == at
    assert " steps" not in done.stdout
    evaluated = [
        line for line in done.stdout.splitlines() if "evaluating" in line
    ]
    assert evaluated == ["evaluating xnli after pretrained: de"]


def test_a_damaged_score_is_refused_where_that_is_asked_for(harness):
    run_dir = harness.copy(finished(harness))
    change_value(run_dir / "results.jsonl")
    assert_refused(harness, run_dir, run_dir / "results.jsonl", harness.targets)


# ----------------------------------------------------------------- Progress
def stopped(harness):
    """A run that was killed in training, with progress saved."""

    def make():
        run_dir = harness.new_folder("stopped") / "run"
        process = harness.start(BACKEND, run_dir)
        process.wait_until(lambda: harness.progress(run_dir), "saved progress")
        process.kill()
        assert process.status == 128 + signal.SIGKILL
        return run_dir

    return harness.once("stopped", make)


def progress_files(harness, run_dir):
    """Files of the last saved progress, the largest first."""
    place = harness.progress(run_dir)[0]
    return sorted(
        (
            file
            for file in [place, *place.rglob("*")]
            if file.is_file() and file.stat().st_size
        ),
        key=lambda file: -file.stat().st_size,
    )


def test_damaged_progress_is_named_and_changes_no_result(harness):
    run_dir = harness.copy(stopped(harness))
    file = progress_files(harness, run_dir)[0]
    harness.flip_byte(file)
    done = harness.run(BACKEND, run_dir)
    assert str(file) in done.stdout
    harness.assert_equal(run_dir, finished(harness))


@pytest.mark.slow
def test_damaged_progress_is_refused_where_that_is_asked_for(harness):
    run_dir = harness.copy(stopped(harness))
    file = progress_files(harness, run_dir)[0]
    harness.flip_byte(file)
    before = harness.contents(run_dir / "stages")
    done = harness.run(BACKEND, run_dir, *harness.fail, status=2)
    (line,) = done.error_lines
    assert line.startswith("stilts: error: ")
    assert str(file) in line
    # It may have begun before it came to this stage, but not to train.
    assert harness.contents(run_dir / "stages") == before


@pytest.mark.slow
def test_damage_to_any_file_of_progress_is_noticed(harness):
    for index in range(len(progress_files(harness, stopped(harness)))):
        run_dir = harness.copy(stopped(harness))
        file = progress_files(harness, run_dir)[index]
        harness.flip_byte(file)
        done = harness.run(BACKEND, run_dir)
        assert str(file) in done.stdout
        harness.assert_equal(run_dir, finished(harness))


@pytest.mark.slow
def test_progress_that_was_cut_off_is_noticed(harness):
    run_dir = harness.copy(stopped(harness))
    file = progress_files(harness, run_dir)[0]
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    done = harness.run(BACKEND, run_dir)
    assert str(file) in done.stdout
    harness.assert_equal(run_dir, finished(harness))
