"""Workers and drivers that are killed: what was saved is gone on from."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from launchers_run import LAUNCHERS

from command import tiny_backbone
from stilts_keras.records.visit_folders import progress_of
from stilts_keras.records.visit_folders import visits_at_work
from stores import contents_of_store

pytestmark = pytest.mark.slow

FLAGS = [
    "--route=mnli",
    "--route=squad",
    "--targets=xnli",
    "--languages=en,de",
    "--data=pocket",
    *tiny_backbone(),
    "--dropout=0.1",
    "--max_length=24",
    "--batch_size=4",
    "--epochs=1",
    "--learning_rate=3e-3",
    "--train_limit=200",
    "--eval_limit=16",
    "--eval_every_steps=0",
    "--save_every_minutes=0.005",
    "--keras_backend=torch",
]
PATIENCE_SECONDS = 900.0


def start(folder, *how):
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "stilts_keras", "run", *FLAGS, *how),
            *(
                f"--run_dir={folder / 'run'}",
                f"--stage_store={folder / 'store'}",
            ),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def end(process, status=0):
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == status, said[-3000:]
    return said


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    end(start(folder))
    return contents_of_store(folder / "store"), rows(folder)


def rows(folder):
    return (folder / "run" / "results.jsonl").read_bytes()


def same(folder, plain):
    return (contents_of_store(folder / "store"), rows(folder)) == plain


def next_at_work(folder, process, beyond=0):
    """Waits for a visit that has saved steps; returns it, its pid and step."""
    run_dir = folder / "run"
    until = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        for name, who in visits_at_work(run_dir).items():
            _, step = progress_of(run_dir, name)
            if step > beyond:
                return name, int(re.search(r"process (\d+)", who)[1]), step
        time.sleep(0.02)
    raise AssertionError(f"never came: {process.communicate()[0][-2000:]}")


@pytest.mark.parametrize("launcher", ["workers", "ray"])
def test_a_worker_killed_four_times_has_the_bytes_of_one_that_was_not(
    launcher, plain, tmp_path
):
    process = start(tmp_path, *LAUNCHERS[launcher])
    killed, step = [], 0
    for _ in range(4):
        name, pid, step = next_at_work(tmp_path, process, beyond=step)
        os.kill(pid, signal.SIGKILL)
        killed.append(name)
    said = end(process)
    assert said.count("it goes on from what is saved (1 of 3 retries") == 4
    assert len(killed) == 4
    assert same(tmp_path, plain)


@pytest.mark.parametrize("launcher", ["workers", "ray"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_driver_that_is_ended_goes_on_by_the_same_command(
    launcher, number, plain, tmp_path
):
    process = start(tmp_path, *LAUNCHERS[launcher])
    next_at_work(tmp_path, process)
    process.send_signal(number)
    status = -9 if number == signal.SIGKILL else 143
    said = end(process, status)
    if number == signal.SIGTERM:
        assert "stilts: stopped by SIGTERM. Stage " in said
        assert " is saved at step " in said
        assert "Run the same command again to go on." in said
        assert not visits_at_work(tmp_path / "run")
    end(start(tmp_path, *LAUNCHERS[launcher]))
    assert same(tmp_path, plain)


def test_a_run_begun_by_workers_goes_on_in_one_process(plain, tmp_path):
    process = start(tmp_path, *LAUNCHERS["workers"])
    next_at_work(tmp_path, process)
    process.send_signal(signal.SIGINT)
    end(process, 130)
    end(start(tmp_path))
    assert same(tmp_path, plain)
    assert not (tmp_path / "run" / "visits").exists()
