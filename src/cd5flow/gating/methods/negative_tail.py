"""A cut at the end of a negative peak: its mode plus a number of its own spreads."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from cd5flow.gating.tube_view import Edge, Outcome, Resolved, Spec, TubeView, Unresolved
from cd5flow.model.geometry import Interval
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef, PopulationRef
from cd5flow.numerics.density import height_at, highest_peak, profile, span
from cd5flow.numerics.order_statistics import MAD_TO_SD, finite_values, median


class NegativeTail(Spec):
    """Where the negative peak of an axis ends.

    The spread is taken from the lower half of the peak (1.4826 times the median distance below the
    mode), so that positive events on its right flank do not widen it.

    Attributes:
        axis: the marker.
        keep: which side of the cut is the population.
        of: the population that is negative; absent is the parent itself.
        high: the mode is looked for below this place; absent is everywhere.
        spreads: how many spreads beyond the mode the cut lies.
        at_most: a cut beyond this place, where positive cells lie, is unresolved.
        max_height: a cut at which the parent's density exceeds this share of its highest density
            on the side that is kept would split a population, and is unresolved.
        min_events: events below the mode that are needed.
    """

    method: Literal["negative_tail"]
    axis: MarkerRef
    keep: Literal["above", "below"]
    of: PopulationRef | None = None
    high: Edge | None = None
    at_most: Edge | None = None
    spreads: float = Field(default=3, gt=0)
    max_height: float = Field(default=0.3, gt=0, le=1)
    min_events: int = Field(default=50, ge=2)
    smoothing: float = Field(default=0.012, gt=0)

    def find(self, view: TubeView) -> Outcome:
        """Find the cut; unresolved without enough negative events."""
        dimension = view.dimension(self.axis)
        seen = view.values(dimension) if self.of is None else view.values_of(self.of, dimension)
        seen = finite_values(seen)
        high = view.at(self.high, dimension)
        if high is not None:
            seen = seen[seen < high]
        nothing = Evidence("negative_tail", int(seen.size))
        if self.high is not None and high is None:
            return Unresolved(Reason("UNRESOLVED", case="no_peak_limit", axis=self.axis), nothing)
        peak = self._peak(seen.astype(np.float64))
        if isinstance(peak, Reason):
            return Unresolved(peak, nothing)
        mode, spread = peak
        cut = mode + self.spreads * spread
        limit = view.at(self.at_most, dimension)
        if limit is not None and cut > limit:
            past = Reason("UNRESOLVED", case="past", axis=self.axis, cut=cut, limit=limit)
            return Unresolved(past, nothing)
        height = height_at(view.values(dimension), cut, base=self.smoothing, kept=self.keep)
        if height > self.max_height:
            splits = Reason("UNRESOLVED", case="cut_splits", cut=cut, axis=self.axis)
            return Unresolved(splits, nothing)
        region = (
            Interval(dimension, low=cut) if self.keep == "above" else Interval(dimension, high=cut)
        )
        values = {"cut": cut, "mode": mode, "spread": spread, "spreads": self.spreads}
        note = Reason("FOUND", case="tail", spreads=self.spreads, axis=self.axis)
        return Resolved(region, Evidence("negative_tail", int(seen.size), values, note))

    def _peak(self, seen: np.ndarray) -> tuple[float, float] | Reason:
        """Return mode and spread of the negative peak, or why there is none."""
        if seen.size < 2 * self.min_events:
            return Reason("UNRESOLVED", case="few_for_peak", events=seen.size, axis=self.axis)
        left, right = span(seen)
        shape = profile(seen, base=self.smoothing, low=left, high=right)
        if shape is None:
            return Reason("UNRESOLVED", case="no_peak", axis=self.axis)
        mode = highest_peak(shape)
        below = mode - seen[seen <= mode]
        if below.size < self.min_events:
            return Reason("UNRESOLVED", case="few_below", events=below.size, axis=self.axis)
        spread = MAD_TO_SD * median(below)
        if spread <= shape.step:
            return Reason("UNRESOLVED", case="flat_peak", axis=self.axis)
        return mode, spread
