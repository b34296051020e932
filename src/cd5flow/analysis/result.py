"""Everything that a result tells of a tube, put into its sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cd5flow.analysis import provenance
from cd5flow.analysis.control_tubes import placed_by_refused
from cd5flow.analysis.diagnosis import laip_section, unused_laip
from cd5flow.analysis.fingerprint import Hash, file_sha256, inputs_sha256
from cd5flow.analysis.imported_gates import imported_section
from cd5flow.analysis.redo import redo_section
from cd5flow.analysis.result_rows import finding_reasons, panel_entries, population_sections
from cd5flow.analysis.settings import Settings, recorded
from cd5flow.analysis.stages import Analysis, JudgedTube, Tube
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.eligibility import Eligibility, judge_eligibility
from cd5flow.criteria.protocol import written_rules
from cd5flow.gating.confidence import Rating, rate
from cd5flow.gating.profiles import Profiles
from cd5flow.gating.strategy import Strategy
from cd5flow.model.findings import Finding
from cd5flow.model.names import shown_name
from cd5flow.model.populations import Gating
from cd5flow.model.result import (
    ProfilesSection,
    ProtocolSection,
    ProvenanceSection,
    Result,
    ReviewSection,
    SampleSection,
    StrategySection,
)


def build_analysis(judged: JudgedTube) -> Analysis:
    """Return a tube whose answers are known with its result and its criteria."""
    result, measured = build_result(judged), judged.measured
    return Analysis(
        result,
        judged.tube,
        judged.gating,
        measured.measurement,
        measured.controls,
        eligibility=judge_criteria(result, judged.tube),
    )


def judge_criteria(result: Result, tube: Tube) -> Eligibility | None:
    """Return every criterion of the protocol; None without a clinical file, or without criteria."""
    clinical = tube.settings.clinical
    if clinical is None or not tube.protocol.criteria:
        return None
    return judge_eligibility((result,), protocol=tube.rules.protocol, clinical=clinical)


def build_result(judged: JudgedTube) -> Result:
    """Return the result of a tube whose answers are known."""
    tube, gating = judged.tube, judged.gating
    rules, strategy, protocol = tube.rules, tube.strategy, tube.protocol
    result = Result(
        sample=_sample(tube),
        strategy=StrategySection(
            name=strategy.name,
            version=strategy.version,
            sha256=rules.strategy.sha256,
            lineage=gating.lineage.name,
            profiles=_profiles(rules.profiles),
            choice=rules.choice,
            imported=imported_section(tube),
            laip=laip_section(tube.settings.laip),
            rules_changed=rules.changed,
        ),
        protocol=ProtocolSection(
            name=protocol.name,
            version=protocol.version,
            sha256=rules.protocol.sha256,
            rules=written_rules(protocol),
        ),
        controls=tuple(control.section for control in judged.measured.controls),
        panel=panel_entries(tube.panel),
        quality=judged.checked.quality,
        populations=population_sections(gating, ratings=_ratings(gating, strategy)),
        cd5=judged.cd5,
        burden=judged.burden,
        criterion=judged.criterion,
        blasts=judged.blasts,
        excluded=judged.excluded,
        review=ReviewSection(),
        provenance=_provenance(judged),
        findings=finding_reasons(_findings(judged)),
        phenotype=judged.phenotype,
    )
    return result.sealed()


def _ratings(gating: Gating, strategy: Strategy) -> dict[str, Rating]:
    return {} if strategy.confidence is None else rate(gating, strategy.confidence)


def _sample(tube: Tube) -> SampleSection:
    fcs, settings = tube.fcs, tube.settings
    return SampleSection(
        id=tube.sample_id,
        file=shown_name(tube.path.name),
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


def _provenance(judged: JudgedTube) -> ProvenanceSection:
    tube = judged.tube
    sha256 = _known_sha256(tube)
    return provenance.section(
        seed=tube.settings.seed,
        settings=_recorded(tube),
        origins=tube.settings.origins,
        redo=redo_section(judged),
        inputs_sha256=inputs_sha256(tube.path, tube.settings, tube.rules, sha256=sha256),
    )


def _known_sha256(tube: Tube) -> Hash:
    """Return the SHA-256 of files; those that were analysed are not read again for it."""
    read = {tube.path: tube.fcs.sha256} | {c.fcs.path: c.fcs.sha256 for c in tube.controls}
    return lambda file: read[file] if file in read else file_sha256(file)


def _recorded(tube: Tube) -> dict[str, Any]:
    """Return the settings that a second run needs, with what was chosen where nothing was said."""
    aliases, settings = tube.rules.aliases, tube.settings
    controls = {
        "control_identifiers": {role: dict(ids) for role, ids in _stated(settings)},
        "control_datasets": dict(settings.control_datasets),
    }
    return recorded(settings) | {
        "dataset": tube.fcs.dataset,
        **{name: said for name, said in controls.items() if said},
        "marker_table": {"version": aliases.version, "sha256": aliases.sha256},
    }


def _stated(settings: Settings) -> list[tuple[str, Mapping[str, str]]]:
    """Return role and identifiers of each control tube of which any are stated."""
    return [(role, ids) for role, ids in settings.control_identifiers.items() if ids]


def _findings(judged: JudgedTube) -> tuple[Finding, ...]:
    tube, gating = judged.tube, judged.gating
    return (
        *tube.fcs.findings,
        *tube.panel.findings,
        *tube.compensation.findings,
        *gating.findings,
        *unused_laip(tube.settings.laip, gating),
        *placed_by_refused(gating, judged.measured.controls),
    )


def _profiles(loaded: Loaded[Profiles] | None) -> ProfilesSection | None:
    if loaded is None:
        return None
    return ProfilesSection(
        name=loaded.value.name, version=loaded.value.version, sha256=loaded.sha256
    )
