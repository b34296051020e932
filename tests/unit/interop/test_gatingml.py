"""The text of gates.xml: ids, references, numbers, what cannot be written."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.interop.gatingml import to_gatingml
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
    Region,
)
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Asinh, Linear, Log, Logicle, Scale

GATING = "{http://www.isac-net.org/std/Gating-ML/v2.0/gating}"
TRANSFORMS = "{http://www.isac-net.org/std/Gating-ML/v2.0/transformations}"
DATA = "{http://www.isac-net.org/std/Gating-ML/v2.0/datatypes}"
LOWEST = "-1.7976931348623157e+308"

CD5, CD7 = Dimension("CD5", scale=Logicle(t=262144)), Dimension("CD7", scale=Log(t=1e4, m=4))
FSC = Dimension("FSC-A")
SPILLOVER = Spillover(("CD5", "CD7"), np.array([[1.0, 0.1], [0.02, 1.0]]), source="test")


def gate(name: str, region: Region, parent: str = ALL) -> Gate:
    return Gate(name=name, parent=parent, region=region, evidence=Evidence("given", events=0))


def parsed(*gates: Gate, spillover: Spillover | None = None) -> Element:
    root: Element = ElementTree.fromstring(
        to_gatingml(GateTree(gates), spillover=spillover).encode()
    )
    return root


def by_id(root: Element) -> dict[str, Element]:
    found = {element.get(f"{GATING}id"): element for element in root}
    return {name: element for name, element in found.items() if name is not None}


def attributes(elements: Iterable[Element]) -> list[dict[str, str]]:
    """Return attributes without namespaces."""
    return [{key.partition("}")[2]: v for key, v in e.attrib.items()} for e in elements]


def operands(element: Element, operator: str) -> list[tuple[str, bool]]:
    return [
        (reference["ref"], reference.get("use-as-complement") == "true")
        for reference in attributes(element.iterfind(f"{GATING}{operator}/{GATING}gateReference"))
    ]


def axes(element: Element) -> list[dict[str, str]]:
    children = element.findall(f"{GATING}dimension")
    names = [c.find(f"{DATA}fcs-dimension") for c in children]
    return [
        own | name
        for own, name in zip(
            attributes(children), attributes(n for n in names if n is not None), strict=True
        )
    ]


def test_a_gate_is_called_as_its_population_and_hangs_below_its_parent() -> None:
    found = by_id(
        parsed(gate("singlets", Interval(FSC, 1)), gate("t_cells", Interval(FSC, 2), "singlets"))
    )
    assert list(found) == ["singlets", "t_cells"]
    assert found["singlets"].get(f"{GATING}parent_id") is None
    assert found["t_cells"].get(f"{GATING}parent_id") == "singlets"


def test_an_absent_bound_is_absent() -> None:
    found = by_id(parsed(gate("a", Interval(FSC, 1)), gate("b", Interval(FSC, high=2))))
    common = {"compensation-ref": "uncompensated", "name": "FSC-A"}
    assert axes(found["a"]) == [common | {"min": "1.0"}]
    assert axes(found["b"]) == [common | {"max": "2.0"}]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_it_was(bound: float) -> None:
    (axis,) = axes(by_id(parsed(gate("a", Interval(FSC, low=bound))))["a"])
    assert float(axis["min"]) == bound


def test_a_numpy_number_is_written_as_a_number() -> None:
    (axis,) = axes(by_id(parsed(gate("a", Interval(FSC, low=float(np.float64(0.1))))))["a"])
    assert axis["min"] == "0.1"
    region = Polygon(FSC, CD5, tuple((np.float64(i), np.float64(i * i)) for i in range(3)))
    vertices = by_id(parsed(gate("a", region)))["a"].iter(f"{GATING}coordinate")
    assert [v["value"] for v in attributes(vertices)] == ["0.0", "0.0", "1.0", "1.0", "2.0", "4.0"]


@pytest.mark.parametrize(
    ("scale", "kind", "parameters"),
    [
        (Linear(t=1e4, a=10), "flin", {"T": "10000.0", "A": "10.0"}),
        (Log(t=1e4, m=4.5), "flog", {"T": "10000.0", "M": "4.5"}),
        (Asinh(t=1e4, m=4.5, a=1), "fasinh", {"T": "10000.0", "M": "4.5", "A": "1.0"}),
        (
            Logicle(t=1e4, w=0.3, m=4, a=-0.1),
            "logicle",
            {"T": "10000.0", "W": "0.3", "M": "4.0", "A": "-0.1"},
        ),
    ],
)
def test_a_scale_is_written_with_its_parameters(
    scale: Scale, kind: str, parameters: dict[str, str]
) -> None:
    root = parsed(gate("a", Interval(Dimension("CD5", scale=scale), 0.5)))
    (transformation,) = root.findall(f"{TRANSFORMS}transformation")
    assert transformation[0].tag == f"{TRANSFORMS}{kind}"
    assert attributes(transformation) == [parameters]
    (axis,) = axes(by_id(root)["a"])
    assert axis["transformation-ref"] == transformation.get(f"{TRANSFORMS}id")


def test_equal_scales_are_written_once_and_others_get_numbers() -> None:
    other = Dimension("CD7", scale=Logicle(t=1e5))
    root = parsed(
        gate("a", Rectangle((Interval(CD5, 0), Interval(Dimension("X", scale=CD5.scale), 0)))),
        gate("b", Interval(other, 0)),
    )
    assert [axis["transformation-ref"] for axis in axes(by_id(root)["a"])] == ["logicle_1"] * 2
    assert [axis["transformation-ref"] for axis in axes(by_id(root)["b"])] == ["logicle_2"]
    assert len(root.findall(f"{TRANSFORMS}transformation")) == 2


def test_the_matrix_is_written_by_detector_and_row() -> None:
    root = parsed(gate("a", Interval(CD5, 0)), spillover=SPILLOVER)
    (matrix,) = root.findall(f"{TRANSFORMS}spectrumMatrix")
    for group in ("fluorochromes", "detectors"):
        names = matrix.iterfind(f"{TRANSFORMS}{group}/{DATA}fcs-dimension")
        assert [name["name"] for name in attributes(names)] == ["CD5", "CD7"]
    rows = [attributes(row) for row in matrix.iterfind(f"{TRANSFORMS}spectrum")]
    assert rows == [
        [{"value": "1.0"}, {"value": "0.1"}],
        [{"value": "0.02"}, {"value": "1.0"}],
    ]


def test_only_channels_of_the_matrix_are_compensated() -> None:
    raw = Dimension("CD7", compensated=False)
    root = parsed(
        gate("a", Rectangle((Interval(CD5, 0), Interval(FSC, 0)))),
        gate("b", Interval(raw, 0)),
        spillover=SPILLOVER,
    )
    references = [axis["compensation-ref"] for axis in axes(by_id(root)["a"])]
    assert references == ["spillover", "uncompensated"]
    assert [axis["compensation-ref"] for axis in axes(by_id(root)["b"])] == ["uncompensated"]


def test_a_gate_that_mixes_compensated_and_raw_channels_has_a_matrix_of_its_own() -> None:
    raw = Dimension("CD7", compensated=False)
    region = Polygon(CD5, raw, ((0, 0), (1, 0), (0, 1)))
    root = parsed(gate("a", region), spillover=SPILLOVER)
    assert {axis["compensation-ref"] for axis in axes(by_id(root)["a"])} == {"spillover_1"}
    mixed = root.findall(f"{TRANSFORMS}spectrumMatrix")[1]
    values = [float(v["value"]) for v in attributes(mixed.iter(f"{TRANSFORMS}coefficient"))]
    unmixing = np.linalg.inv(np.reshape(values, (2, 2)))
    assert unmixing[:, 0] == pytest.approx(np.linalg.inv(SPILLOVER.matrix)[:, 0])
    assert unmixing[:, 1] == pytest.approx([0, 1])


def test_scatter_that_the_matrix_leaves_alone_is_left_out_of_it() -> None:
    matrix = np.eye(3)
    matrix[:2, :2] = SPILLOVER.matrix
    spillover = Spillover(("CD5", "CD7", "SSC-A"), matrix, source="test")
    root = parsed(gate("a", Interval(Dimension("SSC-A"), 0)), spillover=spillover)
    (written,) = root.findall(f"{TRANSFORMS}spectrumMatrix")
    names = written.iterfind(f"{TRANSFORMS}detectors/{DATA}fcs-dimension")
    assert [name["name"] for name in attributes(names)] == ["CD5", "CD7"]
    assert axes(by_id(root)["a"])[0]["compensation-ref"] == "uncompensated"


def test_a_matrix_of_one_channel_says_nothing() -> None:
    one = Spillover(("CD5",), np.eye(1), source="test")
    root = parsed(gate("a", Interval(CD5, 0)), spillover=one)
    assert root.find(f"{TRANSFORMS}spectrumMatrix") is None
    wrong = Spillover(("CD5",), np.array([[2.0]]), source="test")
    with pytest.raises(ValueError, match="one channel"):
        parsed(spillover=wrong)


def test_the_embedded_matrix_is_never_referred_to() -> None:
    text = to_gatingml(GateTree((gate("a", Interval(CD5, 0)),)), spillover=SPILLOVER)
    assert '"FCS"' not in text


def test_spans_become_ranges_joined_by_or() -> None:
    spans = Intervals(Dimension("Time"), ((0, 10), (20, 30)))
    found = by_id(parsed(gate("kept", spans)))
    assert list(found) == ["kept.span_1", "kept.span_2", "kept"]
    assert operands(found["kept"], "or") == [("kept.span_1", False), ("kept.span_2", False)]
    bounds = [(a["min"], a["max"]) for n in list(found)[:2] for a in axes(found[n])]
    assert bounds == [("0.0", "10.0"), ("20.0", "30.0")]
    assert found["kept.span_2"].findtext(f"{DATA}custom_info") == "part of kept"


def test_a_single_span_is_a_range() -> None:
    (element,) = by_id(parsed(gate("kept", Intervals(FSC, ((0, 10),))))).values()
    assert element.tag == f"{GATING}RectangleGate"


def test_an_ellipse_keeps_mean_covariance_and_distance() -> None:
    region = Ellipse(FSC, CD5, (1, 2), (4, 0.5, 1), 3)
    element = by_id(parsed(gate("a", region)))["a"]
    mean = element.iterfind(f"{GATING}mean/{GATING}coordinate")
    entries = element.iterfind(f"{GATING}covarianceMatrix/{GATING}row/{GATING}entry")
    assert [v["value"] for v in attributes(mean)] == ["1.0", "2.0"]
    assert [v["value"] for v in attributes(entries)] == ["4.0", "0.5", "0.5", "1.0"]
    assert attributes(element.iterfind(f"{GATING}distanceSquare")) == [{"value": "3.0"}]


def test_a_complement_has_a_helper_where_events_may_be_undefined() -> None:
    found = by_id(
        parsed(
            gate("a", Rectangle((Interval(CD5, 0.5), Interval(CD7, 0.5)))),
            gate("b", Boolean("and", (Operand("a", complement=True),))),
        )
    )
    assert operands(found["b"], "and") == [("a", True), ("b.defined_a", False)]
    assert [(a["name"], a["min"]) for a in axes(found["b.defined_a"])] == [
        ("CD5", LOWEST),
        ("CD7", "2.2250738585072014e-308"),
    ]
    assert all("transformation-ref" not in a for a in axes(found["b.defined_a"]))


def test_a_complement_needs_no_helper_where_all_events_are_defined() -> None:
    cells = gate("cells", Interval(Dimension("CD5", scale=Asinh(t=1e4, m=4)), 0))
    bright = gate("bright", Interval(CD5, 0.5), "cells")
    alone = (Operand("bright", complement=True),)
    found = by_id(parsed(cells, bright, gate("dim", Boolean("or", alone), "cells")))
    assert operands(found["dim"], "not") == [("bright", False)]
    beside = (Operand("cells"), Operand("bright", complement=True))
    found = by_id(parsed(cells, bright, gate("dim", Boolean("and", beside))))
    assert operands(found["dim"], "and") == [("cells", False), ("bright", True)]


def test_one_operand_is_written_twice() -> None:
    found = by_id(parsed(gate("a", Interval(FSC, 0)), gate("b", Boolean("or", (Operand("a"),)))))
    assert operands(found["b"], "and") == [("a", False), ("a", False)]


def test_the_parent_is_no_operand() -> None:
    both = Boolean("and", (Operand("a"), Operand("b")))
    found = by_id(
        parsed(gate("a", Interval(FSC, 0)), gate("b", Interval(FSC, 1)), gate("c", both, "a"))
    )
    assert operands(found["c"], "and") == [("b", False), ("b", False)]


def test_names_are_escaped_and_read_back() -> None:
    name = "CD5 <PE> & \"x\" 'y'\tµ+"
    (axis,) = axes(by_id(parsed(gate("a", Interval(Dimension(name), 0))))["a"])
    assert axis["name"] == name


@pytest.mark.parametrize("name", ["", "CD\x005", "a\x0cb", "\ud800"])
def test_a_channel_name_that_xml_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be written in XML"):
        parsed(gate("a", Interval(Dimension(name), 0)))


@pytest.mark.parametrize("name", ["CD5+", "1st", "", "a b", "a/b", "root", "FCS"])
def test_a_population_name_that_is_no_id_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be an id in Gating-ML"):
        parsed(gate(name, Interval(FSC, 0)))


def test_two_axes_on_one_channel_are_refused() -> None:
    region = Polygon(CD5, Dimension("CD5"), ((0, 0), (1, 0), (0, 1)))
    with pytest.raises(ValueError, match="both axes read channel 'CD5'"):
        parsed(gate("a", region))


def test_a_population_that_rests_on_no_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="rests on no channel"):
        parsed(gate("a", Boolean("and", (Operand(ALL),))))


def test_a_renamed_time_channel_has_no_scale_of_its_own() -> None:
    tree = GateTree((gate("a", Interval(Dimension("HDR-T", scale=Linear(t=10)), 0)),))
    with pytest.raises(ValueError, match="a time step and a scale"):
        to_gatingml(tree, spillover=None, tick_seconds={"HDR-T": 0.1})


def test_equal_trees_give_equal_text() -> None:
    def tree() -> GateTree:
        sides = tuple(Interval(Dimension(f"X{i}", scale=CD5.scale), i) for i in range(9))
        return GateTree(
            (
                gate("a", Rectangle(sides)),
                gate("b", Boolean("or", (Operand("a", complement=True), Operand("a")))),
            )
        )

    text = to_gatingml(tree(), spillover=SPILLOVER)
    assert to_gatingml(tree(), spillover=SPILLOVER) == text
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    assert text.endswith("\n")
    positions = [text.index(f'"X{i}"', text.index("b.defined_a")) for i in range(9)]
    assert positions == sorted(positions)
