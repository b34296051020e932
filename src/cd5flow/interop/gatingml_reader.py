"""Gating-ML 2.0 read into our own model (Spidlen J et al., ISAC 2013): what `to_gatingml` reverses.

Rectangles of any number of axes, polygons, ellipses, quadrants (each a rectangle), and booleans are
read, on linear, log, asinh, logicle and hyperlog scales, with a spillover matrix, the tube's own or
none. What the model leaves out on purpose is named in `DrawnGates.refused` with the reason, and so
is every gate that rests on it:

- ratios of channels: an axis is a channel of the tube;
- ellipsoids of more than two axes: a region is drawn on a map of two;
- bounded scales: they pile events up at a bound, and a pile lies on no side of an edge;
- matrices with other than as many dyes as detectors: a tube is compensated, not unmixed.

Anything that contradicts the standard or itself is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from xml.etree import ElementTree as ET

from cd5flow.errors import GatesError
from cd5flow.gating.drawn import DrawnGates
from cd5flow.interop.file_gates import MOST_GATES, FileGate, in_order, join_parts, tree_of
from cd5flow.interop.gatingml_elements import SCALES
from cd5flow.interop.gatingml_gates import (
    DATA,
    GATING,
    NOTE,
    SHAPES,
    TRANSFORMS,
    OutsideError,
    References,
    attribute,
    entries_of,
    given_name,
    local,
    number,
    words,
)
from cd5flow.interop.gatingml_matrices import EMBEDDED, Matrix, choose, matrix_of
from cd5flow.interop.xmlfile import parse
from cd5flow.model.scale import Scale

MOST_FAULTS: Final = 20
"""So many faults of a file are told at once."""


def read_gatingml(content: bytes, *, name: str, embedded_matrix: bool = True) -> DrawnGates:
    """Read a Gating-ML 2.0 file; gates that the model leaves out are named with the reason.

    Args:
        content: the file.
        name: what errors call it.
        embedded_matrix: whether the tube that the gates are for carries a matrix of its own;
            without one the word ``FCS`` means uncompensated.

    Raises:
        GatesError: it is not Gating-ML 2.0, or contradicts itself; the message lists every fault.
    """
    root = parse(content, name=name)
    if root.tag != f"{GATING}Gating-ML":
        version = root.tag.partition("/Gating-ML/")[2].partition("/")[0]
        known = version in {"", "v2.0"}
        found = f"element {local(root.tag)!r}" if known else f"Gating-ML {version}"
        raise GatesError(f"{name}: found {found}, expected Gating-ML 2.0")
    return _Reader(name).read(root, embedded_matrix=embedded_matrix)


class _Reader:
    """One file: its scales and matrices, then the gates that refer to them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._faults: list[str] = []
        self._scales: dict[str, Scale] = {}
        self._matrices: dict[str, Matrix] = {}
        self._outside: dict[str, str] = {}

    def read(self, root: ET.Element, *, embedded_matrix: bool) -> DrawnGates:
        """Return the gates within the outermost element."""
        gates = self._sort(root)
        self._stop()
        used = {attribute(axis, "compensation-ref") for gate in gates for axis in gate}
        usable = {n: m for n, m in self._matrices.items() if n not in self._outside}
        try:
            compensation = choose(usable, used=used, embedded=embedded_matrix)
        except GatesError as fault:
            raise GatesError(f"{self._name}: {fault.message}") from None
        entries = self._entries(gates, References(self._scales, self._outside, compensation))
        self._stop()
        ordered, refused, faults = in_order(entries)
        self._faults += faults
        self._stop()
        joined = join_parts(ordered)
        return DrawnGates(
            tree_of(joined),
            compensation.spillover(self._name),
            {entry.name: entry.label for entry in joined if entry.label != entry.name},
            refused,
            tube_matrix=embedded_matrix and EMBEDDED in used,
        )

    def _stop(self) -> None:
        """End with the faults found so far, if there are any."""
        if not self._faults:
            return
        shown = [f"{self._name}: {fault}" for fault in self._faults[:MOST_FAULTS]]
        if len(self._faults) > MOST_FAULTS:
            shown.append(f"{self._name}: and {len(self._faults) - MOST_FAULTS} more faults")
        raise GatesError("\n".join(shown))

    def _sort(self, root: ET.Element) -> list[ET.Element]:
        """Read scales and matrices, and return the gates."""
        gates: list[ET.Element] = []
        for child in root:
            if child.tag == f"{TRANSFORMS}transformation":
                self._define(child, self._transformation)
            elif child.tag == f"{TRANSFORMS}spectrumMatrix":
                self._define(child, self._spectrum_matrix)
            elif child.tag in SHAPES:
                gates.append(child)
            elif child.tag != NOTE:
                self._faults.append(
                    f"found element {local(child.tag)!r}, expected a gate, a transformation or a "
                    "spectrumMatrix of Gating-ML 2.0"
                )
        if len(gates) > MOST_GATES:
            self._faults.append(f"found {len(gates):,} gates, expected at most {MOST_GATES:,}")
        return gates

    def _define(self, element: ET.Element, read: Callable[[ET.Element, str], None]) -> None:
        """Read a scale or a matrix under its id."""
        kind, name = local(element.tag), attribute(element, "id")
        if not name:
            self._faults.append(f"found a {kind} without id")
        elif name in self._scales or name in self._matrices or name in self._outside:
            self._faults.append(f"{kind} {name!r}: its id stands twice")
        else:
            try:
                read(element, name)
            except OutsideError as reason:
                self._outside[name] = str(reason)
            except (GatesError, ValueError) as fault:
                self._faults.append(f"{kind} {name!r}: {words(fault)}")

    def _transformation(self, element: ET.Element, name: str) -> None:
        kinds = [child for child in element if child.tag != NOTE]
        kind = local(kinds[0].tag) if len(kinds) == 1 else ""
        if kind == "fratio":
            raise OutsideError(
                "it is a ratio of channels; an axis of ours is a channel of the tube"
            )
        if kind not in SCALES:
            raise GatesError(f"found {kind or 'no scale'!r}, expected {', '.join(SCALES)}")
        if any(attribute(e, f"bound{end}") for e in (element, kinds[0]) for end in ("Min", "Max")):
            raise OutsideError("its bounds pile events up, and a pile lies on no side of an edge")
        make, parameters = SCALES[kind]
        self._scales[name] = make(
            *(number(attribute(kinds[0], letter) or "", letter) for letter in parameters)
        )

    def _spectrum_matrix(self, element: ET.Element, name: str) -> None:
        dyes, detectors = (
            [
                attribute(channel, "name") or ""
                for channel in element.iterfind(f"{TRANSFORMS}{group}/{DATA}fcs-dimension")
            ]
            for group in ("fluorochromes", "detectors")
        )
        rows = [
            [
                number(attribute(value, "value") or "", "coefficient")
                for value in spectrum.iterfind(f"{TRANSFORMS}coefficient")
            ]
            for spectrum in element.iterfind(f"{TRANSFORMS}spectrum")
        ]
        inverted = attribute(element, "matrix-inverted-already") in {"true", "1"}
        matrix = matrix_of(dyes, detectors, rows, inverted=inverted)
        if matrix.outside is not None:
            raise OutsideError(matrix.outside)
        self._matrices[name] = matrix

    def _entries(self, gates: list[ET.Element], references: References) -> dict[str, FileGate]:
        """Return every gate by its name."""
        entries: dict[str, FileGate] = {}
        groups: set[str] = set()
        for element in gates:
            if element.tag == f"{GATING}QuadrantGate":
                groups.add(attribute(element, "id") or "")
            try:
                for entry in entries_of(element, references):
                    if entry.name in entries or entry.label in groups:
                        self._faults.append(f"gate {entry.label!r}: its id stands twice")
                    entries[entry.name] = entry
            except GatesError as fault:
                self._faults.append(fault.message)
        for entry in entries.values():
            self._faults += [
                f"gate {entry.label!r}: refers to quadrant gate {need!r}, expected one of its quadrants"
                for need in entry.needs
                if need in groups and need not in entries
            ]
        return _named(entries, gates)


def _named(entries: dict[str, FileGate], gates: list[ET.Element]) -> dict[str, FileGate]:
    """Return gates under the names that Cytobank gives them; a population's goes before its gate's."""
    given = {attribute(element, "id"): given_name(element) for element in gates}
    populations = {name for name, is_population in given.values() if is_population}
    named = {}
    for key, entry in entries.items():
        name, is_population = given.get(entry.label, (None, False))
        wanted = name is not None and (is_population or name not in populations)
        named[key] = replace(entry, label=name) if name is not None and wanted else entry
    return named
