"""What is known of a tube while its gates are looked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from cd5flow.gating.cell_types import CellTypes, find_cell_types
from cd5flow.gating.profiles import Profiles
from cd5flow.gating.strategy import GateSpec
from cd5flow.gating.tube_view import Refused
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import Region
from cd5flow.model.laip import Laip
from cd5flow.model.members import Members, Population
from cd5flow.model.names import ALL
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gate
from cd5flow.model.reasons import Reason
from cd5flow.model.scale import Scale
from cd5flow.numerics.timing import Stage, untimed
from cd5flow.preprocess.transforms import Columns


@dataclass(frozen=True, slots=True)
class GatingInput:
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
        profiles: what cells look like; None where no gate asks.
        grouped: the population whose cells are told apart by them.
    """

    columns: Columns
    panel: Panel
    scales: Mapping[str, Scale]
    seed: int
    drawn: Mapping[str, Region | None] = field(default_factory=dict)
    laip: Laip | None = None
    controls: Mapping[str, Columns | Refused] = field(default_factory=dict)
    timed: tuple[GateSpec, ...] = ()
    profiles: Profiles | None = None
    grouped: str = ALL

    def applies(self, needs: Iterable[str], unless: Iterable[str]) -> bool:
        """Whether the panel has what is needed and lacks what excludes."""
        return applies(self.panel, needs, unless)


@dataclass(frozen=True, slots=True)
class FoundGate:
    """A gate that was found, who is in it, and what is to be said of it."""

    gate: Gate
    population: Population
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """A gate that was not found.

    Attributes:
        substitute: the population gated in its place; None where nothing is.
        findings: what is to be said.
        look_alike: whether a cluster was refused as one of normal cells.
    """

    substitute: str | None
    findings: tuple[Finding, ...] = ()
    look_alike: bool = False


def all_events(columns: Columns) -> Members:
    """Return the population of all events of a tube and no other."""
    mask = np.ones(len(columns), dtype=np.bool_)
    mask.setflags(write=False)
    return Members({ALL: mask})


@dataclass(slots=True)
class GatingState:
    """What has been gated so far.

    Attributes:
        inputs: the tube, and what its gates are found by.
        members: population name to mask.
        gates: those found, in order.
        substitutes: gate that was not found to the population gated in its place; None where nothing is.
        findings: what is to be said.
        look_alike: whether a cluster was refused as one of normal cells.
        stage: marks each gate.
        told_cells: the kinds of cells of the tube, once they were asked for.
        passed: cells that pass all gates but the last of each rule that rests on CD7 alone and found no
            cluster.
    """

    inputs: GatingInput
    members: Members
    gates: dict[str, Gate] = field(default_factory=dict)
    substitutes: dict[str, str | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    look_alike: bool = False
    stage: Stage = untimed
    told_cells: list[CellTypes | None] = field(default_factory=list)
    passed: list[Mask] = field(default_factory=list)

    def branch(self) -> GatingState:
        """Return a copy to try a path on."""
        return GatingState(
            self.inputs,
            self.members.copy(),
            dict(self.gates),
            dict(self.substitutes),
            list(self.findings),
            self.look_alike,
            self.stage,
            self.told_cells,
        )

    def note(self, code: str, severity: Severity, **values: object) -> None:
        """Add a finding."""
        self.findings.append(Finding(severity, Reason(code, **values)))

    def applies(self, needs: Iterable[str], unless: Iterable[str]) -> bool:
        """Whether the panel has what is needed and lacks what excludes."""
        return self.inputs.applies(needs, unless)

    def cell_types(self) -> CellTypes | None:
        """Return what kinds of cells the tube holds; None where that cannot be told."""
        inputs = self.inputs
        if inputs.profiles is None:
            return None
        if not self.told_cells:
            within = self.population_for(inputs.grouped) or ALL
            self.told_cells.append(
                find_cell_types(
                    self.members[within],
                    columns=inputs.columns,
                    panel=inputs.panel,
                    scales=inputs.scales,
                    profiles=inputs.profiles,
                    rng=np.random.default_rng([inputs.seed, stream_of("cell types")]),
                )
            )
        return self.told_cells[0]

    def population_for(self, name: str) -> str | None:
        """Return the population that a name stands for here; None where it is absent."""
        found: str | None = name
        while found is not None and found not in self.members:
            found = self.substitutes.get(found)
        return found

    def add(self, name: str, found: FoundGate | NotFound) -> None:
        """Take what came of a gate to what has been gated."""
        if isinstance(found, FoundGate):
            self.members.add(name, found.population)
            self.gates[name] = found.gate
        else:
            self.substitutes[name] = found.substitute
            self.look_alike |= found.look_alike
        self.findings += found.findings


def stream_of(path: str) -> int:
    """Return the number of the random stream that a gate, or a step, draws from."""
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big")


def applies(panel: Panel, needs: Iterable[str], unless: Iterable[str]) -> bool:
    """Whether a panel has what is needed (``A|B`` is either) and lacks what excludes."""

    def has(alternatives: str) -> bool:
        return any(panel.has(m) for m in alternatives.split("|"))

    return all(has(m) for m in needs) and not any(has(m) for m in unless)
