"""The order of the steps: one tube from file to result. Read this page first.

File → events → panel → compensation → scales → gates → controls → CD5 cuts → quality → verdicts →
result. Each step has a module of its own that knows nothing of the next; here they meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cd5flow import provenance
from cd5flow.assembly import panel_entries, population_sections, words
from cd5flow.compensation import Choice
from cd5flow.criteria.verdict import Context, judge_criterion
from cd5flow.fcs import FcsFile
from cd5flow.gating.resolve import UNPROVEN, resolve
from cd5flow.gating.strategy import BLASTS, CD5_POSITIVE, DENOMINATOR, READOUT, Strategy
from cd5flow.model.findings import Finding
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating
from cd5flow.model.result import (
    BurdenSection,
    Cd5Section,
    CutMethod,
    ProtocolSection,
    QualitySection,
    Result,
    ReviewSection,
    SampleSection,
    StrategySection,
)
from cd5flow.quality.acquisition import acquisition
from cd5flow.quality.checks import judge
from cd5flow.quality.staining import Stained, staining
from cd5flow.quantify.burden import BurdenCounts, judge_burden
from cd5flow.quantify.cd5 import Circumstances, Measurement, Threshold, judge_cd5
from cd5flow.quantify.cuts import Cut
from cd5flow.readout import GatedTube, read_cd5
from cd5flow.tube import AUTO, Rules, Settings, Tube, choose_rules, read_tube

__all__ = [
    "AUTO",
    "Analysis",
    "GatedTube",
    "Rules",
    "Settings",
    "Tube",
    "analyse_tube",
    "choose_rules",
    "read_tube",
]

LINEAGE_MARKERS = ("cyCD3", "CD3", "CD7")


@dataclass(frozen=True)
class Analysis:
    """Everything that reports and plots are made from."""

    result: Result
    tube: Tube
    gating: Gating
    measured: Measurement | None
    controls: tuple[GatedTube, ...]


def analyse_tube(path: Path, settings: Settings) -> Analysis:
    """Analyse one tube. Computes, writes nothing.

    Raises:
        InputError: a file that cannot be used.
        UsageError: a strategy, protocol or option that is wrong.
    """
    rules = choose_rules(settings)
    strategy, protocol = rules.strategy.value, rules.protocol.value
    tube = read_tube(path, rules, settings)
    gating = resolve(
        strategy, columns=tube.columns, panel=tube.panel, scales=tube.scales, seed=settings.seed
    )
    controls, sections, measured = read_cd5(tube, gating, rules, settings)
    quality = _quality(tube, gating, measured, strategy, settings)
    cd5 = _cd5(tube, gating, measured, quality, rules)
    gating = _with_positive(gating, tube, cd5)
    burden = _burden(tube, gating, quality, rules)
    criterion = judge_criterion(
        cd5,
        burden=burden,
        protocol=protocol,
        context=Context(
            timepoint=settings.timepoint,
            specimen=settings.specimen,
            prior_therapy=settings.prior_therapy,
            quality_state=quality.state,
            lineage=gating.lineage,
            lineage_by_cd7_alone=gating.cd7_alone,
            supplied_fmo_refused=any(c.role == "fmo" and not c.accepted for c in sections),
            nk_unresolved=gating.nk_unresolved,
            clinical=settings.clinical,
        ),
    )
    result = Result(
        sample=_sample(path, tube.fcs, settings),
        strategy=StrategySection(
            name=strategy.name,
            version=strategy.version,
            sha256=rules.strategy.sha256,
            lineage=gating.lineage,
            choice=rules.choice,
        ),
        protocol=ProtocolSection(
            name=protocol.name, version=protocol.version, sha256=rules.protocol.sha256
        ),
        controls=sections,
        panel=panel_entries(tube.panel),
        quality=quality,
        populations=population_sections(gating),
        cd5=cd5,
        burden=burden,
        criterion=criterion,
        review=ReviewSection(),
        provenance=provenance.section(
            seed=settings.seed,
            settings=_recorded(settings, tube, rules),
        ),
        findings=words(_findings(tube, gating)),
    )
    return Analysis(result, tube, gating, measured, controls)


def _quality(
    tube: Tube,
    gating: Gating,
    measured: Measurement | None,
    strategy: Strategy,
    settings: Settings,
) -> QualitySection:
    """Run the batteries and hold them against the strategy's limits."""
    cuts: tuple[Cut, ...] = () if measured is None else measured.cuts
    internal = next((c for c in cuts[:1] if c.method is CutMethod.INTERNAL_NEGATIVE), None)
    stained = Stained(
        gating=gating,
        stain_index=None if measured is None else measured.stain_index,
        cuts=tuple((c.method, c.linear) for c in cuts),
        reference=None if internal is None else (internal.reference, internal.reference_events),
        reagent_t_cells=strategy.cd5.reagent_t_cells,
        compensation=_compensation_words(tube.choice),
        compensated=tube.choice.state.is_known,
        condition_number=None
        if tube.choice.spillover is None
        else tube.choice.spillover.condition_number,
        prior_therapy=settings.prior_therapy,
        collected_at=settings.collected_at,
        acquired=tube.fcs.acquired,
        has_cd5=tube.panel.has(READOUT),
    )
    run = acquisition(
        tube.fcs.raw,
        panel=tube.panel,
        gating=gating,
        columns=tube.columns,
        scales=dict(tube.scales),
    )
    return judge((*run, *staining(stained)), strategy.quality)


def _compensation_words(choice: Choice) -> str:
    source = "" if choice.spillover is None else f" from {choice.spillover.source}"
    return f"{choice.state.value}{source}"


def _cd5(
    tube: Tube,
    gating: Gating,
    measured: Measurement | None,
    quality: QualitySection,
    rules: Rules,
) -> Cd5Section:
    protocol, strategy = rules.protocol.value, rules.strategy.value
    return judge_cd5(
        measured,
        threshold=Threshold(protocol.cd5.threshold_percent, protocol.cd5.operator),
        limits=strategy.cd5,
        circumstances=Circumstances(
            has_cd5=tube.panel.has(READOUT),
            panel_gap=_panel_gap(tube.panel),
            compensated=tube.choice.state.is_known,
            lineage_proven=gating.lineage != UNPROVEN,
            blast_events=gating.count(BLASTS) or 0,
            cluster=gating.cluster,
            quality_fail=quality.state.value == "FAIL",
            contamination=_contamination(gating),
        ),
    )


def _panel_gap(panel: Panel) -> tuple[str, ...]:
    """Return what is missing for blasts to be told at all."""
    gap: tuple[str, ...] = () if panel.has("CD45") else ("CD45",)
    if not any(panel.has(m) for m in LINEAGE_MARKERS):
        gap += ("one of cyCD3, CD3, CD7",)
    return gap


def _contamination(gating: Gating) -> float:
    """Return the share of the blast gate that may belong to neighbours across its valleys, 0 to 1."""
    if BLASTS not in gating.tree:
        return 0.0
    line = (*gating.tree.ancestors(BLASTS), BLASTS)
    shares = [gating.tree[name].evidence.values.get("neighbour_percent", 0.0) for name in line]
    return min(sum(shares) / 100, 1.0)


def _with_positive(gating: Gating, tube: Tube, cd5: Cd5Section) -> Gating:
    """Add the CD5-positive blasts as a gate, where there is a cut that gave a number."""
    if cd5.cut is None or cd5.percent is None:
        return gating
    dimension = Dimension(cd5.cut.channel, tube.scales[cd5.cut.channel])
    place = cd5.cut.scaled
    evidence = Evidence(
        cd5.cut.method.value,
        cd5.cut.reference_events,
        {"cut": place, "cut_linear": cd5.cut.linear},
        cd5.cut.reference,
    )
    gate = Gate(
        CD5_POSITIVE,
        BLASTS,
        Interval(dimension, low=place),
        evidence,
        "Blasts that carry CD5: the trial's criterion.",
    )
    signal = tube.columns.column(Dimension(cd5.cut.channel))
    mask = gating.members[BLASTS] & (signal >= cd5.cut.linear)
    return replace(
        gating,
        tree=GateTree((*gating.tree.gates, gate)),
        members={**gating.members, CD5_POSITIVE: mask},
    )


def _burden(tube: Tube, gating: Gating, quality: QualitySection, rules: Rules) -> BurdenSection:
    denominator = gating.members.get(DENOMINATOR)
    blasts = gating.members.get(BLASTS)
    told = not _panel_gap(tube.panel) and not gating.unproven_cluster
    inside = 0
    if denominator is not None and blasts is not None:
        inside = int((blasts & denominator).sum())
    counts = BurdenCounts(
        blast_events=inside,
        denominator_events=None if denominator is None else int(denominator.sum()),
        denominator_rule=gating.denominator_rule,
        cluster=gating.cluster,
        lineage_proven=gating.lineage != UNPROVEN,
        distinguishable=told and blasts is not None,
        # No population of the kind is a count of 0, though not "not detected"; but where other cells
        # look like blasts, or no normal T cells show where blasts would lie, the number is unknown.
        countable=told and (blasts is not None or "t_landmark" in gating.members),
        cd45_dim_cluster_unproven=gating.unproven_cluster,
        quality_fail=quality.state.value == "FAIL",
    )
    return judge_burden(
        counts,
        limits=rules.strategy.value.burden,
        burden_limit_percent=rules.protocol.value.burden.overt_percent,
    )


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
    )


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
        "marker_table": {"version": rules.aliases.version, "sha256": rules.aliases.sha256},
        "clinical": None
        if settings.clinical is None
        else settings.clinical.model_dump(mode="json", exclude_none=True),
    }


def _findings(tube: Tube, gating: Gating) -> tuple[Finding, ...]:
    return (*tube.fcs.findings, *tube.panel.findings, *tube.choice.findings, *gating.findings)
