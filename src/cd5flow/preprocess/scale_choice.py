"""The display scale of each channel, chosen from its range and its negative values.

Sources: Parks DR, Roederer M, Moore WA. Cytometry A 2006;69:541 (the logicle scale and its width).
Moore WA, Parks DR. Cytometry A 2012;81:273 (its parameters T, W, M, A).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Channel, CompensatedEvents
from cd5flow.model.scale import Asinh, Logicle, Scale
from cd5flow.numerics.order_statistics import quantiles

_NORMAL_TAIL: Final = 1.95996 / 0.67449  # 5th percentile over median of a half normal distribution
_NEGATIVE_PERCENTILE: Final = 5.0
_LONGEST_TAIL: Final = 3.0
_FEWEST_NEGATIVES: Final = 100
_LEAST_WIDTH: Final = 0.2
"""Smallest W; the largest is 0.1 below M / 2."""


def decades_for(top: float) -> float:
    """Return the M of a scale up to `top`: 4.5 decades at 2**18, and one more for ten times that.

    So the logarithmic part ends at the same few linear units on every instrument. Between 4 and 6,
    rounded to 0.1.
    """
    return round(min(max(4.5 + math.log10(top / 262144.0), 4.0), 6.0), 1)


def logicle_for(
    values: npt.ArrayLike,
    *,
    top: float,
    decades: float | None = None,
    default_width: float = 0.5,
    most_values: int = 100_000,
) -> Logicle:
    """Choose a logicle scale whose linear part just holds a channel's negative events.

    W = (M - log10(T / |r|)) / 2 with r the 5th percentile of the negative values (Parks 2006, Moore
    and Parks 2012; flowCore's estimateLogicle takes the same r). Of a normal spread about zero that
    is 2.9 times the median negative value; |r| is taken as at most `_LONGEST_TAIL` times as much, lest
    a few over-compensated events widen the linear part until it swallows a dim population.

    Args:
        values: linear units, compensated.
        top: T, the largest value that the channel can hold.
        decades: M; None for `decades_for(top)`.
        default_width: W where there are too few negative values to tell.
        most_values: more values than this are thinned evenly; the percentile needs no more.
    """
    m = decades_for(top) if decades is None else decades
    widest = max(m / 2.0 - 0.1, 0.0)
    width = default_width
    x = np.asarray(values)
    x = x[:: max(1, x.size // most_values)]
    negative = x[(x < 0) & np.isfinite(x)]
    if negative.size >= _FEWEST_NEGATIVES:
        low, middle = quantiles(negative.astype(np.float64), (_NEGATIVE_PERCENTILE, 50.0))
        r = min(abs(low), _LONGEST_TAIL * _NORMAL_TAIL * abs(middle))
        width = max((m - math.log10(top / r)) / 2.0, _LEAST_WIDTH)
    return Logicle(t=top, w=min(width, widest), m=m, a=0.0)


def scatter_scale(channel: Channel) -> Asinh:
    """Return the scale of a scatter channel: logarithmic above, defined at and below zero too."""
    return Asinh(t=channel.maximum, m=decades_for(channel.maximum), a=0.0)


def channel_scale(channel: Channel, values: npt.ArrayLike) -> Logicle:
    """Choose the scale of a fluorescence channel from its own range and its negative values.

    A channel that the instrument stored as logarithms gets half a decade below its own decades and
    a narrow linear part: its smallest value is one, and only compensation takes it below zero.

    Args:
        channel: the channel.
        values: its events, linear units, compensated.
    """
    if channel.logarithmic:
        decades = channel.amplification[0] + 0.5
        return logicle_for(values, top=channel.maximum, decades=decades, default_width=0.2)
    return logicle_for(values, top=channel.maximum)


def channel_scales(events: CompensatedEvents, *, scatter: frozenset[str]) -> dict[str, Scale]:
    """Choose a scale for every channel but Time.

    Args:
        events: the tube.
        scatter: ``$PnN`` of the scatter channels, those without a marker included.

    Returns:
        ``$PnN`` to its scale, in file order.
    """
    return {
        channel.detector: scatter_scale(channel)
        if channel.detector in scatter
        else channel_scale(channel, events.linear(channel.detector))
        for channel in events.raw.channels
        if not channel.is_time
    }
