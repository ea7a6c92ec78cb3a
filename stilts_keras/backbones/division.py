"""How weights are divided among devices, each of which keeps a part of all.

As in Megatron-LM (Shoeybi et al., 2020, https://arxiv.org/abs/1909.08053):
attention by its heads, a feed-forward layer's first projection by its outputs
and its second by its inputs, so that a layer's two halves each need one sum
over devices. Embeddings are divided by their hidden axis, not by rows: numbers
of rows, such as 250,002, have few divisors, and a compact vocabulary changes
them. Vectors of the hidden size are whole on every device, and so are heads.
"""

import dataclasses

# Bytes of a float32, for the weight, its gradient and both of AdamW's moments.
WEIGHT_BYTES, GRADIENT_BYTES, MOMENT_BYTES = 4, 4, 8


@dataclasses.dataclass(frozen=True)
class Division:
    """How the variables of some paths are divided.

    Attributes:
        axis: int. Which of a variable's axes.
        size: str. Which of a family's `SIZES` that axis has, or a multiple.
    """

    axis: int
    size: str


# Of KerasHub's TransformerEncoder and of what is like it.
ENCODER_LAYER = {
    "self_attention_layer/(query|key|value)/kernel": Division(1, "num_heads"),
    "self_attention_layer/(query|key|value)/bias": Division(0, "num_heads"),
    "self_attention_layer/attention_output/kernel": Division(0, "num_heads"),
    "feedforward_intermediate_dense/kernel": Division(1, "intermediate_dim"),
    "feedforward_intermediate_dense/bias": Division(0, "intermediate_dim"),
    "feedforward_output_dense/kernel": Division(0, "intermediate_dim"),
}


def encoder_divisions(*tables, layer="transformer_layer"):
    """Divides an encoder whose layers are like KerasHub's.

    Args:
        *tables: str. Regular expressions of the embeddings' paths.
        layer: str. A layer's name, without its number.

    Returns:
        Dict from a regular expression of whole paths to a `Division`.
    """
    found = {table: Division(1, "hidden_dim") for table in tables}
    for part, division in ENCODER_LAYER.items():
        found[rf"{layer}_\d+/{part}"] = division
    return found


def num_bytes(
    backbone, family, num_devices, *, lora_rank=None, is_sliced=False
):
    """Returns what a stage's training keeps on each device, without heads.

    From shapes alone: float32 weights, gradients and AdamW's two moments. What
    a step computes on the way, activations above all, comes on top.

    Args:
        backbone: `Backbone`.
        family: `FamilyFacts`. The backbone's.
        num_devices: int. 1: all is on one.
        lora_rank: int or None. With it, only factors are trained.
        is_sliced: bool. Whether gradients of slices of a batch are summed up.

    Returns:
        int, or None while a size is unknown.
    """
    total = family.num_parameters(backbone)
    if total is None:
        return None
    per_layer, besides = family.num_whole_vectors
    vectors = per_layer * backbone.num_layers + besides
    whole = vectors * backbone.hidden_dim
    kept = whole + (total - whole) // num_devices
    trained = kept
    if lora_rank is not None:
        # Factors are small, and whole on every device.
        trained = family.num_lora_parameters(backbone, lora_rank)
        kept += trained
    gradients = GRADIENT_BYTES * (2 if is_sliced else 1)
    return WEIGHT_BYTES * kept + (gradients + MOMENT_BYTES) * trained
