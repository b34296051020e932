"""Events inside every channel's scale, judged on values as acquired."""

from __future__ import annotations

from typing import Literal

import numpy as np

from cd5flow.gating.tube_view import Outcome, Resolved, Spec, TubeView, Unresolved
from cd5flow.model.geometry import Dimension, Interval, Rectangle
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef


class InRange(Spec):
    """No channel at the end of its scale, where a value says only "at least so much".

    Judged before compensation, since a matrix moves what was cut off (PeacoQC does the same).
    Channels without an event at their end get no bound.

    Attributes:
        axes: markers to look at; those that the tube lacks are left out.
        positive: markers, scatter as a rule, that have no meaning at or below zero.
        ends: `low` leaves the upper end open: a value there is a bound, and its cell a cell.
    """

    method: Literal["in_range"]
    axes: tuple[MarkerRef, ...]
    positive: tuple[MarkerRef, ...] = ()
    ends: Literal["low", "both"] = "both"

    def find(self, view: TubeView) -> Outcome:
        """Find the bounds; unresolved (all in range) where no channel reaches its end."""
        sides: dict[Dimension, tuple[float | None, float | None]] = {}
        looked_at: set[Dimension] = set()
        values: dict[str, float] = {}
        for axis in dict.fromkeys((*self.positive, *self.axes)):
            if not any(view.panel.has(m) for m in axis.split("|")):
                continue
            dimension = view.dimension(axis, linear=True, compensated=False)
            if dimension in looked_at:
                continue
            looked_at.add(dimension)
            channel = view.columns.events.raw.channel(dimension.detector)
            seen = view.values(dimension)
            top = channel.last_step if self.ends == "both" else None
            over = int(np.count_nonzero(seen >= top)) if top is not None else 0
            low = 0.0 if axis in self.positive else None
            under = int(np.count_nonzero(seen <= 0)) if low is not None else 0
            if over or under:
                first = float(np.nextafter(np.float32(0), np.float32(1)))
                sides[dimension] = (first if under else None, top if over else None)
                values[f"{axis} at_end_events"] = float(over + under)
        evidence = Evidence("in_range", view.events, values, Reason("FOUND", case="off_scale"))
        if not sides:
            return Unresolved(Reason("UNRESOLVED", case="none_off_scale"), evidence)
        intervals = tuple(Interval(axis, low, high) for axis, (low, high) in sides.items())
        return Resolved(intervals[0] if len(intervals) == 1 else Rectangle(intervals), evidence)
