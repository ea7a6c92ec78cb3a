"""What each of several devices keeps of a stage that is divided among them."""

from stilts_keras.backbones import FAMILIES
from stilts_keras.backbones import get_family
from stilts_keras.backbones.division import num_bytes
from stilts_keras.errors import InputError


def check_divisible(backbone, num_devices):
    """Refuses to divide what cannot be divided, or not equally.

    Args:
        backbone: Backbone. What is not known before a download is not checked.
        num_devices: int.

    Raises:
        InputError: If it is so.
    """
    if backbone.family is None:
        return
    family = get_family(backbone.family)
    if not family.divisions:
        names = [name for name, other in FAMILIES.items() if other.divisions]
        raise InputError(
            f"--model_parallel: how backbones of family {family.name!r} are "
            "divided among devices is not known here. Expected one of: "
            f"{', '.join(names)}. Leave --model_parallel out: --devices then "
            "divides batches."
        )
    for size in dict.fromkeys(d.size for d in family.divisions.values()):
        number = getattr(backbone, size)
        if number is not None and number % num_devices:
            raise InputError(
                f"--model_parallel: {size}={number} of backbone "
                f"{backbone.name!r} gives --devices={num_devices} unequal "
                f"parts. Pass a --devices that divides {number}."
            )


def plan_memory(graph, options):
    """Says what a plan says of each device, and refuses what cannot be.

    Args:
        graph: Graph.
        options: Options. With a model that is divided.

    Returns:
        List of str.

    Raises:
        InputError: If the model cannot be divided so.
    """
    check_divisible(graph.backbone, options.devices)
    return [describe_memory(graph.backbone, graph.stages, options)]


def describe_memory(backbone, stages, options):
    """Says how much of each device's memory the stages' training keeps.

    Args:
        backbone: Backbone.
        stages: iterable of Stage, those that are trained.
        options: Options. With several devices.

    Returns:
        str. A sentence or two.
    """
    # Here: it takes longer to import than this whole room.
    from rich.filesize import decimal

    number = options.devices
    begin = f"Model parallel on {number} devices:"
    ranks = {stage.recipe.lora_rank for stage in stages}
    is_sliced = options.micro_batch_size is not None
    each = _most_bytes(backbone, number, ranks, is_sliced)
    if each is None:
        return (
            f"{begin} the memory that each needs is known once the backbone's "
            "sizes are."
        )
    whole = _most_bytes(backbone, 1, ranks, is_sliced)
    return (
        f"{begin} weights, gradients and AdamW's two moments take at most "
        f"{decimal(each)} of each, where one device would need "
        f"{decimal(whole)}. Activations and heads come on top."
    )


def _most_bytes(backbone, num_devices, ranks, is_sliced):
    """Returns those of the stage that needs most; None while unknown."""
    if backbone.family is None:
        return None
    family = get_family(backbone.family)
    found = [
        num_bytes(
            backbone, family, num_devices, lora_rank=rank, is_sliced=is_sliced
        )
        for rank in ranks
    ]
    return None if None in found else max(found, default=None)
