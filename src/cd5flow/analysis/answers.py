"""From a checked tube to its answers: CD5 of the blasts, how much disease, what the protocol says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cd5flow.analysis.blast_populations import (
    blasts_section,
    excluded_sections,
    with_low_populations,
)
from cd5flow.analysis.contamination import find_neighbours
from cd5flow.analysis.denominator import denominator_rule, other_counts
from cd5flow.analysis.scope import find_scope, is_countable, panel_gap, was_searched
from cd5flow.analysis.stages import CheckedTube, JudgedTube
from cd5flow.analysis.therapy import may_hold_edited_t_cells
from cd5flow.analysis.undecided import with_undecided
from cd5flow.criteria.bounds import fmo_refused, sampling_day
from cd5flow.criteria.cd5_state import withdrawn_if_doubtful
from cd5flow.criteria.verdict import Context, judge_criterion
from cd5flow.gating.find_gate import BY_HAND
from cd5flow.gating.strategy import Strategy
from cd5flow.gating.therapy import ignored_markers
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.names import BLASTS, CD5_POSITIVE, DENOMINATOR, LOOK_ALIKES
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating
from cd5flow.model.reasons import sentence
from cd5flow.model.result import (
    BurdenSection,
    Cd5Section,
    CriterionSection,
    PhenotypeEntry,
    QualityState,
)
from cd5flow.quantify.burden import BurdenCounts, judge_burden
from cd5flow.quantify.burden_notes import burden_notes
from cd5flow.quantify.cd5 import Circumstances, judge_cd5
from cd5flow.quantify.drawn import counted
from cd5flow.quantify.phenotype import phenotype


def judge_tube(checked: CheckedTube) -> JudgedTube:
    """Return a tube with all that may be said of it."""
    cd5 = _cd5(checked)
    blasts = blasts_section(checked.gating, cd5, tube=checked.tube)
    cd5 = with_low_populations(
        cd5, blasts, threshold=checked.tube.protocol.cd5, limits=checked.tube.strategy.cd5
    )
    cd5 = with_undecided(
        cd5, checked.gating, tube=checked.tube, threshold=checked.tube.protocol.cd5
    )
    burden = _burden(checked)
    return JudgedTube(
        checked,
        gating=_with_positive(checked, cd5),
        cd5=cd5,
        burden=burden,
        criterion=_criterion(checked, cd5, burden),
        phenotype=_phenotype(checked),
        blasts=blasts,
        excluded=excluded_sections(checked.gating, tube=checked.tube),
    )


def _cd5(checked: CheckedTube) -> Cd5Section:
    """Return the share of blasts that carry CD5, and what may be said of it."""
    tube, gating, measured = checked.tube, checked.gating, checked.measured
    limits = tube.strategy.cd5
    threshold = checked.tube.protocol.cd5
    section = judge_cd5(
        measured.measurement,
        threshold=threshold,
        limits=limits,
        circumstances=Circumstances(
            has_cd5=tube.has_cd5,
            panel_gap=panel_gap(tube.panel),
            unknown_labels=tube.panel.unknown,
            compensated=tube.compensation.state.is_known,
            lineage=gating.lineage,
            blast_events=gating.count(BLASTS) or 0,
            quality_fail=checked.quality.state is QualityState.FAIL,
            known_t_all=_known_t_all(checked),
        ),
        neighbours=find_neighbours(gating, tube.columns, tube.panel, rule=limits.neighbours),
    )
    state, reasons = withdrawn_if_doubtful(section.state, section.reasons, checked.quality)
    section = section.model_copy(update={"state": state, "reasons": reasons})
    if measured.positive is None:
        return section
    return counted(section, measured.positive, threshold=threshold, limits=limits)


def _known_t_all(checked: CheckedTube) -> bool:
    """Whether T-ALL is known from elsewhere than this tube."""
    settings = checked.tube.settings
    return settings.laip is not None or bool(settings.clinical and settings.clinical.is_t_all)


def _with_positive(checked: CheckedTube, cd5: Cd5Section) -> Gating:
    """Return the gates with the CD5-positive blasts, where there is a cut that gave a number."""
    tube, gating = checked.tube, checked.gating
    if cd5.cut is None or cd5.percent is None or CD5_POSITIVE in gating.tree:
        return gating
    dimension = Dimension(cd5.cut.channel, tube.scales[cd5.cut.channel])
    place = cd5.cut.scaled
    evidence = Evidence(
        BY_HAND if cd5.cut.by_hand else cd5.cut.method.value,
        cd5.cut.reference_events,
        {"cut": place, "cut_linear": cd5.cut.linear},
        cd5.cut.reference,
    )
    gate = Gate(
        CD5_POSITIVE,
        BLASTS,
        checked.measured.gated.plan.cut or Interval(dimension, low=place),
        evidence,
        "Blasts that carry CD5: the trial's criterion.",
    )
    signal = tube.columns.column(Dimension(cd5.cut.channel))
    mask = gating.members[BLASTS] & (signal >= cd5.cut.linear)
    return replace(
        gating,
        tree=GateTree((*gating.tree.gates, gate)),
        members=gating.members | {CD5_POSITIVE: mask},
    )


def _burden(checked: CheckedTube) -> BurdenSection:
    """Return the share of blasts in the denominator, and what may be said of it."""
    tube, gating = checked.tube, checked.gating
    rule = denominator_rule(gating, tube.strategy, tube.panel)
    counts = BurdenCounts(
        blast_events=_inside(gating, BLASTS),
        look_alike_events=_inside(gating, LOOK_ALIKES),
        denominator_events=gating.count(DENOMINATOR),
        denominator_rule=sentence(rule),
        lineage=gating.lineage,
        scope=find_scope(tube, gating),
        cd7_unused="CD7" in ignored_markers(tube.strategy, tube.settings.prior_therapy),
        searched=was_searched(tube, gating),
        countable=is_countable(tube, gating),
        undecided=gating.undecided,
        quality_fail=checked.quality.state is QualityState.FAIL,
        others=other_counts(gating, tube.strategy.burden),
    )
    burden = judge_burden(
        counts,
        limits=tube.strategy.burden,
        burden_limit_percent=tube.protocol.burden.overt_percent,
    )
    notes = burden_notes(
        burden,
        specimen=tube.settings.specimen,
        kinds=gating.kinds,
        limits=tube.strategy.burden,
    )
    told = {
        "denominator_data": rule,
        "notes": notes,
        "second_start_percent": _second_start(burden, gating, tube.strategy),
    }
    return burden.model_copy(update=told)


def _second_start(burden: BurdenSection, gating: Gating, strategy: Strategy) -> float | None:
    """Return the burden by another start of grouping, where it moves by more than is allowed."""
    start, search = gating.second_start, strategy.leukaemia
    if start is None or search is None or burden.percent is None or not start.events:
        return None
    if not start.moves_by(search.second_start_percent):
        return None
    return min(burden.percent * start.again / start.events, 100.0)


def _inside(gating: Gating, name: str) -> int:
    """Return how many events of a population lie in the denominator; 0 where either is absent."""
    denominator, cells = gating.members.get(DENOMINATOR), gating.members.get(name)
    if denominator is None or cells is None:
        return 0
    return int(np.count_nonzero(cells & denominator))


def _criterion(checked: CheckedTube, cd5: Cd5Section, burden: BurdenSection) -> CriterionSection:
    settings = checked.tube.settings
    return judge_criterion(
        cd5,
        burden=burden,
        protocol=checked.tube.protocol,
        context=Context(
            timepoint=settings.timepoint,
            specimen=settings.specimen,
            prior_therapy=settings.prior_therapy,
            quality_state=checked.quality.state,
            lineage=checked.gating.lineage,
            supplied_fmo_refused=fmo_refused(c.section for c in checked.measured.controls),
            at_diagnosis=settings.laip is not None,
            edited_t_cells=may_hold_edited_t_cells(checked),
            collected_at=settings.collected_at,
            low_cd5=cd5.percent is not None and not checked.tube.protocol.cd5.holds(cd5.percent),
            sampled_on=sampling_day(settings.collected_at, checked.tube.fcs.acquired),
            internalisation_days=cd5.internalisation_days,
            clinical=settings.clinical,
        ),
    )


def _phenotype(checked: CheckedTube) -> tuple[PhenotypeEntry, ...]:
    """Return where the blasts lie on each marker but CD5."""
    tube = checked.tube
    return phenotype(
        checked.gating.members,
        columns=tube.columns,
        panel=tube.panel,
        min_events=tube.strategy.cd5.evaluable_blasts,
    )
