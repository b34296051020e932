"""Differences between two methods on the same specimens: bias, limits of agreement, ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from cd5flow.validation.statistics.arrays import Interval, Numbers, finite, pairs, student

LIMITS: Final = 1.96
"""SDs from the bias to a limit of agreement."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Differences, found less expected.

    Attributes:
        n: pairs.
        bias, sd: mean and SD.
        bias_ci95: Student's.
        limits: of agreement, bias -/+ 1.96 SD.
        low_ci95, high_ci95: of each limit.
    """

    n: int
    bias: float
    sd: float
    bias_ci95: Interval
    limits: Interval
    low_ci95: Interval
    high_ci95: Interval


def bland_altman(differences: Numbers) -> Differences | None:
    """Return bias and limits of agreement; None of fewer than two differences.

    Source: Bland JM, Altman DG. Lancet 1986;1:307 (they write 2 for 1.96); the limits' standard
    error is s * sqrt(1/n + 1.96^2 / (2 (n - 1))), Bland JM, Altman DG. Stat Methods Med Res
    1999;8:135.
    """
    d = finite(differences)
    n = int(d.size)
    if n < 2:
        return None
    bias, sd = float(d.mean()), float(d.std(ddof=1))
    t = student(n - 1)
    of_bias = t * sd / math.sqrt(n)
    of_limit = t * sd * math.sqrt(1 / n + LIMITS**2 / (2 * (n - 1)))
    low, high = bias - LIMITS * sd, bias + LIMITS * sd
    return Differences(
        n=n,
        bias=bias,
        sd=sd,
        bias_ci95=(bias - of_bias, bias + of_bias),
        limits=(low, high),
        low_ci95=(low - of_limit, low + of_limit),
        high_ci95=(high - of_limit, high + of_limit),
    )


def spearman(x: Numbers, y: Numbers) -> float | None:
    """Return the rank correlation; None of fewer than three pairs, or where one side does not vary.

    Source: Spearman C. Am J Psychol 1904;15:72, ties by their mean rank.
    """
    from scipy.stats import spearmanr  # noqa: PLC0415 - a second that only a comparison pays

    xs, ys = pairs(x, y)
    if xs.size < 3 or float(xs.std()) == 0 or float(ys.std()) == 0:
        return None
    return float(spearmanr(xs, ys).statistic)
