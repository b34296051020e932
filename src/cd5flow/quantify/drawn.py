"""CD5-positive blasts that a person's gate counts, in place of a cut of ours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cd5flow.criteria.asked import ShareRule
from cd5flow.criteria.cd5_state import state_by_gate
from cd5flow.model.basis_sections import CountedByGate
from cd5flow.model.events import Mask
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import Cd5Section, CutMethod
from cd5flow.quantify.cd5 import with_etp
from cd5flow.quantify.cuts import Cut, Signal
from cd5flow.quantify.statistics import interval

_SHOWN_ALL_THE_SAME = frozenset({"NO_CUT", "CD5_REAGENT_UNPROVEN", "QUALITY_FAIL"})
"""What withholds a state of a count by hand, but not the count."""


@dataclass(frozen=True, slots=True)
class DrawnPositive:
    """What a gate of CD5-positive cells holds of the blasts.

    Attributes:
        gate, file: the gate, and the file that it was imported from.
        blasts: CD5 of the blasts, linear units.
        inside: which of them lie in the gate.
        edge: the gate's own lower bound on CD5, linear units; None where it has none.
    """

    gate: str
    file: str
    blasts: Signal
    inside: Mask
    edge: float | None

    @property
    def events(self) -> int:
        """How many blasts lie in the gate."""
        return int(np.count_nonzero(self.inside))

    @property
    def cut(self) -> Cut | None:
        """The one value of CD5 from which blasts lie in the gate; None where there is no such value.

        A gate with a lower bound on CD5 may have other bounds too. It has a cut if these leave no
        blast out on this tube. The cut is the gate's bound, moved into the gap between the blasts
        below and those above where rounding, or a bound on uncompensated CD5, put it beside.
        """
        if self.edge is None or not self.blasts.size:
            return None
        above, below = self.blasts[self.inside], self.blasts[~self.inside]
        highest = -np.inf if not below.size else below.max()
        lowest = np.inf if not above.size else above.min()
        if highest >= lowest:
            return None
        next_up = np.nextafter(highest, np.inf, dtype=self.blasts.dtype)
        place = min(max(self.edge, float(next_up)), float(lowest))
        if not np.isfinite(place):
            return None
        return Cut(
            CutMethod.FIXED,
            place,
            Reason("CUT_REFERENCE", case="edge", gate=self.gate, file=self.file),
            0,
            by_hand=True,
        )


def counted(
    section: Cd5Section, drawn: DrawnPositive, *, threshold: ShareRule, limits: Cd5Limits
) -> Cd5Section:
    """Return the CD5 section with the blasts that a person's gate counts.

    Where the gate is no cut on CD5 alone, our own cuts say how far the count may be trusted, and no
    definite state is given. A state that is withheld for want of negatives withholds no count.

    Args:
        section: judged by a cut: the gate's own edge if it has one, else ours.
        drawn: the gate.
        threshold: the protocol's rule.
        limits: the strategy's.
    """
    by_edge = section.cut is not None and section.cut.by_hand
    withheld = section.percent is None
    if not drawn.blasts.size or (by_edge and not withheld):
        return section
    if withheld and not codes(section.reasons) <= _SHOWN_ALL_THE_SAME:
        return section
    n, positive = int(drawn.blasts.size), drawn.events
    percent = 100 * positive / n
    ci = interval(positive, n, method=limits.interval)
    numbers = {
        "percent": percent,
        "positive_events": positive,
        "ci95_percent": ci,
        "ci_method": limits.interval,
        # Of other cells in a gate that is no cut nothing tells which of them it holds.
        "percent_corrected": None,
    }
    if by_edge:
        counted_by_edge = section.model_copy(update=numbers)
        return with_etp(counted_by_edge, threshold=threshold, limits=limits)
    band = section.band_percent
    if band is not None:
        band = min(percent, *band), max(percent, *band)
    by_gate = section.model_copy(
        update={**numbers, "band_percent": band, "cut": None, "pattern": None}
    )
    by = CountedByGate(gate=drawn.gate, file=drawn.file)
    state, reasons = state_by_gate(section.state, section.reasons, by_gate, by, threshold)
    basis = section.basis and section.basis.model_copy(update={"counted_by": by})
    told = {"state": state, "reasons": reasons, "basis": basis}
    return with_etp(by_gate.model_copy(update=told), threshold=threshold, limits=limits)
