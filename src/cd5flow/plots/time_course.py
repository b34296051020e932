"""The run over time: events a second and a signal, and the stretches that were left out."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.model.geometry import Interval, Intervals
from cd5flow.plots.axis import Axis, thousands
from cd5flow.plots.density import BINS, count_bins, paint
from cd5flow.plots.histogram import steps
from cd5flow.plots.palette import BAND, BAND_EDGE
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.scene import Density, Layer, Panel, Side, Span, Stroke, Ticks
from cd5flow.plots.text import Text, phrase

Floats = npt.NDArray[np.floating[Any]]

SIGNALS: Final = "CD45|SSC|FSC"
"""What is shown over time: the first that a tube has."""

_LINE: Final = Stroke("#222222", 0.5)
_EDGE: Final = Stroke(BAND_EDGE, 0.5)


def draw_run(
    plotted: PlottedTube, population: str, region: Interval | Intervals
) -> tuple[tuple[Panel, ...], tuple[Axis, ...]]:
    """Draw the event rate over time and below it a signal, and shade what lies outside a region.

    Returns:
        The frames, and the axes: of time, and of the signal where the tube has one.
    """
    time = plotted.axis(region.dimension, population)
    out = [
        Span(first, last, BAND, 0.35, edge=_EDGE)
        for first, last in left_out(region, time.low, time.high)
    ]
    signal = plotted.marker_dimension(SIGNALS)
    label = _time_label(plotted)
    if signal is None:
        return (_rate(plotted, population, time.side(label), time, out),), (time,)
    bare = Side(time.low, time.high)
    up = plotted.axis(signal, population)
    values = plotted.values(time.dimension, population), plotted.values(signal, population)
    known = np.isfinite(values[0]) & np.isfinite(values[1])
    counts = count_bins((values[0][known], values[1][known]), time, up)
    layers: list[Layer] = [Density(*paint(counts, ()))] if counts.any() else []
    lower = Panel(time.side(label), up.side(up.label.split(" (")[0]), (*layers, *out))
    return (_rate(plotted, population, bare, time, out), lower), (time, up)


def _time_label(plotted: PlottedTube) -> Text:
    ticked = plotted.tube.fcs.raw.timestep_seconds is not None
    return phrase("axis_seconds" if ticked else "axis_ticks")


def _rate(
    plotted: PlottedTube, population: str, across: Side, time: Axis, out: list[Span]
) -> Panel:
    """Return the frame of events a unit of time."""
    seconds = plotted.values(time.dimension, population)
    step = plotted.tube.fcs.raw.timestep_seconds
    rate, edges = rates(seconds[np.isfinite(seconds)], time.low, time.high, tick=step or 1.0)
    top = float(max(rate.max(), 1e-9))
    unit = float(f"{top / 2:.1g}")
    values = [k * unit for k in range(4) if k * unit <= 1.05 * top]
    up = Side(
        0.0,
        1.45 * top,
        phrase("axis_rate" if step is not None else "axis_tick_rate"),
        Ticks(tuple(values), tuple(thousands(value) for value in values)),
    )
    return Panel(across, up, (steps(rate, edges, _LINE, fill="#D4D4D4", opacity=1.0), *out))


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
