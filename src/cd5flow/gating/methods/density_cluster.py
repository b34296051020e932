"""A hill of a two-dimensional density map, told from the others by a stated rule."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from cd5flow.density import Basin, basins, span
from cd5flow.gating.core import fit_core, level_distance
from cd5flow.gating.sight import (
    Edge,
    Outcome,
    Resolved,
    Sight,
    Spec,
    Unresolved,
    linear_end,
    refuse_one_channel_twice,
    shift_decades,
)
from cd5flow.model.geometry import Dimension, Ellipse
from cd5flow.model.populations import Evidence


class Window(Spec):
    """Where on an axis a hill's top may lie."""

    low: Edge | None = None
    high: Edge | None = None


class DensityCluster(Spec):
    """The ellipse around one hill of a density map.

    Attributes:
        x, y: the markers of the map.
        role: axis to its weight: the hill with the highest weighted sum of its top's place (display
            units) is taken. ``{CD45: 1, SSC: -1}`` is "CD45 highest, SSC lowest".
        x_window, y_window: where the top may lie.
        lead_decades: axis to the least distance, in decades of linear signal, of the hill's top above
            the dimmest hill's: a positive population must be told from a negative one.
        min_share_percent: smallest share of the parent's events for a hill to be a candidate.
        max_share_percent: largest share: what is most of the tube is no normal landmark.
        min_events: fewest events of a hill.
        min_depth: share of its height by which a hill must rise from the pass to its neighbour.
        level_percent: share of a normal population that the ellipse holds.
        smoothing: Gaussian width on the display scale at 2,000 events and more.
    """

    method: Literal["density_cluster"]
    x: str
    y: str
    role: dict[str, float] = Field(min_length=1)
    x_window: Window = Window()
    y_window: Window = Window()
    lead_decades: dict[str, float] = Field(default_factory=dict)
    min_share_percent: float = Field(default=0, ge=0, le=100)
    max_share_percent: float = Field(default=100, gt=0, le=100)
    min_events: int = Field(default=50, ge=5)
    min_depth: float = Field(default=0.3, gt=0, lt=1)
    level_percent: float = Field(default=99, gt=0, lt=100)
    smoothing: float = Field(default=0.015, gt=0)

    @model_validator(mode="after")
    def _of_its_axes(self) -> DensityCluster:
        refuse_one_channel_twice(self.x, self.y)
        for name, named in (("role", self.role), ("lead_decades", self.lead_decades)):
            other = sorted(set(named) - {self.x, self.y})
            if other:
                names = ", ".join(other)
                raise ValueError(f"{name} names {names}; the axes are {self.x} and {self.y}")
        return self

    def find(self, sight: Sight) -> Outcome:
        """Find the hill; unresolved where none fits the windows."""
        x_axis, y_axis = sight.dimension(self.x), sight.dimension(self.y)
        x, y = sight.values(x_axis).astype(np.float64), sight.values(y_axis).astype(np.float64)
        finite = np.isfinite(x) & np.isfinite(y)
        x, y = x[finite], y[finite]
        nothing = Evidence("density_cluster", int(x.size))
        if x.size < self.min_events:
            return Unresolved(
                f"{x.size} events are too few for a map of {self.x} and {self.y}", nothing
            )
        hills = basins(
            x,
            y,
            base=(self.smoothing, self.smoothing),
            limits=(*span(x), *span(y)),
            min_depth=self.min_depth,
            min_events=max(self.min_events, int(self.min_share_percent / 100 * x.size)),
        )
        most = self.max_share_percent * x.size
        leading = [h for h in self._leading(hills, (x_axis, y_axis)) if 100 * h.events <= most]
        fitting = [h for h in leading if self._allowed(h, sight, x_axis, y_axis)]
        if not fitting:
            return Unresolved(
                f"none of {len(hills)} hills on {self.x} and {self.y} lies where it should", nothing
            )
        hill = max(fitting, key=self._score)
        ellipse = _ellipse(x[hill.members], y[hill.members], x_axis, y_axis, self.level_percent)
        if ellipse is None:
            return Unresolved(f"the hill on {self.x} and {self.y} has no width", nothing)
        values = {
            f"{self.x} peak": hill.peak[0],
            f"{self.y} peak": hill.peak[1],
            "hills": float(len(hills)),
            "hill_events": float(hill.events),
        }
        return Resolved(ellipse, Evidence("density_cluster", int(x.size), values, self._rule()))

    def _leading(self, hills: tuple[Basin, ...], axes: tuple[Dimension, Dimension]) -> list[Basin]:
        """Return the hills far enough above the dimmest one on every axis that asks for it."""
        leading = list(hills)
        for k, (name, axis) in enumerate(zip((self.x, self.y), axes, strict=True)):
            if name not in self.lead_decades or not hills:
                continue
            dimmest = min(h.peak[k] for h in hills)
            # Within the linear part a factor means nothing: the lead is counted from its end there.
            start = max(dimmest, linear_end(axis.scale))
            place = shift_decades(start, self.lead_decades[name], axis.scale)
            # From zero or below any signal is decades away.
            least = np.nextafter(start, np.inf) if place is None else place
            leading = [h for h in leading if h.peak[k] >= least]
        return leading

    def _rule(self) -> str:
        words = [
            f"{axis} {'highest' if weight > 0 else 'lowest'}" for axis, weight in self.role.items()
        ]
        return "the hill with " + ", ".join(words)

    def _score(self, hill: Basin) -> float:
        place = dict(zip((self.x, self.y), hill.peak, strict=True))
        return sum(weight * place[axis] for axis, weight in self.role.items())

    def _allowed(self, hill: Basin, sight: Sight, x_axis: Dimension, y_axis: Dimension) -> bool:
        for place, window, axis in (
            (hill.peak[0], self.x_window, x_axis),
            (hill.peak[1], self.y_window, y_axis),
        ):
            low, high = sight.at(window.low, axis), sight.at(window.high, axis)
            if (window.low is not None and low is None) or (
                window.high is not None and high is None
            ):
                return False
            if (low is not None and place < low) or (high is not None and place > high):
                return False
        return True


def _ellipse(
    x: np.ndarray, y: np.ndarray, x_axis: Dimension, y_axis: Dimension, level_percent: float
) -> Ellipse | None:
    """Return the ellipse that holds a share of a normal population fitted to the hill's core."""
    points = np.column_stack([x, y])
    covariance = np.cov(points, rowvar=False)
    if not np.all(np.isfinite(covariance)) or np.linalg.det(covariance) <= 1e-14:
        return None
    fitted = fit_core(
        points, centre=np.median(points, axis=0), covariance=covariance, min_events=3, rounds=5
    )
    if fitted is None:
        return None
    centre, covariance = fitted
    return Ellipse(
        x_axis,
        y_axis,
        (float(centre[0]), float(centre[1])),
        (float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        level_distance(level_percent),
    )
