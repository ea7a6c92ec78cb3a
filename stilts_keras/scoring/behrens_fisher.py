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
# By so many an error's sizes in other studies are told, and shares of two.
NUM_STUDIES = 200
NUM_ANGLES = 33
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

    Another study would err as much, and know its errors as badly: what its
    estimate had to reach varies with what it takes them for.

    Args:
        level: float in (0, 1). Of the test.
        power: float in (0.5, 1). In which share of studies it is found.
        first: `Error`.
        second: `Error`.

    Returns:
        A float; None without any error, where every value would be found.
    """
    import numpy as np
    from scipy import optimize
    from scipy import special

    first, second = (
        error if error.size else Error() for error in (first, second)
    )
    first, second = _larger_freedom_first(first, second)
    size = np.hypot(first.size, second.size)
    if not size:
        return None
    ones, others = np.meshgrid(_taken_for(first), _taken_for(second))
    needed = np.hypot(ones, others) * np.interp(
        np.arctan2(others, ones),
        *_reaches(level, first.freedom, second.freedom),
    )
    return optimize.brentq(
        lambda value: special.ndtr((value - needed) / size).mean() - power,
        0.0,
        needed.max() + 10 * size,
        xtol=PRECISION * size,
    )


def _taken_for(error):
    """What studies would take an error's size for, each as likely: an array.

    With few degrees of freedom it is often far from what it is.
    """
    import numpy as np
    from scipy import special

    if error.freedom is None or not error.size:
        return np.array([error.size])
    shares = (np.arange(NUM_STUDIES) + 0.5) / NUM_STUDIES
    squares = special.chdtri(error.freedom, shares) / error.freedom
    return error.size * np.sqrt(squares)


@functools.lru_cache(maxsize=64)
def _reaches(level, first_freedom, second_freedom):
    """How far two errors go together, by what is the share of each.

    Returns:
        Two float arrays (NUM_ANGLES,): angles, whose cosine is the size of the
        first error and whose sine that of the second; and `reach` of them.
    """
    import numpy as np

    angles = np.linspace(0.0, np.pi / 2, NUM_ANGLES)
    reaches = [
        reach(level, Error(one, first_freedom), Error(other, second_freedom))
        for one, other in zip(
            [*np.cos(angles[:-1]), 0.0], np.sin(angles), strict=True
        )
    ]
    return angles, np.array(reaches)


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
