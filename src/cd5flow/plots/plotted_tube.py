"""What all pictures of a tube share: who is drawn in which colour, and the window of each axis.

A window holds what is drawn in it, so that pictures of one population share one, and each fills its
frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.find_gate import BY_HAND
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import ALL, SINGLETS
from cd5flow.model.populations import Gate, Gating
from cd5flow.pipeline import Tube
from cd5flow.plots.axis import Axis, channel_label, is_scatter
from cd5flow.plots.outlines import reaches_of
from cd5flow.plots.palette import Family, families
from cd5flow.plots.scene import Beyond
from cd5flow.preprocess.transforms import scale_exact

Places = npt.NDArray[np.intp]
Floats = npt.NDArray[np.floating[Any]]
Kinds = npt.NDArray[np.uint8]

TAILS_PERCENT: Final = (0.1, 99.9)
"""What a window holds of what is drawn; the rest lies at the edge."""

PILED_PERCENT: Final = 0.5
PILED_EVENTS: Final = 10
"""Events at an edge of which a picture tells, no fewer than both; the tails alone are fewer."""

_MARGIN: Final = 0.03
_RARE_TAILS_PERCENT: Final = (1.0, 99.0)
_RARE: Final = 0.01  # of what is drawn: tails may lose so small a family
_SEEN: Final = 30_000  # events that a window is chosen from
_STRETCH: Final = 0.10  # by so much of its width a gate's bounds may widen a window
_BELOW_ZERO: Final = 0.03  # of the window above zero that scatter may have below it
_MAPPED: Final = ("viable", SINGLETS, "fsc_singlets", "cells", "in_range", "stable")


@dataclass(frozen=True, slots=True)
class Automatic:
    """The gate that was found where a person then drew another, and how many events it held."""

    gate: Gate
    events: int


class PlottedTube:
    """A gated tube as its pictures show it.

    Attributes:
        tube, gating: the tube.
        automatic: gates that a person drew, as they were found.
        families: reference populations that were gated, the last on top.
        kinds: (n_events,) each event's family from 1, 0 for none.
    """

    def __init__(self, tube: Tube, gating: Gating, found: Gating | None = None) -> None:
        self.tube = tube
        self.gating = gating
        self.automatic = {} if found is None else dict(_automatic(gating, found))
        self.families: tuple[Family, ...] = families(gating.members)
        self.kinds: Kinds = np.zeros(len(tube.fcs.raw), dtype=np.uint8)
        for kind, family in enumerate(self.families, start=1):
            self.kinds[gating.members[family.population]] = kind
        self._axes: dict[tuple[Dimension, str], Axis] = {}
        self._events: dict[str, Places] = {}
        self._kinds_of: dict[str, Kinds] = {}

    def events(self, population: str) -> Places:
        """Return the indices of a population's events."""
        kept = self._events.get(population)
        if kept is None:
            kept = self._events[population] = np.flatnonzero(self.gating.members[population])
        return kept

    def kinds_of(self, population: str) -> Kinds:
        """Return the families of a population's events."""
        kept = self._kinds_of.get(population)
        if kept is None:
            kept = self._kinds_of[population] = self.kinds[self.events(population)]
        return kept

    def count_kinds(self, population: str) -> Places:
        """Return how many of a population's events are of no family, and of each."""
        return np.bincount(self.kinds_of(population), minlength=len(self.families) + 1)

    @property
    def mapped(self) -> str:
        """The population that maps show: the furthest cleaned that still has every kind of cell."""
        return next((name for name in _MAPPED if name in self.gating.members), ALL)

    def marker_dimension(self, markers: str) -> Dimension | None:
        """Return the axis of the first of several markers ("CD56|CD16") that the tube has."""
        marker = self.tube.panel.first_of(markers)
        if marker is None:
            return None
        detector = self.tube.panel.detector(marker)
        transform = self.tube.scales.get(detector)
        return None if transform is None else Dimension(detector, transform)

    def axis(self, dimension: Dimension, population: str) -> Axis:
        """Return a channel's axis for a picture of a population.

        Its window holds what `TAILS_PERCENT` says of the events, rare families, and bounds of gates
        that are not far off; for scatter it ends a little below zero at most.
        """
        key = dimension, population
        kept = self._axes.get(key)
        if kept is None:
            kept = self._axes[key] = self._window(dimension, population)
        return kept

    def values(self, dimension: Dimension, population: str) -> Floats:
        """Return where a population's events lie on an axis."""
        column = self.tube.columns.column(dimension)
        events = self.events(population)
        return column if len(events) == len(column) else column[events]

    def beyond(self, axis: Axis, values: Floats, *, up: bool) -> Iterator[Beyond]:
        """Yield the ends of an axis at which many events pile up, or beyond which many lie."""
        if not len(values):
            return
        margin = _MARGIN / (1 + 2 * _MARGIN) * (axis.high - axis.low)
        least, most = axis.low + 1.1 * margin, axis.high - 1.1 * margin
        for high, at in ((False, values <= least), (True, values >= most)):
            events = int(np.count_nonzero(at))
            percent = 100 * events / len(values)
            if percent >= PILED_PERCENT and events >= PILED_EVENTS:
                yield Beyond(up=up, high=high, percent=percent)

    def _window(self, dimension: Dimension, population: str) -> Axis:
        tube = self.tube
        label = channel_label(tube, dimension.detector)
        values = self.values(dimension, population)
        if tube.fcs.raw.channel(dimension.detector).is_time:
            return Axis(dimension, label, *_span(values, (0.0, 100.0)))
        low, high = _span(values[:: max(1, len(values) // _SEEN)], TAILS_PERCENT)
        kinds, totals = self.kinds_of(population), self.count_kinds(population)
        for kind in range(1, len(totals)):
            if 0 < totals[kind] < _RARE * len(kinds):
                ends = _span(values[kinds == kind], _RARE_TAILS_PERCENT)
                low, high = min(low, ends[0]), max(high, ends[1])
        reach = _STRETCH * (high - low)
        bounds = self._bounds.get((dimension, population), ())
        near = [b for b in bounds if low - reach <= b <= high + reach]
        low, high = min([low, *near]), max([high, *near])
        if is_scatter(tube, dimension.detector):
            low = max(low, self._least_scatter(dimension, high))
        margin = _MARGIN * (high - low)
        return Axis(dimension, label, low - margin, high + margin)

    def _least_scatter(self, dimension: Dimension, high: float) -> float:
        """Return the place a little below that of no light; none is too low where a scale lacks that."""
        scale = dimension.scale
        zero = 0.0 if scale is None else float(scale_exact(0.0, scale))
        if not math.isfinite(zero) or zero >= high:
            return -math.inf
        return zero - _BELOW_ZERO * (high - zero)

    @cached_property
    def _bounds(self) -> dict[tuple[Dimension, str], list[float]]:
        found: dict[tuple[Dimension, str], list[float]] = {}
        drawn = (one.gate for one in self.automatic.values())
        for gate in (*self.gating.tree.gates, *drawn):
            for dimension, bounds in reaches_of(gate.region, self.tube):
                found.setdefault((dimension, gate.parent), []).extend(bounds)
        return found


def _automatic(gating: Gating, found: Gating) -> Iterator[tuple[str, Automatic]]:
    for gate in gating.tree.gates:
        if gate.evidence.method == BY_HAND and gate.name in found.tree:
            events = found.count(gate.name) or 0
            yield gate.name, Automatic(found.tree[gate.name], events)


def _span(values: Floats, tails: tuple[float, float]) -> tuple[float, float]:
    """Return two percentiles of the finite values, apart from each other."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    places = [round(percent / 100 * (known.size - 1)) for percent in tails]
    low, high = (float(end) for end in np.partition(known, places)[places])
    if high > low and math.isfinite(high - low):
        return low, high
    return low - max(0.5 * abs(low), 0.5), low + max(0.5 * abs(low), 0.5)
