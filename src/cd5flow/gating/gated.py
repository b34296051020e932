"""The gates of a tube as they are found, and who is in each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cd5flow.gating.one_gate import Basis, Before, Found, FoundGate, NotFound, find_gate
from cd5flow.gating.strategy import GateSpec, displayed, placed_within
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import Dimension
from cd5flow.model.members import Members
from cd5flow.model.populations import Gate
from cd5flow.model.reasons import Reason
from cd5flow.numerics.threads import Turn, in_turn
from cd5flow.numerics.timing import Stage, untimed


@dataclass(slots=True)
class Gated:
    """What has been gated so far.

    Attributes:
        basis: the tube, and what its gates are found by.
        members: population name to mask.
        gates: those found, in order.
        stands_in: gate that was not found to the population gated in its place; None where nothing is.
        findings: what is to be said.
        look_alike: whether a cluster was refused as one of normal cells.
        stage: marks each gate.
    """

    basis: Basis
    members: Members
    gates: dict[str, Gate] = field(default_factory=dict)
    stands_in: dict[str, str | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    look_alike: bool = False
    stage: Stage = untimed

    def branch(self) -> Gated:
        """Return a copy to try a path on."""
        return Gated(
            self.basis,
            self.members.copy(),
            dict(self.gates),
            dict(self.stands_in),
            list(self.findings),
            self.look_alike,
            self.stage,
        )

    def note(self, code: str, severity: Severity, **values: object) -> None:
        """Add a finding."""
        self.findings.append(Finding(severity, Reason(code, **values)))

    def applies(self, needs: Iterable[str], unless: Iterable[str]) -> bool:
        """Whether the panel has what is needed and lacks what excludes."""
        return self.basis.applies(needs, unless)

    def before(self, turns: Iterable[tuple[str, Turn[Found]]] = ()) -> Before:
        """Return what the next gate sees of those before it."""
        return Before(self.members, self.gates, self.stands_in, tuple(turns))

    def run(self, specs: Iterable[GateSpec], soon: Iterable[GateSpec] = ()) -> None:
        """Find each gate; several at a time where they do not need each other.

        What comes of it is as if each had been found in its turn: a gate sees those before it alone,
        and waits where it asks for one that is not done.

        Args:
            specs: the gates.
            soon: those to be found after them, whose columns may be computed already.
        """
        turns: list[tuple[str, Turn[Found]]] = []
        axes: dict[str, None] = {}
        for spec in specs:
            earlier = {name for name, _ in turns}
            if not self.applies(spec.needs, spec.unless):
                # An alternative of the same name may follow; until then the parent stands in.
                if spec.gate not in earlier:
                    self.stands_in.setdefault(spec.gate, spec.parent)
                continue
            task = partial(self._find, spec, self.before(turns))
            needed = {self._gated_as(name, earlier) for name in placed_within(spec)}
            turns.append((spec.gate, Turn(task, [t for name, t in turns if name in needed])))
            axes |= displayed(spec)
        for spec in soon:
            axes |= displayed(spec)
        found = in_turn([turn for _, turn in turns], meanwhile=self._columns(axes))
        for (name, _), each in zip(turns, found, strict=True):
            self.take(name, each)

    def _gated_as(self, name: str, earlier: Collection[str]) -> str | None:
        """Return the gate that a name waits for: its own, or that of what stands in for it."""
        standing: str | None = name
        while standing is not None and standing not in earlier:
            standing = self.stands_in.get(standing)
        return standing

    def _columns(self, axes: Iterable[str]) -> list[Turn[Any]]:
        """Return the computing of the columns that gates will ask for."""
        basis = self.basis
        seen = (basis.panel.detector(m) for m in map(basis.panel.first_of, axes) if m is not None)
        return [
            basis.columns.begun(Dimension(detector, basis.scales[detector]))
            for detector in dict.fromkeys(seen)
            if detector in basis.scales
        ]

    def _find(self, spec: GateSpec, before: Before) -> Found:
        with self.stage(spec.gate):
            return find_gate(spec, before, self.basis)

    def take(self, name: str, found: Found) -> None:
        """Take what came of a gate to what has been gated."""
        if isinstance(found, FoundGate):
            self.members.add(name, found.who)
            self.gates[name] = found.gate
        elif isinstance(found, NotFound):
            self.stands_in[name] = found.stands_in
            self.look_alike |= found.look_alike
        if found is not None:
            self.findings += found.findings
