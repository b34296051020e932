"""The ellipse of a population, fitted to its core so that stragglers do not stretch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.model.geometry import Dimension, Ellipse
from cd5flow.numerics.chunks import chunks
from cd5flow.numerics.order_statistics import median, quantile_at

Floats = npt.NDArray[np.floating[Any]]

CORE_SHARE = 0.9
"""Share of a bivariate normal that counts as its core."""
CORE_DISTANCE = float(-2 * np.log(1 - CORE_SHARE))
"""Squared distance, in units of the covariance, that holds the core."""
WHOLE = CORE_SHARE / (CORE_SHARE - (1 - CORE_SHARE) * CORE_DISTANCE / 2)
"""Covariance of a bivariate normal over that of its core: p / (p - (1 - p) q / 2), q the distance."""

_AT_ONCE = 32_768  # points of a chunk: in float64 they take twice what most steps take


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
    x, y = points.T
    for _ in range(rounds):
        core = _Sums.of(x, y, centre, within=covariance)
        events = core.events
        if events < max(min_events, 3):
            break
        moved, scatter = core.moments()
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
    # About a place among them, so that far from zero little is lost to rounding.
    return _Sums.of(x, y, np.array([x[0], y[0]], dtype=np.float64)).moments()


@dataclass(frozen=True, slots=True)
class _Sums:
    """What mean and covariance of points are made of, counted from a place.

    Attributes:
        events: how many points.
        centre: (2,) the place.
        sums: (2,) of the distances on either axis.
        products: (3,) of x x, x y and y y of those.
    """

    events: int
    centre: Floats
    sums: Floats
    products: Floats

    @classmethod
    def of(cls, x: Floats, y: Floats, centre: Floats, within: Floats | None = None) -> _Sums:
        """Add up points, or those of them within the core of a covariance about the place."""
        told = [_added(x[b], y[b], centre, within) for b in chunks(x.size, _AT_ONCE)]
        events, *sums = np.reshape(told, (-1, 6)).sum(axis=0)
        return cls(int(events), centre, np.array(sums[:2]), np.array(sums[2:]))

    def moments(self) -> tuple[Floats, Floats]:
        """Return mean, (2,), and covariance, (2, 2)."""
        away = self.sums / self.events
        xx, xy, yy = self.products - self.events * away[[0, 0, 1]] * away[[0, 1, 1]]
        return self.centre + away, np.array([[xx, xy], [xy, yy]]) / (self.events - 1)


def _added(x: Floats, y: Floats, centre: Floats, within: Floats | None) -> tuple[float, ...]:
    """Return how many points of a chunk count, and the five sums over them."""
    u, v = x.astype(np.float64), y.astype(np.float64)
    u -= centre[0]
    v -= centre[1]
    if within is not None:
        near = _squared(u, v, within) <= CORE_DISTANCE
        u, v = u.compress(near), v.compress(near)
    # Not by `@`: its threads cost more than they bring to so small a product.
    products = (np.einsum("i,i", a, b) for a, b in ((u, u), (u, v), (v, v)))
    return u.size, u.sum(), v.sum(), *products


def squared_distance(points: Floats, centre: Floats, covariance: Floats) -> Floats:
    """Return (p - centre)' covariance^-1 (p - centre) of each point, (n, 2)."""
    return _squared(points[:, 0] - centre[0], points[:, 1] - centre[1], covariance)


def _squared(x: Floats, y: Floats, covariance: Floats) -> Floats:
    """Return the squared distance of places told from a centre, in units of a covariance."""
    inverse = np.linalg.inv(covariance)
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


def core_ellipse(
    points: Floats,
    x_axis: Dimension,
    y_axis: Dimension,
    level_percent: float,
    *,
    least_sd: float = 0.0,
    tail_gap: float | None = None,
) -> Ellipse | None:
    """Return the ellipse that holds a share of a normal population fitted to the core of events.

    Args:
        points: (2, n) the events.
        x_axis: the first that they lie on.
        y_axis: the second.
        level_percent: the share.
        least_sd: added to the population's width on either axis.
        tail_gap: where the tails are longer than a normal's the ellipse grows until it holds that
            share of the events themselves, but for the outermost, and no further than to where the
            next event lies more than so many times as far out; None is a normal's tails.
    """
    if points.shape[1] < 2:
        return None
    _, covariance = moments(*points)
    covariance = covariance + least_sd**2 * np.eye(2)
    if not np.all(np.isfinite(covariance)) or np.linalg.det(covariance) <= 1e-14:
        return None
    fitted = fit_core(
        points.T,
        centre=np.array([median(axis.astype(np.float64)) for axis in points]),
        covariance=covariance,
        min_events=3,
        prior=covariance if least_sd else None,
        prior_events=3 if least_sd else 0,
        rounds=5,
    )
    if fitted is None:
        return None
    centre, covariance = fitted
    reach = level_distance(level_percent)
    if tail_gap is not None:
        squared = squared_distance(points.T, centre, covariance)
        reach = _through_tail(squared, reach, level_percent=level_percent, gap=tail_gap)
    return Ellipse(
        x_axis,
        y_axis,
        (float(centre[0]), float(centre[1])),
        (float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        reach,
    )


def _through_tail(squared: Floats, reach: float, *, level_percent: float, gap: float) -> float:
    """Return how far a tail goes on beyond a reach: to the share that is asked, or to a gap.

    Args:
        squared: squared distances of the events.
        reach: the squared distance that the ellipse holds in any case.
        level_percent: share of the events that it is to hold.
        gap: a tail ends where the next event is more than so many times as far.
    """
    share = min(level_percent / 100, 1 - 1 / squared.size)
    end = quantile_at(squared, share)
    tail = np.sort(squared[(squared > reach) & (squared <= end)])
    steps = np.concatenate([[reach], tail, [max(reach, end)]])
    gaps = np.flatnonzero(steps[1:] > gap**2 * steps[:-1])
    return float(steps[gaps[0]] if gaps.size else steps[-1])
