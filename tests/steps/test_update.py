import numpy as np
import pytest

from stilts_keras import backend
from stilts_keras.errors import InputError
from stilts_keras.problems import PROBLEMS
from stilts_keras.problems.problem import Problem
from stilts_keras.steps.update import _slices
from stilts_keras.steps.update import check_sliceable


@pytest.mark.parametrize(
    ("num_rows", "size", "expected"),
    [
        (32, 4, [4] * 8),
        (7, 3, [3, 2, 2]),
        (5, 4, [3, 2]),
        (3, 1, [1, 1, 1]),
        (9, 8, [5, 4]),
    ],
)
def test_slices_hold_all_rows_in_order_and_at_most_two_sizes(
    num_rows, size, expected
):
    x = {"ids": np.arange(num_rows * 6).reshape(num_rows, 2, 3)}
    y = np.arange(num_rows)
    parts = list(_slices((x, y), num_rows, size))
    assert [len(part["ids"]) for part, _ in parts] == expected
    assert np.array_equal(
        np.concatenate([p["ids"] for p, _ in parts]), x["ids"]
    )
    assert np.array_equal(np.concatenate([part for _, part in parts]), y)


@pytest.mark.parametrize(
    ("num_rows", "size", "expected"),
    [(32, 9, [8] * 4), (8, 5, [4, 4]), (12, 3, [2] * 6), (10, 4, [4, 4, 2])],
)
def test_slices_give_each_of_two_devices_as_many_rows(
    monkeypatch, num_rows, size, expected
):
    monkeypatch.setattr(backend, "rows_multiple", lambda: 2)
    parts = list(_slices(np.arange(num_rows), num_rows, size))
    assert [len(part) for part in parts] == expected
    assert np.array_equal(np.concatenate(parts), np.arange(num_rows))


class InBatchNegatives(Problem):
    is_sliceable = False


def test_a_loss_that_compares_rows_is_not_sliced():
    problem = InBatchNegatives()
    with pytest.raises(InputError, match="'pairs' compares all rows") as caught:
        check_sliceable("pairs", problem, 32, 4)
    assert "at least its batch size, 32. Received: 4" in str(caught.value)
    for whole in (None, 32, 64):
        check_sliceable("pairs", problem, 32, whole)


def test_todays_losses_are_sums_over_rows_but_for_one():
    for name, problem in PROBLEMS.items():
        assert problem.is_sliceable == (name != "dual_encoder")
