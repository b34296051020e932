"""Everything that a result tells of a tube, put into its sections."""

from __future__ import annotations

from pathlib import Path

from cd5flow.analysis import provenance
from cd5flow.analysis.cd5_signal import GatedTube
from cd5flow.analysis.control_gates import placed_by_refused
from cd5flow.analysis.diagnosis import laip_section, unused
from cd5flow.analysis.fingerprint import Hash, file_sha256, inputs_sha256
from cd5flow.analysis.imported_gates import imported_section
from cd5flow.analysis.overrides import redo_section
from cd5flow.analysis.sections import panel_entries, population_sections, words
from cd5flow.analysis.tube import Rules, Settings, Tube
from cd5flow.fcs import FcsFile
from cd5flow.gating.by_hand import OverridePlan
from cd5flow.gating.confidence import Rating, rate
from cd5flow.gating.strategy import Strategy
from cd5flow.model.findings import Finding
from cd5flow.model.populations import Gating
from cd5flow.model.result import (
    BurdenSection,
    Cd5Section,
    ControlSection,
    CriterionSection,
    PhenotypeEntry,
    ProtocolSection,
    QualitySection,
    Result,
    ReviewSection,
    SampleSection,
    StrategySection,
)


def tell(
    path: Path,
    tube: Tube,
    gating: Gating,
    rules: Rules,
    settings: Settings,
    *,
    plan: OverridePlan,
    controls: tuple[GatedTube, ...],
    sections: tuple[ControlSection, ...],
    quality: QualitySection,
    cd5: Cd5Section,
    burden: BurdenSection,
    criterion: CriterionSection,
    phenotype: tuple[PhenotypeEntry, ...],
) -> Result:
    """Return the result of a tube whose answers are known."""
    strategy, protocol = rules.strategy.value, rules.protocol.value
    return Result(
        sample=_sample(path, tube.fcs, settings),
        strategy=StrategySection(
            name=strategy.name,
            version=strategy.version,
            sha256=rules.strategy.sha256,
            lineage=gating.lineage,
            choice=rules.choice,
            imported=imported_section(tube, settings),
            laip=laip_section(settings.laip),
            rules_changed=rules.changed,
        ),
        protocol=ProtocolSection(
            name=protocol.name, version=protocol.version, sha256=rules.protocol.sha256
        ),
        controls=sections,
        panel=panel_entries(tube.panel),
        quality=quality,
        populations=population_sections(gating, ratings=_ratings(gating, strategy)),
        cd5=cd5,
        burden=burden,
        criterion=criterion,
        review=ReviewSection(),
        provenance=provenance.section(
            seed=settings.seed,
            settings=_recorded(settings, tube, rules),
            redo=redo_section(
                path,
                settings,
                sha256=tube.fcs.sha256,
                gating=gating,
                plan=plan,
            ),
            inputs_sha256=inputs_sha256(path, settings, rules, sha256=_known(path, tube, controls)),
        ),
        findings=words((*_findings(tube, gating, settings), *placed_by_refused(gating, sections))),
        phenotype=phenotype,
    )


def _ratings(gating: Gating, strategy: Strategy) -> dict[str, Rating]:
    return {} if strategy.confidence is None else rate(gating, strategy.confidence)


def _sample(path: Path, fcs: FcsFile, settings: Settings) -> SampleSection:
    return SampleSection(
        id=settings.sample_id or path.stem,
        file=path.name,
        sha256=fcs.sha256,
        events=len(fcs.raw),
        acquired=fcs.acquired,
        cytometer=fcs.cytometer,
        timepoint=settings.timepoint,
        specimen=settings.specimen,
        prior_therapy=settings.prior_therapy,
        patient_id=settings.patient_id,
        collected_at=settings.collected_at,
        identifiers=dict(settings.identifiers),
    )


def _known(path: Path, tube: Tube, controls: tuple[GatedTube, ...]) -> Hash:
    """Return the SHA-256 of files; those that were analysed are not read again for it."""
    read = {path: tube.fcs.sha256} | {c.tube.fcs.path: c.tube.fcs.sha256 for c in controls}
    return lambda file: read[file] if file in read else file_sha256(file)


def _recorded(settings: Settings, tube: Tube, rules: Rules) -> dict[str, object]:
    """Return the settings that a second run needs; file names without their folders."""
    spillover = settings.spillover
    return {
        "strategy": Path(settings.strategy).name,
        "protocol": Path(settings.protocol).name,
        "dataset": tube.fcs.dataset,
        "spillover": spillover.name if isinstance(spillover, Path) else spillover,
        "controls": {role: path.name for role, path in settings.controls.items()},
        "markers": dict(settings.markers),
        "override": None if settings.override is None else settings.override.name,
        "gates": None if settings.gates is None else settings.gates.file,
        "laip": None if settings.laip is None else settings.laip.sample,
        "map": {} if settings.gates is None else dict(settings.gates.populations),
        "marker_table": {"version": rules.aliases.version, "sha256": rules.aliases.sha256},
        "clinical": None
        if settings.clinical is None
        else settings.clinical.model_dump(mode="json", exclude_none=True),
    }


def _findings(tube: Tube, gating: Gating, settings: Settings) -> tuple[Finding, ...]:
    own = unused(settings.laip, gating)
    return (*tube.fcs.findings, *tube.panel.findings, *tube.choice.findings, *gating.findings, *own)
