"""Labels permuted among the training rows: a control that teaches nothing.

Each row gets the label of another, by a permutation of the labels of all rows
that are learnt from, so that their numbers stay. What is permuted:

- classes and intents: the label;
- choices: the number of the right one, among rows of as many choices;
- tags: the tag of each word, among all words of all rows;
- answers: their places. Another row's answer does not stand in the context;
  so a row gets the span that begins as far into its own context, in proportion,
  and has as many characters, as another row's first answer. Rows without an
  answer are as many as before.

Whatever changes here raises `tasks.task.SHUFFLING_VERSION`, by which stages and
packed rows are known.

NumPy is imported inside functions: plans, which are to be instant, load this.
"""

import dataclasses
import functools

from stilts_keras.data.rows import ChangingReader
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import TaggedWords


class ShufflingReader(ChangingReader):
    """Gives each row the label of another."""

    def __init__(self, reader, rows, seed, task, language):
        """Takes a reader; reads all rows once when the first is asked for.

        Args:
            reader: `RowReader`.
            rows: `datasets.Dataset`. All that the reader is to read.
            seed: int. Of the stage that learns from them.
            task: `Task`.
            language: str. In each, labels are permuted otherwise.

        Raises:
            ValueError: If there is no seed.
        """
        if seed is None:
            raise ValueError(f"Task {task.name!r} needs a seed to be shuffled.")
        super().__init__(reader, f"labels permuted by seed {seed}")
        self._rows = rows
        self._seed = [seed, *f"{task.name} {language}".encode()]

    def _changed(self, index, item, lightly):
        return with_labels(item, self._labels[index])

    @functools.cached_property
    def _labels(self):
        """Dict from a row's index to the labels that it gets."""
        found = {}
        for index, row in enumerate(self._rows):
            item = self._reader.read(index, row, lightly=True).item
            if item is not None:
                found[index] = labels_by_kind(item)
        return permuted(found, self._seed)


def labels_by_kind(item):
    """Lists the labels of an Example: (kind, label) each.

    Labels of one kind may change places: kinds tell choices of three from
    those of four.
    """
    if isinstance(item, TaggedWords):
        return [("tag", tag) for tag in item.tags]
    if isinstance(item, MultipleChoice):
        return [(len(item.choices), item.label)]
    if isinstance(item, Question):
        return [("place", _place(item))]
    return [("label", item.label)]


def with_labels(item, labels):
    """Returns an Example with other labels, as many as it has."""
    if isinstance(item, TaggedWords):
        return dataclasses.replace(item, tags=tuple(labels))
    (label,) = labels
    if isinstance(item, Question):
        return dataclasses.replace(item, answers=_at_place(item, label))
    return dataclasses.replace(item, label=label)


def permuted(labels, seed):
    """Permutes labels among rows, each kind by itself.

    Args:
        labels: dict from a row to a list of (kind, label).
        seed: sequence of int.

    Returns:
        Dict from a row to the list of its labels.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    pools = {}
    for row in labels.values():
        for kind, label in row:
            pools.setdefault(kind, []).append(label)
    drawn = {
        kind: iter([pool[i] for i in random.permutation(len(pool)).tolist()])
        for kind, pool in pools.items()
    }
    return {
        index: [next(drawn[kind]) for kind, _ in row]
        for index, row in labels.items()
    }


def _place(item):
    """Returns (start, length, length of the context); None: no answer."""
    if not item.answers:
        return None
    text, start = item.answers[0]
    return start, len(text), len(item.context)


def _at_place(item, place):
    """Returns the answers: the span of a context that lies at a place."""
    if place is None:
        return ()
    start, length, num_characters = place
    # In whole numbers, which no machine rounds otherwise.
    room = max(1, num_characters - length)
    length = min(length, len(item.context))
    start = start * (len(item.context) - length) // room
    text = item.context[start : start + length]
    if not text.strip():
        # Of white space there is no token: the character before it, or after.
        end = len(item.context[:start].rstrip())
        end = end or len(item.context) - len(item.context.lstrip()) + 1
        text, start = item.context[end - 1], end - 1
    return ((text, start),)
