"""What results keep for their states to follow from, of tubes on which nothing but the share decides."""

from __future__ import annotations

from typing import Any

from cd5flow.model.basis_sections import (
    BurdenBasis,
    Cd5Basis,
    CutBasis,
    LineageBasis,
    ReagentSection,
)
from cd5flow.model.limits import BurdenLimits, IntervalMethod
from cd5flow.model.result import CutMethod
from support.lineage_factory import PROVEN
from support.readout_factory import cd5_limits


def make_cd5_basis(percent: float | None, *, events: int = 1000, **changes: Any) -> Cd5Basis:
    """Return what a CD5 section keeps where an FMO's cut gave a share."""
    known: dict[str, Any] = {
        "gate_events": events,
        "signal_events": events,
        "has_cd5": True,
        "panel_gap": (),
        "compensated": True,
        "unknown_labels": (),
        "cuts": (
            CutBasis(
                name="FMO",
                method=CutMethod.FMO,
                linear=300.0,
                reference_events=events,
                by_hand=False,
                percent=percent,
            ),
        ),
        "reagent": ReagentSection(
            by="t_cells", bright_t_cells=500, bright_blasts=0, bright_others=0
        ),
        "limits": cd5_limits(),
    }
    return Cd5Basis(**{**known, **changes})


BURDEN_LIMITS = BurdenLimits(
    cluster_events=10,
    lod_events=20,
    lloq_events=50,
    required_lod_percent=0.01,
    interval=IntervalMethod.WILSON,
)


def make_burden_basis(*, events: int = 1000) -> BurdenBasis:
    """Return what a burden keeps of blasts whose lineage is proven."""
    return BurdenBasis(
        lineage=LineageBasis.of(PROVEN),
        blast_events=events,
        look_alike_events=0,
        denominator_known=True,
        cd7_unused=False,
        searched=True,
        countable=True,
        scope=None,
        limits=BURDEN_LIMITS,
    )
