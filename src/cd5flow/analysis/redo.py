"""How a result is computed again with gates drawn by hand: the command, and the file to edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cd5flow.analysis.settings import redo_command
from cd5flow.analysis.stages import JudgedTube
from cd5flow.gating.override import FORMAT
from cd5flow.model.geometry import Boolean, Region
from cd5flow.model.names import ALL, BLASTS, LOOK_ALIKES
from cd5flow.model.populations import Gating
from cd5flow.model.region_file import write_region
from cd5flow.model.result import RedoSection


def redo_section(judged: JudgedTube) -> RedoSection | None:
    """Return how to compute a result again with other gates drawn by hand.

    None where the gates come from another program: they are drawn anew there.
    """
    tube, gating, plan = judged.tube, judged.gating, judged.measured.gated.plan
    if tube.settings.gates is not None:
        return None
    drawn: Mapping[str, Region | None] = plan.drawn
    if not drawn:
        drawn = {name: gating.tree[name].region for name in _suggested(gating)}
    override = override_file(
        {name: None if one is None else write_region(one) for name, one in drawn.items()},
        sample_id=tube.sample_id,
        sha256=tube.fcs.sha256,
        lineage=plan.lineage,
    )
    return RedoSection(command=redo_command(tube.path, tube.settings), override=override)


def _suggested(gating: Gating) -> tuple[str, ...]:
    """Return the gates that a person may most likely want to draw anew, if there are any.

    Blasts that form no cluster are not suggested: whoever draws them says that they are one.
    """
    grouped = tuple(
        gate.name
        for gate in gating.tree.grouped()
        if not isinstance(gate.region, Boolean)
        and any(gate.name.startswith(one.name) for one in gating.leukaemic)
    )
    if grouped:
        return grouped
    if BLASTS in gating.tree:
        return (BLASTS,)
    if LOOK_ALIKES in gating.tree and gating.tree[LOOK_ALIKES].parent != ALL:
        return (gating.tree[LOOK_ALIKES].parent,)
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
