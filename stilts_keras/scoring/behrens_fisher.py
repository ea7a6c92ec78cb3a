"""How far the sum of two errors goes, each known only as well as its sample.

An estimate of a few seeds, or of a few families of languages, errs like
Student's t with one degree of freedom less than there are; of many examples,
like a normal variable. Where it errs in two ways, its reference is the sum of
both, each scaled by its standard error (Behrens and Fisher's problem).

Source: Fisher, 1935, The fiducial argument in statistical inference,
https://doi.org/10.1111/j.1469-1809.1935.tb02120.x.
"""

import dataclasses
import functools

# In which share of studies a difference that is called detectable is found.
POWER = 0.8
SMALLEST_TAIL = 1e-13
NUM_NODES = 700
# Of how far errors reach, as a share of it.
PRECISION = 1e-7


@dataclasses.dataclass(frozen=True)
class Error:
    """One way in which an estimate errs.

    Attributes:
        size: float. The standard error.
        freedom: float or None. Degrees of freedom that it is known with; None:
            so many that it is normal.
    """

    size: float = 0.0
    freedom: float | None = None

    def below(self, distance):
        """How often the error lies below a distance; arrays of both."""
        from scipy import special

        if self.freedom is None:
            return special.ndtr(distance / self.size)
        return special.stdtr(self.freedom, distance / self.size)

    def quantile(self, share):
        """What the error lies below so often."""
        from scipy import special

        if self.freedom is None:
            return special.ndtri(share) * self.size
        return special.stdtrit(self.freedom, share) * self.size


def tail(distance, first, second):
    """How often two errors together go as far, on either side.

    Args:
        distance: float, at least 0.
        first: `Error`.
        second: `Error`.

    Returns:
        A float in (0, 1]; 1 where there is no distance or no error.
    """
    first, second = _larger_freedom_first(first, second)
    if distance == 0.0 or first.size == second.size == 0.0:
        return 1.0
    if second.size == 0.0:
        return float(2 * first.below(-distance))
    if first.size == 0.0:
        return float(2 * second.below(-distance))
    import numpy as np

    quantiles, weights = _nodes(second.freedom)
    # Both sides are alike, as the quantiles are.
    tails = first.below(second.size * quantiles - distance)
    return float(min(1.0, 2 * np.sum(weights * tails)))


def reach(level, first, second):
    """How far two errors together go in all but a share of cases.

    Args:
        level: float in (0, 1). The share.
        first: `Error`.
        second: `Error`.

    Returns:
        A float: `tail` of it is `level`; 0 without any error.
    """
    from scipy import optimize

    first, second = _larger_freedom_first(first, second)
    if first.size == second.size == 0.0:
        return 0.0
    for one, other in ((first, second), (second, first)):
        if other.size == 0.0:
            return float(-one.quantile(level / 2))
    # Neither error alone goes farther in half of the level.
    most = float(-first.quantile(level / 4) - second.quantile(level / 4))
    return optimize.brentq(
        lambda distance: tail(distance, first, second) - level,
        1e-9 * most,
        most,
        xtol=PRECISION * most,
        rtol=PRECISION,
    )


def detectable(level, power, first, second):
    """The smallest true value that a test would have found so often.

    It lies as far beyond what chance reaches as an estimate falls short in no
    more than the rest of the cases.

    Args:
        level: float in (0, 1). Of the test.
        power: float in (0.5, 1). In which share of cases it is found.
        first: `Error`.
        second: `Error`.

    Returns:
        A float.

    Source: Bloom, 1995, https://doi.org/10.1177/0193841X9501900504.
    """
    both = first, second
    return reach(level, *both) + reach(2 * (1 - power), *both)


def _larger_freedom_first(first, second):
    """Orders two errors: the second is summed over, the wilder one."""
    freedoms = [
        float("inf") if error.freedom is None else error.freedom
        for error in (first, second)
    ]
    return (first, second) if freedoms[0] >= freedoms[1] else (second, first)


@functools.lru_cache(maxsize=64)
def _nodes(freedom):
    """Quantiles of an error of size 1 and weights, dense in both tails."""
    import numpy as np

    half = np.geomspace(SMALLEST_TAIL, 0.5, NUM_NODES)
    upper_half = np.concatenate([[0.0], half])
    weights = np.diff(upper_half)
    middles = Error(1.0, freedom).quantile(upper_half[:-1] + weights / 2)
    return (
        np.concatenate([middles, -middles[::-1]]),
        np.concatenate([weights, weights[::-1]]),
    )
