"""From a population that was found among groups to ordinary gates around it.

An ellipse on two maps, then bounds on single markers as long as they keep other cells out. What the
gates hold is compared with what was found; who is in is then the gates' alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.apply import inside_of
from cd5flow.model.geometry import Dimension, Ellipse, Interval, Region
from cd5flow.model.panel import Panel
from cd5flow.model.scale import Scale
from cd5flow.numerics.robust_ellipse import fit_core, level_distance
from cd5flow.preprocess.transforms import Columns, scale

Picked = npt.NDArray[np.bool_]
Places = npt.NDArray[np.float64]

HELD_PERCENT: Final = 99.4
"""Share of the population that each ellipse holds."""
_TAIL_PERCENT: Final = 0.4
"""Share of the population that one bound may cut off."""
_SLACK: Final = 0.01
"""By so much of the display scale a bound stays off the population."""
_MOST_BOUNDS: Final = 4
_WORTH: Final = 0.004
"""A bound is set if it keeps out other cells that make up this share of the population."""


@dataclass(frozen=True)
class Outline:
    """Regions of which each lies within the one before; the last holds the population.

    Attributes:
        regions: in order, with the markers they are drawn on.
        f1: harmonic mean of the population's share inside and of its share of what is inside, among
            the events by which it was drawn.
        seen: events by which it was drawn.
    """

    regions: tuple[tuple[str, Region], ...]
    f1: float
    seen: int


def outline(
    inside: Picked,
    rows: npt.NDArray[np.intp],
    *,
    maps: tuple[tuple[str, str], ...],
    bounds: tuple[str, ...],
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
) -> Outline | None:
    """Return gates around a population; None where it has no width.

    Args:
        inside: which of `rows` belong to it.
        rows: the events looked at, as row numbers of the tube.
        maps: pairs of markers, an ellipse on each.
        bounds: markers on which a bound may keep other cells out.
        columns: the tube's events on any axis.
        panel: its markers.
        scales: display scale of each detector.
    """

    def placed(marker: str) -> tuple[Dimension, Places]:
        detector = panel.detector(marker)
        transform = scales.get(detector)
        linear = columns.column(Dimension(detector))[rows]
        there = linear if transform is None else scale(linear, transform)
        return Dimension(detector, transform), there.astype(np.float64)

    regions: list[tuple[str, Region]] = []
    held = np.ones(len(rows), dtype=np.bool_)
    for x, y in maps:
        (x_axis, x_places), (y_axis, y_places) = placed(x), placed(y)
        ellipse = _ellipse(x_axis, y_axis, np.column_stack([x_places, y_places]), inside & held)
        if ellipse is None:
            return None
        regions.append((f"{x}_{y}", ellipse))
        held &= inside_of(ellipse, [x_places, y_places])
    on = {marker: placed(marker) for marker in bounds}
    for _ in range(_MOST_BOUNDS):
        best: tuple[int, str, Interval, Picked] | None = None
        others = held & ~inside
        for marker, (axis, places) in on.items():
            for bound in _bounds(axis, places[inside & held]):
                kept = inside_of(bound, [places])
                removed = int(np.count_nonzero(others & ~kept)) - int(
                    np.count_nonzero(inside & held & ~kept)
                )
                if best is None or removed > best[0]:
                    best = (removed, marker, bound, kept)
        if best is None or best[0] < max(1, _WORTH * np.count_nonzero(inside)):
            break
        regions.append((best[1], best[2]))
        held &= best[3]
    both = int(np.count_nonzero(held & inside))
    f1 = 2 * both / max(int(np.count_nonzero(held)) + int(np.count_nonzero(inside)), 1)
    return Outline(tuple(regions), f1, int(np.count_nonzero(inside)))


def _bounds(axis: Dimension, places: Places) -> tuple[Interval, Interval] | tuple[()]:
    """Return a lower and an upper bound that leave a population in, but for its outermost events."""
    if not len(places):
        return ()
    low, high = np.percentile(places, [_TAIL_PERCENT, 100 - _TAIL_PERCENT])
    return Interval(axis, low=float(low) - _SLACK), Interval(axis, high=float(high) + _SLACK)


def _ellipse(
    x_axis: Dimension, y_axis: Dimension, points: Places, inside: Picked
) -> Ellipse | None:
    own = points[inside & np.isfinite(points).all(axis=1)]
    if len(own) < 3:
        return None
    covariance = np.cov(own.T)
    if not np.all(np.isfinite(covariance)) or np.linalg.det(covariance) <= 1e-14:
        return None
    fitted = fit_core(
        own, centre=np.median(own, axis=0), covariance=covariance, min_events=3, rounds=5
    )
    if fitted is None:
        return None
    centre, spread = fitted
    away = own - centre
    squared = np.einsum("ij,jk,ik->i", away, np.linalg.inv(spread), away)
    reach = float(
        np.clip(np.percentile(squared, HELD_PERCENT), level_distance(97), level_distance(99.95))
    )
    return Ellipse(
        x_axis,
        y_axis,
        (float(centre[0]), float(centre[1])),
        (float(spread[0, 0]), float(spread[0, 1]), float(spread[1, 1])),
        reach,
    )
