"""What staining and gating were like: enough events, a proven reagent, gates where they usually are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cd5flow.model.populations import Gating
from cd5flow.model.result import CutMethod, PriorTherapy, QualityState
from cd5flow.quality.checks import Observation


@dataclass(frozen=True, slots=True)
class Stained:
    """What the observers look at.

    Attributes:
        gating: the tube as gated.
        stain_index: of CD5 on normal T cells; None where it has none.
        cuts: (method, linear place) of every CD5 cut, best first.
        reference: (words, events) behind the cut where an internal negative placed it, else None.
        reagent_t_cells: fewest normal T cells to judge the reagent by.
        compensation: its state in words, and whether it is known.
        compensated: see above.
        condition_number: of the matrix; None where there is none.
        prior_therapy: therapies after which T cells may lack CD5.
        collected_at, acquired: ISO date-times; None where unknown.
        has_cd5: whether the panel holds CD5.
    """

    gating: Gating
    stain_index: float | None
    cuts: tuple[tuple[CutMethod, float], ...]
    reference: tuple[str, int] | None
    reagent_t_cells: int
    compensation: str
    compensated: bool
    condition_number: float | None
    prior_therapy: tuple[PriorTherapy, ...]
    collected_at: str | None
    acquired: str | None
    has_cd5: bool


def staining(tube: Stained) -> tuple[Observation, ...]:
    """Return every observation about staining and gating, in a fixed order."""
    return tuple(observe(tube) for observe in OBSERVERS)


def compensation(tube: Stained) -> Observation:
    """Condition number of the matrix used; none where compensation is unknown."""
    if not tube.compensated:
        state = QualityState.WARN
        return Observation("COMPENSATION", None, "condition number", tube.compensation, state)
    return Observation("COMPENSATION", tube.condition_number, "condition number", tube.compensation)


def denominator(tube: Stained) -> Observation:
    """Events of the denominator; without any there is nothing to judge."""
    n = tube.gating.count("nucleated")
    if not n:
        return Observation("DENOMINATOR", None, "events", "no denominator", QualityState.FAIL)
    return Observation("DENOMINATOR", float(n), "events", f"{n:,} events in the denominator")


def blasts(tube: Stained) -> Observation:
    """Events among the blasts, where there is a cluster of them."""
    n = tube.gating.count("blasts") or 0
    if not tube.gating.cluster:
        return Observation("BLASTS", None, "events", "no cluster of blasts")
    return Observation("BLASTS", float(n), "events", f"{n:,} blasts")


def reagent(tube: Stained) -> Observation:
    """Stain index of CD5 on normal T cells: whether the reagent was in the tube and worked."""
    code, unit = "CD5_ON_T_CELLS", "stain index"
    if not tube.has_cd5:
        return Observation(code, None, unit, "no CD5 in this tube")
    if PriorTherapy.CD5_CAR in tube.prior_therapy:
        return Observation(code, None, unit, "after CD5 CAR-T cells normal T cells may lack CD5")
    n = tube.gating.count("t_cells") or 0
    index = tube.stain_index
    if n < tube.reagent_t_cells:
        return Observation(
            code, None, unit, f"{n} normal T cells are too few to judge the reagent by"
        )
    if index is None:
        return Observation(
            code, None, unit, "no negatives were measured to hold the T cells against"
        )
    return Observation(code, index, unit, f"CD5 of {n:,} T cells over the negatives")


def internal_negative(tube: Stained) -> Observation:
    """Events of the internal negative population behind a cut."""
    if tube.reference is None:
        return Observation(
            "INTERNAL_NEGATIVE", None, "events", "the cut rests on no internal negative"
        )
    words, events = tube.reference
    return Observation("INTERNAL_NEGATIVE", float(events), "events", words)


def cut_agreement(tube: Stained) -> Observation:
    """Decades between the cut used and the next strong one."""
    code, unit = "CUT_AGREEMENT", "decades"
    if not tube.cuts or tube.cuts[0][1] <= 0:
        return Observation(code, None, unit, "no cut")
    method, place = tube.cuts[0]
    for other, there in tube.cuts[1:]:
        if other in {CutMethod.INTERNAL_NEGATIVE, CutMethod.FIXED} and there > 0:
            apart = abs(float(np.log10(there / place)))
            return Observation(code, apart, unit, f"{method.value} against {other.value}")
    return Observation(code, None, unit, f"only {method.value} places a cut")


def gate_shares(tube: Stained) -> Observation:
    """Number of gates outside their usual share of the parent."""
    odd = [f.message for f in tube.gating.findings if f.code == "GATE_SHARE"]
    return Observation(
        "GATE_SHARES", float(len(odd)), "gates", "; ".join(odd) or "every gate has its usual share"
    )


def specimen_age(tube: Stained) -> Observation:
    """Hours from collection to acquisition."""
    code, unit = "SPECIMEN_AGE", "hours"
    try:
        start = datetime.fromisoformat(tube.collected_at or "")
        end = datetime.fromisoformat(tube.acquired or "")
        hours = (end.replace(tzinfo=None) - start.replace(tzinfo=None)).total_seconds() / 3600
    except ValueError:
        return Observation(code, None, unit, "time of collection or acquisition unknown")
    if hours < 0:
        return Observation(code, None, unit, "acquired before it was collected, by the dates given")
    return Observation(code, hours, unit, f"{hours:.0f} h from collection to acquisition")


OBSERVERS: tuple[Callable[[Stained], Observation], ...] = (
    compensation,
    denominator,
    blasts,
    reagent,
    internal_negative,
    cut_agreement,
    gate_shares,
    specimen_age,
)
"""The battery; another observer is one function and one line."""
