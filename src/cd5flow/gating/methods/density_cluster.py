"""A hill of a two-dimensional density map, told from the others by a stated rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from cd5flow.gating.roles import RoleSpec
from cd5flow.gating.tube_view import Outcome, Resolved, TubeView, Unresolved
from cd5flow.model.populations import Evidence
from cd5flow.numerics.density import span
from cd5flow.numerics.density_map import find_basins
from cd5flow.numerics.robust_ellipse import core_ellipse


class DensityCluster(RoleSpec):
    """The ellipse around one hill of a density map; its place is its top.

    Attributes:
        min_events: fewest events of a hill.
        min_depth: share of its height by which a hill must rise from the pass to its neighbour.
        smoothing: Gaussian width on the display scale at 2,000 events and more.
    """

    method: Literal["density_cluster"]
    min_events: int = Field(default=50, ge=5)
    min_depth: float = Field(default=0.3, gt=0, lt=1)
    smoothing: float = Field(default=0.015, gt=0)

    def find(self, view: TubeView) -> Outcome:
        """Find the hill; unresolved where none fits the windows."""
        x_axis, y_axis = view.dimension(self.x), view.dimension(self.y)
        x, y = view.values(x_axis), view.values(y_axis)
        known = np.isfinite(x) & np.isfinite(y)
        if not known.all():
            x, y = x.compress(known), y.compress(known)
        nothing = Evidence("density_cluster", int(x.size))
        if x.size < self.min_events:
            return Unresolved(self.why("few_for_map", events=x.size), nothing)
        hills = find_basins(
            x,
            y,
            base=(self.smoothing, self.smoothing),
            limits=(*span(x), *span(y)),
            min_depth=self.min_depth,
            min_events=max(self.min_events, int(self.min_share_percent / 100 * x.size)),
        )
        most = self.max_share_percent * x.size
        leading = [h for h in self.leading(hills, (x_axis, y_axis)) if 100 * h.events <= most]
        fitting = [h for h in leading if self.allowed(h, view, (x_axis, y_axis))]
        if not fitting:
            return Unresolved(self.why("no_hill", hills=len(hills)), nothing)
        hill = max(fitting, key=self.score)
        own = hill.members
        core = np.array([x.compress(own), y.compress(own)])
        del x, y  # copies of the parent's
        ellipse = core_ellipse(core, x_axis, y_axis, self.level_percent)
        if ellipse is None:
            return Unresolved(self.why("flat_hill"), nothing)
        values = {
            f"{self.x} peak": hill.peak[0],
            f"{self.y} peak": hill.peak[1],
            "hills": float(len(hills)),
            "hill_events": float(hill.events),
        }
        return Resolved(ellipse, replace(nothing, values=values, note=self.rule("hill")))
