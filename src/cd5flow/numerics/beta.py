"""The beta, binomial and normal distributions of single numbers.

`scipy.special` has them too, but its import takes twice as long as that of numpy, in every process, for
three functions that are called some dozens of times; the tests hold these to it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

_STANDARD: Final = NormalDist()
_MOST_DEVIATES: Final = 4096
"""So many are told one by one; of more, those between them lie evenly."""
_CLOSE: Final = 4e-16
"""Two floats so far apart, relative to their size, are taken as one."""
_TERMS: Final = 1_000_000
"""Of a continued fraction; it needs about the root of the larger shape."""
_STEPS: Final = 1200
"""Of a search: halving alone needs no more to get from 1 to the least float."""
_STIRLING_FROM: Final = 15.0
"""From here on Stirling's series is exact to the last digit."""
_TINY: Final = 1e-300
"""Stands for a zero in a denominator."""


def normal_quantile(share: float) -> float:
    """Return the standard normal deviate below which a share lies.

    Raises:
        ValueError: not 0 < share < 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"a normal quantile of {share} is not finite: needs 0 < share < 1")
    return _STANDARD.inv_cdf(share)


def normal_deviates(count: int) -> npt.NDArray[np.float64]:
    """Return so many numbers, in order, that lie as evenly as a standard normal sample can.

    They are the quantiles of (i + 1/2) / count.
    """
    told = min(count, _MOST_DEVIATES)
    deviates = _told_deviates(told)
    if told == count:
        return deviates
    shares, known = ((np.arange(n) + 0.5) / n for n in (count, told))
    return np.asarray(np.interp(shares, known, deviates), dtype=np.float64)


@lru_cache(maxsize=4)
def _told_deviates(count: int) -> npt.NDArray[np.float64]:
    """Return the quantiles of (i + 1/2) / count, read-only."""
    deviates = np.array([normal_quantile((i + 0.5) / count) for i in range(count)])
    deviates.flags.writeable = False
    return deviates


def beta_share(x: float, a: float, b: float) -> float:
    """Return the share of Beta(a, b) at or below x: the regularised incomplete beta function.

    Source: NIST Digital Library of Mathematical Functions, 8.17.22 (continued fraction) and 8.17.4.

    Args:
        x: 0 to 1.
        a: shape, above 0.
        b: shape, above 0.

    Raises:
        ValueError: a shape that is not positive and finite, or x outside 0 to 1.
    """
    _check_shapes(a, b)
    if not 0 <= x <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {x}")
    if x in {0.0, 1.0}:
        return float(x)
    weight = _weight(x, a, b)
    # The fraction converges fast below the mean; above it the other tail is told.
    if x < (a + 1) / (a + b + 2):
        return weight * _fraction(x, a, b) / a
    return 1 - weight * _fraction(1 - x, b, a) / b


def beta_quantile(share: float, a: float, b: float) -> float:
    """Return the x below which a share of Beta(a, b) lies.

    Newton's steps, each kept within the bounds that the steps before have set.

    Args:
        share: 0 to 1.
        a: shape, above 0.
        b: shape, above 0.

    Raises:
        ValueError: a shape that is not positive and finite, or a share outside 0 to 1.
    """
    _check_shapes(a, b)
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    if share in {0.0, 1.0}:
        return float(share)
    low, high = 0.0, 1.0
    x = a / (a + b)
    for _ in range(_STEPS):
        above = beta_share(x, a, b) - share
        if above > 0:
            high = x
        else:
            low = x
        slope = _weight(x, a, b) / (x * (1 - x))
        following = x - above / slope if slope > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - x) <= _CLOSE * x or following in {low, high}:
            return following
        x = following
    return x


def binomial_share(k: int, n: int, chance: float) -> float:
    """Return the chance of at most k of n, each by itself with a chance.

    Raises:
        ValueError: a chance outside 0 to 1, or n below 0.
    """
    if not 0 <= chance <= 1 or n < 0:
        raise ValueError(f"no binomial distribution of {n} with a chance of {chance}")
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return beta_share(1 - chance, n - k, k + 1)


def _check_shapes(a: float, b: float) -> None:
    if not (0 < a < math.inf and 0 < b < math.inf):
        raise ValueError(f"no beta distribution has the shapes {a} and {b}")


def _weight(x: float, a: float, b: float) -> float:
    """Return x**a (1 - x)**b / B(a, b), exact to the last digits where shapes are large.

    As in Loader C. Fast and accurate computation of binomial probabilities, 2000: Stirling's leading
    terms are taken together with the powers, so that nothing large cancels.
    """
    n = a + b
    # How far x lies from the mean, from its nearer end, where floats are finer.
    off = n * x - a if a < b else b - n * (1 - x)
    powers = a * _log_of(n * x / a, off / a) + b * _log_of(n * (1 - x) / b, -off / b)
    rest = _stirling_rest(n) - _stirling_rest(a) - _stirling_rest(b)
    return math.sqrt(a * b / (2 * math.pi * n)) * math.exp(powers + rest)


def _log_of(ratio: float, beyond: float) -> float:
    """Return the logarithm of a ratio that is 1 + `beyond`, by whichever of the two is exact."""
    return math.log1p(beyond) if abs(beyond) < 0.5 else math.log(ratio)


def _stirling_rest(z: float) -> float:
    """Return log Gamma(z) less (z - 1/2) log z - z + log(2 pi) / 2 (DLMF 5.11.1)."""
    if z < _STIRLING_FROM:
        return math.lgamma(z) - ((z - 0.5) * math.log(z) - z + 0.5 * math.log(2 * math.pi))
    square = 1 / (z * z)
    series = 1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * 691 / 360360))
    return (1 / 12 - square * (1 / 360 - square * series)) / z


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of DLMF 8.17.22, evaluated from its front.

    Source: Lentz WJ. Appl Opt 1976;15:668, as Thompson IJ, Barnett AR changed it (J Comput Phys
    1986;64:490).
    """
    whole, above, below = 1.0, 1.0, 0.0
    for m in range(_TERMS):
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        even = (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2))
        change = 1.0
        for step in (odd, even):
            below = 1 / (1 + step * below or _TINY)
            above = 1 + step / above or _TINY
            whole *= above * below
            change = above * below
        if abs(change - 1) < _CLOSE:
            break
    return 1 / whole
