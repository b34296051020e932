"""From a population that was found among groups to ordinary gates around it.

An ellipse on two maps, then bounds on single markers as long as they keep other cells out. What the
gates hold is compared with what was found; who is in is then the gates' alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.gating.apply import inside_of
from cd5flow.gating.profile_limits import Outlining
from cd5flow.model.geometry import Dimension, Ellipse, Interval, Region
from cd5flow.model.panel import Panel
from cd5flow.model.scale import Scale
from cd5flow.numerics.order_statistics import quantiles
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
    kept: dict[str, tuple[Dimension, Places]] = {}

    def placed(marker: str) -> tuple[Dimension, Places]:
        if marker not in kept:
            detector = panel.detector(marker)
            transform = scales.get(detector)
            linear = columns.column(Dimension(detector))[rows]
            there = linear if transform is None else scale(linear, transform)
            kept[marker] = Dimension(detector, transform), there.astype(np.float64)
        return kept[marker]

    best: Outline | None = None
    for held_percent in limits.held_percent:
        drawn = _drawn(
            inside,
            others=others,
            maps=[(on, placed(on[0]), placed(on[1])) for on in maps],
            bounds=lambda: [(marker, *placed(marker)) for marker in bounds],
            held_percent=held_percent,
            limits=limits,
        )
        if drawn is not None and (best is None or drawn.f1 > best.f1):
            best = drawn
        if best is None or best.f1 >= limits.enough_f1:
            break
    return best


Axis = tuple[Dimension, Places]


def _drawn(
    inside: Picked,
    *,
    others: Picked,
    maps: Sequence[tuple[tuple[str, str], Axis, Axis]],
    bounds: Callable[[], Sequence[tuple[str, Dimension, Places]]],
    held_percent: float,
    limits: Outlining,
) -> Outline | None:
    regions: list[tuple[str, Region]] = []
    held = np.ones(len(inside), dtype=np.bool_)
    for (x, y), (x_axis, x_places), (y_axis, y_places) in maps:
        own = np.array([x_places[inside & held], y_places[inside & held]])
        ellipse = _ellipse(x_axis, y_axis, own, held_percent, limits)
        if ellipse is None:
            return None
        regions.append((f"{x}_{y}", ellipse))
        held &= inside_of(ellipse, [x_places, y_places])
    worth = max(1.0, limits.worth_percent / 100 * np.count_nonzero(inside))
    # No bound can be worth more than there are others to keep out.
    if np.count_nonzero(others & held) >= worth:
        tried = [
            (marker, bound, inside_of(bound, [places]))
            for marker, axis, places in bounds()
            for bound in _bounds(axis, places[inside & held], limits)
        ]
        for i in _worth_most(tried, inside, others, held, worth=worth, most=limits.bounds):
            marker, bound, holds = tried[i]
            regions.append((marker, bound))
            held &= holds
    both = int(np.count_nonzero(inside & held))
    strangers = int(np.count_nonzero(others & held))
    f1 = 2 * both / max(both + strangers + int(np.count_nonzero(inside)), 1)
    return Outline(tuple(regions), f1, int(np.count_nonzero(inside)), held)


def _worth_most(
    tried: Sequence[tuple[str, Interval, Picked]],
    inside: Picked,
    others: Picked,
    held: Picked,
    *,
    worth: float,
    most: int,
) -> Iterator[int]:
    """Yield the bounds that keep most others out, one after the other, while they are worth it."""
    if not tried:
        return
    leaves = ~np.array([holds for _, _, holds in tried])
    left = held.copy()
    for _ in range(most):
        removed = (leaves & (others & left)).sum(axis=1) - (leaves & (inside & left)).sum(axis=1)
        best = int(np.argmax(removed))
        if removed[best] < worth:
            return
        yield best
        left &= ~leaves[best]


def _bounds(
    axis: Dimension, places: Places, limits: Outlining
) -> tuple[Interval, Interval] | tuple[()]:
    """Return a lower and an upper bound that leave a population in, but for its outermost events."""
    if not len(places):
        return ()
    tail = limits.bound_tail_percent
    low, high = quantiles(places.astype(np.float64), (tail, 100 - tail))
    return (
        Interval(axis, low=low - limits.slack),
        Interval(axis, high=high + limits.slack),
    )


def _ellipse(
    x_axis: Dimension, y_axis: Dimension, own: Places, held_percent: float, limits: Outlining
) -> Ellipse | None:
    known = own[:, np.isfinite(own).all(axis=0)]
    if known.shape[1] < FEWEST:
        return None
    return core_ellipse(known, x_axis, y_axis, held_percent, tail_gap=limits.tail_gap)
