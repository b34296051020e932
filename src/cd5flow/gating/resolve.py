"""Find every gate of a strategy on one tube, and who is in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from cd5flow.gating.apply import population
from cd5flow.gating.clearance import clear_of_events
from cd5flow.gating.sight import NoMarkerError, Outcome, Resolved, Sight, Unresolved
from cd5flow.gating.strategy import BLASTS, DENOMINATOR, GateSpec, LineagePath, Strategy
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import Boolean, Operand, dimensions
from cd5flow.model.panel import Panel
from cd5flow.model.populations import ALL, Evidence, Gate, GateTree, Gating
from cd5flow.model.scale import Scale
from cd5flow.transforms import Columns

UNPROVEN = "unproven"


def resolve(
    strategy: Strategy, *, columns: Columns, panel: Panel, scales: Mapping[str, Scale], seed: int
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
    """
    everyone = np.ones(len(columns), dtype=np.bool_)
    everyone.setflags(write=False)
    state = _State(columns=columns, panel=panel, scales=scales, seed=seed, members={ALL: everyone})
    state.run(strategy.gates)
    state, path = _lineage(strategy, state)
    cluster = path is not None
    if path is None:
        path = _without_cluster(strategy, state)
    state.run(strategy.after)
    has_nk_marker = any(panel.has(m) for m in strategy.nk_markers)
    nk_like = not cluster and state.look_alike and not has_nk_marker
    looks_unproven = not cluster and _unproven(strategy, state)
    lineage = UNPROVEN
    if path is not None and not looks_unproven:
        lineage = _name(path, state) if cluster else path.lineage
    if looks_unproven:
        state.note(
            "LINEAGE_UNPROVEN",
            Severity.WARN,
            "cells lie where blasts lie, and nothing in this tube proves that they are of T lineage",
        )
    if nk_like:
        state.note(
            "NK_LIKE",
            Severity.WARN,
            "a cluster is there that may be NK cells or blasts: no NK marker in this tube tells",
        )
    denominator = state.gates.get(DENOMINATOR)
    return Gating(
        tree=GateTree(tuple(state.gates.values())),
        members=state.members,
        findings=tuple(state.findings),
        lineage=lineage,
        denominator_rule="" if denominator is None else denominator.why,
        cluster=cluster,
        unproven_cluster=looks_unproven or nk_like,
        lacks=path.lacks if path is not None and lineage == path.lineage else (),
        cd7_alone=path is not None and path.cd7_alone,
        nk_unresolved=path is not None and path.normal_nk_look_alike and not has_nk_marker,
    )


def transfer(
    gating: Gating,
    strategy: Strategy,
    *,
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
    seed: int,
) -> dict[str, Mask]:
    """Apply a tube's gates to a control tube of the same panel.

    Regions are taken as they are, but for those on Time: the control has a clock and clogs of its
        own.

    Returns:
        Population name to mask over the control's events.
    """
    everyone = np.ones(len(columns), dtype=np.bool_)
    state = _State(columns=columns, panel=panel, scales=scales, seed=seed, members={ALL: everyone})
    specs = {spec.gate: spec for spec in strategy.gates if state.applies(spec.needs, spec.unless)}
    for gate in gating.tree.gates:
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


def _is_time(detector: str, columns: Columns) -> bool:
    return columns.events.raw.channel(detector).is_time


@dataclass(slots=True)
class _State:
    """What has been gated so far."""

    columns: Columns
    panel: Panel
    scales: Mapping[str, Scale]
    seed: int
    members: dict[str, Mask]
    gates: dict[str, Gate] = field(default_factory=dict)
    stands_in: dict[str, str | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    look_alike: bool = False

    def branch(self) -> _State:
        """Return a copy to try a path on."""
        return _State(
            self.columns,
            self.panel,
            self.scales,
            self.seed,
            dict(self.members),
            dict(self.gates),
            dict(self.stands_in),
            list(self.findings),
            self.look_alike,
        )

    def note(self, code: str, severity: Severity, message: str) -> None:
        self.findings.append(Finding(code, severity, message))

    def applies(self, needs: Iterable[str], unless: Iterable[str]) -> bool:
        """Whether the panel has what is needed and lacks what excludes."""
        return all(self._has(m) for m in needs) and not any(self._has(m) for m in unless)

    def _has(self, alternatives: str) -> bool:
        return any(self.panel.has(m) for m in alternatives.split("|"))

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
            self.gate(spec)

    def gate(self, spec: GateSpec) -> None:
        """Find one gate and its events, or note why not."""
        parent = self.parent_of(spec)
        if parent is None:
            self.stands_in[spec.gate] = None
            return
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

    def add(self, gate: Gate) -> None:
        """Add a gate and check its share against what is usual."""
        tree = GateTree(tuple(self.gates.values()))
        mask = population(gate, tree=tree, columns=self.columns, members=self.members)
        self.gates[gate.name] = gate
        self.members[gate.name] = mask
        whole = int(self.members[gate.parent].sum())
        if gate.expect_percent is not None and whole:
            share = 100 * int(mask.sum()) / whole
            low, high = gate.expect_percent
            if not low <= share <= high:
                self.note(
                    "GATE_SHARE",
                    Severity.WARN,
                    f"{gate.name} holds {share:.3g} % of {gate.parent}, usually {low:g} to {high:g} %",
                )

    def _find(self, spec: GateSpec, parent: str) -> Outcome:
        sight = Sight(
            columns=self.columns,
            panel=self.panel,
            scales=self.scales,
            members=self.members,
            parent=np.flatnonzero(self.members[parent]),
            rng=np.random.default_rng([self.seed, _stream(f"{parent}/{spec.gate}")]),
        )
        reasons: list[str] = []
        outcome: Outcome
        for way in spec.ways:
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
                if reasons:
                    self.note(
                        "GATE_OTHERWISE",
                        Severity.INFO,
                        f"{spec.gate}: {'; '.join(reasons)}; found by {way.method} instead",
                    )
                return outcome
            reasons.append(f"{way.method}: {outcome.reason}")
        return Unresolved("; ".join(reasons), outcome.evidence)


def _stream(path: str) -> int:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big")


def _lineage(strategy: Strategy, state: _State) -> tuple[_State, LineagePath | None]:
    """Try the paths that the panel allows; return what was gated, and the path that found blasts.

    The first path with a cluster is taken, unless a later one has `outweighs` times as many cells in
    its own: a few stray cells of one path must not hide the disease that another shows.
    """
    best: tuple[_State, LineagePath] | None = None
    most = 0
    for path in strategy.paths:
        if not state.applies(path.needs, path.unless):
            continue
        trial = state.branch()
        trial.run(path.gates)
        if BLASTS in trial.members:
            found = int(trial.members[BLASTS].sum())
            if best is None or found >= strategy.outweighs * most:
                best, most = (trial, path), found
            continue
        fresh = trial.findings[len(state.findings) :]
        reasons = [f.message for f in fresh if f.code == "GATE_UNRESOLVED"]
        last = reasons[-1] if reasons else "no blasts"
        state.note("PATH_WITHOUT_CLUSTER", Severity.INFO, f"{path.lineage}: {last}")
        if path.normal_nk_look_alike and trial.look_alike:
            state.look_alike = True
    if best is None:
        return state, None
    return best


def _without_cluster(strategy: Strategy, state: _State) -> LineagePath | None:
    """Gate the candidates of the first path that gets so far, so that their number can be told.

    They are no cluster, and the result says so.
    """
    for path in strategy.paths:
        if not state.applies(path.needs, path.unless):
            continue
        trial = state.branch()
        trial.run(path.gates[:-1])
        candidates = trial.parent_of(path.gates[-1])
        if candidates is None or candidates not in trial.gates or candidates in state.gates:
            continue
        region = Boolean("and", (Operand(candidates),))
        note = "candidates that form no cluster"
        evidence = Evidence("combine", int(trial.members[candidates].sum()), {}, note)
        trial.add(Gate(BLASTS, candidates, region, evidence, path.gates[-1].why))
        state.gates, state.members = trial.gates, trial.members
        state.stands_in = trial.stands_in
        return path
    return None


def _unproven(strategy: Strategy, state: _State) -> bool:
    """Whether cells in the blast window, of no proven lineage, are too many to be called normal."""
    rule = strategy.unproven
    if rule is None or rule.population not in state.members or DENOMINATOR not in state.members:
        return False
    found = int((state.members[rule.population] & state.members[DENOMINATOR]).sum())
    whole = int(state.members[DENOMINATOR].sum())
    return whole > 0 and 100 * found / whole >= rule.percent


def _name(path: LineagePath, state: _State) -> str:
    """Return the rule's name, or its other one where the blasts carry the marker dimly."""
    rule = path.renamed
    if rule is None or BLASTS not in state.members or not state.applies((rule.axis,), ()):
        return path.lineage
    sight = Sight(
        columns=state.columns,
        panel=state.panel,
        scales=state.scales,
        members=state.members,
        parent=np.flatnonzero(state.members[BLASTS]),
        rng=np.random.default_rng(state.seed),
    )
    dimension = sight.dimension(rule.axis)
    values = sight.values(dimension)
    place = sight.at(rule.above, dimension)
    if values.size and place is not None and float(np.median(values)) > place:
        return rule.lineage
    return path.lineage
