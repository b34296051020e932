"""Which of several populations on a map is the one that a gate is about: a stated rule, and windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from pydantic import Field, model_validator

from cd5flow.gating.tube_view import (
    Edge,
    Spec,
    TubeView,
    linear_end,
    refuse_one_channel_twice,
    shift_decades,
)
from cd5flow.model.geometry import Dimension
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef


class Placed(Protocol):
    """Something with a place on a map, such as a hill or a component."""

    @property
    def peak(self) -> tuple[float, float]:
        """Its place on either axis, in display units."""


Found = TypeVar("Found", bound=Placed)


class Window(Spec):
    """Where on an axis a population's middle may lie."""

    low: Edge | None = None
    high: Edge | None = None

    @property
    def bounds(self) -> bool:
        """Whether it leaves any place out."""
        return self.low is not None or self.high is not None


class RoleSpec(Spec):
    """A population on two axes, told from the others there by a rule.

    Attributes:
        x, y: the markers of the map.
        role: axis to its weight: of the populations, the one with the highest weighted sum of its
            place (display units) is taken. ``{CD45: 1, SSC: -1}`` is "CD45 highest, SSC lowest".
        x_window, y_window: where its middle may lie.
        lead_decades: axis to the least distance, in decades of linear signal, of its middle above
            that of the dimmest: a positive population must be told from a negative one.
        min_share_percent: smallest share of the parent's events for a population to be a candidate.
        max_share_percent: largest share: what is most of the tube is no normal landmark.
        level_percent: share of a normal population that the ellipse holds.
    """

    x: MarkerRef
    y: MarkerRef
    role: dict[MarkerRef, float] = Field(min_length=1)
    x_window: Window = Window()
    y_window: Window = Window()
    lead_decades: dict[MarkerRef, float] = Field(default_factory=dict)
    min_share_percent: float = Field(default=0, ge=0, le=100)
    max_share_percent: float = Field(default=100, gt=0, le=100)
    level_percent: float = Field(default=99, gt=0, lt=100)

    @model_validator(mode="after")
    def _of_its_axes(self) -> RoleSpec:
        refuse_one_channel_twice(self.x, self.y)
        for name, named in (("role", self.role), ("lead_decades", self.lead_decades)):
            other = sorted(set(named) - {self.x, self.y})
            if other:
                names = ", ".join(other)
                raise ValueError(f"{name} names {names}; the axes are {self.x} and {self.y}")
        return self

    def rule(self, case: str) -> Reason:
        """Return how it was found, as ``the hill with CD45 highest, SSC lowest``.

        Args:
            case: of ``FOUND``: what is looked for.
        """
        places = tuple(
            Reason("PLACED", case="highest" if weight > 0 else "lowest", axis=axis)
            for axis, weight in self.role.items()
        )
        return Reason("FOUND", case=case, role=places)

    def why(self, case: str, **values: object) -> Reason:
        """Return why the population cannot be told, on this map."""
        return Reason("UNRESOLVED", case=case, x=self.x, y=self.y, **values)

    def score(self, one: Placed) -> float:
        """Return by how much a population has the role."""
        place = dict(zip((self.x, self.y), one.peak, strict=True))
        return sum(weight * place[axis] for axis, weight in self.role.items())

    def leading(self, every: Sequence[Found], axes: tuple[Dimension, Dimension]) -> list[Found]:
        """Return those far enough above the dimmest one on every axis that asks for it."""
        leading = list(every)
        for k, (name, axis) in enumerate(zip((self.x, self.y), axes, strict=True)):
            if name not in self.lead_decades or not every:
                continue
            dimmest = min(one.peak[k] for one in every)
            # Within the linear part a factor means nothing: the lead is counted from its end there.
            start = max(dimmest, linear_end(axis.scale))
            place = shift_decades(start, self.lead_decades[name], axis.scale)
            # From zero or below any signal is decades away.
            least = np.nextafter(start, np.inf) if place is None else place
            leading = [one for one in leading if one.peak[k] >= least]
        return leading

    def allowed(self, one: Placed, view: TubeView, axes: tuple[Dimension, Dimension]) -> bool:
        """Whether a population's middle lies in the windows; one that nothing places holds none."""
        windows = (self.x_window, self.y_window)
        for place, window, axis in zip(one.peak, windows, axes, strict=True):
            low, high = view.at(window.low, axis), view.at(window.high, axis)
            if (window.low is not None and low is None) or (
                window.high is not None and high is None
            ):
                return False
            if (low is not None and place < low) or (high is not None and place > high):
                return False
        return True
