"""One tag for each word."""

import keras
import numpy as np
from keras import ops

from stilts_keras.data.batches import pad
from stilts_keras.data.tokenizer import PAD_ID
from stilts_keras.data.tokenizer import UNK_ID
from stilts_keras.errors import InputError

IGNORED = -1


class Tagging:
    """Tags each word at its first piece; long sentences take windows.

    Source: XTREME, https://github.com/google-research/xtreme
    (utils_preprocess.py: over-long sentences are split, and rejoined).
    """

    pack_key = "tagging 1"

    def __init__(self, task):
        """Takes the Task, whose labels fix the order of the tags."""
        self.labels = task.labels

    def pack(self, examples, tokenizer, max_length):
        """Packs words into as few windows as hold them all."""
        columns = {
            name: []
            for name in ("token_ids", "positions", "tags", "example", "num_cut")
        }
        for position, item in enumerate(examples):
            tags = self._tag_ids(item)
            words = [
                # No piece, or more than a window: XTREME takes <unk>.
                pieces if 0 < len(pieces) <= max_length - 2 else [UNK_ID]
                for pieces in tokenizer.encode(item.words)
            ]
            for start, end in _windows(words, max_length - 2):
                window = words[start:end]
                ends = np.cumsum([len(pieces) for pieces in window])
                firsts = [1, *(1 + ends[:-1]).tolist()]
                columns["token_ids"].append(tokenizer.pack(sum(window, [])))
                columns["positions"].append(firsts)
                columns["tags"].append(tags[start:end])
                columns["example"].append(position)
                columns["num_cut"].append(0)
        return columns

    def _tag_ids(self, item):
        if item.tags is None:
            return [IGNORED] * len(item.words)
        if len(item.tags) != len(item.words):
            raise InputError(
                f"a sentence has {len(item.words)} words and {len(item.tags)} "
                f"tags ({' '.join(item.words)[:60]!r}). Expected one tag each."
            )
        return [self.labels.index(tag) for tag in item.tags]

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, l); y holds tags at first pieces, else `IGNORED`."""
        token_ids = pad(columns["token_ids"], length, PAD_ID)
        tags = np.full(token_ids.shape, IGNORED, dtype="int32")
        for row, positions, values in zip(
            tags, columns["positions"], columns["tags"], strict=True
        ):
            row[positions] = values
        x = {"token_ids": token_ids, "padding_mask": token_ids != PAD_ID}
        return x, {"tags": tags}

    def head(self, backbone):
        """Makes the head: dropout and a projection."""
        return TokenHead(
            len(self.labels), backbone.hidden_dim, backbone.dropout
        )

    def loss(self, y, logits):
        """Returns the mean cross entropy over words, in nats."""
        weights = ops.cast(y["tags"] != IGNORED, logits.dtype)
        losses = keras.losses.sparse_categorical_crossentropy(
            ops.maximum(y["tags"], 0), logits, from_logits=True
        )
        return ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1.0)

    def decode(self, logits, columns):
        """Returns the best tags of each window's words."""
        best = logits.argmax(axis=-1)
        return [
            row[positions].tolist()
            for row, positions in zip(best, columns["positions"], strict=True)
        ]

    def finish(self, decoded, features, examples):
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
    """Cuts a sentence between words: (first, end) of each window."""
    start, used = 0, 0
    for index, pieces in enumerate(words):
        if used + len(pieces) > num_tokens:
            yield start, index
            start, used = index, 0
        used += len(pieces)
    yield start, len(words)


@keras.saving.register_keras_serializable("stilts_keras")
class TokenHead(keras.layers.Layer):
    """Logits for every token."""

    def __init__(self, num_outputs, hidden_dim, dropout, **kwargs):
        """Takes the number of outputs, h, and the dropout rate in [0, 1]."""
        super().__init__(**kwargs)
        self.hidden_dim = hidden_dim
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(num_outputs, dtype="float32")

    def build(self, hidden_shape):
        """Builds the projection."""
        self.logits.build((None, None, self.hidden_dim))

    def call(self, hidden, x, training=None):
        """Maps hidden states (b, l, h) to float32 logits (b, l, k)."""
        return self.logits(self.dropout(hidden, training=training))
