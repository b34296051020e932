"""Gates as found on one tube, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.model.findings import Finding
from cd5flow.model.geometry import Boolean, Region
from cd5flow.model.members import Members
from cd5flow.model.names import ALL
from cd5flow.model.reasons import Reason, written

NO_NOTE: Final = written("")
"""Of a gate on which nothing is to be said."""


BY_GROUPS: Final = "cell_groups"
"""The method of gates drawn around populations that were told by groups over all markers."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a region lies where it lies.

    Attributes:
        method: the gating method's name.
        events: how many parent events it saw.
        values: named numbers that the report prints (cut, depth of the valley, slope, ...), on the
            gate's own scale unless the name ends in a unit.
        note: how the region was found.
        tried: why each way that the strategy prefers could not tell, by its method (``TRIED``).
        placed_by: other populations that the region was placed by; a control tube's as
            ``fmo:granulocytes``.
        unplaced: edges that no population could place, so that they bound nothing (``EDGE``).
    """

    method: str
    events: int
    values: Mapping[str, float] = field(default_factory=dict)
    note: Reason = NO_NOTE
    tried: tuple[Reason, ...] = ()
    placed_by: tuple[str, ...] = ()
    unplaced: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a population lies on an axis, and where it usually does.

    Attributes:
        axis: the marker.
        median: of the population's events, on the channel's display scale.
        low, high: the usual bounds there; None where there is none, or nothing places it.
    """

    axis: str
    median: float
    low: float | None
    high: float | None

    @property
    def is_usual(self) -> bool:
        """Whether the median lies within the bounds that there are."""
        return (self.low is None or self.median >= self.low) and (
            self.high is None or self.median <= self.high
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """A region that defines population `name` within `parent`.

    Attributes:
        name: the population's name, and the gate's id in Gating-ML.
        parent: the parent population, or ``all``.
        region: who is in.
        evidence: why it lies there.
        why: what the gate is for, from the strategy file.
        expect_percent: usual share of the parent, from the strategy; None where none is stated.
        places: where its events lie on the axes for which the strategy states a usual place.
    """

    name: str
    parent: str
    region: Region
    evidence: Evidence
    why: str = ""
    expect_percent: tuple[float, float] | None = None
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class GateTree:
    """Gates in an order in which every parent and operand comes before its use."""

    gates: tuple[Gate, ...]

    def __post_init__(self) -> None:
        seen = {ALL}
        for gate in self.gates:
            if gate.name in seen:
                raise ValueError(f"two gates are named {gate.name!r}")
            if gate.parent not in seen:
                raise ValueError(f"gate {gate.name!r} stands before its parent {gate.parent!r}")
            if isinstance(gate.region, Boolean):
                for operand in gate.region.operands:
                    if operand.gate not in seen:
                        raise ValueError(f"gate {gate.name!r} stands before {operand.gate!r}")
            seen.add(gate.name)

    def __contains__(self, name: object) -> bool:
        return any(gate.name == name for gate in self.gates)

    def __getitem__(self, name: str) -> Gate:
        for gate in self.gates:
            if gate.name == name:
                return gate
        raise KeyError(name)

    def grouped(self) -> tuple[Gate, ...]:
        """Return the gates around populations that were told by groups over all markers."""
        return tuple(gate for gate in self.gates if gate.evidence.method == BY_GROUPS)

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return the parents of a population from the root's child down, itself excluded."""
        line: list[str] = []
        parent = self[name].parent
        while parent != ALL:
            line.append(parent)
            parent = self[parent].parent
        return tuple(reversed(line))

    def path(self, name: str) -> str:
        """Return ``all/singlets/…/name``."""
        return "/".join((ALL, *self.ancestors(name), name))


UNPROVEN = "unproven"
"""The lineage of cells of which nothing proves one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What the cells in the blast gate are, and what that rests on.

    Attributes:
        name: the lineage rule used, in words; ``unproven`` where the panel or the cells allow none.
        rule: that rule by its name in the strategy; None where none was taken.
        cluster: whether the blasts lie together as a population does.
        unproven_cluster: whether cells look like blasts whose lineage nothing proves.
        lacks: markers that the blasts lack.
        cd7_alone: whether CD7 is all that speaks for the T lineage.
        nk_unresolved: whether NK cells can be among the blasts for want of an NK marker.
        blasts_use_cd5: whether a gate that chooses the blasts reads CD5, as imported ones may.
        as_drawn: whether who drew imported gates is all that speaks for the T lineage.
    """

    name: str = UNPROVEN
    rule: str | None = None
    cluster: bool = False
    unproven_cluster: bool = False
    lacks: tuple[str, ...] = ()
    cd7_alone: bool = False
    nk_unresolved: bool = False
    blasts_use_cd5: bool = False
    as_drawn: bool = False

    @property
    def is_proven(self) -> bool:
        """Whether the blasts are shown to be T."""
        return self.name != UNPROVEN


@dataclass(frozen=True, slots=True)
class SampledKinds:
    """Which of some events are normal cells, as groups over all markers tell.

    Attributes:
        rows: (n,) the events, as rising row numbers of the tube.
        names: (n,) the normal population of each; "" for those of none.
    """

    rows: npt.NDArray[np.intp]
    names: npt.NDArray[np.str_]

    @property
    def is_normal(self) -> npt.NDArray[np.bool_]:
        """(n,) whether each is of a normal population."""
        return np.asarray(self.names != "")

    def are_normal(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Return the same of some of the events, by their row numbers."""
        return np.asarray(self.is_normal[np.searchsorted(self.rows, rows)])


@dataclass(frozen=True, slots=True)
class SecondStart:
    """Sampled cells in the gates of the blasts, where groups are made from one start and from another.

    Attributes:
        events: by the start that the result rests on.
        again: by the other.
        differing: in the gates of the one and not of the other.
    """

    events: int
    again: int
    differing: int

    def moves_by(self, percent: float) -> bool:
        """Whether the count moves by more than a share of the first, and than so few cells can tell.

        That is two standard errors of the cells that change sides.
        """
        moved = abs(self.again - self.events)
        return moved > percent / 100 * self.events and moved > 2 * self.differing**0.5


@dataclass(frozen=True, slots=True)
class LeukaemicPopulation:
    """One population of leukaemic or unexplained cells.

    Attributes:
        name: of its gate.
        lineage: the lineage rule that accepts it; ``unproven`` where none does.
        what: the same in words.
        lacks: markers that its cells lack.
        cd7_alone: whether CD7 is all that speaks for the T lineage.
        immature: whether something sets it apart from mature NK and edited T cells.
    """

    name: str
    lineage: str
    what: str
    lacks: tuple[str, ...] = ()
    cd7_alone: bool = False
    immature: bool = False


@dataclass(frozen=True, slots=True)
class Gating:
    """What gating one tube gave.

    Attributes:
        tree: the gates as resolved.
        members: population name to its mask in file order, ``all`` included.
        findings: what was noticed on the way (gates skipped, unresolved, out of their usual share).
        lineage: what the blasts are, and what that rests on.
        denominator_rule: the rule of ``nucleated`` in words.
        denominator_unnamed: whether no imported gate was said to be the denominator.
        leukaemic: the populations of which the blasts consist, where they were told apart.
        outside: populations outside every normal profile that no lineage rule accepts.
        undecided: what keeps the burden from being told or called clean, and why.
        kinds: percent of the denominator by kind of cell, among the cells that were told apart; None
            where none were.
        sampled: of some of the events, which are normal cells; None where nothing tells.
        second_start: the blasts where their groups are made from another start; None where no groups told
            them.
    """

    tree: GateTree
    members: Members
    findings: tuple[Finding, ...]
    lineage: Lineage
    denominator_rule: str
    denominator_unnamed: bool = False
    leukaemic: tuple[LeukaemicPopulation, ...] = ()
    outside: tuple[LeukaemicPopulation, ...] = ()
    undecided: tuple[Reason, ...] = ()
    kinds: Mapping[str, float] | None = None
    sampled: SampledKinds | None = None
    second_start: SecondStart | None = None

    def count(self, name: str) -> int | None:
        """Events in a population; None where it was not gated."""
        return self.members.count(name)
