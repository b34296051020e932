"""Regions written down by a person, in linear or display units."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cd5flow.gating.tube_view import Outcome, Resolved, Spec, TubeView, refuse_one_channel_twice
from cd5flow.model.geometry import Ellipse, Interval, Polygon, Rectangle, Shape
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef


class FixedSide(Spec):
    """One axis and its absolute bounds."""

    axis: MarkerRef
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _rising(self) -> FixedSide:
        if self.low is None and self.high is None:
            raise ValueError("give low, high or both")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        return self


class Fixed(Spec):
    """A region at stated places: only for a laboratory whose voltages are locked.

    Attributes:
        units: `linear` (compensated signal) or `display` (0 to 1 on the gate's scale).
        sides: an interval or rectangle.
        axes, vertices: a polygon on two axes.
        centre, covariance, distance_squared: an ellipse on `axes`; covariance is xx, xy, yy.
    """

    method: Literal["fixed"]
    units: Literal["linear", "display"] = "linear"
    sides: tuple[FixedSide, ...] = ()
    axes: tuple[MarkerRef, MarkerRef] | None = None
    vertices: tuple[tuple[float, float], ...] = ()
    centre: tuple[float, float] | None = None
    covariance: tuple[float, float, float] | None = None
    distance_squared: float = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _one_shape(self) -> Fixed:
        shapes = [bool(self.sides), bool(self.vertices), self.centre is not None]
        if sum(shapes) != 1:
            raise ValueError("give exactly one of sides, vertices, centre")
        if not self.sides and self.axes is None:
            raise ValueError("a polygon or an ellipse needs axes: [x, y]")
        refuse_one_channel_twice(*(self.axes or ()))
        refuse_one_channel_twice(*(side.axis for side in self.sides))
        if self.vertices and len(set(self.vertices)) < 3:
            raise ValueError("a polygon needs three different vertices")
        if self.centre is not None:
            if self.covariance is None:
                raise ValueError("an ellipse needs covariance: [xx, xy, yy]")
            xx, xy, yy = self.covariance
            if not (xx > 0 and yy > 0 and xx * yy > xy * xy):
                raise ValueError("covariance must be positive definite")
        return self

    def find(self, view: TubeView) -> Outcome:
        """Return the region as written."""
        evidence = Evidence(
            "fixed", view.events, {}, Reason("FOUND", case="fixed", units=self.units)
        )
        return Resolved(self._shape(view), evidence)

    def _shape(self, view: TubeView) -> Shape:
        linear = self.units == "linear"
        if self.sides:
            intervals = tuple(
                Interval(view.dimension(side.axis, linear=linear), side.low, side.high)
                for side in self.sides
            )
            return intervals[0] if len(intervals) == 1 else Rectangle(intervals)
        assert self.axes is not None  # noqa: S101 - refused by _one_shape
        x, y = (view.dimension(axis, linear=linear) for axis in self.axes)
        if self.vertices:
            return Polygon(x, y, self.vertices)
        assert self.centre is not None  # noqa: S101 - refused by _one_shape
        assert self.covariance is not None  # noqa: S101 - refused by _one_shape
        return Ellipse(x, y, self.centre, self.covariance, self.distance_squared)
