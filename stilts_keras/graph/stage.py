"""A Stage: one optimisation run, known by what determines its weights."""

import dataclasses
import functools

from stilts_keras.backbones.description import Backbone
from stilts_keras.data.mixture import Sampling
from stilts_keras.data.mixture import count_steps
from stilts_keras.data.mixture import with_replay
from stilts_keras.errors import InputError
from stilts_keras.files import fingerprint_of
from stilts_keras.graph.route import LONGER
from stilts_keras.graph.route import Source
from stilts_keras.graph.route import format_stage
from stilts_keras.tasks.task import Recipe

# Raised where the same stage would have other weights than before: 2, heads
# as each family publishes them.
FORMAT = 2


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """Parent weights, Sources, how they are mixed and a Recipe: new weights.

    Stages are equal where their fingerprints are.

    Attributes:
        parent: Stage or None. None starts at the backbone.
        backbone: Backbone. The root's.
        sources: tuple of Source. Counts are resolved: the route's, else
            `train_limit`, else None (all rows).
        replayed: tuple of Source. Of earlier stages, mixed in so that they are
            not forgotten.
        replay: float in [0, 1). The replayed sources' part of the steps.
        sampling: Sampling. How the stage's own sources share their part.
        recipe: Recipe. Overrides applied.
        max_lengths: tuple of int. Tokens of one sequence, per source; own
            sources first, then replayed ones.
        seed: int. Of data order, heads and dropout; not of a random root.
        num_examples: tuple of int or None. Per source, in the same order;
            None while unknown.
        takes_head: bool. Whether its head begins as the parent's, whose tasks
            have another key, and not anew.
        more_steps: int. Steps beside those of its recipe, in one schedule.
        head_seed: int. Of the random weights that heads begin at.
        averaged: tuple of Stage. Whose mean the weights are, in place of a
            training; the first is the parent. Empty for what is trained.
        num_checkpoints: int or None. How many last evaluations of that one
            stage are averaged; None where several stages are, or none.
        path: str. The chain's sources, such as `mnli/squad`.
        fingerprint: str. 16 hex digits; the identity.
    """

    parent: "Stage | None"
    backbone: Backbone
    sources: tuple[Source, ...]
    replayed: tuple[Source, ...]
    replay: float
    sampling: Sampling
    recipe: Recipe
    max_lengths: tuple[int, ...]
    seed: int
    num_examples: tuple[int | None, ...]
    takes_head: bool
    more_steps: int
    head_seed: int
    averaged: tuple["Stage", ...] = ()
    num_checkpoints: int | None = None
    path: str
    fingerprint: str

    def __eq__(self, other):
        """Compares by fingerprint."""
        if not isinstance(other, Stage):
            return NotImplemented
        return self.fingerprint == other.fingerprint

    def __hash__(self):
        """Hashes the fingerprint."""
        return hash(self.fingerprint)

    @property
    def chain(self):
        """List of the stages from the first one to this one.

        Of an average those of all that is averaged, one after the other.
        """
        parents = self.averaged or ((self.parent,) if self.parent else ())
        before = [stage for parent in parents for stage in parent.chain]
        return [*dict.fromkeys(before), self]

    @property
    def depth(self):
        """Number of stages from the backbone to here; 1 for the first."""
        return 1 + (self.parent.depth if self.parent else 0)

    @property
    def base(self):
        """The nearest Stage whose folder holds full weights; None: the root.

        Itself, unless it is a LoRA stage: that one's folder holds what is
        added to the base's weights.
        """
        return next(
            (
                stage
                for stage in reversed(self.chain)
                if stage.recipe.lora_rank is None
            ),
            None,
        )

    @property
    def lora_ranks(self):
        """List of the ranks of the LoRA stages since the base."""
        since = self.depth - (self.base.depth if self.base else 0)
        if not since:
            return []
        chain = self.chain[self.depth - since :]
        return [stage.recipe.lora_rank for stage in chain]

    @property
    def all_sources(self):
        """Tuple of the stage's own sources and the replayed ones."""
        return (*self.sources, *self.replayed)

    def shares(self, num_examples):
        """Returns each source's share of the steps.

        Args:
            num_examples: list of int. Sequences of each of `all_sources`.

        Returns:
            List of float that sums to 1.
        """
        own = len(self.sources)
        return with_replay(
            self.sampling.shares(
                [source.name for source in self.sources], num_examples[:own]
            ),
            num_examples[own:],
            self.replay,
        )

    def count_steps(self, num_examples):
        """Returns the optimiser steps.

        Args:
            num_examples: list of int. Sequences of each of `all_sources`.
        """
        own = num_examples[: len(self.sources)]
        steps = count_steps(
            self.sampling.epoch_size(own), self.recipe, self.replay
        )
        return steps + self.more_steps

    @functools.cached_property
    def num_steps(self):
        """Steps if each example is one sequence; None while unknown."""
        if self.averaged:
            return 0
        if self.recipe.num_steps is not None:
            return self.recipe.num_steps + self.more_steps
        if None in self.num_examples[: len(self.sources)]:
            return None
        return self.count_steps(list(self.num_examples))


def make_stage(
    *,
    parent,
    backbone,
    sources,
    recipe,
    max_lengths,
    seed,
    num_examples,
    data_fingerprints,
    sampling=None,
    replayed=(),
    replay=0.0,
    takes_head=False,
    more_steps=0,
    head_seed=None,
):
    """Makes a Stage, with the path and fingerprint that follow.

    The number of rows is no part of the identity: it may be unknown before a
    download, and the data's fingerprint stands for it.

    Args:
        parent: Stage or None.
        backbone: Backbone.
        sources: tuple of Source, counts resolved.
        recipe: Recipe.
        max_lengths: tuple of int, per source, replayed ones last.
        seed: int.
        num_examples: tuple of int or None, likewise.
        data_fingerprints: tuple of str, likewise; of the training rows.
        sampling: Sampling or None. None: in proportion to the numbers.
        replayed: tuple of Source, counts resolved.
        replay: float in [0, 1).
        takes_head: bool.
        more_steps: int.
        head_seed: int or None. None: the seed.

    Returns:
        A `Stage`.
    """
    sampling = sampling or Sampling()
    facts = _source_facts((*sources, *replayed), data_fingerprints, max_lengths)
    identity = {
        "format": FORMAT,
        "parent": (parent or backbone).fingerprint,
        "sources": facts[: len(sources)],
        # What is unset is no part of it, so that fields may be added.
        "recipe": _set_fields(recipe),
        "sampling": sampling.identity([source.name for source in sources]),
        "seed": seed,
    }
    if replayed:
        identity["replay"] = [float(replay), facts[len(sources) :]]
    if takes_head:
        identity["head"] = "parent"
    head_seed = seed if head_seed is None else head_seed
    if head_seed != seed:
        identity["head_seed"] = head_seed
    name = format_stage(sources)
    if more_steps:
        identity["more_steps"] = more_steps
        name += f"-{LONGER}"
    return Stage(
        parent=parent,
        backbone=backbone,
        sources=sources,
        replayed=replayed,
        replay=float(replay) if replayed else 0.0,
        sampling=sampling,
        recipe=recipe,
        max_lengths=max_lengths,
        seed=seed,
        num_examples=num_examples,
        takes_head=takes_head,
        more_steps=more_steps,
        head_seed=head_seed,
        path=f"{parent.path}/{name}" if parent else name,
        fingerprint=fingerprint_of(identity),
    )


def _source_facts(sources, data_fingerprints, max_lengths):
    """Lists what of sources a stage's weights depend on."""
    return [
        [
            str(source),
            rows,
            source.task.identity,
            source.task.head_key,
            length,
        ]
        for source, rows, length in zip(
            sources, data_fingerprints, max_lengths, strict=True
        )
    ]


def with_overrides(recipe, overrides):
    """Returns the Recipe with some fields replaced; 2 epochs become 2.0.

    One spelling of each number is needed, for fingerprints are taken of it.

    Raises:
        InputError: If it is to stop early and never to evaluate.
    """
    values = vars(recipe) | overrides
    if values["early_stopping"] and not values["eval_every_steps"]:
        raise InputError(
            "early_stopping counts evaluations on dev rows, of which there "
            "are none with eval_every_steps=0. Set --eval_every_steps, or "
            "leave --early_stopping out."
        )
    fields = dataclasses.fields(Recipe)
    return Recipe(
        **{
            field.name: float(values[field.name])
            if field.type is float
            else values[field.name]
            for field in fields
        }
    )


def _set_fields(recipe):
    """Returns a dict of the fields that are set."""
    fields = vars(_plain(recipe))
    return {name: value for name, value in fields.items() if value is not None}


@functools.cache
def _plain(recipe):
    return with_overrides(recipe, {})
