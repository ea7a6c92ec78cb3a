"""The contract: what every disturbance is, and how it is applied.

A disturbance changes an Example as it is read, before it is packed: features,
gold and what is shown of a row all see the changed one. It is evaluation only;
nothing is trained on what is disturbed.

What holds of every disturbance, and is tested:

- The Example that it gives is of the same kind and aligned: the label, a tag
  for each word and the ids are what they were, and each gold answer still lies
  where its offset says.
- What it changes is drawn from the example's identity (its task, language,
  split and row number), so that every route, seed and machine sees the same.
  The severity is no part of it: what a severity changes, a higher one changes,
  too, where a disturbance draws an order and takes the first of it.
- Severity 0 is the Example itself.

NumPy is imported inside functions: plans only ask for names.
"""

import dataclasses
import functools
import hashlib
import importlib.metadata
from collections.abc import Callable

from stilts_keras.errors import InputError

NUM_SEVERITIES = 5
READS = ("text", "audio")
# How a unit begins whose strengths are parts of 1.
SHARE = "share "


@dataclasses.dataclass(frozen=True, kw_only=True)
class Disturbance:
    """One way of making input harder to read, at five severities.

    Attributes:
        name: str. What `--disturb` calls it.
        change: function (example, *, language, strength, random) -> Example.
            `random` is a `numpy.random.Generator` of the example's own.
        strengths: tuple of five numbers, the mildest first.
        unit: str. What a strength counts, such as `share of letters` or `dB`.
        reads: str. What it changes: `text` or `audio`.
        problems: tuple of str. The problems whose Examples it leaves aligned.
        applies_in: function (language) -> bool: whether texts in it have what
            is changed; None for all.
        version: int. Raised when it would change something else.
        libraries: tuple of str. The packages whose version decides what comes
            out, such as how a number is spelt.
    """

    name: str
    change: Callable
    strengths: tuple[float, ...]
    unit: str
    reads: str = "text"
    problems: tuple[str, ...] = ()
    applies_in: Callable | None = None
    version: int = 1
    libraries: tuple[str, ...] = ()

    def __post_init__(self):
        """Checks the definition at import."""
        if len(self.strengths) != NUM_SEVERITIES:
            raise ValueError(
                f"Disturbance {self.name!r}: strengths must be "
                f"{NUM_SEVERITIES}. Received: {self.strengths}."
            )
        if self.reads not in READS:
            raise ValueError(
                f"Disturbance {self.name!r}: reads must be one of {READS}. "
                f"Received: {self.reads!r}."
            )

    def fits(self, task):
        """Whether a Task's Examples can be changed, and stay aligned."""
        return self.reads == task.reads and task.problem in self.problems

    def fits_language(self, language):
        """Whether texts in a language have what is changed."""
        return self.applies_in is None or self.applies_in(language)

    def at(self, severity):
        """Returns the `Setting` of a severity, from 0 (clean) to 5.

        Raises:
            InputError: If there is no such severity.
        """
        if type(severity) is not int or not 0 <= severity <= NUM_SEVERITIES:
            raise InputError(
                f"Severities of {self.name!r} are whole numbers from 0 "
                f"(clean) to {NUM_SEVERITIES}. Received: {severity!r}."
            )
        return Setting(self, severity)


@functools.cache
def _installed(library):
    """Names a package with its version."""
    return f"{library} {importlib.metadata.version(library)}"


@dataclasses.dataclass(frozen=True)
class Setting:
    """A disturbance at one severity.

    Attributes:
        disturbance: Disturbance.
        severity: int. 0 is clean.
    """

    disturbance: Disturbance
    severity: int

    @property
    def name(self):
        """How messages and notes call it, such as `typos 3`."""
        return f"{self.disturbance.name} {self.severity}"

    def __str__(self):
        """Says how much of what: `typos 3: 5 % of letters`."""
        if not self.severity:
            return f"{self.name}: clean"
        unit = self.disturbance.unit
        if unit.startswith(SHARE):
            share = f"{100 * self.strength:g} %"
            return f"{self.name}: {share} {unit.removeprefix(SHARE)}"
        return f"{self.name}: {self.strength:g} {unit}"

    @property
    def strength(self):
        """The strength, in the disturbance's unit; None of severity 0."""
        if not self.severity:
            return None
        return self.disturbance.strengths[self.severity - 1]

    @property
    def identity(self):
        """What results depend on: a list, JSON-serialisable."""
        known = self.disturbance
        return [
            known.name,
            known.version,
            self.severity,
            self.strength,
            *map(_installed, known.libraries if self.severity else ()),
        ]

    def apply(self, example, *, task, language, split, number):
        """Disturbs an Example.

        Args:
            example: Example.
            task: str. The Task's name.
            language: str.
            split: str.
            number: int. The row's number in the data set.

        Returns:
            Example of the same kind.
        """
        if not self.severity:
            return example
        identity = f"{task}|{language}|{split}|{number}"
        return self.disturbance.change(
            example,
            language=language,
            strength=self.strength,
            random=self._random(identity),
        )

    def _random(self, identity):
        """Makes the generator of one example, alike at every severity."""
        import numpy as np

        known = self.disturbance
        text = f"{known.name} {known.version}|{identity}"
        digest = hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()
        return np.random.default_rng(int.from_bytes(digest, "little"))
