"""What is gated by hand on one tube: an override file held against strategy and panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from cd5flow.config.yaml_file import Loaded
from cd5flow.gating.ancestry import find_ancestors
from cd5flow.gating.override import DrawnGate, Fault, Overrides, refuse
from cd5flow.gating.state import applies
from cd5flow.gating.strategy import GateSpec, LineagePath, Strategy
from cd5flow.model.geometry import Boolean, Interval, Region, dimensions
from cd5flow.model.names import BLASTS, CD5_POSITIVE, DENOMINATOR, READOUT, T_CELLS
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gate, Gating
from cd5flow.model.region_file import read_region
from cd5flow.model.scale import Scale

KEPT: Final = frozenset({BLASTS, DENOMINATOR, CD5_POSITIVE})
"""Populations that every result counts: they can be drawn anew, not left out."""


@dataclass(frozen=True, slots=True)
class OverridePlan:
    """What is gated by hand on a tube.

    Attributes:
        strategy: the tube's; with one lineage rule only where the file or a drawn gate names it.
        drawn: population to its region; None is left out.
        lineage: the lineage rule that the file names; None where it names none.
    """

    strategy: Strategy
    drawn: Mapping[str, Region | None] = field(default_factory=dict)
    lineage: str | None = None

    @property
    def cut(self) -> Interval | None:
        """Where CD5 begins by hand."""
        region = self.drawn.get(CD5_POSITIVE)
        return region if isinstance(region, Interval) else None


def make_plan(
    loaded: Loaded[Overrides],
    *,
    strategy: Strategy,
    panel: Panel,
    scales: Mapping[str, Scale],
    rule: str | None,
    grouped: Iterable[Gate] = (),
) -> OverridePlan:
    """Hold an override file against the strategy and the tube's panel.

    Args:
        loaded: the file.
        strategy: the tube's strategy.
        panel: its markers.
        scales: display scale of each detector.
        rule: the lineage rule that the automatic gating took; None where it took none.
        grouped: the gates of populations that were told by their groups in this tube.

    Raises:
        OverrideError: one line ``file:line:column: what`` a fault: gates that this strategy or panel
            has not, regions on unknown channels, populations out of order, or CD5 among what decides
            who is a blast.
    """
    path, faults = _path(loaded.value, strategy, panel, rule)
    refuse(loaded, faults)
    if path is not None:
        strategy = strategy.model_copy(update={"paths": (path,)})
    tube = _Tube(loaded.value, strategy, panel, scales, grouped)
    refuse(loaded, tube.faults())
    return OverridePlan(strategy, dict(tube.regions), loaded.value.lineage)


def check_applied(loaded: Loaded[Overrides], plan: OverridePlan, gating: Gating) -> None:
    """Refuse to go on where a region could not be used, so that none is passed over in silence.

    Raises:
        OverrideError: its parent, or a population that it combines, was not found in the tube.
    """
    faults: list[Fault] = []
    for i, one in enumerate(loaded.value.gates):
        region = plan.drawn[one.gate]
        if region is None or one.gate == CD5_POSITIVE:
            continue
        if one.gate in gating.tree and gating.tree[one.gate].region == region:
            continue
        operands = region.operands if isinstance(region, Boolean) else ()
        absent = sorted({o.gate for o in operands} - set(gating.members))
        what = ", ".join(absent) or "its parent"
        told = f"'{one.gate}' cannot be drawn: {what} was not found in this tube; draw that too"
        faults.append((("gates", i, "gate"), told))
    refuse(loaded, faults)


def _path(
    overrides: Overrides, strategy: Strategy, panel: Panel, rule: str | None
) -> tuple[LineagePath | None, list[Fault]]:
    """Return the lineage rule to follow alone; None where the tube may choose."""
    allowed = [p for p in strategy.paths if applies(panel, p.needs, p.unless)]
    shared = {spec.gate for spec in (*strategy.gates, *strategy.after)}
    names = " or ".join(f"'{p.lineage}'" for p in allowed) or "none, by this tube's panel"
    if overrides.lineage is not None:
        named = [p for p in allowed if overrides.lineage in _names(p)]
        if named:
            return named[0], []
        return None, [(("lineage",), f"'{overrides.lineage}' is no lineage rule, expected {names}")]
    for i, one in enumerate(overrides.gates):
        its = [p for p in allowed if one.gate in {spec.gate for spec in p.gates}]
        if one.gate in shared or not its:
            continue
        taken = [p for p in its if p.lineage == rule]
        if taken:
            return taken[0], []
        names = " or ".join(f"'{p.lineage}'" for p in its)
        what = f"'{one.gate}' belongs to a lineage rule; say which under lineage: {names}"
        return None, [(("gates", i, "gate"), what)]
    return None, []


def _names(path: LineagePath) -> tuple[str, ...]:
    return (path.lineage,) if path.renamed is None else (path.lineage, path.renamed.lineage)


class _Tube:
    """An override file beside the gates that a strategy has for a panel."""

    def __init__(
        self,
        overrides: Overrides,
        strategy: Strategy,
        panel: Panel,
        scales: Mapping[str, Scale],
        grouped: Iterable[Gate],
    ) -> None:
        self.overrides = overrides
        self.strategy = strategy
        self.panel = panel
        every = (*strategy.gates, *(g for p in strategy.paths for g in p.gates), *strategy.after)
        # Of a gate that does not apply the parent stands in: what it refers to counts all the same.
        self.named: dict[str, list[GateSpec]] = {}
        self.specs: dict[str, list[GateSpec]] = {}
        for spec in every:
            self.named.setdefault(spec.gate, []).append(spec)
            if applies(panel, spec.needs, spec.unless):
                self.specs.setdefault(spec.gate, []).append(spec)
        # Populations that were told by their groups have gates of their own in each tube.
        self.grouped = {gate.name: gate for gate in grouped}
        self.order = [*self.specs, *self.grouped]
        self.regions = {
            one.gate: None if one.region is None else read_region(one.region, scales)
            for one in overrides.gates
        }

    def faults(self) -> list[Fault]:
        """Return what is wrong, in the order of the file."""
        return [
            (("gates", i, *where), what)
            for i, one in enumerate(self.overrides.gates)
            for where, what in (*self._about(one), *self._circular(one.gate))
        ]

    def _about(self, one: DrawnGate) -> Iterator[Fault]:
        """Yield what is wrong with one gate by itself."""
        region = self.regions[one.gate]
        if one.gate == CD5_POSITIVE:
            yield from self._about_cut(region)
            return
        if one.gate in self.grouped and one.gate not in self.named:
            yield from self._about_grouped(one.gate, region)
            return
        if one.gate not in self.named:
            there = ", ".join((*self.order, CD5_POSITIVE))
            yield ("gate",), f"no gate is named '{one.gate}'; this tube has {there}"
            return
        if one.gate not in self.specs:
            yield ("gate",), f"'{one.gate}' does not apply to the markers of this tube"
            return
        if region is None:
            if one.gate in KEPT:
                yield ("pass_through",), f"'{one.gate}' is counted in every result; draw a region"
            return
        yield from self._about_channels(region)
        before = self.order[: self.order.index(one.gate)]
        if isinstance(region, Boolean):
            for operand in region.operands:
                if operand.gate not in before and operand.gate not in self.grouped:
                    what = f"no gate '{operand.gate}' stands before '{one.gate}'"
                    yield ("region",), what

    def _about_grouped(self, name: str, region: Region | None) -> Iterator[Fault]:
        """Yield what is wrong with a gate of a population that was told by its groups."""
        operands = [
            operand.gate
            for gate in self.grouped.values()
            if isinstance(gate.region, Boolean)
            for operand in gate.region.operands
        ]
        if region is None and name in operands:
            yield ("pass_through",), f"'{name}' is a part of the blasts; draw a region"
        elif isinstance(region, Boolean):
            yield ("region",), f"'{name}' is drawn on channels, not combined of populations"
        elif region is not None:
            yield from self._about_channels(region)

    def _about_cut(self, region: Region | None) -> Iterator[Fault]:
        if not self.panel.has(READOUT):
            yield ("gate",), f"no channel of this tube carries {READOUT}"
            return
        if region is None:
            yield ("pass_through",), f"'{CD5_POSITIVE}' is what is asked; draw a region"
            return
        detector = self.panel.detector(READOUT)
        fits = (
            isinstance(region, Interval)
            and region.low is not None
            and region.high is None
            and region.dimension.detector == detector
            and region.dimension.compensated
        )
        if not fits:
            what = f"the cut is an interval with low alone on {detector}, compensated"
            yield ("region",), what

    def _about_channels(self, region: Region) -> Iterator[Fault]:
        for dimension in dimensions(region):
            if self.panel.marker_of(dimension.detector) is None:
                known = ", ".join(f"{d} ({m})" for m, d in self.panel.markers.items())
                what = f"channel '{dimension.detector}' carries no marker here; there are {known}"
                yield ("region",), what

    def _circular(self, name: str) -> Iterator[Fault]:
        """Yield a region that lets CD5 decide who is a blast, or what blasts are held against."""
        region = self.regions[name]
        if region is None or name == CD5_POSITIVE or READOUT not in self._looks_at(name):
            return
        if name in self._behind({BLASTS}):
            yield ("region",), f"'{name}' decides who is a blast and must not look at {READOUT}"
        elif name in self._behind({T_CELLS, *self.strategy.cd5.references}):
            what = (
                f"the blasts' {READOUT} is held against '{name}', which must not look at {READOUT}"
            )
            yield ("region",), what

    def _behind(self, names: set[str]) -> set[str]:
        """Return populations with all that decides on them: parents, operands, what edges refer to."""
        return set(find_ancestors(names, self._deciders))

    def _deciders(self, name: str) -> Iterator[str]:
        region = self.regions.get(name)
        for spec in self.named.get(name, []):
            yield from spec.deciders if region is None else (spec.parent,)
        if name in self.grouped:
            gate = self.grouped[name]
            yield gate.parent
            if isinstance(gate.region, Boolean) and region is None:
                yield from (operand.gate for operand in gate.region.operands)
        if isinstance(region, Boolean):
            yield from (operand.gate for operand in region.operands)

    def _looks_at(self, name: str) -> set[str]:
        """Return the markers that a drawn region looks at, itself and through what it combines."""
        region = self.regions[name]
        assert region is not None  # noqa: S101 - asked before
        markers = {self.panel.marker_of(d.detector) for d in dimensions(region)}
        if isinstance(region, Boolean):
            for other in self._behind({operand.gate for operand in region.operands}):
                drawn = self.regions.get(other)
                if drawn is not None:
                    markers |= {self.panel.marker_of(d.detector) for d in dimensions(drawn)}
                else:
                    markers.update(*(spec.markers for spec in self.specs.get(other, [])))
        return {marker for marker in markers if marker is not None}
