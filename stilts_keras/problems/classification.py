"""One class for a text or a pair of texts."""

import keras
import numpy as np
from keras import ops

from stilts_keras.data.batches import pad
from stilts_keras.data.tokenizer import PAD_ID
from stilts_keras.data.tokenizer import cut_longest_first


class Classification:
    """Packs `<s> A </s></s> B </s>` and classifies the state of `<s>`."""

    pack_key = "classification 1"
    has_threshold = False
    has_ids = False

    def __init__(self, task):
        """Takes the Task, whose labels fix the order of the classes."""
        self.labels = task.labels

    def pack(self, examples, tokenizer, max_length):
        """Tokenises; over-long pairs lose the longest part's end first."""
        firsts = tokenizer.encode([item.first for item in examples])
        seconds = tokenizer.encode([item.second or "" for item in examples])
        columns = {"token_ids": [], "num_cut": [], "label": []}
        for item, first, second in zip(examples, firsts, seconds, strict=True):
            has_second = item.second is not None
            parts = [first, second] if has_second else [first]
            room = max_length - (4 if has_second else 2)
            parts, num_cut = cut_longest_first(parts, room)
            columns["token_ids"].append(tokenizer.pack(*parts))
            columns["num_cut"].append(num_cut)
            known = item.label is not None
            columns["label"].append(
                self.labels.index(item.label) if known else -1
            )
        columns["example"] = list(range(len(examples)))
        return columns

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, l); y holds the class of each row."""
        token_ids = pad(columns["token_ids"], length, PAD_ID)
        x = {"token_ids": token_ids, "padding_mask": token_ids != PAD_ID}
        return x, {"label": np.asarray(columns["label"], dtype="int32")}

    def head(self, backbone):
        """Makes the head of Conneau et al., 2020: dense, tanh, project."""
        return ClassificationHead(
            len(self.labels), backbone.hidden_dim, backbone.dropout
        )

    def loss(self, y, logits):
        """Returns the mean cross entropy in nats."""
        return ops.mean(
            keras.losses.sparse_categorical_crossentropy(
                y["label"], logits, from_logits=True
            )
        )

    def decode(self, logits, columns):
        """Returns the index of each row's best class."""
        return logits.argmax(axis=-1).tolist()

    def finish(self, decoded, features, examples, threshold=None):
        """Returns label names, one per Example."""
        gold = [item.label for item in examples if item is not None]
        return gold, [self.labels[index] for index in decoded]


@keras.saving.register_keras_serializable("stilts_keras")
class ClassificationHead(keras.layers.Layer):
    """Logits from the hidden state of the first token.

    Source: fairseq's RobertaClassificationHead, as used by Conneau et al.,
    2020, https://arxiv.org/abs/1911.02116.
    """

    def __init__(self, num_outputs, hidden_dim, dropout, **kwargs):
        """Takes the number of outputs, h, and the dropout rate in [0, 1]."""
        super().__init__(**kwargs)
        self.num_outputs = num_outputs
        self.hidden_dim = hidden_dim
        self.dropout = keras.layers.Dropout(dropout)
        self.dense = keras.layers.Dense(hidden_dim, activation="tanh")
        self.logits = keras.layers.Dense(num_outputs, dtype="float32")

    def build(self, hidden_shape):
        """Builds both layers."""
        self.dense.build((None, self.hidden_dim))
        self.logits.build((None, self.hidden_dim))

    def call(self, hidden, x, training=None):
        """Maps hidden states (b, l, h) to float32 logits (b, k)."""
        state = self.dropout(hidden[:, 0], training=training)
        state = self.dropout(self.dense(state), training=training)
        return self.logits(state)
