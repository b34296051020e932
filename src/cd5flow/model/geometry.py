"""Regions: the only things that decide which event is in.

Every region can be written in Gating-ML 2.0. Bounds follow it: the lower one is inclusive, the
upper one exclusive. An event with NaN in a region's dimension is in no region, nor in its
complement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from cd5flow.model.scale import Scale


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis of a region.

    Attributes:
        detector: the channel's ``$PnN``. The Time channel is in seconds (ticks x ``$TIMESTEP``).
        scale: the display scale that bounds are given on; None for linear units as they are.
        compensated: whether the tube's matrix applies (to the channels that it names).
    """

    detector: str
    scale: Scale | None = None
    compensated: bool = True


@dataclass(frozen=True, slots=True)
class Interval:
    """low <= x < high on one axis; None is no bound on that side, and one side at least is bounded."""

    dimension: Dimension
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError("an interval needs a bound")
        for bound in (self.low, self.high):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"a bound must be a finite number, not {bound}")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"an interval needs low < high, not {self.low}, {self.high}")


@dataclass(frozen=True, slots=True)
class Intervals:
    """Any of several disjoint spans on one axis, in rising order: what remains of Time after a clog."""

    dimension: Dimension
    spans: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.spans:
            raise ValueError("at least one span is needed")
        flat = [edge for span in self.spans for edge in span]
        if any(not math.isfinite(x) for x in flat):
            raise ValueError("spans must be finite")
        if any(a >= b for a, b in self.spans) or flat != sorted(flat):
            raise ValueError("spans must be disjoint, rising and not empty")


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Inside every one of its intervals, each on an axis of its own."""

    sides: tuple[Interval, ...]

    def __post_init__(self) -> None:
        if not self.sides:
            raise ValueError("a rectangle needs a side")
        if len({side.dimension for side in self.sides}) != len(self.sides):
            raise ValueError("a rectangle's sides need axes of their own")


@dataclass(frozen=True, slots=True)
class Polygon:
    """Inside a simple polygon of two axes (even-odd rule); the last vertex joins the first."""

    x: Dimension
    y: Dimension
    vertices: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(set(self.vertices)) < 3:
            raise ValueError("a polygon needs three different vertices")
        if any(not math.isfinite(v) for vertex in self.vertices for v in vertex):
            raise ValueError("vertices must be finite")


@dataclass(frozen=True, slots=True)
class Ellipse:
    """(p - centre)' covariance^-1 (p - centre) <= distance_squared, on two axes.

    Attributes:
        covariance: (xx, xy, yy), positive definite.
    """

    x: Dimension
    y: Dimension
    centre: tuple[float, float]
    covariance: tuple[float, float, float]
    distance_squared: float

    def __post_init__(self) -> None:
        xx, xy, yy = self.covariance
        if not (xx > 0 and yy > 0 and xx * yy - xy * xy > 0):
            raise ValueError(f"covariance must be positive definite, not {self.covariance}")
        if not (math.isfinite(self.distance_squared) and self.distance_squared > 0):
            raise ValueError("distance_squared must be positive")
        if not all(math.isfinite(c) for c in self.centre):
            raise ValueError("centre must be finite")


@dataclass(frozen=True, slots=True)
class Operand:
    """A population that a boolean region refers to, or its complement among defined events."""

    gate: str
    complement: bool = False


@dataclass(frozen=True, slots=True)
class Boolean:
    """Several populations combined: in all of them, or in any."""

    operator: Literal["and", "or"]
    operands: tuple[Operand, ...]

    def __post_init__(self) -> None:
        if not self.operands:
            raise ValueError("a boolean region needs an operand")


Shape = Interval | Intervals | Rectangle | Polygon | Ellipse
Region = Shape | Boolean


def dimensions(region: Region) -> tuple[Dimension, ...]:
    """Return the axes that a region reads; a boolean one reads none of its own."""
    match region:
        case Interval(dimension=d) | Intervals(dimension=d):
            return (d,)
        case Rectangle(sides=sides):
            return tuple(side.dimension for side in sides)
        case Polygon(x=x, y=y) | Ellipse(x=x, y=y):
            return (x, y)
        case Boolean():
            return ()
