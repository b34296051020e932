"""The automatic gate beside the one that a person drew: the same lines, dashed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from matplotlib.axes import Axes

from cd5flow.model.geometry import (
    Boolean,
    Ellipse,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.pipeline import Tube
from cd5flow.plots.axis import Axis, shown
from cd5flow.plots.outlines import draw_ellipse, draw_interval, draw_polygon, draw_rectangle


def draw_beside(drawn: Sequence[Axes], axes: Sequence[Axis], region: Region, tube: Tube) -> bool:
    """Draw a region dashed into a picture, as far as the picture has its axes.

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
            return _draw_sides(drawn, axes, tuple(_sides(region, tube)))
        case Polygon() | Ellipse():
            if [axis.dimension for axis in axes] != [region.x, region.y]:
                return False
            if isinstance(region, Polygon):
                draw_polygon(drawn[0], region, dashed=True)
            else:
                draw_ellipse(drawn[0], region, dashed=True)
            return True
        case Boolean():
            return False
        case _:
            assert_never(region)


def _sides(region: Interval | Intervals | Rectangle, tube: Tube) -> Iterator[Interval]:
    match region:
        case Interval():
            yield shown(region, tube)
        case Intervals(dimension=dimension, spans=spans):
            for span in spans:
                yield shown(Interval(dimension, *span), tube)
        case Rectangle(sides=sides):
            for side in sides:
                yield shown(side, tube)


def _draw_sides(drawn: Sequence[Axes], axes: Sequence[Axis], sides: tuple[Interval, ...]) -> bool:
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
