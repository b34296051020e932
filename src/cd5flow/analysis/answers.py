"""From a gated and measured tube to its two answers: CD5 of the blasts, and how much disease."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cd5flow.analysis.denominator import denominator_rule, other_counts
from cd5flow.analysis.neighbours import neighbours
from cd5flow.analysis.tube import Rules, Tube
from cd5flow.gating.by_hand import OverridePlan
from cd5flow.gating.find_gate import BY_HAND
from cd5flow.gating.lineage import UNPROVEN
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.laip import Laip
from cd5flow.model.names import BLASTS, CD5_POSITIVE, DENOMINATOR, READOUT
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating
from cd5flow.model.result import BurdenSection, Cd5Section, PhenotypeEntry, QualitySection
from cd5flow.quantify.burden import BurdenCounts, judge_burden
from cd5flow.quantify.cd5 import Circumstances, Measurement, Threshold, judge_cd5
from cd5flow.quantify.contamination import Neighbour
from cd5flow.quantify.phenotype import phenotype

LINEAGE_MARKERS = ("cyCD3", "CD3", "CD7")


def others_among_blasts(tube: Tube, gating: Gating, rules: Rules) -> tuple[Neighbour, ...]:
    """Return the cells of other kinds that may lie in the blast gate."""
    rule = rules.strategy.value.cd5.neighbours
    return neighbours(gating, tube.columns, tube.panel, rule=rule)


def markers_of_blasts(tube: Tube, gating: Gating, rules: Rules) -> tuple[PhenotypeEntry, ...]:
    """Return where the blasts lie on each marker but CD5."""
    return phenotype(
        gating.members,
        columns=tube.columns,
        panel=tube.panel,
        min_events=rules.strategy.value.cd5.evaluable_blasts,
    )


def cd5_of(
    tube: Tube,
    gating: Gating,
    measured: Measurement | None,
    quality: QualitySection,
    rules: Rules,
    *,
    others: tuple[Neighbour, ...],
) -> Cd5Section:
    """Return the share of blasts that carry CD5, and what may be said of it; `others` lie among them."""
    strategy = rules.strategy.value
    return judge_cd5(
        measured,
        threshold=threshold_of(rules),
        limits=strategy.cd5,
        circumstances=Circumstances(
            has_cd5=tube.panel.has(READOUT),
            panel_gap=_panel_gap(tube.panel),
            compensated=tube.choice.state.is_known,
            lineage_proven=gating.lineage != UNPROVEN,
            blast_events=gating.count(BLASTS) or 0,
            cluster=gating.cluster,
            quality_fail=quality.state.value == "FAIL",
            neighbours=others,
        ),
    )


def threshold_of(rules: Rules) -> Threshold:
    """Return the protocol's threshold."""
    rule = rules.protocol.value.cd5
    return Threshold(rule.threshold_percent, rule.operator)


def with_positive(gating: Gating, tube: Tube, cd5: Cd5Section, plan: OverridePlan) -> Gating:
    """Add the CD5-positive blasts as a gate, where there is a cut that gave a number."""
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
        plan.cut or Interval(dimension, low=place),
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


def burden_of(
    tube: Tube, gating: Gating, quality: QualitySection, rules: Rules, laip: Laip | None
) -> BurdenSection:
    """Return the share of blasts in the denominator, and what may be said of it."""
    denominator = gating.members.get(DENOMINATOR)
    blasts = gating.members.get(BLASTS)
    knows_cd7 = laip is not None and laip.carries_as_t_cells("CD7")
    told = not _panel_gap(tube.panel) and not gating.unproven_cluster
    inside = 0
    if denominator is not None and blasts is not None:
        inside = int(np.count_nonzero(blasts & denominator))
    counts = BurdenCounts(
        blast_events=inside,
        denominator_events=gating.count(DENOMINATOR),
        denominator_rule=denominator_rule(gating, rules.strategy.value, tube.panel),
        cluster=gating.cluster,
        lineage_proven=gating.lineage != UNPROVEN,
        distinguishable=told and blasts is not None,
        # No population of the kind is a count of 0, though not "not detected"; but where other cells
        # look like blasts, or no normal T cells show where blasts would lie, the number is unknown.
        countable=told and (blasts is not None or "t_landmark" in gating.members),
        cd45_dim_cluster_unproven=gating.unproven_cluster,
        quality_fail=quality.state.value == "FAIL",
        others=other_counts(gating, rules.strategy.value.burden),
        # A panel that tells the lineage by CD7 alone is blind to disease that lost it.
        unseen="" if not gating.cd7_alone or knows_cd7 else "disease without CD7",
    )
    return judge_burden(
        counts,
        limits=rules.strategy.value.burden,
        burden_limit_percent=rules.protocol.value.burden.overt_percent,
    )


def _panel_gap(panel: Panel) -> tuple[str, ...]:
    """Return what is missing for blasts to be told at all."""
    gap: tuple[str, ...] = () if panel.has("CD45") else ("CD45",)
    if not any(panel.has(m) for m in LINEAGE_MARKERS):
        gap += ("one of cyCD3, CD3, CD7",)
    return gap
