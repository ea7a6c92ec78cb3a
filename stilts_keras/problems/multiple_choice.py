"""Which of c continuations fits the prompt?"""

from keras import ops

from stilts_keras.problems.classification import Classification
from stilts_keras.problems.classification import ClassificationHead


class MultipleChoice(Classification):
    """Packs c pairs per Example; a softmax over their scores chooses."""

    pack_key = "multiple choice 1"

    def pack(self, examples, tokenizer, max_length):
        """Tokenises; over-long pairs lose the longest part's end first."""
        sequences, columns = [], {"num_cut": [], "label": []}
        for item in examples:
            prompt, *choices = tokenizer.encode([item.prompt, *item.choices])
            pairs = [
                tokenizer.fit([prompt, choice], max_length)
                for choice in choices
            ]
            sequences.append([tokenizer.join(*parts) for parts, _ in pairs])
            columns["num_cut"].append(sum(num_cut for _, num_cut in pairs))
            known = item.label is not None
            columns["label"].append(item.label if known else -1)
        columns["example"] = list(range(len(examples)))
        return columns | tokenizer.columns(sequences)

    def head(self, encoder):
        """Makes the head: one score for each choice."""
        return MultipleChoiceHead(1, encoder)

    def decode(self, logits, columns):
        """Returns the number of each row's best choice."""
        return logits.argmax(axis=-1).tolist()

    def finish(self, decoded, features, examples, threshold=None):
        """Returns indices of choices, one per Example."""
        return [item.label for item in examples if item is not None], decoded


class MultipleChoiceHead(ClassificationHead):
    """Scores each choice by what stands for its sequence."""

    def call(self, hidden, x, training=None):
        """Maps hidden states (b * c, l, h) to float32 logits (b, c)."""
        scores = super().call(hidden, x, training=training)
        num_choices = ops.shape(x["mask"])[1]
        return ops.reshape(scores, (-1, num_choices))
