"""Quality of one tube: the batteries of `cd5flow.quality` on what the other steps found."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cd5flow.compensation import Choice, CompensationState, compensated_names
from cd5flow.gating.strategy import BLASTS, DENOMINATOR, READOUT, Strategy
from cd5flow.model.limits import QualityLimits
from cd5flow.model.populations import Gating
from cd5flow.model.result import (
    Cd5Section,
    Cd5State,
    ControlSection,
    CutMethod,
    QualitySection,
    QualityState,
)
from cd5flow.quality.acquisition import acquisition
from cd5flow.quality.cells import cells
from cd5flow.quality.checks import judge
from cd5flow.quality.margins import margins
from cd5flow.quality.residual import negatives_of_fmo, residual
from cd5flow.quality.run import Run
from cd5flow.quality.spillover import Compensation, spillover
from cd5flow.quality.staining import EMPTY, Stained, staining
from cd5flow.quantify.cd5 import Measurement
from cd5flow.readout import GatedTube
from cd5flow.tube import Settings, Tube


def check_quality(
    tube: Tube,
    gating: Gating,
    measured: Measurement | None,
    *,
    controls: Sequence[GatedTube],
    sections: Sequence[ControlSection],
    strategy: Strategy,
    settings: Settings,
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
    """
    run = Run(
        raw=tube.fcs.raw,
        panel=tube.panel,
        gating=gating,
        scales=tube.scales,
        rules=strategy.quality,
        lod_events=strategy.burden.lod_events,
        blasts_name=BLASTS,
        denominator_name=DENOMINATOR,
    )
    fmo = [
        cells_without_cd5
        for control in controls
        if control.role == "fmo" and control.accepted
        for cells_without_cd5 in negatives_of_fmo(run, control.tube.columns, control.members)
    ]
    # What looks at every event runs beside what looks at few, but many times.
    with ThreadPoolExecutor(1) as beside:
        of_the_run = beside.submit(acquisition, run)
        left = residual(run, tube.columns, fmo=fmo, reference=strategy.cd5.references)
    observations = (
        *of_the_run.result(),
        *margins(run),
        *spillover(_compensation(tube)),
        *left,
        *cells(run),
        *staining(_stained(tube, measured, sections, strategy, settings)),
    )
    return judge(observations, strategy.quality)


def doubted(cd5: Cd5Section, quality: QualitySection, limits: QualityLimits) -> Cd5Section:
    """Return the CD5 section with a definite state taken back where a check that bears on it warns.

    Compensation that is stated and does not hold is no known compensation.
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


def _words(choice: Choice) -> str:
    source = "" if choice.spillover is None else f" from {choice.spillover.source}"
    return f"{choice.state.value}{source}"


def _stained(
    tube: Tube,
    measured: Measurement | None,
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
        prior_therapy=settings.prior_therapy,
        collected_at=settings.collected_at,
        acquired=tube.fcs.acquired,
        has_cd5=tube.panel.has(READOUT),
    )
