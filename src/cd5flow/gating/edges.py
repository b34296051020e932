"""The edges of a region: how far beyond each of them an event lies.

An event may leave a region across an edge of an axis: the lower or the upper end of what the region
holds there, at the event's place on the other axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.model.geometry import (
    Dimension,
    Ellipse,
    Interval,
    Polygon,
    Rectangle,
    Region,
)

Exact = npt.NDArray[np.float64]
Values = Mapping[Dimension, npt.NDArray[np.floating[Any]]]


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of a region, and where events lie by it.

    Attributes:
        axis: the axis on which it is an end.
        upper: whether it is the upper one.
        beyond: of each event, in units of the axis; at or below 0 is the region's side. NaN where the
            edge does not reach, at the event's place on the other axes.
    """

    axis: Dimension
    upper: bool
    beyond: Exact


def edges_of(region: Region, values: Values) -> tuple[Edge, ...]:
    """Return the edges of a region; none of spans of time, and of combinations of populations.

    Args:
        region: the region.
        values: events on each axis that it reads.
    """
    match region:
        case Interval():
            return _sides(region, np.asarray(values[region.dimension], dtype=np.float64))
        case Rectangle(sides=sides):
            return tuple(edge for side in sides for edge in _sides_within(side, sides, values))
        case Ellipse() | Polygon():
            x, y = (np.asarray(values[axis], dtype=np.float64) for axis in (region.x, region.y))
            return (
                *_ends(region.x, x, *_chords(region, y, across="x")),
                *_ends(region.y, y, *_chords(region, x, across="y")),
            )
        case _:
            return ()


def _sides(side: Interval, places: Exact) -> tuple[Edge, ...]:
    found = []
    if side.low is not None:
        found.append(Edge(side.dimension, upper=False, beyond=side.low - places))
    if side.high is not None:
        found.append(Edge(side.dimension, upper=True, beyond=places - side.high))
    return tuple(found)


def _sides_within(side: Interval, sides: tuple[Interval, ...], values: Values) -> tuple[Edge, ...]:
    """Return the edges of one side of a rectangle where the others hold an event."""
    held = np.ones(len(values[side.dimension]), dtype=np.bool_)
    for other in sides:
        if other is side:
            continue
        along = values[other.dimension]
        held &= along >= (-np.inf if other.low is None else other.low)
        held &= along < (np.inf if other.high is None else other.high)
    places: Exact = np.array(values[side.dimension], dtype=np.float64)
    places[~held] = np.nan
    return _sides(side, places)


def _ends(axis: Dimension, places: Exact, low: Exact, high: Exact) -> tuple[Edge, Edge]:
    return (
        Edge(axis, upper=False, beyond=low - places),
        Edge(axis, upper=True, beyond=places - high),
    )


def _chords(region: Ellipse | Polygon, along: Exact, *, across: str) -> tuple[Exact, Exact]:
    """Return from where to where a region reaches at each place along its other axis; NaN for nowhere."""
    if isinstance(region, Ellipse):
        return _ellipse_chords(region, along, across=across)
    corners = np.array(region.vertices, dtype=np.float64)
    this, other = (0, 1) if across == "x" else (1, 0)
    low, high = np.full(along.shape, np.inf), np.full(along.shape, -np.inf)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        rise = end[other] - start[other]
        if rise == 0:
            continue
        part = (along - start[other]) / rise
        there = np.where(
            (part >= 0) & (part <= 1), start[this] + part * (end[this] - start[this]), np.nan
        )
        np.fmin(low, there, out=low)
        np.fmax(high, there, out=high)
    nowhere = ~(low <= high)
    low[nowhere] = high[nowhere] = np.nan
    return low, high


def _ellipse_chords(region: Ellipse, along: Exact, *, across: str) -> tuple[Exact, Exact]:
    """Return the chords of an ellipse: of (p - c)' S^-1 (p - c) = d the two roots on one axis."""
    xx, xy, yy = region.covariance
    (this, other), (own, cross) = region.centre, (xx, yy)
    if across == "y":
        (other, this), (own, cross) = region.centre, (yy, xx)
    away = along - other
    middle = this + xy / cross * away
    inner = region.distance_squared - away**2 / cross
    half = np.sqrt(np.where(inner >= 0, inner, np.nan) * (own - xy**2 / cross))
    return middle - half, middle + half
