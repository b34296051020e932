"""The stretches of the run in which rate and signals stay as they usually are."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from cd5flow.gating.tube_view import Outcome, Resolved, Spec, TubeView, Unresolved
from cd5flow.model.geometry import Dimension, Interval, Intervals
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef
from cd5flow.numerics.chunks import chunks
from cd5flow.numerics.clock import is_folded
from cd5flow.numerics.order_statistics import (
    MAD_TO_SD,
    finite_values,
    median,
    quantiles,
    usual_count,
)

RANK_BINS = 256
FEWEST_BINS = 10
BIN_TICKS = 3
"""Fewest ticks of the clock in a bin: bins beside each other would else hold one and two of them."""


class StableTime(Spec):
    """Time without the stretches where the event rate or a signal leaves its usual course.

    The run is cut into bins of equal time. A bin is unstable if its rate lies outside
    `rate_low`..`rate_high` times the usual rate (the median over bins, weighted by events), or if
    in one of `axes` the mean rank of its events is more than `shift` from the run's (0.5 is a shift
    past the whole distribution) and by more than `z` standard errors (the mean of n uniform ranks
    has SD 1/sqrt(12 n)). Ranks are taken among the events of stable bins, until that settles. Whole
    bins are removed, never single events: rare cells are outliers too. Every event counts for the
    rate; of more than `signal_events` an even part tells the signals.

    Attributes:
        axes: markers watched; those that the tube lacks are left out.
        bins: at most so many bins; fewer where a bin would hold under `bin_events` on average, or
            too few ticks of a coarse clock.
        signal_events: about so many events, evenly taken, are ranked.
        merge: unstable bins that are at most so many bins apart are one stretch.
    """

    method: Literal["stable_time"]
    axes: tuple[MarkerRef, ...]
    bins: int = Field(default=200, ge=10)
    bin_events: int = Field(default=150, ge=20)
    rate_low: float = Field(default=0.5, ge=0, lt=1)
    rate_high: float = Field(default=2.0, gt=1)
    shift: float = Field(default=0.1, gt=0, lt=0.5)
    z: float = Field(default=6, gt=0)
    signal_events: int = Field(default=200_000, ge=10_000)
    merge: int = Field(default=2, ge=0)
    min_events: int = Field(default=1000, ge=100)

    def find(self, view: TubeView) -> Outcome:
        """Find the stable stretches; unresolved without a running clock or with too few events."""
        dimension = view.dimension("Time", linear=True, compensated=False)
        time = np.asarray(view.values(dimension), dtype=np.float64)
        timed = np.isfinite(time)
        if not timed.all():
            inside = view.inside.copy()
            inside[inside] = timed
            time, view = time[timed], replace(view, inside=inside)
        nothing = Evidence("stable_time", int(time.size))
        why = self._unwatchable(time)
        if why is not None:
            return Unresolved(why, nothing)
        start, end = float(time.min()), float(time.max())
        bins = int(np.clip(time.size // self.bin_events, FEWEST_BINS, self.bins))
        ticks = 1 + int(np.count_nonzero(time[1:] != time[:-1]))
        bins = min(bins, ticks // BIN_TICKS)
        if bins < FEWEST_BINS:
            return Unresolved(Reason("UNRESOLVED", case="few_ticks", ticks=ticks), nothing)
        # The last event belongs to the last bin, whose upper bound is exclusive.
        end = float(np.nextafter(np.float32(end), np.float32(np.inf)))
        end += (end - start) * 1e-6
        place, counts = _binned(time, start, end, bins)
        usual = usual_count(counts)
        odd_rate = (counts < self.rate_low * usual) | (counts > self.rate_high * usual)
        odd_signal = np.zeros(bins, dtype=bool)
        step = max(1, time.size // self.signal_events)
        seen = place[::step]
        seen_counts = np.bincount(seen, minlength=bins)
        watched = [view.dimension(axis, compensated=False) for axis in self._present(view)]
        for signal in watched:
            table = _ranked(view, signal, seen, step, bins)
            if table is not None:
                odd_signal |= self._shifted(table, seen_counts, odd_rate | odd_signal)
        unstable = _merge(odd_rate | odd_signal, self.merge)
        values_found = {
            "start_seconds": start,
            "end_seconds": end,
            "bins": float(bins),
            "unstable_bins": float(unstable.sum()),
            "rate_bins": float(odd_rate.sum()),
            "signal_bins": float(odd_signal.sum()),
            "usual_rate_per_second": usual * bins / (end - start),
        }
        if unstable.all():
            return Unresolved(Reason("UNRESOLVED", case="unstable"), nothing)
        edges = start + (end - start) / bins * np.arange(bins + 1)
        spans = tuple((float(edges[a]), float(edges[b])) for a, b in _runs(~unstable))
        removed = [(float(edges[a]), float(edges[b])) for a, b in _runs(unstable)]
        note = Reason("FOUND", case="stable")
        if removed:
            stretches = " s, ".join(f"{a:.1f}-{b:.1f}" for a, b in removed)
            note = Reason("FOUND", case="unstable", spans=stretches)
        evidence = Evidence("stable_time", int(time.size), values_found, note)
        if len(spans) == 1:
            return Resolved(Interval(dimension, spans[0][0], spans[0][1]), evidence)
        return Resolved(Intervals(dimension, spans), evidence)

    def _unwatchable(self, time: np.ndarray) -> Reason | None:
        """Return why these times tell no stretches; None where they do."""
        if time.size < self.min_events:
            return Reason("UNRESOLVED", case="few_for_time", events=time.size)
        if not time.max() > time.min():
            return Reason("UNRESOLVED", case="clock_stands")
        if is_folded(time):
            return Reason("UNRESOLVED", case="clock_anew")
        return None

    def _present(self, view: TubeView) -> list[str]:
        return [axis for axis in self.axes if any(view.panel.has(m) for m in axis.split("|"))]

    def _shifted(
        self, table: npt.NDArray[np.int64], counts: np.ndarray, odd: np.ndarray
    ) -> np.ndarray:
        """Return which bins' mean rank left the run's."""
        bad = odd.copy()
        for _ in range(5):
            usual = table[~bad].sum(axis=0)
            if usual.sum() == 0:
                break
            ranks = (np.cumsum(usual) - usual / 2) / usual.sum()
            # Not by `@`: the threads that BLAS starts for it wait for each other longer than it takes.
            means = np.einsum("ij,j", table, ranks) / np.maximum(counts, 1)
            offset = means - median(means[~bad])
            noise = 1 / np.sqrt(12 * np.maximum(counts, 1))
            # Populations drift a little against each other in any run: their own scatter counts too.
            noise = np.maximum(noise, MAD_TO_SD * median(np.abs(offset[~bad])))
            found = (np.abs(offset) > self.shift) & (np.abs(offset) > self.z * noise)
            if np.array_equal(found | odd, bad):
                break
            bad = found | odd
        return np.asarray(bad & ~odd)


def _binned(
    time: np.ndarray, start: float, end: float, bins: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Return the bin of each time from start to end, and the events of each bin."""
    place = np.empty(time.size, dtype=np.int32)
    counts = np.zeros(bins, dtype=np.intp)
    for chunk in chunks(time.size):
        there = ((time[chunk] - start) * (bins / (end - start))).astype(np.int32)
        np.minimum(there, bins - 1, out=place[chunk])
        counts += np.bincount(place[chunk], minlength=bins)
    return place, counts


def _ranked(
    view: TubeView, dimension: Dimension, place: np.ndarray, step: int, bins: int
) -> npt.NDArray[np.int64] | None:
    """Return how many of every `step`-th events each time bin holds at each step of a signal.

    None where the signal has no spread.
    """
    values = (
        view.columns.every(step, dimension) if view.inside.all() else view.values(dimension)[::step]
    )
    known = finite_values(values)
    if not known.size:
        return None
    low, high = quantiles(known[:: max(1, values.size // 20_000)], (0.5, 99.5))
    return _table(values, place, (low, high), bins) if high > low else None


def _table(
    values: np.ndarray, place: np.ndarray, ends: tuple[float, float], bins: int
) -> npt.NDArray[np.int64]:
    """Return how many events each time bin holds at each of `RANK_BINS` steps of the signal.

    Args:
        values: signal of each event; what is no number counts at the lowest step.
        place: time bin of each event.
        ends: lowest and highest step; what lies beyond counts there.
        bins: how many time bins.

    Returns:
        (bins, RANK_BINS).
    """
    low, high = ends
    code = np.clip(values, low, high)
    code -= low
    code *= RANK_BINS / (high - low)
    np.minimum(code, RANK_BINS - 1, out=code)
    np.nan_to_num(code, copy=False)
    # 32 bits hold a code, and processors convert to them several values at a time.
    cell = code.astype(np.int32)
    cell += place * np.int32(RANK_BINS)
    return np.bincount(cell, minlength=bins * RANK_BINS).reshape(bins, RANK_BINS)


def _merge(unstable: np.ndarray, reach: int) -> np.ndarray:
    """Return the mask with short stable gaps between unstable bins closed."""
    merged = unstable.copy()
    for a, b in _runs(~unstable):
        if b - a <= reach and a > 0 and b < unstable.size:
            merged[a:b] = True
    return merged


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return (first, past last) of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
