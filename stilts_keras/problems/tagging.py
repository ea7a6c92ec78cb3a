"""One tag for each word."""

import keras
import numpy as np
from keras import ops

from stilts_keras.errors import InputError
from stilts_keras.problems.problem import Problem

IGNORED = -1


class Tagging(Problem):
    """Tags each word at its first piece; long sentences take windows.

    A word longer than a window goes on in the next ones, untagged there.

    Source: XTREME, https://github.com/google-research/xtreme
    (utils_preprocess.py: over-long sentences are split, and rejoined).
    """

    pack_key = "tagging 2"

    def __init__(self, task):
        """Takes the Task, whose labels fix the order of the tags."""
        self.labels = task.labels

    def pack(self, examples, tokenizer, max_length):
        """Packs words into as few windows as hold them all."""
        names = ("positions", "tags", "example", "num_cut")
        sequences, columns = [], {name: [] for name in names}
        room = tokenizer.room(1, max_length)
        for position, item in enumerate(examples):
            tags = iter(self._tag_ids(item))
            words = tokenizer.encode_words(item.words)
            for ids, firsts in _windows(words, room):
                packed = tokenizer.join(ids)
                sequences.append(packed)
                (start,) = packed.starts
                columns["positions"].append([start + first for first in firsts])
                columns["tags"].append([next(tags) for _ in firsts])
                columns["example"].append(position)
                columns["num_cut"].append(0)
        return columns | tokenizer.columns(sequences)

    def _tag_ids(self, item):
        if item.tags is None:
            return [IGNORED] * len(item.words)
        if len(item.tags) != len(item.words):
            raise InputError(
                f"a sentence has {len(item.words)} words and {len(item.tags)} "
                f"tags ({' '.join(item.words)[:60]!r}). Expected one tag each."
            )
        # A tag that no training row has can be scored, but not learnt.
        return [
            self.labels.index(tag) if tag in self.labels else IGNORED
            for tag in item.tags
        ]

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, l); y holds tags at first pieces, else `IGNORED`."""
        tags = np.full(
            (len(columns["positions"]), length), IGNORED, dtype="int32"
        )
        for row, positions, values in zip(
            tags, columns["positions"], columns["tags"], strict=True
        ):
            row[positions] = values
        return tokenizer.arrays(columns, length), {"tags": tags}

    def head(self, encoder):
        """Makes the head: dropout and a projection."""
        return TokenHead(len(self.labels), encoder)

    def loss(self, y, logits):
        """Returns the words' cross entropies in nats, and their number."""
        weights = ops.cast(y["tags"] != IGNORED, logits.dtype)
        losses = keras.losses.sparse_categorical_crossentropy(
            ops.maximum(y["tags"], 0), logits, from_logits=True
        )
        return ops.sum(losses * weights), ops.sum(weights)

    def decode(self, logits, columns):
        """Returns the best tags of each window's words."""
        best = logits.argmax(axis=-1)
        return [
            row[positions].tolist()
            for row, positions in zip(best, columns["positions"], strict=True)
        ]

    def finish(self, decoded, features, examples, threshold=None):
        """Joins windows; returns lists of tag names, one per Example."""
        joined = {}
        for example, tags in zip(features["example"][:], decoded, strict=True):
            joined.setdefault(example, []).extend(tags)
        gold, predictions = [], []
        for index, item in enumerate(examples):
            if item is not None:
                gold.append(list(item.tags) if item.tags else None)
                predictions.append([self.labels[tag] for tag in joined[index]])
        return gold, predictions


def _windows(words, num_tokens):
    """Yields each window's tokens and where words begin among them.

    Sentences are cut between words; only a word of more than `num_tokens`
    is cut itself.
    """
    tokens, firsts = [], []
    for pieces in words:
        if tokens and len(tokens) + len(pieces) > num_tokens:
            yield tokens, firsts
            tokens, firsts = [], []
        firsts.append(len(tokens))
        tokens = tokens + pieces
        while len(tokens) > num_tokens:
            yield tokens[:num_tokens], firsts
            tokens, firsts = tokens[num_tokens:], []
    yield tokens, firsts


class TokenHead(keras.layers.Layer):
    """Logits for every token."""

    def __init__(self, num_outputs, encoder, **kwargs):
        """Takes the number of outputs, and the `Encoder` it stands on."""
        super().__init__(**kwargs)
        self.hidden_dim = encoder.hidden_dim
        self.dropout = keras.layers.Dropout(encoder.dropout)
        self.logits = keras.layers.Dense(num_outputs, dtype="float32")

    def build(self, hidden_shape):
        """Builds the projection."""
        self.logits.build((None, None, self.hidden_dim))

    def call(self, hidden, x, training=None):
        """Maps hidden states (b, l, h) to float32 logits (b, l, k)."""
        return self.logits(self.dropout(hidden, training=training))
