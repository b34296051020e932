"""Single cells by the width of their pulse."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from cd5flow.gating.tube_view import Outcome, Resolved, Spec, TubeView, Unresolved
from cd5flow.model.geometry import Interval
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef
from cd5flow.numerics.order_statistics import MAD_TO_SD, finite_values, median, quantile


class PulseWidth(Spec):
    """Pulses no wider than those of single cells, in linear units.

    Most events are single cells, whose widths lie close together whatever their size; two cells that
    follow each other make one pulse that is wider. The spread is taken from the lower half, where
    there are no doublets.

    Attributes:
        axis: the marker of the width.
        spreads: by so many the bound lies above the middle of single cells.
        least_percent: and by at least this share of that middle.
        single_percent: where among the widths the middle of single cells lies, doublets beyond it.
        min_events: fewest events.
    """

    method: Literal["pulse_width"]
    axis: MarkerRef
    spreads: float = Field(default=5, gt=0)
    least_percent: float = Field(default=8, ge=0)
    single_percent: float = Field(default=45, gt=0, lt=100)
    min_events: int = Field(default=200, ge=10)

    def find(self, view: TubeView) -> Outcome:
        """Find the bound; unresolved with too few events or where all pulses are equally wide."""
        dimension = view.dimension(self.axis, linear=True)
        widths = finite_values(view.values(dimension)).astype(np.float64)
        widths = widths[widths > 0]
        nothing = Evidence("pulse_width", int(widths.size))
        if widths.size < self.min_events:
            return Unresolved(
                Reason("UNRESOLVED", case="few_for_width", events=widths.size), nothing
            )
        middle = quantile(widths, self.single_percent)
        spread = MAD_TO_SD * median(middle - widths[widths <= middle])
        if not spread > 0:
            return Unresolved(Reason("UNRESOLVED", case="same_width", axis=self.axis), nothing)
        cut = middle + max(self.spreads * spread, self.least_percent / 100 * middle)
        values = {"cut_linear": cut, "middle_linear": middle, "spread_linear": spread}
        note = Reason("FOUND", case="pulse_width", axis=self.axis)
        return Resolved(
            Interval(dimension, high=cut), Evidence("pulse_width", int(widths.size), values, note)
        )
