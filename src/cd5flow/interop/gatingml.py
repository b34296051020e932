"""Gates as Gating-ML 2.0: what `gates.xml` holds (Spidlen J et al., ISAC 2013).

Every population is one gate whose id is the population's name; its parent is `parent_id`, and a
child of ``all`` has none. A region that Gating-ML cannot say in one gate is said in several: the
helpers are named after the population (``time_kept.span_1``) and carry a ``custom_info`` that says
whose part they are. They are needed where

- several spans of one axis remain: one range each, joined by "or";
- a rectangle has two sides on one channel: one rectangle for each scale, joined by "and";
- a complement would take in events that are NaN: a range that holds every defined value beside it.

FlowKit 1.3 is the reader that the counts are checked with. What it does otherwise than the standard
asks for care here, at the places marked FlowKit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, assert_never
from xml.etree import ElementTree as ET

import numpy as np

from cd5flow.gating.apply import dimensions_read
from cd5flow.interop.file_gates import LEAST_POSITIVE, LOWEST, PART_OF
from cd5flow.interop.gatingml_elements import (
    add_channel,
    add_coordinates,
    add_ellipse,
    document_root,
    number_text,
    receiving,
    spectrum_matrix,
    transformation,
)
from cd5flow.interop.gatingml_matrices import EMBEDDED, UNCOMPENSATED
from cd5flow.model.events import Spillover
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Operand,
    Polygon,
    Rectangle,
    dimensions,
)
from cd5flow.model.names import ALL
from cd5flow.model.populations import Gate, GateTree
from cd5flow.model.scale import Linear, Log, Scale

_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_RESERVED: Final = frozenset({"root", EMBEDDED, UNCOMPENSATED})
"""``root`` is FlowKit's name for all events; the others are Gating-ML's words for matrices."""


def to_gatingml(
    tree: GateTree,
    *,
    spillover: Spillover | None,
    tick_seconds: Mapping[str, float] = MappingProxyType({}),
) -> str:
    """Return a tree as the text of a Gating-ML 2.0 file; equal trees give equal text.

    Args:
        tree: the gates as resolved on one tube, Time in seconds.
        spillover: the matrix that the tube was compensated with; None where it was not.
        tick_seconds: seconds a tick of each Time channel, by ``$PnN``. Readers scale a channel that
            is named Time by themselves; one of another name is given this scale in the file.

    Raises:
        ValueError: a population's name is no XML id (a letter or ``_``, then letters, digits,
            ``_``, ``-``, ``.``) or is reserved; a channel's name cannot be written in XML; a
            polygon or ellipse has both axes on one channel; a matrix of one channel is not 1.
    """
    document = _Document(tree, _compensation(spillover), tick_seconds)
    for gate in tree.gates:
        document.write(gate)
    return document.text()


def _compensation(spillover: Spillover | None) -> Spillover | None:
    """Return the part of a matrix that a reader can use.

    FlowKit refuses a matrix that names a scatter or Time channel, so those that it leaves alone are
    left out. The schema asks for two channels at least.
    """
    if spillover is None:
        return None
    coupled = spillover.matrix != np.eye(len(spillover.detectors))
    used = [
        i
        for i, detector in enumerate(spillover.detectors)
        if coupled[i].any()
        or coupled[:, i].any()
        or detector.lower()[:4] not in {"fsc-", "ssc-", "time"}
    ]
    if len(used) > 1:
        return Spillover(
            detectors=tuple(spillover.detectors[i] for i in used),
            matrix=spillover.matrix[np.ix_(used, used)],
            source=spillover.source,
        )
    if coupled.any():
        raise ValueError("Gating-ML cannot hold a spillover matrix of one channel")
    return None


class _Document:
    """A Gating-ML file in the making: gates, and the matrices and scales that they ask for."""

    def __init__(
        self, tree: GateTree, spillover: Spillover | None, tick_seconds: Mapping[str, float]
    ) -> None:
        self._tree = tree
        self._spillover = spillover
        self._tick_seconds = tick_seconds
        self._ids = {gate.name for gate in tree.gates} | _RESERVED
        for gate in tree.gates:
            if not _ID.fullmatch(gate.name) or gate.name in _RESERVED:
                raise ValueError(f"population {gate.name!r} cannot be an id in Gating-ML")
        self._gates: list[ET.Element] = []
        self._scales: dict[Scale, str] = {}
        self._matrices: dict[frozenset[str], str] = {}
        if spillover is not None:
            self._matrices[frozenset()] = self._new_id("spillover")

    def text(self) -> str:
        """Return the file's text."""
        root = document_root()
        note = ET.SubElement(root, "data-type:custom_info")
        note.text = (
            "cd5flow gates; a gate's id is its population's name; Time is in seconds: a reader that keeps "
            "ticks multiplies them by $TIMESTEP first"
        )
        if self._spillover is not None:
            root.extend(
                spectrum_matrix(self._spillover, raw, name) for raw, name in self._matrices.items()
            )
        root.extend(transformation(scale, name) for scale, name in self._scales.items())
        root.extend(self._gates)
        ET.indent(root)
        body = ET.tostring(root, encoding="unicode")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'

    def write(self, gate: Gate) -> None:
        """Add a population's gate, with its helpers before it."""
        region, name, parent = gate.region, gate.name, gate.parent
        match region:
            case Interval():
                self._rectangle(name, parent, (region,))
            case Intervals(dimension=axis, spans=spans):
                sides = [(Interval(axis, low, high),) for low, high in spans]
                self._rectangles(gate, "or", "span", sides)
            case Rectangle(sides=flat):
                self._rectangles(gate, "and", "side", _one_channel_each(flat))
            case Polygon(vertices=vertices):
                element = self._gate("PolygonGate", name, parent)
                self._axes(element, (region.x, region.y))
                for vertex in vertices:
                    add_coordinates(ET.SubElement(element, "gating:vertex"), vertex)
            case Ellipse():
                element = self._gate("EllipsoidGate", name, parent)
                self._axes(element, (region.x, region.y))
                add_ellipse(element, region)
            case Boolean():
                self._combination(gate, region)
            case _:
                assert_never(region)

    def _rectangles(
        self, gate: Gate, operator: str, word: str, groups: Sequence[Sequence[Interval]]
    ) -> None:
        """Add a region of several rectangles, or of one."""
        if len(groups) == 1:
            self._rectangle(gate.name, gate.parent, groups[0])
            return
        parts = []
        for number, sides in enumerate(groups, start=1):
            part = self._new_id(f"{gate.name}.{word}_{number}")
            self._rectangle(part, gate.parent, sides, part_of=gate.name)
            parts.append(Operand(part))
        self._boolean(gate.name, gate.parent, operator, parts)

    def _rectangle(
        self, name: str, parent: str, sides: Sequence[Interval], *, part_of: str | None = None
    ) -> None:
        element = self._gate("RectangleGate", name, parent, part_of=part_of)
        for axis, side in zip(
            self._axes(element, [side.dimension for side in sides]), sides, strict=True
        ):
            low = side.low
            if low is None and isinstance(side.dimension.scale, Log):
                # FlowKit's log of 0 is minus infinity, which "no lower bound" would take in.
                low = LOWEST
            if low is not None:
                axis.set("gating:min", number_text(low))
            if side.high is not None:
                axis.set("gating:max", number_text(side.high))

    def _combination(self, gate: Gate, region: Boolean) -> None:
        """Add a boolean population.

        FlowKit loses a gate that has its own parent as an operand. Every event of the parent is in
        the parent's ancestors too, so these operands decide nothing or everything.
        """
        lineage = self._lineage(gate.parent)
        settled = {op for op in region.operands if op.gate in lineage}
        open_operands = [op for op in dict.fromkeys(region.operands) if op not in settled]
        conjunction = region.operator == "and"
        # True operands settle an "or", false ones (complements) an "and".
        decided = any(op.complement == conjunction for op in settled)
        if decided or not open_operands:
            self._constant(gate, holds=conjunction != decided)
            return
        conjunction = conjunction or len(open_operands) == 1
        sure = [op.gate for op in open_operands if conjunction and not op.complement]
        known = self._defined_above([*lineage, *sure])
        operands: list[Operand] = []
        for operand in open_operands:
            guarded = self._guarded(gate, operand, known) if operand.complement else (operand,)
            if len(guarded) > 1 and not conjunction:
                part = self._new_id(f"{gate.name}.not_{operand.gate}")
                self._boolean(part, gate.parent, "and", guarded, part_of=gate.name)
                guarded = (Operand(part),)
            operands += guarded
        self._boolean(gate.name, gate.parent, "and" if conjunction else "or", operands)

    def _guarded(
        self, gate: Gate, operand: Operand, known: Mapping[Dimension, float]
    ) -> tuple[Operand, ...]:
        """Return a complement, with a helper that holds no event that is NaN where that can be.

        The helper is in linear units: FlowKit puts NaN at -1 on the logicle scale.
        """
        needed = self._least_defined(dimensions_read(self._tree, operand.gate))
        doubtful = [
            Interval(axis, low)
            for axis, low in sorted(needed.items(), key=lambda item: repr(item[0]))
            if low > known.get(axis, -math.inf)
        ]
        guards = []
        for sides in _one_channel_each(doubtful):
            guard = self._new_id(f"{gate.name}.defined_{operand.gate}")
            self._rectangle(guard, gate.parent, sides, part_of=gate.name)
            guards.append(Operand(guard))
        return (operand, *guards)

    def _lineage(self, name: str) -> frozenset[str]:
        """Return the populations that hold every event of one, itself and ``all`` included."""
        return frozenset({ALL} if name == ALL else {ALL, name, *self._tree.ancestors(name)})

    def _defined_above(self, names: Iterable[str]) -> dict[Dimension, float]:
        """Return where the events of these populations are known to be defined."""
        axes: set[Dimension] = set()
        for name in names:
            for member in self._lineage(name) - {ALL}:
                axes.update(dimensions(self._tree[member].region))
        return self._least_defined(axes)

    def _least_defined(self, axes: Iterable[Dimension]) -> dict[Dimension, float]:
        """Return the channels of some axes, in linear units, and the least value defined on all."""
        least: dict[Dimension, float] = {}
        for axis in axes:
            linear = Dimension(axis.detector, compensated=axis.compensated and self._names(axis))
            low = LEAST_POSITIVE if isinstance(axis.scale, Log) else LOWEST
            least[linear] = max(low, least.get(linear, low))
        return least

    def _constant(self, gate: Gate, *, holds: bool) -> None:
        """Add a gate that holds every event of its parent, or none."""
        axis = next((d for g in self._tree.gates for d in dimensions(g.region)), None)
        if axis is None:
            raise ValueError(f"population {gate.name!r} rests on no channel")
        element = self._gate("RectangleGate", gate.name, gate.parent)
        (side,) = self._axes(element, (Dimension(axis.detector, compensated=False),))
        if not holds:
            side.set("gating:min", number_text(0))
            side.set("gating:max", number_text(0))

    def _boolean(
        self,
        name: str,
        parent: str,
        operator: str,
        operands: Sequence[Operand],
        *,
        part_of: str | None = None,
    ) -> None:
        element = self._gate("BooleanGate", name, parent, part_of=part_of)
        only = operands[0] if len(operands) == 1 else None
        if only is not None and only.complement:
            join = ET.SubElement(element, "gating:not")
            ET.SubElement(join, "gating:gateReference", {"gating:ref": only.gate})
            return
        join = ET.SubElement(element, f"gating:{operator}")
        # The schema asks for two operands; one is written twice.
        for operand in operands if only is None else (only, only):
            reference = ET.SubElement(join, "gating:gateReference", {"gating:ref": operand.gate})
            if operand.complement:
                reference.set("gating:use-as-complement", "true")

    def _gate(self, kind: str, name: str, parent: str, *, part_of: str | None = None) -> ET.Element:
        element = ET.Element(f"gating:{kind}", {"gating:id": name})
        if parent != ALL:
            element.set("gating:parent_id", parent)
        if part_of is not None:
            ET.SubElement(element, "data-type:custom_info").text = f"{PART_OF}{part_of}"
        self._gates.append(element)
        return element

    def _axes(self, element: ET.Element, axes: Sequence[Dimension]) -> list[ET.Element]:
        """Add the axes of one gate.

        FlowKit takes one matrix a gate and applies it to all of the gate's channels, and transforms
        a channel twice that is named twice.
        """
        if len({axis.detector for axis in axes}) != len(axes):
            raise ValueError(
                f"gate {element.get('gating:id')!r}: both axes read channel {axes[0].detector!r}"
            )
        in_matrix = {a for a in axes if self._names(a) and (a.compensated or self._receives(a))}
        raw = {a for a in in_matrix if not a.compensated}
        matrix = UNCOMPENSATED if raw == in_matrix else self._matrix_without(raw)
        elements = []
        for axis in axes:
            used = matrix if axis in in_matrix else UNCOMPENSATED
            child = ET.SubElement(element, "gating:dimension", {"gating:compensation-ref": used})
            scale = self._scale(axis)
            if scale is not None:
                child.set("gating:transformation-ref", self._scale_id(scale))
            add_channel(child, axis.detector)
            elements.append(child)
        return elements

    def _names(self, axis: Dimension) -> bool:
        """Return whether the matrix names an axis's channel."""
        return self._spillover is not None and axis.detector in self._spillover.detectors

    def _receives(self, axis: Dimension) -> bool:
        """Return whether anything spills into an axis's channel, so that raw is not compensated."""
        return self._spillover is not None and axis.detector in receiving(self._spillover)

    def _scale(self, axis: Dimension) -> Scale | None:
        seconds = self._tick_seconds.get(axis.detector)
        if seconds is None or axis.detector.lower() == "time":
            return axis.scale
        if axis.scale is not None:
            raise ValueError(f"channel {axis.detector!r} has a time step and a scale")
        return Linear(t=1 / seconds)

    def _scale_id(self, scale: Scale) -> str:
        if scale not in self._scales:
            self._scales[scale] = self._new_id(f"{type(scale).__name__.lower()}_1")
        return self._scales[scale]

    def _matrix_without(self, raw: Iterable[Dimension]) -> str:
        """Return the id of the matrix that leaves some of its channels as they are."""
        detectors = frozenset(axis.detector for axis in raw)
        if detectors not in self._matrices:
            self._matrices[detectors] = self._new_id("spillover_1")
        return self._matrices[detectors]

    def _new_id(self, wish: str) -> str:
        """Return an id that is not in use: the wish, or the wish with another number."""
        name, number = wish, 1
        while name in self._ids:
            number += 1
            name = f"{wish.removesuffix('_1')}_{number}"
        self._ids.add(name)
        return name


def _one_channel_each(sides: Sequence[Interval]) -> list[list[Interval]]:
    """Return sides in as few groups as hold no channel twice."""
    groups: list[list[Interval]] = []
    for side in sides:
        channel = side.dimension.detector
        for group in groups:
            if all(other.dimension.detector != channel for other in group):
                group.append(side)
                break
        else:
            groups.append([side])
    return groups
