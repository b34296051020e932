"""Every leukaemic population of a tube: found among groups of cells, gated one by one.

What a lineage profile accepts is a part of the blasts. What no profile explains and is more than a
trace is named, gated and counted too, so that it is never passed over in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.gating.cell_types import CellPopulation, CellTypes
from cd5flow.gating.find_gate import BY_HAND, apply_gate
from cd5flow.gating.leukaemia_search import LeukaemiaSearch
from cd5flow.gating.outlining import Outline, outline
from cd5flow.gating.state import GatingState
from cd5flow.gating.strategy import Strategy
from cd5flow.model.findings import Finding, Severity, warning
from cd5flow.model.geometry import Boolean, Operand, Region
from cd5flow.model.names import BLASTS
from cd5flow.model.populations import BY_GROUPS, Evidence, Gate, LeukaemicPopulation
from cd5flow.model.reasons import Reason


@dataclass(frozen=True)
class GroupReading:
    """What the groups of a tube's cells say of leukaemia, gated.

    Attributes:
        cells: the groups; None where they cannot be told.
        leukaemic: the populations of which the blasts consist; empty where the groups show none.
        outside: populations outside every normal profile that no lineage rule accepts.
        thymus: whether a smear of maturation is there, so that normal thymocytes are not excluded.
        findings: what is to be said of the last two.
        outlines: how the populations of `leukaemic` were drawn.
    """

    cells: CellTypes | None = None
    leukaemic: tuple[LeukaemicPopulation, ...] = ()
    outside: tuple[LeukaemicPopulation, ...] = ()
    thymus: bool = False
    findings: tuple[Finding, ...] = ()
    outlines: tuple[Outline, ...] = ()

    def contradiction(self, strategy: Strategy, state: GatingState) -> Finding | None:
        """Return that blasts found by a chain of gates lie among cells that the groups call otherwise.

        None where they do not, or nothing tells.
        """
        if self.cells is None or strategy.leukaemia is None:
            return None
        blasts = np.flatnonzero(state.members[BLASTS])
        if not len(blasts):
            return None
        inputs = state.inputs
        looked_at = blasts[:: max(1, len(blasts) // MOST_LOOKED_AT)]
        alike = self.cells.names_of(
            looked_at, columns=inputs.columns, panel=inputs.panel, scales=inputs.scales
        )
        percent = 100 * float(np.mean(alike != ""))
        if percent < strategy.leukaemia.doubt_percent:
            return self._no_valley(looked_at, state)
        name = Counter(alike[alike != ""].tolist()).most_common(1)[0][0]
        return warning("GROUPS_CONTRADICT", percent=percent, kind=name)

    def _no_valley(self, blasts: npt.NDArray[np.intp], state: GatingState) -> Finding | None:
        """Return that blasts are the tail of other cells on the marker that proves their lineage."""
        inputs, profiles = state.inputs, state.inputs.profiles
        if self.cells is None or profiles is None or profiles.apart is None:
            return None
        marker = profiles.proving(inputs.panel.markers)
        if marker is None:
            return None
        kind = self.cells.tail_of(
            blasts,
            marker,
            columns=inputs.columns,
            panel=inputs.panel,
            scales=inputs.scales,
            rule=profiles.apart,
        )
        return warning("NOT_APART", what=IN_THE_GATE, kind=kind) if kind else None


IN_THE_GATE = "cells in the blast gate"
"""What blasts are called that may be none."""
THYMOCYTES = "cells that mature from less surface CD3 to more without a gap, as thymocytes do"
"""What a smear of maturation is, whatever row of the profiles its cells fit."""
MOST_LOOKED_AT = 2_000
"""Of more blasts than this an even part is held against the groups."""


def read_groups(strategy: Strategy, state: GatingState) -> GroupReading:
    """Return the leukaemic populations among a tube's groups of cells, each gated.

    Where normal thymocytes may be there, nothing that looks like a T-lineage blast is claimed. Where a
    person draws the blasts, but not as a combination of what the groups show, these say nothing.
    """
    search = strategy.leukaemia
    if search is None or _are_drawn_whole(state.inputs.drawn):
        return GroupReading()
    cells = state.cell_types()
    within = state.population_for(search.within)
    if cells is None or within is None:
        return GroupReading()
    accepted, others, thymus = sort_suspects(cells, search)
    accepted, outlines, unparted = parted(state, cells, accepted, search, parent=within)
    for one in unparted:
        state.note("GROUP_NOT_PARTED", Severity.WARN, what=one.what)
    blasts = gate_populations(state, accepted, outlines, name=BLASTS, parent=within)
    if blasts:
        gate_union(state, blasts, name=BLASTS, parent=within)
    others = (*others, *unparted)
    drawings = tuple(draw_outlines(state, cells, others, search, parent=within))
    outside = gate_populations(state, others, drawings, name="outside", parent=within)
    findings = tuple(
        warning("OUTSIDE_PROFILES", events=state.members.count(one.name) or 0, what=one.what)
        for one in outside
    )
    findings += tuple(
        warning("NOT_APART", what=one.what, kind=one.tail_of) for one in others if one.tail_of
    )
    if thymus:
        findings += (warning("THYMUS_NOT_EXCLUDED"),)
    state.findings += findings
    held = tuple(drawn for drawn in outlines if drawn is not None)
    return GroupReading(cells, blasts, outside, thymus, findings, held)


def sort_suspects(
    cells: CellTypes, search: LeukaemiaSearch
) -> tuple[tuple[CellPopulation, ...], tuple[CellPopulation, ...], bool]:
    """Return the populations that are leukaemic, others worth a name, and whether thymus may be there."""
    large = [one for one in cells.suspects if _is_large(one, cells, search)]
    least = search.outside_percent / 100 * len(cells.rows)
    smeared = sum(len(one.rows) for one in large if one.smear)
    thymus = smeared >= least and smeared > 0
    accepted = tuple(one for one in large if one.accepted and not thymus)
    # Where more immature cells are undecided than accepted, these are a part, and hardly the disease.
    undecided = sum(len(one.rows) for one in large if one.immature and not one.accepted)
    doubted = undecided >= least and undecided > sum(len(one.rows) for one in accepted)
    accepted = () if doubted else accepted
    others = tuple(
        one
        for one in large
        if one not in accepted and (thymus or one.accepted or len(one.rows) >= least)
    )
    return accepted, others, thymus


def _are_drawn_whole(drawn: Mapping[str, Region | None]) -> bool:
    """Whether a person draws the blasts without any population that is told by groups."""
    region = drawn.get(BLASTS)
    operands = region.operands if isinstance(region, Boolean) else ()
    return BLASTS in drawn and not any(one.gate.startswith(f"{BLASTS}_") for one in operands)


def _is_large(one: CellPopulation, cells: CellTypes, search: LeukaemiaSearch) -> bool:
    return len(one.rows) >= max(search.events, search.percent / 100 * len(cells.rows))


def parted(
    state: GatingState,
    cells: CellTypes,
    accepted: tuple[CellPopulation, ...],
    search: LeukaemiaSearch,
    *,
    parent: str,
) -> tuple[tuple[CellPopulation, ...], tuple[Outline | None, ...], tuple[CellPopulation, ...]]:
    """Return leukaemic populations with their outlines, and those that no gates part from other cells.

    Gates alone decide who is in: where most of what they hold are no leukaemic cells, what they hold is
    not what was found, and nothing is claimed of it.
    """
    assert state.inputs.profiles is not None  # noqa: S101 - populations were told by them
    least = state.inputs.profiles.outlining.least_own_percent
    within = state.members[parent][cells.rows]
    placed = cells.has_place()[within]
    own = np.isin(cells.rows[within], [row for one in accepted for row in one.rows])
    kept: list[tuple[CellPopulation, Outline | None]] = []
    unparted = []
    for one, drawn in zip(
        accepted, draw_outlines(state, cells, accepted, search, parent=parent), strict=True
    ):
        if drawn is not None and 100 * np.mean(own[drawn.held & (placed | own)]) < least:
            unparted.append(one)
        else:
            kept.append((one, drawn))
    return tuple(one for one, _ in kept), tuple(drawn for _, drawn in kept), tuple(unparted)


def gate_populations(
    state: GatingState,
    populations: tuple[CellPopulation, ...],
    drawings: tuple[Outline | None, ...],
    *,
    name: str,
    parent: str,
) -> tuple[LeukaemicPopulation, ...]:
    """Gate populations one by one as ``NAME_1``, ``NAME_2``, ..., and return those that have a gate."""
    found = []
    for number, (one, drawn) in enumerate(zip(populations, drawings, strict=True), 1):
        if drawn is None:
            state.note(
                "GROUP_NOT_GATED", Severity.WARN, what=one.what, profile=one.name or "no profile"
            )
            continue
        label = f"{name}_{number}"
        _gate_outline(state, one, drawn, label=label, parent=parent)
        found.append(
            LeukaemicPopulation(
                name=label,
                lineage=one.name or "unproven",
                what=THYMOCYTES if one.smear else one.what,
                lacks=one.lacks,
                cd7_alone=one.cd7_alone,
                immature=one.immature,
            )
        )
    return tuple(found)


def draw_outlines(
    state: GatingState,
    cells: CellTypes,
    populations: tuple[CellPopulation, ...],
    search: LeukaemiaSearch,
    *,
    parent: str,
) -> Iterator[Outline | None]:
    """Yield gates around each population, drawn by the sampled cells of the parent; None without width."""
    inputs = state.inputs
    assert inputs.profiles is not None  # noqa: S101 - populations were told by them
    maps = tuple(
        (x, y)
        for x, y in ((inputs.panel.first_of(x), inputs.panel.first_of(y)) for x, y in search.maps)
        if x is not None and y is not None and x != y
    )
    bounds = tuple(
        dict.fromkeys(m for m in map(inputs.panel.first_of, search.bounds) if m is not None)
    )
    within = state.members[parent][cells.rows]
    rows = cells.rows[within]
    placed = cells.has_place()[within]
    for one in populations:
        inside = np.isin(rows, one.rows)
        yield outline(
            inside,
            rows,
            others=placed & ~inside,
            maps=maps,
            bounds=bounds,
            columns=inputs.columns,
            panel=inputs.panel,
            scales=inputs.scales,
            limits=inputs.profiles.outlining,
        )


def _gate_outline(
    state: GatingState, one: CellPopulation, drawn: Outline, *, label: str, parent: str
) -> None:
    """Gate the regions of an outline one within the other; the last bears the population's name."""
    evidence = Evidence(
        BY_GROUPS,
        drawn.seen,
        {"groups": float(len(one.groups)), "f1": drawn.f1}
        | {f"{marker}_decades": level for marker, level in one.levels.items()},
        Reason(
            "FOUND", case="group", profile=one.name or "no profile", next=one.runner_up or "none"
        ),
    )
    inner = parent
    for gate_name, found in _named_regions(drawn, label):
        by_hand = state.inputs.drawn
        rests_on, region = evidence, by_hand.get(gate_name, found)
        if region is None:
            continue
        if gate_name in by_hand:
            rests_on = Evidence(BY_HAND, drawn.seen, {}, Reason("FOUND", case="by_hand"))
            state.note("GATE_BY_HAND", Severity.INFO, case="drawn", gate=gate_name)
        gate = Gate(gate_name, inner, region, rests_on, f"{one.what}, found among groups of cells")
        state.add(gate_name, apply_gate(gate, state))
        inner = gate_name


def _named_regions(drawn: Outline, label: str) -> Iterator[tuple[str, Region]]:
    """Yield the regions of an outline with their gates' names, by the markers they are drawn on."""
    taken: Counter[str] = Counter()
    for i, (on, region) in enumerate(drawn.regions):
        taken[on] += 1
        markers = "".join(letter if letter.isalnum() else "_" for letter in on)
        again = "" if taken[on] == 1 else f"_{taken[on]}"
        yield (label if i == len(drawn.regions) - 1 else f"{label}_{markers}{again}"), region


def gate_union(
    state: GatingState, populations: tuple[LeukaemicPopulation, ...], *, name: str, parent: str
) -> None:
    """Gate what is in any of some populations."""
    names = tuple(one.name for one in populations)
    events = state.members.count(parent) or 0
    region: Region | None = Boolean("or", tuple(Operand(one) for one in names))
    evidence = Evidence(BY_GROUPS, events, {}, Reason("FOUND", case="every_group"), placed_by=names)
    if name in state.inputs.drawn:
        region = state.inputs.drawn[name]
        evidence = Evidence(BY_HAND, events, {}, Reason("FOUND", case="by_hand"))
        state.note("GATE_BY_HAND", Severity.INFO, case="drawn", gate=name)
    if region is None:
        return
    gate = Gate(name, parent, region, evidence, "All leukaemic cells, whatever their phenotype.")
    state.add(name, apply_gate(gate, state))
