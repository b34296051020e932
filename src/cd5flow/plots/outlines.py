"""Gates in a picture, from the very geometry that decided."""

from __future__ import annotations

import math
from typing import Any, Final

from matplotlib import patches
from matplotlib.axes import Axes

from cd5flow.model.geometry import Ellipse, Interval, Polygon
from cd5flow.plots.axis import Axis
from cd5flow.plots.canvas import LINE_COLOUR

_LINE: Final[dict[str, Any]] = {
    "edgecolor": LINE_COLOUR,
    "linewidth": 1.1,
    "fill": False,
    "zorder": 5,
}


def draw_interval(axes: Axes, side: Interval) -> None:
    """Draw each bound of an interval on the axis across as a line from bottom to top."""
    for bound in (side.low, side.high):
        if bound is not None:
            axes.axvline(bound, color=LINE_COLOUR, linewidth=1.1, zorder=5)


def draw_rectangle(axes: Axes, across: Interval, up: Interval, *, x: Axis, y: Axis) -> None:
    """Draw two sides of a rectangle; a side without a bound ends at the border."""
    left, right = _ends(across, x)
    bottom, top = _ends(up, y)
    axes.add_patch(patches.Rectangle((left, bottom), right - left, top - bottom, **_LINE))


def draw_polygon(axes: Axes, region: Polygon) -> None:
    """Draw a polygon."""
    axes.add_patch(patches.Polygon(region.vertices, closed=True, **_LINE))


def draw_ellipse(axes: Axes, region: Ellipse) -> None:
    """Draw an ellipse: its half axes are the roots of the covariance's eigenvalues times d."""
    xx, xy, yy = region.covariance
    middle, spread = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    distance = math.sqrt(region.distance_squared)
    long, short = (2 * distance * math.sqrt(v) for v in (middle + spread, middle - spread))
    angle = math.degrees(math.atan2(2 * xy, xx - yy) / 2)
    axes.add_patch(patches.Ellipse(region.centre, long, short, angle=angle, **_LINE))


def _ends(side: Interval, axis: Axis) -> tuple[float, float]:
    low = axis.low if side.low is None else side.low
    high = axis.high if side.high is None else side.high
    return low, high


def bounds_of(side: Interval) -> tuple[float, ...]:
    """Return the bounds that an interval has."""
    return tuple(bound for bound in (side.low, side.high) if bound is not None)


def reach_of(region: Polygon | Ellipse, axis: int) -> tuple[float, float]:
    """Return how far a region reaches on its first (0) or second (1) axis."""
    if isinstance(region, Polygon):
        places = [vertex[axis] for vertex in region.vertices]
        return min(places), max(places)
    half = math.sqrt(region.covariance[2 * axis] * region.distance_squared)
    return region.centre[axis] - half, region.centre[axis] + half
