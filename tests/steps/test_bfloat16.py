"""Every problem in `mixed_bfloat16` on every backend: bfloat16_run.py.

By default on torch, which compiles nothing; the others are marked slow.
"""

import pathlib

import numpy as np
import pytest

from backends import OTHERS
from backends import run_on
from steps.bfloat16_run import ONLY_EVALUATED
from steps.bfloat16_run import TRAINED
from stilts_keras.problems import PROBLEMS
from stilts_keras.tasks import get_task

SCRIPT = pathlib.Path(__file__).with_name("bfloat16_run.py")


@pytest.fixture(
    scope="module",
    params=[
        "torch",
        *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS),
    ],
)
def found(request, tmp_path_factory, write_pools):
    folder = tmp_path_factory.mktemp("bfloat16")
    write_pools(folder / "data", "de")
    return run_on(request.param, SCRIPT, folder)


def test_all_problems_are_among_the_tasks():
    names = TRAINED + ONLY_EVALUATED
    assert {get_task(name).problem for name in names} == set(PROBLEMS)


def test_layers_compute_in_bfloat16_and_variables_stay_float32(found):
    assert found["float32/computed"] == "float32"
    assert found["mixed_bfloat16/computed"] == "bfloat16"
    for policy in ("float32", "mixed_bfloat16"):
        kinds = {k for k in found[f"{policy}/variables"] if "float" in k}
        assert kinds == {"float32"}


def test_variables_of_two_dtypes_are_clipped_together(found):
    if "two/0" not in found:
        pytest.skip("torch's own update alone takes several dtypes")
    # Equal gradients twice: momentum is 0.19 of them, each step the rate.
    exact = np.float32(1.0)
    for rate in (0.5, 0.45):
        exact = exact * (1 - 0.1 * rate) - rate
    for number, (norm, close) in enumerate(((3, 1e-4), (4, 0.03))):
        moment = 0.19 * norm / 5 / np.sqrt(5)
        found_moment = found[f"two_moments/{number}"]
        assert found_moment == pytest.approx(moment, rel=max(close, 0.01))
        assert found[f"two/{number}"] == pytest.approx(exact, abs=close)


@pytest.mark.parametrize("task", TRAINED)
def test_losses_are_close_to_those_of_float32(found, task):
    ours = found[f"mixed_bfloat16/{task}/losses"]
    exact = found[f"float32/{task}/losses"]
    assert np.isfinite(ours).all() and len(ours) == 3
    # Eight bits of precision: 0.4 % at each operation.
    assert ours == pytest.approx(exact, rel=0.03)
    assert (ours != exact).any()


@pytest.mark.parametrize("task", TRAINED + ONLY_EVALUATED)
def test_evaluations_give_numbers(found, task):
    assert found[f"mixed_bfloat16/{task}/predicted"]


@pytest.mark.parametrize("task", ONLY_EVALUATED)
def test_vectors_are_close_to_those_of_float32(found, task):
    ours = found[f"mixed_bfloat16/{task}/vectors"]
    exact = found[f"float32/{task}/vectors"]
    assert len(ours) == len(exact) > 0
    assert np.abs(ours - exact).max() < 0.03 * np.abs(exact).max()
    assert (ours != exact).any()
