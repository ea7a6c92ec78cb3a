"""Averages: nodes without training steps, whose weights are means of others'.

- `seeds`: of the stage of a route and target, over the seeds of a run. Means
  of what began at different random weights are of no use: on the pocket's
  UD-POS, seeds of 84, 75 and 77 % gave an average of 68 % with heads of their
  own, and of 84, 82 and 81 % one of 82 % with heads that began alike. So all
  seeds then begin with the heads of the first; data order and dropout differ.
- `checkpoints:K`: of the weights of one stage at its last K evaluations on dev
  rows, whatever their scores.

Source: Schmidt et al., 2023, https://arxiv.org/abs/2305.16834.
"""

import dataclasses
import re

from stilts_keras.errors import InputError
from stilts_keras.files import fingerprint_of
from stilts_keras.graph.route import PRETRAINED

SEEDS = "seeds"
CHECKPOINTS = "checkpoints"
_CHECKPOINTS = re.compile(rf"{CHECKPOINTS}:([1-9][0-9]{{0,3}})")
# What the name of an averaged route ends with.
MARK = "average-"


@dataclasses.dataclass(frozen=True)
class Averaging:
    """What is averaged.

    Attributes:
        count: int or None. How many of a stage's last evaluations; None: all
            seeds.
    """

    count: int | None = None

    def __str__(self):
        """Writes it as `--average` does."""
        return f"{CHECKPOINTS}:{self.count}" if self.count else SEEDS

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
    return tuple(_parse(text, seeds) for text in dict.fromkeys(texts))


def _parse(text, seeds):
    if text == SEEDS:
        if len(seeds) > 1:
            return Averaging()
        raise InputError(
            "average=seeds takes the mean of several seeds. Received: seed "
            f"{seeds[0]}. Add --seed=2, or leave --average out."
        )
    found = _CHECKPOINTS.fullmatch(str(text))
    count = int(found[1]) if found else 0
    if count < 2:
        raise InputError(
            f"average must be {SEEDS!r}, or {CHECKPOINTS!r} with a number of "
            f"at least 2, such as '{CHECKPOINTS}:5'. Received: {text!r}."
        )
    return Averaging(count)


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
    return name.rpartition("/")[2] == Averaging().mark


def make_average(parents, averaging):
    """Makes the Stage whose weights are the mean of others'.

    What is trained with LoRA is averaged as it is evaluated, factors added to
    the weights: means of factors would be another thing.

    Args:
        parents: tuple of Stage, of equal sources; one, where its checkpoints
            are averaged.
        averaging: `Averaging`.

    Returns:
        A `Stage`.
    """
    first = parents[0]
    identity = {
        "average": str(averaging),
        "parents": [parent.fingerprint for parent in parents],
    }
    return dataclasses.replace(
        first,
        parent=first,
        averaged=tuple(parents),
        num_checkpoints=averaging.count,
        recipe=dataclasses.replace(first.recipe, lora_rank=None),
        takes_head=False,
        more_steps=0,
        path=f"{first.path}/{averaging.mark}",
        fingerprint=fingerprint_of(identity),
    )


def averaged_cells(cells, averagings, add_average):
    """Lists a cell for each average; bare backbones are their own.

    Args:
        cells: list of Cell. Clean ones, of all seeds.
        averagings: tuple of `Averaging`.
        add_average: function of a route, a tuple of Stage and an `Averaging`
            -> Stage.

    Returns:
        List of Cell.
    """
    found = []
    for averaging in averagings:
        groups = {}
        for cell in cells:
            seed = cell.seed if averaging.count else None
            key = cell.route, cell.target.name, seed
            groups.setdefault(key, []).append(cell)
        for alike in groups.values():
            first = alike[0]
            name, stage = averaging.route(first.route), first.stage
            if stage is not None:
                parents = tuple(cell.stage for cell in alike)
                stage = add_average(name, parents, averaging)
            found.append(dataclasses.replace(first, route=name, stage=stage))
    return found
