"""Quality of one tube: the batteries of `cd5flow.quality` on what the other steps found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from cd5flow.analysis.contamination import find_outside
from cd5flow.analysis.stages import CheckedTube, MeasuredTube
from cd5flow.model.events import Mask
from cd5flow.model.names import BLASTS, DENOMINATOR
from cd5flow.model.reasons import codes
from cd5flow.model.result import (
    ControlSection,
    CutMethod,
)
from cd5flow.preprocess.compensation import compensated_names
from cd5flow.quality.acquisition import observe_acquisition
from cd5flow.quality.cells import observe_cells
from cd5flow.quality.checks import judge
from cd5flow.quality.margins import observe_margins
from cd5flow.quality.quality_input import QualityInput
from cd5flow.quality.ratio import BlastCount
from cd5flow.quality.residual import negatives_of_fmo, observe_residuals
from cd5flow.quality.spillover import Compensation, observe_spillover
from cd5flow.quality.staining import EMPTY, Stained, observe_staining

BY_ITS_GATES: Final = frozenset({"FEW_BLASTS", "NOT_AN_FMO", "FMO_UNPROVEN"})
"""Reasons against a control that the sample's gates on it gave."""


def check_quality(measured: MeasuredTube) -> CheckedTube:
    """Run every battery and hold it against the strategy's limits."""
    tube = measured.tube
    looked_at = _input(measured)
    fmo = [
        cells_without_cd5
        for control in measured.controls
        if control.role == "fmo" and control.is_accepted
        for cells_without_cd5 in negatives_of_fmo(looked_at, control.tube.columns, control.members)
    ]
    observations = (
        *observe_acquisition(looked_at),
        *observe_margins(looked_at),
        *observe_spillover(Compensation(tube.compensation, compensated_names(tube.fcs.raw))),
        *observe_residuals(
            looked_at, tube.columns, fmo=fmo, reference=tube.strategy.cd5.references
        ),
        *observe_cells(looked_at),
        *observe_staining(_stained(measured)),
    )
    return CheckedTube(measured, judge(observations, tube.strategy.quality))


def _input(measured: MeasuredTube) -> QualityInput:
    tube = measured.tube
    return QualityInput(
        raw=tube.fcs.raw,
        panel=tube.panel,
        gating=measured.gating,
        scales=tube.scales,
        rules=tube.strategy.quality,
        lod_events=tube.strategy.burden.lod_events,
        outside=find_outside(
            measured.gating, tube.columns, tube.panel, rule=tube.strategy.cd5.neighbours
        ),
        blasts_name=BLASTS,
        denominator_name=DENOMINATOR,
    )


def _counted(members: Mapping[str, Mask]) -> BlastCount | None:
    """Return the blasts among the cells of a tube; None where its gates name none."""
    blasts, whole = members.get(BLASTS), members.get(DENOMINATOR)
    if blasts is None or whole is None:
        return None
    return BlastCount(int(np.count_nonzero(blasts & whole)), int(np.count_nonzero(whole)))


def _may_be_of_the_specimen(section: ControlSection) -> bool:
    """Whether all that speaks against a control is what its own gates show."""
    return codes(section.reasons) <= BY_ITS_GATES


def _stained(measured: MeasuredTube) -> Stained:
    tube, measurement = measured.tube, measured.measurement
    lineage, members = measured.gating.lineage, measured.gating.members
    cuts = () if measurement is None else measurement.cuts
    internal = next((c for c in cuts[:1] if c.method is CutMethod.INTERNAL_NEGATIVE), None)
    t_cells = EMPTY if measurement is None else measurement.readout.t_cells
    return Stained(
        t_cells=t_cells,
        t_cells_scaled=t_cells if measurement is None else measurement.axis.scaled(t_cells),
        negatives=None if measurement is None else measurement.negatives,
        cuts=tuple((c.method, c.linear) for c in cuts),
        reference=None if internal is None else (internal.reference, internal.reference_events),
        reagent=tube.strategy.quality.reagent,
        reagent_t_cells=tube.strategy.cd5.reagent_t_cells,
        controls=tuple((control.role, control.is_accepted) for control in measured.controls),
        counted=_counted(members) if lineage.cluster else None,
        fmo_counted=tuple(
            counted
            for control in measured.controls
            if control.role == "fmo" and _may_be_of_the_specimen(control.section)
            if (counted := _counted(control.members)) is not None
        ),
        confidence_percent=tube.strategy.quality.control_share_confidence_percent,
        prior_therapy=tube.settings.prior_therapy,
        collected_at=tube.settings.collected_at,
        acquired=tube.fcs.acquired,
        has_cd5=tube.has_cd5,
    )
