"""What a report must know of a task, kept in run.json.

A task may be the user's own, from a file that is gone when the report is made.
"""

import dataclasses

from stilts_keras.errors import DamageError


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """What run.json tells of a task.

    Attributes:
        problem: str. The kind of problem, such as `classification`.
        metrics: tuple of str. The first is the task's own.
        languages: tuple of str. Those that its benchmark lists.
    """

    problem: str
    metrics: tuple[str, ...]
    languages: tuple[str, ...]

    @classmethod
    def of(cls, task):
        """Takes the facts of a `Task`."""
        return cls(
            problem=task.problem,
            metrics=tuple(task.metrics),
            languages=tuple(
                language
                for language in task.languages
                if language not in task.extra_languages
            ),
        )

    def to_dict(self):
        """Returns the dict for run.json."""
        found = dataclasses.asdict(self)
        lists = {name: list(found[name]) for name in ("metrics", "languages")}
        return {**found, **lists}

    @classmethod
    def from_dict(cls, found, where):
        """Reads what `to_dict` gave; fields of no name here are left out.

        Raises:
            DamageError: If a field is missing.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        missing = [name for name in names if name not in found]
        if missing:
            raise DamageError(
                f"{where}: lacks {', '.join(missing)}. Received: "
                f"{sorted(found)}."
            )
        values = {name: found[name] for name in names}
        values["metrics"] = tuple(values["metrics"])
        values["languages"] = tuple(values["languages"])
        return cls(**values)
