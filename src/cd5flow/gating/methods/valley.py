"""A cut in the valley between two peaks; one peak is unresolved, never a cut."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from cd5flow.gating.tube_view import Edge, Outcome, Resolved, Spec, TubeView, Unresolved
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef, PopulationRef
from cd5flow.numerics.density import Dip, Profile, find_dips, profile, span
from cd5flow.numerics.order_statistics import finite_values

THE_END = "the end"
"""What bounds a window on a side on which nothing does: the axis' own."""


class Valley(Spec):
    """The valley of an axis' density inside a stated window, if it is deep enough.

    Attributes:
        axis: the marker.
        keep: which side of the cut is the population.
        low: left end of the window that the cut must lie in; absent is the axis' end.
        high: right end of it.
        prefer: which valley of several in the window.
        min_depth: 1 minus the floor's density over the lower of the peaks beside it.
        min_events: events that each side of the valley must hold, up to the next valley.
        smoothing: Gaussian width on the display scale at 2,000 events and more.
        negative_below: the peak below the cut must lie under this place, so that a dim positive
            population is not taken for the negative one.
        include: populations whose events stand beside the parent's when looking for peaks, so that
            a known negative or positive is seen even where the parent has few of them.
    """

    method: Literal["valley"]
    axis: MarkerRef
    keep: Literal["above", "below"]
    low: Edge | None = None
    high: Edge | None = None
    prefer: Literal["deepest", "lowest", "highest"] = "deepest"
    min_depth: float = Field(default=0.3, gt=0, lt=1)
    min_events: int = Field(default=20, ge=2)
    smoothing: float = Field(default=0.012, gt=0)
    negative_below: Edge | None = None
    include: tuple[PopulationRef, ...] = ()

    def find(self, view: TubeView) -> Outcome:
        """Find the valley; unresolved with one peak, a shallow valley or no window."""
        dimension = view.dimension(self.axis)
        seen = np.concatenate(
            [view.values(dimension), *(view.values_of(name, dimension) for name in self.include)]
        )
        seen = finite_values(seen)
        low, high = view.at(self.low, dimension), view.at(self.high, dimension)
        nothing = Evidence("valley", int(seen.size))
        if (self.low is not None and low is None) or (self.high is not None and high is None):
            return Unresolved(Reason("UNRESOLVED", case="no_window", axis=self.axis), nothing)
        if seen.size < 2 * self.min_events:
            why = Reason("UNRESOLVED", case="few_for_peaks", events=seen.size, axis=self.axis)
            return Unresolved(why, nothing)
        left, right = span(seen)
        shape = profile(seen, base=self.smoothing, low=left, high=right)
        found = (
            find_dips(shape, min_depth=self.min_depth, min_events=self.min_events) if shape else ()
        )
        negative = view.at(self.negative_below, dimension)
        allowed = [
            d
            for d in found
            if (low is None or d.place >= low)
            and (high is None or d.place <= high)
            and (negative is None or d.left <= negative)
        ]
        if not allowed:
            why = Reason(
                "UNRESOLVED",
                case="no_valley",
                depth=self.min_depth,
                axis=self.axis,
                low=THE_END if low is None else low,
                high=THE_END if high is None else high,
            )
            return Unresolved(why, nothing)
        assert shape is not None  # noqa: S101 - valleys come from a shape
        dip = self._choose(allowed)
        evidence = self._evidence(seen.size, dip, _under_peak(shape, dip, self.keep))
        return Resolved(self._interval(dimension, dip), evidence)

    def _choose(self, allowed: list[Dip]) -> Dip:
        match self.prefer:
            case "deepest":
                return max(allowed, key=lambda d: d.depth)
            case "lowest":
                return allowed[0]
            case "highest":
                return allowed[-1]

    def _interval(self, dimension: Dimension, dip: Dip) -> Interval:
        if self.keep == "above":
            return Interval(dimension, low=dip.place)
        return Interval(dimension, high=dip.place)

    def _evidence(self, events: int, dip: Dip, under: float) -> Evidence:
        values = {
            "cut": dip.place,
            "depth": dip.depth,
            "left_peak": dip.left,
            "right_peak": dip.right,
            "left_events": dip.left_events,
            "right_events": dip.right_events,
            "neighbour_percent": under,
        }
        return Evidence(
            "valley", int(events), values, Reason("FOUND", case="valley", axis=self.axis)
        )


def _under_peak(shape: Profile, dip: Dip, keep: str) -> float:
    """Return how much of the kept peak may belong to its neighbour, in percent.

    At the floor the two peaks overlap about alike, so that half of its height is the neighbour's
    tail; the tail is taken to fall in a straight line to nothing across the peak's own span, twice
    the distance from floor to top.
    """
    floor = float(np.interp(dip.place, shape.centres, shape.density))
    peak = dip.right if keep == "above" else dip.left
    kept = dip.right_events if keep == "above" else dip.left_events
    span = 2 * abs(peak - dip.place) / shape.step
    return float(min(100.0, 100 * (floor / 2) * (span / 2) / kept)) if kept > 0 else 0.0
