"""Dilutions: the line, how far each level lies from it, whether it bends, and what is recovered."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from cd5flow.validation.statistics.arrays import (
    Interval,
    Numbers,
    Values,
    mean_interval,
    pairs,
    student,
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """One level of a dilution.

    Attributes:
        expected: its value.
        n: numbers found.
        found: their mean, on the scale of the line geometric.
        percent: found over expected, times 100, with Student's interval on the line's scale.
        deviation_percent: of the mean from the line, in percent of the line.
    """

    expected: float
    n: int
    found: float
    percent: float
    percent_ci95: Interval | None
    deviation_percent: float


@dataclass(frozen=True, slots=True)
class Linearity:
    """A dilution's straight line on the log10 scale.

    Attributes:
        n: numbers.
        slope, intercept: of log10 found on log10 expected, by least squares.
        slope_ci95, intercept_ci95: Student's, n - 2 degrees of freedom.
        r2: share of the variance that the line explains.
        max_deviation_percent: the largest deviation of a level's mean from the line, without sign.
        quadratic_p: p-value of a curved term; None of fewer than three levels or four numbers.
        levels: the lowest first.
    """

    n: int
    slope: float
    slope_ci95: Interval
    intercept: float
    intercept_ci95: Interval
    r2: float
    max_deviation_percent: float
    quadratic_p: float | None
    levels: tuple[Recovery, ...]


def linearity(expected: Numbers, found: Numbers) -> Linearity | None:
    """Return the line of a dilution; None of fewer than three numbers or levels.

    Both axes are logarithmic, since a dilution spans decades and its errors grow with its values.

    Source: least squares of Draper NR, Smith H. Applied Regression Analysis, 3rd ed., 1998; the
    curved term as in CLSI EP06-A, the deviation from the line as in CLSI EP06 (2020).

    Args:
        expected: (n,) numbers above zero; equal ones are one level.
        found: (n,) numbers above zero.

    Raises:
        ValueError: a number is not above zero.
    """
    e, f = pairs(expected, found)
    if e.size and min(float(e.min()), float(f.min())) <= 0:
        raise ValueError("dilution: found a number not above zero, which has no logarithm")
    if e.size < 3 or len(set(e.tolist())) < 3:
        return None
    x, y = np.log10(e), np.log10(f)
    n = int(x.size)
    fit = _least_squares(np.column_stack([np.ones(n), x]), y)
    t = student(n - 2)
    (intercept, slope), (at_zero, of_slope) = fit.coefficients, fit.errors
    total = float(((y - y.mean()) ** 2).sum())
    levels = tuple(_levels(e, f, slope=slope, intercept=intercept))
    return Linearity(
        n=n,
        slope=slope,
        slope_ci95=(slope - t * of_slope, slope + t * of_slope),
        intercept=intercept,
        intercept_ci95=(intercept - t * at_zero, intercept + t * at_zero),
        r2=1 - fit.rest / total if total > 0 else 1.0,
        max_deviation_percent=max(abs(one.deviation_percent) for one in levels),
        quadratic_p=_quadratic_p(x, y),
        levels=levels,
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    rest: float


def _least_squares(design: Values, y: Values) -> _Fit:
    """Return coefficients, their standard errors and the residual sum of squares."""
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = float(((y - design @ found) ** 2).sum())
    free = y.size - design.shape[1]
    spread = np.linalg.inv(design.T @ design) * (rest / free)
    return _Fit(tuple(float(one) for one in found), tuple(np.sqrt(np.diag(spread)).tolist()), rest)


def _quadratic_p(x: Values, y: Values) -> float | None:
    """Return the two-sided p-value of a quadratic term beside the line."""
    if len(set(x.tolist())) < 3 or x.size < 4:
        return None
    centred = x - x.mean()
    fit = _least_squares(np.column_stack([np.ones(x.size), centred, centred**2]), y)
    if fit.errors[2] == 0:
        return None
    return float(2 * stdtr(x.size - 3, -abs(fit.coefficients[2] / fit.errors[2])))


def _levels(e: Values, f: Values, *, slope: float, intercept: float) -> list[Recovery]:
    by_level: dict[float, list[float]] = defaultdict(list)
    for level, value in zip(e.tolist(), f.tolist(), strict=True):
        by_level[level].append(math.log10(value))
    levels = []
    for level, logs in sorted(by_level.items()):
        mean, line = math.fsum(logs) / len(logs), intercept + slope * math.log10(level)
        between = mean_interval(logs)
        levels.append(
            Recovery(
                expected=level,
                n=len(logs),
                found=10**mean,
                percent=100 * 10**mean / level,
                percent_ci95=None
                if between is None
                else (100 * 10 ** between[0] / level, 100 * 10 ** between[1] / level),
                deviation_percent=100 * (10 ** (mean - line) - 1),
            )
        )
    return levels
