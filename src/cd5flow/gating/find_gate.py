"""Find the gates of a strategy on a tube, one after the other: where each lies, and who is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from cd5flow.gating.apply import events_in_gate
from cd5flow.gating.clearance import clear_of_events
from cd5flow.gating.explain import explain, out_of_place, usual_places
from cd5flow.gating.state import (
    FoundGate,
    GatingInput,
    GatingState,
    NotFound,
    all_events,
    stream_of,
)
from cd5flow.gating.strategy import GateSpec
from cd5flow.gating.tube_view import (
    Consulted,
    Control,
    NoMarkerError,
    Outcome,
    Refused,
    Resolved,
    TubeView,
    Unresolved,
)
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, Severity, info, warning
from cd5flow.model.geometry import Boolean, dimensions
from cd5flow.model.members import Members, Population
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.reasons import Reason
from cd5flow.preprocess.transforms import Columns

BY_HAND = "override"
"""The method of a gate that a person drew."""


def find_gates(specs: Iterable[GateSpec], state: GatingState) -> None:
    """Find each gate that the panel allows, in order, and add what comes of it to the state."""
    for spec in specs:
        if not state.applies(spec.needs, spec.unless):
            # An alternative of the same name may follow; until then the parent stands in.
            if spec.gate not in state.members:
                state.substitutes.setdefault(spec.gate, spec.parent)
        elif spec.gate not in state.members:
            with state.stage(spec.gate):
                found = find_gate(spec, state)
            state.add(spec.gate, found)


def find_gate(spec: GateSpec, state: GatingState) -> FoundGate | NotFound:
    """Find one gate and its events, or say why not."""
    laip, rule = state.inputs.laip, spec.unless_carried
    if laip is not None and rule is not None and rule.holds(laip):
        carried = " or ".join(rule.markers)
        about = info("GATE_NOT_ASKED", gate=spec.gate, sample=laip.sample, markers=carried)
        return NotFound(spec.parent, (about,))
    parent = state.population_for(spec.parent)
    return NotFound(None) if parent is None else _GateSearch(spec, parent, state).run()


def apply_gate(gate: Gate, state: GatingState) -> FoundGate:
    """Return a gate with its events, and hold its share against what is usual."""
    tree = GateTree(tuple(state.gates.values()) if isinstance(gate.region, Boolean) else ())
    columns, members = state.inputs.columns, state.members
    found = Population(events_in_gate(gate, tree=tree, columns=columns, members=members))
    whole = members.count(gate.parent) or 0
    if gate.expect_percent is not None and whole:
        share = 100 * found.count / whole
        low, high = gate.expect_percent
        if not low <= share <= high:
            about = warning(
                "GATE_SHARE",
                gate=gate.name,
                percent=share,
                parent=gate.parent,
                low=low,
                high=high,
            )
            return FoundGate(gate, found, (about,))
    return FoundGate(gate, found)


class _GateSearch:
    """The search for one gate within its parent, and the findings that gather meanwhile."""

    def __init__(self, spec: GateSpec, parent: str, state: GatingState) -> None:
        self.spec, self.parent, self.state, self.inputs = spec, parent, state, state.inputs
        self.inside = state.members[parent]
        self.findings: list[Finding] = []
        self.tried: tuple[Reason, ...] = ()

    def run(self) -> FoundGate | NotFound:
        """Return what came of it."""
        spec = self.spec
        outcome = self._by_hand() if spec.gate in self.inputs.drawn else self._find()
        if outcome is None:
            return NotFound(self.parent, tuple(self.findings))
        if not isinstance(outcome, Resolved):
            passes = spec.on_unresolved == "pass_through"
            why: dict[str, object] = {"gate": spec.gate, "why": self.tried or (outcome.reason,)}
            if passes:
                why |= {"case": "within", "parent": self.parent}
            else:
                why |= {"case": "left_out"}
            self.note("GATE_UNRESOLVED", Severity.INFO, **why)
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
        found = apply_gate(gate, self.state)
        self.findings += found.findings
        gate = self._with_places(gate, found.population)
        return FoundGate(gate, found.population, tuple(self.findings))

    def note(self, code: str, severity: Severity, **values: object) -> None:
        """Add a finding."""
        self.findings.append(Finding(severity, Reason(code, **values)))

    def _by_hand(self) -> Outcome | None:
        """Return the region that a person drew; None where the gate is left out."""
        name, region = self.spec.gate, self.inputs.drawn[self.spec.gate]
        if region is None:
            self.note("GATE_BY_HAND", Severity.INFO, case="left_out", gate=name, parent=self.parent)
            return None
        events = int(np.count_nonzero(self.inside))
        evidence = Evidence(BY_HAND, events, {}, Reason("FOUND", case="by_hand"))
        if isinstance(region, Boolean):
            absent = sorted({o.gate for o in region.operands} - set(self.state.members))
            if absent:
                return Unresolved(Reason("UNRESOLVED", case="no_part", gates=absent), evidence)
            evidence = replace(evidence, placed_by=tuple(o.gate for o in region.operands))
        self.note("GATE_BY_HAND", Severity.INFO, case="drawn", gate=name)
        return Resolved(region, evidence)

    def _find(self) -> Outcome:
        """Return what the first of the strategy's methods that can tell says."""
        whole = self._view(self.parent, self.inside)
        outcome: Outcome
        for method in self.spec.methods:
            view = replace(whole, consulted=Consulted())
            try:
                outcome = method.find(view)
            except NoMarkerError as absent:
                why = Reason("UNRESOLVED", case="no_marker", axis=absent.args[0])
                outcome = Unresolved(why, Evidence(method.method, view.events))
            if isinstance(outcome, Resolved):
                return self._describe(outcome, method.method, view.consulted)
            self.tried += (Reason("TRIED", method=method.method, why=outcome.reason),)
        return outcome

    def _describe(self, outcome: Resolved, method: str, consulted: Consulted) -> Resolved:
        """Return a region as it is used, with what it rests on."""
        # A bound that is an event's own value would leave the event to the rounding of whoever
        # evaluates the gate.
        if not isinstance(outcome.region, Boolean):
            clear = clear_of_events(outcome.region, self.inputs.columns, self.inside)
            outcome = Resolved(clear, outcome.evidence)
        outcome = explain(outcome, consulted, self.tried)
        for edge in outcome.evidence.unplaced:
            self.note("EDGE_UNPLACED", Severity.INFO, gate=self.spec.gate, edge=edge)
        if self.tried:
            told = {"gate": self.spec.gate, "tried": self.tried, "method": method}
            self.note("GATE_OTHERWISE", Severity.INFO, **told)
        return outcome

    def _with_places(self, gate: Gate, found: Population) -> Gate:
        """Return the gate with where its population lies, held against where it usually does."""
        if not self.spec.expect_position:
            return gate
        there = tuple(usual_places(self.spec.expect_position, self._view(gate.name, found.mask)))
        for place, axis in there:
            if not place.is_usual:
                self.findings.append(out_of_place(gate.name, place, axis))
        return replace(gate, places=tuple(place for place, _ in there))

    def _view(self, parent: str, inside: Mask) -> TubeView:
        inputs = self.inputs
        stream = stream_of(f"{parent}/{self.spec.gate}")
        return TubeView(
            columns=inputs.columns,
            panel=inputs.panel,
            scales=inputs.scales,
            members=self.state.members,
            inside=inside,
            rng=np.random.default_rng([inputs.seed, stream]),
            laip=inputs.laip,
            controls={role: self._control(one) for role, one in inputs.controls.items()},
            cell_types=self.state.cell_types,
        )

    def _control(self, tube: Columns | Refused) -> Control | Refused:
        """Return a control tube as a gate sees it: through the gates found so far."""
        if isinstance(tube, Refused):
            return tube
        other = GatingInput(tube, self.inputs.panel, self.inputs.scales, self.inputs.seed)
        return Control(
            tube, lambda: apply_to_control(self.state.gates.values(), self.inputs.timed, other)
        )


def apply_to_control(
    gates: Iterable[Gate], timed: Iterable[GateSpec], inputs: GatingInput
) -> Members:
    """Apply gates to another tube of the same panel; those on Time are found there anew.

    Args:
        gates: of the first tube, in order.
        timed: the strategy's entries that may lie on Time.
        inputs: the other tube.
    """
    state = GatingState(inputs, all_events(inputs.columns))
    specs = {spec.gate: spec for spec in timed if inputs.applies(spec.needs, spec.unless)}
    for gate in gates:
        spec = specs.get(gate.name)
        if spec is not None and _lies_on_time(gate, inputs.columns):
            # The parent as found on the sample: what passed through there is not gated here.
            found = find_gate(spec.model_copy(update={"parent": gate.parent}), state)
            if not isinstance(found, FoundGate):
                found = FoundGate(gate, Population(state.members[gate.parent]))
        else:
            found = apply_gate(gate, state)
        state.add(gate.name, found)
    return state.members


def _lies_on_time(gate: Gate, columns: Columns) -> bool:
    axes = dimensions(gate.region)
    return any(columns.events.raw.channel(axis.detector).is_time for axis in axes)
