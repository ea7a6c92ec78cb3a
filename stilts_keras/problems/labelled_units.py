"""What a linear model of a problem's labels is of: states, and their labels.

Published for whole sequences and for words: You et al., 2021
(https://arxiv.org/abs/2102.11005) and Bassignana et al., 2022
(https://arxiv.org/abs/2210.11255). Of choices and answers nothing is
published; what is taken of them is ours, close to what their heads score.
Where a problem has no entry there are no labels that a model of this kind
could have: of masked LM they are the vocabulary, of retrieval none.

Array letters: b rows, s sequences of all rows, l tokens, h hidden, u units.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

UNLABELLED = -1


@dataclasses.dataclass(frozen=True)
class Units:
    """How one problem's units are taken.

    Attributes:
        name: str. What a unit is.
        labels: function of a Task -> int: how many labels there are.
        take: function of packed columns of b rows, states (s, l, h) and their
            means over tokens (s, h) -> features (u, h), and labels (u,), int,
            of which `UNLABELLED` counts for nothing.
    """

    name: str
    labels: Callable
    take: Callable


def one_hot(labels, num_labels):
    """Returns a float array (u, k) of labels 0 to k - 1."""
    return np.eye(num_labels)[labels]


def _sequences(columns, states, means):
    return means, np.asarray(columns["label"])


def _choices(columns, states, means):
    """Each choice with its prompt, right (1) or wrong (0)."""
    right = np.asarray(columns["label"])
    num_choices = len(means) // len(right)
    labels = np.arange(num_choices) == right[:, None]
    labels = np.where(right[:, None] < 0, UNLABELLED, labels)
    return means, labels.reshape(-1)


def _words(columns, states, means):
    """Each word at its first piece."""
    features = [
        row[positions]
        for row, positions in zip(states, columns["positions"], strict=True)
    ]
    labels = [tag for tags in columns["tags"] for tag in tags]
    return np.concatenate(features), np.asarray(labels, dtype="int64")


def _context_tokens(columns, states, means):
    """Each token of the context, in the answer (1) or not (0)."""
    features, labels = [], []
    for row, start, pieces, none, first, last in zip(
        states,
        columns["context_start"],
        columns["first_characters"],
        columns["none"],
        columns["answer_start"],
        columns["answer_end"],
        strict=True,
    ):
        positions = np.arange(start, start + len(pieces))
        inside = (positions >= first) & (positions <= last) & (first != none)
        features.append(row[positions])
        labels.append(inside.astype("int64"))
    return np.concatenate(features), np.concatenate(labels)


def _num_named(task):
    return len(task.labels)


def _two(task):
    return 2


UNITS = {
    "classification": Units("sequences", _num_named, _sequences),
    "multiple_choice": Units("choices", _two, _choices),
    "tagging": Units("words", _num_named, _words),
    "span_extraction": Units("context tokens", _two, _context_tokens),
}
