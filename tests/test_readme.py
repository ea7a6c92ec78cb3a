"""What README.md shows is true, and runs."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

import fake_runs
from stilts_keras.graph.route import Route
from stilts_keras.main import FLAGS
from stilts_keras.main import main

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
# Not ours.
XLA_DEVICES = "xla_force_host_platform_device_count"


def block_after(marker):
    """The first fenced block below a marker comment."""
    rest = README[README.index(marker) :]
    return re.search(r"```\w*\n(.*?)```", rest, re.DOTALL).group(1)


def commands():
    """Every `stilts` command of every shell block, on one line."""
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL):
        text = block.replace("\\\n", " ")
        for line in text.splitlines():
            for part in line.split("&&"):
                if part.strip().startswith("stilts "):
                    yield part.strip()


def test_the_two_commands_are_one_line_each():
    for name in ("quickstart", "test"):
        lines = block_after(f"<!-- command: {name} -->").strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("python3 -m venv .venv && ")


@pytest.mark.parametrize("command", list(commands()))
def test_shell_examples_plan(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shares = {"pretrained": 0.5, "mnli": 0.7}
    for name, seed in (("first", 1), ("seed_1", 1), ("seed_2", 2)):
        run_dir = tmp_path / "runs" / name
        if command.startswith("stilts report") and name in command:
            fake_runs.write_run(run_dir, shares, seeds=(seed,), n=30)
            fake_runs.describe(run_dir)
    words = shlex.split(command)
    # What takes a backbone and rows is planned, by the same flags.
    words[1] = "plan" if words[1] in ("run", "rank") else words[1]
    words = [
        f"--flagfile={ROOT}/{word.partition('=')[2]}"
        if word.startswith("--flagfile=")
        else word
        for word in words
    ]
    status = main(words)
    error = capsys.readouterr().err
    # There is no run of that name to be scored or taken away.
    reason = {
        "score": "does not exist",
        "export": "no finished stage",
        "predict": "does not exist",
    }
    assert status == (2 if words[1] in reason else 0), error
    assert reason.get(words[1], "") in error


def test_python_example_runs(tmp_path):
    code = block_after("<!-- example: python -->")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # udpos (two metrics, six languages) and tatoeba (five), two routes.
    assert done.stdout.splitlines()[-1].startswith("34 tatoeba de")


def test_routes_shown_are_routes():
    block = block_after("**A route**")
    routes = [line.split()[0] for line in block.splitlines() if line[0] != " "]
    assert len(routes) == 9
    for route in routes:
        written_out = route
        for short, full in {
            "anliplus": "snli+mnli+anli",
            "mlm@de,fr,ru:20k": "mlm@de:20k+mlm@fr:20k+mlm@ru:20k",
            "xnli@en,de,es:10k": "xnli:10k+xnli@de:10k+xnli@es:10k",
        }.items():
            written_out = written_out.replace(short, full)
        assert str(Route.parse(route)) == written_out


def test_flags_named_exist():
    for name in set(re.findall(r"--([a-z_]+)\b", README)):
        known = name in FLAGS or name.removeprefix("no") in FLAGS
        others = ("flagfile", "help", "logdir", XLA_DEVICES)
        assert known or name in others, name


def test_files_named_exist():
    for name in re.findall(r"`((?:flags|tasks|problems)/\w+\.\w+)`", README):
        folder = ROOT if name.startswith("flags") else ROOT / "stilts_keras"
        assert (folder / name).is_file(), name
    for name in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / name).is_file(), name


def test_house_names_every_room_and_module():
    block = block_after("## The house")
    for path in (ROOT / "stilts_keras").iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            assert f"{path.name}/" in block
            for file in path.glob("*.py"):
                if (
                    path.name in ("problems", "tasks")
                    or file.stem == "__init__"
                ):
                    continue
                assert file.name in block, file
