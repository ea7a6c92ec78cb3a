"""What a task's row becomes: one Example type for each kind of input.

Texts and ids are str and never null; only `TextPair.second` may be None, in
tasks of single texts. Labels are names, never numbers: data sets number the
same labels differently. A label of None means that the row has none (hidden
test labels).

What a single column may hold is checked by its kind (`tasks.columns`), what
must hold between the fields of an Example by its `check`; both as rows are
read, so that nothing wrong is met after training.
"""

import dataclasses
import hashlib

from stilts_keras.audio.decoding import Recording
from stilts_keras.tasks.columns import MissingValue


class Example:
    """What all types share."""

    __slots__ = ()

    def check(self, has_unanswerable=False):
        """Checks that the fields fit each other, and that there is a label.

        Args:
            has_unanswerable: bool. Whether a question may have no answer.

        Raises:
            MissingValue: If it can be neither learnt from nor scored.
            ValueError: If fields contradict each other.
        """

    def without_gold(self):
        """Returns the Example without what is to be predicted of it."""
        names = {field.name for field in dataclasses.fields(self)}
        hidden = {"label": None, "tags": None, "answers": ()}
        return dataclasses.replace(
            self, **{name: hidden[name] for name in hidden if name in names}
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TextPair(Example):
    """One text, or two texts that belong together, and a class."""

    first: str
    second: str | None = None
    label: str | None = None

    def inputs(self):
        """Returns the one input: its texts."""
        texts = (self.first, self.second)
        return (texts[: 1 if self.second is None else 2],)

    def check(self, has_unanswerable=False):
        """Checks that there is a label."""
        if self.label is None:
            raise MissingValue("no label")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Recordings(Example):
    """What was said, once or by several speakers, and its class.

    Where only the class is asked for, recordings have no samples, so that a
    split's sound is never in memory at once.
    """

    recordings: tuple[Recording, ...]
    label: str | None = None

    def inputs(self):
        """Returns the samples of each recording: tuples of one."""
        return tuple((item.samples,) for item in self.recordings)

    def check(self, has_unanswerable=False):
        """Checks that there is a label."""
        if self.label is None:
            raise MissingValue("no label")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Transcripts(Example):
    """What was made of each recording of one item, as text, and its class."""

    texts: tuple[str, ...]
    label: str | None = None

    def inputs(self):
        """Returns each text: tuples of one."""
        return tuple((text,) for text in self.texts)

    def check(self, has_unanswerable=False):
        """Checks that there is a label."""
        if self.label is None:
            raise MissingValue("no label")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MultipleChoice(Example):
    """A prompt, its possible continuations, and the index of the right one."""

    prompt: str
    choices: tuple[str, ...]
    label: int | None = None

    def check(self, has_unanswerable=False):
        """Checks that the label names a choice."""
        if self.label is None:
            raise MissingValue("no label")
        if not 0 <= self.label < len(self.choices):
            raise ValueError(
                f"choice {self.label!r} as the right one. Expected 0 to "
                f"{len(self.choices) - 1}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TaggedWords(Example):
    """A sentence in words, one tag for each (or no tags at all)."""

    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None

    def check(self, has_unanswerable=False):
        """Checks that each word has a tag."""
        if self.tags is None:
            raise MissingValue("no tags")
        if len(self.tags) != len(self.words):
            raise ValueError(
                f"{len(self.words)} words and {len(self.tags)} tags "
                f"({' '.join(self.words)[:60]!r}). Expected one tag each."
            )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Question(Example):
    """A question on a context; answers are (text, character offset) pairs."""

    id: str
    question: str
    context: str
    answers: tuple[tuple[str, int], ...] = ()

    def check(self, has_unanswerable=False):
        """Checks that there is an answer, and that it is where it is said."""
        if not self.answers and not has_unanswerable:
            raise MissingValue("no answers")
        for text, start in self.answers:
            end = start + len(text)
            found = self.context[start:end] if start >= 0 else ""
            if found != text:
                raise ValueError(
                    f"the answer {text!r} at character {start}, where the "
                    f"context reads {found!r}. Mend the offset."
                )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PlainText(Example):
    """A text without labels, for masked language modelling."""

    text: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SentencePair(Example):
    """A sentence and its English translation, for retrieval."""

    source: str
    target: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PoolSentence(Example):
    """A sentence of a pool to be mined; English is the `target` side."""

    id: str
    text: str
    side: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class GoldPair(Example):
    """Ids of two sentences of the pools that translate each other."""

    source_id: str
    target_id: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Something that is looked for; `answers` are ids of right candidates."""

    id: str
    text: str
    answers: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """Something that may be found. One id may stand in several rows."""

    id: str
    text: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Search(Example):
    """Queries, and candidates to find them among; either may be none.

    In other languages the queries of one id are one query: what answers one
    of them answers all, where candidates are the rows' own.
    """

    queries: tuple[Query, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    def check(self, has_unanswerable=False):
        """Checks that each query has an answer."""
        if not all(query.answers for query in self.queries):
            raise MissingValue("no answers")

    def without_gold(self):
        """Returns the queries without their answers."""
        hidden = tuple(
            dataclasses.replace(query, answers=()) for query in self.queries
        )
        return dataclasses.replace(self, queries=hidden)


def id_of(text):
    """Makes an id of a text that has none: 12 hex digits of its sha256."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
