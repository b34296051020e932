"""FlowJo 10 workspaces read into our own model, through FlowKit.

FlowKit reads a workspace as a whole, and not at all where one of its tubes uses what it does not
know; so each tube is cut out and handed to it alone, when its gates are asked for.

Three things that FlowKit 1.3 takes otherwise than FlowJo are put right on the way: a gate drawn on a
channel as acquired stays uncompensated, a gate on a compensated channel is bent as that channel's own
scale bends it, and two tubes of one name stay two.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import numpy as np

from cd5flow.errors import GatesError
from cd5flow.gating.drawn import DrawnGates, start_of
from cd5flow.interop.file_gates import MOST_GATES, FileGate, in_order, tree_of
from cd5flow.interop.flowjo_scales import (
    UnknownScaleError,
    display_of,
    redrawn,
    scale_channels,
    unreadable_scales,
)
from cd5flow.interop.gatingml_gates import DATA, GATING, TRANSFORMS, number
from cd5flow.interop.xmlfile import XmlFile, parse
from cd5flow.model.events import Spillover
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Interval,
    Operand,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.model.names import ALL

Path = tuple[str, ...]
"""Names of the gates from the outermost down to one."""

_NODES: Final = ("Population", "AndNode", "OrNode", "NotNode")


def read_workspace(file: XmlFile) -> tuple[WorkspaceTube, ...]:
    """Return every tube of a workspace, its gates unread.

    Raises:
        GatesError: the file is no workspace of FlowJo 10 or later.
    """
    root = parse(file.content, name=file.name)
    version = root.get("flowJoVersion", "")
    if root.tag != "Workspace" or not version:
        raise GatesError(f"{file.name}: found element {root.tag!r}, expected a FlowJo workspace")
    major = version.partition(".")[0]
    if not (major.isdigit() and int(major) >= 10):
        raise GatesError(
            f"{file.name}: found a workspace of FlowJo {version}, expected 10 or later"
        )
    tubes = tuple(_tube(sample, root) for sample in root.iterfind("SampleList/Sample"))
    if not tubes:
        raise GatesError(f"{file.name}: found no tube in the workspace")
    return tubes


def _tube(sample: ET.Element, root: ET.Element) -> WorkspaceTube:
    node, dataset = sample.find("SampleNode"), sample.find("DataSet")
    name = "" if node is None else node.get("name", "")
    uri = "" if dataset is None else dataset.get("uri", "")
    file = unquote(uri).replace("\\", "/").rpartition("/")[2]
    keywords = {
        k.get("name", "").upper(): k.get("value", "") for k in sample.iterfind("Keywords/Keyword")
    }
    total = keywords.get("$TOT", "").strip()
    return WorkspaceTube(
        names=tuple(dict.fromkeys(n for n in (name, file) if n)),
        events=int(total) if total.isdecimal() else None,
        started=start_of(keywords),
        document=_alone(sample, root),
    )


def _alone(sample: ET.Element, root: ET.Element) -> bytes:
    """Return a workspace that holds one tube and nothing else."""
    # The prefixes of all three must be declared, used or not; FlowKit looks them up.
    spaces = {f"{space}of": "" for space in (GATING, TRANSFORMS, DATA)}
    alone = ET.Element("Workspace", {**root.attrib, **spaces})
    ET.SubElement(alone, "Groups")
    tube = copy.deepcopy(sample)
    for node in tube.iter():
        for graph in node.findall("Graph"):
            node.remove(graph)
    if tube.find(f"{TRANSFORMS}spilloverMatrix") is None:
        # Other writers keep the matrix beside the tubes.
        matrices = root.findall(f"Matrices/{TRANSFORMS}spilloverMatrix")
        named = [m for m in matrices if any(_starts(n, m) for n in _channels(tube))]
        if len(named) == 1:
            tube.insert(0, copy.deepcopy(named[0]))
    ET.SubElement(alone, "SampleList").append(tube)
    return _written(alone)


def _written(root: ET.Element) -> bytes:
    text: bytes = ET.tostring(root, encoding="utf-8")
    return text


def _channels(tube: ET.Element) -> list[str]:
    return [c.get(f"{DATA}name", "") for c in tube.iter(f"{DATA}fcs-dimension")]


def _starts(channel: str, matrix: ET.Element) -> bool:
    prefix = matrix.get("prefix", "")
    return bool(prefix) and channel.startswith(prefix)


@dataclass(frozen=True, slots=True)
class WorkspaceTube:
    """One tube of a workspace.

    Attributes:
        names: what the workspace calls it, and its file's name.
        events: ``$TOT``; None where the workspace does not hold it.
        started: ``$DATE`` and ``$BTIM``; None where it lacks one of them.
        document: a workspace of this tube alone.
    """

    names: tuple[str, ...]
    events: int | None
    started: str | None
    document: bytes = field(repr=False)

    def gates(self) -> DrawnGates:
        """Return the tube's gates.

        Raises:
            GatesError: FlowKit cannot read them, or they contradict themselves.
        """
        root = parse(self.document, name=self.names[0])
        sample = root.find("SampleList/Sample")
        assert sample is not None  # noqa: S101 - it was put there
        nodes = dict(_nodes(sample.find("SampleNode"), ()))
        if not nodes:
            raise GatesError(f"tube {self.names[0]!r}: found no gates drawn on it")
        if len(nodes) > MOST_GATES:
            raise GatesError(
                f"tube {self.names[0]!r}: found {len(nodes):,} gates, expected at most {MOST_GATES:,}"
            )
        for node in nodes.values():
            node.set("owningGroup", node.get("owningGroup", ""))  # FlowKit asks for it
        matrix = _own_scales_first(sample)
        outside = _take_out(sample, nodes, unreadable_scales(sample), matrix)
        read = {path: node for path, node in nodes.items() if path not in outside}
        strategy = _through_flowkit(_written(root), self.names[0]) if read else None
        return _Translation(nodes, strategy, matrix, outside).gates()


def _nodes(parent: ET.Element | None, above: Path) -> Iterator[tuple[Path, ET.Element]]:
    """Yield every gate's path and element, parents first.

    Raises:
        GatesError: two gates of one parent have one name.
    """
    if parent is None:
        return
    seen: set[str] = set()
    for group in parent.iterfind("Subpopulations"):
        for node in group:
            if node.tag not in _NODES:
                continue
            name = node.get("name", "")
            if name in seen or not name:
                where = "/".join(above) or "the tube"
                raise GatesError(f"gate {name!r} stands twice, or without a name, in {where}")
            seen.add(name)
            path = (*above, name)
            yield path, node
            yield from _nodes(node, path)


def _check_numbers(node: ET.Element, path: str) -> None:
    """Refuse what FlowKit's scales would make a number of.

    Raises:
        GatesError: a bound or a coordinate is no finite number.
    """
    for element in node.iterfind("Gate//"):
        for name in (f"{GATING}min", f"{GATING}max", f"{DATA}value"):
            text = element.get(name)
            if text is not None:
                try:
                    number(text, name.rpartition("}")[2])
                except GatesError as fault:
                    raise GatesError(f"gate {path!r}: {fault.message}") from None


@dataclass(frozen=True, slots=True)
class _Matrix:
    """How a tube's matrix marks what it compensates."""

    prefix: str
    suffix: str
    detectors: frozenset[str]

    def is_raw(self, channel: str) -> bool:
        """Whether a gate reads a channel of the matrix as it was acquired."""
        return bool(self.prefix or self.suffix) and channel in self.detectors


def _own_scales_first(sample: ET.Element) -> _Matrix | None:
    """Give each compensated channel its own scale under the name by which FlowKit looks it up."""
    element = sample.find(f"{TRANSFORMS}spilloverMatrix")
    if element is None:
        return None
    names = (
        p.get(f"{DATA}name", "") for p in element.iterfind(f"{DATA}parameters/{DATA}parameter")
    )
    matrix = _Matrix(element.get("prefix", ""), element.get("suffix", ""), frozenset(names))
    scales = sample.find("Transformations")
    if scales is None:
        return matrix
    by_name = {
        parameter.get(f"{DATA}name", ""): scale
        for scale in scales
        for parameter in scale.iterfind(f"{DATA}parameter")
    }
    read = set(_channels(sample))
    for detector in matrix.detectors:
        marked = f"{matrix.prefix}{detector}{matrix.suffix}"
        plain, own = by_name.get(detector), by_name.get(marked)
        if own is None or own is plain or marked not in read:
            continue
        if plain is not None:
            scales.remove(plain)
        renamed = copy.deepcopy(own)
        for parameter in renamed.iterfind(f"{DATA}parameter"):
            parameter.set(f"{DATA}name", detector)
        scales.append(renamed)
    return matrix


def _take_out(
    sample: ET.Element,
    nodes: Mapping[Path, ET.Element],
    faults: Mapping[str, str],
    matrix: _Matrix | None,
) -> dict[Path, str]:
    """Take gates on scales that cannot be read out of a tube, and all that rests on them.

    FlowKit reads a tube's scales as a whole or not at all, whether a gate uses them or not.

    Returns:
        Path of each gate taken out to the reason.
    """
    scales = sample.find("Transformations")
    for scale in list(scales if scales is not None else ()):
        if scales is not None and any(name in faults for name in scale_channels(scale)):
            scales.remove(scale)
    outside = _on_scales(nodes, faults, matrix)
    _and_what_rests_on_them(outside, nodes)
    groups = list(sample.iter("Subpopulations"))
    for path in outside:
        for group in groups:
            if nodes[path] in list(group):
                group.remove(nodes[path])
    return outside


def _on_scales(
    nodes: Mapping[Path, ET.Element], faults: Mapping[str, str], matrix: _Matrix | None
) -> dict[Path, str]:
    """Return the gates that are drawn on a scale at fault, and why they are not read."""
    outside: dict[Path, str] = {}
    for path, node in nodes.items():
        axes = node.iterfind(f"Gate/*/{GATING}dimension/{DATA}fcs-dimension")
        channels = [axis.get(f"{DATA}name", "") for axis in axes]
        own = [_without_marks(c, matrix) for c in channels]
        at_fault = next((c for c in (*channels, *own) if c in faults), None)
        if at_fault is not None:
            outside[path] = f"the scale of its channel {at_fault} is not read: {faults[at_fault]}"
    return outside


def _and_what_rests_on_them(outside: dict[Path, str], nodes: Mapping[Path, ET.Element]) -> None:
    """Add the gates below, and the combinations, of those that are not read."""
    settled = -1
    while settled < len(outside):
        settled = len(outside)
        for path, node in nodes.items():
            needs = [path[:-1], *_dependents(node)]
            below = next((need for need in needs if need in outside), None)
            if below is not None and path not in outside:
                outside[path] = f"it rests on gate {'/'.join(below)!r}: {outside[below]}"


def _dependents(node: ET.Element) -> Iterator[Path]:
    """Yield the paths of the gates that a combination of gates is made of."""
    for one in node.iterfind("Dependents/Dependent"):
        yield tuple(one.get("name", "").split("/"))


def _without_marks(channel: str, matrix: _Matrix | None) -> str:
    if matrix is None:
        return channel
    return channel.removeprefix(matrix.prefix).removesuffix(matrix.suffix)


def _through_flowkit(document: bytes, tube: str) -> Any:
    """Return FlowKit's gating strategy of the one tube of a workspace.

    Raises:
        GatesError: FlowKit cannot read it.
    """
    # Two seconds of imports, only for workspaces.
    import flowkit  # noqa: PLC0415
    from flowkit.exceptions import FlowKitException  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            workspace = flowkit.Workspace(io.BytesIO(document), load_missing_file_data=True)
            (name,) = workspace.get_sample_ids(loaded_only=False)
            return workspace.get_gating_strategy(name)
    except (
        FlowKitException,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        SyntaxError,  # of lxml
        np.linalg.LinAlgError,
    ) as fault:
        raise GatesError(f"tube {tube!r}: FlowKit cannot read its gates: {fault}") from fault


class _Translation:
    """FlowKit's gates of one tube, each said in our model."""

    def __init__(
        self,
        nodes: Mapping[Path, ET.Element],
        strategy: Any,
        matrix: _Matrix | None,
        outside: Mapping[Path, str],
    ) -> None:
        self._nodes = nodes
        self._outside = outside
        self._strategy = strategy
        self._matrix = matrix
        self._keys = {path: "/".join(path) for path in nodes}
        if len(set(self._keys.values())) < len(nodes):  # a name that holds a slash
            self._keys = {path: repr(path) for path in nodes}

    def gates(self) -> DrawnGates:
        """Return every gate."""
        entries: dict[str, FileGate] = {}
        for path in self._nodes:
            for entry in self._entries(path):
                entries[entry.name] = entry
        ordered, refused, faults = in_order(entries)
        if faults:
            raise GatesError("; ".join(faults))
        labels = {entry.name: entry.label for entry in ordered}
        paths = {self._keys[path]: "/".join(path) for path in self._nodes}
        return DrawnGates(
            tree_of(ordered),
            self._spillover(),
            labels,
            {paths.get(name, name): why for name, why in refused.items()},
        )

    def _spillover(self) -> Spillover | None:
        matrices = None if self._strategy is None else self._strategy.comp_matrices
        if not matrices:
            return None
        ((name, matrix),) = matrices.items()
        values = np.array(matrix.matrix, dtype=np.float64)
        detectors = tuple(str(d) for d in matrix.detectors)
        if values.shape != (len(detectors), len(detectors)):
            raise GatesError(
                f"matrix {name!r} unmixes {values.shape[0]} dyes from {values.shape[1]} detectors; a "
                "tube of ours is compensated, with as many of each"
            )
        return Spillover(detectors, values, f"matrix {name!r} of the workspace")

    def _entries(self, path: Path) -> Iterator[FileGate]:
        """Yield a gate, after the one that it turns inside out if it does."""
        key = self._keys[path]
        parent = self._keys[path[:-1]] if len(path) > 1 else ALL
        if path in self._outside:
            yield FileGate(key, "/".join(path), parent, None, self._outside[path])
            return
        _check_numbers(self._nodes[path], "/".join(path))
        gate = self._strategy.get_gate(path[-1], ("root", *path[:-1]))
        try:
            region = self._region(gate, path)
        except UnknownScaleError as scale:
            why = f"it is drawn on a scale that the model lacks ({scale})"
            yield FileGate(key, path[-1], parent, None, why)
            return
        except ValueError as fault:
            raise GatesError(f"gate {'/'.join(path)!r}: {fault}") from None
        if region is None:
            why = f"a {type(gate).__name__} of FlowJo has no counterpart"
            yield FileGate(key, path[-1], parent, None, why)
            return
        if getattr(gate, "use_complement", False):
            inside = f"{key} (inside)"
            yield FileGate(inside, f"{path[-1]} (inside)", parent, region)
            region = Boolean("and", (Operand(inside, complement=True),))
        yield FileGate(key, path[-1], parent, region)

    def _region(self, gate: Any, path: Path) -> Region | None:
        match gate.gate_type:
            case "RectangleGate":
                return self._rectangle(gate, path)
            case "PolygonGate":
                displays = [self._display(d) for d in gate.dimensions]
                x, y = self._dimensions(gate, path)
                return Polygon(x, y, redrawn(gate.vertices, *displays))
            case "BooleanGate":
                return self._boolean(gate)
            case _:
                return None

    def _rectangle(self, gate: Any, path: Path) -> Region:
        sides = []
        for flowkits, dimension in zip(gate.dimensions, self._dimensions(gate, path), strict=True):
            low, high = self._display(flowkits).bounds(flowkits.min, flowkits.max)
            if low is not None or high is not None:
                sides.append(Interval(dimension, low, high))
        if not sides:
            parent = self._keys[path[:-1]] if len(path) > 1 else ALL
            return Boolean("and", (Operand(parent),))
        return sides[0] if len(sides) == 1 else Rectangle(tuple(sides))

    def _boolean(self, gate: Any) -> Boolean:
        turned = gate.type == "not"
        operands = []
        for reference in gate.gate_refs:
            path = (*reference["path"][1:], reference["ref"])
            key = self._keys.get(path, "/".join(path))
            operands.append(Operand(key, complement=turned != reference["complement"]))
        operator: Literal["and", "or"] = "or" if gate.type == "or" else "and"
        return Boolean(operator, tuple(dict.fromkeys(operands)))

    def _display(self, flowkits: Any) -> Any:
        reference = flowkits.transformation_ref
        return display_of(None if reference is None else self._strategy.get_transform(reference))

    def _dimensions(self, gate: Any, path: Path) -> Sequence[Dimension]:
        """Return a gate's axes."""
        written = [
            c.get(f"{DATA}name", "")
            for c in self._nodes[path].iterfind(f"Gate/*/{GATING}dimension/{DATA}fcs-dimension")
        ]
        axes = []
        for i, flowkits in enumerate(gate.dimensions):
            raw = self._matrix is not None and self._matrix.is_raw(written[i])
            compensated = flowkits.compensation_ref not in {None, "uncompensated"} and not raw
            axes.append(Dimension(str(flowkits.id), self._display(flowkits).scale, compensated))
        return axes
