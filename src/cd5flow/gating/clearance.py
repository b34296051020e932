"""Bounds that keep clear of the events' own values.

A bound found among events is often one of their values, and integer data hold each value many
times. Arithmetic that differs by one rounding (another program that reads the gates, a table
instead of the formula) would then put a whole pile of events on the other side.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final, assert_never

import numpy as np

from cd5flow.gating.apply import Floats
from cd5flow.model.events import Mask
from cd5flow.model.geometry import (
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Shape,
)
from cd5flow.preprocess.transforms import Columns

_SCALE_ROUNDING: Final = 2e-6  # display scales are computed to 1e-6
_LINEAR_ROUNDING: Final = 4.0  # units in the last place of the largest value


def clear_of_events(region: Shape, columns: Columns, inside: Mask) -> Shape:
    """Return a region with its sides moved off the values of events.

    A bound keeps every event of an interval or rectangle on its side; it moves towards the middle
    of the gap between the values beside it, and no further than rounding asks for. The vertices of
    a polygon move in the same way, which matters where its sides follow the axes. An ellipse is
    left as it is.

    Args:
        region: the region.
        columns: the events.
        inside: the parent population; other events' values are of no account.
    """
    match region:
        case Interval():
            return _clear_interval(region, columns, inside)
        case Intervals(dimension=axis, spans=spans):
            flat = _clear(axis, [edge for span in spans for edge in span], columns, inside)
            return replace(region, spans=tuple(zip(flat[::2], flat[1::2], strict=True)))
        case Rectangle(sides=sides):
            moved = tuple(_clear_interval(side, columns, inside) for side in sides)
            return Rectangle(moved)
        case Polygon(x=x, y=y, vertices=vertices):
            xs = _clear(x, [vertex[0] for vertex in vertices], columns, inside)
            ys = _clear(y, [vertex[1] for vertex in vertices], columns, inside)
            return replace(region, vertices=tuple(zip(xs, ys, strict=True)))
        case Ellipse():
            return region
        case _:
            assert_never(region)


def _clear_interval(interval: Interval, columns: Columns, inside: Mask) -> Interval:
    bounds = [b for b in (interval.low, interval.high) if b is not None]
    moved = iter(_clear(interval.dimension, bounds, columns, inside))
    return replace(
        interval,
        low=None if interval.low is None else next(moved),
        high=None if interval.high is None else next(moved),
    )


def _clear(axis: Dimension, bounds: list[float], columns: Columns, inside: Mask) -> list[float]:
    """Return bounds of one axis, moved; equal ones stay equal and their order stays.

    A bound stays twice the rounding away from the values beside it, or in their middle where they
    are too close for that. Where bounds would meet, all stay where they are.
    """
    column = columns.column(axis)
    if axis.scale is None:
        largest = _largest(column)
        away = 2 * _LINEAR_ROUNDING * float(np.finfo(column.dtype).eps) * largest
    else:
        away = 2 * _SCALE_ROUNDING
    moved: dict[float, float] = {}
    for bound in set(bounds):
        # Values further away than this neither stop the bound nor are parted otherwise by it.
        with np.errstate(over="ignore"):  # a bound beyond float32 is near none
            near = column > bound - 3 * away
            near &= column < bound + 3 * away
        near &= inside
        moved[bound] = _between(bound, column.compress(near), away)
    ordered = sorted(moved)
    if any(moved[a] >= moved[b] for a, b in pairwise(ordered)):
        return bounds
    return [moved[bound] for bound in bounds]


def _largest(column: Floats) -> float:
    """Return the largest finite value, whatever its sign; 0.0 for none."""
    ends = (column.min(), column.max()) if column.size else (0.0,)
    if np.isfinite(ends).all():
        return float(np.max(np.abs(ends)))
    return float(np.max(np.abs(column), where=np.isfinite(column), initial=0.0))


def _between(bound: float, values: Floats, away: float) -> float:
    """Return a bound that parts the same values, at a distance from those beside it."""
    is_below = values < np.float64(bound)  # a Python float would be rounded to the values' type
    below = float(np.max(values[is_below], initial=-np.inf))
    above = float(np.min(values[~is_below], initial=np.inf))
    if bound - below >= away and above - bound >= away:
        return bound
    if above - below > 2 * away:
        return min(max(bound, below + away), above - away)
    middle = (below + above) / 2
    return middle if middle > below else above
