"""Find the gates of a strategy on a tube, one after the other: where each lies, and who is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

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
from cd5flow.gating.state import Basis, FoundGate, Gated, NotFound, everyone
from cd5flow.gating.strategy import GateSpec
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import Boolean, dimensions
from cd5flow.model.members import Members, Population
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.preprocess.transforms import Columns

BY_HAND = "override"
"""The method of a gate that a person drew."""


def find_gates(specs: Iterable[GateSpec], state: Gated) -> None:
    """Find each gate that the panel allows, in order, and add what comes of it to the state."""
    for spec in specs:
        if not state.applies(spec.needs, spec.unless):
            # An alternative of the same name may follow; until then the parent stands in.
            if spec.gate not in state.members:
                state.stands_in.setdefault(spec.gate, spec.parent)
        elif spec.gate not in state.members:
            with state.stage(spec.gate):
                found = find_gate(spec, state)
            state.take(spec.gate, found)


def find_gate(spec: GateSpec, state: Gated) -> FoundGate | NotFound:
    """Find one gate and its events, or say why not."""
    laip, rule = state.basis.laip, spec.unless_carried
    if laip is not None and rule is not None and rule.holds(laip):
        carried = " or ".join(rule.markers)
        what = f"{spec.gate} is not gated: the blasts of {laip.sample} carried {carried}"
        return NotFound(spec.parent, (Finding("GATE_NOT_ASKED", Severity.INFO, what),))
    parent = state.standing(spec.parent)
    return NotFound(None) if parent is None else _Search(spec, parent, state).found()


def with_events(gate: Gate, state: Gated) -> FoundGate:
    """Return a gate with its events, and hold its share against what is usual."""
    tree = GateTree(tuple(state.gates.values()) if isinstance(gate.region, Boolean) else ())
    columns, members = state.basis.columns, state.members
    who = Population(population(gate, tree=tree, columns=columns, members=members))
    whole = members.count(gate.parent) or 0
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

    def __init__(self, spec: GateSpec, parent: str, state: Gated) -> None:
        self.spec, self.parent, self.state, self.basis = spec, parent, state, state.basis
        self.inside = state.members[parent]
        self.findings: list[Finding] = []

    def found(self) -> FoundGate | NotFound:
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
        found = with_events(gate, self.state)
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
            absent = sorted({o.gate for o in region.operands} - set(self.state.members))
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
            members=self.state.members,
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
        return Control(tube, lambda: through(self.state.gates.values(), self.basis.timed, other))


def through(gates: Iterable[Gate], timed: Iterable[GateSpec], basis: Basis) -> Members:
    """Apply gates to another tube of the same panel; those on Time are found there anew.

    Args:
        gates: of the first tube, in order.
        timed: the strategy's entries that may lie on Time.
        basis: the other tube.
    """
    state = Gated(basis, everyone(basis.columns))
    specs = {spec.gate: spec for spec in timed if basis.applies(spec.needs, spec.unless)}
    for gate in gates:
        spec = specs.get(gate.name)
        if spec is not None and _lies_on_time(gate, basis.columns):
            # The parent as found on the sample: what passed through there is not gated here.
            found = find_gate(spec.model_copy(update={"parent": gate.parent}), state)
            if not isinstance(found, FoundGate):
                found = FoundGate(gate, Population(state.members[gate.parent]))
        else:
            found = with_events(gate, state)
        state.take(gate.name, found)
    return state.members


def _lies_on_time(gate: Gate, columns: Columns) -> bool:
    axes = dimensions(gate.region)
    return any(columns.events.raw.channel(axis.detector).is_time for axis in axes)


def _stream(path: str) -> int:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big")
