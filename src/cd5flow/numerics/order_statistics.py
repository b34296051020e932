"""Medians, quantiles, spreads and picks of many values, as numpy defines them and several times faster.

`numpy.median` and `numpy.percentile` ask `partition` for several ranks at once and, with more than one,
it compares value by value; with a single rank it uses the processor's vectors. So each rank is asked for by
itself, and the value before it is the largest of what lies below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask

Number = TypeVar("Number", bound=np.floating[Any])
Floats = npt.NDArray[np.floating[Any]]

MAD_TO_SD: Final = 1.4826
"""A normal distribution's SD over its median absolute deviation, 1 / z(75 %).

Source: Hampel FR. J Am Stat Assoc 1974;69:383.
"""

_FEW = 4
"""More quantiles than these are read off sorted values."""
_BLOCK = 4096
"""Values of which the ends are looked for by the ends of blocks of so many."""


def pick(values: npt.NDArray[Number], mask: Mask) -> npt.NDArray[Number]:
    """Return the values of the events in a mask, in order.

    ``values[mask]`` guesses the next event, which fails where populations are mixed as they are in a
    file; this does not guess.

    Args:
        values: (n_events,).
        mask: (n_events,).
    """
    return values.compress(mask)


def finite_values(values: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return the values that are numbers, in order; the same array where all are."""
    known = np.isfinite(values)
    return values if known.all() else values.compress(known)


def median(values: Floats) -> float:
    """Return the median; NaN where a value is NaN or there are none.

    Of an even number it is the mean of the middle two, rounded to the values' own type.
    """
    if not values.size:
        return math.nan
    middle = values.size // 2
    parted = np.partition(values, middle)
    # Values that are NaN stand last, so one of them shows from the middle on.
    if np.isnan(parted[middle:].max()):
        return math.nan
    high = float(parted[middle])
    if values.size % 2:
        return high
    # Python's floats, so that the sum of two large values of float32 does not overflow.
    return float(parted.dtype.type((float(parted[:middle].max()) + high) / 2))


def median_rows(rows: Sequence[Floats] | Floats) -> Floats:
    """Return the median of each column of some rows; NaN where a value is NaN, or where there is no row.

    Args:
        rows: (n, m).
    """
    ordered = np.sort(np.asarray(rows), axis=0)
    if not len(ordered):
        return np.full(ordered.shape[1:], np.nan)
    middle = len(ordered) // 2
    high = ordered[middle]
    # NaN stands last.
    half = high if len(ordered) % 2 else (ordered[middle - 1] + high) / 2
    return np.asarray(np.where(np.isnan(ordered[-1]), ordered[-1], half))


def robust_sd(values: Floats) -> float:
    """Return `MAD_TO_SD` times the median absolute deviation of the finite values; 0.0 for none."""
    known = finite_values(values).astype(np.float64)
    if known.size == 0:
        return 0.0
    return MAD_TO_SD * median(np.abs(known - median(known)))


def usual_count(counts: npt.NDArray[Any]) -> float:
    """Return the events of a bin in such bins, or emptier ones, as hold half of all events.

    So bins of a run that are all but empty do not count towards the usual rate, as they would in a
    median.

    Args:
        counts: (n_bins,) events of each bin, any order.
    """
    ordered = np.sort(counts)
    return float(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)])


def quantile(values: Floats, percent: float) -> float:
    """Return a quantile, interpolated between neighbours; NaN where a value is NaN or there are none.

    Definition 7 of Hyndman RJ, Fan Y. Am Stat 1996;50:361, rounded to the values' own type.

    Args:
        values: any order.
        percent: 0 to 100.
    """
    return quantile_at(values, percent / 100)


def quantile_at(values: Floats, share: float) -> float:
    """Return the quantile below which a share of the values lies, 0 to 1, as `quantile` does."""
    return _between(values, (values.size - 1) * share)


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
    low, high = _end_blocks(values, rank)
    last = high.size - 1
    return float(np.partition(low, rank)[rank]), float(np.partition(high, last - rank)[last - rank])


def stable_argsort(values: Floats) -> npt.NDArray[np.intp]:
    """Return the places of the values from the lowest to the highest, equal ones in their order.

    Args:
        values: none is NaN.
    """
    if values.dtype != np.float32:
        return np.argsort(values, kind="stable")
    # The bits of a positive float rise with it, those of a negative one fall; -0.0 is made 0.0. With
    # each place in the lower half no two are alike, and any sort, the fastest too, keeps their order.
    bits = (values + np.float32(0)).view(np.uint32)
    keys = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31)).astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= np.arange(values.size, dtype=np.uint64)
    keys.sort()
    keys &= np.uint64(0xFFFFFFFF)
    return keys.astype(np.intp)


def _end_blocks(values: Floats, rank: int) -> tuple[Floats, Floats]:
    """Return some of the values that hold the `rank + 1` lowest, and some that hold the highest.

    Each of the lowest lies in a block whose own lowest is among the `rank + 1` lowest of blocks.
    """
    blocks = values[: values.size - values.size % _BLOCK].reshape(-1, _BLOCK)
    if len(blocks) <= 2 * (rank + 1):
        return values, values
    lowest, highest = blocks.min(axis=1), blocks.max(axis=1)
    if np.isnan(lowest).any():  # which of that block is lowest it does not tell
        return values, values
    rest = values[blocks.size :]
    low = np.argpartition(lowest, rank)[: rank + 1]
    high = np.argpartition(highest, -1 - rank)[-1 - rank :]
    return np.append(blocks[low], rest), np.append(blocks[high], rest)


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
