"""Every family, on every backend: family_run.py in a process for each."""

import json
import pathlib

import numpy as np
import pytest

from backbones.tiny import SPEECH_WRITERS
from backbones.tiny import WRITERS
from backends import BACKENDS
from backends import run_on_backends

SCRIPT = pathlib.Path(__file__).with_name("family_run.py")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return run_on_backends(SCRIPT, tmp_path_factory.mktemp("families"))


@pytest.fixture(params=[*WRITERS, *SPEECH_WRITERS])
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


# What reads audio has no ids.
text_only = pytest.mark.parametrize("name", WRITERS, indirect=True)


@text_only
def test_rows_of_the_token_embedding_leave_and_come_back(found):
    facts = json.loads(str(found["swapped"]))
    assert len(facts) == 5 and all(facts.values()), facts


@text_only
def test_a_stage_comes_back_with_its_tokenizer(found):
    assert str(found["ids"]) == str(found["ids_again"])


def test_parameters_are_counted_right_without_a_framework(found):
    assert len(set(found["num_parameters"].tolist())) == 1


@text_only
def test_ids_equal_those_of_transformers(reference):
    ours = json.loads(str(reference["ids"]))
    assert ours == json.loads(str(reference["expected_ids"]))


# ------------------------------------------------------------------------ LoRA
def test_factors_stand_beside_queries_and_values_alone(found, reference):
    trained, counted = found["num_factors"]
    assert trained == counted
    # Two layers' queries and values, of 16 units.
    assert found["factors_a"].shape == (4, 16, 2)
    assert (found["factors_a"] == reference["factors_a"]).all()
    assert np.abs(found["adapted"] - reference["adapted"]).max() < 1e-5
    assert np.abs(found["adapted"] - found["states"]).max() > 0.1


def test_a_folder_of_factors_loads_to_the_bits_that_were_merged(found):
    as_merged, as_before = np.transpose(found["merged"])
    assert as_merged.all()
    # All but two layers' queries and values.
    assert (~as_before).sum() == 4


def test_merged_weights_do_what_factors_beside_them_did(reference):
    apart = reference["merged_states"] - reference["adapted"]
    assert np.abs(apart).max() < 1e-5


# ---------------------------------------------------------------------- Speech
speech_only = pytest.mark.parametrize("name", SPEECH_WRITERS, indirect=True)


@speech_only
def test_steps_on_recordings_are_equal_on_every_backend(found, reference):
    losses = found["float32/losses"]
    assert losses[-1] < 0.95 * losses[0]
    assert np.abs(losses - reference["float32/losses"]).max() < 1e-4
    assert np.abs(losses - found["sliced/losses"]).max() < 1e-5
    # Sines and cosines stay what they are.
    assert found["float32/positions_moved"] == 0


@speech_only
def test_steps_on_recordings_in_bfloat16_follow_those_in_float32(found):
    losses = found["float32/losses"]
    apart = np.abs(losses - found["mixed_bfloat16/losses"]).max()
    assert 0 < apart < 0.005
