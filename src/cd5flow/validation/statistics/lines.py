"""Straight lines between two methods that both err: Deming's, and that of Passing and Bablok."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import kolmogorov

from cd5flow.validation.statistics.arrays import (
    TAIL,
    Interval,
    Numbers,
    Values,
    normal,
    pairs,
    student,
)


@dataclass(frozen=True, slots=True)
class ComparisonLine:
    """A line of y on x.

    Attributes:
        n: pairs.
        slope, intercept: the line.
        slope_ci95, intercept_ci95: 95 % intervals.
        linear_p: of the hypothesis that the relation is a straight line (Passing-Bablok's cusum
            test); None where the method has no such test.
    """

    n: int
    slope: float
    slope_ci95: Interval
    intercept: float
    intercept_ci95: Interval
    linear_p: float | None = None


def deming(x: Numbers, y: Numbers, *, error_ratio: float) -> ComparisonLine | None:
    """Return Deming's line; None of fewer than three pairs, or where x and y do not go together.

    Source: Cornbleet PJ, Gochman N. Clin Chem 1979;25:432; intervals by the jackknife with n - 2
    degrees of freedom, Linnet K. Clin Chem 1993;39:424.

    Args:
        x: (n,) numbers by one method.
        y: (n,) numbers of the same specimens by the other.
        error_ratio: variance of the errors of y over that of the errors of x.

    Raises:
        ValueError: the ratio is not above zero.
    """
    if not (error_ratio > 0 and math.isfinite(error_ratio)):
        raise ValueError(f"error ratio: found {error_ratio}, expected above 0")
    xs, ys = pairs(x, y)
    n = xs.size
    whole = None if n < 3 else _deming(xs, ys, error_ratio)
    if whole is None:
        return None
    without = [
        _deming(np.delete(xs, one), np.delete(ys, one), error_ratio) for one in range(xs.size)
    ]
    known = [one for one in without if one is not None]
    if len(known) < n:
        return None
    slope, intercept = whole
    half = [
        student(n - 2) * _jackknife_error(place, [one[part] for one in known])
        for part, place in enumerate(whole)
    ]
    return ComparisonLine(
        n=n,
        slope=slope,
        slope_ci95=(slope - half[0], slope + half[0]),
        intercept=intercept,
        intercept_ci95=(intercept - half[1], intercept + half[1]),
    )


def _deming(x: Values, y: Values, ratio: float) -> tuple[float, float] | None:
    dx, dy = x - x.mean(), y - y.mean()
    xx, yy, xy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    if xy == 0:
        return None
    apart = yy - ratio * xx
    slope = (apart + math.sqrt(apart**2 + 4 * ratio * xy**2)) / (2 * xy)
    return slope, float(y.mean()) - slope * float(x.mean())


def _jackknife_error(whole: float, without: list[float]) -> float:
    """Return the standard error of an estimate from those that each leave one pair out."""
    n = len(without)
    pseudo = n * whole - (n - 1) * np.asarray(without)
    return float(pseudo.std(ddof=1)) / math.sqrt(n)


def passing_bablok(x: Numbers, y: Numbers) -> ComparisonLine | None:
    """Return Passing and Bablok's line; None of fewer than three pairs or of too few slopes.

    The slope is a median of the slopes between all pairs of points, shifted by the number of those
    below -1, so that it does not matter which method is x. Points that coincide have no slope, and
    slopes of exactly -1 are left out.

    Source: Passing H, Bablok W. J Clin Chem Clin Biochem 1983;21:709.

    Args:
        x: (n,) numbers by one method.
        y: (n,) numbers of the same specimens by another that rises with it.
    """
    xs, ys = pairs(x, y)
    n = xs.size
    slopes = _slopes(xs, ys)
    count = slopes.size
    if n < 3 or count < 3:
        return None
    shift = int((slopes < -1).sum())
    spread = normal(1 - TAIL) * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    first = max(1, math.floor((count - spread) / 2 + 0.5))
    ends = (first + shift - 1, count - first + shift)
    middle = (count - 1) / 2 + shift
    places = (math.floor(middle), math.ceil(middle))
    if max(*ends, *places) >= count:
        return None
    slope = float(slopes[list(places)].mean())
    low, high = (float(slopes[end]) for end in ends)
    if not all(math.isfinite(one) for one in (slope, low, high)):
        return None
    intercept = float(np.median(ys - slope * xs))
    return ComparisonLine(
        n=n,
        slope=slope,
        slope_ci95=(low, high),
        intercept=intercept,
        intercept_ci95=(float(np.median(ys - high * xs)), float(np.median(ys - low * xs))),
        linear_p=_cusum_p(xs, ys, slope, intercept),
    )


def _slopes(x: Values, y: Values) -> Values:
    """Return the sorted slopes between all pairs of points that have one other than -1."""
    first, second = np.triu_indices(x.size, 1)
    dx, dy = x[second] - x[first], y[second] - y[first]
    apart = (dx != 0) | (dy != 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.where(dx == 0, np.copysign(np.inf, dy), dy / dx)[apart]
    found: Values = np.sort(slopes[slopes != -1])
    return found


def _cusum_p(x: Values, y: Values, slope: float, intercept: float) -> float | None:
    """Return the p-value of Passing and Bablok's cusum test; None where all points lie on one side."""
    residual = y - (intercept + slope * x)
    above, below = int((residual > 0).sum()), int((residual < 0).sum())
    if not above or not below or slope == 0:
        return None
    steps = np.where(residual > 0, math.sqrt(below / above), 0.0)
    steps = np.where(residual < 0, -math.sqrt(above / below), steps)
    along = (y + x / slope - intercept) / math.sqrt(1 + 1 / slope**2)
    most = float(np.abs(np.cumsum(steps[np.argsort(along, kind="stable")])).max())
    return float(kolmogorov(most / math.sqrt(below + 1)))
