"""Gates that a person drew in another program take the place of a strategy's.

They keep their geometry and get our names: a population of ours is the gate that the user says it is,
or the one that bears its name. What nobody named is unknown, and said so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from cd5flow.errors import GatesError, OptionError
from cd5flow.gating.apply import apply_gates, dimensions_read
from cd5flow.gating.drawn import DRAWN, DrawnGates, ImportedGates, listed
from cd5flow.gating.fitting import fitted
from cd5flow.gating.strategy import RESERVED
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, Severity, warning
from cd5flow.model.geometry import (
    Boolean,
    Interval,
    Operand,
    Rectangle,
    Region,
    dimensions,
)
from cd5flow.model.members import Members
from cd5flow.model.names import (
    ALL,
    BLASTS,
    CD5_POSITIVE,
    DENOMINATOR,
    LYMPHOCYTES,
    READOUT,
    SINGLETS,
    T_CELLS,
)
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating, Lineage
from cd5flow.model.reasons import Reason, sentence
from cd5flow.preprocess.transforms import Columns, inverse

NAMED: Final = (SINGLETS, DENOMINATOR, LYMPHOCYTES, T_CELLS, BLASTS, CD5_POSITIVE)
"""Populations that drawn gates may be, beside the strategy's negative references."""

LINEAGE: Final = ("cyCD3", "CD3", "CD7")
_PULSE: Final = re.compile(r"[-_ ](A|H|W)$", re.IGNORECASE)
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a strategy says of populations that drawn gates may be.

    Attributes:
        references: populations that lack CD5.
        nk_markers: markers that tell NK cells.
    """

    references: Sequence[str]
    nk_markers: Sequence[str]


def adopt(
    drawn: DrawnGates, *, imported: ImportedGates, names: Names, columns: Columns, panel: Panel
) -> Gating:
    """Gate one tube by a person's gates.

    Args:
        drawn: the gates of this tube.
        imported: the file that they are from, and what the user says of them.
        names: what populations they may be.
        columns: the tube's events on any axis.
        panel: its markers.

    Raises:
        OptionError: the user names a population that is none.
        GatesError: a gate is not there, is ambiguous, or reads a channel that the tube lacks.
    """
    adoption = _Adoption(drawn, imported, (*dict.fromkeys((*NAMED, *names.references)),))
    adoption.name_populations()
    tree = adoption.tree(columns)
    members = apply_gates(tree, columns)
    tree = GateTree(tuple(_seen(gate, members) for gate in tree.gates))
    cluster = bool(members[BLASTS].any())
    lineage, of_lineage = _lineage(tree, panel, cluster=cluster, nk_markers=names.nk_markers)
    findings = [
        *adoption.findings,
        *_about_compensation(drawn, columns, imported.file),
        *_about_denominator(members, imported.file),
        *of_lineage,
    ]
    rule = f"no gate of {imported.file} is named as {DENOMINATOR}"
    if DENOMINATOR in adoption.chosen:
        rule = f"gate '{drawn.short(adoption.chosen[DENOMINATOR])}' of {imported.file}"
    return Gating(
        tree=tree,
        members=members,
        findings=tuple(findings),
        lineage=lineage,
        denominator_rule=rule,
        denominator_unnamed=DENOMINATOR not in adoption.chosen,
    )


def on_control(gating: Gating, columns: Columns) -> Members:
    """Apply a tube's drawn gates to a control tube of the same panel.

    Gates on Time hold all of their parent: the control has a clock of its own.

    Returns:
        Population name to mask over the control's events.
    """
    gates = []
    for gate in gating.tree.gates:
        on_time = any(
            columns.events.raw.channel(d.detector).is_time for d in dimensions(gate.region)
        )
        everyone = Boolean("and", (Operand(gate.parent),))
        gates.append(replace(gate, region=everyone) if on_time else gate)
    return apply_gates(GateTree(tuple(gates)), columns)


def edge_on(gating: Gating, name: str, detector: str) -> float | None:
    """Return the lower bound that a population's own gate sets on a channel, in linear units.

    None where its gate has no such bound: a polygon, an ellipse, a combination.
    """
    region = gating.tree[name].region
    while isinstance(region, Boolean) and len(region.operands) == 1:
        (operand,) = region.operands
        if operand.complement or operand.gate == ALL:
            return None
        region = gating.tree[operand.gate].region
    sides: tuple[Interval, ...] = ()
    if isinstance(region, Interval):
        sides = (region,)
    elif isinstance(region, Rectangle):
        sides = region.sides
    for side in sides:
        if side.dimension.detector == detector and side.low is not None:
            scale = side.dimension.scale
            return side.low if scale is None else float(inverse(side.low, scale))
    return None


@dataclass(slots=True)
class _Adoption:
    """Which drawn gate is which population, and what the others are called.

    Attributes:
        drawn: the gates.
        imported: their file.
        known: populations that they may be.
        chosen: population to gate.
        findings: what was noticed.
    """

    drawn: DrawnGates
    imported: ImportedGates
    known: tuple[str, ...]
    chosen: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def name_populations(self) -> None:
        """Choose the gate of each population, as the user says or by its name."""
        for population, wanted in self.imported.populations.items():
            if population not in self.known:
                raise OptionError(
                    f"map: found population {population!r}, expected {', '.join(self.known)}"
                )
            try:
                self.chosen[population] = self.drawn.find(wanted)
            except GatesError as fault:
                raise GatesError(f"{self.imported.file}: {population}: {fault.message}") from None
        by_name: list[str] = []
        for population in self.known:
            if population in self.chosen:
                continue
            there = [g.name for g in self.drawn.tree.gates if self._label(g.name) == population]
            if len(there) == 1 and there[0] not in self.chosen.values():
                self.chosen[population] = there[0]
                by_name.append(population)
            elif len(there) > 1:
                paths = listed(f"/{self.drawn.path(name)}" for name in there)
                self.note("GATE_AMBIGUOUS", Severity.WARN, population=population, gates=paths)
        if BLASTS not in self.chosen:
            gates = listed(self.drawn.path(gate.name) for gate in self.drawn.tree.gates)
            raise GatesError(
                f"{self.imported.file}: no gate is named {BLASTS}; say which it is with --map "
                f"{BLASTS}=GATE, one of {gates or 'none: the file holds no gate'}"
            )
        self._note_choices(by_name)

    def _note_choices(self, by_name: Sequence[str]) -> None:
        said = ", ".join(f"{p} = '{self.drawn.short(g)}'" for p, g in self.chosen.items())
        file, digest = self.imported.file, self.imported.sha256
        self.note("GATES_IMPORTED", Severity.INFO, file=file, sha256=digest, named=said)
        if by_name:
            self.note("GATES_BY_NAME", Severity.INFO, file=file, populations=by_name)
        unnamed = [population for population in self.known if population not in self.chosen]
        if unnamed:
            self.note("POPULATIONS_UNNAMED", Severity.INFO, populations=unnamed)
        if self.drawn.doubt:
            self.note("GATES_OF_OTHER_TUBE", Severity.WARN, file=file, **self.drawn.doubt)
        if self.drawn.gained:
            self.note("GATES_ON_GAIN", Severity.WARN, file=file, channels=self.drawn.gained)
        for path, why in self.drawn.refused.items():
            self.note("GATE_NOT_IMPORTED", Severity.WARN, gate=path, file=file, why=why)

    def _label(self, gate: str) -> str:
        return self.drawn.label(gate)

    def note(self, code: str, severity: Severity, **values: object) -> None:
        """Notice something."""
        self.findings.append(Finding(severity, Reason(code, **values)))

    def tree(self, columns: Columns) -> GateTree:
        """Return the gates under our names, with their channels as this tube names them."""
        ours = self._names()
        gates = [self._gate(gate, ours, columns) for gate in self.drawn.tree.gates]
        by_name = {gate.name: gate for gate in gates}
        for population, chosen in self.chosen.items():
            first = by_name[ours[chosen]]
            within = BLASTS if population == CD5_POSITIVE else first.parent
            if first.name != population:
                alias = Boolean("and", (Operand(first.name),))
                gates.append(replace(first, name=population, parent=within, region=alias))
        return GateTree(tuple(gates))

    def _gate(self, gate: Gate, ours: Mapping[str, str], columns: Columns) -> Gate:
        note = Reason(
            "FOUND", case="imported", gate=self.drawn.short(gate.name), file=self.imported.file
        )
        region = _renamed(fitted(gate.region, columns.events.raw, sentence(note)), ours)
        why = f"Imported from {self.imported.file}."
        return Gate(ours[gate.name], ours[gate.parent], region, Evidence(DRAWN, 0, {}, note), why)

    def _names(self) -> dict[str, str]:
        """Return our name of each gate: the population that it is, or its own made fit for a file.

        CD5-positive cells are a population within the blasts. A gate drawn elsewhere keeps a name of
        its own, and the population is what it holds of the blasts.
        """
        ours = {ALL: ALL}
        for population in (BLASTS, *self.chosen):
            chosen = self.chosen[population]
            apart = self.drawn.tree[chosen].parent != self.chosen[BLASTS]
            if chosen not in ours and not (population == CD5_POSITIVE and apart):
                ours[chosen] = population
        taken = {*self.known, *RESERVED, *ours.values()}
        for gate in self.drawn.tree.gates:
            if gate.name not in ours:
                ours[gate.name] = _free(self._label(gate.name), taken)
                taken.add(ours[gate.name])
        return ours


def _free(label: str, taken: set[str]) -> str:
    """Return a name that is an id in Gating-ML and not in use."""
    wish = _UNFIT.sub("_", label.replace("+", "_pos")).strip("_") or "gate"
    if not (wish[0].isalpha() or wish[0] == "_"):
        wish = f"gate_{wish}"
    name, number = wish, 1
    while name in taken:
        number += 1
        name = f"{wish}_{number}"
    return name


def _renamed(region: Region, ours: Mapping[str, str]) -> Region:
    if not isinstance(region, Boolean):
        return region
    operands = tuple(replace(operand, gate=ours[operand.gate]) for operand in region.operands)
    return Boolean(region.operator, operands)


def _seen(gate: Gate, members: Mapping[str, Mask]) -> Gate:
    seen = int(np.count_nonzero(members[gate.parent]))
    return replace(gate, evidence=replace(gate.evidence, events=seen))


def _lineage(
    tree: GateTree, panel: Panel, *, cluster: bool, nk_markers: Sequence[str]
) -> tuple[Lineage, tuple[Finding, ...]]:
    """Return what the blasts' lineage rests on by the markers that chose them, and what to say of it.

    The gates are the word of who drew them. Of markers they can only be asked which they look at:
    cytoplasmic CD3 or CD7 among them is what a T lineage can rest on.
    """
    read = {_marker(d.detector, panel) for d in dimensions_read(tree, BLASTS)}
    markers = [m for m in LINEAGE if m in read]
    use_cd5 = READOUT in read
    as_drawn = not {"cyCD3", "CD7"} & read
    by = f"by {', '.join(markers)}" if markers else "by no T-lineage marker"
    findings = []
    if use_cd5:
        findings.append(warning("BLASTS_USE_CD5", case="imported"))
    if as_drawn:
        findings.append(warning("LINEAGE_AS_DRAWN", case="imported"))
    lineage = Lineage(
        name=f"as drawn in imported gates, {by}",
        cluster=cluster,
        cd7_alone="CD7" in read and "cyCD3" not in read,
        nk_unresolved=not any(panel.has(m) for m in nk_markers),
        blasts_use_cd5=use_cd5,
        as_drawn=as_drawn,
    )
    return lineage, tuple(findings)


def _marker(detector: str, panel: Panel) -> str | None:
    """Return the marker of a channel; height and width of a pulse are of the marker of its area."""
    marker = panel.marker_of(detector)
    if marker is not None:
        return marker
    pulse = _PULSE.sub("", detector)
    return next((m for m, d in panel.markers.items() if _PULSE.sub("", d) == pulse), None)


def _about_compensation(drawn: DrawnGates, columns: Columns, file: str) -> Iterator[Finding]:
    applied = columns.events.spillover
    if applied is not None and not drawn.compensated:
        yield warning("GATES_UNCOMPENSATED", case="drawn", file=file, matrix=applied.source)
    if applied is None and drawn.tube_matrix:
        yield warning("GATES_UNCOMPENSATED", case="own_matrix", file=file)


def _about_denominator(members: Mapping[str, Mask], file: str) -> Iterator[Finding]:
    whole = members.get(DENOMINATOR)
    if whole is None:
        yield warning("NO_DENOMINATOR", case="unnamed", file=file, population=DENOMINATOR)
        return
    outside = int(np.count_nonzero(members[BLASTS] & ~whole))
    if outside:
        yield warning("BLASTS_OUTSIDE", events=outside, population=DENOMINATOR)
