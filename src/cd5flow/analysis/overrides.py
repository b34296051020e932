"""From an automatic result and what a person drew to the amended one, with both side by side."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.tube import AUTO, Settings
from cd5flow.config.yaml_file import Loaded
from cd5flow.gating.by_hand import OverridePlan
from cd5flow.gating.find_gate import BY_HAND
from cd5flow.gating.override import FORMAT, Overrides
from cd5flow.model.geometry import Region
from cd5flow.model.names import ALL, BLASTS, CD5_POSITIVE
from cd5flow.model.populations import Gate, GateTree, Gating
from cd5flow.model.region_file import write_region
from cd5flow.model.result import (
    AutomaticGate,
    AutomaticSection,
    CutMethod,
    OverrideSection,
    RedoSection,
    Result,
    ReviewSection,
    Specimen,
    Timepoint,
)
from cd5flow.preprocess.transforms import inverse
from cd5flow.quantify.cuts import Cut

NEIGHBOURS: Final = "neighbour_percent"
"""Evidence of a valley: how much of the kept peak may belong to its neighbour."""

OVERRIDE_FILE: Final = "override.yaml"
"""Name of the file in the command that redoes an analysis."""


def cut_by_hand(
    plan: OverridePlan, by: str, *, automatic: Gating, linear: float | None
) -> Cut | None:
    """Return the CD5 cut that a person drew; None where that was not asked.

    Args:
        plan: what was drawn.
        by: who drew.
        automatic: the gates without it.
        linear: the automatic cut; a region copied from the result unchanged is that cut, whose
            place on the display scale is rounded.
    """
    drawn = plan.cut
    if drawn is None or drawn.low is None:
        return None
    scale = drawn.dimension.scale
    place = drawn.low if scale is None else float(inverse(drawn.low, scale))
    unchanged = CD5_POSITIVE in automatic.tree and automatic.tree[CD5_POSITIVE].region == drawn
    if unchanged and linear is not None:
        place = linear
    return Cut(CutMethod.FIXED, place, f"placed by hand by {by}", 0, by_hand=True)


def with_neighbours(gating: Gating, found: Gating) -> Gating:
    """Return gates of which those drawn by hand keep what may be their neighbours'.

    A person's cut through a valley does not part two populations better than the valley does.
    """
    gates = tuple(_with_neighbours(gate, found) for gate in gating.tree.gates)
    return replace(gating, tree=GateTree(gates))


def _with_neighbours(gate: Gate, found: Gating) -> Gate:
    if gate.evidence.method != BY_HAND or gate.name not in found.tree:
        return gate
    share = found.tree[gate.name].evidence.values.get(NEIGHBOURS)
    if share is None:
        return gate
    return replace(gate, evidence=replace(gate.evidence, values={NEIGHBOURS: share}))


def amended(
    result: Result,
    loaded: Loaded[Overrides],
    *,
    plan: OverridePlan,
    gating: Gating,
    automatic: Result,
    found: Gating,
) -> Result:
    """Return a result with what a person drew beside what was found.

    Args:
        result: computed with the drawn gates.
        loaded: the override file.
        plan: the regions in it.
        gating: the tube's gates, drawn ones among them.
        automatic: the result without them.
        found: the gates without them.
    """
    said = loaded.value
    sections = tuple(
        OverrideSection(
            gate=one.gate,
            by=said.by,
            date=said.date,
            reason=said.reason if one.reason is None else one.reason,
            region=None if one.region is None else _written(plan.drawn[one.gate]),
            events=gating.count(one.gate),
            percent_of_parent=_share(one.gate, gating),
            automatic=_automatic(one.gate, found),
            file=loaded.path.name,
            sha256=loaded.sha256,
        )
        for one in said.gates
    )
    names = ", ".join(section.gate for section in sections)
    reason = f"GATE_BY_HAND: gated by hand by {said.by}: {names}"
    findings = result.findings
    if plan.cut is not None:
        findings = (*findings, f"GATE_BY_HAND: {CD5_POSITIVE} is drawn by hand")
    criterion = result.criterion
    return result.model_copy(
        update={
            "overrides": sections,
            "automatic": _answers(automatic),
            "findings": findings,
            "criterion": criterion.model_copy(update={"reasons": (*criterion.reasons, reason)}),
            "review": ReviewSection(state="amended", by=said.by, at=said.date, comment=said.reason),
        }
    )


def _automatic(name: str, found: Gating) -> AutomaticGate | None:
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


def redo_section(
    path: Path, settings: Settings, *, sha256: str, gating: Gating, plan: OverridePlan
) -> RedoSection | None:
    """Return how to compute a result again with other gates drawn by hand.

    None where the gates come from another program: they are drawn anew there.
    """
    if settings.gates is not None:
        return None
    drawn: Mapping[str, Region | None] = plan.drawn
    if not drawn:
        drawn = {name: gating.tree[name].region for name in _suggested(gating)}
    override = override_file(
        {name: _written(region) for name, region in drawn.items()},
        sample_id=settings.sample_id or path.stem,
        sha256=sha256,
        lineage=plan.lineage,
    )
    return RedoSection(command=_command(path, settings), override=override)


def _suggested(gating: Gating) -> tuple[str, ...]:
    """Return the gate that a person may most likely want to draw anew, if there is any.

    Blasts that form no cluster are not suggested: whoever draws them says that they are one.
    """
    if BLASTS in gating.tree:
        parent = gating.tree[BLASTS].parent
        return (BLASTS,) if gating.cluster or parent == ALL else (parent,)
    return tuple(gate.name for gate in gating.tree.gates)[-1:]


def override_file(
    regions: Mapping[str, dict[str, Any] | None],
    *,
    sample_id: str,
    sha256: str,
    lineage: str | None = None,
) -> dict[str, Any]:
    """Return an override file in which name, date and reason are to be filled in."""
    gates = [
        {"gate": name, "pass_through": True} if region is None else {"gate": name, "region": region}
        for name, region in regions.items()
    ]
    return {
        "format": FORMAT,
        "sample": {"id": sample_id, "sha256": sha256},
        "by": "",
        "date": "",
        "reason": "",
        **({} if lineage is None else {"lineage": lineage}),
        "gates": gates,
    }


def _command(path: Path, settings: Settings) -> str:
    """Return the command line; a tube of a sheet with markers of its own is redone by the sheet."""
    if settings.markers:
        return (
            f"cd5flow batch SHEET, with {OVERRIDE_FILE} in the column override of this tube's row"
        )
    words = ["cd5flow", "analyze", path.name]
    if settings.strategy != AUTO:
        words += ["--strategy", Path(settings.strategy).name]
    words += ["--protocol", Path(settings.protocol).name]
    if settings.timepoint is not Timepoint.UNSTATED:
        words += ["--timepoint", settings.timepoint.value]
    if settings.specimen is not Specimen.UNKNOWN:
        words += ["--specimen", settings.specimen.value]
    for therapy in settings.prior_therapy:
        words += ["--prior-therapy", therapy.value]
    for role, file in settings.controls.items():
        words += ["--control", f"{role}={file.name}"]
    for option, value in (
        ("--sample-id", settings.sample_id),
        ("--patient-id", settings.patient_id),
        ("--collected-at", settings.collected_at),
        ("--spillover", settings.spillover),
        ("--dataset", settings.dataset),
        ("--clinical", None if settings.clinical is None else "CLINICAL.yaml"),
        ("--laip", None if settings.laip is None else "DIAGNOSIS-RESULT.json"),
        ("--seed", settings.seed or None),
        ("--override", OVERRIDE_FILE if settings.override is None else settings.override),
    ):
        if value is not None:
            words += [option, value.name if isinstance(value, Path) else str(value)]
    return shlex.join(words)
