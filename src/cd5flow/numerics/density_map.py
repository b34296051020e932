"""Hills of a smoothed two-dimensional histogram: how methods look at a scatter plot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.numerics.chunks import chunks
from cd5flow.numerics.density import bandwidth, gaussian_kernel

Floats = npt.NDArray[np.float64]

MAP = 128
"""Bins a side of a two-dimensional histogram."""


@dataclass(frozen=True, slots=True)
class Basin:
    """A hill of a two-dimensional density map and the events on its slopes.

    Attributes:
        peak: (x, y) of the top.
        height: density at the top.
        events: events in the basin.
        bins: (MAP x MAP + 1,) whether a bin is on its slopes; the last is outside the map.
        places: the bin of each event.
    """

    peak: tuple[float, float]
    height: float
    events: int
    bins: npt.NDArray[np.bool_]
    places: npt.NDArray[np.int16]

    @property
    def members(self) -> npt.NDArray[np.bool_]:
        """Which of the events given are its own."""
        return self.bins.take(self.places)


def find_basins(
    x: npt.NDArray[np.floating],
    y: npt.NDArray[np.floating],
    *,
    base: tuple[float, float],
    limits: tuple[float, float, float, float],
    min_depth: float,
    min_events: int,
) -> tuple[Basin, ...]:
    """Return the hills of a density map, the most populous first.

    Every bin climbs to its highest neighbour; hills whose pass to a higher neighbour lies less than
    `min_depth` below their own top are joined to it, and so are hills under `min_events`.

    Args:
        x: first coordinate of the events.
        y: second coordinate.
        base: smoothing width of either axis at 2,000 events and more.
        limits: (x low, x high, y low, y high); events outside are left aside.
        min_depth: share of a hill's height by which it must stand out.
        min_events: fewest events of a hill.
    """
    x_low, x_high, y_low, y_high = limits
    places, counts = _places(x, y, limits)
    inside = int(counts.sum())
    if inside == 0:
        return ()
    # Wider than the map is flat whatever the width: a column without any spread ends there.
    widths = [
        min(max(bandwidth(inside, base=b) * MAP / span, 0.6), MAP)
        for b, span in zip(base, (x_high - x_low, y_high - y_low), strict=True)
    ]
    density = _smooth_map(counts, widths)
    hill = _climb(density)
    hill = _join(density, counts, hill, min_depth=min_depth, min_events=min_events)
    owner = np.append(hill.ravel(), -1)
    events = np.bincount(hill.ravel(), weights=counts.ravel())
    found = []
    for top in np.flatnonzero(events >= max(min_events, 1)):
        a, b = divmod(int(top), MAP)
        peak = (
            x_low + (a + 0.5) * (x_high - x_low) / MAP,
            y_low + (b + 0.5) * (y_high - y_low) / MAP,
        )
        found.append(Basin(peak, float(density[a, b]), int(events[top]), owner == top, places))
    return tuple(sorted(found, key=lambda basin: -basin.events))


def _places(
    x: npt.NDArray[np.floating],
    y: npt.NDArray[np.floating],
    limits: tuple[float, float, float, float],
) -> tuple[npt.NDArray[np.int16], Floats]:
    """Return the flat index of each event's bin, and the events of each bin, (MAP, MAP).

    The index is MAP x MAP outside the limits and for NaN.
    """
    x_low, x_high, y_low, y_high = limits
    places = np.full(x.size, MAP * MAP, dtype=np.int16)
    counts = np.zeros(MAP * MAP + 1, dtype=np.intp)
    if not (x_high > x_low and y_high > y_low):  # far from zero a margin may be lost to rounding
        return places, np.zeros((MAP, MAP))
    for chunk in chunks(x.size):
        u, v = x[chunk].astype(np.float64), y[chunk].astype(np.float64)
        inside = (u >= x_low) & (u < x_high) & (v >= y_low) & (v < y_high)
        i = _bins(u, x_low, x_high, inside)
        j = _bins(v, y_low, y_high, inside)
        cells = np.where(inside, i * MAP + j, MAP * MAP)
        counts += np.bincount(cells, minlength=counts.size)
        places[chunk] = cells
    return places, counts[:-1].reshape(MAP, MAP).astype(np.float64)


def _bins(
    values: Floats, low: float, high: float, inside: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int32]:
    """Return the bin, 0 to MAP - 1, of values between low and high; 0 for those not inside."""
    steps = (values - low) * (MAP / (high - low))
    # 32 bits hold a bin, and processors convert to them several values at a time.
    return np.where(inside, steps, 0.0).astype(np.int32).clip(0, MAP - 1)


def _smooth_map(counts: Floats, widths: list[float]) -> Floats:
    smooth = counts
    for axis, width in enumerate(widths):
        kernel = gaussian_kernel(width)
        reach = kernel.size // 2
        padded = np.pad(smooth, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)])
        shifted = np.zeros_like(smooth)
        for k, weight in enumerate(kernel):
            window = padded[k : k + MAP, :] if axis == 0 else padded[:, k : k + MAP]
            shifted += weight * window
        smooth = shifted
    return smooth


def _climb(density: Floats) -> npt.NDArray[np.intp]:
    """Return, for each bin, the flat index of the summit that steepest ascent reaches."""
    padded = np.pad(density, 1, constant_values=-1.0)
    best = density.copy()
    towards = np.arange(MAP * MAP).reshape(MAP, MAP)
    own = towards.copy()
    for di in (-1, 0, 1):
        for dj in (-1, 0, 1):
            if di == dj == 0:
                continue
            neighbour = padded[1 + di : 1 + di + MAP, 1 + dj : 1 + dj + MAP]
            higher = neighbour > best
            best = np.where(higher, neighbour, best)
            towards = np.where(higher, own + di * MAP + dj, towards)
    flat = towards.ravel()
    while True:
        further = flat[flat]
        if np.array_equal(further, flat):
            return flat.reshape(MAP, MAP)
        flat = further


def _join(
    density: Floats,
    counts: Floats,
    hill: npt.NDArray[np.intp],
    *,
    min_depth: float,
    min_events: int,
) -> npt.NDArray[np.intp]:
    """Join hills that do not stand out to the neighbour across their highest pass."""
    labels = hill.ravel().copy()
    top = density.ravel()
    passes = _passes(density, hill)
    mass = np.bincount(labels, weights=counts.ravel(), minlength=MAP * MAP)
    while passes:
        # The pass that is least deep relative to its lower hill goes first; hills too small to stand
        # alone go before all others.
        shares = {
            (p, q): height / min(top[p], top[q]) + float(min(mass[p], mass[q]) < min_events)
            for (p, q), height in passes.items()
        }
        pair = max(shares, key=lambda pq: shares[pq])
        if shares[pair] < 1 - min_depth:
            break
        high, low = sorted(pair, key=lambda t: -top[t])
        labels[labels == low] = high
        mass[high] += mass[low]
        mass[low] = 0
        passes = _repassed(passes, low, high)
    return labels.reshape(MAP, MAP)


def _passes(density: Floats, hill: npt.NDArray[np.intp]) -> dict[tuple[int, int], float]:
    """Return the height of the highest pass between each pair of touching hills."""
    passes: dict[tuple[int, int], float] = {}
    for here, there in (
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1), slice(None, -1)), (slice(1, None), slice(1, None))),
        ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1))),
    ):
        a, b = hill[here], hill[there]
        height = np.minimum(density[here], density[there])
        border = (a != b) & (height > 0)
        for p, q, h in zip(
            a[border].tolist(), b[border].tolist(), height[border].tolist(), strict=True
        ):
            pair = (p, q) if p < q else (q, p)
            if h > passes.get(pair, 0.0):
                passes[pair] = h
    return passes


def _repassed(
    passes: dict[tuple[int, int], float], gone: int, into: int
) -> dict[tuple[int, int], float]:
    moved: dict[tuple[int, int], float] = {}
    for (p, q), height in passes.items():
        a, b = (into if t == gone else t for t in (p, q))
        if a == b:
            continue
        pair = (a, b) if a < b else (b, a)
        moved[pair] = max(height, moved.get(pair, 0.0))
    return moved
