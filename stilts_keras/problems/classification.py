"""One class for a text, a pair of texts, or what was recorded."""

import itertools

import keras
import numpy as np
from keras import ops

from stilts_keras.backbones.encoder import ACTIVATIONS
from stilts_keras.backbones.encoder import summarise
from stilts_keras.problems.problem import Problem


class Classification(Problem):
    """Packs one input and classifies what stands for the sequence.

    An Example of several inputs, such as recordings of one sentence, has a
    feature for each: all are learnt from, and the mean of their logits decides
    what is predicted of the Example.
    """

    pack_key = "classification 1"

    def __init__(self, task):
        """Takes the Task, whose labels fix the order of the classes."""
        self.labels = task.labels

    def pack(self, examples, tokenizer, max_length):
        """Tokenises; over-long pairs lose the longest part's end first."""
        inputs = [
            (index, item.label, parts)
            for index, item in enumerate(examples)
            for parts in item.inputs()
        ]
        encoded = iter(
            tokenizer.encode([part for *_, parts in inputs for part in parts])
        )
        sequences, columns = [], {"num_cut": [], "label": [], "example": []}
        for index, label, parts in inputs:
            parts = list(itertools.islice(encoded, len(parts)))
            parts, num_cut = tokenizer.fit(parts, max_length)
            sequences.append(tokenizer.join(*parts))
            columns["num_cut"].append(num_cut)
            columns["label"].append(
                -1 if label is None else self.labels.index(label)
            )
            columns["example"].append(index)
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
        """Returns each row's logits: list of float32 arrays (k,)."""
        # Copied: the batch may go.
        return [np.array(row, dtype="float32") for row in logits]

    def finish(self, decoded, features, examples, threshold=None):
        """Returns label names, one per Example: of its mean logits the best."""
        gold = [item.label for item in examples if item is not None]
        owners = np.asarray(features["example"][:])
        # Features of one Example lie together, in the order of the Examples.
        firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        sums = np.add.reduceat(np.asarray(decoded, "float64"), firsts)
        # Of a sum the best is that of the mean.
        best = sums.argmax(axis=-1)
        return gold, [self.labels[index] for index in best]


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
