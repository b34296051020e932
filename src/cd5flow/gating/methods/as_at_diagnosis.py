"""Where the blasts of this patient lay at diagnosis."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cd5flow.gating.tube_view import (
    Edge,
    Outcome,
    Position,
    Resolved,
    Spec,
    TubeView,
    Unresolved,
    linear_end,
    refuse_one_channel_twice,
)
from cd5flow.model.geometry import Dimension, Interval, Rectangle
from cd5flow.model.laip import MarkerRange
from cd5flow.model.names import T_CELLS
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef, PopulationRef


class AsAtDiagnosis(Spec):
    """The window that the patient's diagnostic result gives, told against this tube's own T cells.

    Range and margin are decades from the T cells' median, so that another day's voltages do not
    matter. Signals change during therapy: only markers without a trend belong here (CD2, CD3, CD4,
    CD7, CD8: Roshal M. Cytometry B 2010;78:139), with CD45 and cyCD3. Unresolved without a diagnostic
    result, or where it shares no marker with this tube that the T cells carry.

    Attributes:
        axes: markers that may bound the window.
        carried_axes: markers that T cells mostly lack; one that `carried_percent` of the blasts had
            bounds the window from below, at the T cells' 95th percentile.
        carried_percent: see above.
        yardstick: the T cells.
        margin_decades: by how much the window is wider than the range that held 95 % of the blasts.
        min_events: fewest T cells to measure by.
    """

    method: Literal["as_at_diagnosis"]
    axes: tuple[MarkerRef, ...] = Field(min_length=1)
    carried_axes: tuple[MarkerRef, ...] = ()
    carried_percent: float = Field(default=95, gt=0, le=100)
    yardstick: PopulationRef = T_CELLS
    margin_decades: float = Field(default=0.15, ge=0, le=3)
    min_events: int = Field(default=50, ge=1)

    @model_validator(mode="after")
    def _axes_apart(self) -> AsAtDiagnosis:
        refuse_one_channel_twice(*self.axes, *self.carried_axes)
        return self

    def find(self, view: TubeView) -> Outcome:
        """Place the window; unresolved without a diagnostic result."""
        nothing = Evidence("as_at_diagnosis", view.events)
        if view.laip is None:
            return Unresolved(Reason("UNRESOLVED", case="no_diagnosis"), nothing)
        sides: list[Interval] = []
        values: dict[str, float] = {}
        for axis in (*self.axes, *self.carried_axes):
            if not any(view.panel.has(name) for name in axis.split("|")):
                continue
            seen = view.laip.markers.get(view.marker(axis))
            found = self._above if axis in self.carried_axes else self._side
            side = None if seen is None else found(view, view.dimension(axis), seen)
            if side is None:
                continue
            sides.append(side)
            for name, place in (("low", side.low), ("high", side.high)):
                if place is not None:
                    values[f"{axis} {name}"] = place
        if not sides:
            why = Reason("UNRESOLVED", case="no_shared_marker", sample=view.laip.sample)
            return Unresolved(why, nothing)
        note = Reason("FOUND", case="at_diagnosis", sample=view.laip.sample)
        region = sides[0] if len(sides) == 1 else Rectangle(tuple(sides))
        return Resolved(region, Evidence("as_at_diagnosis", view.events, values, note))

    def _side(self, view: TubeView, dimension: Dimension, seen: MarkerRange) -> Interval | None:
        """Return the bounds on one axis; None where nothing bounds it."""
        floor = linear_end(dimension.scale)
        if (at := view.at(self._edge(0), dimension)) is None or at <= floor:
            return None  # these T cells carry too little to measure by
        low = high = None
        if seen.low_decades is not None:
            low = view.at(self._edge(seen.low_decades - self.margin_decades), dimension)
        if seen.high_decades is not None:
            high = view.at(self._edge(seen.high_decades + self.margin_decades), dimension)
            # Cells without the marker scatter about zero: a bound among them would cut them in two.
            high = None if high is None else max(high, floor)
        if low is not None and low <= floor:
            low = None
        if low is None and high is None:
            return None
        return Interval(dimension, low, high)

    def _above(self, view: TubeView, dimension: Dimension, seen: MarkerRange) -> Interval | None:
        """Return the lower bound on a marker that the blasts carried; None where they did not."""
        if (seen.above_t_cells_percent or 0.0) < self.carried_percent:
            return None
        edge = Position(population=self.yardstick, quantile_percent=95, min_events=self.min_events)
        low = view.at(edge, dimension)
        return None if low is None else Interval(dimension, low)

    def _edge(self, decades: float) -> Edge:
        # No marker differs by ten decades; a position does not take more.
        held = min(max(decades, -10.0), 10.0)
        return Position(population=self.yardstick, decades=held, min_events=self.min_events)
