"""Quality of one tube: the batteries of `cd5flow.quality` on what the other steps found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from cd5flow.analysis.cd5_signal import GatedTube
from cd5flow.analysis.tube import Settings, Tube
from cd5flow.gating.strategy import Strategy
from cd5flow.model.events import Mask
from cd5flow.model.limits import QualityLimits
from cd5flow.model.names import BLASTS, DENOMINATOR, READOUT
from cd5flow.model.populations import Gating
from cd5flow.model.result import (
    Cd5Section,
    Cd5State,
    ControlSection,
    CutMethod,
    QualitySection,
    QualityState,
)
from cd5flow.preprocess.compensation import CompensationState, SpilloverChoice, compensated_names
from cd5flow.quality.acquisition import observe_acquisition
from cd5flow.quality.cells import observe_cells
from cd5flow.quality.checked_tube import CheckedTube
from cd5flow.quality.checks import Observation, judge
from cd5flow.quality.margins import observe_margins
from cd5flow.quality.ratio import BlastCount
from cd5flow.quality.residual import negatives_of_fmo, observe_residuals
from cd5flow.quality.spillover import Compensation, observe_spillover
from cd5flow.quality.staining import EMPTY, Stained, observe_staining
from cd5flow.quantify.cd5 import Measurement

COMPENSATION: Final = frozenset(
    {
        "COMPENSATION",
        "SPILLOVER_DIAGONAL",
        "SPILLOVER_COEFFICIENT",
        "SPILLOVER_NEGATIVE",
        "DOUBLE_COMPENSATION",
        "RESIDUAL_CD5",
        "RESIDUAL_SPILLOVER",
        "CD5_BELOW_ZERO",
    }
)
"""Checks that tell whether the compensation holds."""
BY_ITS_GATES: Final = frozenset({"FEW_BLASTS", "NOT_AN_FMO", "FMO_UNPROVEN"})
"""Reasons against a control that the sample's gates on it gave."""


def check_quality(
    tube: Tube,
    gating: Gating,
    measured: Measurement | None,
    *,
    controls: Sequence[GatedTube],
    sections: Sequence[ControlSection],
    strategy: Strategy,
    settings: Settings,
    of_the_run: Sequence[Observation],
) -> QualitySection:
    """Run every battery and hold it against the strategy's limits.

    Args:
        tube: the tube as read.
        gating: who is in which population.
        measured: its CD5 signals and cuts; None where there is no CD5.
        controls: the control tubes through the sample's gates.
        sections: what is said of them.
        strategy: rules and limits.
        settings: what the user said of the tube.
        of_the_run: what `watch_run` saw.
    """
    run = _run(tube, gating, strategy)
    fmo = [
        cells_without_cd5
        for control in controls
        if control.role == "fmo" and control.accepted
        for cells_without_cd5 in negatives_of_fmo(run, control.tube.columns, control.members)
    ]
    others = (
        *observe_margins(run),
        *observe_spillover(_compensation(tube)),
        *observe_residuals(run, tube.columns, fmo=fmo, reference=strategy.cd5.references),
        *observe_cells(run),
        *observe_staining(
            _stained(
                tube,
                gating,
                measured,
                controls=controls,
                sections=sections,
                strategy=strategy,
                settings=settings,
            )
        ),
    )
    return judge((*of_the_run, *others), strategy.quality)


def watch_run(tube: Tube, gating: Gating, strategy: Strategy) -> tuple[Observation, ...]:
    """Return what there is to see of the acquisition, which no other step has to be waited for."""
    return observe_acquisition(_run(tube, gating, strategy))


def _run(tube: Tube, gating: Gating, strategy: Strategy) -> CheckedTube:
    return CheckedTube(
        raw=tube.fcs.raw,
        panel=tube.panel,
        gating=gating,
        scales=tube.scales,
        rules=strategy.quality,
        lod_events=strategy.burden.lod_events,
        blasts_name=BLASTS,
        denominator_name=DENOMINATOR,
    )


def doubted(cd5: Cd5Section, quality: QualitySection, limits: QualityLimits) -> Cd5Section:
    """Return the CD5 section with a definite state taken back where a check that bears on it warns.

    Compensation that is stated and does not hold is no known compensation; blasts that may be other
    cells have no known share.
    """
    warned = [
        check.code
        for check in quality.checks
        if check.code in limits.not_definite and check.state is QualityState.WARN
    ]
    if not warned or cd5.state not in {Cd5State.MEETS, Cd5State.DOES_NOT_MEET}:
        return cd5
    doubts = tuple(
        f"COMPENSATION_DOUBTFUL: {code} warns, so that no definite state is given"
        if code in COMPENSATION
        else f"QUALITY_DOUBTFUL: {code} warns, so that no definite state is given"
        for code in warned
    )
    return cd5.model_copy(update={"state": Cd5State.BORDERLINE, "reasons": (*doubts, *cd5.reasons)})


def _compensation(tube: Tube) -> Compensation:
    choice = tube.choice
    return Compensation(
        words=_words(choice),
        known=choice.state.is_known,
        invertible=choice.state is not CompensationState.SINGULAR,
        applied=choice.spillover,
        compensated_before=compensated_names(tube.fcs.raw),
    )


def _words(choice: SpilloverChoice) -> str:
    source = "" if choice.spillover is None else f" from {choice.spillover.source}"
    return f"{choice.state.value}{source}"


def _counted(members: Mapping[str, Mask]) -> BlastCount | None:
    """Return the blasts among the cells of a tube; None where its gates name none."""
    blasts, whole = members.get(BLASTS), members.get(DENOMINATOR)
    if blasts is None or whole is None:
        return None
    return BlastCount(int(np.count_nonzero(blasts & whole)), int(np.count_nonzero(whole)))


def _may_be_of_the_specimen(section: ControlSection) -> bool:
    """Whether all that speaks against a control is what its own gates show."""
    return {reason.split(":", 1)[0] for reason in section.reasons} <= BY_ITS_GATES


def _stained(
    tube: Tube,
    gating: Gating,
    measured: Measurement | None,
    *,
    controls: Sequence[GatedTube],
    sections: Sequence[ControlSection],
    strategy: Strategy,
    settings: Settings,
) -> Stained:
    cuts = () if measured is None else measured.cuts
    internal = next((c for c in cuts[:1] if c.method is CutMethod.INTERNAL_NEGATIVE), None)
    t_cells = EMPTY if measured is None else measured.readout.t_cells
    return Stained(
        t_cells=t_cells,
        t_cells_scaled=t_cells if measured is None else measured.axis.scaled(t_cells),
        negatives=None if measured is None else measured.negatives,
        cuts=tuple((c.method, c.linear) for c in cuts),
        reference=None if internal is None else (internal.reference, internal.reference_events),
        reagent=strategy.quality.reagent,
        reagent_t_cells=strategy.cd5.reagent_t_cells,
        controls=tuple((section.role, section.accepted) for section in sections),
        counted=_counted(gating.members) if gating.cluster else None,
        fmo_counted=tuple(
            counted
            for control, section in zip(controls, sections, strict=True)
            if control.role == "fmo" and _may_be_of_the_specimen(section)
            if (counted := _counted(control.members)) is not None
        ),
        confidence_percent=strategy.quality.control_share_confidence_percent,
        prior_therapy=settings.prior_therapy,
        collected_at=settings.collected_at,
        acquired=tube.fcs.acquired,
        has_cd5=tube.panel.has(READOUT),
    )
