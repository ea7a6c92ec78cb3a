"""One writer of a folder at a time, whatever the file system can do."""

import errno
import fcntl
import json
import os
import platform
import subprocess
import sys
import time

import pytest

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.records import heartbeat
from stilts_keras.records import lock
from stilts_keras.records.lock import InUse
from stilts_keras.records.lock import holder_of
from stilts_keras.records.lock import is_at_work
from stilts_keras.records.lock import locked

NOBODY = 2**22 + 1  # Above the highest pid.


@pytest.fixture(params=["flock", "ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def kind(request, monkeypatch):
    """With locks of the system's, and without."""
    if request.param != "flock":
        number = getattr(errno, request.param)

        def refuse(*arguments):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", refuse)
    return request.param


def test_a_second_writer_is_told_who_and_since_when(kind, tmp_path):
    with locked(tmp_path / "run"):
        assert is_at_work(tmp_path / "run")
        assert f"process {os.getpid()} on " in holder_of(tmp_path / "run")
        with pytest.raises(InUse, match=r"in use by process \d+ on .* since"):
            with locked(tmp_path / "run"):
                pass
        # The one that was refused has not set it free.
        assert is_at_work(tmp_path / "run")
    assert not is_at_work(tmp_path / "run")
    with locked(tmp_path / "run"):
        pass


def test_a_file_system_without_flock_is_named(kind, tmp_path):
    with locked(tmp_path) as note:
        pass
    where = files.file_system_of(tmp_path)
    assert where.partition(" at ")[2] in str(tmp_path)
    expected = f"lies on {where}, which has no flock ("
    assert (expected in note) == (kind != "flock")


def test_other_reasons_are_an_error(monkeypatch, tmp_path):
    def refuse(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(InputError, match="cannot be locked .*Input/output"):
        with locked(tmp_path):
            pass


def test_a_role_is_there_to_be_read(kind, tmp_path):
    with locked(tmp_path, role="sweeping"):
        assert holder_of(tmp_path).endswith("(sweeping)")


def test_a_lock_file_of_another_machine_holds_here_too(tmp_path):
    """Where another machine sees the folder without flock, and this with."""
    leave(tmp_path, host="elsewhere")
    assert is_at_work(tmp_path)
    with pytest.raises(InUse, match="in use by somebody"):
        with locked(tmp_path):
            pass


def leave(folder, host, pid=NOBODY, age_seconds=0.0):
    """Leaves the lock file of a process."""
    file = folder / heartbeat.FILE
    facts = {"holder": "somebody", "host": host, "pid": pid, "token": "t"}
    file.write_text(json.dumps(facts))
    then = time.time() - age_seconds
    os.utime(file, (then, then))


@pytest.mark.parametrize(
    "left",
    [
        {"host": "elsewhere", "age_seconds": 3600.0},
        {"host": platform.node(), "pid": NOBODY},
    ],
    ids=["old", "dead"],
)
def test_what_a_dead_holder_left_locks_nothing(left, tmp_path):
    leave(tmp_path, **left)
    assert not is_at_work(tmp_path)
    with heartbeat.held(tmp_path, "me"):
        assert heartbeat.holder(tmp_path) == "me"
    assert list(tmp_path.iterdir()) == []


def test_a_holder_keeps_its_lock_file_fresh(tmp_path):
    with heartbeat.held(tmp_path, "me", beat_every_seconds=0.01):
        file = tmp_path / heartbeat.FILE
        os.utime(file, (1.0, 1.0))
        end = time.monotonic() + 30
        while file.stat().st_mtime == 1.0 and time.monotonic() < end:
            time.sleep(0.01)
        assert time.time() - file.stat().st_mtime < 30


def test_of_many_that_take_a_dead_ones_lock_one_has_it(tmp_path):
    """Processes at once, each of which finds a stale file in its way."""
    code = (
        "import sys, time\n"
        "from stilts_keras.records import heartbeat\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "try:\n"
        "    with heartbeat.held(sys.argv[1], 'one'):\n"
        "        print('mine', flush=True)\n"
        "        sys.stdin.readline()\n"
        "except heartbeat.Taken:\n"
        "    print('taken', flush=True)\n"
    )
    leave(tmp_path, host="elsewhere", age_seconds=3600.0)
    others = [
        subprocess.Popen(
            [sys.executable, "-c", code, tmp_path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for other in others:
        assert other.stdout.readline() == "ready\n"
    for other in others:
        other.stdin.write("go\n")
        other.stdin.flush()
    said = [other.stdout.readline() for other in others]
    for other in others:
        other.communicate("end\n")
    assert sorted(said) == ["mine\n"] + 3 * ["taken\n"]


def test_a_folder_deleted_between_opening_and_locking_is_made_anew(
    tmp_path, monkeypatch
):
    folder = tmp_path / "visit"
    take, gone = fcntl.flock, []

    def flock(file, how):
        if not gone:
            gone.append(folder.rename(tmp_path / "gone"))
        take(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(folder):
        assert gone and (folder / lock.LOCK_FILE).is_file()
        assert is_at_work(folder)


def test_what_another_machine_made_is_waited_for_on_network_file_systems(
    tmp_path, monkeypatch
):
    made = tmp_path / "stage" / "manifest.json"
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        made.parent.mkdir()
        made.touch()

    monkeypatch.setattr(time, "sleep", sleep)
    assert not files.await_seen(made) and not looks
    places = sys.modules["stilts_keras.files.places"]
    monkeypatch.setattr(places, "file_system_of", lambda path: "nfs4 at /")
    assert files.await_seen(made) and len(looks) == 1
    assert not files.await_seen(tmp_path / "none", patience_seconds=-1.0)
