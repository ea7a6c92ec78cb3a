"""How a stage of several sources draws from them.

A step takes its batch from one source. `Sampling` gives each source's share of
the steps from the numbers n_i of its sequences:

- `proportional`: n_i
- `uniform`: equal shares
- `capped`: min(n_i, cap)
- `temperature`: n_i ** (1 / temperature); 1 is proportional, much is uniform
- `explicit`: as the user says

each divided by their sum. An epoch is as many sequences as all sources hold
together, `capped` ones counted to their cap: kinds differ in what is seen, not
in how much. Whatever the kind, a source starts again when it is used up.

Source: Raffel et al., 2020, section 3.5.2, https://arxiv.org/abs/1910.10683.
"""

import dataclasses
import math
from collections.abc import Mapping

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

PROPORTIONAL = "proportional"
KINDS = (PROPORTIONAL, "uniform", "capped", "temperature", "explicit")
DEFAULT_CAP = 131072
# The best of those that Raffel et al. tried.
DEFAULT_TEMPERATURE = 2.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sampling:
    """The rule by which sources share the steps of a stage.

    Attributes:
        kind: str. One of `KINDS`.
        cap: int. Of `capped`: most sequences of a source that count.
        temperature: float. Of `temperature`.
        rates: mapping from a source's name, without its count, to its weight;
            of `explicit`. Weights are divided by their sum.

    Raises:
        InputError: If a value is out of range, or rates are given for
            another kind.
    """

    kind: str = PROPORTIONAL
    cap: int = DEFAULT_CAP
    temperature: float = DEFAULT_TEMPERATURE
    rates: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        """Checks the values."""
        if self.kind not in KINDS:
            raise unknown("sampling", str(self.kind), KINDS)
        if type(self.cap) is not int or self.cap < 1:
            raise InputError(
                "sampling_cap must be a whole number of at least 1. Received: "
                f"{self.cap!r}."
            )
        if not _is_number(self.temperature) or self.temperature < 1:
            raise InputError(
                "sampling_temperature must be a number of at least 1 "
                f"(proportional). Received: {self.temperature!r}."
            )
        if (self.kind == "explicit") != bool(self.rates):
            raise InputError(
                "sampling_rates and sampling='explicit' need each other. "
                f"Received: sampling={self.kind!r}, sampling_rates="
                f"{dict(self.rates)!r}."
            )
        for name, rate in self.rates.items():
            if not _is_number(rate) or rate <= 0:
                raise InputError(
                    f"The sampling rate of {name!r} must be a number above "
                    f"0. Received: {rate!r}."
                )

    def identity(self, names):
        """Returns what of it a stage's weights depend on.

        Args:
            names: list of str. The stage's sources, without counts.

        Returns:
            What JSON can hold; the same for all rules where there is nothing
            to share.
        """
        if len(names) == 1 or self.kind == PROPORTIONAL:
            return PROPORTIONAL
        if self.kind == "capped":
            return [self.kind, self.cap]
        if self.kind == "temperature":
            return [self.kind, float(self.temperature)]
        if self.kind == "explicit":
            weights = [float(self.rates[name]) for name in names]
            return [self.kind, _normalised(weights)]
        return self.kind

    def shares(self, names, num_examples):
        """Returns each source's share of the steps.

        Args:
            names: list of str. Sources, without counts.
            num_examples: list of int. Sequences of each.

        Returns:
            List of float that sums to 1.
        """
        if len(names) == 1 or self.kind == "uniform":
            weights = [1.0] * len(names)
        elif self.kind == "capped":
            weights = [min(number, self.cap) for number in num_examples]
        elif self.kind == "temperature":
            weights = [
                number ** (1 / self.temperature) for number in num_examples
            ]
        elif self.kind == "explicit":
            weights = [self.rates[name] for name in names]
        else:
            weights = num_examples
        return _normalised(weights)

    def epoch_size(self, num_examples):
        """Returns the number of sequences in one epoch of a mixture.

        Args:
            num_examples: list of int. Sequences of each source.
        """
        if self.kind == "capped" and len(num_examples) > 1:
            return sum(min(number, self.cap) for number in num_examples)
        return sum(num_examples)


def with_replay(shares, replayed, rate):
    """Gives the replayed sources their part of the steps.

    Args:
        shares: list of float that sums to 1. Of the stage's own sources.
        replayed: list of int. Sequences of each replayed source, which share
            in proportion to them; may be empty.
        rate: float in [0, 1). Part of the steps that is replayed.

    Returns:
        List of float that sums to 1, the replayed ones last.
    """
    if not replayed:
        return shares
    return [
        *(share * (1 - rate) for share in shares),
        *(share * rate for share in _normalised(replayed)),
    ]


def count_steps(num_sequences, recipe, replay=0.0):
    """Returns the optimiser steps of a stage.

    Replayed steps come on top: the stage's own sources are seen as often as
    without replay.

    Args:
        num_sequences: int. Of one epoch of the stage's own sources.
        recipe: Recipe. Its `num_steps`, where set, counts in place of its
            epochs, and then replay is a part of it.
        replay: float in [0, 1). Part of the steps that is replayed.
    """
    if recipe.num_steps is not None:
        return recipe.num_steps
    own = recipe.epochs * num_sequences / recipe.batch_size
    # Not one more for the last bit of a float.
    return math.ceil(round(own / (1 - replay), 9))


def source_order(rates, *, num_steps, seed):
    """Draws the source of every step; a function of the seed alone.

    Args:
        rates: list of float that sums to 1; a share for each source.
        num_steps: int.
        seed: sequence of int.

    Returns:
        int array (num_steps,) of indices into the sources.
    """
    # Imported here: plans, which are to be instant, need only the shares.
    import numpy as np

    random = np.random.default_rng(seed)
    return random.choice(len(rates), size=num_steps, p=rates)


def _normalised(weights):
    return [weight / sum(weights) for weight in weights]


def _is_number(value):
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )
