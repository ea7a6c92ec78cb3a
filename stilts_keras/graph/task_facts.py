"""What a report must know of a task, kept in run.json.

A task may be the user's own, from a file that is gone when the report is made.
"""

import dataclasses

from stilts_keras.errors import DamageError
from stilts_keras.tasks.languages import ENGLISH

TUPLES = ("metrics", "languages", "counts_as")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """What run.json tells of a task.

    Attributes:
        problem: str. The kind of problem, such as `classification`.
        metrics: tuple of str. The first is the task's own.
        languages: tuple of str. Those that its benchmark lists.
        language: str. The one meant where a route names none.
        counts_as: tuple of str. Its name, those of the tasks it is trained on,
            and the key of its head: tasks that share one are one to zero-shot.
        parallel_tests: bool. Whether its test rows are the English ones, in
            each language; see `Task`.
    """

    problem: str
    metrics: tuple[str, ...]
    languages: tuple[str, ...]
    # Older run folders do not tell the rest.
    language: str = ENGLISH
    counts_as: tuple[str, ...] = ()
    parallel_tests: bool = False

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
            language=task.language,
            counts_as=_names_of(task),
            parallel_tests=task.parallel_tests,
        )

    def trains_as(self, source):
        """Whether to train on a source task is to train this one.

        Args:
            source: `TaskFacts`.
        """
        return bool(set(self.counts_as) & set(source.counts_as))

    def to_dict(self):
        """Returns the dict for run.json."""
        found = dataclasses.asdict(self)
        lists = {name: list(found[name]) for name in TUPLES}
        return {**found, **lists}

    @classmethod
    def from_dict(cls, found, where):
        """Reads what `to_dict` gave; fields of no name here are left out.

        Raises:
            DamageError: If a field is missing that has no default.
        """
        fields = dataclasses.fields(cls)
        missing = [
            field.name
            for field in fields
            if field.name not in found and field.default is dataclasses.MISSING
        ]
        if missing:
            raise DamageError(
                f"{where}: lacks {', '.join(missing)}. Received: "
                f"{sorted(found)}."
            )
        values = {
            field.name: found[field.name]
            for field in fields
            if field.name in found
        }
        return cls(
            **{
                name: tuple(value) if name in TUPLES else value
                for name, value in values.items()
            }
        )


def _names_of(task):
    """Lists what a task counts as; see `zero_shot`."""
    names = [task.name, task.train_task, task.head_key]
    # What has no head is trained on nothing.
    names += task.train_first if task.kind.is_trained else ()
    return tuple(dict.fromkeys(filter(None, names)))
