"""Gates in a picture, from the very geometry that decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, assert_never

from matplotlib import patches
from matplotlib.axes import Axes

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


def draw_outline(axes: Axes, region: Polygon | Ellipse, *, dashed: bool = False) -> None:
    """Draw a polygon, or an ellipse: its half axes are the roots of the covariance's eigenvalues times d."""
    style = _DASHED if dashed else _LINE
    if isinstance(region, Polygon):
        axes.add_patch(patches.Polygon(region.vertices, closed=True, **style))
        return
    xx, xy, yy = region.covariance
    middle, spread = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    distance = math.sqrt(region.distance_squared)
    long, short = (2 * distance * math.sqrt(v) for v in (middle + spread, middle - spread))
    angle = math.degrees(math.atan2(2 * xy, xx - yy) / 2)
    axes.add_patch(patches.Ellipse(region.centre, long, short, angle=angle, **style))


def draw_automatic(drawn: Sequence[Axes], axes: Sequence[Axis], region: Region, tube: Tube) -> bool:
    """Draw an automatic gate dashed beside the one that a person drew, where the picture has its axes.

    Args:
        drawn: the picture's frames; a run over time has two, one above the other.
        axes: across, and up where that is a channel.
        region: the automatic gate's.
        tube: the tube.

    Returns:
        Whether anything was drawn: not where the region lies on other axes.
    """
    match region:
        case Interval() | Intervals() | Rectangle():
            return _draw_sides(drawn, axes, sides_shown(region, tube))
        case Polygon() | Ellipse():
            if [axis.dimension for axis in axes] != [region.x, region.y]:
                return False
            draw_outline(drawn[0], region, dashed=True)
            return True
        case Boolean():
            return False
        case _:
            assert_never(region)


def _draw_sides(drawn: Sequence[Axes], axes: Sequence[Axis], sides: Sequence[Interval]) -> bool:
    x, y = axes[0], axes[1] if len(axes) > 1 else None
    across = [side for side in sides if side.dimension == x.dimension]
    up = [side for side in sides if y is not None and side.dimension == y.dimension]
    if len(across) == 1 and len(up) == 1 and y is not None:
        draw_rectangle(drawn[0], across[0], up[0], x=x, y=y, dashed=True)
        return True
    for frame in drawn:
        for side in across:
            draw_interval(frame, side, dashed=True)
    for side in up:
        draw_interval(drawn[-1], side, dashed=True, up=True)
    return bool(across or up)


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
