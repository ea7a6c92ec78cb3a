"""A model divided among two devices of JAX gives what a whole one gives."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from backbones.made_families import describe_made
from backends import environment
from steps.test_devices import apart
from steps.test_devices import assert_alike
from stilts_keras.backbones import FAMILIES
from stilts_keras.backbones.division import num_bytes
from stilts_keras.errors import InputError
from stilts_keras.options import Options

SCRIPT = pathlib.Path(__file__).parent / "model_parallel_run.py"
# The part that each of two devices has, of a network of 8 hidden units with 2
# heads and 16 units inside; of n rows, where that is None.
PARTS = {
    "embeddings/token_embedding/embeddings": [None, 4],
    "embeddings/position_embedding/embeddings": [64, 4],
    "embeddings_layer_norm/gamma": [8],
    "self_attention_layer/query/kernel": [8, 1, 4],
    "self_attention_layer/key/bias": [1, 4],
    "self_attention_layer/value/kernel": [8, 1, 4],
    "self_attention_layer/attention_output/kernel": [1, 4, 8],
    "self_attention_layer/attention_output/bias": [8],
    "feedforward_intermediate_dense/kernel": [8, 8],
    "feedforward_intermediate_dense/bias": [8],
    "feedforward_output_dense/kernel": [8, 8],
    "feedforward_output_dense/bias": [8],
    "feedforward_layer_norm/beta": [8],
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the script has found."""
    folder = tmp_path_factory.mktemp("model_parallel")
    subprocess.run(
        [sys.executable, SCRIPT, folder],
        env=environment("jax", folder),
        check=True,
    )
    with np.load(folder / "jax.npz") as arrays:
        return json.loads(str(arrays["found"]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "slices"])
def test_a_divided_model_gives_what_a_whole_one_gives(found, name):
    assert_alike(found[f"{name}/1"], found[f"{name}/2"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain/2", "slices/2", "12"])
@pytest.mark.parametrize("kind", ["", "moment of ", "predicting "])
def test_each_device_has_its_part_in_every_stage(found, name, kind):
    places = found[f"{name}/places"]
    paths = [path for path in places if path.startswith(kind)]
    if kind == "moment of " and name.startswith("slices"):
        # Of factors and heads alone, which are whole.
        assert paths and not any("kernel" in p and "layer_" in p for p in paths)
        return
    for part, expected in PARTS.items():
        ends = [path for path in paths if path.endswith(part)]
        assert ends, part
        for path in ends:
            for whole, kept in places[path]:
                wanted = [
                    whole[axis] if size is None else size
                    for axis, size in enumerate(expected)
                ]
                assert kept == wanted, path


@pytest.mark.slow
def test_a_compact_vocabulary_is_divided_and_so_is_the_whole_one(found):
    path = "embeddings/token_embedding/embeddings"
    rows = [whole[0] for whole, _ in found["plain/2/places"][path]]
    assert rows and max(rows) < 1062
    kept = found["plain/2/places"][f"predicting {path}"]
    assert [[1062, 8], [1062, 4]] in kept and len(kept) > 1


@pytest.mark.slow
def test_heads_are_whole_on_each_device(found):
    places = found["plain/2/places"]
    heads = [
        path
        for path in places
        if not any(path.endswith(part) for part in PARTS)
        and "transformer_layer" not in path
    ]
    assert any("head/dense/kernel" in path for path in heads)
    for path in heads:
        assert all(whole == kept for whole, kept in places[path]), path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["21", "12"])
def test_a_run_goes_on_divided_or_whole(found, name):
    plain = found["plain/1"]
    assert apart(plain["losses"][3:], found[name]["losses"]) < 1e-5
    for what in ("scores", "predictions", "stages"):
        assert plain[what] == found[name][what]


@pytest.mark.slow
def test_each_family_is_trained_as_a_whole_one_is(found):
    families = found["families"]
    assert {"xlm_roberta", "mt5"} < set(families)
    for name, family in families.items():
        one, two = family["losses"]
        assert np.abs(np.subtract(one, two)).max() < 1e-5, name
        assert one[0] - one[-1] > 0.01
        halves = [whole != kept for whole, kept in family["parts"].values()]
        assert any(halves) and not all(halves)


@pytest.mark.slow
def test_a_device_needs_the_memory_that_is_said(found):
    for name, family in found["families"].items():
        made = describe_made(FAMILIES[name])
        said = num_bytes(made, FAMILIES[name], 2)
        # Besides: the number of steps, and the last learning rate.
        assert 0 <= family["bytes"] - said <= 16, name


@pytest.mark.slow
def test_a_device_is_sent_its_part_and_no_more(found):
    asked = found["asked"]
    assert asked["asked"] == asked["parts"]
    left = [row[:2] for row in asked["value"]]
    right = [row[2:] for row in asked["value"]]
    assert asked["parts"] == [left, right] and left[1] == [4, 5]
    assert asked["replaced"] == [2, 2]


@pytest.mark.slow
def test_the_memory_of_each_device_is_said(found):
    # 10,224 parameters of 16 bytes, 112 of them whole on each.
    whole, each = 16 * 10224, 16 * (112 + (10224 - 112) // 2)
    (said, *_) = [note for note in found["notes"] if "Model parallel" in note]
    assert f"{each / 1000:.1f} kB of each" in said
    assert f"would need {whole / 1000:.1f} kB" in said


@pytest.mark.slow
def test_what_cannot_be_divided_is_said_before_any_training(found):
    said = found["refused"]["unequal"]
    assert "num_heads=3" in said and "--devices=2" in said
    assert found["refused"]["losses"] == 0


def test_a_model_is_divided_among_several_devices_alone(tmp_path):
    Options(run_dir=tmp_path, devices=2, model_parallel=True)
    with pytest.raises(InputError, match="Pass --devices=2 or more"):
        Options(run_dir=tmp_path, model_parallel=True)
