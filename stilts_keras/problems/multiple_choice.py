"""Which of c continuations fits the prompt?"""

import keras
import numpy as np
from keras import ops

from stilts_keras.data.batches import pad
from stilts_keras.data.tokenizer import PAD_ID
from stilts_keras.data.tokenizer import cut_longest_first
from stilts_keras.problems.classification import Classification
from stilts_keras.problems.classification import ClassificationHead


class MultipleChoice(Classification):
    """Packs c pairs per Example; a softmax over their scores chooses."""

    pack_key = "multiple choice 1"

    def pack(self, examples, tokenizer, max_length):
        """Tokenises; over-long pairs lose the longest part's end first."""
        columns = {"token_ids": [], "num_cut": [], "label": []}
        for item in examples:
            prompt, *choices = tokenizer.encode([item.prompt, *item.choices])
            pairs = [
                cut_longest_first([prompt, choice], max_length - 4)
                for choice in choices
            ]
            columns["token_ids"].append(
                [tokenizer.pack(*parts) for parts, _ in pairs]
            )
            columns["num_cut"].append(sum(num_cut for _, num_cut in pairs))
            known = item.label is not None
            columns["label"].append(item.label if known else -1)
        columns["example"] = list(range(len(examples)))
        return columns

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, c, l); y holds the index of the right choice."""
        token_ids = np.stack(
            [pad(choices, length, PAD_ID) for choices in columns["token_ids"]]
        )
        x = {"token_ids": token_ids, "padding_mask": token_ids != PAD_ID}
        return x, {"label": np.asarray(columns["label"], dtype="int32")}

    def head(self, backbone):
        """Makes the head: one score for each choice."""
        return MultipleChoiceHead(1, backbone.hidden_dim, backbone.dropout)

    def finish(self, decoded, features, examples, threshold=None):
        """Returns indices of choices, one per Example."""
        return [item.label for item in examples if item is not None], decoded


@keras.saving.register_keras_serializable("stilts_keras")
class MultipleChoiceHead(ClassificationHead):
    """Scores each choice by the state of its first token."""

    def call(self, hidden, x, training=None):
        """Maps hidden states (b * c, l, h) to float32 logits (b, c)."""
        scores = super().call(hidden, x, training=training)
        num_choices = ops.shape(x["token_ids"])[1]
        return ops.reshape(scores, (-1, num_choices))
