"""What a plan says of a model that is divided among devices."""

import pytest

from stilts_keras.backbones.description import describe_backbone
from stilts_keras.errors import InputError
from stilts_keras.graph.graph import Graph
from stilts_keras.graph.per_device import check_divisible
from stilts_keras.graph.per_device import plan_memory
from stilts_keras.options import Options

LARGE = "xlm_roberta_large_multi"


def said(backbone=LARGE, *, devices=2, recipe=None, targets=("xnli",), **how):
    graph = Graph(
        routes=["pretrained"],
        targets=list(targets),
        data="hub",
        backbone=describe_backbone(backbone),
        recipe=recipe or {},
    )
    options = Options(run_dir=None, devices=devices, model_parallel=True, **how)
    (line,) = plan_memory(graph, options)
    return line


def test_a_plan_states_the_memory_of_each_device():
    # 558,837,760 parameters, 16 bytes for each; 146 vectors are whole.
    line = said(devices=4)
    assert "at most 2.2 GB of each, where one device would need 8.9 GB" in line
    assert "two moments" in line and "Activations and heads" in line


def test_slices_keep_their_sum_and_lora_hardly_anything():
    assert "need 11.2 GB" in said(micro_batch_size=4)
    # Weights alone: 2.24 GB.
    assert "at most 1.1 GB" in said(recipe={"lora_rank": 8})


def test_what_is_not_known_yet_is_said_to_be():
    line = said("hf://owner/name")
    assert "is known once the backbone's sizes are" in line


@pytest.mark.parametrize(
    ("devices", "number"), [(3, "hidden_dim=1024"), (32, "num_heads=16")]
)
def test_unequal_parts_are_refused(devices, number):
    with pytest.raises(InputError) as caught:
        said(devices=devices)
    message = str(caught.value)
    assert number in message and f"--devices={devices}" in message
    assert "\n" not in message


def test_a_family_that_is_not_divided_names_those_that_are():
    backbone = describe_backbone("random", family="whisper")
    with pytest.raises(InputError, match="one of: xlm_roberta, .*, mt5"):
        check_divisible(backbone, 2)
