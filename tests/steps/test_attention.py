"""Attention and dropout by their quick paths: attention_run.py."""

import pathlib

import numpy as np
import pytest

from backends import BACKENDS
from backends import OTHERS
from backends import run_on_backends

SCRIPT = pathlib.Path(__file__).with_name("attention_run.py")
RATE = 0.3


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return run_on_backends(SCRIPT, tmp_path_factory.mktemp("attention"))


@pytest.mark.parametrize("name", BACKENDS)
def test_quick_attention_is_keras_own(runs, name):
    assert np.abs(runs[name]["slow"]).max() > 1
    assert runs[name]["quick"] == pytest.approx(
        runs[name]["slow"], rel=1e-5, abs=1e-5
    )


@pytest.mark.parametrize("what", ["states", "loss", "gradient"])
@pytest.mark.parametrize("name", BACKENDS)
def test_both_paths_of_training_have_equal_gradients(runs, name, what):
    found = runs[name]
    assert np.abs(found[f"none/{what}"]).max() > 0.01
    assert found[f"made_with_dropout/{what}"] == pytest.approx(
        found[f"none/{what}"], abs=2e-6
    )


@pytest.mark.parametrize("what", ["states", "loss", "gradient"])
@pytest.mark.parametrize("name", OTHERS)
def test_backends_have_equal_gradients(runs, name, what):
    key = f"made_with_dropout/{what}"
    assert runs[name][key] == pytest.approx(runs["torch"][key], abs=2e-6)


def test_dropped_attention_on_torch_has_keras_mean_and_deviation(runs):
    """Over 2,000 draws, of the same probabilities and rate."""
    found = runs["torch"]
    slow, quick = found["dropped/slow"], found["dropped/quick"]
    deviation = found["dropped/slow/deviation"]
    assert deviation.min() > 0
    errors = (quick - slow) / (deviation * np.sqrt(2 / 2000))
    # 324 normal errors: none as large, and not all too small.
    assert np.abs(errors).max() < 5
    assert 0.5 < errors.std() < 1.5
    share = found["dropped/quick/deviation"] / deviation
    assert np.abs(share - 1).max() < 0.15


@pytest.mark.parametrize("name", BACKENDS)
def test_dropout_has_the_gradient_of_what_it_kept(runs, name):
    before, gradient = runs[name]["dropout_gradient"]
    kept = gradient != 0
    assert 0.5 < kept.mean() < 0.9
    # Scaled on the way there, and on the way back.
    assert gradient[kept] == pytest.approx(
        before[kept] / (1 - RATE) ** 2, rel=1e-4
    )


@pytest.mark.parametrize("name", BACKENDS)
def test_dropout_keeps_its_share_independently(runs, name):
    found, other = runs[name]["dropout"]
    assert (found != other).mean() > RATE / 2
    num = found.size
    kept = found != 0
    spread = np.sqrt(RATE * (1 - RATE) / num)
    assert abs(kept.mean() - (1 - RATE)) < 5 * spread
    assert found[kept] == pytest.approx(1 / (1 - RATE), rel=1e-4)
    # Two or four neighbours come from one draw: as independent as others.
    flat = kept.ravel() - kept.mean()
    for lag in (1, 2, 3, 4, 503):
        together = (flat[lag:] * flat[:-lag]).mean() / flat.var()
        assert abs(together) < 5 / np.sqrt(num), lag
