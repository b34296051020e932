"""What the run itself was like: clock, rate, drift, values that are no numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from cd5flow.model.geometry import Interval, Intervals
from cd5flow.model.quality_limits import FlowRateRule
from cd5flow.model.reasons import Reason
from cd5flow.numerics.chunks import chunks
from cd5flow.numerics.clock import earlier_percent, in_order, is_folded
from cd5flow.numerics.order_statistics import (
    MAD_TO_SD,
    finite_values,
    median,
    quantiles,
    usual_count,
)
from cd5flow.preprocess.transforms import scale
from cd5flow.quality.checks import Observation
from cd5flow.quality.quality_input import Floats, QualityInput

FEWEST_EVENTS = 1000
"""With fewer a rate says nothing."""
FEWEST_BINS = 10
LOOKED_AT = 50_000
"""At most so many events tell a channel's drift."""
SPAN = "of the channel's span"


def observe_acquisition(tube: QualityInput) -> tuple[Observation, ...]:
    """Return every observation about the acquisition, in a fixed order."""
    return (
        *of_the_clock(tube),
        *(observe(tube) for observe in OBSERVERS),
        *drifts(tube),
        not_finite(tube),
    )


def of_the_clock(tube: QualityInput) -> tuple[Observation, ...]:
    """Return the observations that need the time of every event, which is made once for all."""
    time = tube.seconds()
    running = _running(time)
    return clock(time), flow_rate(running, tube.rules.flow_rate), flow_gap(running)


def clock(time: Floats | None) -> Observation:
    """Share of events stamped earlier than one before them."""
    code, unit = "TIME", "% of events"
    if time is None:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_time"))
    time = finite_values(time)
    if time.size < 2 or not time.max() > time.min():
        return Observation(code, None, unit, Reason("NOT_SEEN", case="still"))
    earlier = earlier_percent(time)
    return Observation(code, earlier, unit, Reason(code, percent=earlier))


def flow_rate(time: Floats | Reason, rule: FlowRateRule) -> Observation:
    """Share of events in bins of time whose rate is far from the usual one.

    The usual rate is that in whose bins half of the events lie, so that idle stretches do not count.

    Args:
        time: seconds of the events in order, or why there is nothing to see in them.
        rule: the strategy's.
    """
    code, unit = "FLOW_RATE", "% of events"
    if isinstance(time, Reason):
        return Observation(code, None, unit, time)
    counts, width = _counts(time, rule)
    if counts.size < FEWEST_BINS:
        return Observation(code, None, unit, Reason(code, case="few"))
    usual = usual_count(counts)
    # Noise from one bin to the next: a long clog widens the bins' spread about the usual rate.
    local = MAD_TO_SD * median(np.abs(np.diff(counts))) / np.sqrt(2)
    spread = max(local, float(np.sqrt(usual)))
    far = (counts < (1 - rule.change) * usual) | (counts > usual / (1 - rule.change))
    odd = far & (np.abs(counts - usual) > rule.spreads * spread)
    share = 100 * float(counts[odd].sum()) / time.size
    rate = usual / width
    return Observation(
        code,
        share,
        unit,
        Reason(code, case="seen", percent=share, rate=rate),
    )


def _counts(time: Floats, rule: FlowRateRule) -> tuple[Floats, float]:
    """Return the events of each bin of time and the length of a bin.

    A bin is a whole number of the clock's ticks, else bins beside each other would hold unlike
    numbers of them; what is left at the end of the run is no bin.
    """
    tick = min(
        (float(np.min(steps, where=steps > 0, initial=np.inf)) for steps in _steps(time)),
        default=np.inf,
    )
    whole = float(time[-1] - time[0]) + tick
    bins = min(time.size // rule.bin_events, rule.bins)
    if bins < 1:
        return np.empty(0), tick
    width = tick * max(1, int(np.ceil(whole / tick / bins - 1e-6)))
    full = int(whole / width + 1e-6)
    # Half a tick off the clock's own times, which rounding cannot move across an edge.
    edges = time[0] - tick / 2 + width * np.arange(full + 1)
    return np.diff(np.searchsorted(time, edges)).astype(np.float64), width


def flow_gap(time: Floats | Reason) -> Observation:
    """Longest time without any event, in percent of the run; of times as `flow_rate` takes them."""
    code, unit = "FLOW_GAP", "% of run time"
    if isinstance(time, Reason):
        return Observation(code, None, unit, time)
    gap, whole = max(float(steps.max()) for steps in _steps(time)), float(time[-1] - time[0])
    return Observation(code, 100 * gap / whole, unit, Reason(code, seconds=gap))


def _running(time: Floats | None) -> Floats | Reason:
    """Return the times in order, or why there is nothing to see in them."""
    if time is None:
        return Reason("NOT_SEEN", case="no_time")
    time = finite_values(time)
    if time.size < FEWEST_EVENTS:
        return Reason("NOT_SEEN", case="few_events", events=time.size)
    if is_folded(time):
        return Reason("NOT_SEEN", case="clock_anew")
    if not in_order(time):
        time = np.sort(time)
    return time if time[-1] > time[0] else Reason("NOT_SEEN", case="still")


def _steps(time: Floats) -> Iterator[Floats]:
    """Yield the times from one event to the next, a chunk at a time."""
    for chunk in chunks(time.size - 1):
        yield np.diff(time[chunk.start : chunk.stop + 1])


def unstable_time(tube: QualityInput) -> Observation:
    """Share of the run's time in which rate or signals left their usual course."""
    code, unit = "UNSTABLE_TIME", "% of run time"
    if "stable" not in tube.gating.tree:
        return Observation(code, None, unit, Reason(code, case="unjudged"))
    gate = tube.gating.tree["stable"]
    spans: tuple[tuple[float, float], ...] = ()
    if isinstance(gate.region, Intervals):
        spans = gate.region.spans
    elif (
        isinstance(gate.region, Interval)
        and gate.region.low is not None
        and gate.region.high is not None
    ):
        spans = ((gate.region.low, gate.region.high),)
    start, end = (gate.evidence.values.get(k, 0.0) for k in ("start_seconds", "end_seconds"))
    if not end > start:
        return Observation(code, None, unit, Reason(code, case="unjudged"))
    kept = sum(b - a for a, b in spans)
    lost = max(0.0, 100 * (end - start - kept) / (end - start))
    return Observation(code, lost, unit, _of_the_run(gate.evidence.note, end - start))


def _of_the_run(note: Reason, seconds: float) -> Reason | tuple[Reason, ...]:
    """Return how long the run took, with which stretches of it were found unstable."""
    if note.code == "FOUND" and note.case in {"stable", "unstable"}:
        return Reason("UNSTABLE_TIME", **(note.values | {"seconds": seconds}))
    return note, Reason("UNSTABLE_TIME", case="run", seconds=seconds)


def removed_by_time(tube: QualityInput) -> Observation:
    """Share of events left out with unstable time."""
    lost = tube.lost_percent("stable")
    words = (
        Reason("REMOVED_BY_TIME", case="not_done")
        if lost is None
        else Reason("REMOVED_BY_TIME", case="seen", percent=lost)
    )
    return Observation("REMOVED_BY_TIME", lost, "% of events", words)


def drifts(tube: QualityInput) -> tuple[Observation, ...]:
    """Largest drift of a channel that decides, of any other channel, and of all on average."""
    deciding, others = _drifts(tube)
    moved = deciding | others
    value, words = _worst(moved, tube)
    if moved:
        value = float(np.mean(list(moved.values())))
        words = Reason("DRIFT", case="mean", channels=len(moved))
    return (
        _largest("SIGNAL_DRIFT", deciding, tube),
        _largest("SIGNAL_DRIFT_OTHERS", others, tube),
        Observation("SIGNAL_DRIFT_MEAN", value, SPAN, words),
    )


def _largest(code: str, moved: dict[str, float], tube: QualityInput) -> Observation:
    value, words = _worst(moved, tube)
    return Observation(code, value, SPAN, words)


def _worst(moved: dict[str, float], tube: QualityInput) -> tuple[float | None, Reason]:
    if moved:
        marker = max(moved, key=lambda m: moved[m])
        words = Reason("DRIFT", case="largest", marker=marker, share=moved[marker])
        return moved[marker], words
    events = int(np.count_nonzero(tube.stable))
    if events < 2 * tube.rules.drift.piece_events:
        return None, Reason("NOT_SEEN", case="few_for_drift", events=events)
    return None, Reason("NOT_SEEN", case="no_channel")


def _drifts(tube: QualityInput) -> tuple[dict[str, float], dict[str, float]]:
    """Return marker to drift, of the channels that decide and of the others.

    Drift is the range of a channel's mean between pieces of the run, over its 2-98 % span.

    The mean of values clipped to that span, not the median: where half of the cells carry a marker
    the median jumps from one peak to the other by chance.
    """
    rule = tube.rules.drift
    rows = np.flatnonzero(tube.stable)
    rows = rows[:: max(1, rows.size // LOOKED_AT)]
    pieces = min(rule.pieces, rows.size // rule.piece_events)
    if pieces < 2:
        return {}, {}
    deciding: dict[str, float] = {}
    others: dict[str, float] = {}
    for marker, detector in tube.panel.markers.items():
        if marker == "Time":
            continue
        linear = tube.raw.values[:, tube.raw.channel(detector).index][rows]
        linear = linear[np.isfinite(linear)]
        if linear.size < pieces * rule.piece_events / 2 or detector not in tube.scales:
            continue
        scaled = scale(linear, tube.scales[detector])
        seen = scaled[:: max(1, scaled.size // LOOKED_AT)].astype(np.float64)
        low, high = quantiles(seen, (2, 98))
        if not high > low:
            continue
        means = [float(p.mean()) for p in np.array_split(np.clip(scaled, low, high), pieces)]
        moved = deciding if marker in rule.markers else others
        moved[marker] = (max(means) - min(means)) / (high - low)
    return deciding, others


def not_finite(tube: QualityInput) -> Observation:
    """Share of events with a value that is no number in a channel of the panel."""
    channels = [tube.raw.channel(d).index for d in tube.panel.markers.values()]
    bad = np.zeros(len(tube.raw), dtype=np.bool_)
    for index in channels:
        bad |= ~np.isfinite(tube.raw.values[:, index])
    if not len(tube.raw) or not channels:
        return Observation(
            "NOT_FINITE", None, "% of events", Reason("NOT_FINITE", case="no_values")
        )
    found = int(np.count_nonzero(bad))
    share = 100 * found / len(tube.raw)
    return Observation(
        "NOT_FINITE",
        share,
        "% of events",
        Reason("NOT_FINITE", case="events", events=found),
    )


OBSERVERS: tuple[Callable[[QualityInput], Observation], ...] = (
    unstable_time,
    removed_by_time,
)
"""The battery; another observer is one function and one line."""
