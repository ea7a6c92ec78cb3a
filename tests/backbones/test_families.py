"""Every family, on every backend: family_run.py in a process for each."""

import json
import pathlib

import numpy as np
import pytest

from backbones.tiny import WRITERS
from backends import BACKENDS
from backends import run_on_backends

SCRIPT = pathlib.Path(__file__).with_name("family_run.py")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return run_on_backends(SCRIPT, tmp_path_factory.mktemp("families"))


@pytest.fixture(params=WRITERS)
def name(request):
    return request.param


@pytest.fixture(params=BACKENDS)
def found(request, runs, name):
    """What one backend noted of one folder."""
    return of_folder(runs[request.param], name)


@pytest.fixture
def reference(runs, name):
    """What the torch process noted of it, transformers' part included."""
    return of_folder(runs["torch"], name)


def of_folder(arrays, name):
    return {
        key.removeprefix(f"{name}/"): array
        for key, array in arrays.items()
        if key.startswith(f"{name}/")
    }


def test_every_hidden_state_equals_transformers(found, reference):
    expected = reference["expected"]
    # Embedding and two layers, 16 units.
    assert expected.shape[::2] == (3, 16)
    assert expected.std(axis=(1, 2)).min() > 0.1
    assert found["states"].shape == expected.shape
    assert np.abs(found["states"] - expected).max() < 1e-5


def test_a_stage_comes_back_with_its_states_and_settings(found):
    for key in ("again", "loaded"):
        assert np.abs(found[key] - found["states"]).max() < 1e-5
    settings, again = json.loads(str(found["settings"]))
    assert settings == again and settings
    assert found["dropout"].tolist() == [0.05] * 3
    assert str(found["ids"]) == str(found["ids_again"])


def test_rows_of_the_token_embedding_leave_and_come_back(found):
    facts = json.loads(str(found["swapped"]))
    assert len(facts) == 5 and all(facts.values()), facts


def test_parameters_are_counted_right_without_a_framework(found):
    assert len(set(found["num_parameters"].tolist())) == 1


def test_ids_equal_those_of_transformers(reference):
    ours = json.loads(str(reference["ids"]))
    assert ours == json.loads(str(reference["expected_ids"]))
