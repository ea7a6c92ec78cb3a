"""A Request: all that a user asks for, each part checked by itself."""

import collections
import dataclasses
import functools
import os
from collections.abc import Mapping

from stilts_keras.data.mixture import Sampling
from stilts_keras.disturbances.asked import parse as parse_disturbances
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.graph.averaging import parse as parse_averages
from stilts_keras.graph.modality import check_readable
from stilts_keras.graph.own_tasks import with_own_tasks
from stilts_keras.graph.ranges import check_recipe_field
from stilts_keras.graph.route import Route
from stilts_keras.scoring.suites import TARGETS
from stilts_keras.scoring.suites import expand_targets
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.languages import ENGLISH
from stilts_keras.tasks.shuffled import base_name
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Task

SWEEP = "sweep"
POOLINGS = ("mean", "cls")
LIMITS = ("target_count", "train_limit", "eval_limit", "route_steps")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be trained and evaluated, as `stilts run` takes it.

    Names become values: routes are parsed, suites replaced by their tasks,
    data opened, the backbone described. Whether the data hold what is asked
    for is `Graph`'s to find out.

    Attributes:
        routes: iterable of str or Route; kept as a tuple of Route.
        targets: iterable of str or Task. Tasks and suites; kept as a tuple
            of Task.
        seeds: iterable of int.
        data: a data source of `data.sources`, or its name: `hub`, `pocket`
            or a folder.
        backbone: Backbone, or its name as `describe_backbone` takes it.
        tasks: iterable of Task. The user's own, which routes may name.
        languages: iterable of str or None. Evaluates no other languages; may
            name some that a benchmark does not list, if the data hold them.
        target_languages: iterable of str. Languages that the targets' stages
            are trained in.
        target_count: int or None. Training examples of a target's stage in
            each of these languages; None for all.
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
        task_recipes: mapping or None. From a task's name to such a mapping,
            which goes before `recipe`: a source's in stages of a route, a
            target's in its own stage and its evaluation.
        sampling: Sampling, its kind as str, or None. How the sources of a
            mixture share its steps; None: in proportion to their numbers.
        replay: float in [0, 1). Part of the steps, of every stage but a
            route's first, that repeats the sources of earlier stages.
        route_steps: int or None. Steps of all of a route's own stages
            together, shared equally, in place of their epochs: routes of any
            length then cost the same.
        measure_forgetting: bool. Whether each stage is evaluated on the dev
            rows of all sources of its chain.
        disturb: iterable of str. What the targets are evaluated under besides,
            such as `typos:1,3,5` or `real_noise@xnli`; kept as a tuple of
            `disturbances.asked.Asked`. Nothing is trained on it.
        average: iterable of str. `seeds` or `checkpoints:K`: means of weights
            that are evaluated, too; kept as a tuple of
            `averaging.Averaging`.
        allow_missing: bool. Leaves out routes whose training rows the data
            lacks, in place of raising.

    Raises:
        InputError: If a part is wrong whatever the others are.
    """

    routes: tuple
    targets: tuple
    data: object
    backbone: object
    seeds: tuple = (1,)
    tasks: tuple = ()
    languages: tuple | None = None
    target_languages: tuple = (ENGLISH,)
    target_count: int | None = None
    train_limit: int | None = None
    eval_limit: int | None = None
    eval_on_dev: tuple = ()
    retrieval_layer: int | str | None = None
    retrieval_pooling: str | None = None
    baseline: object = None
    recipe: Mapping | None = None
    task_recipes: Mapping | None = None
    sampling: object = None
    replay: float = 0.0
    route_steps: int | None = None
    measure_forgetting: bool = False
    disturb: tuple = ()
    average: tuple = ()
    allow_missing: bool = False

    def __post_init__(self):
        """Checks each part and replaces names by what they stand for."""
        for name in LIMITS:
            _check_limit(name, getattr(self, name))
        self._set("recipe", _checked_overrides(self.recipe or {}))
        self._set("sampling", _checked_sampling(self.sampling))
        self._set("replay", _checked_replay(self.replay))
        self._set("seeds", _checked_seeds(self.seeds))
        averages = parse_averages(_as_tuple(self.average), self.seeds)
        self._set("average", averages)
        self._resolve_tasks()
        self._set("task_recipes", self._checked_task_recipes())
        self._open()
        check_readable(self.backbone, self.used_tasks, self.known_tasks)
        self._set("retrieval_layer", self._checked_layer())
        if self.retrieval_pooling not in (None, *POOLINGS):
            raise unknown(
                "retrieval pooling", str(self.retrieval_pooling), POOLINGS
            )

    def _open(self):
        """Puts data and backbone in the place of their names."""
        # Imported here: flags read defaults, which open nothing.
        from stilts_keras.backbones.description import describe_backbone
        from stilts_keras.data.sources import open_data

        if _is_name(self.data):
            self._set("data", open_data(self.data, self.tasks))
        if _is_name(self.backbone):
            self._set("backbone", describe_backbone(str(self.backbone)))

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    @functools.cached_property
    def known_tasks(self):
        """Dict from name to Task: the package's and the user's own."""
        return with_own_tasks(self.tasks)

    @property
    def used_tasks(self):
        """Tuple of Task: those of the routes, and the targets."""
        sources = [
            source.task
            for route in self.routes
            for stage in route.stages
            for source in stage
        ]
        return (*dict.fromkeys(sources), *self.targets)

    def whole(self, target):
        """Returns a target with all languages that its Task lists.

        Args:
            target: Task. One of `targets`, which may be a suite's part of it.
        """
        return (TARGETS | self.known_tasks)[target.name]

    def _resolve_tasks(self):
        """Puts Tasks in the place of their names."""
        tasks, targets = map(_as_tuple, (self.tasks, self.targets))
        own = [
            task
            for task in targets
            if isinstance(task, Task)
            and TASKS.get(task.name) is not task
            and task not in tasks
        ]
        self._set("tasks", (*tasks, *own))
        known = self.known_tasks
        self._set("routes", _checked_routes(self.routes, known))
        names = [getattr(target, "name", target) for target in targets]
        self._set("targets", _checked_targets(names, known))
        self._set("languages", _checked_languages(self.languages))
        self._set("target_languages", _checked_training(self.target_languages))
        if self.baseline is not None:
            parsed = str(Route.parse(str(self.baseline), known))
            self._set("baseline", parsed)
        self._set(
            "eval_on_dev",
            _checked_dev_targets(self.eval_on_dev, self.targets, known),
        )
        asked = parse_disturbances(
            _as_tuple(self.disturb), known, [task.name for task in self.targets]
        )
        self._set("disturb", asked)

    def _checked_task_recipes(self):
        """Returns a dict from a task's name to its own overrides."""
        used = {
            name
            for task in self.used_tasks
            for name in (base_name(task.name), *task.train_first)
        }
        checked = {}
        for name, recipe in (self.task_recipes or {}).items():
            if name not in self.known_tasks:
                raise unknown("task", name, self.known_tasks)
            if name not in used:
                raise InputError(
                    f"task_recipe names {name!r}, which no route and no target "
                    f"of this run uses. Used: {', '.join(sorted(used))}."
                )
            checked[name] = _checked_overrides(recipe)
        return checked

    def _checked_layer(self):
        layer, num_layers = self.retrieval_layer, self.backbone.num_layers
        if layer is None or layer == SWEEP:
            return layer
        top = "the backbone's layers" if num_layers is None else num_layers
        if (
            type(layer) is not int
            or layer < 0
            or (num_layers is not None and layer > num_layers)
        ):
            raise InputError(
                f"retrieval_layer must be {SWEEP!r} or a whole number from 0 "
                f"(the embedding) to {top}. Received: {layer!r}."
            )
        return layer


def _as_tuple(value):
    """Takes a lone string for a tuple of one."""
    return (value,) if isinstance(value, str | Route | Task) else tuple(value)


def _is_name(value):
    return isinstance(value, str | os.PathLike)


def _check_limit(name, value):
    if value is not None and (type(value) is not int or value < 1):
        raise InputError(
            f"{name} must be a whole number of at least 1, or unset. Received: "
            f"{value!r}."
        )


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


def _checked_routes(routes, tasks):
    # Parsing what str() gave also checks a Route that was built by hand.
    routes = tuple(
        Route.parse(str(route), tasks) for route in _as_tuple(routes)
    )
    if not routes:
        raise InputError(
            "No route given. Pass at least one, such as --route=pretrained "
            "or --route=mnli/squad."
        )
    _check_unique("Route", map(str, routes))
    return routes


def _checked_targets(names, tasks):
    targets = expand_targets(names, tasks)
    if not targets:
        raise InputError(
            "No target given. Pass at least one, such as --targets=xnli."
        )
    for task in targets:
        if not task.is_target:
            raise _no_target(task, tasks)
    return targets


def _no_target(task, tasks):
    targets = [other for other in tasks.values() if other.is_target]
    kin = [
        other.name
        for other in targets
        if task.name in (other.train_task, *other.train_first)
        or task.head_key == other.head_key
    ]
    hint = f" Did you mean {' or '.join(map(repr, kin))}?" if kin else ""
    return InputError(
        f"Task {task.name!r} has no test split (its splits: "
        f"{', '.join(task.splits)}), so it is no target.{hint} Targets: "
        f"{', '.join(other.name for other in targets)}."
    )


def _checked_languages(languages):
    if languages is None:
        return None
    languages = tuple(dict.fromkeys(_as_tuple(languages)))
    if not languages:
        raise InputError(
            "No language given. Name at least one in --languages, or leave "
            "it unset for all."
        )
    return languages


def _checked_training(languages):
    if languages is None:
        return (ENGLISH,)
    languages = tuple(dict.fromkeys(_as_tuple(languages)))
    if not languages:
        raise InputError(
            "No target language given. Name at least one in "
            f"--target_languages, or leave it unset for {ENGLISH!r}."
        )
    return languages


def _checked_dev_targets(names, targets, tasks):
    names = frozenset(
        task.name for task in expand_targets(_as_tuple(names), tasks)
    )
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


def _checked_overrides(recipe):
    names = [field.name for field in dataclasses.fields(Recipe)]
    overrides = {}
    for name, value in recipe.items():
        if name not in names:
            raise unknown("recipe field", name, names)
        if value is not None:
            check_recipe_field(name, value)
            overrides[name] = value
    return overrides
