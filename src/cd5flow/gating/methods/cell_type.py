"""The ellipse of a kind of cells that agrees with everything known of it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from cd5flow.gating.tube_view import (
    Outcome,
    Resolved,
    Spec,
    TubeView,
    Unresolved,
    refuse_one_channel_twice,
)
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef
from cd5flow.numerics.robust_ellipse import core_ellipse

LEAST_SD = 0.005
"""Least width of a kind of cells on the display scale; those at the end of one have none there."""


class CellType(Spec):
    """The ellipse, on two axes, around cells that a reference profile names.

    The profiles are held against all markers at once, so that neither outliers nor a clone that
    shares two markers with a normal population take its place.

    Attributes:
        kinds: populations of the profiles, together.
        stand_in: whether, where none of them is there, the cells by which CD45 and scatter of this
            tube are told stand in; the evidence says which.
        x, y: the markers of the map.
        min_events: fewest sampled events.
        level_percent: share of a normal population that the ellipse holds.
    """

    method: Literal["cell_type"]
    kinds: tuple[str, ...] = Field(min_length=1)
    stand_in: bool = False
    x: MarkerRef
    y: MarkerRef
    min_events: int = Field(default=12, ge=5)
    level_percent: float = Field(default=99, gt=0, lt=100)

    @model_validator(mode="after")
    def _axes_apart(self) -> CellType:
        refuse_one_channel_twice(self.x, self.y)
        return self

    def find(self, view: TubeView) -> Outcome:
        """Fit the ellipse; unresolved where the tube holds none of these cells."""
        axes = (view.dimension(self.x), view.dimension(self.y))
        cells = view.cell_types()
        if cells is None:
            nothing = Evidence("cell_type", view.events)
            return Unresolved(self._why("few_for_types"), nothing)
        rows = cells.of(self.kinds)
        note = Reason("FOUND", case="cell_type", kinds=self.kinds)
        if len(rows) < self.min_events and self.stand_in:
            rows = cells.reference_rows
            note = Reason("FOUND", case="stands_in", kinds=self.kinds, reference=cells.reference)
        rows = rows[view.inside[rows]]
        evidence = Evidence(
            "cell_type",
            view.events,
            {"sampled": float(len(cells.rows)), "found": float(len(rows))},
            note,
        )
        if len(rows) < self.min_events:
            why = self._why("few_of_type", found=len(rows), sampled=len(cells.rows))
            return Unresolved(why, evidence)
        places = [view.columns.column(axis)[rows].astype(np.float64) for axis in axes]
        ellipse = core_ellipse(np.array(places), *axes, self.level_percent, least_sd=LEAST_SD)
        if ellipse is None:
            return Unresolved(self._why("type_without_width", x=self.x, y=self.y), evidence)
        return Resolved(ellipse, evidence)

    def _why(self, case: str, **values: object) -> Reason:
        """Return why these cells cannot be told."""
        return Reason("UNRESOLVED", case=case, kinds=self.kinds, **values)
