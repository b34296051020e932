"""Find every gate of a strategy on one tube, and who is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from cd5flow.gating.chain_search import ChainSearch, search_by_rules
from cd5flow.gating.find_gate import apply_to_control, find_gates
from cd5flow.gating.leukaemia import GroupReading, read_groups
from cd5flow.gating.lineage import is_unproven, path_name
from cd5flow.gating.plausibility import find_doubts, find_unusual
from cd5flow.gating.profiles import Profiles
from cd5flow.gating.second_start import start_again
from cd5flow.gating.state import GatingInput, GatingState, all_events
from cd5flow.gating.strategy import Strategy
from cd5flow.gating.tube_view import Refused
from cd5flow.model.findings import Severity
from cd5flow.model.geometry import Region
from cd5flow.model.laip import Laip
from cd5flow.model.members import Members
from cd5flow.model.names import ALL, DENOMINATOR
from cd5flow.model.panel import Panel
from cd5flow.model.populations import (
    UNPROVEN,
    GateTree,
    Gating,
    LeukaemicPopulation,
    Lineage,
    SampledKinds,
)
from cd5flow.model.reasons import Reason
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
    profiles: Profiles | None = None,
    stage: Stage = untimed,
) -> Gating:
    """Gate one tube.

    The gates of the strategy come first, then every leukaemic population among the groups of its cells;
    where these show none, the lineage paths that the panel allows, until one of them finds a cluster of
    blasts; then the gates that need the blasts.

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
        profiles: what cells look like, for strategies that tell them apart by it.
        stage: marks each gate.
    """
    search = strategy.leukaemia
    inputs = GatingInput(
        columns,
        panel,
        scales,
        seed,
        drawn,
        laip,
        controls,
        strategy.gates,
        profiles,
        ALL if search is None else search.grouped,
    )
    state = GatingState(inputs, all_events(columns), stage=stage)
    find_gates(strategy.gates, state)
    reading = read_groups(strategy, state)
    if reading.leukaemic or reading.thymus:
        return _gating_by_groups(strategy, state, reading)
    return _gating_by_rules(strategy, search_by_rules(strategy, state, reading), reading)


def _gating_by_rules(strategy: Strategy, found: ChainSearch, reading: GroupReading) -> Gating:
    """Return the gating of a tube whose blasts are told by the lineage rules."""
    state, path, cluster = found.state, found.path, found.cluster
    find_gates(strategy.after, state)
    has_nk_marker = _has_nk_marker(strategy, state.inputs.panel)
    # Where the cells are told by all their markers, those that may be NK cells are named by these.
    nk_like = not cluster and state.look_alike and not has_nk_marker and reading.cells is None
    state.findings += find_unusual(strategy, state, reading.outside)
    doubts = find_doubts(strategy, state)
    looks_unproven = (not cluster and bool(reading.outside)) or is_unproven(
        strategy, state, path if cluster else None, cells=reading.cells
    )
    name = UNPROVEN
    if path is not None and not looks_unproven and not doubts:
        name = path_name(path, state) if cluster else path.lineage
    if looks_unproven:
        state.note(
            "LINEAGE_UNPROVEN",
            Severity.WARN,
            case="more_cells" if cluster else "cells",
        )
    if nk_like:
        state.note("NK_LIKE", Severity.WARN)
    state.inputs.columns.forget()
    return Gating(
        tree=GateTree(tuple(state.gates.values())),
        members=state.members,
        findings=tuple(state.findings),
        lineage=Lineage(
            name=name,
            rule=None if path is None else path.lineage,
            cluster=cluster,
            unproven_cluster=looks_unproven or nk_like or (cluster and bool(doubts)),
            lacks=path.lacks if path is not None and name == path.lineage else (),
            cd7_alone=path is not None and path.cd7_alone,
            nk_unresolved=path is not None and path.normal_nk_look_alike and not has_nk_marker,
        ),
        denominator_rule=_denominator_rule(state),
        outside=reading.outside,
        undecided=(*doubts, *_named(reading), *found.undecided),
        kinds=_kinds(reading, state),
        sampled=_sampled(reading),
    )


def _kinds(reading: GroupReading, state: GatingState) -> Mapping[str, float] | None:
    """Return the share of each kind among the grouped cells of the denominator, in percent."""
    denominator = state.members.get(DENOMINATOR)
    if reading.cells is None or denominator is None:
        return None
    inside = denominator[reading.cells.rows]
    whole = int(np.count_nonzero(inside))
    if not whole:
        return None
    counts = Counter(reading.cells.names[inside].tolist())
    return {name: 100 * count / whole for name, count in sorted(counts.items()) if name}


def _named(reading: GroupReading) -> tuple[Reason, ...]:
    """Return what is named and not decided: normal thymocytes, cells outside every profile."""
    return tuple(found.reason for found in reading.findings)


def _gating_by_groups(strategy: Strategy, state: GatingState, reading: GroupReading) -> Gating:
    """Return the gating of a tube whose leukaemic populations are told by its groups of cells."""
    find_gates(strategy.after, state)
    state.inputs.columns.forget()
    state.findings += find_unusual(strategy, state, reading.outside)
    doubts = find_doubts(strategy, state)
    blasts = () if doubts else reading.leukaemic
    lacks = [set(one.lacks) for one in blasts]
    return Gating(
        tree=GateTree(tuple(state.gates.values())),
        members=state.members,
        findings=tuple(state.findings),
        lineage=Lineage(
            name=" and ".join(dict.fromkeys(one.lineage for one in blasts)) or UNPROVEN,
            rule=_rule_of(strategy, blasts),
            cluster=bool(blasts),
            unproven_cluster=not blasts,
            lacks=tuple(sorted(set.intersection(*lacks))) if lacks else (),
            cd7_alone=bool(blasts) and all(one.cd7_alone for one in blasts),
            nk_unresolved=any(one.lacks and not one.immature for one in blasts)
            and not _has_nk_marker(strategy, state.inputs.panel),
        ),
        denominator_rule=_denominator_rule(state),
        leukaemic=blasts,
        second_start=start_again(strategy, state, reading) if blasts else None,
        outside=reading.outside,
        undecided=(*doubts, *_named(reading)),
        kinds=_kinds(reading, state),
        sampled=_sampled(reading),
    )


def _sampled(reading: GroupReading) -> SampledKinds | None:
    cells = reading.cells
    return None if cells is None else SampledKinds(cells.rows, cells.names)


def _rule_of(strategy: Strategy, blasts: tuple[LeukaemicPopulation, ...]) -> str | None:
    """Return the lineage rule of the strategy that bears the name of the largest population's."""
    for one in blasts:
        for path in strategy.paths:
            if one.lineage in {path.lineage, path.renamed.lineage if path.renamed else None}:
                return path.lineage
    return None


def _has_nk_marker(strategy: Strategy, panel: Panel) -> bool:
    return any(panel.has(m) for m in strategy.nk_markers)


def _denominator_rule(state: GatingState) -> str:
    denominator = state.gates.get(DENOMINATOR)
    return "" if denominator is None else denominator.why


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
