"""The run over time: events a second and a signal, and the stretches that were left out."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from cd5flow.model.geometry import Interval, Intervals
from cd5flow.plots.axis import Axis, Ticks, thousands, ticks
from cd5flow.plots.canvas import INK, draw_ticks, name_axes, span, steps
from cd5flow.plots.clouds import show_density
from cd5flow.plots.palette import OTHERS
from cd5flow.plots.scene import BINS, UNDEFINED, Places, Scene

Floats = npt.NDArray[np.floating[Any]]

SHADE: Final = "#E69F00"
"""What was left out; no population's colour."""


def draw_run(
    upper: Axes, lower: Axes, scene: Scene, events: Places, region: Interval | Intervals
) -> tuple[Axis, Axis | None]:
    """Draw the event rate over time and below it a signal, and shade what lies outside a region.

    Returns:
        The time axis, and the signal's; None where the tube has none of those that it shows.
    """
    time = scene.axis(region.dimension)
    _draw_rate(upper, scene, events, time)
    signal = scene.marker_axis("CD45|SSC|FSC")
    if signal is not None:
        _draw_signal(lower, scene, events, time, signal)
    ticked = scene.tube.fcs.raw.timestep_seconds is not None
    name_axes(
        upper,
        y="events a second" if ticked else "events a tick",
    )
    name_axes(
        lower,
        x=time.label if ticked else "Time (ticks; the file states no time step)",
        y="" if signal is None else signal.label.split(" (")[0],
    )
    for axes in (upper, lower):
        span(axes, time.low, time.high, up=False)
        for first, last in left_out(region, time.low, time.high):
            axes.axvspan(first, last, color=SHADE, alpha=0.35, linewidth=0, zorder=4)
    draw_ticks(lower, ticks(time), up=False)
    return time, signal


def _draw_rate(axes: Axes, scene: Scene, events: Places, time: Axis) -> None:
    seconds = scene.tube.columns.column(time.dimension)[events]
    tick = scene.tube.fcs.raw.timestep_seconds or 1.0
    rate, edges = rates(seconds[np.isfinite(seconds)], time.low, time.high, tick=tick)
    steps(axes, rate, edges, fill=True, facecolor=OTHERS[0], edgecolor=INK, lw=0.5)
    top = float(max(rate.max(), 1e-9))
    span(axes, 0.0, 1.45 * top, up=True)
    step = float(f"{top / 2:.1g}")
    values = [k * step for k in range(4) if k * step <= 1.05 * top]
    draw_ticks(axes, Ticks(values, [thousands(value) for value in values], []), up=True)


def rates(moments: Floats, low: float, high: float, *, tick: float) -> tuple[Floats, Floats]:
    """Return events a unit of time, and the edges between which.

    Stretches are whole ticks of the clock: others would hold now one tick more, now one fewer, and
    show surges that never were.

    Args:
        moments: when events were seen, from `low` to `high`, in units of time.
        low: the first moment.
        high: the last.
        tick: the clock's step, in the same units.
    """
    width = tick * max(1, math.ceil((high - low) / (BINS * tick)))
    start, end = low - tick / 2, high + tick / 2
    number = max(1, math.ceil((end - start) / width))
    edges = start + width * np.arange(number + 1, dtype=np.float64)
    edges[-1] = end
    places = ((moments - start) / width).astype(np.intp).clip(0, number - 1)
    return np.bincount(places, minlength=number) / np.diff(edges), edges


def _draw_signal(axes: Axes, scene: Scene, events: Places, time: Axis, signal: Axis) -> None:
    across, up = scene.bins(time)[events], scene.bins(signal)[events]
    known = (across != UNDEFINED) & (up != UNDEFINED)
    cell = up[known] * np.intp(BINS) + across[known]
    counts = np.bincount(cell, minlength=BINS * BINS).reshape(1, BINS, BINS)
    show_density(axes, counts, scene, x=time, y=signal)
    span(axes, signal.low, signal.high, up=True)
    draw_ticks(axes, ticks(signal), up=True)


def left_out(region: Interval | Intervals, low: float, high: float) -> list[tuple[float, float]]:
    """Return the stretches between low and high that are outside a region."""
    if isinstance(region, Intervals):
        spans = list(region.spans)
    else:
        spans = [
            (
                low if region.low is None else region.low,
                high if region.high is None else region.high,
            )
        ]
    stops = [start for start, _ in spans] + [high]
    starts = [low] + [stop for _, stop in spans]
    gaps = ((max(a, low), min(b, high)) for a, b in zip(starts, stops, strict=True))
    return [(a, b) for a, b in gaps if a < b]
