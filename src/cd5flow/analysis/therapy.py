"""T cells after cellular therapies: those that must not be called leukaemia, and those in doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cd5flow.analysis.contamination import count_mature_look_alikes
from cd5flow.analysis.stages import CheckedTube, MeasuredTube, Tube
from cd5flow.gating.strategy import AfterTherapy
from cd5flow.gating.therapy import therapy_changes
from cd5flow.model.findings import warning
from cd5flow.model.populations import UNPROVEN
from cd5flow.model.result import BurdenSection

SURFACE = "CD3"


def withhold_spared_t_cells(measured: MeasuredTube) -> MeasuredTube:
    """Return a tube whose blasts are of unproven lineage where they may be spared T cells.

    After CD5 CAR-T cells the T cells that remain have surface CD3 and no CD5, be they edited or
    spared. A cluster with surface CD3 of which enough cells lack CD5, or of which nothing tells, is
    not claimed as leukaemia.
    """
    gating, measurement = measured.gating, measured.measurement
    lineage = gating.lineage
    limits = [r.spared_t_cells_percent for r in _changes(measured.tube)]
    enough = min((limit for limit in limits if limit is not None), default=None)
    if enough is None or not lineage.cluster:
        return measured
    if lineage.rule is None or SURFACE in lineage.lacks or not lineage.is_proven:
        return measured
    if measurement is not None and measurement.cuts and measurement.readout.blasts.size:
        cut = measurement.cuts[0].linear
        without = 100 * float(np.mean(measurement.readout.blasts < cut))
        if without < enough:
            return measured
    finding = warning("SPARED_T_CELLS", marker=SURFACE, lineage=lineage.name)
    doubtful = replace(
        gating,
        lineage=replace(lineage, name=UNPROVEN, unproven_cluster=True),
        findings=(*gating.findings, finding),
    )
    return replace(measured, gated=replace(measured.gated, gating=doubtful))


def _changes(tube: Tube) -> tuple[AfterTherapy, ...]:
    return therapy_changes(tube.strategy, tube.settings.prior_therapy)


def may_hold_edited_t_cells(checked: CheckedTube, burden: BurdenSection) -> bool:
    """Whether T cells without surface CD3, as gene-edited ones are, may be among the blasts.

    They pass a lineage rule that asks for no surface CD3, and are told from blasts by their CD45 at
    best. Where blasts carry surface CD3 the question does not arise.
    """
    tube, gating = checked.tube, checked.gating
    lineage, rule = gating.lineage, tube.strategy.cd5.neighbours
    asked = [r.edited_t_cells for r in _changes(tube) if r.edited_t_cells is not None]
    if not asked or not lineage.cluster:
        return False
    if lineage.rule is not None and SURFACE not in lineage.lacks:
        return False
    if gating.leukaemic and all(one.immature for one in gating.leukaemic):
        return False
    seen = count_mature_look_alikes(gating, tube.columns, tube.panel, rule=rule)
    for limit in asked:
        few = burden.percent is None or burden.percent < limit.below_percent
        if few or seen is None or seen >= limit.events:
            return True
    return False
