"""A Suite: tasks that are reported together, and how they become one score."""

import dataclasses
import functools
import pathlib
import re
from collections.abc import Mapping

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.scoring.formats.format import Format
from stilts_keras.tasks.task import Task

OURS = "stilts_keras"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """Where predictions and labels of a suite lie, and how.

    Attributes:
        formats: mapping from task to `Format`. Tasks that are left out have
            no files, such as those that are scored elsewhere.
        place: str. A file's path in a submission's folder, with `{task}`,
            `{language}` and `{ending}`.
        labels: str. Folder of a run's labels, beside its predictions.
    """

    formats: Mapping[str, Format]
    place: str = "{task}/test-{language}.{ending}"
    labels: str = "labels"

    def name_of(self, task, language):
        """Returns the name of one task's and language's file, with folders.

        Args:
            task: str.
            language: str.
        """
        ending = self.formats[task].ending
        return self.place.format(task=task, language=language, ending=ending)

    def file_of(self, folder, task, language):
        """Returns the path of that file in a folder."""
        return pathlib.Path(folder) / self.name_of(task, language)

    def write(self, folder, task, language, predictions, ids=None):
        """Writes predictions of one task and language; returns the file.

        Args:
            folder: path. Of the submission.
            task: str.
            language: str.
            predictions: list, as the task's problem gives them.
            ids: list of str or None. Of questions, all different, or of
                source sentences.
        """
        file = self.file_of(folder, task, language)
        self.formats[task].write(file, predictions, ids)
        return file

    @property
    def pattern(self):
        """A file's place in words, without its ending."""
        shown = self.place.replace(".{ending}", "")
        return shown.replace("{", "<").replace("}", ">")

    def holds(self, folder, task):
        """Whether a folder has a file of a task, in whatever language."""
        pattern = self.place.replace(".{ending}", "*")
        pattern = pattern.format(task=task, language="*", ending="*")
        return any(folder.glob(re.sub(r"\*+", "*", pattern)))

    def own_folder(self, task):
        """Returns the first folder of a task's files, where it is theirs.

        None where the tasks' files lie together, such as by language.
        """
        first, *rest = pathlib.PurePath(self.place).parts
        if not rest or "{task}" not in first or "{language}" in first:
            return None
        return first.format(task=task)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Suite:
    """Tasks that one name stands for.

    Without `task_scores` it is a list of targets, or of sources, and no more.

    Attributes:
        name: str. For flags and folders, such as `xtreme`.
        tasks: tuple of `Task`. In the order of its tables.
        title: str. As the literature writes the name.
        languages: mapping from task to the tuple of languages that its score
            is the mean of, where these are not the task's.
        evaluated_after: mapping from a task that compares hidden states as
            they are to the tuple of tasks that are trained between the route
            and its evaluation; see `Task.train_first`. It is then a target
            of its own name.
        task_scores: mapping from task to what its score is the mean of:
            metrics, by the reference's names.
        groups: mapping from a group's name to its tasks; a group's score is
            their mean.
        score_name: str. What the reference calls the suite's score.
        score_of: tuple of str. Tasks or groups whose mean the suite's score
            is; default: all tasks. It is there only where all tasks are.
        score_by: str. Whose definition that is: the reference's file, or
            `OURS` where the reference defines none.
        note: str. What a table of the tasks' scores must say of them.
        layout: `Layout` or None. Of a submission's files.
        reference_names: mapping from our metrics to the reference's names,
            where they differ.
        source: str. Authors, year and address.
    """

    name: str
    tasks: tuple[Task, ...]
    title: str = ""
    languages: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    evaluated_after: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    task_scores: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    groups: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    score_name: str = "all_task"
    score_of: tuple[str, ...] = ()
    score_by: str = OURS
    note: str = "Percent; means over all languages, English included"
    layout: Layout | None = None
    reference_names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    source: str = ""

    def __post_init__(self):
        """Checks the definition, so that a wrong suite fails at import."""
        if not self.title:
            object.__setattr__(self, "title", self.name)
        if not self.score_of:
            object.__setattr__(self, "score_of", self.names)
        parts = {
            "languages": self.languages,
            "evaluated_after": self.evaluated_after,
            "groups": [name for part in self.groups.values() for name in part],
            "layout": self.layout.formats if self.layout else (),
        }
        if self.is_scored:
            parts["task_scores"] = self.task_scores
        for where, names in parts.items():
            if not set(names) <= set(self.names):
                raise ValueError(
                    f"Suite {self.name!r}: {where} must name tasks among "
                    f"{self.names}. Received: {tuple(names)}."
                )
        if self.is_scored and set(self.task_scores) != set(self.names):
            raise ValueError(
                f"Suite {self.name!r}: task_scores must tell of each of "
                f"{self.names}. Received: {tuple(self.task_scores)}."
            )
        trained = [
            name
            for name in self.evaluated_after
            if self.task(name).kind.is_trained
        ]
        if trained:
            raise ValueError(
                f"Suite {self.name!r}: evaluated_after is for tasks without a "
                f"head; others have a train_task. Received: {trained}."
            )
        if not set(self.score_of) <= {*self.names, *self.groups}:
            raise ValueError(
                f"Suite {self.name!r}: score_of must name tasks or groups. "
                f"Received: {self.score_of}."
            )

    @property
    def names(self):
        """The tasks' names: tuple of str."""
        return tuple(task.name for task in self.tasks)

    @functools.cached_property
    def targets(self):
        """The tasks as they are evaluated for it: tuple of `Task`.

        Each with all of its languages, of which `languages_of` count.
        """
        return tuple(map(self._as_evaluated, self.tasks))

    def _as_evaluated(self, task):
        first = self.evaluated_after.get(task.name)
        if not first:
            return task
        name = "_".join((task.name, "after", *first))
        return dataclasses.replace(task, name=name, train_first=first)

    def wanted(self):
        """Returns each target with its languages that the suite counts.

        Returns:
            List of (`Task`, tuple of str).
        """
        return [
            (target, self.languages_of(name))
            for target, name in zip(self.targets, self.names, strict=True)
        ]

    def name_of(self, target):
        """Returns the suite's name of a target; None where it is none of it.

        Args:
            target: str. The name of one of `targets`.
        """
        names = {
            found.name: name
            for found, name in zip(self.targets, self.names, strict=True)
        }
        return names.get(target)

    def has(self, target, language):
        """Whether a target is one of its own, and the language counts."""
        name = self.name_of(target)
        return name is not None and language in self.languages_of(name)

    @property
    def is_scored(self):
        """Whether its tasks become one score."""
        return bool(self.task_scores)

    def task(self, name):
        """Returns the Task of a name.

        Raises:
            InputError: If the suite has none.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise unknown(f"task of {self.title}", name, self.names)

    def has_files(self, name, language):
        """Whether a submission has a file of a task in a language."""
        return (
            self.layout is not None
            and name in self.layout.formats
            and language in self.languages_of(name)
        )

    def languages_of(self, name):
        """Returns the languages that a task's score is the mean of."""
        return self.languages.get(name, self.task(name).languages)

    def reference_name(self, metric):
        """Returns the reference's name of one of our metrics."""
        return self.reference_names.get(metric, metric)

    def can_score(self, name, by_metric):
        """Whether a task has what its score is the mean of.

        Args:
            name: str. The task.
            by_metric: container of metrics with scores, by the reference's
                names.
        """
        needed = self.task_scores.get(name)
        return needed is not None and all(map(by_metric.get, needed))

    def summarise(self, scores):
        """Averages over languages, tasks and groups as the reference does.

        Args:
            scores: dict from task to dict from metric, by the reference's
                name, to dict from language to percent.

        Returns:
            Dict in the structure of XTREME's evaluator: the suite's score (if
            all tasks are there), the groups that are whole, and for each task
            its metrics by language, their means `avg_...` and `avg_metric`,
            all in percent.

        Raises:
            InputError: If a task is not of the suite, or lacks what its score
                is the mean of.
        """
        tasks = {}
        for name, by_metric in scores.items():
            self._check_metrics(name, by_metric)
            means = {
                f"avg_{metric}": _mean(values.values())
                for metric, values in by_metric.items()
            }
            parts = [
                means[f"avg_{metric}"] for metric in self.task_scores[name]
            ]
            tasks[name] = {**by_metric, **means, "avg_metric": _mean(parts)}
        of_tasks = {name: found["avg_metric"] for name, found in tasks.items()}
        groups = {
            group: _mean(of_tasks[name] for name in members)
            for group, members in self.groups.items()
            if set(members) <= set(tasks)
        }
        result = {}
        if set(tasks) == set(self.names):
            found = of_tasks | groups
            # In the order in which the tasks came: sums of floats depend on it.
            order = [name for name in found if name in self.score_of]
            result[self.score_name] = _mean(found[name] for name in order)
        return result | groups | tasks

    def _check_metrics(self, name, by_metric):
        """Raises unless a task has the metrics that its score is made of."""
        self.task(name)
        if not self.can_score(name, by_metric):
            needed = self.task_scores[name]
            raise InputError(
                f"The score of task {name!r} needs values of "
                f"{' and '.join(needed)}. Received values of: "
                f"{', '.join(by_metric) or 'nothing'}."
            )


def _mean(values):
    # Imported here: every plan imports suites.
    import numpy as np

    return float(np.mean(list(values)))
