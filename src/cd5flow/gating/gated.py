"""The gates of a tube as they are found, one after the other, and who is in each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from cd5flow.gating.apply import Rows, population
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
from cd5flow.model.panel import Panel
from cd5flow.model.populations import ALL, Evidence, Gate, GateTree
from cd5flow.model.scale import Scale
from cd5flow.stages import Stage, untimed
from cd5flow.transforms import Columns

BY_HAND = "override"
"""The method of a gate that a person drew."""


@dataclass(slots=True)
class Gated:
    """What has been gated so far.

    Attributes:
        columns: the tube's events on any axis.
        panel: its markers.
        scales: display scale of each detector.
        seed: of all random numbers; each gate draws from its own stream.
        members: population name to mask.
        gates: those found, in order.
        stands_in: gate that was not found to the population gated in its place; None where nothing is.
        findings: what is to be said.
        look_alike: whether a cluster was refused as one of normal cells.
        drawn: regions that a person gives; None leaves the gate out.
        laip: what the patient's blasts looked like at diagnosis.
        controls: control tubes by their role.
        timed: gates that are found anew on a control tube where they lie on Time.
        stage: marks each gate.
    """

    columns: Columns
    panel: Panel
    scales: Mapping[str, Scale]
    seed: int
    members: dict[str, Mask]
    gates: dict[str, Gate] = field(default_factory=dict)
    stands_in: dict[str, str | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    look_alike: bool = False
    drawn: Mapping[str, Region | None] = field(default_factory=dict)
    laip: Laip | None = None
    controls: Mapping[str, Columns | Refused] = field(default_factory=dict)
    timed: tuple[GateSpec, ...] = ()
    stage: Stage = untimed
    _kept: tuple[Mask, Rows] | None = None

    def branch(self) -> Gated:
        """Return a copy to try a path on."""
        return Gated(
            self.columns,
            self.panel,
            self.scales,
            self.seed,
            dict(self.members),
            dict(self.gates),
            dict(self.stands_in),
            list(self.findings),
            self.look_alike,
            self.drawn,
            self.laip,
            self.controls,
            self.timed,
            stage=self.stage,
        )

    def note(self, code: str, severity: Severity, message: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(code, severity, message))

    def applies(self, needs: Iterable[str], unless: Iterable[str]) -> bool:
        """Whether the panel has what is needed and lacks what excludes."""
        return applies(self.panel, needs, unless)

    def parent_of(self, spec: GateSpec) -> str | None:
        """Return the population that a gate's parent stands for here; None where it is absent."""
        name: str | None = spec.parent
        while name is not None and name not in self.members:
            name = self.stands_in.get(name)
        return name

    def run(self, specs: Iterable[GateSpec]) -> None:
        """Gate each in turn."""
        for spec in specs:
            if spec.gate in self.members:
                continue
            if not self.applies(spec.needs, spec.unless):
                # An alternative of the same name may follow; until then the parent stands in.
                self.stands_in.setdefault(spec.gate, spec.parent)
                continue
            rule = spec.unless_carried
            if self.laip is not None and rule is not None and rule.holds(self.laip):
                self.stands_in[spec.gate] = spec.parent
                carried = " or ".join(rule.markers)
                what = (
                    f"{spec.gate} is not gated: the blasts of {self.laip.sample} carried {carried}"
                )
                self.note("GATE_NOT_ASKED", Severity.INFO, what)
                continue
            with self.stage(spec.gate):
                self.gate(spec)

    def gate(self, spec: GateSpec) -> None:
        """Find one gate and its events, or note why not."""
        parent = self.parent_of(spec)
        if parent is None:
            self.stands_in[spec.gate] = None
            return
        if spec.gate in self.drawn:
            outcome = self._by_hand(spec, parent)
            if outcome is None:
                return
        else:
            outcome = self._find(spec, parent)
        if not isinstance(outcome, Resolved):
            self.look_alike |= outcome.evidence.values.get("look_alike_events", 0) > 0
            passes = spec.on_unresolved == "pass_through"
            self.stands_in[spec.gate] = parent if passes else None
            remedy = f"its children are gated within '{parent}'" if passes else "it is left out"
            self.note("GATE_UNRESOLVED", Severity.INFO, f"{spec.gate}: {outcome.reason}; {remedy}")
            return
        self.add(
            Gate(spec.gate, parent, outcome.region, outcome.evidence, spec.why, spec.expect_percent)
        )
        self._check_places(spec)

    def _by_hand(self, spec: GateSpec, parent: str) -> Outcome | None:
        """Return the region that a person drew; None where the gate is left out."""
        region = self.drawn[spec.gate]
        if region is None:
            self.stands_in[spec.gate] = parent
            what = f"{spec.gate} is left out by hand; its children are gated within '{parent}'"
            self.note("GATE_BY_HAND", Severity.INFO, what)
            return None
        evidence = Evidence(
            BY_HAND, int(np.count_nonzero(self.members[parent])), {}, "drawn by hand"
        )
        if isinstance(region, Boolean):
            absent = sorted({o.gate for o in region.operands} - set(self.members))
            if absent:
                return Unresolved(f"nothing was found of {', '.join(absent)}", evidence)
            evidence = replace(evidence, placed_by=tuple(o.gate for o in region.operands))
        self.note("GATE_BY_HAND", Severity.INFO, f"{spec.gate} is drawn by hand")
        return Resolved(region, evidence)

    def _check_places(self, spec: GateSpec) -> None:
        """Hold where a population lies against where it usually does."""
        if not spec.expect_position:
            return
        there = tuple(usual_places(spec.expect_position, self._sight(spec.gate, spec.gate)))
        for place, axis in there:
            if not place.is_usual:
                self.note("GATE_POSITION", Severity.WARN, out_of_place(spec.gate, place, axis))
        places = tuple(place for place, _ in there)
        self.gates[spec.gate] = replace(self.gates[spec.gate], places=places)

    def _rows(self, population: str) -> Rows:
        """Return a population's events; the last one's are kept, for its next child."""
        mask = self.members[population]
        if self._kept is None or self._kept[0] is not mask:
            self._kept = mask, np.flatnonzero(mask)
        return self._kept[1]

    def _sight(self, name: str, parent: str) -> Sight:
        return Sight(
            columns=self.columns,
            panel=self.panel,
            scales=self.scales,
            members=self.members,
            parent=self._rows(parent),
            rng=np.random.default_rng([self.seed, _stream(f"{parent}/{name}")]),
            laip=self.laip,
            controls={role: self._control(one) for role, one in self.controls.items()},
        )

    def _control(self, tube: Columns | Refused) -> Control | Refused:
        """Return a control tube as a gate sees it: through the gates found so far."""
        if isinstance(tube, Refused):
            return tube
        gates = tuple(self.gates.values())
        members = partial(
            through,
            gates,
            self.timed,
            columns=tube,
            panel=self.panel,
            scales=self.scales,
            seed=self.seed,
        )
        return Control(tube, members)

    def add(self, gate: Gate) -> None:
        """Add a gate and check its share against what is usual."""
        tree = GateTree(tuple(self.gates.values()))
        mask = population(gate, tree=tree, columns=self.columns, members=self.members)
        self.gates[gate.name] = gate
        self.members[gate.name] = mask
        whole = int(np.count_nonzero(self.members[gate.parent]))
        if gate.expect_percent is not None and whole:
            share = 100 * int(np.count_nonzero(mask)) / whole
            low, high = gate.expect_percent
            if not low <= share <= high:
                self.note(
                    "GATE_SHARE",
                    Severity.WARN,
                    f"{gate.name} holds {share:.3g} % of {gate.parent}, usually {low:g} to {high:g} %",
                )

    def _find(self, spec: GateSpec, parent: str) -> Outcome:
        whole = self._sight(spec.gate, parent)
        reasons: list[str] = []
        outcome: Outcome
        for way in spec.ways:
            sight = replace(whole, consulted=Consulted())
            try:
                outcome = way.find(sight)
            except NoMarkerError as absent:
                what = f"the tube carries no {absent.args[0]}"
                outcome = Unresolved(what, Evidence(way.method, int(sight.parent.size)))
            if isinstance(outcome, Resolved):
                # A bound that is an event's own value would leave the event to the rounding of
                # whoever evaluates the gate.
                if not isinstance(outcome.region, Boolean):
                    parents = self.members[parent]
                    clear = clear_of_events(outcome.region, self.columns, parents)
                    outcome = Resolved(clear, outcome.evidence)
                outcome = explained(outcome, sight.consulted, reasons)
                for edge in outcome.evidence.unplaced:
                    what = f"{spec.gate}: nothing places the edge on {edge}; it bounds nothing here"
                    self.note("EDGE_UNPLACED", Severity.INFO, what)
                if reasons:
                    self.note(
                        "GATE_OTHERWISE",
                        Severity.INFO,
                        f"{spec.gate}: {'; '.join(reasons)}; found by {way.method} instead",
                    )
                return outcome
            reasons.append(f"{way.method}: {outcome.reason}")
        return Unresolved("; ".join(reasons), outcome.evidence)


def through(
    gates: Iterable[Gate],
    timed: Iterable[GateSpec],
    *,
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
    seed: int,
) -> dict[str, Mask]:
    """Apply gates to another tube of the same panel; those on Time are found there anew."""
    everyone = np.ones(len(columns), dtype=np.bool_)
    state = Gated(columns=columns, panel=panel, scales=scales, seed=seed, members={ALL: everyone})
    specs = {spec.gate: spec for spec in timed if state.applies(spec.needs, spec.unless)}
    for gate in gates:
        if (
            any(_is_time(d.detector, columns) for d in dimensions(gate.region))
            and gate.name in specs
        ):
            # The parent as found on the sample: what passed through there is not gated here.
            state.gate(specs[gate.name].model_copy(update={"parent": gate.parent}))
            if gate.name not in state.members:
                state.members[gate.name] = state.members[gate.parent]
                state.gates[gate.name] = gate
            continue
        state.add(gate)
    return state.members


def applies(panel: Panel, needs: Iterable[str], unless: Iterable[str]) -> bool:
    """Whether a panel has what is needed (``A|B`` is either) and lacks what excludes."""

    def has(alternatives: str) -> bool:
        return any(panel.has(m) for m in alternatives.split("|"))

    return all(has(m) for m in needs) and not any(has(m) for m in unless)


def _is_time(detector: str, columns: Columns) -> bool:
    return columns.events.raw.channel(detector).is_time


def _stream(path: str) -> int:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big")
