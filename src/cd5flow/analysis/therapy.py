"""T cells after cellular therapies: those that must not be called leukaemia, and those in doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cd5flow.analysis.stages import CheckedTube, MeasuredTube, Tube
from cd5flow.gating.strategy import AfterTherapy, EditedTCells
from cd5flow.gating.therapy import therapy_changes
from cd5flow.model.findings import warning
from cd5flow.model.names import BLASTS, T_CELLS
from cd5flow.model.populations import UNPROVEN, Gating
from cd5flow.quantify.phenotype import phenotype

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


def may_hold_edited_t_cells(checked: CheckedTube) -> bool:
    """Whether a population of blasts without surface CD3 may be T cells that were edited to lack it.

    Nothing tells them where the blasts carry no marker of immaturity and as much CD45 as T cells, or
    where that cannot be measured.
    """
    gating = checked.gating
    asked = [r.edited_t_cells for r in _changes(checked.tube) if r.edited_t_cells is not None]
    if not asked or not gating.lineage.cluster:
        return False
    return any(
        not _is_told(checked, name, rule)
        for name, lacks in _populations(gating)
        if SURFACE in lacks
        for rule in asked
    )


def _populations(gating: Gating) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each population of blasts with the markers that it lacks.

    Of blasts that no lineage rule found, as imported gates are, nothing says that they have CD3.
    """
    if len(gating.leukaemic) > 1:
        return tuple((one.name, one.lacks) for one in gating.leukaemic)
    lineage = gating.lineage
    return ((BLASTS, (SURFACE,) if lineage.rule is None else lineage.lacks),)


def _is_told(checked: CheckedTube, name: str, rule: EditedTCells) -> bool:
    """Whether a population differs from mature T cells on a marker that tells."""
    tube, members = checked.tube, checked.gating.members
    there = {BLASTS: members[name]}
    if T_CELLS in members:
        there[T_CELLS] = members[T_CELLS]
    for entry in phenotype(
        there,
        columns=tube.columns,
        panel=tube.panel,
        min_events=tube.strategy.cd5.evaluable_blasts,
    ):
        above, median = entry.above_t_cells_percent, entry.median_decades
        if entry.marker in rule.carried and above is not None and above >= rule.carried_percent:
            return True
        if entry.marker == rule.below and median is not None and median <= -rule.below_decades:
            return True
    return False
