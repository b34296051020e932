"""k-means with a stated start: the same points and the same numbers give the same groups.

Lloyd SP. IEEE Trans Inf Theory 1982;28:129. Start: Arthur D, Vassilvitskii S. SODA 2007:1027. Two parts of
a group by the distance of their means in spreads: Ashman KM. Astron J 1994;108:2348.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cd5flow.numerics.chunks import chunks

Points = npt.NDArray[np.float32]
Labels = npt.NDArray[np.intp]

_SMALL_PRODUCT = 200_000
"""Multiplications of one product: of more BLAS makes threads, which cost more than they bring here."""
_STARTERS = 2_000
"""Among so many points, evenly taken, the first centres are drawn."""


def k_means(points: Points, groups: int, *, rng: np.random.Generator, rounds: int = 8) -> Labels:
    """Return each point's group, 0 to `groups` - 1; a group may stay empty.

    Args:
        points: (n, d), finite.
        groups: how many at most.
        rng: draws the first centres.
        rounds: of assigning points and moving centres.
    """
    centres = _start(points[:: max(1, len(points) // _STARTERS)], groups, rng)
    labels = _nearest(points, centres)
    for _ in range(rounds):
        moved = _means(points, labels, centres)
        again = _nearest(points, moved)
        centres = moved
        if np.array_equal(again, labels):
            break
        labels = again
    return labels


def split_spanning(
    points: Points, labels: Labels, *, apart: float, clear: float, part: float
) -> Labels:
    """Return the groups, those that hold two populations on one axis split into these.

    A group is cut where that leaves least spread in its parts, on the axis on which these are clearest
    apart, again and again until none spans two.

    Args:
        points: (n, d), finite.
        labels: (n,) the group of each.
        apart: distance of the means of two parts from which they may be two populations,
        clear: in root mean square spreads of the parts.
        part: smallest share of the group's points in either, 0 to 1.
    """
    found = labels.copy()
    fresh = int(labels.max(initial=-1)) + 1
    todo = np.flatnonzero(np.bincount(labels)).tolist()
    # Two parts so far from one another spread their group by so much at the least.
    least_spread = apart * float(np.sqrt(part * (1 - part)))
    while todo:
        label = todo.pop()
        rows = np.flatnonzero(found == label)
        own = points[rows].astype(np.float64)
        cuts = [
            (*cut, int(j))
            for j in np.flatnonzero(own.std(axis=0) >= least_spread)
            if (cut := _clearest_cut(own[:, j], apart=apart, part=part)) is not None
        ]
        if not cuts:
            continue
        clearest, place, axis = max(cuts)
        if clearest < clear:
            continue
        found[rows[own[:, axis] > place]] = fresh
        todo += [label, fresh]
        fresh += 1
    return found


def _clearest_cut(
    values: npt.NDArray[np.float64], *, apart: float, part: float
) -> tuple[float, float] | None:
    """Return how clear two parts of some values are, and the last of the lower; None for one part."""
    ordered = np.sort(values)
    n = len(ordered)
    below = np.arange(1, n)
    sums, squares = np.cumsum(ordered)[:-1], np.cumsum(ordered**2)[:-1]
    low, high = sums / below, (ordered.sum() - sums) / (n - below)
    within = (
        np.maximum(squares - below * low**2, 0),
        np.maximum((ordered**2).sum() - squares - (n - below) * high**2, 0),
    )
    allowed = (np.minimum(below, n - below) >= max(2, part * n)) & (ordered[1:] > ordered[:-1])
    if not allowed.any():
        return None
    at = int(np.argmin(np.where(allowed, within[0] + within[1], np.inf)))
    away = high[at] - low[at]
    if away < apart:
        return None
    spread = np.sqrt((within[0][at] / below[at] + within[1][at] / (n - below[at])) / 2)
    return float(away / max(spread, 1e-9)), float(ordered[at])


def group_medians(
    points: Points, labels: Labels, groups: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """Return the middle of some groups on every axis, (groups, d); NaN for one without points.

    Args:
        points: (n, d), finite.
        labels: (n,) the group of each.
        groups: those asked about.
    """
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    starts = np.searchsorted(ordered, groups, side="left")
    ends = np.searchsorted(ordered, groups, side="right")
    found = np.full((len(groups), points.shape[1]), np.nan)
    axes = np.ascontiguousarray(points.T)[:, order]
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if start < end:
            middle = ((end - start - 1) // 2, (end - start) // 2)
            own = np.partition(axes[:, start:end], middle, axis=1)[:, middle]
            found[i] = own.mean(axis=1, dtype=np.float64)
    return found


def _start(points: Points, groups: int, rng: np.random.Generator) -> Points:
    """Return centres drawn one after the other, far ones likelier (k-means++)."""
    centres = np.empty((min(groups, len(points)), points.shape[1]), dtype=np.float32)
    centres[0] = points[int(rng.integers(len(points)))]
    away = _squared(points, centres[0])
    for k in range(1, len(centres)):
        reached = np.cumsum(away, dtype=np.float64)
        drawn = int(np.searchsorted(reached, rng.random() * reached[-1], side="right"))
        centres[k] = points[min(drawn, len(points) - 1)]
        np.minimum(away, _squared(points, centres[k]), out=away)
    return centres


def _squared(points: Points, centre: Points) -> Points:
    away = points - centre
    return np.asarray(np.einsum("ij,ij->i", away, away), dtype=np.float32)


def _nearest(points: Points, centres: Points) -> Labels:
    """Return the nearest centre of each point: of |x - c|^2 the part that differs between centres."""
    halves = 0.5 * np.einsum("ij,ij->i", centres, centres)
    labels = np.empty(len(points), dtype=np.intp)
    across = np.ascontiguousarray(centres.T)
    for some in chunks(len(points), max(1, _SMALL_PRODUCT // centres.size)):
        product = points[some] @ across
        product -= halves
        np.argmax(product, axis=1, out=labels[some])
    return labels


def _means(points: Points, labels: Labels, centres: Points) -> Points:
    """Return the mean of each group; where one is empty its centre stays."""
    groups = len(centres)
    counts = np.bincount(labels, minlength=groups)
    filled = np.flatnonzero(counts)
    sums = np.stack([np.bincount(labels, axis, groups) for axis in points.T], axis=1)
    moved = centres.copy()
    moved[filled] = sums[filled] / counts[filled, None]
    return moved
