"""Each Task's Recipe in one graph: overrides applied, lengths that fit."""

import collections

from stilts_keras.errors import InputError
from stilts_keras.graph.ranges import RANGES
from stilts_keras.graph.stage import with_overrides
from stilts_keras.tasks.shuffled import base_name


class Recipes:
    """Recipes by Task."""

    def __init__(self, overrides, backbone, of_tasks=None):
        """Checks what the backbone allows.

        Args:
            overrides: dict. `Recipe` fields that the user has set.
            backbone: Backbone.
            of_tasks: mapping from a Task's name to a dict as `overrides` is,
                which goes before it; or None.

        Raises:
            InputError: If the backbone has too few positions.
        """
        self._overrides = overrides
        self._of_tasks = of_tasks or {}
        self._backbone = backbone
        self._recipes = {}
        self._check_length(backbone.max_sequence_length)

    def of(self, task):
        """Returns a Task's own Recipe with the overrides applied.

        A published length is a cap: it is lowered to the positions of the
        backbone, where these are known.

        Raises:
            InputError: If its factors would be no smaller than the weights.
        """
        if task.name not in self._recipes:
            recipe = with_overrides(task.recipe, self._overrides_of(task.name))
            self._check_rank(recipe.lora_rank)
            limit = self._backbone.max_sequence_length
            if limit is not None and recipe.max_length > limit:
                recipe = with_overrides(recipe, {"max_length": limit})
            self._recipes[task.name] = recipe
        return self._recipes[task.name]

    def _overrides_of(self, name):
        """Those of a task hold for its control, too."""
        own = self._of_tasks.get(base_name(name), {})
        return {**self._overrides, **own}

    def lowered(self, tasks, num_positions=None):
        """Says which published lengths are above the backbone's positions.

        Args:
            tasks: iterable of Task.
            num_positions: int or None. Those found when the backbone was
                opened; None for those known before.

        Returns:
            List of str, a line for each length; empty where none is lowered.

        Raises:
            InputError: If the user asked for more tokens than positions.
        """
        limit = num_positions or self._backbone.max_sequence_length
        self._check_length(limit)
        if limit is None:
            return []
        published = collections.defaultdict(dict)
        for task in tasks:
            if "max_length" in self._overrides_of(task.name):
                continue
            if task.recipe.max_length > limit:
                published[task.recipe.max_length][task.name] = True
        return [
            f"max_length {limit}: the published {length} of {', '.join(names)} "
            f"is above the positions of backbone {self._backbone.name!r}."
            for length, names in sorted(published.items())
        ]

    def _check_length(self, limit):
        """Raises where the backbone has too few positions (None: unknown)."""
        if limit is None:
            return
        lowest = RANGES["max_length"][0]
        if limit < lowest:
            raise InputError(
                f"Backbone {self._backbone.name!r} has {limit} positions. "
                f"Expected at least {lowest}."
            )
        asked = {"--": self._overrides} | {
            f"--task_recipe={name}:": given
            for name, given in self._of_tasks.items()
        }
        for flag, given in asked.items():
            length = given.get("max_length", limit)
            if length > limit:
                raise InputError(
                    f"{flag}max_length={length} is above the {limit} positions "
                    f"of backbone {self._backbone.name!r}. Pass "
                    f"{flag}max_length={limit} or less, or leave it out."
                )

    def _check_rank(self, rank):
        """Raises where two factors would be no smaller than what they add to.

        None is known to be small enough, as are all while the size is unknown.
        """
        hidden_dim = self._backbone.hidden_dim
        if rank and hidden_dim and rank > hidden_dim // 2:
            raise InputError(
                f"lora_rank must be at most half of the {hidden_dim} hidden "
                f"units of backbone {self._backbone.name!r}, "
                f"{hidden_dim // 2}. Received: {rank}. Hu et al. take 8; "
                "without a rank, all weights are trained."
            )
