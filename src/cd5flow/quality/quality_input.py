"""What the observers of a tube look at: its events, gates and the strategy's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask, RawEvents
from cd5flow.model.names import BLASTS, DENOMINATOR
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gating
from cd5flow.model.quality_limits import QualityLimits
from cd5flow.model.scale import Scale

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OutsideBlasts:
    """Cells like the blasts that lie just outside of their gates, and of no normal population.

    Attributes:
        events: how many.
        cells: of how many cells of the denominator.
        population: whose cells they are of, where every cell was looked at; None of a sample.
        method: by which the blasts were found among these.
    """

    events: int
    cells: int
    population: str | None = None
    method: str = ""


@dataclass(frozen=True, slots=True)
class QualityInput:
    """One tube.

    Attributes:
        raw: its events as acquired.
        panel: which channel carries which marker.
        gating: who is in which population.
        scales: display scale of each detector.
        rules: what the checks look at.
        lod_events: fewest blasts that count as detected.
        outside: cells just outside the blasts; None where there is no cluster.
        blasts_name, denominator_name: populations that the result rests on.
    """

    raw: RawEvents
    panel: Panel
    gating: Gating
    scales: Mapping[str, Scale]
    rules: QualityLimits
    lod_events: int
    outside: OutsideBlasts | None = None
    blasts_name: str = BLASTS
    denominator_name: str = DENOMINATOR

    @property
    def stable(self) -> Mask:
        """Events of the stable stretches; everyone where none were told."""
        return self.gating.members.get("stable", np.ones(len(self.raw), dtype=np.bool_))

    @property
    def fluorescence(self) -> dict[str, str]:
        """Marker to detector, without scatter and Time."""
        return {
            marker: detector
            for marker, detector in self.panel.markers.items()
            if not marker.startswith(("FSC", "SSC")) and marker != "Time"
        }

    def seconds(self) -> Floats | None:
        """Return the time of each event, in file order; None without a Time channel."""
        time = self.raw.time
        if time is None:
            return None
        ticks = self.raw.values[:, time.index].astype(np.float64)
        ticks *= self.raw.timestep_seconds or 1.0
        return ticks

    def lost_percent(self, gate: str) -> float | None:
        """Return the share of its parent that a gate leaves out."""
        if gate not in self.gating.tree:
            return None
        whole = self.gating.count(self.gating.tree[gate].parent)
        kept = self.gating.count(gate)
        return 100 * (whole - kept) / whole if whole and kept is not None else None
