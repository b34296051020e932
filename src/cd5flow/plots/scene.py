"""What all pictures of a tube share: who is drawn in which colour, and each axis with its window.

An axis has one window in every picture, so that a place on the page means one signal. Columns are
put into bins once; every density is a count of bins.
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
from cd5flow.plots.axis import Axis, channel_label
from cd5flow.plots.outlines import reaches_of
from cd5flow.plots.palette import Family, families

Places = npt.NDArray[np.intp]
Bins = npt.NDArray[np.uint8]

BINS: Final = 160
"""Steps of an axis."""

UNDEFINED: Final = 255
"""Bin of a value that a scale does not define."""

_MARGIN: Final = 0.03
_TAILS_PERCENT: Final = (0.05, 99.95)
_FAMILY_TAILS_PERCENT: Final = (1.0, 99.0)
_SEEN: Final = 50_000  # events that a window is chosen from
_SEEN_OF_FAMILY: Final = 5_000
_STRETCH: Final = 0.15  # by so much of its width a gate's bounds may widen a window
_MAPPED: Final = ("viable", SINGLETS, "fsc_singlets", "cells", "in_range", "stable")


@dataclass(frozen=True, slots=True)
class Automatic:
    """The gate that was found where a person then drew another, and how many events it held."""

    gate: Gate
    events: int


class Scene:
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
        self.kinds: Bins = np.zeros(len(tube.fcs.raw), dtype=np.uint8)
        for kind, family in enumerate(self.families, start=1):
            self.kinds[gating.members[family.population]] = kind
        self._axes: dict[Dimension, Axis] = {}
        self._bins: dict[Dimension, Bins] = {}
        self._events: dict[str, Places] = {}

    def events(self, population: str) -> Places:
        """Return the indices of a population's events."""
        kept = self._events.get(population)
        if kept is None:
            kept = self._events[population] = np.flatnonzero(self.gating.members[population])
        return kept

    @property
    def mapped(self) -> str:
        """The population that maps show: the furthest cleaned that still has every kind of cell."""
        return next((name for name in _MAPPED if name in self.gating.members), ALL)

    def marker_axis(self, markers: str) -> Axis | None:
        """Return the axis of the first of several markers ("CD56|CD16") that the tube has."""
        for marker in markers.split("|"):
            if self.tube.panel.has(marker):
                detector = self.tube.panel.detector(marker)
                transform = self.tube.scales.get(detector)
                return None if transform is None else self.axis(Dimension(detector, transform))
        return None

    def count_kinds(self, events: Places) -> Places:
        """Return how many of some events are of no family, and of each."""
        return np.bincount(self.kinds[events], minlength=len(self.families) + 1)

    def axis(self, dimension: Dimension) -> Axis:
        """Return a channel's axis: its window holds nearly all events, and bounds not far off."""
        kept = self._axes.get(dimension)
        if kept is None:
            kept = self._axes[dimension] = self._window(dimension)
        return kept

    def bins(self, axis: Axis) -> Bins:
        """Return the bin of every event on an axis; values beyond the window are at its border."""
        kept = self._bins.get(axis.dimension)
        if kept is None:
            values = self.tube.columns.column(axis.dimension)
            step = values.dtype.type(BINS / (axis.high - axis.low))
            places = (values - values.dtype.type(axis.low)) * step
            np.clip(places, 0, BINS - 1, out=places)
            places[np.isnan(places)] = UNDEFINED
            kept = self._bins[axis.dimension] = places.astype(np.uint8)
        return kept

    def values(self, axis: Axis, events: Places) -> npt.NDArray[np.floating[Any]]:
        """Return where some events are drawn on an axis."""
        return axis.place(self.tube.columns.column(axis.dimension)[events])

    def _window(self, dimension: Dimension) -> Axis:
        column = self.tube.columns.column(dimension)
        label = channel_label(self.tube, dimension.detector)
        whole = column[:: max(1, column.size // _SEEN)]
        if self.tube.fcs.raw.channel(dimension.detector).is_time:
            return Axis(dimension, label, *_span(column, (0.0, 100.0)))
        low, high = _span(whole, _TAILS_PERCENT)
        for family in self.families:
            events = self.events(family.population)
            theirs = column[events[:: max(1, events.size // _SEEN_OF_FAMILY)]]
            if theirs.size:
                ends = _span(theirs, _FAMILY_TAILS_PERCENT)
                low, high = min(low, ends[0]), max(high, ends[1])
        reach = _STRETCH * (high - low)
        near = [b for b in self._bounds.get(dimension, ()) if low - reach <= b <= high + reach]
        low, high = min([low, *near]), max([high, *near])
        margin = _MARGIN * (high - low)
        return Axis(dimension, label, low - margin, high + margin)

    @cached_property
    def _bounds(self) -> dict[Dimension, list[float]]:
        found: dict[Dimension, list[float]] = {}
        drawn = (one.gate for one in self.automatic.values())
        for gate in (*self.gating.tree.gates, *drawn):
            for dimension, bounds in reaches_of(gate.region, self.tube):
                found.setdefault(dimension, []).extend(bounds)
        return found


def _automatic(gating: Gating, found: Gating) -> Iterator[tuple[str, Automatic]]:
    for gate in gating.tree.gates:
        if gate.evidence.method == BY_HAND and gate.name in found.tree:
            events = found.count(gate.name) or 0
            yield gate.name, Automatic(found.tree[gate.name], events)


def _span(values: npt.NDArray[np.floating[Any]], tails: tuple[float, float]) -> tuple[float, float]:
    """Return two percentiles of the finite values, apart from each other."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = (float(end) for end in np.percentile(known, tails))
    if high > low and math.isfinite(high - low):
        return low, high
    return low - max(0.5 * abs(low), 0.5), low + max(0.5 * abs(low), 0.5)
