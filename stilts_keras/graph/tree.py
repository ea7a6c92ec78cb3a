"""The tree of stages: routes that begin alike share their beginning."""

import collections
import dataclasses

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.graph.averaging import Averaging
from stilts_keras.graph.averaging import make_average
from stilts_keras.graph.route import Source
from stilts_keras.graph.stage import make_stage
from stilts_keras.graph.stage import with_overrides


class StageTree:
    """Stages as routes and targets need them, each made once.

    Attributes:
        used_by: dict from fingerprint to a dict whose keys are the routes
            (str) that need the stage.
        kept_means: dict from fingerprint to a set of int: over how many of its
            last evaluations a stage is to keep the mean.
    """

    def __init__(self, request, holdings, recipes):
        """Has no stage yet.

        Args:
            request: Request.
            holdings: Holdings.
            recipes: Recipes.
        """
        self._request = request
        self._holdings = holdings
        self._recipes = recipes
        self._stages = {}
        self.used_by = collections.defaultdict(dict)
        self.kept_means = collections.defaultdict(set)

    @property
    def stages(self):
        """Tuple of Stage, parents first, in order of first need."""
        return tuple(self._stages.values())

    def add_route(self, route, stages, seed):
        """Adds a route's own stages; returns the last one, or None."""
        stage = None
        for number, sources in enumerate(stages):
            recipes = [self._recipes.of(source.task) for source in sources]
            if self._request.route_steps is not None:
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
        route_steps = self._request.route_steps
        if route_steps < num_stages:
            raise InputError(
                f"Route '{route}' has {num_stages} stages, but route_steps is "
                f"{route_steps}. Give at least one step to each."
            )
        steps, over = divmod(route_steps, num_stages)
        return steps + (number < over)

    def more_steps(self, route):
        """Returns the steps that a route gives to targets' own stages."""
        if not route.is_longer:
            return 0
        steps = route.more_steps or self._request.route_steps
        if steps is None:
            raise InputError(
                f"Route '{route}' does not say how many steps more a target's "
                "own stage is to take. Write 'longer:9k', with as many as the "
                "stages of the route that you compare with (`stilts plan` "
                "shows them), or give all routes the same with --route_steps."
            )
        return steps

    def add_target(self, route, parent, task, seed, more_steps=0):
        """Adds a target's stages; returns the last. Retrieval may have none.

        Args:
            route: str. Canonical.
            parent: Stage or None. The route's last.
            task: Task.
            seed: int.
            more_steps: int. What the last one takes beside its recipe's.
        """
        is_last = not task.kind.is_trained
        stage = self._add_first(
            route, parent, task, seed, more_steps if is_last else 0
        )
        if not task.kind.is_trained:
            return stage
        sources = tuple(
            Source(
                self._train_task(task, language),
                language,
                self._request.target_count,
            )
            for language in self._request.target_languages
        )
        return self._add_stage(
            route=route,
            parent=stage,
            sources=sources,
            recipes=[self._recipes.of(task)] * len(sources),
            seed=seed,
            where=f"Target {task.name!r}",
            takes_head=bool(task.train_first),
            more_steps=more_steps,
        )

    def _add_first(self, route, parent, task, seed, more_steps):
        """Adds what a target is trained on first; returns the last stage."""
        stage = parent
        for number, name in enumerate(task.train_first):
            first = self._request.known_tasks[name]
            stage = self._add_stage(
                route=route,
                parent=stage,
                sources=(Source(first, first.language),),
                recipes=[self._recipes.of(first)],
                seed=seed,
                where=f"Target {task.name!r}, trained on {name!r} first",
                takes_head=number > 0 and task.kind.is_trained,
                more_steps=more_steps * (name == task.train_first[-1]),
            )
        return stage

    def _train_task(self, task, language):
        """Returns the Task whose rows a target learns from in a language."""
        known = self._request.known_tasks
        own = [known[task.train_task]] if task.train_task else []
        # Without languages that it is only evaluated in: a route's Source.
        base = known.get(task.name, task)
        trainable = [one for one in (*own, base) if one.is_trainable]
        if not trainable:
            raise InputError(
                f"Target {task.name!r} has no train split and names no task "
                "to train in its stead. Give its Task a train_task."
            )
        for one in trainable:
            found = self._holdings.with_asked_languages(
                one, "train", (language,)
            )
            if language in found.train_languages:
                return found
        known = dict.fromkeys(
            code for one in trainable for code in one.train_languages
        )
        error = unknown("language", language, known)
        raise InputError(
            f"Target {task.name!r} cannot be trained in {language!r}: {error} "
            "Change --target_languages."
        )

    def _add_stage(
        self,
        *,
        route,
        parent,
        sources,
        recipes,
        seed,
        where,
        takes_head=False,
        more_steps=0,
    ):
        sources, num_examples = zip(
            *(self._resolve(where, source) for source in sources), strict=True
        )
        max_lengths = tuple(recipe.max_length for recipe in recipes)
        key = (parent, sources, recipes[0], max_lengths, seed)
        key += (takes_head, more_steps)
        if key not in self._stages:
            if len(sources) > 1 and self._request.sampling.rates:
                self._check_rated(where, sources)
            old = self._replayed(parent, sources)
            replayed = tuple(source for source, _, _ in old)
            self._stages[key] = make_stage(
                parent=parent,
                backbone=self._request.backbone,
                sources=sources,
                recipe=recipes[0],
                max_lengths=(*max_lengths, *(length for _, length, _ in old)),
                seed=seed,
                num_examples=(*num_examples, *(number for _, _, number in old)),
                data_fingerprints=tuple(
                    map(self._train_data, (*sources, *replayed))
                ),
                sampling=self._request.sampling,
                replayed=replayed,
                replay=self._request.replay,
                takes_head=takes_head,
                more_steps=more_steps,
                head_seed=self._head_seed(),
            )
        stage = self._stages[key]
        self.used_by[stage.fingerprint][route] = True
        return stage

    def _head_seed(self):
        """Returns the seed of all heads where they are averaged over seeds."""
        over_seeds = Averaging() in self._request.average
        return self._request.seeds[0] if over_seeds else None

    def add_average(self, route, parents, averaging):
        """Adds the mean of stages, each once; returns it.

        Args:
            route: str. As results will have it.
            parents: tuple of Stage.
            averaging: `Averaging`.
        """
        key = (averaging, parents)
        if averaging.count and not parents[0].recipe.eval_every_steps:
            raise InputError(
                f"average={averaging} takes the weights at evaluations on dev "
                f"rows, of which stage {parents[0].path!r} has none with "
                "eval_every_steps=0. Set --eval_every_steps."
            )
        if key not in self._stages:
            self._stages[key] = make_average(parents, averaging)
            if averaging.count:
                self.kept_means[parents[0].fingerprint].add(averaging.count)
        stage = self._stages[key]
        self.used_by[stage.fingerprint][route] = True
        return stage

    def _replayed(self, parent, sources):
        """Lists what a stage repeats: (Source, max_length, num_examples).

        All that its chain has trained on, but for what it trains on itself.
        """
        if parent is None or not self._request.replay:
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
        lacking = [
            name for name in names if name not in self._request.sampling.rates
        ]
        if lacking:
            raise InputError(
                f"{where}: sampling_rates names no rate for "
                f"{', '.join(map(repr, lacking))}. Give one for each of: "
                f"{', '.join(names)}."
            )

    def _train_data(self, source):
        return self._holdings.drawn_fingerprint(source)

    def _resolve(self, where, source):
        """Returns a source with its count, and its number of examples."""
        self._holdings.check_trainable(where, source)
        task = source.task
        rows = self._holdings.num_rows(task, source.language, "train")
        if rows is None:
            rows = task.published_count(source.language)
        count = source.count or self._request.train_limit
        if rows and source.count and source.count > rows:
            raise InputError(
                f"{where}: source '{source}' asks for {source.count} examples, "
                f"but data {self._request.data.name!r} has {rows}. Lower the "
                "count, or leave it out to take all."
            )
        known = [number for number in (rows, count) if number is not None]
        source = dataclasses.replace(source, count=count)
        return source, min(known, default=None)

    def check_rates(self):
        """Names rates that no mixture has use for."""
        known = {
            source.name
            for route in self._request.routes
            for sources in route.stages
            if len(sources) > 1
            for source in sources
        }
        known |= {
            source.name
            for stage in self.stages
            if len(stage.sources) > 1
            for source in stage.sources
        }
        for name in self._request.sampling.rates:
            if name not in known:
                raise unknown("source in sampling_rates", name, known)
