"""Regions of a file of gates, put on the channels of the tube that they are used on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from cd5flow.errors import GatesError
from cd5flow.model.events import Channel, RawEvents
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Region,
    dimensions,
)
from cd5flow.model.scale import Linear


def fitted(region: Region, raw: RawEvents, place: str) -> Region:
    """Return a region as this tube has it: on channels that are there, Time in seconds.

    Args:
        region: as its file has it.
        raw: the tube.
        place: the gate, for errors.

    Raises:
        GatesError: the tube lacks a channel, or Time cannot be told in seconds.
    """
    there = {c.detector: c for c in raw.channels}
    for axis in dict.fromkeys(dimensions(region)):
        channel = there.get(axis.detector)
        if channel is None:
            raise GatesError(
                f"{place}: it reads channel {axis.detector!r}, which the tube lacks; it has "
                f"{', '.join(there)}"
            )
        if channel.is_time:
            region = _in_seconds(region, axis, channel, raw.timestep_seconds, place)
    return region


def renamed(region: Region, names: Mapping[str, str]) -> Region:
    """Return a region on channels of other names; those that are not among them stay."""
    for axis in dict.fromkeys(dimensions(region)):
        name = names.get(axis.detector, axis.detector)
        region = _on(region, axis, replace(axis, detector=name))
    return region


def _in_seconds(
    region: Region, axis: Dimension, channel: Channel, tick: float | None, place: str
) -> Region:
    """Return a region on Time as the model has it: in seconds, without a scale.

    Programs scale a channel that is called Time; one of another name is in ticks to them.
    """
    called_time = channel.detector.casefold() == "time"
    if axis.scale is None and called_time:
        return region
    if not (axis.scale is None or isinstance(axis.scale, Linear)):
        kind = type(axis.scale).__name__.lower()
        raise GatesError(f"{place}: Time on a scale ({kind}) that is not linear is not read")
    top, below = (1.0, 0.0) if axis.scale is None else (axis.scale.t, axis.scale.a)
    step = 1.0 if called_time or tick is None else tick
    slope, shift = (top + below) * step, -below * step
    if math.isclose(slope, 1.0, rel_tol=1e-12):  # our own writer's scale, but for rounding
        slope = 1.0
    moved = _moved(region, axis, lambda bound: bound * slope + shift)
    if moved is None:
        raise GatesError(f"{place}: an ellipse on Time is not read")
    return _on(moved, axis, replace(axis, scale=None))


def _on(region: Region, axis: Dimension, other: Dimension) -> Region:
    """Return a region with one axis in place of another."""
    if axis == other:
        return region
    match region:
        case Interval() | Intervals():
            return replace(region, dimension=other)
        case Rectangle(sides=sides):
            moved = (replace(s, dimension=other) if s.dimension == axis else s for s in sides)
            return Rectangle(tuple(moved))
        case Boolean():
            return region
        case _:
            x, y = (other if d == axis else d for d in (region.x, region.y))
            return replace(region, x=x, y=y)


def _moved(region: Region, axis: Dimension, place: Callable[[float], float]) -> Region | None:
    """Return a region with its bounds on one axis elsewhere; None for an ellipse."""

    def side(one: Interval) -> Interval:
        low = None if one.low is None else place(one.low)
        high = None if one.high is None else place(one.high)
        return Interval(one.dimension, low, high) if one.dimension == axis else one

    match region:
        case Interval():
            return side(region)
        case Intervals(spans=spans):
            return replace(region, spans=tuple((place(a), place(b)) for a, b in spans))
        case Rectangle(sides=sides):
            return Rectangle(tuple(side(one) for one in sides))
        case Polygon(x=x, vertices=vertices):
            on_x = x == axis
            corners = ((place(a), b) if on_x else (a, place(b)) for a, b in vertices)
            return replace(region, vertices=tuple(corners))
        case _:
            return None
