"""What the run itself was like: clock, rate, drift, off-scale events, doublets, debris."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cd5flow.model.events import RawEvents
from cd5flow.model.geometry import Interval, Intervals
from cd5flow.model.panel import Panel
from cd5flow.model.populations import ALL, Gating
from cd5flow.model.scale import Scale
from cd5flow.quality.checks import Observation
from cd5flow.transforms import Columns, scale

SEGMENTS = 20
"""Pieces of equal event number between which signals are compared."""


def acquisition(
    raw: RawEvents, *, panel: Panel, gating: Gating, columns: Columns, scales: dict[str, Scale]
) -> tuple[Observation, ...]:
    """Return every observation about the acquisition, in a fixed order."""
    tube = _Tube(raw, panel, gating, columns, scales)
    return tuple(observe(tube) for observe in OBSERVERS)


class _Tube:
    """What the observers look at."""

    def __init__(
        self,
        raw: RawEvents,
        panel: Panel,
        gating: Gating,
        columns: Columns,
        scales: dict[str, Scale],
    ) -> None:
        self.raw, self.panel, self.gating = raw, panel, gating
        self.columns, self.scales = columns, scales

    def lost_percent(self, gate: str) -> float | None:
        """Return the share of its parent that a gate leaves out."""
        if gate not in self.gating.tree:
            return None
        parent = self.gating.members[self.gating.tree[gate].parent]
        whole = int(parent.sum())
        kept = int(self.gating.members[gate].sum())
        return 100 * (whole - kept) / whole if whole else None


def clock(tube: _Tube) -> Observation:
    """Share of events whose time stamp is earlier than the one before."""
    time = tube.raw.time
    if time is None:
        return Observation(
            "TIME", None, "% of events", "no Time channel: the run could not be watched"
        )
    ticks = tube.raw.values[:, time.index]
    if len(ticks) < 2 or not ticks.max() > ticks.min():
        return Observation("TIME", None, "% of events", "the Time channel stands still")
    back = 100 * int(np.count_nonzero(np.diff(ticks) < 0)) / len(ticks)
    return Observation("TIME", back, "% of events", f"{back:.2g} % of time stamps run backwards")


def unstable_time(tube: _Tube) -> Observation:
    """Share of the run's time in which rate or signals left their usual course."""
    code, unit = "UNSTABLE_TIME", "% of run time"
    if "stable" not in tube.gating.tree:
        return Observation(code, None, unit, "the run's stability could not be judged")
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
        return Observation(code, None, unit, "the run's stability could not be judged")
    kept = sum(b - a for a, b in spans)
    lost = max(0.0, 100 * (1 - kept / (end - start)))
    return Observation(code, lost, unit, f"{gate.evidence.note}; the run took {end - start:.0f} s")


def removed_by_time(tube: _Tube) -> Observation:
    """Share of events left out with unstable time."""
    lost = tube.lost_percent("stable")
    words = (
        "not done"
        if lost is None
        else f"{lost:.3g} % of events left out with unstable stretches of time"
    )
    return Observation("REMOVED_BY_TIME", lost, "% of events", words)


def off_scale(tube: _Tube) -> Observation:
    """Share of events at the end of a gated channel's scale."""
    lost = tube.lost_percent("in_range")
    if lost is None:
        return Observation(
            "OFF_SCALE", 0.0, "% of events", "no event at the end of a gated channel's scale"
        )
    return Observation(
        "OFF_SCALE", lost, "% of events", f"{lost:.3g} % of events at the end of a scale"
    )


def debris(tube: _Tube) -> Observation:
    """Share of events too small to be cells."""
    lost = tube.lost_percent("cells")
    words = (
        "debris was not told from cells" if lost is None else f"{lost:.3g} % of events are debris"
    )
    return Observation("DEBRIS", lost, "% of events", words)


def doublets(tube: _Tube) -> Observation:
    """Share of cells left out as doublets, both steps together."""
    if "singlets" not in tube.gating.tree:
        why = (
            "area or height of forward scatter is missing: doublets are not told from single cells"
        )
        return Observation("DOUBLETS", None, "% of cells", why)
    # What the first singlet gate saw; gates before it left out other things than doublets.
    gate = tube.gating.tree["singlets"]
    while gate.parent != ALL and tube.gating.tree[gate.parent].evidence.method == "singlet_band":
        gate = tube.gating.tree[gate.parent]
    whole = tube.gating.count(gate.parent)
    kept = tube.gating.count("singlets")
    if not whole or kept is None:
        return Observation("DOUBLETS", None, "% of cells", "no cells")
    lost = 100 * (whole - kept) / whole
    return Observation("DOUBLETS", lost, "% of cells", f"{lost:.3g} % of cells are doublets")


def viability(tube: _Tube) -> Observation:
    """Share of living cells where a dye tells."""
    if "viable" not in tube.gating.tree:
        return Observation(
            "VIABILITY", None, "% of singlets", "viability was not assessed in this tube"
        )
    lost = tube.lost_percent("viable")
    kept = None if lost is None else 100 - lost
    return Observation("VIABILITY", kept, "% of singlets", "living cells by the viability dye")


def drift(tube: _Tube) -> Observation:
    """Largest drift of a channel: range of its mean between pieces of the run over its 2-98 % span."""
    code, unit = "SIGNAL_DRIFT", "of the channel's span"
    kept = tube.gating.members.get("stable")
    rows = np.arange(len(tube.raw)) if kept is None else np.flatnonzero(kept)
    if rows.size < SEGMENTS * 100:
        return Observation(code, None, unit, f"{rows.size} events are too few to see drift")
    worst: float | None = None
    where = ""
    for marker in ("CD5", "CD45", "cyCD3", "CD7", "CD3"):
        if not tube.panel.has(marker):
            continue
        detector = tube.panel.detector(marker)
        linear = tube.raw.values[:, tube.raw.channel(detector).index][rows]
        scaled = scale(linear[np.isfinite(linear)], tube.scales[detector])
        if scaled.size < SEGMENTS * 100:
            continue
        low, high = (
            float(p) for p in np.percentile(scaled[:: max(1, scaled.size // 50_000)], (2, 98))
        )
        if not high > low:
            continue
        pieces = np.array_split(np.clip(scaled, low, high), SEGMENTS)
        means = np.array([float(piece.mean()) for piece in pieces])
        moved = float((means.max() - means.min()) / (high - low))
        if worst is None or moved > worst:
            worst, where = moved, marker
    if worst is None:
        return Observation(code, None, unit, "no channel to see drift on")
    return Observation(
        code, worst, unit, f"largest on {where}: its mean moves by {worst:.2f} of the span"
    )


OBSERVERS: tuple[Callable[[_Tube], Observation], ...] = (
    clock,
    unstable_time,
    removed_by_time,
    drift,
    off_scale,
    debris,
    doublets,
    viability,
)
"""The battery; another observer is one function and one line."""
