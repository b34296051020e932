"""Gates that a person drew: the tube gated again with them, and both results side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from cd5flow.analysis.gates import find_gates
from cd5flow.analysis.result import judge_criteria
from cd5flow.analysis.stages import Analysis, GatedTube, Tube
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.verdict import by_hand_reason
from cd5flow.gating.by_hand import OverridePlan, check_applied, make_plan
from cd5flow.gating.find_gate import BY_HAND
from cd5flow.gating.override import Overrides, check_sample
from cd5flow.model.geometry import Region
from cd5flow.model.names import CD5_POSITIVE, shown_name
from cd5flow.model.populations import Gate, GateTree, Gating
from cd5flow.model.reasons import Reason
from cd5flow.model.region_file import write_region
from cd5flow.model.result import (
    AutomaticGate,
    AutomaticSection,
    CutMethod,
    OverrideSection,
    Result,
)
from cd5flow.preprocess.transforms import inverse
from cd5flow.quantify.cuts import Cut

NEIGHBOURS: Final = "neighbour_percent"
"""Evidence of a valley: how much of the kept peak may belong to its neighbour."""


def check_override(tube: Tube) -> None:
    """Refuse gates drawn on another sample, where there are any.

    Raises:
        OverrideError: the override file names another sample.
    """
    if tube.rules.override is not None:
        check_sample(tube.rules.override, sample_id=tube.sample_id, sha256=tube.fcs.sha256)


def gate_by_hand(automatic: Analysis, loaded: Loaded[Overrides]) -> GatedTube:
    """Gate a tube again with what a person drew: it takes the place of what was found.

    Args:
        automatic: the tube analysed without it.
        loaded: the override file.

    Raises:
        OverrideError: the file does not fit the strategy or the tube.
    """
    tube, found = automatic.tube, automatic.gating
    plan = make_plan(
        loaded,
        strategy=tube.strategy,
        panel=tube.panel,
        scales=tube.scales,
        rule=found.lineage.rule,
        grouped=found.tree.grouped(),
    )
    # The cut chooses nobody: where nothing else is drawn, the populations are those found.
    alone = set(plan.drawn) == {CD5_POSITIVE}
    drawn = _without_cut(found) if alone else find_gates(tube, plan)
    gating = _keep_neighbours(drawn, found)
    check_applied(loaded, plan, gating)
    return GatedTube(tube, gating, plan, _cut_by_hand(plan, loaded.value.by, automatic))


def _cut_by_hand(plan: OverridePlan, by: str, automatic: Analysis) -> Cut | None:
    """Return the CD5 cut that a person drew; None where none was drawn.

    A region copied from the result unchanged is the automatic cut, whose place on the display scale
    is rounded.
    """
    drawn, found = plan.cut, automatic.gating.tree
    if drawn is None or drawn.low is None:
        return None
    scale = drawn.dimension.scale
    place = drawn.low if scale is None else float(inverse(drawn.low, scale))
    cuts = () if automatic.measured is None else automatic.measured.cuts
    if cuts and CD5_POSITIVE in found and found[CD5_POSITIVE].region == drawn:
        place = cuts[0].linear
    return Cut(
        CutMethod.FIXED, place, Reason("CUT_REFERENCE", case="by_hand", by=by), 0, by_hand=True
    )


def _without_cut(found: Gating) -> Gating:
    """Return a gating as it is before CD5 is read."""
    gates = tuple(gate for gate in found.tree.gates if gate.name != CD5_POSITIVE)
    return replace(found, tree=GateTree(gates), members=found.members.without(CD5_POSITIVE))


def _keep_neighbours(gating: Gating, found: Gating) -> Gating:
    """Return gates of which those drawn by hand keep what may be their neighbours'.

    A person's cut through a valley does not part two populations better than the valley does.
    """
    gates = tuple(_keep_neighbour(gate, found) for gate in gating.tree.gates)
    return replace(gating, tree=GateTree(gates))


def _keep_neighbour(gate: Gate, found: Gating) -> Gate:
    if gate.evidence.method != BY_HAND or gate.name not in found.tree:
        return gate
    share = found.tree[gate.name].evidence.values.get(NEIGHBOURS)
    if share is None:
        return gate
    return replace(gate, evidence=replace(gate.evidence, values={NEIGHBOURS: share}))


def amend(
    drawn: Analysis, automatic: Analysis, *, loaded: Loaded[Overrides], plan: OverridePlan
) -> Analysis:
    """Return an analysis by drawn gates with what was found without them beside it.

    Args:
        drawn: by the drawn gates.
        automatic: the same tube without them.
        loaded: the override file.
        plan: the regions in it.
    """
    result = _amended(drawn, automatic, loaded, plan)
    return replace(
        drawn,
        result=result,
        automatic=automatic.gating,
        eligibility=judge_criteria(result, drawn.tube),
    )


def _amended(
    drawn: Analysis, automatic: Analysis, loaded: Loaded[Overrides], plan: OverridePlan
) -> Result:
    said, result = loaded.value, drawn.result
    sections = tuple(
        OverrideSection(
            gate=one.gate,
            by=said.by,
            date=said.date,
            reason=said.reason if one.reason is None else one.reason,
            region=_written(plan.drawn[one.gate]),
            events=drawn.gating.count(one.gate),
            percent_of_parent=_share(one.gate, drawn.gating),
            automatic=_automatic_gate(one.gate, automatic.gating),
            file=shown_name(loaded.path.name),
            sha256=loaded.sha256,
        )
        for one in said.gates
    )
    findings = result.findings
    if plan.cut is not None:
        findings = (*findings, Reason("GATE_BY_HAND", case="drawn", gate=CD5_POSITIVE))
    criterion = result.criterion
    reason = by_hand_reason(sections)
    changed = {
        "overrides": sections,
        "automatic": _answers(automatic.result),
        "findings": findings,
        "criterion": criterion.model_copy(update={"reasons": (*criterion.reasons, *reason)}),
    }
    # Who drew a gate has signed nothing: the result stays unreviewed.
    return result.model_copy(update=changed).sealed()


def _automatic_gate(name: str, found: Gating) -> AutomaticGate | None:
    if name not in found.tree:
        return None
    gate = found.tree[name]
    return AutomaticGate(
        method=gate.evidence.method,
        region=write_region(gate.region),
        events=found.count(name) or 0,
        percent_of_parent=_share(name, found),
    )


def _share(name: str, gating: Gating) -> float | None:
    if name not in gating.tree:
        return None
    events, whole = gating.count(name), gating.count(gating.tree[name].parent)
    return 100 * events / whole if whole and events is not None else None


def _answers(result: Result) -> AutomaticSection:
    return AutomaticSection(
        lineage=result.strategy.lineage,
        cd5_state=result.cd5.state,
        cd5_percent=result.cd5.percent,
        burden_state=result.burden.state,
        burden_percent=result.burden.percent,
        criterion_state=result.criterion.state,
    )


def _written(region: Region | None) -> dict[str, Any] | None:
    return None if region is None else write_region(region)
