"""Numbers as the formulas take them: finite, of one length, and Student's and chi-squared quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, ndtri, stdtrit

Values = npt.NDArray[np.float64]
Numbers = Sequence[float] | Values
Interval = tuple[float, float]

TAIL: Final = 0.025
"""Probability beyond each end of a two-sided 95 % interval."""


def finite(values: Numbers) -> Values:
    """Return numbers as an array.

    Raises:
        ValueError: one of them is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("values: found one that is not finite, expected numbers")
    return array


def pairs(x: Numbers, y: Numbers) -> tuple[Values, Values]:
    """Return two lists of numbers that belong together.

    Raises:
        ValueError: they differ in length, or a number is not finite.
    """
    xs, ys = finite(x), finite(y)
    if xs.shape != ys.shape:
        raise ValueError(f"pairs: found {xs.size} and {ys.size} numbers, expected as many of each")
    return xs, ys


def student(degrees: float, tail: float = TAIL) -> float:
    """Return the quantile of Student's t with `tail` beyond it."""
    return float(stdtrit(degrees, 1 - tail))


def normal(probability: float) -> float:
    """Return a quantile of the standard normal distribution."""
    return float(ndtri(probability))


def sd_interval(sd: float, degrees: float) -> Interval:
    """Return the 95 % interval of a normal variable's SD: degrees * s^2 over chi-squared quantiles."""
    low, high = (
        sd * math.sqrt(degrees / float(chdtri(degrees, tail))) for tail in (TAIL, 1 - TAIL)
    )
    return low, high


def mean_interval(values: Numbers) -> Interval | None:
    """Return Student's 95 % interval of a mean; None of fewer than two values."""
    v = finite(values)
    if v.size < 2:
        return None
    half = student(v.size - 1) * float(v.std(ddof=1)) / math.sqrt(v.size)
    return float(v.mean()) - half, float(v.mean()) + half


def wilson(part: int, whole: int) -> Interval | None:
    """Return the 95 % interval of a share in percent; None of nothing.

    Source: Wilson EB. J Am Stat Assoc 1927;22:209.
    """
    if whole <= 0:
        return None
    z2 = normal(1 - TAIL) ** 2
    p = part / whole
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    half = math.sqrt(z2 * (p * (1 - p) / whole + z2 / (4 * whole**2))) / (1 + z2 / whole)
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)
