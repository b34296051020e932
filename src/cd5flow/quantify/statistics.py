"""Intervals of a share, in percent.

Each function takes `k` events of `n` and returns (low, high) in percent, 0 to 100, or None where
`n` is 0: the share of nothing is unknown. Two-sided intervals hold k/n; at k = 0 the Wilson and
Clopper-Pearson intervals begin at exactly 0, at k = n they end at exactly 100.
"""

from __future__ import annotations

import math
from typing import assert_never

from cd5flow.model.limits import IntervalMethod
from cd5flow.numerics.beta import beta_quantile, normal_quantile

PercentInterval = tuple[float, float]


def share_percent(k: int, n: int) -> float | None:
    """Return k of n in percent, None where n is 0.

    Raises:
        ValueError: not 0 <= k <= n.
    """
    _check_counts(k, n)
    return 100 * k / n if n else None


def interval(
    k: int, n: int, *, method: IntervalMethod, confidence: float = 0.95
) -> PercentInterval | None:
    """Return the two-sided interval that a strategy file names."""
    match method:
        case IntervalMethod.WILSON:
            return wilson_interval(k, n, confidence=confidence)
        case IntervalMethod.CLOPPER_PEARSON:
            return clopper_pearson_interval(k, n, confidence=confidence)
        case IntervalMethod.JEFFREYS:
            return jeffreys_interval(k, n, confidence=confidence)
        case _:
            assert_never(method)


def wilson_interval(k: int, n: int, *, confidence: float = 0.95) -> PercentInterval | None:
    """Return the score interval without continuity correction.

    Source: Wilson EB. J Am Stat Assoc 1927;22:209; Newcombe RG. Stat Med 1998;17:857, method 3.

    Raises:
        ValueError: not 0 <= k <= n, or a confidence outside 0 to 1.
    """
    _check_counts(k, n)
    z = normal_quantile(1 - _tail(confidence))
    if n == 0:
        return None
    share = k / n
    centre = share + z * z / (2 * n)
    half_width = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 100 / (1 + z * z / n)
    low = 0.0 if k == 0 else (centre - half_width) * scale
    high = 100.0 if k == n else (centre + half_width) * scale
    return low, high


def clopper_pearson_interval(k: int, n: int, *, confidence: float = 0.95) -> PercentInterval | None:
    """Return the exact interval from binomial tails; it covers at least the confidence.

    Source: Clopper CJ, Pearson ES. Biometrika 1934;26:404, as quantiles of beta distributions.

    Raises:
        ValueError: not 0 <= k <= n, or a confidence outside 0 to 1.
    """
    _check_counts(k, n)
    tail = _tail(confidence)
    if n == 0:
        return None
    low = 0.0 if k == 0 else 100 * beta_quantile(tail, k, n - k + 1)
    high = 100.0 if k == n else 100 * beta_quantile(1 - tail, k + 1, n - k)
    return low, high


def jeffreys_interval(k: int, n: int, *, confidence: float = 0.95) -> PercentInterval | None:
    """Return the equal-tailed interval of the Beta(k + 1/2, n - k + 1/2) posterior.

    It ends at 0 for k = 0 and at 100 for k = n, as recommended in the source.
    Source: Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101.

    Raises:
        ValueError: not 0 <= k <= n, or a confidence outside 0 to 1.
    """
    _check_counts(k, n)
    tail = _tail(confidence)
    if n == 0:
        return None
    low = 0.0 if k == 0 else 100 * beta_quantile(tail, k + 0.5, n - k + 0.5)
    high = 100.0 if k == n else 100 * beta_quantile(1 - tail, k + 0.5, n - k + 0.5)
    return low, high


def upper_limit(k: int, n: int, *, confidence: float = 0.95) -> float | None:
    """Return the one-sided Clopper-Pearson upper limit in percent.

    For k = 0 this is 1 - (1 - confidence)**(1/n), close to the rule of three, 3/n
    (Hanley JA, Lippman-Hand A. JAMA 1983;249:1743).

    Raises:
        ValueError: not 0 <= k <= n, or a confidence outside 0 to 1.
    """
    _check_counts(k, n)
    _tail(confidence)
    if n == 0:
        return None
    return 100.0 if k == n else 100 * beta_quantile(confidence, k + 1, n - k)


def _check_counts(k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no share: needs 0 <= k <= n")


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} must lie between 0 and 1")
    return (1 - confidence) / 2
