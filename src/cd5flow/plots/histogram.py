"""How events lie on one axis: all in grey, and families in their colours."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.model.geometry import Dimension
from cd5flow.plots.axis import thousands
from cd5flow.plots.density import Counts, Drawn, name_families
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.scene import Layer, Line, Panel, Side, Stroke, Ticks
from cd5flow.plots.text import phrase

Floats = npt.NDArray[np.floating[Any]]

HISTOGRAM_BINS: Final = 80

_ALL_FILL: Final = "#D4D4D4"
_ALL: Final = Stroke("#767676", 0.5)
_HEIGHT: Final = 1.15  # of the frame over its highest bin


def draw_histogram(plotted: PlottedTube, population: str, dimension: Dimension) -> Drawn:
    """Draw how a population lies on one axis.

    Heights are roots of counts (Tukey's rootogram): the scatter of a count is the same at every
    height, and a few blasts show beside thousands of other cells.
    """
    x = plotted.axis(dimension, population)
    values, kinds = plotted.values(dimension, population), plotted.kinds_of(population)
    known = np.isfinite(values)
    if not known.all():
        values, kinds = values[known], kinds[known]
    rows = len(plotted.families) + 1
    place = ((values - x.low) * (HISTOGRAM_BINS / (x.high - x.low))).astype(np.int64)
    cell = place.clip(0, HISTOGRAM_BINS - 1) + kinds * np.int64(HISTOGRAM_BINS)
    counts = np.bincount(cell, minlength=rows * HISTOGRAM_BINS).reshape(rows, HISTOGRAM_BINS)
    edges = np.linspace(x.low, x.high, HISTOGRAM_BINS + 1)
    whole = counts.sum(axis=0)
    totals: Counts = counts.sum(axis=1)
    layers: list[Layer] = [steps(np.sqrt(whole), edges, _ALL, fill=_ALL_FILL, opacity=1.0)]
    for kind in sorted(range(1, rows), key=lambda k: -int(totals[k])):
        if totals[kind]:
            family = plotted.families[kind - 1]
            stroke = Stroke(family.colour, 0.9, family.dash)
            layers.append(steps(np.sqrt(counts[kind]), edges, stroke, fill=family.colour))
    top = float(max(whole.max(), 1))
    up = Side(0.0, _HEIGHT * top**0.5, phrase("axis_root"), root_ticks(top))
    beyond = tuple(plotted.beyond(x, values, up=False))
    panel = Panel(x.side(), up, tuple(layers), beyond=beyond)
    return Drawn(panel, tuple(name_families(plotted, totals)), totals, (x,))


def steps(
    heights: Floats, edges: Floats, stroke: Stroke, *, fill: str, opacity: float = 0.35
) -> Line:
    """Return a histogram's outline, filled down to zero; stretches of zero are left out at the ends."""
    there = np.flatnonzero(heights)
    first, last = (int(there[0]), int(there[-1]) + 1) if there.size else (0, 1)
    x = np.repeat(edges[first : last + 1], 2)
    y = np.concatenate(([0.0], np.repeat(heights[first:last], 2), [0.0]))
    return Line(np.column_stack((x, y)), stroke, closed=True, fill=fill, opacity=opacity)


def root_ticks(top: float) -> Ticks:
    """Return ticks at round counts that stand apart on a root scale."""
    apart = 0.15 * top**0.5
    chosen = [0.0]
    powers = range(math.ceil(math.log10(top)), -1, -1)
    for value in (digit * 10.0**power for power in powers for digit in (5, 2, 1)):
        above = chosen[-1] if len(chosen) > 1 else math.inf
        if apart <= value**0.5 <= min(above, top) ** 0.5 - (apart if above < math.inf else 0):
            chosen.append(value)
    return Ticks(tuple(value**0.5 for value in chosen), tuple(thousands(v) for v in chosen))
