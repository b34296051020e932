"""The order of the steps: one tube from file to result. Read this page first.

File → events → panel → compensation → scales → gates → controls → CD5 cuts → quality → verdicts →
result. Each step has a module of its own that knows nothing of the next; here they meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cd5flow.analysis.answers import (
    burden_of,
    cd5_of,
    markers_of_blasts,
    others_among_blasts,
    threshold_of,
    with_positive,
)
from cd5flow.analysis.cd5_signal import GatedTube, read_cd5
from cd5flow.analysis.control_gates import control_events
from cd5flow.analysis.imported_gates import drawn_positive, gate_as_drawn
from cd5flow.analysis.overrides import amended, cut_by_hand, with_neighbours
from cd5flow.analysis.quality import check_quality, doubted, watch_run
from cd5flow.analysis.result import tell
from cd5flow.analysis.therapy import edited_t_cells, without_spared_t_cells
from cd5flow.analysis.tube import AUTO, Rules, Settings, Tube, choose_rules, read_tube
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.eligibility import Eligibility, judge_eligibility
from cd5flow.criteria.verdict import Context, judge_criterion
from cd5flow.gating.by_hand import OverridePlan, check_applied, make_plan
from cd5flow.gating.override import Overrides, check_sample
from cd5flow.gating.resolve import resolve
from cd5flow.model.populations import Gating
from cd5flow.model.result import Result
from cd5flow.numerics.timing import Stage, untimed
from cd5flow.quantify.cd5 import Measurement
from cd5flow.quantify.cuts import Cut
from cd5flow.quantify.drawn import counted

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


@dataclass(frozen=True)
class Analysis:
    """Everything that reports and plots are made from."""

    result: Result
    tube: Tube
    gating: Gating
    measured: Measurement | None
    controls: tuple[GatedTube, ...]
    automatic: Gating | None = None
    """The gates as they were found, where a person drew some of them anew."""
    eligibility: Eligibility | None = None
    """Every criterion of the protocol, where a clinical file was given."""


def analyse_tube(path: Path, settings: Settings, *, stage: Stage = untimed) -> Analysis:
    """Analyse one tube. Computes, writes nothing.

    Args:
        path: the FCS file.
        settings: what is asked for.
        stage: marks each stage of the work, for who times them.

    Raises:
        InputError: a file that cannot be used.
        UsageError: a strategy, protocol, override file or option that is wrong.
    """
    with stage("rules"):
        rules = choose_rules(settings)
    with stage("read"):
        tube = read_tube(path, rules, settings, stage=stage)
    if rules.override is not None:
        sample_id = settings.sample_id or path.stem
        check_sample(rules.override, sample_id=sample_id, sha256=tube.fcs.sha256)
    with stage("gates"):
        gating = _gate(tube, rules, settings, OverridePlan(rules.strategy.value), stage)
    automatic = _judged(path, tube, gating, rules, settings, stage=stage)
    if rules.override is None:
        return automatic
    with stage("by hand"):
        return _by_hand(path, automatic, rules.override, rules, settings)


def _gate(
    tube: Tube, rules: Rules, settings: Settings, plan: OverridePlan, stage: Stage = untimed
) -> Gating:
    return gate_as_drawn(tube, settings, plan.strategy) or resolve(
        plan.strategy,
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        seed=settings.seed,
        drawn=plan.drawn,
        laip=settings.laip,
        controls=control_events(tube, rules, settings),
        stage=stage,
    )


def _by_hand(
    path: Path, automatic: Analysis, loaded: Loaded[Overrides], rules: Rules, settings: Settings
) -> Analysis:
    """Analyse a tube again with the gates that a person drew."""
    tube, found = automatic.tube, automatic.gating
    plan = make_plan(
        loaded,
        strategy=rules.strategy.value,
        panel=tube.panel,
        scales=tube.scales,
        rule=found.rule,
    )
    gating = with_neighbours(_gate(tube, rules, settings, plan), found)
    check_applied(loaded, plan, gating)
    cuts = () if automatic.measured is None else automatic.measured.cuts[:1]
    cut = cut_by_hand(
        plan, loaded.value.by, automatic=found, linear=cuts[0].linear if cuts else None
    )
    drawn = _judged(path, tube, gating, rules, settings, plan=plan, cut=cut)
    result = amended(
        drawn.result,
        loaded,
        plan=plan,
        gating=drawn.gating,
        automatic=automatic.result,
        found=found,
    )
    judged = _eligibility(result, rules, settings)
    return replace(drawn, result=result, automatic=found, eligibility=judged)


def _judged(
    path: Path,
    tube: Tube,
    gating: Gating,
    rules: Rules,
    settings: Settings,
    *,
    plan: OverridePlan | None = None,
    cut: Cut | None = None,
    stage: Stage = untimed,
) -> Analysis:
    """Return what a gated tube says, with what a person drew on it (`plan`, `cut`)."""
    strategy, protocol = rules.strategy.value, rules.protocol.value
    plan = plan or OverridePlan(strategy)
    positive = drawn_positive(tube, gating)
    cut = cut if positive is None else positive.cut
    with stage("quality"):
        of_the_run = watch_run(tube, gating, strategy)
        others = others_among_blasts(tube, gating, rules)
        phenotype = markers_of_blasts(tube, gating, rules)
    with stage("CD5"):
        controls, sections, measured = read_cd5(tube, gating, rules, settings, by_hand=cut)
    gating = without_spared_t_cells(
        gating, measured, strategy=strategy, therapies=settings.prior_therapy
    )
    with stage("quality"):
        quality = check_quality(
            tube,
            gating,
            measured,
            controls=controls,
            sections=sections,
            strategy=strategy,
            settings=settings,
            of_the_run=of_the_run,
        )
    with stage("answer"):
        cd5 = cd5_of(tube, gating, measured, quality, rules, others=others)
        cd5 = doubted(cd5, quality, strategy.quality)
    if positive is not None:
        cd5 = counted(cd5, positive, threshold=threshold_of(rules), limits=strategy.cd5)
    gating = with_positive(gating, tube, cd5, plan)
    burden = burden_of(tube, gating, quality, rules, settings.laip)
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
            blasts_use_cd5=gating.blasts_use_cd5,
            lineage_as_drawn=gating.lineage_as_drawn,
            nk_unresolved=gating.nk_unresolved,
            edited_t_cells=edited_t_cells(
                tube, gating, burden, strategy=strategy, therapies=settings.prior_therapy
            ),
            clinical=settings.clinical,
        ),
    )
    with stage("result"):
        result = tell(
            path,
            tube,
            gating,
            rules,
            settings,
            plan=plan,
            controls=controls,
            sections=sections,
            quality=quality,
            cd5=cd5,
            burden=burden,
            criterion=criterion,
            phenotype=phenotype,
        )
    judged = _eligibility(result, rules, settings)
    return Analysis(result, tube, gating, measured, controls, eligibility=judged)


def _eligibility(result: Result, rules: Rules, settings: Settings) -> Eligibility | None:
    if settings.clinical is None or not rules.protocol.value.criteria:
        return None
    return judge_eligibility((result,), protocol=rules.protocol, clinical=settings.clinical)
