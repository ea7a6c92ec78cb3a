"""Attention's own step, by the fastest path that gives the same."""

import functools

import keras

from stilts_keras.backend.dropout import dropped


def quicken_attention(layer):
    """Lets a layer take a fused path wherever its backend has one.

    Keras takes the slow path, by einsum, whenever a layer was made with
    dropout, even at inference, where dropout does nothing.

    - Without dropout, as in evaluation, all backends take Keras's fused path.
      On a GPU that is cuDNN's flash attention on JAX wherever cuDNN takes the
      shapes, as Keras finds out by itself; not seen on one yet.
    - In training with dropout, torch takes its own: on a GPU the fused
      kernel, which draws dropout itself; on a CPU, where torch has none with
      dropout, batched products and `dropped`. JAX and TensorFlow stay with
      einsum: their fused paths know no dropout.

    Layers of other kinds, those of DeBERTa and T5, have scores of their own,
    which these paths do not know: they stay as they are.

    Args:
        layer: `keras.layers.MultiHeadAttention`, built.
    """
    layer._compute_attention = functools.partial(
        _attend, layer, layer._compute_attention
    )


def _attend(
    layer,
    slow,
    query,
    key,
    value,
    attention_mask=None,
    training=None,
    return_attention_scores=False,
    **causal,
):
    """Stands in for the layer's own method, which is `slow`.

    KerasHub names the mask, Keras does not.
    """
    rate = layer._dropout if training else 0.0
    on_torch = keras.backend.backend() == "torch"
    asked = return_attention_scores or any(causal.values())
    if on_torch and not asked and len(query.shape) == 4:
        rate = layer._dropout_layer.rate if rate else 0.0
        return _attend_on_torch(
            query,
            key,
            value,
            _added_to_scores(attention_mask, query.dtype),
            scale=layer._inverse_sqrt_key_dim,
            rate=rate,
        ), None
    before, layer._dropout = layer._dropout, rate
    try:
        return slow(
            query,
            key,
            value,
            attention_mask,
            training,
            return_attention_scores,
            **causal,
        )
    finally:
        layer._dropout = before


def _attend_on_torch(query, key, value, added, *, scale, rate):
    """Attends on torch.

    Args:
        query: tensor (b, l, heads, h).
        key: tensor (b, m, heads, h).
        value: tensor (b, m, heads, h).
        added: tensor (b, 1, l or 1, m), or None. To the scores.
        scale: float. Of the scores.
        rate: float in [0, 1). Of dropout.

    Returns:
        Tensor (b, l, heads, h).
    """
    if rate and query.device.type == "cpu":
        return _products(query, key, value, added, scale, rate)
    import torch

    turned = [tensor.transpose(1, 2) for tensor in (query, key, value)]
    return torch.nn.functional.scaled_dot_product_attention(
        *turned, attn_mask=added, dropout_p=rate, scale=scale
    ).transpose(1, 2)


def _added_to_scores(mask, dtype):
    """Returns (b, 1, l or 1, m): 0 to see, much less not to; or None."""
    if mask is None:
        return None
    import torch

    # Not infinite: rows without any token would become no numbers.
    low = torch.finfo(dtype).min / 2
    zeros = torch.zeros((), dtype=dtype, device=mask.device)
    return zeros.masked_fill(~mask.bool(), low)[:, None]


def _products(query, key, value, added, scale, rate):
    """Attends by two batched products, of tensors (b heads, l, h)."""
    import torch

    b, length, heads, size = query.shape
    query = (query * scale).transpose(1, 2).reshape(b * heads, length, size)
    key = key.permute(0, 2, 3, 1).reshape(b * heads, size, -1)
    value = value.transpose(1, 2).reshape(b * heads, -1, size)
    if added is None:
        scores = torch.bmm(query, key)
    else:
        added = added.expand(b, heads, *added.shape[2:]).flatten(0, 1)
        scores = torch.baddbmm(added, query, key)
    seen = torch.bmm(dropped(torch.softmax(scores, -1), rate), value)
    return seen.view(b, heads, length, size).transpose(1, 2)
