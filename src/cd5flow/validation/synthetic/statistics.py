"""Agreement, lines and spreads: the few formulas of a validation, each with its source."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cd5flow.validation.statistics.arrays import Values, sd_interval, student
from cd5flow.validation.statistics.differences import bland_altman
from cd5flow.validation.synthetic.record import AgreementSection, LineSection


@dataclass(frozen=True, slots=True)
class Spread:
    """How far repeated numbers lie apart.

    Attributes:
        n: numbers.
        mean, sd: of them; the SD has n - 1 degrees of freedom.
        cv_percent: SD over mean; None where the mean is not above zero.
        cv95: 95 % interval of the CV, the mean taken as known; None likewise.
    """

    n: int
    mean: float
    sd: float
    cv_percent: float | None
    cv95: tuple[float, float] | None


def agreement(differences: Sequence[float]) -> AgreementSection | None:
    """Return how found numbers agree with true ones; None without any, no limits of a single one.

    Percentiles are those of Hazen's ranks, (i - 1/2)/n.
    """
    if not differences:
        return None
    d = np.asarray(differences, dtype=np.float64)
    size = np.abs(d)
    found = bland_altman(differences)
    low, high = (None, None) if found is None else found.limits
    return AgreementSection(
        n=int(d.size),
        bias=float(d.mean()),
        sd=None if found is None else found.sd,
        low=low,
        high=high,
        median_size=float(np.median(size)),
        size95=percentile(size, 95.0),
        worst=float(d[int(size.argmax())]),
    )


def percentile(values: Sequence[float] | Values, percent: float) -> float:
    """Return a percentile by Hazen's ranks: the i-th of n values is the (i - 1/2)/n quantile."""
    return float(np.quantile(np.asarray(values, dtype=np.float64), percent / 100, method="hazen"))


def least_squares(x: Sequence[float], y: Sequence[float]) -> tuple[float, float] | None:
    """Return slope and intercept of y on x; None of fewer than three points or one x."""
    xs, ys = (np.asarray(values, dtype=np.float64) for values in (x, y))
    if xs.size < 3:
        return None
    dx, dy = xs - xs.mean(), ys - ys.mean()
    if float(dx @ dx) <= 0:
        return None
    slope = float(dx @ dy) / float(dx @ dx)
    return slope, float(ys.mean() - slope * xs.mean())


def line(x: Sequence[float], y: Sequence[float]) -> LineSection | None:
    """Return the least squares line of y on x; None of fewer than three points or one x.

    Right where x is known without error, as the truth of a simulated tube is; between two methods
    that both err the slope would come out too flat, and Deming's line takes its place (Linnet K.
    Clin Chem 1993;39:424).

    Source: Draper NR, Smith H. Applied Regression Analysis, 3rd ed., 1998, chapter 1.
    """
    fit = least_squares(x, y)
    if fit is None:
        return None
    slope, intercept = fit
    xs, ys = (np.asarray(values, dtype=np.float64) for values in (x, y))
    n = int(xs.size)
    dx, dy = xs - xs.mean(), ys - ys.mean()
    sxx, syy = float(dx @ dx), float(dy @ dy)
    residual = ys - (intercept + slope * xs)
    rss = float(residual @ residual)
    sd = math.sqrt(rss / (n - 2))
    t = student(n - 2)
    se_slope = sd / math.sqrt(sxx)
    se_intercept = sd * math.sqrt(1 / n + float(xs.mean()) ** 2 / sxx)
    return LineSection(
        n=n,
        slope=slope,
        intercept=intercept,
        slope_ci95=(slope - t * se_slope, slope + t * se_slope),
        intercept_ci95=(intercept - t * se_intercept, intercept + t * se_intercept),
        r_squared=1 - rss / syy if syy > 0 else 1.0,
        residual_sd=sd,
    )


def spread(values: Sequence[float]) -> Spread | None:
    """Return SD and CV of repeated numbers; None of fewer than two."""
    v = np.asarray(values, dtype=np.float64)
    n = int(v.size)
    if n < 2:
        return None
    mean, sd = float(v.mean()), float(v.std(ddof=1))
    if mean <= 0:
        return Spread(n, mean, sd, None, None)
    low, high = (100 * end / mean for end in sd_interval(sd, n - 1))
    return Spread(n, mean, sd, 100 * sd / mean, (low, high))
