"""Averages: nodes without training steps, whose weights are means of others'.

- `seeds`: of the stage of a route and target, over the seeds of a run. Means
  of heads that began at different random weights would be of no use, so all
  seeds then begin with the heads of the first; data order and dropout differ.

Source: Schmidt et al., 2023, https://arxiv.org/abs/2305.16834.
"""

import dataclasses

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.files import fingerprint_of
from stilts_keras.graph.route import PRETRAINED

SEEDS = "seeds"
KINDS = (SEEDS,)
# What the name of an averaged route ends with.
MARK = "average-"


@dataclasses.dataclass(frozen=True)
class Averaging:
    """What is averaged.

    Attributes:
        kind: str. One of `KINDS`.
    """

    kind: str

    def __str__(self):
        """Writes it as `--average` does."""
        return self.kind

    @property
    def mark(self):
        """The last part of the names of routes and of paths."""
        return f"{MARK}{self}"

    def route(self, name):
        """Names what a route's averages are listed as.

        Args:
            name: str. The route, canonical.
        """
        return self.mark if name == PRETRAINED else f"{name}/{self.mark}"


def parse(texts, seeds):
    """Reads what `--average` asks for.

    Args:
        texts: iterable of str.
        seeds: tuple of int.

    Returns:
        Tuple of `Averaging`.

    Raises:
        InputError: If it is none, or there is nothing to average.
    """
    found = []
    for text in dict.fromkeys(map(str, texts)):
        if text not in KINDS:
            raise unknown("average", text, KINDS)
        if len(seeds) < 2:
            raise InputError(
                "average=seeds takes the mean of several seeds. Received: "
                f"seed {', '.join(map(str, seeds))}. Add --seed=2, or leave "
                "--average out."
            )
        found.append(Averaging(text))
    return tuple(found)


def plain_route(name):
    """Returns the route that was averaged; of others the route itself.

    Args:
        name: str. As results have it.
    """
    front, _, last = name.rpartition("/")
    if last.startswith(MARK):
        return front or PRETRAINED
    return name


def is_over_seeds(name):
    """Whether a route of results is an average over seeds; see `plain_route`.

    Its results are of all seeds together, and paired with those of none.
    """
    return name.rpartition("/")[2] == Averaging(SEEDS).mark


def make_average(parents, averaging):
    """Makes the Stage whose weights are the mean of others'.

    What is trained with LoRA is averaged as it is evaluated, factors added to
    the weights: means of factors would be another thing.

    Args:
        parents: tuple of Stage, of equal sources, none of them None.
        averaging: `Averaging`.

    Returns:
        A `Stage`.
    """
    first = parents[0]
    identity = {
        "average": averaging.kind,
        "parents": [parent.fingerprint for parent in parents],
    }
    return dataclasses.replace(
        first,
        parent=first,
        averaged=tuple(parents),
        recipe=dataclasses.replace(first.recipe, lora_rank=None),
        takes_head=False,
        more_steps=0,
        path=f"{first.path}/{averaging.mark}",
        fingerprint=fingerprint_of(identity),
    )
