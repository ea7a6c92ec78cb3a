"""Where nothing can be written: one line, exit 2, and before any work."""

import errno
import os
import pathlib
import subprocess

import pytest

from fakes import graph
from stilts_keras import files
from stilts_keras import flag_values
from stilts_keras import main as command
from stilts_keras.errors import InputError
from stilts_keras.records.lock import locked
from stilts_keras.records.run_folder import RunFolder

ON_LINUX = pytest.mark.skipif(
    not pathlib.Path("/proc/self").is_dir(), reason="needs Linux's /proc"
)
# Each in place of a folder, made below `tmp_path`.
LINKS = ("dangling", "below_dangling")
PLACES = (
    "file",
    "below_a_file",
    "far_below_a_file",
    *LINKS,
    "loop",
    "too_long",
    "read_only",
    "below_read_only",
    pytest.param("/proc/none", marks=ON_LINUX),
    pytest.param("/dev/full", marks=ON_LINUX),
    pytest.param("/dev/null/run", marks=ON_LINUX),
)


@pytest.fixture
def place(request, tmp_path):
    name = request.param
    if name.startswith("/"):
        yield pathlib.Path(name)
        return
    (tmp_path / "a.file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    disk = tmp_path / "disk"
    disk.mkdir()
    is_mounted = "read_only" in name and mounted(disk)
    if "read_only" in name and not is_mounted:
        pytest.skip("needs mount as root")
    yield {
        "file": tmp_path / "a.file",
        "below_a_file": tmp_path / "a.file" / "run",
        "far_below_a_file": tmp_path / "a.file" / "x" / "y" / "run",
        "dangling": tmp_path / "link",
        "below_dangling": tmp_path / "link" / "run",
        "loop": tmp_path / "loop" / "run",
        "too_long": tmp_path / ("long" * 80),
        "read_only": disk,
        "below_read_only": disk / "run",
    }[name]
    if is_mounted:
        subprocess.run(["umount", "-l", disk], check=True)


def mounted(folder):
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder)]
    try:
        return subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        return False


def refusal(capsys, *arguments):
    """The one line on stderr of a command that exits 2."""
    assert command.main(["stilts", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("stilts: error: ")
    assert captured.out == ""
    return line


def no_work(*arguments, **more):
    raise AssertionError("work was begun")


def tree(folder):
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.parametrize("flag", ["run_dir", "stage_store"])
@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_run_refuses_what_it_cannot_write(
    place, flag, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(flag_values, "graph", no_work)
    before = tree(tmp_path)
    folders = {"run_dir": tmp_path / "run", flag: place}
    line = refusal(
        capsys, "run", *(f"--{name}={path}" for name, path in folders.items())
    )
    assert f"--{flag}={place} cannot be made or written (" in line
    assert "Name a folder" in line
    assert tree(tmp_path) == before


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("num_runs", [1, 2])
def test_report_refuses_what_it_cannot_write(
    place, num_runs, capsys, monkeypatch
):
    from stilts_keras.reporting import evidence

    monkeypatch.setattr(evidence, "gather", no_work)
    runs = ["--run_dir=a", "--run_dir=b"][:num_runs]
    line = refusal(capsys, "report", *runs, f"--output={place}")
    assert f"--output={place} cannot be made or written (" in line


@pytest.mark.parametrize("place", ["read_only"], indirect=True)
def test_report_refuses_a_run_that_it_cannot_write_to(
    place, capsys, monkeypatch
):
    from stilts_keras.reporting import evidence

    monkeypatch.setattr(evidence, "gather", no_work)
    line = refusal(capsys, "report", f"--run_dir={place}")
    assert f"--run_dir={place} cannot be made or written (Read-only" in line


@pytest.mark.parametrize(
    "place",
    # Links are followed there, and a file may be replaced.
    [name for name in PLACES if name not in ("file", *LINKS)],
    indirect=True,
)
def test_score_refuses_what_it_cannot_write(place, capsys, monkeypatch):
    from stilts_keras.scoring import submission

    monkeypatch.setattr(submission, "read_labels", no_work)
    line = refusal(
        capsys, "score", "--predictions=a", "--labels=b", f"--output={place}"
    )
    assert f"--output={place} cannot be made or written (" in line
    assert "Name a file" in line
    if str(place) == "/dev/full":
        assert "device" in line and not place.is_file()


def test_a_pipe_is_no_file_for_scores(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    line = refusal(
        capsys,
        "score",
        "--predictions=a",
        "--labels=b",
        f"--output={tmp_path / 'pipe'}",
    )
    assert "device or a pipe" in line


def test_a_check_leaves_nothing_and_passes_what_can_be_written(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "there").mkdir()
    (tmp_path / "scores.json").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "new.json")
    before = tree(tmp_path)
    for name in ("there", "new", "new/er/est"):
        for written in (tmp_path / name, f"~/{name}"):
            found = files.check_folder_place(written, "run_dir")
            assert found == tmp_path / name
    for name in ("scores.json", "new.json", "new/er/scores.json"):
        found = files.check_file_place(f"~/{name}", "output")
        assert found == pathlib.Path(os.path.realpath(tmp_path / name))
    # A link to a file that is to be made.
    files.check_file_place(tmp_path / "link", "output")
    monkeypatch.chdir(tmp_path)
    files.check_folder_place("relative/folder", "run_dir")
    assert tree(tmp_path) == before
    assert files.at_home("~nobody-of-this-name/x").name == "x"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_each_step_of_a_write_is_tried(step, tmp_path, monkeypatch):
    """Some network file systems refuse one of them alone."""

    def refused(*arguments):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, step, refused)
    with pytest.raises(InputError, match="Invalid argument"):
        files.check_folder_place(tmp_path, "run_dir")
    assert tree(tmp_path) == []


def test_what_a_killed_check_leaves_is_swept_by_the_folders_writer(
    tmp_path, monkeypatch
):
    with monkeypatch.context() as killed:
        killed.setattr(pathlib.Path, "unlink", lambda *_, **__: None)
        files.check_folder_place(tmp_path, "run_dir")
    assert tree(tmp_path)
    files.remove_leftovers(tmp_path)
    assert tree(tmp_path) == []


def test_a_check_survives_a_writer_that_sweeps(tmp_path, monkeypatch):
    replace = os.replace

    def swept(*names):
        files.remove_leftovers(tmp_path)
        replace(*names)

    monkeypatch.setattr(os, "replace", swept)
    assert files.check_folder_place(tmp_path, "run_dir") == tmp_path


def test_a_full_disk_is_no_wrong_place(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.check_folder_place(tmp_path, "run_dir")


def test_a_null_character_is_refused():
    with pytest.raises(InputError, match="null"):
        files.check_folder_place("a\0b", "run_dir")


def test_a_run_by_the_api_is_refused_before_work(tmp_path):
    (tmp_path / "file").write_text("")
    places = {"run_dir": tmp_path / "run", "stage_store": tmp_path / "store"}
    for flag in places:
        run_dir, store = {**places, flag: tmp_path / "file" / "x"}.values()
        folder = RunFolder(run_dir, graph(), stage_store=store)
        with (
            pytest.raises(InputError, match=f"--{flag}=.* cannot be made"),
            folder.lock(),
        ):
            no_work()
    assert tree(tmp_path) == [str(tmp_path / "file")]


def test_a_lock_that_is_a_folder_is_said(tmp_path):
    (tmp_path / ".lock").mkdir()
    with pytest.raises(InputError, match="cannot be made or written"):
        with locked(tmp_path):
            pass
