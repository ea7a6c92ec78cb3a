"""One class for a text or a pair of texts."""

import keras
import numpy as np
from keras import ops

from stilts_keras.backbones.encoder import ACTIVATIONS
from stilts_keras.backbones.encoder import summarise
from stilts_keras.problems.problem import Problem


class Classification(Problem):
    """Packs one or two texts and classifies what stands for the sequence."""

    pack_key = "classification 1"

    def __init__(self, task):
        """Takes the Task, whose labels fix the order of the classes."""
        self.labels = task.labels

    def pack(self, examples, tokenizer, max_length):
        """Tokenises; over-long pairs lose the longest part's end first."""
        firsts = tokenizer.encode([item.first for item in examples])
        seconds = tokenizer.encode([item.second or "" for item in examples])
        sequences, columns = [], {"num_cut": [], "label": []}
        for item, first, second in zip(examples, firsts, seconds, strict=True):
            parts = [first] if item.second is None else [first, second]
            parts, num_cut = tokenizer.fit(parts, max_length)
            sequences.append(tokenizer.join(*parts))
            columns["num_cut"].append(num_cut)
            known = item.label is not None
            columns["label"].append(
                self.labels.index(item.label) if known else -1
            )
        columns["example"] = list(range(len(examples)))
        return columns | tokenizer.columns(sequences)

    def collate(self, columns, length, tokenizer, random=None):
        """Pads; y holds the class of each row, or the number of the choice."""
        x = tokenizer.arrays(columns, length)
        return x, {"label": np.asarray(columns["label"], dtype="int32")}

    def head(self, encoder):
        """Makes the head: dense, the family's activation, project."""
        return ClassificationHead(len(self.labels), encoder)

    def loss(self, y, logits):
        """Returns the rows' cross entropies in nats, and their number."""
        losses = keras.losses.sparse_categorical_crossentropy(
            y["label"], logits, from_logits=True
        )
        return ops.sum(losses), ops.cast(ops.size(losses), losses.dtype)

    def decode(self, logits, columns):
        """Returns the index of each row's best class."""
        return logits.argmax(axis=-1).tolist()

    def finish(self, decoded, features, examples, threshold=None):
        """Returns label names, one per Example."""
        gold = [item.label for item in examples if item is not None]
        return gold, [self.labels[index] for index in decoded]


class ClassificationHead(keras.layers.Layer):
    """Logits from the vector that stands for a sequence.

    Source: fairseq's RobertaClassificationHead, as used by Conneau et al.,
    2020, https://arxiv.org/abs/1911.02116; with the activation that each
    family's published head has.
    """

    def __init__(self, num_outputs, encoder, **kwargs):
        """Takes the number of outputs, and the `Encoder` it stands on."""
        super().__init__(**kwargs)
        self.num_outputs = num_outputs
        self.hidden_dim = encoder.hidden_dim
        self.summary = encoder.summary
        self.dropout = keras.layers.Dropout(encoder.dropout)
        self.dense = keras.layers.Dense(
            self.hidden_dim,
            activation=ACTIVATIONS[encoder.classifier_activation],
        )
        self.logits = keras.layers.Dense(num_outputs, dtype="float32")

    def build(self, hidden_shape):
        """Builds both layers."""
        self.dense.build((None, self.hidden_dim))
        self.logits.build((None, self.hidden_dim))

    def call(self, hidden, x, training=None):
        """Maps hidden states (b, l, h) to float32 logits (b, k)."""
        state = summarise(hidden, x["mask"], self.summary)
        state = self.dropout(state, training=training)
        state = self.dropout(self.dense(state), training=training)
        return self.logits(state)
