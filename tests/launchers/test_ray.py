"""What is wrong with a cluster is said in one line, before any training."""

import dataclasses
import importlib.util
import pathlib
import types

import pytest

from stilts_keras.errors import InputError
from stilts_keras.launchers import ray as launcher
from stilts_keras.options import Options


def node(name="head", gpus=0.0, alive=True):
    return {
        "NodeName": name,
        "NodeID": name,
        "Alive": alive,
        "Resources": {"CPU": 2.0, "GPU": gpus},
    }


class FakeRay:
    """Answers as Ray does, with nodes that are not there."""

    exceptions = types.SimpleNamespace(RayError=ConnectionAbortedError)

    def __init__(self, *nodes, error=None):
        self._nodes = nodes
        self._error = error
        self.is_ended = False

    def init(self, **how):
        self.how = how
        if self._error:
            raise self._error

    def nodes(self):
        return list(self._nodes)

    def shutdown(self):
        self.is_ended = True


@pytest.fixture
def options(tmp_path):
    return Options(
        run_dir=tmp_path / "run",
        stage_store=tmp_path / "store",
        launcher="ray",
    )


def test_ray_that_is_missing_is_said_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'stilts_keras\[ray\]'"):
        launcher._import_ray()


@pytest.mark.parametrize("address", ["10.0.0.1", "head:", ":6379", "a:b"])
def test_an_address_without_host_or_port_is_refused(address):
    with pytest.raises(InputError, match="must be HOST:PORT"):
        launcher._check_reachable(address)


@pytest.mark.parametrize("port", ["1", "99999"])
def test_an_address_where_nothing_answers_is_refused(port):
    with pytest.raises(InputError, match=f"Nothing answers .*127.0.0.1:{port}"):
        launcher._check_reachable(f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    "error",
    [ConnectionError("gone"), FakeRay.exceptions.RayError("token refused")],
)
def test_a_cluster_that_cannot_be_joined_is_one_line(error, options):
    with pytest.raises(InputError) as caught:
        with launcher._cluster(FakeRay(error=error), options):
            pass
    assert str(error) in str(caught.value)
    assert "RAY_AUTH_TOKEN" in str(caught.value)


def test_a_cluster_of_one_s_own_is_started_and_ended(options):
    ray = FakeRay(node())
    with launcher._cluster(ray, options) as gpus:
        assert gpus == 0.0
        assert ray.how["address"] == "local" and not ray.is_ended
        passed = ray.how["runtime_env"]["env_vars"]
        assert "KERAS_BACKEND" in passed
    assert ray.is_ended


def test_a_stage_takes_one_gpu_where_there_are_any():
    ray = FakeRay(node(), node("worker", gpus=4.0))
    assert launcher._checked_gpus(ray, None) == 1.0
    assert launcher._checked_gpus(ray, 4) == 4
    assert launcher._checked_gpus(ray, None, devices=2) == 2.0


def test_more_gpus_than_any_node_has_are_refused():
    ray = FakeRay(
        node(), node("worker", gpus=2.0), node("gone", gpus=8.0, alive=False)
    )
    with pytest.raises(InputError) as caught:
        launcher._checked_gpus(ray, 3)
    assert str(caught.value) == (
        "--gpus_per_stage=3, but no node of the cluster has more than 2 GPUs, "
        "and a stage trains on one node. Its nodes: head with 0 GPUs, worker "
        "with 2 GPUs."
    )


def test_a_node_that_sees_another_folder_is_told(tmp_path):
    probe = tmp_path / "probe"
    wanted = launcher._wanted()
    probe.touch()
    assert launcher._seen([str(probe)], wanted) == ""
    probe.unlink()
    said = launcher._seen([str(probe)], wanted)
    assert said.startswith(f"folder {str(tmp_path)!r} is not there, or is ano")
    said = launcher._seen([], {**wanted, "keras": "2.0"})
    assert "Install the same versions everywhere" in said


def test_workers_get_whole_paths(options, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    relative = dataclasses.replace(
        options, run_dir="run", stage_store=pathlib.Path("store")
    )
    absolute = launcher._absolute(relative)
    assert absolute.run_dir == tmp_path / "run"
    assert absolute.stage_store == tmp_path / "store"
