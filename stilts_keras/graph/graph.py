"""The staged model graph: routes x targets x seeds, each stage once."""

import itertools

from stilts_keras.data.pool import pool_of
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.files import fingerprint_of
from stilts_keras.graph.averaging import averaged_cells
from stilts_keras.graph.cell import Cell
from stilts_keras.graph.cell import LanguageFacts
from stilts_keras.graph.cell import Lesson
from stilts_keras.graph.cell import by_stage
from stilts_keras.graph.description import describe
from stilts_keras.graph.disturbed import Trials
from stilts_keras.graph.holdings import Holdings
from stilts_keras.graph.recipes import Recipes
from stilts_keras.graph.request import Request
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.graph.tree import StageTree
from stilts_keras.graph.zero_shot import seen_languages
from stilts_keras.graph.zero_shot import trained_languages


class Graph:
    """Everything a run will train and evaluate, checked before it begins.

    Cells come seed by seed, so that one seed's table is full before the next
    seed begins. Stages come parents first, in order of first need.

    Attributes:
        request: Request.
        data, backbone, seeds: those of the request.
        routes: tuple of Route. Those that can be trained.
        left_out: dict from a route (str) that was left out to the reason.
        targets: tuple of Task, with the languages that were asked for.
        baseline: str.
        cells: tuple of Cell. Clean ones.
        trials: `Trials`. How targets are disturbed.
        disturbed_cells: tuple of Cell. The same, disturbed.
        stages: tuple of Stage.
        data_fingerprints: dict from a target's name to a dict from each
            evaluated language to what its scores depend on besides weights.
    """

    def __init__(self, request=None, **parts):
        """Checks all of it and builds cells and stages.

        Args:
            request: Request or None.
            **parts: what makes one, where none is given.

        Raises:
            InputError: If anything cannot be trained or evaluated as asked.
        """
        self.request = request = request or Request(**parts)
        self.data, self.backbone = request.data, request.backbone
        self.seeds = request.seeds
        self._holdings = Holdings(request.data, request.known_tasks)
        self.left_out = self._lacking() if request.allow_missing else {}
        self.routes = self._held_routes()
        self.baseline = self._checked_baseline()
        self.targets = tuple(map(self._asked_languages, request.targets))
        self._check_languages()
        self._recipes = Recipes(
            request.recipe, self.backbone, request.task_recipes
        )
        self._tree = StageTree(request, self._holdings, self._recipes)
        self.data_fingerprints = {
            task.name: {
                language: self._data_fingerprint(task, language)
                for language in self._evaluated_languages(task)
            }
            for task in self.targets
        }
        self._facts = {}
        self.trials = Trials(self, self._holdings)
        cells = list(self._build_cells())
        cells += averaged_cells(cells, request.average, self._tree.add_average)
        self.cells = tuple(cells)
        self.disturbed_cells = tuple(self.trials.cells(self.cells))
        self._cells_by_stage = by_stage(self.cells)
        self._disturbed_by_stage = by_stage(self.disturbed_cells)
        self.stages = self._tree.stages
        self._tree.check_rates()
        self._kept_means = dict(self._tree.kept_means)

    # -------------------------------------------------- What others ask of it
    def lowered_lengths(self, num_positions=None):
        """Says which lengths are lowered; see `Recipes.lowered`."""
        trained = [
            source.task for stage in self.stages for source in stage.all_sources
        ]
        tasks = (*trained, *self.targets)
        return self._recipes.lowered(tasks, num_positions)

    def notes_on_longer(self):
        """Lists what is to be said of results that more steps cannot change."""
        same = [
            task.name
            for task in self.targets
            if not task.kind.is_trained and not task.train_first
        ]
        routes = [str(route) for route in self.routes if route.is_longer]
        if not same or not routes:
            return []
        return [
            f"{', '.join(routes)}: nothing is trained for {', '.join(same)}, "
            "so that no steps can be added; results are those of "
            f"{PRETRAINED}."
        ]

    def eval_count(self, task):
        """Returns the most rows to evaluate; None for all.

        A part of a pool would be another task: other sentences to find, and
        other ones to find them among.
        """
        return None if task.kind.is_pool_whole else self.request.eval_limit

    def eval_split(self, task):
        """Returns the split that a target is evaluated on."""
        return "dev" if task.name in self.request.eval_on_dev else "test"

    def missing_languages(self, task):
        """Returns what will not be evaluated for want of data.

        Args:
            task: Task.

        Returns:
            Tuple of the task's languages that the data lacks, of those that
            `languages` asks for.
        """
        held = self._holdings.languages(task, self.eval_split(task))
        return tuple(
            language
            for language in task.languages
            if language not in held and self._is_wanted(language)
        )

    def lessons(self, stage):
        """Returns what a stage may have forgotten, with what it just learned.

        Args:
            stage: Stage.

        Returns:
            List of `Lesson`: for each source of the chain that has dev rows,
            where it was last trained on, in order.
        """
        if not self.request.measure_forgetting or stage.averaged:
            return []
        learned = {
            source.name: (earlier, index)
            for earlier in stage.chain
            for index, source in enumerate(earlier.sources)
            if source.language in self._holdings.languages(source.task, "dev")
        }
        return [
            Lesson(
                stage=earlier,
                index=index,
                data_fingerprint=self._lesson_rows(earlier, index),
            )
            for earlier, index in learned.values()
        ]

    def _lesson_rows(self, learned, index):
        """Fingerprints what the dev score of a stage's source depends on."""
        source = learned.sources[index]
        return fingerprint_of(
            [
                self._holdings.fingerprint(source.task, source.language, "dev"),
                source.task.identity,
                learned.max_lengths[index],
                learned.recipe.dev_limit,
                learned.recipe.dtype_policy,
            ]
        )

    def kept_means(self, stage):
        """Returns over how many last evaluations a stage keeps the mean.

        Returns:
            Sorted list of int; empty where nothing asks for one.
        """
        return sorted(self._kept_means.get(stage.fingerprint, ()))

    def used_by(self, stage):
        """Returns the list of routes (str) that need a stage."""
        return list(self._tree.used_by[stage.fingerprint])

    def cells_of(self, stage):
        """Returns the clean cells that evaluate a stage (None: the root)."""
        return self._cells_by_stage.get(stage, [])

    def disturbed_cells_of(self, stage):
        """Returns the disturbed cells that evaluate a stage."""
        return self._disturbed_by_stage.get(stage, [])

    def description(self):
        """Returns what identifies the results; see `description.describe`."""
        return describe(self)

    def _data_fingerprint(self, task, language):
        """Fingerprints all that a score depends on besides the weights."""
        recipe = self._recipes.of(task)
        facts = [
            self._holdings.fingerprint(task, language, self.eval_split(task)),
            task.identity,
            recipe.max_length,
            self.eval_count(task),
            recipe.dtype_policy,
        ]
        pool = pool_of(task, self._holdings, self.eval_split(task))
        if pool:
            facts += [
                [self._holdings.fingerprint(*each), each[0].identity]
                for each in pool
            ]
        if task.kind.needs_dev:
            facts.append(self._holdings.fingerprint(task, language, "dev"))
        if not task.kind.is_trained:
            facts += [
                self.request.retrieval_layer,
                self.request.retrieval_pooling,
            ]
        return fingerprint_of(facts)

    # ------------------------------------------------- What the data allow
    def _is_wanted(self, language):
        asked = self.request.languages
        return asked is None or language in asked

    def _asked_languages(self, task):
        """Adds languages of the user's that the benchmark does not list.

        And those that it lists, where a suite has left them out.
        """
        asked = self.request.languages or ()
        task = self.request.whole(task).within({*task.languages, *asked})
        found = self._holdings.with_asked_languages(
            task, self.eval_split(task), self.request.languages
        )
        if found is not task:
            _check_rules(found)
        return found

    def _check_languages(self):
        """Raises where a language is none of any target."""
        known = {code for task in self.targets for code in task.languages}
        for language in self.request.languages or ():
            if language in known:
                continue
            error = unknown("language", language, known)
            raise InputError(
                f"{error} Data {self.data.name!r} holds no rows in it of "
                f"{', '.join(task.name for task in self.targets)}."
            )

    def _evaluated_languages(self, task):
        split = self.eval_split(task)
        held = self._holdings.languages(task, split)
        if not held:
            raise self._holdings.not_held(f"Target {task.name!r}", task, split)
        wanted = tuple(filter(self._is_wanted, held))
        if not wanted:
            raise InputError(
                f"Target {task.name!r} is left without a language: data "
                f"{self.data.name!r} holds its {split} rows in "
                f"{', '.join(held)}; languages asked for: "
                f"{', '.join(self.request.languages)}. Change --languages or "
                "--targets."
            )
        searched = task.candidates
        if searched and not self._holdings.languages(searched, "test"):
            raise self._holdings.not_held(
                f"Target {task.name!r} needs what it searches", searched, "test"
            )
        for language in wanted if task.kind.needs_dev else ():
            if language not in self._holdings.languages(task, "dev"):
                raise self._holdings.not_held(
                    f"Target {task.name!r} needs dev rows for its threshold",
                    task,
                    "dev",
                    language,
                )
        return wanted

    def _lacking(self):
        """Finds the routes with a source that the data does not hold."""
        reasons = {}
        for route in self.request.routes:
            for source in itertools.chain(*route.stages):
                try:
                    self._holdings.check_trainable(f"Route '{route}'", source)
                except InputError as error:
                    reasons.setdefault(str(route), str(error))
        return reasons

    def _held_routes(self):
        routes = self.request.routes
        held = [route for route in routes if str(route) not in self.left_out]
        if not held:
            raise InputError(next(iter(self.left_out.values())))
        return tuple(held)

    def _checked_baseline(self):
        baseline, routes = self.request.baseline, self.routes
        if baseline is None:
            return str(routes[0])
        if baseline not in map(str, routes):
            raise InputError(
                f"Baseline {baseline!r} is not among the routes: "
                f"{', '.join(map(str, routes))}. Choose one of these, or add "
                f"--route={baseline}."
            )
        return baseline

    # ----------------------------------------------------- Cells and stages
    def _build_cells(self):
        for seed in self.seeds:
            for route in self.routes:
                name = str(route)
                parent = self._tree.add_route(name, route.stages, seed)
                more = self._tree.more_steps(route)
                for task in self.targets:
                    stage = self._tree.add_target(
                        name, parent, task, seed, more
                    )
                    yield self._cell(name, task, seed, stage)

    def _cell(self, route, task, seed, stage):
        languages = tuple(self.data_fingerprints[task.name])
        is_compared = not task.kind.is_trained
        trained = frozenset(trained_languages(task, stage))
        seen = frozenset(seen_languages(stage))
        return Cell(
            route=route,
            target=task,
            seed=seed,
            stage=stage,
            languages=languages,
            split=self.eval_split(task),
            recipe=self._recipes.of(task),
            max_rows=self.eval_count(task),
            layer=self.request.retrieval_layer if is_compared else None,
            pooling=self.request.retrieval_pooling if is_compared else None,
            is_projected=task.kind.is_of_pairs and seed == self.seeds[0],
            facts=self._facts_of(task, trained, seen),
        )

    def _facts_of(self, task, trained, seen):
        """Returns the facts by language, one mapping for cells alike."""
        key = task.name, trained, seen
        if key not in self._facts:
            fingerprints = self.data_fingerprints[task.name]
            self._facts[key] = {
                language: LanguageFacts(
                    zero_shot=language not in trained,
                    seen_language=language in seen - trained,
                    in_benchmark=language not in task.extra_languages,
                    data_fingerprint=fingerprint,
                )
                for language, fingerprint in fingerprints.items()
            }
        return self._facts[key]


def _check_rules(task):
    """Raises where a metric has no rule for one of the extra languages."""
    # Imported here: most plans can do without NumPy.
    from stilts_keras.scoring import metrics

    for metric in metrics.of(task):
        for language in task.extra_languages:
            if metric.languages and language not in metric.languages:
                raise InputError(
                    f"Target {task.name!r} cannot be scored in {language!r}: "
                    f"metric {metric.name!r} has rules for "
                    f"{', '.join(metric.languages)}. Leave the language out "
                    "of --languages, or the target out of --targets."
                )
