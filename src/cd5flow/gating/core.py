"""The ellipse of a population, fitted to its core so that stragglers do not stretch it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

CORE_SHARE = 0.9
"""Share of a bivariate normal that counts as its core."""
CORE_DISTANCE = float(-2 * np.log(1 - CORE_SHARE))
"""Squared distance, in units of the covariance, that holds the core."""
WHOLE = CORE_SHARE / (CORE_SHARE - (1 - CORE_SHARE) * CORE_DISTANCE / 2)
"""Covariance of a bivariate normal over that of its core: p / (p - (1 - p) q / 2), q the distance."""

_BLOCK = 32_768  # points at a time: the working arrays stay in the cache


def fit_core(
    points: Floats,
    *,
    centre: Floats,
    covariance: Floats,
    min_events: int,
    prior: Floats | None = None,
    prior_events: int = 0,
    rounds: int = 10,
) -> tuple[Floats, Floats] | None:
    """Return centre and covariance of the population whose core lies around a place.

    Each round takes the events within the core of the last ellipse and makes their truncated
    covariance whole again, until that settles.

    Args:
        points: (n, 2).
        centre: where to begin.
        covariance: with what shape.
        min_events: with fewer in the core the last ellipse stands.
        prior: a covariance that stands in where events are few, with the weight of `prior_events`.
        prior_events: see above.
        rounds: at most so many.

    Returns:
        Centre and covariance; None where the events have no width.
    """
    # Either coordinate by itself lies together in memory.
    x, y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
    for _ in range(rounds):
        near = _within_core(x, y, centre, covariance)
        inner_x, inner_y = x.compress(near), y.compress(near)
        events = inner_x.size
        if events < max(min_events, 3):
            break
        moved, scatter = moments(inner_x, inner_y)
        grown = WHOLE * scatter
        if prior is not None:
            grown = (events * grown + prior_events * prior) / (events + prior_events)
        if not np.all(np.isfinite(grown)) or np.linalg.det(grown) <= 1e-14:
            return None
        settled = bool(np.allclose(grown, covariance, rtol=1e-3, atol=0))
        centre, covariance = moved, grown
        if settled:
            break
    return centre, covariance


def moments(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return mean, (2,), and covariance, (2, 2), of at least two points."""
    mean = np.array([x.mean(), y.mean()])
    x, y = x - mean[0], y - mean[1]
    # Not by `@`: its threads cost more than they bring to so small a product.
    xx, xy, yy = (np.einsum("i,i", a, b) for a, b in ((x, x), (x, y), (y, y)))
    return mean, np.array([[xx, xy], [xy, yy]]) / (x.size - 1)


def squared_distance(points: Floats, centre: Floats, covariance: Floats) -> Floats:
    """Return (p - centre)' covariance^-1 (p - centre) of each point, (n, 2)."""
    return _squared(points[:, 0], points[:, 1], centre, covariance)


def _within_core(x: Floats, y: Floats, centre: Floats, covariance: Floats) -> npt.NDArray[np.bool_]:
    """Return which points lie within the core of an ellipse."""
    near = np.empty(x.size, dtype=np.bool_)
    for start in range(0, x.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        near[block] = _squared(x[block], y[block], centre, covariance) <= CORE_DISTANCE
    return near


def _squared(x: Floats, y: Floats, centre: Floats, covariance: Floats) -> Floats:
    inverse = np.linalg.inv(covariance)
    x, y = x - centre[0], y - centre[1]
    found, crossed = inverse[0, 0] * x, 2 * inverse[0, 1] * x
    found *= x
    crossed *= y
    found += crossed
    np.multiply(inverse[1, 1], y, out=crossed)
    crossed *= y
    found += crossed
    return np.asarray(found)


def level_distance(level_percent: float) -> float:
    """Return the squared distance that holds a share of a bivariate normal."""
    return float(-2 * np.log1p(-level_percent / 100))
