"""What a design of so many tubes can show, before any of them is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cd5flow.validation.statistics.arrays import Interval, sd_interval, student, wilson
from cd5flow.validation.statistics.detection import verified
from cd5flow.validation.statistics.differences import LIMITS


@dataclass(frozen=True, slots=True)
class ComparisonDesign:
    """What n specimens by two methods show.

    Attributes:
        n: specimens.
        bias_half_width: of the bias' 95 % interval, in SDs of the differences.
        limit_half_width: of each limit of agreement's, likewise.
        least_agreement_percent: lower end of Wilson's interval if all n agree.
        slope_half_width: of the slope's, in units of the points' SD about the line over the SD of the
            specimens' values: 0.1 where the line scatters a tenth as much as the specimens span.
    """

    n: int
    bias_half_width: float
    limit_half_width: float
    least_agreement_percent: float
    slope_half_width: float


@dataclass(frozen=True, slots=True)
class PrecisionDesign:
    """What readers x runs x replicates show: degrees of freedom, and the 95 % interval's ends over the SD.

    The factor between runs holds where the spread within a run is small beside that between runs.
    """

    within_degrees: int
    within_factors: Interval | None
    between_degrees: int
    between_factors: Interval | None


@dataclass(frozen=True, slots=True)
class DetectionDesign:
    """What so many blank, or so many low, results show.

    Attributes:
        n: results.
        rank: place of the limit of blank among the sorted results.
        least_kept: fewest that must keep to a claimed limit for it to stand.
        most_positive_percent: upper end of Wilson's interval of false calls if there is none.
    """

    n: int
    rank: float
    least_kept: int
    most_positive_percent: float


def comparison_design(n: int) -> ComparisonDesign | None:
    """Return what n specimens show; None of fewer than three. Sources: those of the statistics."""
    least = wilson(n, n)
    if n < 3 or least is None:
        return None
    t = student(n - 1)
    return ComparisonDesign(
        n=n,
        bias_half_width=t / math.sqrt(n),
        limit_half_width=t * math.sqrt(1 / n + LIMITS**2 / (2 * (n - 1))),
        least_agreement_percent=least[0],
        slope_half_width=student(n - 2) / math.sqrt(n - 1),
    )


def precision_design(*, readers: int, runs: int, replicates: int) -> PrecisionDesign:
    """Return what a balanced design at one level shows."""
    within, between = readers * runs * (replicates - 1), readers * (runs - 1)
    return PrecisionDesign(within, _factors(within), between, _factors(between))


def detection_design(n: int) -> DetectionDesign | None:
    """Return what n blank or low results show; None of none."""
    most = wilson(0, n)
    if most is None:
        return None
    return DetectionDesign(n, 0.5 + 0.95 * n, verified(n, n).least, most[1])


def _factors(degrees: int) -> Interval | None:
    return sd_interval(1.0, degrees) if degrees >= 1 else None
