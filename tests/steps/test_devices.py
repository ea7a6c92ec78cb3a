"""Several devices give what one gives; some are virtual ones of JAX."""

import json
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from backends import environment
from stilts_keras import backend
from stilts_keras.errors import InputError
from stilts_keras.options import Options

SCRIPT = pathlib.Path(__file__).parent / "devices_run.py"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What graphs give on one device, and on two."""
    folder = tmp_path_factory.mktemp("devices")
    names = ["plain", "slices", "resumed"]
    subprocess.run(
        [sys.executable, SCRIPT, folder, *names],
        env=environment("jax", folder),
        check=True,
    )
    with np.load(folder / "jax.npz") as arrays:
        return json.loads(str(arrays["found"]))


def apart(one, other):
    """Returns the largest difference of two runs' losses, step by step."""
    assert [each[:2] for each in one] == [each[:2] for each in other]
    losses = [[loss for *_, loss in each] for each in (one, other)]
    return np.abs(np.subtract(*losses)).max()


def assert_alike(one, two):
    """Checks that two whole runs are one, but for rounding."""
    assert len(one["losses"]) == 8
    assert apart(one["losses"], two["losses"]) < 1e-5
    for what in ("scores", "predictions", "stages"):
        assert one[what] and one[what] == two[what]
    assert not two["left"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "slices"])
def test_two_devices_give_what_one_gives(runs, name):
    assert_alike(runs[f"{name}/1"], runs[f"{name}/2"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "slices"])
def test_all_stages_and_evaluations_are_on_both(runs, name):
    for number in (1, 2):
        found = runs[f"{name}/{number}"]
        # Of every step, and of all that was predicted.
        assert found["variables"] == [number]
        assert found["rows"] == [number]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["21", "12"])
def test_a_run_is_stopped_on_some_and_goes_on_on_others(runs, name):
    plain, found = runs["plain/1"], runs[f"resumed/{name}"]
    assert found["variables"] == [int(name[1])]
    assert apart(plain["losses"][3:], found["losses"]) < 1e-5
    for what in ("scores", "predictions", "stages"):
        assert plain[what] == found[what]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent", "--devices=3, but JAX has 2 here: cpu:0, cpu:1."),
        ("unequal", "'mnli:32': batches of 9 rows give --devices=2 unequal"),
        ("too_few_rows", "--micro_batch_size=1 gives not each of --devices=2"),
    ],
)
def test_what_cannot_be_is_said_before_any_training(runs, name, said):
    assert said in runs["refused"][name]
    assert runs["refused"][f"{name}_losses"] == 0


# ----------------------------------------------------------- Without any model
@pytest.mark.parametrize("name", ["torch", "tensorflow"])
def test_other_backends_name_what_works(monkeypatch, name):
    monkeypatch.setattr(keras.backend, "backend", lambda: name)
    backend.check_devices(1)
    with pytest.raises(InputError) as caught:
        backend.check_devices(2)
    said = str(caught.value)
    assert f"--devices=2 on {name}" in said and "\n" not in said
    assert "--launcher=ray --gpus_per_stage=1" in said


def test_each_device_has_as_many_rows():
    backend.check_rows("mnli", 32, 4, 4)
    with pytest.raises(InputError, match="such as --batch_size=30"):
        backend.check_rows("mnli", 32, 3)
    with pytest.raises(InputError, match="such as --batch_size=64"):
        backend.check_rows("mnli", 32, 64)
    with pytest.raises(InputError, match="Expected at least 4"):
        backend.check_rows("mnli", 32, 4, 3)


def test_a_stage_has_no_more_devices_than_its_gpus(tmp_path):
    how = {"run_dir": tmp_path, "stage_store": tmp_path, "launcher": "ray"}
    Options(**how, devices=2)
    # On processors, where no GPU is asked for.
    Options(**how, devices=2, gpus_per_stage=0.0)
    with pytest.raises(InputError, match="Pass --gpus_per_stage=2"):
        Options(**how, devices=2, gpus_per_stage=1.0)
