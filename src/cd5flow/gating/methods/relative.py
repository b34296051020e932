"""Bounds told relative to populations found in the same tube."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cd5flow.gating.tube_view import (
    Outcome,
    Resolved,
    Side,
    Spec,
    TubeView,
    Unresolved,
    refuse_one_channel_twice,
)
from cd5flow.model.geometry import Dimension, Interval, Rectangle
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.numerics.density import height_at


class Relative(Spec):
    """An interval or rectangle whose edges lie at stated places of populations of the same tube.

    One strategy so serves instruments of any scale: no edge is an absolute value.

    Attributes:
        sides: the axes and their edges.
        max_height: an edge at which the parent's density exceeds this share of the lower of its
            peaks on either side would split a population, and is unresolved; absent is no test.
    """

    method: Literal["relative"]
    sides: tuple[Side, ...]
    max_height: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _axes_apart(self) -> Relative:
        if not self.sides:
            raise ValueError("give at least one side")
        refuse_one_channel_twice(*(side.axis for side in self.sides))
        return self

    def find(self, view: TubeView) -> Outcome:
        """Place the edges; unresolved where a population is missing or the edges cross."""
        intervals: list[Interval] = []
        values: dict[str, float] = {}
        for side in self.sides:
            dimension = view.dimension(side.axis)
            bounds: list[float | None] = []
            for name, edge in (("low", side.low), ("high", side.high)):
                place = view.at(edge, dimension)
                if edge is not None and place is None:
                    reason = Reason("UNRESOLVED", case=f"no_{name}_edge", axis=side.axis)
                    return Unresolved(reason, self._evidence(view, values))
                if place is not None and self._splits(view, dimension, place):
                    reason = Reason("UNRESOLVED", case="splits", place=place, axis=side.axis)
                    return Unresolved(reason, self._evidence(view, values))
                if place is not None:
                    values[f"{side.axis} {name}"] = place
                bounds.append(place)
            low, high = bounds
            if low is not None and high is not None and not low < high:
                reason = Reason("UNRESOLVED", case="crossed", axis=side.axis, low=low, high=high)
                return Unresolved(reason, self._evidence(view, values))
            intervals.append(Interval(dimension, low, high))
        region = intervals[0] if len(intervals) == 1 else Rectangle(tuple(intervals))
        return Resolved(region, self._evidence(view, values))

    def _splits(self, view: TubeView, dimension: Dimension, place: float) -> bool:
        if self.max_height is None:
            return False
        return height_at(view.values(dimension), place, base=0.012) > self.max_height

    def _evidence(self, view: TubeView, values: dict[str, float]) -> Evidence:
        return Evidence("relative", view.events, values, Reason("FOUND", case="relative"))
