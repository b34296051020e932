"""Smoothed histograms, their peaks and valleys: how methods look at a distribution.

Counts on a fixed grid are smoothed with a Gaussian; nothing is sorted and nothing is random.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from cd5flow.numerics.chunks import chunks
from cd5flow.numerics.order_statistics import ends, finite_values

Floats = npt.NDArray[np.float64]

GRID = 1024
"""Bins of a one-dimensional histogram."""
SIGNIFICANT = 2.5
"""Standard errors by which a peak must rise out of a valley."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A smoothed histogram of one axis.

    Attributes:
        centres: (GRID,) bin centres.
        density: (GRID,) smoothed events a bin.
        counts: (GRID,) events a bin as counted.
        window_bins: over how many bins one value of `density` averages: 2 sqrt(pi) sigma of the
            Gaussian, so that density x window is a count with a count's noise.
    """

    centres: Floats
    density: Floats
    counts: Floats
    window_bins: float

    @property
    def step(self) -> float:
        """Width of a bin."""
        return float(self.centres[1] - self.centres[0])


@dataclass(frozen=True, slots=True)
class Dip:
    """A valley between two peaks.

    Attributes:
        place: where it is, in the middle of its floor.
        depth: 1 minus the floor's density over the lower peak's: 1 is empty, 0 is no valley.
        left, right: where the peaks are.
        left_events, right_events: events on either side, up to the next valley or the end.
    """

    place: float
    depth: float
    left: float
    right: float
    left_events: float
    right_events: float


def gaussian_kernel(sigma_bins: float) -> Floats:
    """Return a Gaussian's weights, cut at 4 sigma, summing to 1."""
    reach = max(1, int(np.ceil(4 * sigma_bins)))
    x = np.arange(-reach, reach + 1, dtype=np.float64)
    weights = np.exp(-0.5 * (x / sigma_bins) ** 2)
    return np.asarray(weights / weights.sum())


def bandwidth(events: int, *, base: float) -> float:
    """Return a smoothing width that grows as events get few.

    It is the base at 2,000 events and more, and at most 2.5 times that. The exponent is that of
    Silverman's rule (Density Estimation, 1986, eq. 3.31); the base is a stated share of the axis and
    not taken from the spread, which would wash out peaks in a mixture.
    """
    return base * float(np.clip((2000 / max(events, 1)) ** 0.2, 1.0, 2.5))


def profile(
    values: npt.NDArray[np.floating], *, base: float, low: float, high: float
) -> Profile | None:
    """Return the smoothed histogram of an axis between low and high; None without events or room."""
    # Far from zero neighbouring bins would begin at one and the same number.
    room = high - low > GRID * float(np.spacing(max(abs(low), abs(high))))
    if not room:
        return None
    counts, edges = _histogram(finite_values(values), low, high)
    inside = int(counts.sum())
    if inside == 0:
        return None
    step = float(edges[1] - edges[0])
    # Wider than the axis is flat whatever the width: values without any spread end there.
    sigma = min(max(bandwidth(inside, base=base) / step, 0.5), GRID)
    kernel = gaussian_kernel(sigma)
    density = np.convolve(counts, kernel, mode="full")[kernel.size // 2 : kernel.size // 2 + GRID]
    return Profile(
        centres=(edges[:-1] + edges[1:]) / 2,
        density=density,
        counts=counts.astype(np.float64),
        window_bins=2 * float(np.sqrt(np.pi)) * sigma,
    )


def _histogram(
    values: npt.NDArray[np.floating], low: float, high: float
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the events of each bin and the bins' edges, as float64 tells them."""
    counts = np.zeros(GRID, dtype=np.intp)
    for chunk in chunks(values.size):
        counts += np.histogram(values[chunk].astype(np.float64), bins=GRID, range=(low, high))[0]
    return counts, np.linspace(low, high, GRID + 1)


def span(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Return where the values lie, but for the two lowest and the two highest, with a margin.

    Not a percentile: the rare cells looked for may be fewer than one in 2,000.
    """
    rank = min(2, (values.size - 1) // 2)
    low, high = ends(values, rank)
    margin = 0.02 * (high - low) + 1e-6
    return low - margin, high + margin


def height_at(
    values: npt.NDArray[np.floating],
    cut: float,
    *,
    base: float,
    kept: Literal["above", "below"] | None = None,
) -> float:
    """Return the density at a cut over the lower of the highest densities on either side.

    Near 1 the cut goes through a population, near 0 between two. 0 where fewer than 20 events lie on
    a side: there is none to go through.

    Args:
        values: the events.
        cut: the place.
        base: smoothing width at 2,000 events and more.
        kept: the one side that must not be gone through, where what lies on the other may smear up
            to the cut.
    """
    values = finite_values(values)
    above = int(np.count_nonzero(values >= np.float64(cut)))
    sides = {"above": above, "below": values.size - above}
    if min(n for side, n in sides.items() if kept in {None, side}) < 20:
        return 0.0
    low, high = span(values)
    shape = profile(values, base=base, low=min(low, cut), high=max(high, cut))
    if shape is None:
        return 0.0
    right = shape.centres >= cut
    if right.all() or not right.any():
        return 0.0
    highest = {"above": shape.density[right].max(), "below": shape.density[~right].max()}
    lower = float(min(top for side, top in highest.items() if kept in {None, side}))
    at_cut = float(np.interp(cut, shape.centres, shape.density))
    return at_cut / lower if lower > 0 else 0.0


def find_dips(shape: Profile, *, min_depth: float, min_events: int) -> tuple[Dip, ...]:
    """Return the valleys between significant peaks, from left to right.

    A peak counts when it rises out of the valleys beside it by `min_depth` and by `SIGNIFICANT`
    standard errors of the counts, and holds `min_events`: lesser bumps are merged into their higher
    neighbour until all that remain do.
    """
    density = shape.density
    peaks = [int(i) for i in _local_maxima(density)]
    total = float(shape.counts.sum())
    if total == 0 or len(peaks) < 2:
        return ()
    floor = 1e-9 * float(density.max())
    cumulative = np.concatenate(([0.0], np.cumsum(shape.counts)))
    while len(peaks) >= 2:
        valleys = [_floor_between(density, a, b, floor) for a, b in pairwise(peaks)]
        edges = [0, *valleys, GRID]
        masses = [float(cumulative[edges[i + 1]] - cumulative[edges[i]]) for i in range(len(peaks))]
        depths = [
            _depth(density[v], min(density[a], density[b]), shape.window_bins)
            for v, a, b in zip(valleys, peaks, peaks[1:], strict=False)
        ]
        weakest = _weakest(
            peaks, masses, depths, density, min_depth=min_depth, min_events=min_events
        )
        if weakest is None:
            return tuple(
                Dip(
                    place=float(shape.centres[v]),
                    depth=float(depths[i]),
                    left=float(shape.centres[peaks[i]]),
                    right=float(shape.centres[peaks[i + 1]]),
                    left_events=masses[i],
                    right_events=masses[i + 1],
                )
                for i, v in enumerate(valleys)
            )
        peaks.pop(weakest)
    return ()


def _depth(floor: float, peak: float, window: float) -> float:
    """Return 1 - floor/peak, or 0 where the difference may be noise of the counts."""
    noise = float(np.sqrt((peak + floor) * window))
    if (peak - floor) * window < SIGNIFICANT * noise:
        return 0.0
    return float(1 - floor / peak)


def highest_peak(shape: Profile) -> float:
    """Return where the density is highest."""
    return float(shape.centres[int(np.argmax(shape.density))])


def _local_maxima(density: Floats) -> npt.NDArray[np.intp]:
    padded = np.concatenate(([-1.0], density, [-1.0]))
    rising = padded[1:-1] > padded[:-2]
    falling = padded[1:-1] >= padded[2:]
    return np.flatnonzero(rising & falling & (density > 0))


def _floor_between(density: Floats, a: int, b: int, floor: float) -> int:
    """Return the middle of the lowest stretch between two peaks."""
    between = density[a : b + 1]
    lowest = float(between.min())
    # A stretch of empty bins has no lowest point of its own: its middle is the fairest cut.
    stretch = np.flatnonzero(between <= max(lowest * 1.02, floor))
    start = int(np.argmin(between))
    run = stretch[np.abs(stretch - start) <= stretch.size]
    # The middle one of them, not their mean: between two stretches there may be a bump.
    return a + int(run[run.size // 2])


def _weakest(
    peaks: list[int],
    masses: list[float],
    depths: list[float],
    density: Floats,
    *,
    min_depth: float,
    min_events: int,
) -> int | None:
    """Return the index of the peak to merge next, or None when every peak stands on its own."""
    small = [i for i, mass in enumerate(masses) if mass < min_events]
    if small:
        return min(small, key=lambda i: masses[i])
    shallow = int(np.argmin(depths))
    if depths[shallow] < min_depth:
        return shallow if density[peaks[shallow]] < density[peaks[shallow + 1]] else shallow + 1
    return None
