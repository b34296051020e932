"""From a population that was found among groups to ordinary gates around it.

An ellipse on two maps, then bounds on single markers as long as they keep other cells out. What the
gates hold is compared with what was found; who is in is then the gates' alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.gating.apply import inside_of
from cd5flow.gating.profile_limits import Outlining
from cd5flow.model.geometry import Dimension, Ellipse, Interval, Region
from cd5flow.model.panel import Panel
from cd5flow.model.scale import Scale
from cd5flow.numerics.robust_ellipse import core_ellipse
from cd5flow.preprocess.transforms import Columns, scale

Picked = npt.NDArray[np.bool_]
Places = npt.NDArray[np.float64]

FEWEST = 3
"""Fewer events have no shape."""


@dataclass(frozen=True)
class Outline:
    """Regions of which each lies within the one before; the last holds the population.

    Attributes:
        regions: in order, with the markers they are drawn on.
        f1: harmonic mean of the population's share inside and of its share of what is inside, among
            the events by which it was drawn.
        seen: events by which it was drawn.
        held: which of the events looked at lie inside.
    """

    regions: tuple[tuple[str, Region], ...]
    f1: float
    seen: int
    held: Picked


def outline(
    inside: Picked,
    rows: npt.NDArray[np.intp],
    *,
    others: Picked,
    maps: tuple[tuple[str, str], ...],
    bounds: tuple[str, ...],
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
    limits: Outlining,
) -> Outline | None:
    """Return gates around a population; None where it has no width.

    Args:
        inside: which of `rows` belong to it.
        rows: the events looked at, as row numbers of the tube.
        others: which of them are to be kept out: those of other populations. Cells of groups too small
            to have a place are neither.
        maps: pairs of markers, an ellipse on each.
        bounds: markers on which a bound may keep other cells out.
        columns: the tube's events on any axis.
        panel: its markers.
        scales: display scale of each detector.
        limits: of the drawing.
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
        own = np.array([x_places[inside & held], y_places[inside & held]])
        ellipse = _ellipse(x_axis, y_axis, own, limits)
        if ellipse is None:
            return None
        regions.append((f"{x}_{y}", ellipse))
        held &= inside_of(ellipse, [x_places, y_places])
    on = {marker: placed(marker) for marker in bounds}
    for _ in range(limits.bounds):
        best: tuple[int, str, Interval, Picked] | None = None
        strangers, own_held = held & others, inside & held
        for marker, (axis, places) in on.items():
            for bound in _bounds(axis, places[own_held], limits):
                kept = inside_of(bound, [places])
                removed = int(np.count_nonzero(strangers & ~kept)) - int(
                    np.count_nonzero(own_held & ~kept)
                )
                if best is None or removed > best[0]:
                    best = (removed, marker, bound, kept)
        worth = limits.worth_percent / 100 * np.count_nonzero(inside)
        if best is None or best[0] < max(1, worth):
            break
        regions.append((best[1], best[2]))
        held &= best[3]
    own_held, strangers = inside & held, others & held
    both = int(np.count_nonzero(own_held))
    f1 = 2 * both / max(both + int(np.count_nonzero(strangers)) + int(np.count_nonzero(inside)), 1)
    return Outline(tuple(regions), f1, int(np.count_nonzero(inside)), held)


def _bounds(
    axis: Dimension, places: Places, limits: Outlining
) -> tuple[Interval, Interval] | tuple[()]:
    """Return a lower and an upper bound that leave a population in, but for its outermost events."""
    if not len(places):
        return ()
    tail = limits.bound_tail_percent
    low, high = np.percentile(places, [tail, 100 - tail])
    return (
        Interval(axis, low=float(low) - limits.slack),
        Interval(axis, high=float(high) + limits.slack),
    )


def _ellipse(
    x_axis: Dimension, y_axis: Dimension, own: Places, limits: Outlining
) -> Ellipse | None:
    known = own[:, np.isfinite(own).all(axis=0)]
    if known.shape[1] < FEWEST:
        return None
    return core_ellipse(known, x_axis, y_axis, limits.held_percent, tail_gap=limits.tail_gap)
