"""Find every gate of a strategy on one tube, and who is in."""

from __future__ import annotations

from collections.abc import Mapping

from cd5flow.gating.find_gate import apply_to_control, find_gates
from cd5flow.gating.lineage import (
    choose_path,
    gate_candidates,
    is_unproven,
    path_name,
)
from cd5flow.gating.state import GatingInput, GatingState, all_events
from cd5flow.gating.strategy import Strategy
from cd5flow.gating.tube_view import Refused
from cd5flow.model.findings import Severity
from cd5flow.model.geometry import Region
from cd5flow.model.laip import Laip
from cd5flow.model.members import Members
from cd5flow.model.names import DENOMINATOR
from cd5flow.model.panel import Panel
from cd5flow.model.populations import UNPROVEN, GateTree, Gating, Lineage
from cd5flow.model.scale import Scale
from cd5flow.numerics.timing import Stage, untimed
from cd5flow.preprocess.transforms import Columns

NOTHING_DRAWN: Mapping[str, Region | None] = {}
NO_CONTROLS: Mapping[str, Columns | Refused] = {}


def resolve(
    strategy: Strategy,
    *,
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
    seed: int,
    drawn: Mapping[str, Region | None] = NOTHING_DRAWN,
    laip: Laip | None = None,
    controls: Mapping[str, Columns | Refused] = NO_CONTROLS,
    stage: Stage = untimed,
) -> Gating:
    """Gate one tube.

    The gates of the strategy come first, then the lineage paths that the panel allows, until one of
    them finds a cluster of blasts, then the gates that need the blasts.

    Args:
        strategy: what to look for.
        columns: the tube's events on any axis.
        panel: its markers.
        scales: display scale of each detector.
        seed: of all random numbers; each gate draws from its own stream.
        drawn: populations whose region a person gives, in place of the strategy's methods; None
            leaves the gate out, and its children are found within its parent.
        laip: what the patient's blasts looked like at diagnosis, where that is known.
        controls: the events of control tubes of the same panel by their role, for gates that are
            placed by one.
        stage: marks each gate.
    """
    inputs = GatingInput(columns, panel, scales, seed, drawn, laip, controls, strategy.gates)
    state = GatingState(inputs, all_events(columns), stage=stage)
    find_gates(strategy.gates, state)
    state, path = choose_path(strategy, state)
    cluster = path is not None
    if path is None:
        path = gate_candidates(strategy, state)
    find_gates(strategy.after, state)
    has_nk_marker = any(panel.has(m) for m in strategy.nk_markers)
    nk_like = not cluster and state.look_alike and not has_nk_marker
    looks_unproven = is_unproven(strategy, state, path if cluster else None)
    name = UNPROVEN
    if path is not None and not looks_unproven:
        name = path_name(path, state) if cluster else path.lineage
    if looks_unproven:
        state.note(
            "LINEAGE_UNPROVEN",
            Severity.WARN,
            case="more_cells" if cluster else "cells",
        )
    if nk_like:
        state.note("NK_LIKE", Severity.WARN)
    columns.forget()
    denominator = state.gates.get(DENOMINATOR)
    return Gating(
        tree=GateTree(tuple(state.gates.values())),
        members=state.members,
        findings=tuple(state.findings),
        lineage=Lineage(
            name=name,
            rule=None if path is None else path.lineage,
            cluster=cluster,
            unproven_cluster=looks_unproven or nk_like,
            lacks=path.lacks if path is not None and name == path.lineage else (),
            cd7_alone=path is not None and path.cd7_alone,
            nk_unresolved=path is not None and path.normal_nk_look_alike and not has_nk_marker,
        ),
        denominator_rule="" if denominator is None else denominator.why,
    )


def transfer(
    gating: Gating,
    strategy: Strategy,
    *,
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
    seed: int,
) -> Members:
    """Apply a tube's gates to a control tube of the same panel.

    Regions are taken as they are, but for those on Time: the control has a clock and clogs of its
        own.

    Returns:
        Population name to mask over the control's events.
    """
    return apply_to_control(
        gating.tree.gates, strategy.gates, GatingInput(columns, panel, scales, seed)
    )
