"""A Stage: one optimisation run, known by what determines its weights."""

import dataclasses
import functools
import math
import pathlib

from stilts_keras.graph.backbone import Backbone
from stilts_keras.graph.backbone import fingerprint_of
from stilts_keras.graph.route import Source
from stilts_keras.graph.route import format_stage
from stilts_keras.tasks import get_task
from stilts_keras.tasks.task import Recipe

SAMPLING = "proportional"
MANIFEST = "manifest.json"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """Parent weights, Sources and a Recipe, which give weights.

    Stages are equal where their fingerprints are.

    Attributes:
        parent: Stage or None. None starts at the backbone.
        backbone: Backbone. The root's.
        sources: tuple of Source. Counts are resolved: the route's, else
            `train_limit`, else None (all rows).
        recipe: Recipe. Overrides applied.
        max_lengths: tuple of int. Tokens of one sequence, per source.
        seed: int. Of data order, heads and dropout; not of a random root.
        num_examples: tuple of int or None. Per source; None while unknown.
        path: str. The chain's sources, such as `mnli/squad`.
        fingerprint: str. 16 hex digits; the identity.
    """

    parent: "Stage | None"
    backbone: Backbone
    sources: tuple[Source, ...]
    recipe: Recipe
    max_lengths: tuple[int, ...]
    seed: int
    num_examples: tuple[int | None, ...]
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
        """List of the stages from the first one to this one."""
        return [*(self.parent.chain if self.parent else ()), self]

    @property
    def depth(self):
        """Number of stages from the backbone to here; 1 for the first."""
        return len(self.chain)

    def folder(self, run_dir):
        """Returns the folder of a run that holds the stage's weights."""
        return pathlib.Path(run_dir) / "stages" / self.path / self.fingerprint

    def is_finished(self, run_dir):
        """Whether a run holds the stage: its folder is renamed when whole."""
        return (self.folder(run_dir) / MANIFEST).is_file()

    @functools.cached_property
    def num_steps(self):
        """Optimiser steps, one per batch of examples; None while unknown."""
        if None in self.num_examples:
            return None
        examples = self.recipe.epochs * sum(self.num_examples)
        return math.ceil(examples / self.recipe.batch_size)


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
):
    """Makes a Stage, with the path and fingerprint that follow.

    The number of rows is no part of the identity: it may be unknown before a
    download, and the data's fingerprint stands for it.

    Args:
        parent: Stage or None.
        backbone: Backbone.
        sources: tuple of Source, counts resolved.
        recipe: Recipe.
        max_lengths: tuple of int, per source.
        seed: int.
        num_examples: tuple of int or None, per source.
        data_fingerprints: tuple of str, per source; of the training rows.

    Returns:
        A `Stage`.
    """
    tasks = [get_task(source.task) for source in sources]
    identity = {
        "parent": (parent or backbone).fingerprint,
        "sources": [
            [str(source), rows, task.version, task.head_key, max_length]
            for source, rows, task, max_length in zip(
                sources, data_fingerprints, tasks, max_lengths, strict=True
            )
        ],
        "recipe": vars(_plain(recipe)),
        "sampling": SAMPLING,
        "seed": seed,
    }
    name = format_stage(sources)
    return Stage(
        parent=parent,
        backbone=backbone,
        sources=sources,
        recipe=recipe,
        max_lengths=max_lengths,
        seed=seed,
        num_examples=num_examples,
        path=f"{parent.path}/{name}" if parent else name,
        fingerprint=fingerprint_of(identity),
    )


def with_overrides(recipe, overrides):
    """Returns the Recipe with some fields replaced; 2 epochs become 2.0.

    One spelling of each number is needed, for fingerprints are taken of it.
    """
    values = vars(recipe) | overrides
    fields = dataclasses.fields(Recipe)
    return Recipe(
        **{
            field.name: float(values[field.name])
            if field.type is float
            else values[field.name]
            for field in fields
        }
    )


@functools.cache
def _plain(recipe):
    return with_overrides(recipe, {})
