"""Which variables of a family are divided among devices, and by which axis."""

import math
import re

import pytest

from backbones.made_families import SIZES
from backbones.made_families import describe_made
from backbones.made_families import made_model
from encoders import tiny_encoder
from stilts_keras.backbones import FAMILIES
from stilts_keras.backbones.division import num_bytes
from stilts_keras.backbones.lora import add_lora
from stilts_keras.problems import problem_of
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.task import Recipe

DIVIDED = {name: f for name, f in FAMILIES.items() if f.divisions}
RECIPE = Recipe(epochs=1, batch_size=2, max_length=8, learning_rate=1e-3)


@pytest.fixture(params=DIVIDED, scope="module")
def family(request):
    return DIVIDED[request.param]


@pytest.fixture(scope="module")
def variables(family):
    """What a network trains: dict from path to shape."""
    network = family.network(made_model(family))
    found = {v.path: tuple(v.shape) for v in network.trainable_variables}
    assert len(found) == len(network.trainable_variables)
    for other in network.non_trainable_variables:
        assert not patterns_of(family, other.path)
    return found


def patterns_of(family, path):
    """Whole paths, as Keras's LayoutMap looks for them."""
    return [each for each in family.divisions if re.fullmatch(each, path)]


def test_all_families_that_read_texts_are_divided():
    texts = {name for name, f in FAMILIES.items() if f.reads == "text"}
    assert set(DIVIDED) == texts


def test_every_path_is_divided_once_or_is_a_whole_vector(family, variables):
    for path, shape in variables.items():
        found = patterns_of(family, path)
        # Keras refuses a path of several patterns.
        assert len(found) <= 1, path
        if not found:
            assert shape == (SIZES["hidden_dim"],), path
    per_layer, besides = family.num_whole_vectors
    whole = [path for path in variables if not patterns_of(family, path)]
    assert len(whole) == per_layer * SIZES["num_layers"] + besides


def test_the_axis_divided_has_the_size_that_is_checked(family, variables):
    made = describe_made(family)
    for pattern, division in family.divisions.items():
        axes = [
            shape[division.axis]
            for path, shape in variables.items()
            if re.fullmatch(pattern, path)
        ]
        assert axes, f"{pattern} matches nothing"
        size = getattr(made, division.size)
        # A projection may have the heads' units in one axis.
        assert all(axis % size == 0 for axis in axes), pattern


def test_memory_is_counted_from_the_shapes(family, variables):
    made = describe_made(family)
    counts = dict.fromkeys((1, 2), 0)
    for path, shape in variables.items():
        for number in counts:
            share = number if patterns_of(family, path) else 1
            counts[number] += math.prod(shape) // share
    for number, count in counts.items():
        assert num_bytes(made, family, number) == 16 * count
        sliced = num_bytes(made, family, number, is_sliced=True)
        assert sliced == 20 * count
        lora = family.num_lora_parameters(made, 3)
        adapted = num_bytes(made, family, number, lora_rank=3)
        assert adapted == 4 * count + 16 * lora


def test_nothing_else_of_a_stage_s_model_is_divided_by_accident():
    encoder = tiny_encoder()
    family = encoder.family
    own = {id(variable) for variable in encoder.network.variables}
    add_lora(encoder, 2, seed=1)
    names = ("xnli", "xcopa", "udpos", "squad", "mlm", "tatoeba", "lareqa")
    heads = {
        name: problem_of(TASKS[name]).head(encoder)
        for name in names
        if TASKS[name].kind.is_trained
    }
    assert len(heads) >= 5
    model = MultiTask(encoder, heads)
    optimizer = make_optimizer(RECIPE, 4, model.trainable_variables)
    others = [v for v in model.variables if id(v) not in own]
    assert any("factor_a" in variable.path for variable in others)
    for variable in (*others, *optimizer.variables):
        assert not patterns_of(family, variable.path), variable.path
    # Keras looks layers' outputs up, too.
    for layer in model._flatten_layers():
        assert not patterns_of(family, f"{layer.path}/output")
