"""The staged model graph: routes x targets x seeds, each stage once."""

import collections
import dataclasses
import itertools
import math
import os

from stilts_keras.backbones.description import describe_backbone
from stilts_keras.data.layout import expected_places
from stilts_keras.data.mixture import Sampling
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.files import fingerprint_of
from stilts_keras.graph.route import Route
from stilts_keras.graph.route import Source
from stilts_keras.graph.stage import Stage
from stilts_keras.graph.stage import make_stage
from stilts_keras.graph.stage import with_overrides
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import expand_targets
from stilts_keras.tasks import get_task
from stilts_keras.tasks.task import DTYPE_POLICIES
from stilts_keras.tasks.task import Recipe

TRAINING_LANGUAGE = "en"
SWEEP = "sweep"
POOLINGS = ("mean", "cls")
# Recipe field: lowest value, whether it is itself allowed, highest value.
RANGES = {
    "epochs": (0, False, math.inf),
    "learning_rate": (0, False, math.inf),
    "batch_size": (1, True, math.inf),
    "max_length": (8, True, math.inf),
    "warmup_ratio": (0, True, 1),
    "weight_decay": (0, True, math.inf),
    "eval_every_steps": (0, True, math.inf),
    "dev_limit": (1, True, math.inf),
    "num_steps": (1, True, math.inf),
    "early_stopping": (1, True, math.inf),
}


@dataclasses.dataclass(frozen=True)
class Cell:
    """One result to be measured: a target after a route, with one seed.

    Attributes:
        route: str. Canonical.
        target: str. The task's name.
        seed: int.
        stage: Stage or None. Whose weights are evaluated: the target stage's;
            for retrieval the route's last, or None for the bare backbone.
        languages: tuple of str. Those evaluated, in the task's order.
        split: str. `test`, or `dev` where the user asked for it.
    """

    route: str
    target: str
    seed: int
    stage: Stage | None
    languages: tuple[str, ...]
    split: str = "test"


class Graph:
    """Everything a run will train and evaluate, checked before it begins.

    Cells come seed by seed, so that one seed's table is full before the next
    seed begins. Stages come parents first, in order of first need.

    Args:
        routes: iterable of str or Route.
        targets: iterable of str. Tasks and suites.
        seeds: iterable of int.
        data: a data source of `data.sources`, or its name: `hub`, `pocket`
            or a folder.
        backbone: Backbone, or its name as `describe_backbone` takes it.
        languages: iterable of str or None. Evaluates no other languages.
        train_limit: int or None. Cap on a source's training examples, where
            the route gives no count.
        eval_limit: int or None. Cap on the examples of each evaluation. The
            pools of `mining` are always taken whole.
        eval_on_dev: iterable of str. Targets that are evaluated on dev rows
            in place of test rows; results say so.
        retrieval_layer: int, `sweep` or None. Hidden state that retrieval
            compares, 0 being the embedding; `sweep` takes all; None the
            documented one.
        retrieval_pooling: str or None. `mean` or `cls`; None the documented.
        baseline: str, Route or None. The route that others are compared to;
            None takes the first.
        recipe: mapping or None. `Recipe` fields that replace each task's own;
            None values are unset.
        sampling: Sampling, its kind as str, or None. How the sources of a
            mixture share its steps; None: in proportion to their numbers.
        replay: float in [0, 1). Part of the steps, of every stage but a
            route's first, that repeats the sources of earlier stages.
        route_steps: int or None. Steps of all of a route's own stages
            together, shared equally, in place of their epochs: routes of any
            length then cost the same.
        measure_forgetting: bool. Whether each stage is evaluated on the dev
            rows of all sources of its chain.
        allow_missing: bool. Leaves out routes whose training rows the data
            lacks, in place of raising.

    Attributes:
        routes: tuple of Route.
        left_out: dict from a route (str) that was left out to the reason.
        targets: tuple of Task.
        baseline: str.
        asks_baseline: bool. Whether it was given.
        languages: tuple of str, or None.
        overrides: dict. The recipe fields that were set.
        cells: tuple of Cell.
        stages: tuple of Stage.

    Raises:
        InputError: If anything cannot be trained or evaluated as asked.
    """

    def __init__(
        self,
        *,
        routes,
        targets,
        seeds=(1,),
        data,
        backbone,
        languages=None,
        train_limit=None,
        eval_limit=None,
        eval_on_dev=(),
        retrieval_layer=None,
        retrieval_pooling=None,
        baseline=None,
        recipe=None,
        sampling=None,
        replay=0.0,
        route_steps=None,
        measure_forgetting=False,
        allow_missing=False,
    ):
        """Checks all of it and builds cells and stages."""
        self.data = open_data(data) if _is_name(data) else data
        self.backbone = (
            describe_backbone(str(backbone)) if _is_name(backbone) else backbone
        )
        self.train_limit = _checked_limit("train_limit", train_limit)
        self.eval_limit = _checked_limit("eval_limit", eval_limit)
        self.overrides = _checked_overrides(recipe or {})
        self.sampling = _checked_sampling(sampling)
        self.replay = _checked_replay(replay)
        self.route_steps = _checked_limit("route_steps", route_steps)
        self.measure_forgetting = measure_forgetting
        self.seeds = _checked_seeds(seeds)
        self._answers = {}
        self.routes = _checked_routes(routes)
        self.left_out = self._lacking(self.routes) if allow_missing else {}
        all_routes, self.routes = self.routes, self._held_routes()
        self.baseline = _checked_baseline(baseline, self.routes)
        self.asks_baseline = baseline is not None
        self.targets = _checked_targets(targets)
        self.languages = _checked_languages(languages, self.targets)
        self.eval_on_dev = _checked_dev_targets(eval_on_dev, self.targets)
        self.retrieval_layer = _checked_layer(
            retrieval_layer, self.backbone.num_layers
        )
        self.retrieval_pooling = _checked_pooling(retrieval_pooling)
        self._recipes = {}
        self._check_length(self.backbone.max_sequence_length)
        self._stages = {}
        self._used_by = collections.defaultdict(dict)
        self._evaluated = {
            task.name: self._evaluated_languages(task) for task in self.targets
        }
        self.cells = tuple(self._build_cells())
        self.stages = tuple(self._stages.values())
        self._check_rates(all_routes)

    def recipe_for(self, task):
        """Returns a Task's own Recipe with the overrides applied.

        A published length is a cap: it is lowered to the positions of the
        backbone, where these are known.
        """
        if task.name not in self._recipes:
            recipe = with_overrides(task.recipe, self.overrides)
            limit = self.backbone.max_sequence_length
            if limit is not None and recipe.max_length > limit:
                recipe = with_overrides(recipe, {"max_length": limit})
            self._recipes[task.name] = recipe
        return self._recipes[task.name]

    def lowered_lengths(self, num_positions=None):
        """Says which published lengths are above the backbone's positions.

        Args:
            num_positions: int or None. Those found when the backbone was
                opened; None for those known before.

        Returns:
            List of str, a line for each length; empty where none is lowered.

        Raises:
            InputError: If the user asked for more tokens than positions.
        """
        limit = num_positions or self.backbone.max_sequence_length
        self._check_length(limit)
        if limit is None or "max_length" in self.overrides:
            return []
        tasks = [
            get_task(source.task)
            for stage in self.stages
            for source in stage.all_sources
        ]
        published = collections.defaultdict(dict)
        for task in (*tasks, *self.targets):
            if task.recipe.max_length > limit:
                published[task.recipe.max_length][task.name] = True
        return [
            f"max_length {limit}: the published {length} of {', '.join(names)} "
            f"is above the positions of backbone {self.backbone.name!r}."
            for length, names in sorted(published.items())
        ]

    def eval_length(self, task):
        """Returns the most tokens of a sequence when a target is evaluated."""
        return self.recipe_for(task).max_length

    def eval_count(self, task):
        """Returns the most rows to evaluate; None for all.

        A part of a pool would be another task: other sentences to find, and
        other ones to find them among.
        """
        return None if task.problem == "mining" else self.eval_limit

    def eval_split(self, task):
        """Returns the split that a target is evaluated on."""
        return "dev" if task.name in self.eval_on_dev else "test"

    def missing_languages(self, target):
        """Returns what will not be evaluated for want of data.

        Args:
            target: Task or str.

        Returns:
            Tuple of the task's languages that the data lacks, of those that
            `languages` asks for.
        """
        task = get_task(target) if isinstance(target, str) else target
        held = self._ask("languages", task, self.eval_split(task))
        return tuple(
            language
            for language in task.languages
            if language not in held and self._is_wanted(language)
        )

    def zero_shot(self, cell, language):
        """Whether no stage trained the cell's target task in a language.

        Its training task, and tasks that share its head, count as the target
        task. Retrieval is never trained.
        """
        target = get_task(cell.target)
        if target.is_retrieval or cell.stage is None:
            return True
        return not any(
            source.language == language
            and (
                source.task in (target.name, target.train_task)
                or get_task(source.task).head_key == target.head_key
            )
            for stage in cell.stage.chain
            for source in stage.sources
        )

    def lessons(self, stage):
        """Returns what a stage may have forgotten, with what it just learned.

        Args:
            stage: Stage.

        Returns:
            List of (Stage, index into its sources): for each source of the
            chain that has dev rows, where it was last trained on, in order.
        """
        learned = {
            source.name: (earlier, index)
            for earlier in stage.chain
            for index, source in enumerate(earlier.sources)
            if self._has_dev(source)
        }
        return list(learned.values())

    def lesson_evaluation(self, learned, index):
        """Fingerprints what the dev score of a stage's source depends on."""
        source = learned.sources[index]
        task = get_task(source.task)
        return fingerprint_of(
            [
                self._ask("fingerprint", task, source.language, "dev"),
                task.version,
                learned.max_lengths[index],
                learned.recipe.dev_limit,
                learned.recipe.dtype_policy,
            ]
        )

    def _has_dev(self, source):
        task = get_task(source.task)
        return source.language in self._ask("languages", task, "dev")

    def used_by(self, stage):
        """Returns the list of routes (str) that need a stage."""
        return list(self._used_by[stage.fingerprint])

    def description(self):
        """Returns what identifies the results, for run.json.

        `evaluation` holds the fingerprint of each evaluated language's rows,
        for a cell of a bare backbone has no stage that would tell data apart.
        """
        return {
            "backbone": {
                "name": self.backbone.name,
                "fingerprint": self.backbone.fingerprint,
            },
            "data": self.data.name,
            "eval_limit": self.eval_limit,
            # Only to name what differs, where anything does.
            "settings": {
                **self.overrides,
                "train_limit": self.train_limit,
                "sampling": vars(self.sampling),
                "replay": self.replay,
                "route_steps": self.route_steps,
                "eval_on_dev": sorted(self.eval_on_dev),
                "retrieval_layer": self.retrieval_layer,
                "retrieval_pooling": self.retrieval_pooling,
            },
            "evaluation": {
                f"{task.name}|{language}": self.evaluation(task, language)
                for task in self.targets
                for language in self._evaluated[task.name]
            },
            # For `prune`, which must know what a run may still need.
            "stages": {
                stage.fingerprint: stage.parent and stage.parent.fingerprint
                for stage in self.stages
            },
            "cells": {
                f"{cell.route}|{cell.target}|{cell.seed}": (
                    cell.stage or self.backbone
                ).fingerprint
                for cell in self.cells
            },
        }

    def evaluation(self, target, language):
        """Fingerprints all that a score depends on besides the weights.

        Args:
            target: Task or str.
            language: str.
        """
        task = get_task(target) if isinstance(target, str) else target
        facts = [
            self._ask("fingerprint", task, language, self.eval_split(task)),
            task.version,
            self.eval_length(task),
            self.eval_count(task),
            self.recipe_for(task).dtype_policy,
        ]
        if task.needs_dev:
            facts.append(self._ask("fingerprint", task, language, "dev"))
        if task.is_retrieval:
            facts += [self.retrieval_layer, self.retrieval_pooling]
        return fingerprint_of(facts)

    def _ask(self, question, task, *rest):
        # Tasks hold mappings and cannot be hashed: their names stand for them.
        key = (question, task.name, *rest)
        if key not in self._answers:
            self._answers[key] = getattr(self.data, question)(task, *rest)
        return self._answers[key]

    def _is_wanted(self, language):
        return self.languages is None or language in self.languages

    def _evaluated_languages(self, task):
        split = self.eval_split(task)
        held = self._ask("languages", task, split)
        if not held:
            raise self._not_held(f"Target {task.name!r}", task, split)
        wanted = tuple(filter(self._is_wanted, held))
        if not wanted:
            raise InputError(
                f"Target {task.name!r} is left without a language: data "
                f"{self.data.name!r} holds its {split} rows in "
                f"{', '.join(held)}; languages asked for: "
                f"{', '.join(self.languages)}. Change --languages or --targets."
            )
        for language in wanted if task.needs_dev else ():
            if language not in self._ask("languages", task, "dev"):
                raise self._not_held(
                    f"Target {task.name!r} needs dev rows for its threshold",
                    task,
                    "dev",
                    language,
                )
        return wanted

    def _lacking(self, routes):
        """Finds the routes with a source that the data does not hold."""
        reasons = {}
        for route in routes:
            for source in itertools.chain(*route.stages):
                try:
                    self._check_held(f"Route '{route}'", source)
                except InputError as error:
                    reasons.setdefault(str(route), str(error))
        return reasons

    def _held_routes(self):
        held = [r for r in self.routes if str(r) not in self.left_out]
        if not held:
            raise InputError(next(iter(self.left_out.values())))
        return tuple(held)

    def _check_held(self, where, source):
        task = get_task(source.task)
        if source.language not in self._ask("languages", task, "train"):
            raise self._not_held(where, task, "train", source.language)

    def _check_rates(self, routes):
        """Names rates that no mixture has use for."""
        known = {
            source.name
            for route in routes
            for sources in route.stages
            if len(sources) > 1
            for source in sources
        }
        for name in self.sampling.rates:
            if name not in known:
                raise unknown("source in sampling_rates", name, known)

    def _build_cells(self):
        for seed in self.seeds:
            for route in self.routes:
                name = str(route)
                parent = self._add_route(name, route.stages, seed)
                for task in self.targets:
                    stage = self._add_target(name, parent, task, seed)
                    yield Cell(
                        route=name,
                        target=task.name,
                        seed=seed,
                        stage=stage,
                        languages=self._evaluated[task.name],
                        split=self.eval_split(task),
                    )

    def _add_route(self, route, stages, seed):
        stage = None
        for number, sources in enumerate(stages):
            tasks = [get_task(source.task) for source in sources]
            recipes = [self.recipe_for(task) for task in tasks]
            if self.route_steps is not None:
                steps = self._steps_of(route, number, len(stages))
                recipes[0] = with_overrides(recipes[0], {"num_steps": steps})
            stage = self._add_stage(
                route=route,
                parent=stage,
                sources=sources,
                recipes=recipes,
                seed=seed,
                where=f"Route '{route}'",
            )
        return stage

    def _steps_of(self, route, number, num_stages):
        """Shares a route's steps equally; what is over goes to the first."""
        if self.route_steps < num_stages:
            raise InputError(
                f"Route '{route}' has {num_stages} stages, but route_steps is "
                f"{self.route_steps}. Give at least one step to each."
            )
        steps, over = divmod(self.route_steps, num_stages)
        return steps + (number < over)

    def _add_target(self, route, parent, task, seed):
        recipe = self.recipe_for(task)
        where = f"Target {task.name!r}"
        if task.is_retrieval:
            return parent
        train_task = get_task(task.train_task or task.name)
        if not train_task.is_trainable:
            raise InputError(
                f"{where} has no train split and names no task to train in "
                f"its stead. Give it a train_task in tasks/{task.name}.py."
            )
        return self._add_stage(
            route=route,
            parent=parent,
            sources=(Source(train_task.name, TRAINING_LANGUAGE),),
            recipes=[recipe],
            seed=seed,
            where=where,
        )

    def _add_stage(self, *, route, parent, sources, recipes, seed, where):
        sources, num_examples = zip(
            *(self._resolve(where, source) for source in sources), strict=True
        )
        max_lengths = tuple(recipe.max_length for recipe in recipes)
        key = (parent, sources, recipes[0], max_lengths, seed)
        if key not in self._stages:
            if len(sources) > 1 and self.sampling.rates:
                self._check_rated(where, sources)
            old = self._replayed(parent, sources)
            replayed = tuple(source for source, _, _ in old)
            self._stages[key] = make_stage(
                parent=parent,
                backbone=self.backbone,
                sources=sources,
                recipe=recipes[0],
                max_lengths=(*max_lengths, *(length for _, length, _ in old)),
                seed=seed,
                num_examples=(*num_examples, *(number for _, _, number in old)),
                data_fingerprints=tuple(
                    map(self._train_data, (*sources, *replayed))
                ),
                sampling=self.sampling,
                replayed=replayed,
                replay=self.replay,
            )
        stage = self._stages[key]
        self._used_by[stage.fingerprint][route] = True
        return stage

    def _replayed(self, parent, sources):
        """Lists what a stage repeats: (Source, max_length, num_examples).

        All that its chain has trained on, but for what it trains on itself.
        """
        if parent is None or not self.replay:
            return []
        own = {source.name for source in sources}
        found = {
            source.name: (source, length, number)
            for stage in parent.chain
            for source, length, number in zip(
                stage.sources,
                stage.max_lengths,
                stage.num_examples,
                strict=False,
            )
        }
        return [facts for name, facts in found.items() if name not in own]

    def _check_rated(self, where, sources):
        names = [source.name for source in sources]
        lacking = [name for name in names if name not in self.sampling.rates]
        if lacking:
            raise InputError(
                f"{where}: sampling_rates names no rate for "
                f"{', '.join(map(repr, lacking))}. Give one for each of: "
                f"{', '.join(names)}."
            )

    def _train_data(self, source):
        task = get_task(source.task)
        return self._ask("fingerprint", task, source.language, "train")

    def _resolve(self, where, source):
        """Returns a source with its count, and its number of examples."""
        self._check_held(where, source)
        task = get_task(source.task)
        rows = self._ask("num_rows", task, source.language, "train")
        if rows is None and source.language == task.language:
            rows = task.num_train_examples or None
        count = source.count or self.train_limit
        if rows and source.count and source.count > rows:
            raise InputError(
                f"{where}: source '{source}' asks for {source.count} examples, "
                f"but data {self.data.name!r} has {rows}. Lower the count, or "
                "leave it out to take all."
            )
        known = [number for number in (rows, count) if number is not None]
        source = Source(source.task, source.language, count)
        return source, min(known, default=None)

    def _not_held(self, where, task, split, language=None):
        held = self._ask("languages", task, split)
        missing = f" in language {language!r}" if language else ""
        names = [
            other.name
            for other in TASKS.values()
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
            return bool(self._ask("languages", task, split))
        except InputError:
            # What is wrong with its files is no concern of the asked task.
            return False

    def _check_length(self, limit):
        """Raises where the backbone has too few positions (None: unknown)."""
        if limit is None:
            return
        lowest = RANGES["max_length"][0]
        if limit < lowest:
            raise InputError(
                f"Backbone {self.backbone.name!r} has {limit} positions. "
                f"Expected at least {lowest}."
            )
        asked = self.overrides.get("max_length", limit)
        if asked > limit:
            raise InputError(
                f"--max_length={asked} is above the {limit} positions of "
                f"backbone {self.backbone.name!r}. Pass --max_length={limit} "
                "or less, or leave it out."
            )


def check_compatible(old, new):
    """Checks that a run folder's description allows another one's results.

    New routes, targets, seeds and languages may be added.

    Args:
        old: dict. `Graph.description()` of the folder's run.json.
        new: dict. That of the graph to run now.

    Raises:
        InputError: If backbone or `eval_limit` differ, or a result of both
            would come from other weights or other evaluation rows.
    """
    pairs = [
        (
            "backbone",
            old.get("backbone", {}).get("fingerprint"),
            new["backbone"]["fingerprint"],
        ),
        ("eval_limit", old.get("eval_limit"), new["eval_limit"]),
    ]
    for kind in ("evaluation", "cells"):
        known = old.get(kind, {})
        pairs += [
            (f"{kind} {key}", known[key], value)
            for key, value in new[kind].items()
            if key in known
        ]
    for what, before, now in pairs:
        if before != now:
            raise _incompatible(what, before, now, old, new)


def _incompatible(what, before, now, old, new):
    changed = _changed_settings(old.get("settings", {}), new["settings"])
    if changed and what not in ("backbone", "eval_limit"):
        return InputError(
            "The run folder holds results of other settings: "
            f"{'; '.join(changed)}. Choose another --run_dir, or the flags of "
            "the first run."
        )
    if what == "backbone":
        before = f"{old.get('backbone', {}).get('name')} ({before})"
        now = f"{new['backbone']['name']} ({now})"
    elif what.startswith("evaluation "):
        what = f"evaluation data of {what.removeprefix('evaluation ')}"
        before = f"{before} of data {old.get('data')!r}"
        now = f"{now} of data {new['data']!r}"
    elif what.startswith("cells "):
        what = f"stage of {what.removeprefix('cells ')} (route|target|seed)"
    return InputError(
        f"The run folder belongs to another graph: {what} was {before} and "
        f"is now {now}. Choose another --run_dir, or the flags of the first "
        "run."
    )


def _changed_settings(old, new):
    """Says of each setting that differs what it was and is."""
    return [
        f"{name} was {_shown(old.get(name))} and is now {_shown(new.get(name))}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _shown(value):
    return "unset" if value in (None, []) else value


def _as_tuple(value):
    """Takes a lone string for a tuple of one."""
    return (value,) if isinstance(value, str | Route) else tuple(value)


def _is_name(value):
    return isinstance(value, str | os.PathLike)


def _checked_limit(name, value):
    if value is not None and (type(value) is not int or value < 1):
        raise InputError(
            f"{name} must be a whole number of at least 1, or unset. Received: "
            f"{value!r}."
        )
    return value


def _checked_seeds(seeds):
    seeds = (seeds,) if isinstance(seeds, int) else tuple(seeds)
    if not seeds:
        raise InputError("No seed given. Pass at least one, such as --seed=1.")
    for seed in seeds:
        if not isinstance(seed, int) or seed < 0:
            raise InputError(
                f"Seeds must be whole numbers from 0. Received: {seed!r}."
            )
    _check_unique("Seed", seeds)
    return seeds


def _check_unique(what, values):
    for value, number in collections.Counter(values).items():
        if number > 1:
            raise InputError(
                f"{what} '{value}' is given {number} times. Give it once."
            )


def _checked_routes(routes):
    # Parsing what str() gave also checks a Route that was built by hand.
    routes = tuple(Route.parse(str(route)) for route in _as_tuple(routes))
    if not routes:
        raise InputError(
            "No route given. Pass at least one, such as --route=pretrained "
            "or --route=mnli/squad."
        )
    _check_unique("Route", map(str, routes))
    return routes


def _checked_baseline(baseline, routes):
    if baseline is None:
        return str(routes[0])
    baseline = str(Route.parse(str(baseline)))
    if baseline not in map(str, routes):
        raise InputError(
            f"Baseline {baseline!r} is not among the routes: "
            f"{', '.join(map(str, routes))}. Choose one of these, or add "
            f"--route={baseline}."
        )
    return baseline


def _checked_targets(names):
    targets = expand_targets(_as_tuple(names))
    if not targets:
        raise InputError(
            "No target given. Pass at least one, such as --targets=xnli."
        )
    for task in targets:
        if not task.is_target:
            raise _no_target(task)
    return targets


def _no_target(task):
    targets = [other for other in TASKS.values() if other.is_target]
    kin = [
        other.name
        for other in targets
        if task.name == other.train_task or task.head_key == other.head_key
    ]
    hint = f" Did you mean {' or '.join(map(repr, kin))}?" if kin else ""
    return InputError(
        f"Task {task.name!r} has no test split (its splits: "
        f"{', '.join(task.splits)}), so it is no target.{hint} Targets: "
        f"{', '.join(other.name for other in targets)}."
    )


def _checked_languages(languages, targets):
    if languages is None:
        return None
    languages = tuple(dict.fromkeys(_as_tuple(languages)))
    if not languages:
        raise InputError(
            "No language given. Name at least one in --languages, or leave "
            "it unset for all."
        )
    known = {language for task in targets for language in task.languages}
    for language in languages:
        if language not in known:
            raise unknown("language", language, known)
    return languages


def _checked_dev_targets(names, targets):
    names = frozenset(task.name for task in expand_targets(_as_tuple(names)))
    known = {task.name: task for task in targets}
    for name in sorted(names):
        if name not in known:
            raise InputError(
                f"eval_on_dev names {name!r}, which is no target of this run. "
                f"Targets: {', '.join(known)}."
            )
        if "dev" not in known[name].splits:
            raise InputError(
                f"eval_on_dev names {name!r}, which has no dev split (its "
                f"splits: {', '.join(known[name].splits)}). Leave it out."
            )
    return names


def _checked_sampling(sampling):
    if isinstance(sampling, Sampling):
        return sampling
    return Sampling() if sampling is None else Sampling(kind=sampling)


def _checked_replay(rate):
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not is_number or not 0 <= rate < 1:
        raise InputError(
            "replay must be a number from 0 to below 1: the part of the steps "
            f"that repeats earlier sources. Received: {rate!r}."
        )
    return float(rate)


def _checked_layer(layer, num_layers):
    if layer is None or layer == SWEEP:
        return layer
    top = "the backbone's layers" if num_layers is None else num_layers
    if (
        type(layer) is not int
        or layer < 0
        or (num_layers is not None and layer > num_layers)
    ):
        raise InputError(
            f"retrieval_layer must be {SWEEP!r} or a whole number from 0 (the "
            f"embedding) to {top}. Received: {layer!r}."
        )
    return layer


def _checked_pooling(pooling):
    if pooling is not None and pooling not in POOLINGS:
        raise unknown("retrieval pooling", str(pooling), POOLINGS)
    return pooling


def _checked_overrides(recipe):
    names = [field.name for field in dataclasses.fields(Recipe)]
    types = {field.name: field.type for field in dataclasses.fields(Recipe)}
    overrides = {}
    for name, value in recipe.items():
        if name not in names:
            raise unknown("recipe field", name, names)
        if value is not None:
            _check_range(name, value, types[name])
            overrides[name] = value
    return overrides


def _check_range(name, value, kind):
    if name == "dtype_policy" and value not in DTYPE_POLICIES:
        raise unknown("dtype policy", str(value), DTYPE_POLICIES)
    if name not in RANGES:
        return
    low, allowed, high = RANGES[name]
    noun = "a number" if kind is float else "a whole number"
    bound = f"{noun} {'of at least' if allowed else 'above'} {low}"
    if high != math.inf:
        bound += f" and at most {high}"
    right_type = isinstance(value, int | float if kind is float else int)
    if (
        not right_type
        or not math.isfinite(value)
        or not low <= value <= high
        or (value == low and not allowed)
    ):
        raise InputError(f"{name} must be {bound}. Received: {value!r}.")
