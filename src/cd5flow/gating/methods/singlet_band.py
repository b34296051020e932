"""Singlets: events whose height follows their area."""

from __future__ import annotations

from collections.abc import Callable
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
from cd5flow.model.geometry import Dimension, Polygon
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef
from cd5flow.numerics.order_statistics import MAD_TO_SD, median

ROUNDING = 1e-6
"""Relative spread that rounding to float32 alone can give."""


class SingletBand(Spec):
    """The band around the line of height on area, found by robust regression on linear units.

    Iteratively reweighted least squares with Huber's weights (Huber PJ. Ann Math Stat 1964;35:73),
    with residuals relative to the area, since pulse noise grows with the signal. Two cells in one
    pulse add their areas but not their heights, and fall below the band. A value at the end of its
    scale is "at least so much": such events place no side, and stay in wherever a true value beyond
    the end would lie in the band.

    Attributes:
        area: the marker on x.
        height: the marker on y.
        below: spreads of the band's lower side.
        above: spreads of its upper side.
        sample_events: at most so many events, evenly taken, fit the line.
    """

    method: Literal["singlet_band"]
    area: MarkerRef
    height: MarkerRef
    below: float = Field(default=4, gt=0)
    above: float = Field(default=5, gt=0)
    min_events: int = Field(default=200, ge=10)
    sample_events: int = Field(default=50_000, ge=1_000)

    @model_validator(mode="after")
    def _axes_apart(self) -> SingletBand:
        refuse_one_channel_twice(self.area, self.height)
        return self

    def find(self, view: TubeView) -> Outcome:
        """Fit the band; unresolved with too few events or without any spread."""
        x_axis = view.dimension(self.area, linear=True)
        y_axis = view.dimension(self.height, linear=True)
        x, y = view.values(x_axis), view.values(y_axis)
        tops = (_top(x, view, x_axis), _top(y, view, y_axis))
        reach = 1.05 * float(np.max(x[np.isfinite(x)], initial=0.0))
        keep = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
        keep &= (x < tops[0]) & (y < tops[1])
        if not keep.all():
            x, y = x.compress(keep), y.compress(keep)
        nothing = Evidence("singlet_band", int(x.size))
        if x.size < self.min_events:
            return Unresolved(self._why("few_for_band", events=x.size), nothing)
        stride = max(1, x.size // self.sample_events)
        fitted = (values[::stride].astype(np.float64) for values in (x, y))
        intercept, slope, spread = _fit(*fitted)
        if not slope > 0:
            return Unresolved(self._why("no_rise"), nothing)
        if spread <= ROUNDING * slope:
            return Unresolved(self._why("computed"), nothing)
        # The band reaches a little past the events at either end, so that none is cut there.
        left, right = 0.5 * float(x.min()), max(1.05 * float(x.max()), reach)

        def side(place: float, spreads: float) -> float:
            return intercept + slope * place + spreads * spread * place

        vertices = _vertices(
            left,
            right,
            lambda place: side(place, -self.below),
            lambda place: side(place, self.above),
            tops=tops,
        )
        values = {"slope": slope, "intercept_linear": intercept, "relative_spread": spread}
        note = Reason(
            "FOUND",
            case="band",
            height=self.height,
            area=self.area,
            below=self.below,
            above=self.above,
        )
        return Resolved(
            Polygon(x_axis, y_axis, vertices), Evidence("singlet_band", int(x.size), values, note)
        )

    def _why(self, case: str, **values: object) -> Reason:
        """Return why the band cannot be told."""
        return Reason("UNRESOLVED", case=case, height=self.height, area=self.area, **values)


def _top(values: np.ndarray, view: TubeView, axis: Dimension) -> float:
    """Return from where values are at the end of their scale; infinite where none is."""
    end = view.columns.events.raw.channel(axis.detector).last_step
    return float("inf") if end is None or not np.any(values >= end) else float(end)


def _vertices(
    left: float,
    right: float,
    lower: Callable[[float], float],
    upper: Callable[[float], float],
    *,
    tops: tuple[float, float],
) -> tuple[tuple[float, float], ...]:
    """Return the corners of a band that is open where a value says only "at least so much".

    Args:
        left: where the band begins on x.
        right: where it ends.
        lower: its lower side.
        upper: its upper side.
        tops: where x and y end; infinite where no event is at an end.
    """
    x_top, y_top = tops
    ceiling = max(upper(right), 1.05 * y_top if np.isfinite(y_top) else 0.0)
    corners = [(left, lower(left))]
    crossing = right
    if np.isfinite(y_top) and lower(right) > y_top:
        # Beyond this area a height at its end may belong to a band that lies higher.
        crossing = left + (right - left) * (y_top - lower(left)) / (lower(right) - lower(left))
        corners += [(crossing, y_top), (right, y_top)]
    else:
        corners.append((right, lower(right)))
    if np.isfinite(x_top):
        corners += [(right, ceiling), (x_top, ceiling), (x_top, upper(x_top))]
    else:
        corners.append((right, max(upper(right), ceiling)))
        if np.isfinite(y_top) and upper(right) < ceiling:
            corners.append((crossing, ceiling))
    return (*corners, (left, upper(left)))


def _fit(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Return intercept, slope and robust spread of (y - line) / x."""
    ratio = y / x
    slope, intercept = median(ratio), 0.0
    spread = MAD_TO_SD * median(np.abs(ratio - slope))
    # y/x = slope + intercept * (1/x): a weighted line in 1/x keeps residuals relative.
    inverse = 1.0 / x
    for _ in range(20):
        residual = ratio - slope - intercept * inverse
        spread = MAD_TO_SD * median(np.abs(residual - median(residual)))
        if spread <= ROUNDING * abs(slope):
            break
        weight = 1.345 * spread / np.maximum(np.abs(residual), 1.345 * spread)
        # Far below the line lie doublets, not noise: they are left out.
        weight[np.abs(residual) > 4 * spread] = 0.0
        if not weight.any():
            break
        total = weight.sum()
        mean_i, mean_r = (weight * inverse).sum() / total, (weight * ratio).sum() / total
        variance = (weight * (inverse - mean_i) ** 2).sum()
        step = (
            float((weight * (inverse - mean_i) * (ratio - mean_r)).sum() / variance)
            if variance > 0
            else 0.0
        )
        settled = abs(step - intercept) <= 1e-9 * max(abs(step), 1.0)
        intercept = step
        slope = float(mean_r - intercept * mean_i)
        if settled:
            break
    return intercept, slope, spread
