"""Two processes at one run give what one gives, and stop together."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import keras
import pytest

from backends import environment
from stilts_keras import backend
from stilts_keras.backend import company
from stilts_keras.backend import hosts
from stilts_keras.backend import joining
from stilts_keras.errors import InputError
from stilts_keras.options import Options
from stilts_keras.visits.follow import check_hosts

SCRIPT = pathlib.Path(__file__).parent / "hosts_run.py"
TWO = {
    hosts.ADDRESSES: "10.0.0.1:1234",
    hosts.NUMBER: "2",
    hosts.NAME: "1",
}


def run_in(folder, name, ends=("",)):
    """Makes a run in as many processes as there are ends.

    Args:
        folder: path.
        name: str. Of what is left by each.
        ends: tuple of str. What each does to itself, after how many steps.

    Returns:
        List of dict: what each has left, its `status`, what it has `said`, and
        the `seconds` that it took.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    begun, processes = time.monotonic(), []
    for number, end in enumerate(ends):
        more = {"STILTS_TEST_END": end}
        if len(ends) > 1:
            more |= {
                hosts.ADDRESSES: address,
                hosts.NUMBER: str(len(ends)),
                hosts.NAME: str(number),
            }
        processes.append(
            subprocess.Popen(
                [sys.executable, SCRIPT, folder, f"{name}{number}"],
                env=environment("jax", folder) | more,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    found = []
    for number, process in enumerate(processes):
        _, said = process.communicate(timeout=300)
        file = folder / f"{name}{number}.json"
        left = json.loads(file.read_text()) if file.exists() else {}
        left |= {"status": process.returncode, "said": said}
        found.append(left | {"seconds": time.monotonic() - begun})
    return found


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    (found,) = run_in(tmp_path_factory.mktemp("one"), "whole")
    assert found["status"] == 0, found["said"][-2000:]
    return found


def apart(one, other):
    """Returns the largest difference of losses, of as many steps."""
    assert len(one) == len(other)
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


@pytest.mark.slow
def test_two_processes_give_what_one_gives(one, tmp_path):
    found = run_in(tmp_path, "two", ("", ""))
    for each in found:
        assert each["status"] == 0, each["said"][-2000:]
        assert apart(one["losses"], each["losses"]) < 1e-5
    assert len(one["losses"]) == 8
    assert one["scores"] and found[0]["scores"] == one["scores"]
    assert found[0]["left"] == 0


@pytest.mark.slow
def test_processes_stop_together_survive_a_death_and_go_on_as_one(
    one, tmp_path
):
    # The second is sent SIGTERM in its first step.
    first, second = run_in(tmp_path, "stopped", ("", "stop@1"))
    done = len(first["losses"])
    assert 1 <= done < 8 and first["losses"] == second["losses"]
    for each in (first, second):
        assert each["status"] == 0, each["said"][-2000:]
        assert each["stopped"][0] == 15
        assert f"is saved at step {(done - 1) % 4 + 1} of" in each["stopped"][1]
    # The first dies, which serves the others.
    first, second = run_in(tmp_path, "died", ("die@3", ""))
    assert first["status"] == -9
    assert second["status"] == 1
    # Within a minute of its death.
    assert second["seconds"] - first["seconds"] < 60
    (line,) = [
        line
        for line in second["said"].splitlines()
        if line.startswith("stilts: error: ")
    ]
    assert "process 1 of 2 stops, for process 0 has not been heard of" in line
    assert "Run the same commands again" in line
    (last,) = run_in(tmp_path, "last")
    assert last["status"] == 0, last["said"][-2000:]
    # At least what was saved with the dev rows, every two steps.
    assert len(last["losses"]) <= 8 - done - 2
    assert apart(one["losses"][-len(last["losses"]) :], last["losses"]) < 1e-5
    assert last["scores"] == one["scores"]


# ----------------------------------------------------------- Without any model
def test_the_environment_tells_who_a_process_is():
    assert hosts.read_hosts({}) is None
    assert hosts.read_hosts(TWO) == hosts.Hosts("10.0.0.1:1234", 2, 1)
    all_named = TWO | {hosts.ADDRESSES: "a:1,b:2"}
    assert hosts.read_hosts(all_named).address == "a:1"
    alone = TWO | {hosts.NUMBER: "1", hosts.NAME: "0"}
    assert hosts.read_hosts(alone) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({hosts.NAME: ""}, f"{hosts.NAME} not set. Set all of"),
        ({hosts.NAME: "2"}, f"{hosts.NAME}=2 is none of {hosts.NUMBER}=2"),
        ({hosts.NUMBER: "0"}, "is none of"),
        ({hosts.NUMBER: "two"}, "whole number. Received: 'two'"),
        ({hosts.ADDRESSES: "a:1,b:2,c:3"}, "has 3 addresses for"),
        ({hosts.ADDRESSES: "a"}, "HOST:PORT. Received: 'a'"),
    ],
)
def test_what_contradicts_itself_is_said_in_one_line(changes, said):
    with pytest.raises(InputError) as caught:
        hosts.read_hosts(TWO | changes)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"devices": 1}, "pass --devices=N"),
        ({"num_workers": 2}, "Leave out --launcher and --num_workers"),
        ({"launcher": "ray"}, "Leave out --launcher and --num_workers"),
        ({"model_parallel": True}, "the devices of one process"),
        ({"averages": ("seeds",)}, "--average is made by a single process"),
        ({"backend": "torch"}, "on jax only. Received: torch"),
    ],
)
def test_what_several_processes_cannot_do_is_said(
    monkeypatch, tmp_path, how, said
):
    how = {"devices": 2, "stage_store": tmp_path, "backend": "jax", **how}
    monkeypatch.setattr(
        keras.backend, "backend", lambda name=how["backend"]: name
    )
    del how["backend"]
    averages = how.pop("averages", ())
    options = Options(run_dir=tmp_path, **how)
    check_hosts(None, options, averages)
    with pytest.raises(InputError) as caught:
        check_hosts(hosts.read_hosts(TWO), options, averages)
    assert said in str(caught.value) and "\n" not in str(caught.value)


class Company:
    """Stands in for a process among others."""

    def __init__(self, hosts, board):
        self.hosts, self.client = hosts, self
        self.board = board
        self.has_asked = self.has_stopped = False

    def key_value_set(self, key, value):
        if key in self.board:
            raise KeyError(key)
        self.board[key] = value

    def key_value_try_get(self, key):
        return self.board[key]


def test_all_stop_at_the_same_point(monkeypatch):
    board = {}
    one, other = (Company(hosts.Hosts("", 2, n), board) for n in (0, 1))

    def stop(process, point, number=None):
        monkeypatch.setattr(company, "_company", process)
        return backend.stop_signal(point, number)

    assert stop(one, 4) is None
    assert stop(other, 3, 15) is None
    # However far apart they are by now.
    last = 3 + company.MARGIN
    for point in range(5, last):
        assert stop(one, point) is None
    assert stop(one, last, 2) == 15
    assert stop(other, 4, 15) is None
    assert stop(other, last, 15) == 15


def test_devices_are_those_of_all_processes(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    process = Company(hosts.Hosts("", 2, 0), {})
    monkeypatch.setattr(company, "_company", process)
    with pytest.raises(InputError, match="--devices=3 on 2 processes"):
        backend.check_devices(3, is_here=False)
    backend.check_devices(4, is_here=False)


def test_a_process_alone_waits_for_nobody():
    assert not {hosts.ADDRESSES, hosts.NUMBER} & set(os.environ)
    assert backend.is_first_process() and backend.num_processes() == 1
    backend.wait_for_all("anything")
    backend.agree("anything", "else")
    with backend.first_process_first():
        pass


def test_a_port_that_stays_taken_is_said(monkeypatch):
    monkeypatch.setattr(joining, "SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(joining, "HEARTBEAT_SECONDS", 0.01)
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        taken = hosts.Hosts(f"127.0.0.1:{port}", 2, 0)
        with pytest.raises(InputError) as caught:
            joining.start_service(taken)
    assert f"127.0.0.1:{port}: process 0 cannot listen" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_waiting_ends_with_what_is_waited_for_or_its_time(monkeypatch):
    monkeypatch.setattr(joining, "HEARTBEAT_SECONDS", 0.01)
    assert joining.patiently(lambda: 3) == 3
    with pytest.raises(KeyError):
        joining.patiently(lambda: {}["absent"])
    with pytest.raises(TimeoutError):
        joining.patiently(lambda: time.sleep(0.2), 0.02)
