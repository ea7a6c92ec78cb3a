"""Recordings, and what family_run.py does with a backbone that hears them."""

import keras
import numpy as np

from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.problems.classification import ClassificationHead
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.steps.update import Update
from stilts_keras.tasks.task import Recipe

NUM_POSITIONS = 16
NUM_STEPS = 6


def waveforms(*lengths, hum=0.3, seed=0):
    """Noise that grows louder, and a hum: float32 arrays of so many samples."""
    random = np.random.default_rng(seed)
    found = []
    for length in lengths:
        times = np.arange(length) / 16_000
        tone = np.sin(2 * np.pi * random.uniform(100, 4000) * times)
        noise = random.standard_normal(length) * np.linspace(0, 0.2, length)
        found.append((hum * tone + noise).astype("float32"))
    return found


def arrays(log_mel, frames, length=None):
    """Pads frames of recordings as the network takes them."""
    length = length or max(map(len, frames))
    x = log_mel.arrays(log_mel.columns(frames), length)
    return {**x, log_mel.mask_input: x[log_mel.mask_input].astype("int32")}


def batch(log_mel):
    """Three recordings of 15, 9 and 1 positions, in 16."""
    frames = log_mel.encode(waveforms(320 * 15, 320 * 8 + 7, 90))
    assert [*map(len, frames)] == [15, 9, 1]
    return arrays(log_mel, frames, NUM_POSITIONS)


def states_of_transformers(folder, frames, dtype="float32"):
    """All hidden states of one recording alone: (n + 1, l, h).

    transformers' encoder wants as many frames as it has positions for, and
    masks none: so it gets a table of as many positions as there are.
    """
    import torch
    import transformers

    kind = transformers.WhisperForAudioClassification
    encoder = kind.from_pretrained(folder).get_encoder().eval()
    encoder = encoder.to(getattr(torch, dtype))
    length = len(frames) // 2
    table = encoder.embed_positions.weight[:length]
    encoder.embed_positions = torch.nn.Embedding.from_pretrained(table)
    encoder.config.max_source_positions = length
    with torch.no_grad():
        found = encoder(
            torch.tensor(frames.T[None]).to(table.dtype),
            output_hidden_states=True,
        ).hidden_states
    return np.stack([state.numpy()[0] for state in found])


def from_transformers(folder, x):
    """All hidden states of valid positions, row by row: (n + 1, tokens, h)."""
    lengths = x["padding_mask"].sum(axis=1)
    rows = x["frames"].reshape(len(lengths), 2 * NUM_POSITIONS, -1)
    return np.concatenate(
        [
            states_of_transformers(folder, row[: 2 * length])
            for row, length in zip(rows, lengths, strict=True)
        ],
        axis=1,
    )


def steps(root):
    """Losses of a few steps: whole, in slices, and in bfloat16."""
    found = {}
    for name, policy, size in (
        ("float32", "float32", None),
        ("sliced", "float32", 1),
        ("mixed_bfloat16", "mixed_bfloat16", None),
    ):
        tokenizer = load_tokenizer(root)
        encoder = load_root(root, tokenizer=tokenizer, dtype_policy=policy)
        # Dropout is drawn otherwise on each backend.
        for layer in encoder.network._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        model = MultiTask(encoder, {"topic": head(encoder)}, seed=1)
        positions = encoder.network.get_layer("encoder_position_embedding")
        before = np.array(positions.get_weights()[0])
        recipe = Recipe(learning_rate=0.02, warmup_ratio=0.0)
        update = Update(
            model,
            {"topic": loss},
            make_optimizer(recipe, NUM_STEPS, model.trainable_variables),
            micro_batch_size=size,
        )
        x = batch(tokenizer)
        y = {"label": np.array([0, 1, 2], "int32")}
        found[f"{name}/losses"] = [
            float(update("topic", x, y)) for _ in range(NUM_STEPS)
        ]
        moved = np.abs(positions.get_weights()[0] - before)
        found[f"{name}/positions_moved"] = moved.max()
    return found


def head(encoder):
    """A head of three classes, as yet without dropout."""
    made = ClassificationHead(3, encoder)
    made.dropout.rate = 0.0
    return made


def loss(y, logits):
    """Sum of cross entropies, and their number."""
    losses = keras.losses.sparse_categorical_crossentropy(
        y["label"], logits, from_logits=True
    )
    return keras.ops.sum(losses), keras.ops.cast(
        keras.ops.size(losses), losses.dtype
    )
