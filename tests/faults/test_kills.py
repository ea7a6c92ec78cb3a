"""A run that was ended, by whatever signal, continues as if it had not been."""

import random
import re
import signal
import time

import pytest

# What happens to files is the same on every backend; torch starts soonest.
BACKEND = "torch"
OTHERS = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("tensorflow", "jax")
]
NUM_KILLS = {"tensorflow": 5, "jax": 12, "torch": 2}
MANY_KILLS = {"tensorflow": 33, "jax": 33, "torch": 34}
# Each process is killed after so many changes at most, and the next goes on:
# kills fall everywhere.
MOST_CHANGES = 15


def kill_after_changes(harness, process, run_dir, num_changes, delay):
    """Kills after so many changes of the run folder; False: it ended before."""
    last = harness.snapshot(run_dir)
    while process.running:
        now = harness.snapshot(run_dir)
        if now != last:
            num_changes -= 1
            last = now
        if num_changes <= 0:
            time.sleep(delay)
            break
        time.sleep(0.015)
    process.kill()
    return process.status == 128 + signal.SIGKILL


def disturb(harness, backend, num_kills, cold=False):
    """Kills a run again and again; begins another where one has ended.

    Returns:
        The run folders, which are finished.
    """
    rng = random.Random(f"{backend} {num_kills}")
    run_dirs, num_left = [], num_kills
    while num_left:
        run_dir = harness.new_folder(f"killed-{backend}") / "run"
        env = {}
        if cold:
            env["HF_DATASETS_CACHE"] = str(run_dir.parent / "cache")
        ended = False
        while num_left and not ended:
            process = harness.start(backend, run_dir, env=env)
            if cold and rng.random() < 0.3:
                # Before the run folder is there: imports, rows, tokens.
                changes, delay = 0, rng.uniform(0, 15)
            else:
                changes = rng.randint(1, MOST_CHANGES)
                delay = rng.choice([0.0, rng.uniform(0, 0.5)])
            ended = not kill_after_changes(
                harness, process, run_dir, changes, delay
            )
            if ended:
                assert process.status == 0, process.stderr[-3000:]
            num_left -= not ended
        if not ended:
            harness.run(backend, run_dir, env=env)
        run_dirs.append(run_dir)
    return run_dirs


@pytest.mark.parametrize("backend", [BACKEND, *OTHERS])
def test_a_run_killed_at_random_moments_equals_the_undisturbed_one(
    harness, backend
):
    whole = harness.undisturbed(backend)
    for run_dir in disturb(harness, backend, NUM_KILLS[backend]):
        harness.assert_equal(run_dir, whole)


@pytest.mark.slow
@pytest.mark.parametrize("backend", MANY_KILLS)
def test_a_hundred_kills_and_a_cold_cache_change_nothing(harness, backend):
    whole = harness.undisturbed(backend)
    for run_dir in disturb(harness, backend, MANY_KILLS[backend], cold=True):
        harness.assert_equal(run_dir, whole)


@pytest.mark.slow
@pytest.mark.parametrize("backend", NUM_KILLS)
def test_two_undisturbed_runs_are_equal(harness, backend):
    run_dir = harness.new_folder("again") / "run"
    harness.run(backend, run_dir)
    harness.assert_equal(run_dir, harness.undisturbed(backend))


def test_the_comparison_sees_every_kind_of_difference(harness):
    import h5py

    whole = harness.undisturbed(BACKEND)
    assert harness.differences(whole, whole) == []
    other = harness.copy(whole)

    def sees(file, change):
        before = file.read_bytes()
        change(file)
        assert len(harness.differences(other, whole)) >= 1, file
        file.write_bytes(before)
        assert harness.differences(other, whole) == []

    def change_weight(file):
        with h5py.File(file, "r+") as group:
            names = []
            group.visititems(
                lambda name, item: (
                    names.append(name)
                    if isinstance(item, h5py.Dataset)
                    and item.size
                    # Not the state of dropout.
                    and item.dtype.kind == "f"
                    else None
                )
            )
            value = group[names[-1]][()]
            value.flat[0] += 1e-7 * max(1.0, abs(value.flat[0]))
            group[names[-1]][...] = value

    def drop_line(file):
        file.write_bytes(b"".join(file.read_bytes().splitlines(True)[:-1]))

    def double_line(file):
        file.write_bytes(
            file.read_bytes() + file.read_bytes().splitlines(True)[-1]
        )

    def change_best_step(file):
        text = file.read_text("utf-8")
        file.write_text(text.replace('"best_step": ', '"best_step": 1'))

    stage = harness.stage(other, harness.chain)
    sees(stage / "model.weights.h5", change_weight)
    sees(min(stage.glob("heads/*")), change_weight)
    sees(stage / "manifest.json", change_best_step)
    sees(other / "results.jsonl", drop_line)
    sees(other / "results.jsonl", double_line)
    sees(next((other / "predictions").rglob("*.jsonl")), harness.flip_byte)
    sees(next((other / "submission").rglob("*.tsv")), harness.flip_byte)


# ------------------------------------------------------------------ Signals
def start_and_wait_for_progress(harness, backend, run_dir, *extra):
    """Returns the process, in the first stage, with progress saved."""
    process = harness.start(backend, run_dir, *extra)
    process.wait_until(lambda: harness.progress(run_dir), "saved progress")
    return process


def assert_it_saved_and_said_where(process, run_dir):
    said = [
        line
        for line in (process.stdout + process.stderr).splitlines()
        if str(run_dir) in line
    ]
    assert said, process.stdout[-1000:] + process.stderr[-1000:]
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(
    ["backend", "number", "status"],
    [
        (BACKEND, signal.SIGTERM, 143),
        pytest.param(BACKEND, signal.SIGINT, 130, marks=pytest.mark.slow),
        pytest.param("tensorflow", signal.SIGTERM, 143, marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_asked_to_end_saves_and_goes_on_from_there(
    harness, backend, number, status
):
    run_dir = harness.new_folder("asked") / "run"
    every = "--log_every_steps=1"
    process = start_and_wait_for_progress(harness, backend, run_dir, every)
    process.send(number)
    process.wait()
    assert process.status == status
    assert_it_saved_and_said_where(process, run_dir)
    before = harness.steps_of_the_first_stage(run_dir)
    assert before == list(range(1, len(before) + 1)) and 0 < len(before) < 40
    harness.run(backend, run_dir, every)
    # No step is made twice.
    steps = harness.steps_of_the_first_stage(run_dir)
    assert steps == list(range(1, 41))
    harness.assert_equal(run_dir, harness.undisturbed(backend))


def end_at_once(harness, backend):
    """Ends a run by two signals; returns its folder."""
    run_dir = harness.new_folder("asked-twice") / "run"
    process = start_and_wait_for_progress(harness, backend, run_dir)
    # Two of one number that arrive together would be one.
    process.send(signal.SIGINT)
    process.send(signal.SIGTERM)
    process.wait()
    # The first alone would save, and end with 130.
    assert process.status == 128 + signal.SIGTERM
    return run_dir


def test_a_second_signal_ends_a_run_at_once(harness):
    end_at_once(harness, BACKEND)


@pytest.mark.slow
@pytest.mark.parametrize("backend", [BACKEND, "jax"])
def test_a_run_that_was_ended_at_once_equals_the_undisturbed_one(
    harness, backend
):
    run_dir = end_at_once(harness, backend)
    harness.run(backend, run_dir)
    harness.assert_equal(run_dir, harness.undisturbed(backend))


# -------------------------------------------------------------- Two processes
def test_a_second_process_is_refused(harness):
    """That a killed one blocks nobody, is seen where runs are killed."""
    run_dir = harness.new_folder("two") / "run"
    first = harness.start(BACKEND, run_dir)
    lock = run_dir / ".lock"
    first.wait_until(
        lambda: lock.exists() and str(first.pid) in lock.read_text(),
        "the lock",
    )
    second = harness.run(BACKEND, run_dir, status=2)
    assert first.running
    (line,) = second.error_lines
    assert line.startswith("stilts: error: ")
    assert re.search(rf"\b{first.pid}\b", line)
    first.kill()
