"""Medians, quantiles and picks of many values, as numpy defines them and several times faster.

`numpy.median` and `numpy.percentile` ask `partition` for several ranks at once and, with more than one,
it compares value by value; with a single rank it uses the processor's vectors. So each rank is asked for by
itself, and the value before it is the largest of what lies below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask

Number = TypeVar("Number", bound=np.floating[Any])
Floats = npt.NDArray[np.floating[Any]]

_FEW = 4
"""More quantiles than these are read off sorted values."""


def picked(values: npt.NDArray[Number], mask: Mask) -> npt.NDArray[Number]:
    """Return the values of the events in a mask, in order.

    ``values[mask]`` guesses the next event, which fails where populations are mixed as they are in a
    file; this does not guess.

    Args:
        values: (n_events,).
        mask: (n_events,).
    """
    return values.compress(mask)


def finite(values: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return the values that are numbers, in order; the same array where all are."""
    known = np.isfinite(values)
    return values if known.all() else values.compress(known)


def median(values: Floats) -> float:
    """Return the median; NaN where a value is NaN or there are none.

    Of an even number it is the mean of the middle two, rounded to the values' own type.
    """
    return _between(values, (values.size - 1) / 2)


def quantile(values: Floats, percent: float) -> float:
    """Return a quantile, interpolated between neighbours; NaN where a value is NaN or there are none.

    Definition 7 of Hyndman RJ, Fan Y. Am Stat 1996;50:361, rounded to the values' own type.

    Args:
        values: any order.
        percent: 0 to 100.
    """
    return _between(values, (values.size - 1) * (percent / 100))


def quantiles(values: Floats, percents: Sequence[float]) -> tuple[float, ...]:
    """Return several quantiles, each as `quantile` does."""
    if len(percents) > _FEW:
        values = np.sort(values)
    return tuple(quantile(values, percent) for percent in percents)


def ends(values: Floats, rank: int) -> tuple[float, float]:
    """Return the values with this many below and with this many above them.

    Args:
        values: at least ``2 x rank + 1`` of them.
        rank: how many, from 0.
    """
    last = values.size - 1
    return float(np.partition(values, rank)[rank]), float(
        np.partition(values, last - rank)[last - rank]
    )


def _between(values: Floats, place: float) -> float:
    """Return what lies at a place, 0 to n - 1, among the values in order."""
    if not values.size:
        return math.nan
    above = math.ceil(place)
    parted = np.partition(values, above)
    # Values that are NaN stand last, so one of them shows from the place on.
    if np.isnan(parted[above:].max()):
        return math.nan
    high = parted[above]
    share = place - math.floor(place)
    if not share:
        return float(high)
    low = parted[:above].max()
    step = high - low
    # From the nearer end, so that equal neighbours give themselves.
    return float(low + step * share if share < 0.5 else high - step * (1 - share))
