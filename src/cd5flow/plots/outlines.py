"""Gates in a picture, from the very geometry that decided."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, assert_never

import numpy as np

from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.pipeline import Tube
from cd5flow.plots.axis import Axis, shown
from cd5flow.plots.scene import Bound, Dash, Floats, Layer, Line, Stroke

GATE: Final = Stroke("#000000", 1.1)
AUTOMATIC: Final = Stroke("#444444", 0.9, Dash.DASHED)
"""Of a gate that was not used."""

_CORNERS: Final = 72
"""Of an ellipse: further apart than a line is wide they would show."""


def interval_lines(side: Interval, *, stroke: Stroke = GATE, up: bool = False) -> Iterator[Bound]:
    """Yield each bound of an interval as a line from end to end of the frame.

    `up` is whether the interval is of the axis that goes up.
    """
    for bound in (side.low, side.high):
        if bound is not None:
            yield Bound(bound, stroke, up=up)


def rectangle_line(
    across: Interval, up: Interval, *, x: Axis, y: Axis, stroke: Stroke = GATE
) -> Line:
    """Return two sides of a rectangle as an outline; a side without a bound ends at the border."""
    left, right = _ends(across, x)
    bottom, top = _ends(up, y)
    corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
    return Line(corners, stroke, closed=True)


def outline(region: Polygon | Ellipse, *, stroke: Stroke = GATE) -> Line:
    """Return a polygon or an ellipse as an outline."""
    if isinstance(region, Polygon):
        return Line(np.array(region.vertices, dtype=np.float64), stroke, closed=True)
    return Line(_ellipse(region), stroke, closed=True)


def _ellipse(region: Ellipse) -> Floats:
    """Return corners of an ellipse: its half axes are roots of the covariance's eigenvalues times d."""
    xx, xy, yy = region.covariance
    lengths, directions = np.linalg.eigh(np.array([[xx, xy], [xy, yy]]))
    angle = np.linspace(0, 2 * math.pi, _CORNERS, endpoint=False)
    circle = np.column_stack((np.cos(angle), np.sin(angle)))
    corners: Floats = region.centre + circle * np.sqrt(region.distance_squared * lengths) @ (
        directions.T
    )
    return corners


def automatic_lines(axes: Sequence[Axis], region: Region, tube: Tube) -> list[Layer]:
    """Return an automatic gate, dashed, for the picture of the one that a person drew.

    Args:
        axes: across, and up where that is a channel.
        region: the automatic gate's.
        tube: the tube.

    Returns:
        Nothing where the region lies on other axes.
    """
    match region:
        case Interval() | Intervals() | Rectangle():
            return _sides(axes, sides_shown(region, tube))
        case Polygon() | Ellipse():
            same = [axis.dimension for axis in axes] == [region.x, region.y]
            return [outline(region, stroke=AUTOMATIC)] if same else []
        case Boolean():
            return []
        case _:
            assert_never(region)


def _sides(axes: Sequence[Axis], sides: Sequence[Interval]) -> list[Layer]:
    x, y = axes[0], axes[1] if len(axes) > 1 else None
    across = [side for side in sides if side.dimension == x.dimension]
    up = [side for side in sides if y is not None and side.dimension == y.dimension]
    if len(across) == 1 and len(up) == 1 and y is not None:
        return [rectangle_line(across[0], up[0], x=x, y=y, stroke=AUTOMATIC)]
    return [
        *(line for side in across for line in interval_lines(side, stroke=AUTOMATIC)),
        *(line for side in up for line in interval_lines(side, stroke=AUTOMATIC, up=True)),
    ]


def sides_shown(region: Interval | Intervals | Rectangle, tube: Tube) -> list[Interval]:
    """Return the spans or sides of a region, on the scales on which their channels are shown."""
    match region:
        case Interval():
            sides: Sequence[Interval] = (region,)
        case Intervals(dimension=dimension, spans=spans):
            sides = [Interval(dimension, *span) for span in spans]
        case Rectangle():
            sides = region.sides
    return [shown(side, tube) for side in sides]


def reaches_of(region: Region, tube: Tube) -> list[tuple[Dimension, tuple[float, ...]]]:
    """Return how far a region reaches on each axis that it is drawn on."""
    match region:
        case Interval() | Intervals() | Rectangle():
            return [
                (side.dimension, tuple(end for end in (side.low, side.high) if end is not None))
                for side in sides_shown(region, tube)
            ]
        case Polygon() | Ellipse():
            return [(region.x, _reach(region, 0)), (region.y, _reach(region, 1))]
        case Boolean():
            return []
        case _:
            assert_never(region)


def _ends(side: Interval, axis: Axis) -> tuple[float, float]:
    low = axis.low if side.low is None else side.low
    high = axis.high if side.high is None else side.high
    return low, high


def _reach(region: Polygon | Ellipse, axis: int) -> tuple[float, float]:
    """Return how far a region reaches on its first (0) or second (1) axis."""
    if isinstance(region, Polygon):
        places = [vertex[axis] for vertex in region.vertices]
        return min(places), max(places)
    half = math.sqrt(region.covariance[2 * axis] * region.distance_squared)
    return region.centre[axis] - half, region.centre[axis] + half
