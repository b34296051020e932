"""By how many times one share exceeds another, with chance allowed for."""

from __future__ import annotations

from dataclasses import dataclass

from cd5flow.numerics.beta import beta_quantile


@dataclass(frozen=True, slots=True)
class BlastCount:
    """Blasts among cells."""

    blasts: int
    cells: int


def least_ratio(one: BlastCount, other: BlastCount, *, confidence_percent: float) -> float:
    """Return the lower limit of the ratio of the share of blasts in one to that in the other.

    Given the blasts of both, those of the one are binomial with p, so that the limit of p (Clopper CJ,
    Pearson ES. Biometrika 1934;26:404) gives p / (1 - p) x cells of the other / cells of the one. A
    ratio by itself would be anything where blasts are few.

    Args:
        one: the share that is asked about; without blasts the limit is 0.
        other: the share that it is held against; it has cells.
        confidence_percent: of the one-sided limit.
    """
    if not one.blasts:
        return 0.0
    least = beta_quantile(1 - confidence_percent / 100, one.blasts, other.blasts + 1)
    return least / (1 - least) * other.cells / one.cells
