"""The packed rows of stages and cells: checked before any training."""

import collections
import dataclasses

from stilts_keras.data import draws
from stilts_keras.data.features import labels_in
from stilts_keras.data.features import load_features
from stilts_keras.data.matching import match
from stilts_keras.data.pool import pool_of
from stilts_keras.disturbances import get_disturbance
from stilts_keras.errors import InputError
from stilts_keras.problems import problem_of
from stilts_keras.problems.dual_encoder import check_pool


class Inputs:
    """Packs each split once, whoever asks for it."""

    def __init__(self, data, tokenizer, *, num_positions=None, bad_rows="skip"):
        """Takes what rows are read and packed by.

        Args:
            data: a data source of `data.sources`.
            tokenizer: `Tokenizer`.
            num_positions: int or None. The backbone's: no sequence is longer;
                None where it takes any length.
            bad_rows: str. One of `rows.BAD_ROWS`.
        """
        self.data = data
        self.num_positions = num_positions
        self.tokenizer = tokenizer
        self.bad_rows = bad_rows
        self._splits = {}
        self._tasks = {}
        self._problems = {}
        self._checked_pools = set()
        self._pairs_of = {}

    def task(self, task):
        """Returns a Task with the labels that its rows name."""
        if task not in self._tasks:
            known = task
            if task.labels_from_data:
                labels = labels_in(self.data, task, task.language)
                known = dataclasses.replace(task, labels=labels)
            self._tasks[task] = known
        return self._tasks[task]

    def problem(self, task):
        """Returns the Problem of a Task."""
        if task not in self._problems:
            self._problems[task] = problem_of(self.task(task))
        return self._problems[task]

    def train(self, stage, index):
        """Returns the training rows of one of all a stage's sources."""
        source = stage.all_sources[index]
        return self._load(
            source.task,
            source.language,
            "train",
            stage.max_lengths[index],
            source.count,
            shuffle_seed=stage.seed if source.task.is_shuffled else None,
        )

    def dev(self, stage, index):
        """Returns the dev rows of a stage's own source; None without any."""
        source = stage.sources[index]
        if source.language not in self.data.languages(source.task, "dev"):
            return None
        return self._load(
            source.task,
            source.language,
            "dev",
            stage.max_lengths[index],
            stage.recipe.dev_limit,
        )

    def test(self, cell, language):
        """Returns the rows that one language of a cell is evaluated on."""
        if cell.noisy is not None:
            return self._paired(cell, language)
        setting = None
        if cell.disturbance:
            setting = get_disturbance(cell.disturbance).at(cell.severity)
        return self._evaluated(cell, language, cell.split, setting)

    def threshold_rows(self, cell, language):
        """Returns the dev rows that choose a cell's threshold: clean ones.

        None where it has no threshold, or is evaluated on dev rows itself.
        """
        if not cell.target.kind.needs_dev or cell.split == "dev":
            return None
        return self._evaluated(cell, language, "dev")

    def pool(self, cell):
        """Returns what a cell's queries are searched among, by language.

        Also where queries are disturbed, candidates are not.

        Returns:
            List of `SplitFeatures`, of all languages that the data hold, or of
            the target's own candidates, which are never limited; None where
            each language is searched by itself.
        """
        target = cell.target
        places = pool_of(target, self.data, cell.split)
        return [
            self._load(
                task,
                language,
                split,
                cell.recipe.max_length,
                cell.max_rows if target.candidates is None else None,
                is_evaluated=True,
            )
            for task, language, split in places
        ] or None

    def _evaluated(self, cell, language, split, setting=None):
        return self._load(
            cell.target,
            language,
            split,
            cell.recipe.max_length,
            cell.max_rows,
            is_evaluated=True,
            setting=setting,
        )

    def _paired(self, cell, language):
        """Returns disturbed rows of another task, or the clean ones of these.

        Which is which, the severity says; both are the same examples.
        """
        pairs = self.pairs(cell, language)
        is_noisy = cell.severity > 0
        return self._load(
            cell.noisy if is_noisy else cell.target,
            language,
            cell.split,
            cell.recipe.max_length,
            None,
            is_evaluated=True,
            numbers=tuple((pairs.noisy if is_noisy else pairs.clean).tolist()),
        )

    def pairs(self, cell, language):
        """Finds the rows that a cell compares, or as many as are wanted.

        Args:
            cell: `Cell` whose disturbed rows are another task's.
            language: str.

        Returns:
            `data.matching.Pairs`.
        """
        key = (cell.noisy, cell.target, language, cell.max_rows)
        if key not in self._pairs_of:
            pairs = match(self.data, cell.noisy, cell.target, language)
            self._pairs_of[key] = pairs.limited(cell.max_rows)
        return self._pairs_of[key]

    def prepare(self, stages, cells, lessons=()):
        """Packs all that stages and cells will need.

        Args:
            stages: iterable of `Stage`.
            cells: iterable of `Cell`.
            lessons: iterable of `Lesson` whose dev rows will be needed.

        Returns:
            Dict from split (its task, language and name) to the number of
            rows that are longer than `max_length` and were cut.

        Raises:
            InputError: If a row is wrong; it is named.
        """
        for stage in stages:
            for index in range(len(stage.all_sources)):
                self.train(stage, index)
            if stage.recipe.eval_every_steps:
                for index in range(len(stage.sources)):
                    self.dev(stage, index)
        self._check_drawn_alike(stages)
        for lesson in lessons:
            self.dev(lesson.stage, lesson.index)
        for cell in cells:
            self._check_pool(cell)
            for language in cell.languages:
                split = self.test(cell, language)
                # Rows that are only disturbed have the ids of clean ones.
                if cell.noisy is not None or not cell.disturbance:
                    self._check_ids(cell, split)
                self.threshold_rows(cell, language)
        return {
            split.where: split.num_cut_rows
            for split in self._splits.values()
            if split.num_cut_rows
        }

    def _check_drawn_alike(self, stages):
        """Raises where counts of translations would be of other rows.

        Rows are drawn by number alike if files are of equal length, or tell
        their lengths before they are read; see `data.draws`.
        """
        drawn = {
            (source.task, source.language): None
            for stage in stages
            for source in stage.all_sources
            if source.count is not None
            and source.task.parallel_by == draws.NUMBER
        }
        first, untold = {}, set()
        for task, language in drawn:
            known = self.data.num_rows(task, language, "train")
            if known is None:
                untold.add(task)
                known = len(self.data.load(task, language, "train"))
            place = self.data.origin(task, language, "train")
            number, other = first.setdefault(task, (known, place))
            if number != known and task in untold:
                raise InputError(
                    f"{place} has {known:,} rows and {other} {number:,}: rows "
                    f"of task {task.name!r} translate each other by their "
                    "numbers, and counts would take other ones in each. Give "
                    "files of equal length, or parquet, which tells its "
                    "length."
                )

    def notes(self):
        """Lists what is to be said of rows that are left out, or empty."""
        return _notes(self._splits.values())

    def left_out(self, stage):
        """Lists which rows a stage does not learn from; see `notes`."""
        splits = [
            self.train(stage, index) for index in range(len(stage.all_sources))
        ]
        if stage.recipe.eval_every_steps:
            splits += [
                self.dev(stage, index) for index in range(len(stage.sources))
            ]
        return _notes(filter(None, splits))

    def _check_pool(self, cell):
        """Packs a pool; of candidates of their own, looks for all answers."""
        pool = self.pool(cell)
        if cell.target.candidates is None:
            return
        splits = [self.test(cell, language) for language in cell.languages]
        # Once for all cells: there may be a million.
        checked = tuple(split.where for split in splits)
        if checked not in self._checked_pools:
            check_pool(splits, pool)
            self._checked_pools.add(checked)

    def _check_ids(self, cell, split):
        """Predictions are known by their ids in the files of a run."""
        problem = self.problem(cell.target)
        if not problem.has_ids:
            return
        try:
            ids = problem.ids(split.examples)
        except InputError as error:
            raise InputError(f"{split.where}: {error}") from error
        twice = [name for name, n in collections.Counter(ids).items() if n > 1]
        if twice:
            raise InputError(
                f"{split.where} has the id {twice[0]!r} more than once. Give "
                "each example an id of its own."
            )

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

    def _load(
        self,
        task,
        language,
        split,
        max_length,
        count,
        is_evaluated=False,
        setting=None,
        numbers=None,
        shuffle_seed=None,
    ):
        # Before the backbone was opened its positions may have been unknown.
        if self.num_positions is not None:
            max_length = min(max_length, self.num_positions)
        key = (task, language, split, max_length, count, is_evaluated)
        key += (setting, numbers, shuffle_seed)
        if key not in self._splits:
            problem = self.problem(task)
            self._splits[key] = load_features(
                self.data,
                self.task(task),
                language,
                split,
                pack=problem.pack_evaluated if is_evaluated else problem.pack,
                pack_key=problem.pack_key,
                tokenizer=self.tokenizer,
                max_length=max_length,
                count=count,
                is_evaluated=is_evaluated,
                bad_rows=self.bad_rows,
                numbers=numbers,
                setting=setting,
                shuffle_seed=shuffle_seed,
            )
        return self._splits[key]


def _notes(splits):
    notes = [note for split in splits for note in split.notes()]
    return list(dict.fromkeys(notes))


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
