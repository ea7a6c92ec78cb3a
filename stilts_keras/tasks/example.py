"""What a task's row becomes: one Example type for each kind of input.

Labels are names, never numbers: data sets number the same labels differently.
A label of None means that the row has none (hidden test labels).
"""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TextPair:
    """One text, or two texts that belong together, and a class."""

    first: str
    second: str | None = None
    label: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MultipleChoice:
    """A prompt, its possible continuations, and the index of the right one."""

    prompt: str
    choices: tuple[str, ...]
    label: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TaggedWords:
    """A sentence in words, one tag for each (or no tags at all)."""

    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None


def tagged_words(words, tags):
    """Makes a TaggedWords of two lists.

    Raises:
        TypeError: If one is a text: its letters would pass for words.
    """
    for name, values in (("words", words), ("tags", tags)):
        if isinstance(values, str) or values is None:
            raise TypeError(f"expected a list of {name}. Received: {values!r}")
    return TaggedWords(words=tuple(words), tags=tuple(tags))


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question on a context; answers are (text, character offset) pairs."""

    id: str
    question: str
    context: str
    answers: tuple[tuple[str, int], ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PlainText:
    """A text without labels, for masked language modelling."""

    text: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SentencePair:
    """A sentence and its English translation, for retrieval."""

    source: str
    target: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PoolSentence:
    """A sentence of a pool to be mined; English is the `target` side."""

    id: str
    text: str
    side: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class GoldPair:
    """Ids of two sentences of the pools that translate each other."""

    source_id: str
    target_id: str
