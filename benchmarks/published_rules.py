"""Cleaning rules of other programs with their published defaults, written anew from their description.

They stand here to be compared with, not to be used. What is simplified is said at each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a rule looks at.

    Attributes:
        seconds: (n,) time, in file order.
        raw: (n, m) linear values as acquired, scatter included, without Time.
        shown: (n, m) the same on the display scale.
        scatter: which of the m columns are scatter.
        tops: (m,) largest value of each channel.
    """

    seconds: Floats
    raw: Floats
    shown: Floats
    scatter: Sequence[bool]
    tops: Floats

    @property
    def colours(self) -> list[int]:
        """Columns of fluorescence."""
        return [i for i, scatter in enumerate(self.scatter) if not scatter]


def _smooth(values: Floats, window: int) -> Floats:
    window = max(1, min(window, values.size) // 2 * 2 - 1)
    padded = np.pad(values, window // 2, mode="edge")
    return np.convolve(padded, np.ones(window) / window, mode="valid")


def _mad(values: Floats) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


# flowAI


def flow_ai(seen: Seen) -> Mask:
    """Return the events that flowAI's three steps leave out.

    Flow rate: events per 0.1 s, generalised ESD (alpha 0.01, deviations by MAD) on the rate's trend;
    here the trend is a moving average and not a band-pass filter. Signal: medians of bins of 500
    events, binary segmentation of mean and variance (penalty 500, at most 3 change points), scatter
    left out; the longest stretch without a change point is kept. Range: events at either end of a
    scale, below zero by a modified z under -3.5.
    """
    bad = _flow_ai_rate(seen)
    bad |= _flow_ai_signal(seen, ~bad)
    return bad | _flow_ai_range(seen)


def _flow_ai_rate(seen: Seen) -> Mask:
    place = np.floor((seen.seconds - seen.seconds[0]) / 0.1).astype(np.intp)
    counts = np.bincount(np.maximum(place, 0)).astype(np.float64)
    trend = _smooth(counts, max(5, counts.size // 50))
    return np.isin(place, _generalised_esd(trend, alpha=0.01))


def _generalised_esd(values: Floats, *, alpha: float) -> npt.NDArray[np.intp]:
    """Return the outliers by Rosner B. Technometrics 1983;25:165, with median and MAD."""
    from scipy.stats import t  # noqa: PLC0415 - slow to import

    n = values.size
    left = np.arange(n)
    removed: list[int] = []
    outliers = 0
    for i in range(1, int(0.49 * n) + 1):
        now = values[left]
        spread = _mad(now)
        if not spread > 0:
            break
        off = np.abs(now - np.median(now)) / spread
        worst = int(np.argmax(off))
        quantile = float(t.ppf(1 - alpha / (2 * (n - i + 1)), n - i - 1))
        critical = (n - i) * quantile / np.sqrt((n - i - 1 + quantile**2) * (n - i + 1))
        removed.append(int(left[worst]))
        left = np.delete(left, worst)
        if off[worst] > critical:
            outliers = i
    return np.array(removed[:outliers], dtype=np.intp)


def _flow_ai_signal(seen: Seen, kept: Mask) -> Mask:
    rows = np.flatnonzero(kept)
    bins = max(1, rows.size // 500)
    parts = np.array_split(rows, bins)
    cuts = {0, bins}
    for column in seen.colours:
        cuts |= set(_change_points(np.array([np.median(seen.shown[p, column]) for p in parts])))
    edges = sorted(cuts)
    start, stop = max(pairwise(edges), key=lambda edge: edge[1] - edge[0])
    bad = kept.copy()
    for part in parts[start:stop]:
        bad[part] = False
    return bad


def _change_points(values: Floats, *, penalty: float = 500.0, most: int = 3) -> list[int]:
    def cost(a: int, b: int) -> float:
        return (b - a) * (np.log(2 * np.pi) + np.log(max(float(values[a:b].var()), 1e-10)) + 1)

    found: list[int] = []
    for _ in range(most):
        edges = [0, *sorted(found), values.size]
        best: tuple[float, int] | None = None
        for a, b in pairwise(edges):
            for middle in range(a + 2, b - 1):
                gain = cost(a, b) - cost(a, middle) - cost(middle, b)
                if best is None or gain > best[0]:
                    best = gain, middle
        if best is None or best[0] <= penalty:
            break
        found.append(best[1])
    return found


def _flow_ai_range(seen: Seen) -> Mask:
    bad = np.any(seen.raw >= seen.tops - 1, axis=1)
    for column in range(seen.raw.shape[1]):
        values = seen.raw[:, column]
        below = values < 0
        if below.sum() > 10:
            spread = _mad(values[below])
            middle = float(np.median(values[below]))
            bad |= below & (0.6745 * (values - middle) < -3.5 * spread / 1.4826)
    return np.asarray(bad)


# PeacoQC


def peaco_qc(seen: Seen) -> Mask:
    """Return the events that PeacoQC leaves out, margin events included.

    Margins first. Then bins of at least 150 events that overlap by half (500 at most, sizes in steps of
    500), density peaks of each bin above a third of its highest, trajectories over the bins: an
    isolation tree by standard deviation (limit 0.6, from 150 bins on), then 6 MAD on the smoothed
    trajectory; good stretches of fewer than 5 bins go too. Here peaks are those of a smoothed
    histogram, each trajectory belongs to a peak of the whole channel that half of the bins show, and
    smoothing is a moving average.
    """
    bad = np.any((seen.raw >= seen.tops - 1), axis=1)
    for column, scatter in enumerate(seen.scatter):
        if scatter:
            bad |= seen.raw[:, column] <= 0
    rows = np.flatnonzero(~bad)
    size = max(150, int(np.ceil(np.ceil(2 * rows.size / 500) / 500)) * 500)
    starts = range(0, max(1, rows.size - size + 1), size // 2)
    bins = [rows[start : start + size] for start in starts]
    tracks = [
        track
        for column in range(seen.shown.shape[1])
        for track in _tracks(seen.shown[:, column], rows, bins)
    ]
    matrix = np.column_stack(tracks)
    odd = np.zeros(len(bins), dtype=np.bool_)
    if len(bins) >= 150:
        odd |= _isolated(matrix, limit=0.6)
    for track in matrix.T:
        smooth = _smooth(track, 5)
        spread = _mad(smooth[~odd])
        odd |= np.abs(smooth - np.median(smooth[~odd])) > 6 * spread
    edges = np.flatnonzero(np.diff(np.concatenate(([1], odd.astype(int), [1]))))
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        if b - a < 5:
            odd[a:b] = True
    for number in np.flatnonzero(odd):
        bad[bins[number]] = True
    return np.asarray(bad)


def _peaks(values: Floats, low: float, high: float) -> Floats:
    """Return the places of the density's peaks above a third of the highest."""
    counts, edges = np.histogram(values, bins=512, range=(low, high))
    step = float(edges[1] - edges[0])
    spread = min(float(values.std()), _mad(values) or np.inf)
    width = max(1.5, 0.9 * spread * values.size**-0.2 / step)  # Silverman's rule, as R's nrd0
    x = np.arange(-int(4 * width), int(4 * width) + 1)
    kernel = np.exp(-0.5 * (x / width) ** 2)
    density = np.convolve(counts, kernel / kernel.sum(), mode="same")
    left, middle, right = density[:-2], density[1:-1], density[2:]
    top = np.flatnonzero((middle >= left) & (middle > right) & (middle > density.max() / 3))
    # The vertex of the parabola through the three bins, so that places are not those of a grid.
    bend = left[top] - 2 * middle[top] + right[top]
    aside = np.where(bend < 0, 0.5 * (left[top] - right[top]) / np.where(bend < 0, bend, 1), 0.0)
    return np.asarray(edges[0] + (top + 1.5 + aside) * step)


def _tracks(
    values: Floats, rows: npt.NDArray[np.intp], bins: list[npt.NDArray[np.intp]]
) -> list[Floats]:
    low, high = (float(p) for p in np.percentile(values[rows], (0.1, 99.9)))
    if not high > low:
        return []
    whole = _peaks(values[rows], low, high)
    tracks = np.full((len(whole), len(bins)), np.nan)
    for number, part in enumerate(bins):
        found = _peaks(values[part], low, high)
        if not found.size or not whole.size:
            continue
        for track, place in enumerate(whole):
            peak = float(found[np.argmin(np.abs(found - place))])
            if int(np.argmin(np.abs(whole - peak))) == track:
                tracks[track, number] = peak
    return [
        np.where(np.isfinite(track), track, np.nanmedian(track))
        for track in tracks
        if np.isfinite(track).mean() >= 0.5
    ]


def _isolated(matrix: Floats, *, limit: float) -> Mask:
    nodes = [np.arange(len(matrix))]
    done: list[npt.NDArray[np.intp]] = []
    while nodes:
        node = nodes.pop()
        best: tuple[float, int, float] | None = None
        for column in range(matrix.shape[1]):
            values = np.sort(matrix[node, column])
            whole = values.std()
            if node.size < 4 or not whole > 0:
                continue
            for cut in range(2, node.size - 1):
                if values[cut] == values[cut - 1]:
                    continue
                gain = (whole - (values[:cut].std() + values[cut:].std()) / 2) / whole
                if best is None or gain > best[0]:
                    best = gain, column, (values[cut] + values[cut - 1]) / 2
        if best is None or best[0] < limit:
            done.append(node)
            continue
        above = matrix[node, best[1]] > best[2]
        nodes += [node[above], node[~above]]
    largest = max(done, key=len)
    odd = np.ones(len(matrix), dtype=np.bool_)
    odd[largest] = False
    return odd


# flowCut


def flow_cut(seen: Seen) -> Mask:
    """Return the events that flowCut leaves out.

    Time of low density (under 0.1 of the highest). Then segments of 500 events: if the largest jump
    between neighbours (0.1), the mean (0.13) and the largest (0.15) range of the channels' means, over
    their 2-98 % span, all keep their limits, nothing more goes. Else eight statistics a segment and
    channel (5th, 20th, 50th, 80th, 95th percentile, mean, variance, skew) as z-scores are added up,
    and segments beyond the first valley under 0.1 of the peak of that sum's density go, at most 30 %,
    or else those beyond 7 SD. Here densities are smoothed histograms.
    """
    bad = _low_density(seen.seconds)
    rows = np.flatnonzero(~bad)
    if rows.size < 4 * 500:
        return bad
    parts = np.array_split(rows, rows.size // 500)
    means = np.array([seen.shown[part].mean(axis=0) for part in parts])
    low, high = np.percentile(seen.shown[rows], (2, 98), axis=0)
    span = np.where(high > low, high - low, np.inf)
    jumps = (np.abs(np.diff(means, axis=0)) / span).max()
    ranges = (means.max(axis=0) - means.min(axis=0)) / span
    if jumps <= 0.1 and ranges.mean() <= 0.13 and ranges.max() <= 0.15:
        return bad
    score = np.zeros(len(parts))
    for column in range(seen.shown.shape[1]):
        table = np.array([_eight(seen.shown[part, column]) for part in parts])
        spread = table.std(axis=0)
        score += np.abs((table - table.mean(axis=0)) / np.where(spread > 0, spread, np.inf)).sum(
            axis=1
        )
    for number in np.flatnonzero(score > _beyond(score)):
        bad[parts[number]] = True
    return bad


def _eight(values: Floats) -> Floats:
    spread = values.std() or 1.0
    skew = float(np.mean(((values - values.mean()) / spread) ** 3))
    return np.array(
        [*np.percentile(values, (5, 20, 50, 80, 95)), values.mean(), values.var(), skew]
    )


def _low_density(seconds: Floats) -> Mask:
    bins = 512
    counts, edges = np.histogram(seconds, bins=bins)
    density = _smooth(counts.astype(np.float64), 15)
    place = np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, bins - 1)
    return np.asarray((density < 0.1 * density.max())[place])


def _beyond(score: Floats) -> float:
    counts, edges = np.histogram(score, bins=128)
    density = _smooth(counts.astype(np.float64), 11)
    peak = int(np.argmax(density))
    empty = np.flatnonzero(density[peak:] < 0.1 * density[peak])
    if empty.size:
        place = float(edges[peak + empty[0]])
        if 0 < np.mean(score > place) <= 0.3:
            return place
    return float(score.mean() + 7 * score.std())
