"""One gate of a strategy: where it lies on a tube, and who is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cd5flow.gating.apply import population
from cd5flow.gating.clearance import clear_of_events
from cd5flow.gating.explain import explained, out_of_place, usual_places
from cd5flow.gating.sight import (
    Consulted,
    Control,
    NoMarkerError,
    Outcome,
    Refused,
    Resolved,
    Sight,
    Unresolved,
)
from cd5flow.gating.strategy import GateSpec
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import Boolean, Region, dimensions
from cd5flow.model.laip import Laip
from cd5flow.model.members import Members, Population
from cd5flow.model.names import ALL
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Scale
from cd5flow.numerics.threads import Turn
from cd5flow.preprocess.transforms import Columns

BY_HAND = "override"
"""The method of a gate that a person drew."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What every gate of a tube is found by, beside the gates before it.

    Attributes:
        columns: the tube's events on any axis.
        panel: its markers.
        scales: display scale of each detector.
        seed: of all random numbers; each gate draws from its own stream.
        drawn: regions that a person gives; None leaves the gate out.
        laip: what the patient's blasts looked like at diagnosis.
        controls: control tubes by their role.
        timed: gates that are found anew on a control tube where they lie on Time.
    """

    columns: Columns
    panel: Panel
    scales: Mapping[str, Scale]
    seed: int
    drawn: Mapping[str, Region | None] = field(default_factory=dict)
    laip: Laip | None = None
    controls: Mapping[str, Columns | Refused] = field(default_factory=dict)
    timed: tuple[GateSpec, ...] = ()

    def applies(self, needs: Iterable[str], unless: Iterable[str]) -> bool:
        """Whether the panel has what is needed and lacks what excludes."""
        return applies(self.panel, needs, unless)


@dataclass(frozen=True, slots=True)
class FoundGate:
    """A gate that was found, who is in it, and what is to be said of it."""

    gate: Gate
    who: Population
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """A gate that was not found.

    Attributes:
        stands_in: the population gated in its place; None where nothing is.
        findings: what is to be said.
        look_alike: whether a cluster was refused as one of normal cells.
    """

    stands_in: str | None
    findings: tuple[Finding, ...] = ()
    look_alike: bool = False


Found = FoundGate | NotFound | None
"""What came of an entry of a strategy; None where its population was gated already."""


class Before(Mapping[str, Mask]):
    """Who is in the populations gated before one gate: name to mask.

    Some may still be looked for by another thread: who asks for one of those waits for it.

    Args:
        members: those that are done.
        gates: how they were gated.
        stands_in: gate that was not found to the population gated in its place.
        turns: those after these, by name and in their order.
    """

    def __init__(
        self,
        members: Mapping[str, Mask],
        gates: Mapping[str, Gate],
        stands_in: Mapping[str, str | None],
        turns: Sequence[tuple[str, Turn[Found]]] = (),
    ) -> None:
        self._members, self._gates, self._stands_in = members, gates, stands_in
        self._turns = turns

    def __getitem__(self, name: str) -> Mask:
        for found in self._of(name):
            if isinstance(found, FoundGate):
                return found.who.mask
        return self._members[name]

    def __contains__(self, name: object) -> bool:
        return any(isinstance(found, FoundGate) for found in self._of(name)) or (
            name in self._members
        )

    def __iter__(self) -> Iterator[str]:
        yield from self._members
        yield from (found.gate.name for found in self._found())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def gates(self) -> Iterator[Gate]:
        """Yield every gate found before, in order."""
        yield from self._gates.values()
        yield from (found.gate for found in self._found())

    def standing(self, name: str) -> str | None:
        """Return the population that a name stands for here; None where it is absent."""
        standing: str | None = name
        while standing is not None and standing not in self:
            inner = self._stands_in.get(standing)
            for found in self._of(standing):
                inner = found.stands_in if isinstance(found, NotFound) else inner
            standing = inner
        return standing

    def _of(self, name: object) -> Iterator[Found]:
        return (turn.result() for other, turn in self._turns if other == name)

    def _found(self) -> Iterator[FoundGate]:
        for _, turn in self._turns:
            found = turn.result()
            if isinstance(found, FoundGate):
                yield found


def find_gate(spec: GateSpec, before: Before, basis: Basis) -> Found:
    """Find one gate and its events, or say why not."""
    if spec.gate in before:
        return None
    rule = spec.unless_carried
    if basis.laip is not None and rule is not None and rule.holds(basis.laip):
        carried = " or ".join(rule.markers)
        what = f"{spec.gate} is not gated: the blasts of {basis.laip.sample} carried {carried}"
        return NotFound(spec.parent, (Finding("GATE_NOT_ASKED", Severity.INFO, what),))
    parent = before.standing(spec.parent)
    return NotFound(None) if parent is None else _Search(spec, parent, before, basis).found()


def with_events(gate: Gate, before: Before, columns: Columns) -> FoundGate:
    """Return a gate with its events, and hold its share against what is usual."""
    tree = GateTree(tuple(before.gates()) if isinstance(gate.region, Boolean) else ())
    who = Population(population(gate, tree=tree, columns=columns, members=before))
    whole = int(np.count_nonzero(before[gate.parent]))
    if gate.expect_percent is not None and whole:
        share = 100 * who.count / whole
        low, high = gate.expect_percent
        if not low <= share <= high:
            what = (
                f"{gate.name} holds {share:.3g} % of {gate.parent}, usually {low:g} to {high:g} %"
            )
            return FoundGate(gate, who, (Finding("GATE_SHARE", Severity.WARN, what),))
    return FoundGate(gate, who)


class _Search:
    """The search for one gate within its parent; what is to be said of it gathers on the way."""

    def __init__(self, spec: GateSpec, parent: str, before: Before, basis: Basis) -> None:
        self.spec, self.parent, self.before, self.basis = spec, parent, before, basis
        self.inside = before[parent]
        self.findings: list[Finding] = []

    def found(self) -> Found:
        """Return what came of it."""
        spec = self.spec
        outcome = self._by_hand() if spec.gate in self.basis.drawn else self._find()
        if outcome is None:
            return NotFound(self.parent, tuple(self.findings))
        if not isinstance(outcome, Resolved):
            passes = spec.on_unresolved == "pass_through"
            remedy = (
                f"its children are gated within '{self.parent}'" if passes else "it is left out"
            )
            self.note("GATE_UNRESOLVED", Severity.INFO, f"{spec.gate}: {outcome.reason}; {remedy}")
            return NotFound(
                self.parent if passes else None,
                tuple(self.findings),
                look_alike=outcome.evidence.values.get("look_alike_events", 0) > 0,
            )
        gate = Gate(
            spec.gate,
            self.parent,
            outcome.region,
            outcome.evidence,
            spec.why,
            spec.expect_percent,
        )
        found = with_events(gate, self.before, self.basis.columns)
        self.findings += found.findings
        gate = self._in_place(gate, found.who)
        return FoundGate(gate, found.who, tuple(self.findings))

    def note(self, code: str, severity: Severity, message: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(code, severity, message))

    def _by_hand(self) -> Outcome | None:
        """Return the region that a person drew; None where the gate is left out."""
        name, region = self.spec.gate, self.basis.drawn[self.spec.gate]
        if region is None:
            what = f"{name} is left out by hand; its children are gated within '{self.parent}'"
            self.note("GATE_BY_HAND", Severity.INFO, what)
            return None
        events = int(np.count_nonzero(self.inside))
        evidence = Evidence(BY_HAND, events, {}, "drawn by hand")
        if isinstance(region, Boolean):
            absent = sorted({o.gate for o in region.operands} - set(self.before))
            if absent:
                return Unresolved(f"nothing was found of {', '.join(absent)}", evidence)
            evidence = replace(evidence, placed_by=tuple(o.gate for o in region.operands))
        self.note("GATE_BY_HAND", Severity.INFO, f"{name} is drawn by hand")
        return Resolved(region, evidence)

    def _find(self) -> Outcome:
        """Return what the first of the strategy's ways that can tell says."""
        whole = self._sight(self.parent, self.inside)
        reasons: list[str] = []
        outcome: Outcome
        for way in self.spec.ways:
            sight = replace(whole, consulted=Consulted())
            try:
                outcome = way.find(sight)
            except NoMarkerError as absent:
                what = f"the tube carries no {absent.args[0]}"
                outcome = Unresolved(what, Evidence(way.method, sight.events))
            if isinstance(outcome, Resolved):
                return self._told(outcome, way.method, sight.consulted, reasons)
            reasons.append(f"{way.method}: {outcome.reason}")
        return Unresolved("; ".join(reasons), outcome.evidence)

    def _told(
        self, outcome: Resolved, method: str, consulted: Consulted, reasons: Sequence[str]
    ) -> Resolved:
        """Return a region as it is used, with what it rests on."""
        # A bound that is an event's own value would leave the event to the rounding of whoever
        # evaluates the gate.
        if not isinstance(outcome.region, Boolean):
            clear = clear_of_events(outcome.region, self.basis.columns, self.inside)
            outcome = Resolved(clear, outcome.evidence)
        outcome = explained(outcome, consulted, reasons)
        for edge in outcome.evidence.unplaced:
            what = f"{self.spec.gate}: nothing places the edge on {edge}; it bounds nothing here"
            self.note("EDGE_UNPLACED", Severity.INFO, what)
        if reasons:
            what = f"{self.spec.gate}: {'; '.join(reasons)}; found by {method} instead"
            self.note("GATE_OTHERWISE", Severity.INFO, what)
        return outcome

    def _in_place(self, gate: Gate, who: Population) -> Gate:
        """Return the gate with where its population lies, held against where it usually does."""
        if not self.spec.expect_position:
            return gate
        there = tuple(usual_places(self.spec.expect_position, self._sight(gate.name, who.mask)))
        for place, axis in there:
            if not place.is_usual:
                self.note("GATE_POSITION", Severity.WARN, out_of_place(gate.name, place, axis))
        return replace(gate, places=tuple(place for place, _ in there))

    def _sight(self, parent: str, inside: Mask) -> Sight:
        basis = self.basis
        stream = _stream(f"{parent}/{self.spec.gate}")
        return Sight(
            columns=basis.columns,
            panel=basis.panel,
            scales=basis.scales,
            members=self.before,
            inside=inside,
            rng=np.random.default_rng([basis.seed, stream]),
            laip=basis.laip,
            controls={role: self._control(one) for role, one in basis.controls.items()},
        )

    def _control(self, tube: Columns | Refused) -> Control | Refused:
        """Return a control tube as a gate sees it: through the gates found so far."""
        if isinstance(tube, Refused):
            return tube
        other = Basis(tube, self.basis.panel, self.basis.scales, self.basis.seed)
        return Control(tube, lambda: through(self.before.gates(), self.basis.timed, other))


def through(gates: Iterable[Gate], timed: Iterable[GateSpec], basis: Basis) -> Members:
    """Apply gates to another tube of the same panel; those on Time are found there anew.

    Args:
        gates: of the first tube, in order.
        timed: the strategy's entries that may lie on Time.
        basis: the other tube.
    """
    columns = basis.columns
    members = Members({ALL: np.ones(len(columns), dtype=np.bool_)})
    there: dict[str, Gate] = {}
    specs = {spec.gate: spec for spec in timed if basis.applies(spec.needs, spec.unless)}
    for gate in gates:
        before = Before(members, there, {})
        if gate.name in specs and any(
            _is_time(d.detector, columns) for d in dimensions(gate.region)
        ):
            # The parent as found on the sample: what passed through there is not gated here.
            spec = specs[gate.name].model_copy(update={"parent": gate.parent})
            anew = find_gate(spec, before, basis)
            found = (
                anew
                if isinstance(anew, FoundGate)
                else FoundGate(gate, Population(members[gate.parent]))
            )
        else:
            found = with_events(gate, before, columns)
        members.add(gate.name, found.who)
        there[gate.name] = found.gate
    return members


def applies(panel: Panel, needs: Iterable[str], unless: Iterable[str]) -> bool:
    """Whether a panel has what is needed (``A|B`` is either) and lacks what excludes."""

    def has(alternatives: str) -> bool:
        return any(panel.has(m) for m in alternatives.split("|"))

    return all(has(m) for m in needs) and not any(has(m) for m in unless)


def _is_time(detector: str, columns: Columns) -> bool:
    return columns.events.raw.channel(detector).is_time


def _stream(path: str) -> int:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big")
