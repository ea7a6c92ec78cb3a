"""What the data hold, each question asked once, and said where it is not."""

from stilts_keras.data import draws
from stilts_keras.data.layout import expected_places
from stilts_keras.errors import InputError


class Holdings:
    """One data source as a graph looks at it.

    Attributes:
        data: a data source of `data.sources`.
    """

    def __init__(self, data, tasks):
        """Asks nothing yet.

        Args:
            data: a data source of `data.sources`.
            tasks: mapping from name to Task. All that may be named instead
                of one that is missing.
        """
        self.data = data
        self._tasks = tasks
        self._answers = {}

    def languages(self, task, split):
        """Returns the Task's languages that the data hold for a split."""
        return self._ask("languages", task, split)

    def num_rows(self, task, language, split):
        """Returns the number of rows; None where it is not known yet."""
        return self._ask("num_rows", task, language, split)

    def fingerprint(self, task, language, split):
        """Returns what changes whenever the rows would."""
        return self._ask("fingerprint", task, language, split)

    def drawn_fingerprint(self, source):
        """Returns what changes whenever a Source's training rows would.

        Args:
            source: Source, its count resolved.
        """
        task, language = source.task, source.language
        own = self.fingerprint(task, language, "train")
        others = draws.depends_on(self, task, language, source.count)
        return f"{own}, drawn with {others}" if others else own

    def check_trainable(self, where, source):
        """Raises InputError if there are no rows to train a Source on."""
        if source.language not in self.languages(source.task, "train"):
            raise self.not_held(where, source.task, "train", source.language)

    def with_asked_languages(self, task, split, languages):
        """Adds languages that no benchmark lists, where the data hold them.

        Args:
            task: Task.
            split: str. The split that is to hold them.
            languages: iterable of str or None.

        Returns:
            Task.
        """
        strange = [
            code for code in languages or () if code not in task.languages
        ]
        # Others would give the same rows for whatever is asked.
        tell = [
            repository.tells_languages
            for repository in task.repositories
            if split in repository.splits
        ]
        if not strange or not all(tell):
            return task
        held = self.languages(task.with_languages(strange), split)
        found = [code for code in strange if code in held]
        return task.with_languages(found) if found else task

    def not_held(self, where, task, split, language=None):
        """Returns the error for rows that the data lack.

        Args:
            where: str. Who wants them.
            task: Task.
            split: str.
            language: str or None. None: in any language.
        """
        held = self.languages(task, split)
        missing = f" in language {language!r}" if language else ""
        names = [
            other.name
            for other in self._tasks.values()
            if split in other.splits and self._holds_any(other, split)
        ]
        move = "Choose among these, or other --data."
        if held:
            there = f"It holds {split} rows of it in: {', '.join(held)}."
        elif not any(place.on_hub for place in task.repositories):
            there = "Its rows are not on the Hub, but must lie in a folder:"
            move = (
                f"{expected_places(task, language or task.languages[0], split)}"
                f" in FOLDER; then pass --data=FOLDER,{self.data.name}."
            )
            if split == "test" and "dev" in task.splits:
                move += f" With dev rows alone: --eval_on_dev={task.name}."
        elif names:
            there = f"Tasks with {split} rows there: {', '.join(names)}."
        else:
            there = f"It holds no {split} rows of any task."
            move = "Choose other --data."
        return InputError(
            f"{where}: data {self.data.name!r} holds no {split} rows of task "
            f"{task.name!r}{missing}. {there} {move}"
        )

    def _holds_any(self, task, split):
        """Whether a task could be named instead of one that is missing."""
        try:
            return bool(self.languages(task, split))
        except InputError:
            # What is wrong with its files is no concern of the asked task.
            return False

    def _ask(self, question, task, *rest):
        key = (question, task, *rest)
        if key not in self._answers:
            self._answers[key] = getattr(self.data, question)(task, *rest)
        return self._answers[key]


def missing_notes(graph):
    """Says in which languages targets are not evaluated for want of data.

    Args:
        graph: Graph.

    Returns:
        List of str. Of the languages that are evaluated, and those that are
        not, the shorter list is told.
    """
    notes = []
    for task in graph.targets:
        missing = graph.missing_languages(task)
        # Of all cells of the target, whichever this part of a graph has.
        there = graph.data_fingerprints[task.name]
        rows = f"{graph.eval_split(task)} rows"
        if len(missing) > len(there):
            notes.append(
                f"{task.name}: the data has {rows} in {' '.join(there)} alone, "
                f"and none in the other {len(missing)}."
            )
        elif missing:
            notes.append(
                f"{task.name}: the data has no {rows} in {' '.join(missing)}."
            )
    return notes
