"""What `--disturb` asks for: `typos:1,3,5`, `casing`, `real_noise@xnli`."""

import dataclasses

from stilts_keras.disturbances import DISTURBANCES
from stilts_keras.disturbances.disturbance import NUM_SEVERITIES
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

ALL = tuple(range(1, NUM_SEVERITIES + 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """One disturbance that is asked for.

    Attributes:
        name: str. Of an entry of `DISTURBANCES`, or what a Task says that its
            rows are to another's.
        severities: tuple of int, ascending. Of rows that a Task holds always
            (0, 1): the clean ones of the same examples, and the disturbed.
        target: str or None. The only target that it is asked of; None: of all
            that it fits.
    """

    name: str
    severities: tuple[int, ...]
    target: str | None = None

    def __str__(self):
        """Writes it as `parse` reads it."""
        place = f"@{self.target}" if self.target else ""
        return f"{self.name}{place}:{','.join(map(str, self.severities))}"


def parse(texts, tasks, targets):
    """Reads what is asked for.

    Args:
        texts: iterable of str, or of `Asked`.
        tasks: mapping from name to Task. Those whose rows are disturbed ones
            of another's give names, too.
        targets: iterable of str. What may be named after `@`.

    Returns:
        Tuple of `Asked`; what is asked for twice stands once.

    Raises:
        InputError: If a name or a severity is unknown.
    """
    given = {task.disturbance for task in tasks.values() if task.disturbs}
    targets = tuple(targets)
    found = {}
    for text in texts:
        name, target, severities = _parts(str(text))
        if name not in (*DISTURBANCES, *given):
            raise unknown("disturbance", name, (*DISTURBANCES, *sorted(given)))
        if target is not None and target not in targets:
            raise unknown("target of --disturb", target, targets)
        taken = found.setdefault((name, target), set())
        if name in DISTURBANCES:
            taken.update(_severities(name, severities))
        else:
            _refuse_severities(name, severities)
            taken.update((0, 1))
    return tuple(
        Asked(name=name, target=target, severities=tuple(sorted(taken)))
        for (name, target), taken in found.items()
    )


def _parts(text):
    head, colon, severities = text.strip().partition(":")
    name, at, target = head.partition("@")
    return name, target if at else None, severities if colon else None


def _severities(name, text):
    if text is None:
        return ALL
    items = [item.strip() for item in text.split(",")]
    if not all(item.isascii() and item.isdecimal() for item in items):
        raise InputError(
            f"Severities of {name!r} must be whole numbers with commas, such "
            f"as {name}:1,3,5. Received: {text!r}."
        )
    known = DISTURBANCES[name]
    return [known.at(int(item)).severity for item in items]


def _refuse_severities(name, text):
    if text not in (None, "0,1"):
        raise InputError(
            f"Disturbance {name!r} has the one severity that its rows have. "
            f"Pass --disturb={name}. Received: {text!r}."
        )
