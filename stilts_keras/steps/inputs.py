"""The packed rows of a graph: all of them checked before any training."""

from stilts_keras.data.features import load_features
from stilts_keras.errors import InputError
from stilts_keras.problems import problem_of
from stilts_keras.tasks import get_task


class Inputs:
    """Packs each split once, whoever asks for it."""

    def __init__(self, graph, tokenizer):
        """Takes the `Graph` and the `Tokenizer`."""
        self.graph = graph
        self.tokenizer = tokenizer
        self._splits = {}
        self._problems = {}

    def problem(self, task):
        """Returns a Task's Problem."""
        if task.name not in self._problems:
            self._problems[task.name] = problem_of(task)
        return self._problems[task.name]

    def train(self, stage, index):
        """Returns the training rows of a stage's source, by its number."""
        source = stage.sources[index]
        return self._load(
            get_task(source.task),
            source.language,
            "train",
            stage.max_lengths[index],
            source.count,
        )

    def dev(self, stage, index):
        """Returns the dev rows of a stage's source; None if it has none."""
        source = stage.sources[index]
        task = get_task(source.task)
        if source.language not in self.graph.data.languages(task, "dev"):
            return None
        return self._load(
            task,
            source.language,
            "dev",
            stage.max_lengths[index],
            stage.recipe.dev_limit,
        )

    def test(self, cell, language):
        """Returns the test rows of one language of a cell's target."""
        task = get_task(cell.target)
        return self._load(
            task,
            language,
            "test",
            self.graph.eval_length(task),
            self.graph.eval_limit,
        )

    def prepare(self, stages, cells):
        """Packs all that stages and cells will need.

        Args:
            stages: iterable of `Stage`.
            cells: iterable of `Cell`.

        Returns:
            Dict from split (its task, language and name) to the number of
            rows that are longer than `max_length` and were cut.

        Raises:
            InputError: If a row is wrong; it is named.
        """
        for stage in stages:
            for index in range(len(stage.sources)):
                self.train(stage, index)
                if stage.recipe.eval_every_steps:
                    self.dev(stage, index)
        for cell in cells:
            for language in cell.languages:
                self.test(cell, language)
        return {
            split.where: split.num_cut_rows
            for split in self._splits.values()
            if split.num_cut_rows
        }

    def without_dev(self, stages):
        """Lists what cannot choose its best checkpoint for want of dev rows.

        Args:
            stages: iterable of `Stage`.

        Returns:
            List of str: the stages' paths.
        """
        return [
            stage.path
            for stage in stages
            if stage.recipe.eval_every_steps
            and all(
                self.dev(stage, index) is None
                for index in range(len(stage.sources))
            )
        ]

    def _load(self, task, language, split, max_length, count):
        key = (task.name, language, split, max_length, count)
        if key not in self._splits:
            problem = self.problem(task)
            self._splits[key] = load_features(
                self.graph.data,
                task,
                language,
                split,
                pack=problem.pack,
                pack_key=problem.pack_key,
                tokenizer=self.tokenizer,
                max_length=max_length,
                count=count,
            )
        return self._splits[key]


def refuse_long_rows(cut):
    """Raises InputError if rows were cut, for users who forbid it.

    Args:
        cut: dict, as `Inputs.prepare` returns it.
    """
    for where, count in cut.items():
        raise InputError(
            f"{where}: {count} sequences are longer than --max_length. Raise "
            "it, shorten the rows, or pass --long_rows=cut to lose their ends."
        )
