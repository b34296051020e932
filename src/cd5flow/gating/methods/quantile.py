"""A cut at a quantile of cells that are known to lack, or to carry, the marker."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from cd5flow.gating.tube_view import (
    Edge,
    NoControlError,
    Outcome,
    Resolved,
    Spec,
    TubeView,
    Unresolved,
)
from cd5flow.model.geometry import Interval
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef, PopulationRef
from cd5flow.numerics.beta import binomial_share
from cd5flow.numerics.order_statistics import robust_sd


class Quantile(Spec):
    """A cut at a quantile of a reference population, of this tube or of a control tube.

    How sure the quantile is, is told without assuming any distribution: by the two order statistics
    between which it lies with the confidence stated (David & Nagaraja, Order Statistics, 3rd ed.,
    section 7.1). Where there are too few events for either of them, the quantile is not known: the
    99 % quantile needs 368 events at 95 % confidence.

    Attributes:
        axis: the marker.
        keep: which side of the cut is the population.
        of: the reference population.
        quantile_percent: which quantile of it.
        control: the control tube whose population is taken, by the same gates; absent is this tube.
        spreads: the cut lies so many robust standard deviations of the reference above the quantile.
        low: a cut below this place is unresolved; absent is no bound.
        high: a cut above this place is unresolved; absent is no bound.
        min_events: fewest events of the reference.
        confidence_percent: of the quantile's interval.
    """

    method: Literal["quantile"]
    axis: MarkerRef
    keep: Literal["above", "below"]
    of: PopulationRef
    quantile_percent: float = Field(gt=0, lt=100)
    control: Literal["fmo", "isotype"] | None = None
    spreads: float = Field(default=0, allow_inf_nan=False)
    low: Edge | None = None
    high: Edge | None = None
    min_events: int = Field(default=200, ge=2)
    confidence_percent: float = Field(default=95, gt=50, lt=100)

    def find(self, view: TubeView) -> Outcome:
        """Find the cut; unresolved with too few events, or without the control asked for."""
        dimension = view.dimension(self.axis)
        who: str | Reason = self.of
        if self.control is not None:
            who = Reason("IN_CONTROL", population=self.of, role=self.control)
        try:
            seen = (
                view.values_of(self.of, dimension)
                if self.control is None
                else view.values_of_control(self.control, self.of, dimension)
            )
        except NoControlError as absent:
            return Unresolved(absent.reason, Evidence("quantile", 0))
        ordered = np.sort(seen[np.isfinite(seen)]).astype(np.float64)
        nothing = Evidence("quantile", int(ordered.size))
        if ordered.size < self.min_events:
            few = {"events": ordered.size, "population": who, "least": self.min_events}
            return Unresolved(Reason("UNRESOLVED", case="few_of", **few), nothing)
        ranks = ranks_around(
            ordered.size, self.quantile_percent, confidence=self.confidence_percent
        )
        if ranks is None:
            why = Reason(
                "UNRESOLVED",
                case="few_for_quantile",
                events=ordered.size,
                population=who,
                percent=self.quantile_percent,
                axis=self.axis,
            )
            return Unresolved(why, nothing)
        spread = robust_sd(ordered)
        if self.spreads and not spread > 0:
            why = Reason("UNRESOLVED", case="no_width", population=who, axis=self.axis)
            return Unresolved(why, nothing)
        moved = self.spreads * spread
        cut = float(np.percentile(ordered, self.quantile_percent)) + moved
        against = self._outside(cut, view)
        if against is not None:
            return Unresolved(against, nothing)
        ends = (float(ordered[ranks[0] - 1]) + moved, float(ordered[ranks[1] - 1]) + moved)
        values = {
            "cut": cut,
            "cut_low": ends[0],
            "cut_high": ends[1],
            "spread": spread,
            # Of the parent: what the cut's own uncertainty leaves open.
            "open_percent": _between(view.values(dimension), *ends),
        }
        region = (
            Interval(dimension, low=cut) if self.keep == "above" else Interval(dimension, high=cut)
        )
        return Resolved(region, replace(nothing, values=values, note=self._note(who)))

    def _outside(self, cut: float, view: TubeView) -> Reason | None:
        """Return why a cut may not lie where it does; None where it may."""
        dimension = view.dimension(self.axis)
        low, high = view.at(self.low, dimension), view.at(self.high, dimension)
        if (self.low is not None and low is None) or (self.high is not None and high is None):
            return Reason("UNRESOLVED", case="no_window", axis=self.axis)
        if low is not None and cut < low:
            return Reason("UNRESOLVED", case="cut_below", cut=cut, axis=self.axis, low=low)
        if high is not None and cut > high:
            return Reason("UNRESOLVED", case="cut_above", cut=cut, axis=self.axis, high=high)
        return None

    def _note(self, who: str | Reason) -> Reason:
        place = {"percent": self.quantile_percent, "population": who, "axis": self.axis}
        if not self.spreads:
            return Reason("FOUND", case="quantile", **place)
        case = "above_quantile" if self.spreads > 0 else "below_quantile"
        return Reason("FOUND", case=case, spreads=abs(self.spreads), **place)


def ranks_around(events: int, percent: float, *, confidence: float) -> tuple[int, int] | None:
    """Return the ranks, from 1, of the two order statistics between which a quantile lies.

    The lower one is the last that lies above the quantile with at most half of what the confidence
    leaves, the upper one the first that lies at or below it so seldom: the number of events below
    the quantile is binomial.

    Args:
        events: how many there are, of any continuous distribution.
        percent: the quantile.
        confidence: in percent, two-sided.

    Returns:
        None where an end lies beyond the lowest or highest event.
    """
    share, tail = percent / 100, (1 - confidence / 100) / 2
    # P(rank l lies above the quantile) is P(fewer than l events below it).
    lower = _last_below(events, share, tail)
    # From the other end the same holds with the shares exchanged.
    upper = events + 1 - _last_below(events, 1 - share, tail)
    return (lower, upper) if lower >= 1 and upper <= events else None


def _last_below(events: int, share: float, tail: float) -> int:
    """Return the highest k for which P(X <= k - 1) is at most `tail`, X binomial; 0 for none."""
    low, high = 0, events
    while low < high:
        middle = (low + high + 1) // 2
        if binomial_share(middle - 1, events, share) <= tail:
            low = middle
        else:
            high = middle - 1
    return low


def _between(values: npt.NDArray[np.floating], low: float, high: float) -> float:
    """Return which percentage of the values lies from low up to high; 0 of none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0
    inside = int(np.count_nonzero((finite >= low) & (finite < high)))
    return 100 * inside / int(finite.size)
