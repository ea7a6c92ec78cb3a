"""Predict masked tokens; new masks in every pass over the data."""

import keras
import numpy as np
from keras import ops

from stilts_keras.backbones.encoder import ACTIVATIONS
from stilts_keras.errors import InputError
from stilts_keras.problems.problem import Problem

MASK_RATE = 0.15
# Of the chosen tokens: masked, replaced by a random token; the rest stays.
MASK_SHARE = 0.8
RANDOM_SHARE = 0.1
# Where the backbone has no layer norm, whose epsilon the head's follows.
LAYER_NORM_EPSILON = 1e-5


class MaskedLM(Problem):
    """Dynamic masking and a softmax tied to the token embedding.

    The softmax goes over the whole vocabulary and gives every row of the token
    embedding a gradient, and any token may stand in place of a masked one: a
    stage with this problem, alone or in a mixture, trains on all rows. A
    softmax over fewer rows would be another loss.

    Source: Liu et al., 2019, section 4.1, https://arxiv.org/abs/1907.11692.
    """

    pack_key = "masked lm 1"
    needs_vocabulary = True

    def __init__(self, task):
        """Takes the Task."""

    def pack(self, examples, tokenizer, max_length):
        """Tokenises; a long text becomes several sequences."""
        if tokenizer.mask_id is None:
            raise InputError(
                "the backbone's vocabulary has no mask token, so nothing can "
                "be masked. Leave mlm out of the route."
            )
        sequences, columns = [], {"example": [], "num_cut": []}
        room = tokenizer.room(1, max_length)
        texts = tokenizer.encode([item.text for item in examples])
        for position, ids in enumerate(texts):
            for start in range(0, max(len(ids), 1), room):
                part = ids[start : start + room]
                sequences.append(tokenizer.join(part))
                columns["example"].append(position)
                columns["num_cut"].append(0)
        return columns | tokenizer.columns(sequences)

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, l) and masks; y holds the tokens to be found.

        Args:
            columns: dict of lists.
            length: int.
            tokenizer: `Tokenizer`.
            random: `numpy.random.Generator` that draws the masks, or None
                for masks that are the same in every call.

        Returns:
            x with the backbone's inputs (b, l) and `positions` (b, p),
            y with `ids` and `weights` (b, p).
        """
        random = random or np.random.default_rng(0)
        x = tokenizer.arrays(columns, length)
        ids, text = x[tokenizer.ids_input], tokenizer.text_ids
        can_be_masked = (ids >= text.start) & (ids < text.stop)
        # Equal p for all batches of this length: one shape, one compilation.
        num_positions = max(1, round(MASK_RATE * length))
        draw = _for_each(can_be_masked, random.random, 2.0)
        positions = np.argsort(draw, axis=1, kind="stable")[:, :num_positions]
        num_tokens = can_be_masked.sum(axis=1, keepdims=True)
        wanted = np.maximum(1, np.round(MASK_RATE * num_tokens))
        weights = np.arange(num_positions) < np.minimum(wanted, num_tokens)
        original = np.take_along_axis(ids, positions, axis=1)
        replaced = _replaced(original, weights, tokenizer, random)
        masked = ids.copy()
        np.put_along_axis(masked, positions, replaced, axis=1)
        x[tokenizer.ids_input] = masked
        x["positions"] = positions.astype("int32")
        return x, {"ids": original, "weights": weights.astype("float32")}

    def head(self, encoder):
        """Makes the head on the backbone's own token embedding."""
        return MaskedLMHead(encoder)

    def loss(self, y, logits):
        """Returns cross entropies of masked tokens in nats; their number."""
        losses = keras.losses.sparse_categorical_crossentropy(
            y["ids"], logits, from_logits=True
        )
        weights = ops.cast(y["weights"], losses.dtype)
        return ops.sum(losses * weights), ops.sum(weights)


def _for_each(chosen, draw, otherwise):
    """Draws a number for each chosen place, row by row.

    Nothing is drawn for padding: a batch is padded to another length on
    another backend, and must be masked alike.
    """
    numbers = np.full(chosen.shape, otherwise, dtype="float64")
    numbers[chosen] = draw(np.count_nonzero(chosen))
    return numbers


def _replaced(original, chosen, tokenizer, random):
    """Draws what stands in place of each chosen token."""
    text = tokenizer.text_ids
    kinds = _for_each(chosen, random.random, 1.0)
    anything = _for_each(
        chosen, lambda size: random.integers(text.start, text.stop, size), 0
    )
    is_random = kinds < MASK_SHARE + RANDOM_SHARE
    replaced = np.where(is_random, anything, original)
    replaced = np.where(kinds < MASK_SHARE, tokenizer.mask_id, replaced)
    return replaced.astype("int32")


class MaskedLMHead(keras.layers.Layer):
    """Dense, activation, layer norm, then the transposed token embedding."""

    def __init__(self, encoder, **kwargs):
        """Takes the `Encoder`, whose embedding it shares but does not own."""
        super().__init__(**kwargs)
        # A function, not the layer: the weights must not be saved twice.
        self._to_vocabulary = encoder.to_vocabulary
        self.hidden_dim = encoder.hidden_dim
        self.vocabulary_size = encoder.vocabulary_size
        self.dense = keras.layers.Dense(
            self.hidden_dim,
            activation=ACTIVATIONS[encoder.masked_lm_activation],
        )
        self.layer_norm = keras.layers.LayerNormalization(
            epsilon=encoder.layer_norm_epsilon or LAYER_NORM_EPSILON
        )

    def build(self, hidden_shape):
        """Builds the transformation and the output bias."""
        self.dense.build((None, None, self.hidden_dim))
        self.layer_norm.build((None, None, self.hidden_dim))
        self.bias = self.add_weight(
            shape=(self.vocabulary_size,), initializer="zeros", name="bias"
        )

    def call(self, hidden, x, training=None):
        """Maps hidden states (b, l, h) to float32 logits (b, p, k)."""
        state = ops.take_along_axis(hidden, x["positions"][:, :, None], axis=1)
        state = self.layer_norm(self.dense(state))
        logits = self._to_vocabulary(state)
        return ops.cast(logits, "float32") + ops.cast(self.bias, "float32")
