"""Find every gate of a strategy on one tube, and who is in."""

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
from cd5flow.gating.strategy import BLASTS, DENOMINATOR, GateSpec, LineagePath, Strategy
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import Boolean, Operand, Region, dimensions
from cd5flow.model.laip import Laip
from cd5flow.model.panel import Panel
from cd5flow.model.populations import ALL, Evidence, Gate, GateTree, Gating
from cd5flow.model.scale import Scale
from cd5flow.stages import Stage, untimed
from cd5flow.transforms import Columns

UNPROVEN = "unproven"

BY_HAND = "override"
"""The method of a gate that a person drew."""

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
    everyone = np.ones(len(columns), dtype=np.bool_)
    everyone.setflags(write=False)
    members = {ALL: everyone}
    state = _State(columns, panel, scales, seed, members, drawn=drawn, laip=laip)
    state.controls, state.timed = controls, strategy.gates
    state.stage = stage
    state.run(strategy.gates)
    state, path = _lineage(strategy, state)
    cluster = path is not None
    if path is None:
        path = _without_cluster(strategy, state)
    state.run(strategy.after)
    has_nk_marker = any(panel.has(m) for m in strategy.nk_markers)
    nk_like = not cluster and state.look_alike and not has_nk_marker
    looks_unproven = _unproven(strategy, state, found=cluster)
    lineage = UNPROVEN
    if path is not None and not looks_unproven:
        lineage = _name(path, state) if cluster else path.lineage
    if looks_unproven:
        state.note(
            "LINEAGE_UNPROVEN",
            Severity.WARN,
            f"{'more cells' if cluster else 'cells'} lie where blasts lie, and nothing in this tube "
            "proves that they are of T lineage",
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
        rule=None if path is None else path.lineage,
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
    return _through(
        gating.tree.gates, strategy.gates, columns=columns, panel=panel, scales=scales, seed=seed
    )


def _through(
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
    state = _State(columns=columns, panel=panel, scales=scales, seed=seed, members={ALL: everyone})
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
    drawn: Mapping[str, Region | None] = field(default_factory=dict)
    laip: Laip | None = None
    controls: Mapping[str, Columns | Refused] = field(default_factory=dict)
    timed: tuple[GateSpec, ...] = ()
    kept: tuple[Mask, Rows] | None = None
    stage: Stage = untimed

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
            self.drawn,
            self.laip,
            self.controls,
            self.timed,
            stage=self.stage,
        )

    def note(self, code: str, severity: Severity, message: str) -> None:
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
        evidence = Evidence(BY_HAND, int(self.members[parent].sum()), {}, "drawn by hand")
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
        if self.kept is None or self.kept[0] is not mask:
            self.kept = mask, np.flatnonzero(mask)
        return self.kept[1]

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
            _through,
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


def _stream(path: str) -> int:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big")


def _lineage(strategy: Strategy, state: _State) -> tuple[_State, LineagePath | None]:
    """Try the paths that the panel allows; return what was gated, and the path that found blasts.

    The first path with a cluster is taken, unless a later one has `outweighs` times as many cells in
    its own: a few stray cells of one path must not hide the disease that another shows.
    """
    best: tuple[_State, LineagePath] | None = None
    most = 0
    others: list[tuple[str, Mask]] = []
    for path in strategy.paths:
        if not state.applies(path.needs, path.unless):
            continue
        trial = state.branch()
        trial.run(path.gates)
        if BLASTS in trial.members:
            found = int(trial.members[BLASTS].sum())
            if best is None or found >= strategy.outweighs * most:
                best, most = (trial, path), found
            others.append((path.lineage, trial.members[BLASTS]))
            continue
        fresh = trial.findings[len(state.findings) :]
        reasons = [f.message for f in fresh if f.code == "GATE_UNRESOLVED"]
        last = reasons[-1] if reasons else "no blasts"
        state.note("PATH_WITHOUT_CLUSTER", Severity.INFO, f"{path.lineage}: {last}")
        if path.normal_nk_look_alike and trial.look_alike:
            state.look_alike = True
    if best is None:
        return state, None
    taken, by = best[0].members[BLASTS], best[1].lineage
    for lineage, cells in others:
        events, apart = int(cells.sum()), int((cells & ~taken).sum())
        if 2 * apart > events:  # other cells, not the same ones by another rule
            what = f"{lineage}: a cluster of {events:,} other cells; {by} with {most:,} is taken"
            best[0].note("PATH_OUTWEIGHED", Severity.WARN, what)
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


def _unproven(strategy: Strategy, state: _State, *, found: bool) -> bool:
    """Whether cells in the blast window, of no proven lineage, are too many to be called normal."""
    rule = strategy.unproven
    if rule is None or rule.population not in state.members or DENOMINATOR not in state.members:
        return False
    # What a diagnostic result shows is proven.
    if state.laip is not None or not state.applies((), rule.unless):
        return False
    limit = rule.beside_percent if found else rule.percent
    if limit is None:
        return False
    denominator = state.members[DENOMINATOR]
    others = state.members[rule.population] & denominator
    least = int(denominator.sum()) * limit / 100
    if found:
        others &= ~state.members[BLASTS]
        least = max(least, int(state.members[BLASTS].sum()))
    count = int(others.sum())
    return count > 0 and count >= least


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
