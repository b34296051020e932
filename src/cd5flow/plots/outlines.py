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

_DASHED: Final[dict[str, Any]] = {
    **_LINE,
    "edgecolor": "#444444",
    "linewidth": 0.9,
    "linestyle": (0, (3, 2)),
}
"""Of a gate that was not used."""


def draw_interval(axes: Axes, side: Interval, *, dashed: bool = False, up: bool = False) -> None:
    """Draw each bound of an interval on the axis across as a line from bottom to top.

    `up` is whether the interval is of the other axis.
    """
    line = _DASHED if dashed else _LINE
    style = {"color": line["edgecolor"], "linewidth": line["linewidth"], "zorder": 5}
    style["linestyle"] = line.get("linestyle", "-")
    for bound in (side.low, side.high):
        if bound is not None and up:
            axes.axhline(bound, **style)
        elif bound is not None:
            axes.axvline(bound, **style)


def draw_rectangle(
    axes: Axes, across: Interval, up: Interval, *, x: Axis, y: Axis, dashed: bool = False
) -> None:
    """Draw two sides of a rectangle; a side without a bound ends at the border."""
    left, right = _ends(across, x)
    bottom, top = _ends(up, y)
    style = _DASHED if dashed else _LINE
    axes.add_patch(patches.Rectangle((left, bottom), right - left, top - bottom, **style))


def draw_polygon(axes: Axes, region: Polygon, *, dashed: bool = False) -> None:
    """Draw a polygon."""
    style = _DASHED if dashed else _LINE
    axes.add_patch(patches.Polygon(region.vertices, closed=True, **style))


def draw_ellipse(axes: Axes, region: Ellipse, *, dashed: bool = False) -> None:
    """Draw an ellipse: its half axes are the roots of the covariance's eigenvalues times d."""
    xx, xy, yy = region.covariance
    middle, spread = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    distance = math.sqrt(region.distance_squared)
    long, short = (2 * distance * math.sqrt(v) for v in (middle + spread, middle - spread))
    angle = math.degrees(math.atan2(2 * xy, xx - yy) / 2)
    style = _DASHED if dashed else _LINE
    axes.add_patch(patches.Ellipse(region.centre, long, short, angle=angle, **style))


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
