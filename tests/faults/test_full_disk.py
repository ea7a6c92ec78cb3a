"""A full disk ends a run with one line and costs nothing that was done."""

import contextlib
import pathlib
import shutil
import subprocess

import pytest

BACKEND = "torch"
PAGE = 4096


class Disk:
    """A small disk in memory, mounted here or in a namespace of its own.

    `path` is where the command finds it, `files` where this process does.
    """

    def __init__(self, path, size):
        self.path = path
        self._holder = None
        self.prefix = []
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs"]
        path.mkdir()
        if succeeds([*mount, str(path)]):
            self.files = path
            return
        if shutil.which("unshare") is None or shutil.which("nsenter") is None:
            pytest.skip("needs mount as root, or unshare and nsenter")
        self._holder = subprocess.Popen(
            [
                "unshare",
                "-Urm",
                "sh",
                "-c",
                'mount -t tmpfs -o size="$1" tmpfs "$2" && echo ready'
                " && exec sleep 3600",
                "sh",
                str(size),
                str(path),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._holder.stdout.readline().strip() != "ready":
            reason = self._holder.communicate()[1].strip()
            self._holder = None
            pytest.skip(f"no small disk can be mounted here: {reason}")
        pid = str(self._holder.pid)
        self.prefix = ["nsenter", "-t", pid, "-U", "-m"]
        self.prefix.append("--preserve-credentials")
        self.files = pathlib.Path(f"/proc/{pid}/root{path}")

    def grow(self, size):
        options = f"remount,size={size}"
        command = [*self.prefix, "mount", "-o", options, str(self.path)]
        subprocess.run(command, check=True)

    def close(self):
        if self._holder is None:
            succeeds(["umount", "-l", str(self.path)])
        else:
            self._holder.kill()
            self._holder.communicate()


def succeeds(command):
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def pages_of(folder):
    """Bytes that a folder's files take on such a disk."""
    return sum(
        -(-file.stat().st_size // PAGE) * PAGE
        for file in folder.rglob("*")
        if file.is_file()
    )


def fill_and_grow(harness, share):
    """Returns the stages that were done when the disk was full."""
    whole = harness.undisturbed(BACKEND)
    size = int(pages_of(whole) * share) // PAGE * PAGE
    small = Disk(harness.new_folder("disk") / "disk", size)
    with contextlib.closing(small):
        return fill_and_grow_disk(harness, small, whole)


def fill_and_grow_disk(harness, small, whole):
    run_dir = small.path / "run"
    found = small.files / "run"
    done = harness.run(BACKEND, run_dir, prefix=small.prefix, status=1)
    (line,) = done.error_lines
    assert line.startswith("stilts: error: ")
    assert "No space left" in line
    assert harness.broken_stages(found) == []
    finished = harness.manifests(found)
    times = {
        file: file.stat().st_mtime_ns
        for folder in finished
        for file in (found / folder).rglob("*.h5")
    }
    small.grow(2**30)
    harness.run(BACKEND, run_dir, prefix=small.prefix)
    harness.assert_equal(found, whole)
    # What was done stayed.
    assert times == {file: file.stat().st_mtime_ns for file in times}
    return finished


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_space(harness):
    assert fill_and_grow(harness, 0.55)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.01, 0.1, 0.2, 0.3, 0.4, 0.7, 0.8, 0.9])
def test_a_disk_may_be_full_at_any_time(harness, share):
    fill_and_grow(harness, share)
