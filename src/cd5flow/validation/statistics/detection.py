"""Limits of blank, detection and quantification from blank and low specimens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

import numpy as np
from scipy.special import bdtr

from cd5flow.validation.statistics.arrays import TAIL, Numbers, Values, finite, normal

Form = Literal["parametric", "rank"]

_PERCENT: Final = 0.95
"""Of blank results at most the limit of blank, and of results at the LOD above it."""


@dataclass(frozen=True, slots=True)
class LevelSpread:
    """Repeated results of one specimen: how many, their mean, and their CV in percent."""

    n: int
    mean: float
    cv_percent: float


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether results keep to a limit that was claimed.

    Attributes:
        kept, n: results that do, of how many.
        least: fewest that would have to, or the claim is refuted.
    """

    kept: int
    n: int
    least: int

    @property
    def holds(self) -> bool:
        """Whether enough do."""
        return self.kept >= self.least


def looks_normal(groups: Sequence[Numbers], *, least_p: float) -> bool:
    """Return whether results about each group's mean could be normal.

    Source: Shapiro SS, Wilk MB. Biometrika 1965;52:591.

    Args:
        groups: results of each specimen.
        least_p: with a smaller p-value they are not; neither are results that do not vary, or fewer
            than three.
    """
    from scipy.stats import shapiro  # noqa: PLC0415 - a second that only a detection study pays

    if not groups:
        return False
    centred: Values = np.concatenate([finite(g) - finite(g).mean() for g in groups])
    if centred.size < 3 or float(np.ptp(centred)) == 0:
        return False
    return float(shapiro(centred).pvalue) >= least_p


def limit_of_blank(blanks: Sequence[Numbers], *, form: Form) -> float | None:
    """Return the limit of blank; None of too few results.

    Parametric: mean + c * SD of all, c = 1.645 / (1 - 1 / (4 f)) with f = results - specimens.
    Rank: the result at rank 0.5 + 0.95 B of B, between two ranks in proportion.

    Source: CLSI EP17-A2; Linnet K, Kondratovich M. Clin Chem 2004;50:732.

    Args:
        blanks: results of each blank specimen.
        form: which of the two.
    """
    every = _together(blanks)
    if every.size == 0:
        return None
    if form == "rank":
        return float(np.quantile(every, _PERCENT, method="hazen"))
    factor = _factor(every.size - len(blanks))
    return None if factor is None else float(every.mean()) + factor * float(every.std(ddof=1))


def limit_of_detection(lob: float, lows: Sequence[Numbers], *, form: Form) -> float | None:
    """Return the limit of detection; None of too few results.

    Parametric: LOB + c * pooled SD of the low specimens, c as for the LOB with f = results -
    specimens. Rank: LOB + the distance from the median down to the 5th percentile, of results about
    the median of their specimen.

    Source: as of `limit_of_blank`.

    Args:
        lob: limit of blank.
        lows: results of each low specimen.
        form: which of the two.
    """
    groups = [finite(group) for group in lows if len(group) > 1]
    if not groups:
        return None
    if form == "rank":
        about = np.concatenate([group - np.median(group) for group in groups])
        return lob - float(np.quantile(about, 1 - _PERCENT, method="hazen"))
    free = sum(group.size - 1 for group in groups)
    pooled = math.sqrt(math.fsum(float(((g - g.mean()) ** 2).sum()) for g in groups) / free)
    factor = _factor(free)
    return None if factor is None else lob + factor * pooled


def spread_of(values: Numbers) -> LevelSpread | None:
    """Return the spread of one specimen's results; None of fewer than two or a mean not above zero."""
    v = finite(values)
    if v.size < 2 or float(v.mean()) <= 0:
        return None
    return LevelSpread(int(v.size), float(v.mean()), 100 * float(v.std(ddof=1)) / float(v.mean()))


def limit_of_quantification(
    levels: Sequence[LevelSpread], *, goal_percent: float, at_least: float
) -> float | None:
    """Return the mean of the lowest level tested from which on every CV keeps to a goal.

    None where the highest level does not keep to it, or none of those that do reaches `at_least`.

    Source: CLSI EP17-A2, limit of quantitation by a precision goal.

    Args:
        levels: in any order.
        goal_percent: largest CV.
        at_least: the limit of detection, below which nothing is quantified.
    """
    falling = sorted(levels, key=lambda one: -one.mean)
    kept = takewhile(lambda one: one.cv_percent <= goal_percent, falling)
    return min((one.mean for one in kept if one.mean >= at_least), default=None)


def verified(kept: int, n: int) -> Verified:
    """Return whether `kept` of `n` results are enough for a claim that 95 % keep to a limit.

    The claim is refuted where so few would be seen in less than 2.5 of 100 studies, were it true
    (exact binomial): 17 of 20, 26 of 30, 53 of 60 are the fewest that do not.

    Source: CLSI EP17-A2, verification of a claim.
    """
    if not 0 <= kept <= n:
        raise ValueError(f"kept: found {kept} of {n}")
    least = next(k for k in range(n + 1) if float(bdtr(k, n, _PERCENT)) > TAIL)
    return Verified(kept=kept, n=n, least=least)


def _together(groups: Sequence[Numbers]) -> Values:
    return np.concatenate([finite(g) for g in groups]) if groups else np.empty(0)


def _factor(degrees: int) -> float | None:
    """Return 1.645 corrected for the bias of an SD of so many degrees of freedom."""
    return normal(_PERCENT) / (1 - 1 / (4 * degrees)) if degrees >= 1 else None
