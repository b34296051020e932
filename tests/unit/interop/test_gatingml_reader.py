"""Gating-ML as other programs write it: what is read, what is left out, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.errors import GatesError, UsageError
from cd5flow.gating.apply import dimensions_read
from cd5flow.gating.drawn import DrawnGates
from cd5flow.interop.file_gates import MOST_GATES, MOST_STEPS
from cd5flow.interop.gatingml_reader import read_gatingml
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Operand,
    Polygon,
    Rectangle,
)
from cd5flow.model.scale import Asinh, Hyperlog, Linear, Log, Logicle
from support.gates_factory import (
    axis,
    boolean,
    document,
    ellipsoid,
    matrix,
    polygon,
    ratio_axis,
    rectangle,
    scale,
    shape,
)

FSC, SSC = Dimension("FSC-H", compensated=False), Dimension("SSC-H", compensated=False)
TRIANGLE = ((0, 0), (1, 0), (0, 1))


def read(*parts: str, embedded_matrix: bool = True) -> DrawnGates:
    return read_gatingml(document(*parts), name="gates.xml", embedded_matrix=embedded_matrix)


def fault(*parts: str) -> str:
    with pytest.raises(GatesError) as caught:
        read(*parts)
    return caught.value.message


def test_bounds_of_one_axis_are_an_interval_and_of_several_a_rectangle() -> None:
    tree = read(
        rectangle("a", axis("FSC-H", low=1)),
        rectangle("b", axis("FSC-H", low=1, high=2), axis("SSC-H", high=3)),
    ).tree
    assert tree["a"].region == Interval(FSC, low=1)
    assert tree["b"].region == Rectangle((Interval(FSC, 1, 2), Interval(SSC, high=3)))


def test_an_axis_without_bounds_bounds_nothing() -> None:
    tree = read(rectangle("a", axis("FSC-H", low=1), axis("SSC-H"))).tree
    assert tree["a"].region == Interval(FSC, low=1)


def test_bounds_that_meet_hold_nothing_and_bounds_that_cross_are_a_fault() -> None:
    tree = read(rectangle("a", axis("FSC-H", low=1, high=1))).tree
    assert tree["a"].region == Boolean("and", (Operand("all", complement=True),))
    assert "min 2 lies above max 1" in fault(rectangle("a", axis("FSC-H", low=2, high=1)))


def test_one_axis_named_twice_is_bounded_by_both() -> None:
    tree = read(rectangle("a", axis("FSC-H", low=1, high=5), axis("FSC-H", low=2))).tree
    assert tree["a"].region == Interval(FSC, 2, 5)


def test_polygons_and_ellipses_keep_their_numbers() -> None:
    both = axis("FSC-H"), axis("SSC-H")
    tree = read(
        polygon("p", *both, points=TRIANGLE),
        ellipsoid("e", *both, mean=(1, 2), covariance=((4, 0.5), (0.5, 1)), distance=3),
    ).tree
    assert tree["p"].region == Polygon(FSC, SSC, ((0, 0), (1, 0), (0, 1)))
    assert tree["e"].region == Ellipse(FSC, SSC, (1, 2), (4, 0.5, 1), 3)


def divider(name: str, channel: str, *values: float) -> str:
    inner = "".join(f"<gating:value>{value}</gating:value>" for value in values)
    return (
        f'<gating:divider gating:id="{name}" gating:compensation-ref="uncompensated">'
        f'<data-type:fcs-dimension data-type:name="{channel}"/>{inner}</gating:divider>'
    )


def quadrant(name: str, **places: float) -> str:
    inner = "".join(
        f'<gating:position gating:divider_ref="{d}" gating:location="{at}"/>'
        for d, at in places.items()
    )
    return f'<gating:Quadrant gating:id="{name}">{inner}</gating:Quadrant>'


def test_each_quadrant_is_a_rectangle_between_its_dividers() -> None:
    tree = read(
        rectangle("cells", axis("FSC-H", low=1)),
        shape(
            "QuadrantGate",
            "q",
            divider("x", "FSC-H", 10, 20),
            divider("y", "SSC-H", 5),
            quadrant("low", x=1, y=1),
            quadrant("middle", x=15, y=9),
            quadrant("high", x=99),
            quadrant("on_the_line", x=20),
            parent="cells",
        ),
    ).tree
    assert [g.parent for g in tree.gates] == ["all", "cells", "cells", "cells", "cells"]
    assert tree["low"].region == Rectangle((Interval(FSC, high=10), Interval(SSC, high=5)))
    assert tree["middle"].region == Rectangle((Interval(FSC, 10, 20), Interval(SSC, low=5)))
    assert tree["high"].region == Interval(FSC, low=20)
    assert tree["on_the_line"].region == tree["high"].region


def test_gates_may_refer_to_later_ones() -> None:
    tree = read(
        boolean("both", "and", "b", "a", turned="a", parent="c"),
        rectangle("b", axis("FSC-H", low=1), parent="c"),
        rectangle("a", axis("SSC-H", low=1)),
        rectangle("c", axis("SSC-H", high=9)),
    ).tree
    assert [g.name for g in tree.gates] == ["c", "b", "a", "both"]
    assert tree["both"].region == Boolean("and", (Operand("b"), Operand("a", complement=True)))


def test_not_turns_its_one_operand() -> None:
    inner = rectangle("a", axis("FSC-H", low=1))
    tree = read(inner, boolean("n", "not", "a"), boolean("m", "not", "a", turned="a")).tree
    assert tree["n"].region == Boolean("and", (Operand("a", complement=True),))
    assert tree["m"].region == Boolean("and", (Operand("a"),))


def test_a_gate_that_bears_our_roots_name_keeps_it_as_a_label() -> None:
    drawn = read(
        rectangle("all", axis("FSC-H", low=1)), rectangle("b", axis("SSC-H", low=1), parent="all")
    )
    assert [drawn.path(g.name) for g in drawn.tree.gates] == ["all", "all/b"]
    assert drawn.tree["b"].parent != "all"


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        ("flin", {"T": 1000, "A": 10}, Linear(1000, 10)),
        ("flog", {"T": 1000, "M": 4}, Log(1000, 4)),
        ("fasinh", {"T": 1000, "M": 4, "A": 1}, Asinh(1000, 4, 1)),
        ("logicle", {"T": 1000, "W": 0.5, "M": 4.5, "A": 0}, Logicle(1000, 0.5, 4.5, 0)),
        ("hyperlog", {"T": 1000, "W": 0.5, "M": 4.5, "A": 0}, Hyperlog(1000, 0.5, 4.5, 0)),
    ],
)
def test_every_scale_of_the_model_is_read(
    kind: str, parameters: dict[str, float], expected: object
) -> None:
    tree = read(
        rectangle("a", axis("FL1-H", low=0.5, scale="s")), scale("s", kind, "", **parameters)
    ).tree
    region = tree["a"].region
    assert isinstance(region, Interval)
    assert region.dimension.scale == expected


def test_dyes_are_put_on_the_detectors_of_their_matrix() -> None:
    drawn = read(
        matrix("m", ("FITC", "PE"), ("FL1-H", "FL2-H"), ((1, 0.1), (0.2, 1))),
        rectangle("a", axis("PE", low=1, matrix="m"), axis("FSC-H", low=1, matrix="m")),
    )
    assert drawn.spillover is not None
    assert drawn.spillover.detectors == ("FL1-H", "FL2-H")
    assert drawn.spillover.matrix.tolist() == [[1, 0.1], [0.2, 1]]
    assert drawn.tree["a"].region == Rectangle(
        (Interval(Dimension("FL2-H"), low=1), Interval(FSC, low=1))
    )


def test_a_matrix_given_as_its_inverse_is_turned_back() -> None:
    true = np.array([[1, 0.1], [0.2, 1]])
    rows = np.linalg.inv(true).tolist()
    drawn = read(
        matrix("m", ("A", "B"), ("A", "B"), rows, inverted=True),
        rectangle("a", axis("A", low=1, matrix="m")),
    )
    assert drawn.spillover is not None
    assert drawn.spillover.matrix == pytest.approx(true)


def test_the_tubes_own_matrix_compensates_where_there_is_one() -> None:
    own = rectangle("a", axis("FL1-H", low=1, matrix="FCS"))
    for there in (True, False):
        drawn = read(own, embedded_matrix=there)
        assert drawn.tree["a"].region == Interval(Dimension("FL1-H", compensated=there), low=1)
        assert drawn.tube_matrix is drawn.compensated is there


def test_a_tube_is_compensated_by_one_matrix() -> None:
    one = matrix("one", ("A", "B"), ("A", "B"), ((1, 0.1), (0.2, 1)))
    two = matrix("two", ("A", "B"), ("A", "B"), ((1, 0.3), (0.2, 1)))
    gates = [rectangle(name, axis("A", low=1, matrix=name)) for name in ("one", "two")]
    assert "different matrices (one, two)" in fault(one, two, *gates)
    own = rectangle("own", axis("A", low=1, matrix="FCS"))
    assert "own matrix (FCS) and by 'one'" in fault(one, gates[0], own)
    assert read(one, gates[0], own, embedded_matrix=False).tree["own"].region == Interval(
        Dimension("A", compensated=False), low=1
    )


def test_what_the_model_leaves_out_is_named_with_the_reason_and_what_rests_on_it() -> None:
    three = [axis(name) for name in ("FSC-H", "SSC-H", "FL1-H")]
    drawn = read(
        scale("r", "fratio", A=1, B=0, C=0),
        scale("bounded", "flin", 'transforms:boundMin="0"', T=1000, A=0),
        matrix("wide", ("A",), ("A", "B"), ((1, 0.1),)),
        ellipsoid("ball", *three, mean=(1, 2, 3), covariance=((1, 0, 0), (0, 1, 0), (0, 0, 1))),
        rectangle("ratio", ratio_axis("r", low=1)),
        rectangle("by_ratio", axis("FSC-H", low=1, scale="r")),
        rectangle("piled", axis("FSC-H", low=1, scale="bounded")),
        rectangle("unmixed", axis("A", low=1, matrix="wide")),
        rectangle("child", axis("FSC-H", low=1), parent="ball"),
        boolean("rest", "not", "child"),
        rectangle("kept", axis("FSC-H", low=1)),
    )
    assert [g.name for g in drawn.tree.gates] == ["kept"]
    assert set(drawn.refused) == {
        "ball", "ratio", "by_ratio", "piled", "unmixed", "child", "rest"
    }  # fmt: skip
    assert "ellipsoid of 3 axes" in drawn.refused["ball"]
    assert "ratio" in drawn.refused["ratio"]
    assert "pile" in drawn.refused["piled"]
    assert "unmixes 1 dyes from 2" in drawn.refused["unmixed"]
    assert drawn.refused["rest"].startswith("it rests on gate 'child', which is not read")
    with pytest.raises(GatesError, match="gate 'ball' is not read: an ellipsoid of 3 axes"):
        drawn.find("ball")


def test_every_fault_of_a_file_is_told_at_once() -> None:
    message = fault(
        rectangle("a", axis("FSC-H", low="nan")),
        polygon("p", axis("FSC-H"), axis("SSC-H"), points=((0, 0), (1, "inf"), (0, 1))),
        rectangle("b", axis("FSC-H", low=1, scale="nowhere")),
        rectangle(None, axis("FSC-H", low=1)),
    )
    assert message.splitlines() == [
        "gates.xml: gate 'a': min: found 'nan', expected a finite number",
        "gates.xml: gate 'p': value: found 'inf', expected a finite number",
        "gates.xml: gate 'b': found no transformation 'nowhere', to which it refers",
        "gates.xml: found a RectangleGate without id",
    ]


BOTH = (axis("FSC-H"), axis("SSC-H"))
TALL = ((1, 0), (0, 1))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((rectangle("a"),), "without dimensions"),
        ((rectangle("a", axis("", low=1)),), "without the name of a channel"),
        ((rectangle("a", axis("X", low=1, matrix=None)),), "no compensation-ref"),
        ((rectangle("a", axis("X", low=1, matrix="m")),), "found no matrix 'm'"),
        ((rectangle("a", axis("X", low="1_000")),), "'1_000', expected a finite number"),
        ((rectangle("a", axis("X", low=1), parent="b"),), "found no gate 'b'"),
        ((boolean("a", "and", "b"),), "found no gate 'b'"),
        ((boolean("a", "xor", "b"),), "one of and, or, not"),
        ((boolean("a", "or"),), "found 0 gateReferences"),
        ((boolean("a", "not", "b", "c"),), "found 2 gateReferences"),
        ((polygon("a", axis("X"), points=TRIANGLE),), "found 1 dimensions"),
        ((polygon("a", *BOTH, points=((0, 0), (1, 1))),), "three different vertices"),
        ((polygon("a", *BOTH, points=((0, 0), (1,), (0, 1))),), "found 1 coordinates"),
        ((ellipsoid("a", *BOTH, mean=(0, 0), covariance=((1, 0),)),), "two rows of two"),
        ((ellipsoid("a", *BOTH, mean=(0, 0), covariance=((1, 2), (0, 1))),), "symmetric"),
        ((ellipsoid("a", *BOTH, mean=(0, 0), covariance=((1, 2), (2, 1))),), "definite"),
        ((ellipsoid("a", *BOTH, mean=(0, 0), covariance=TALL, distance=-1),), "positive"),
        ((shape("EllipsoidGate", "a", *BOTH),), "no mean"),
        ((scale("s", "flog", T=-1, M=4),), "transformation 's': T must be a positive"),
        ((scale("s", "flog", T=1),), "transformation 's': M: found ''"),
        ((scale("s", "fsinh", T=1),), "found 'fsinh', expected flin"),
        ((scale(None, "flog", T=1, M=4),), "found a transformation without id"),
        ((scale("s", "flog", T=1, M=4),) * 2, "transformation 's': its id stands twice"),
        ((matrix("m", ("A", "A"), ("A", "B"), TALL),), "dye 'A' stands twice"),
        ((matrix("m", ("A", "B"), ("A", "B"), ((1,), (2,))),), "2 spectra of 1 coefficients"),
        ((matrix("m", ("A", "B"), ("A", "B"), ((1, 1), (1, 1))),), "cannot be inverted"),
        ((matrix("m", ("A", "B"), ("A", "B"), ((1, "inf"), (1, 1))),), "found 'inf'"),
        (("<gating:RegionGate/>",), "found element 'RegionGate'"),
        (("<include href='file:///etc/passwd'/>",), "found element 'include'"),
        (
            (rectangle("a", axis("X", low=1)), rectangle("a", axis("Y", low=1))),
            "gate 'a': its id stands twice",
        ),
        (
            (rectangle("a", axis("X", low=1), parent="b"), boolean("b", "not", "a")),
            "gates rest on themselves: 'a' -> 'b' -> 'a'",
        ),
        ((boolean("a", "not", "a"),), "gates rest on themselves: 'a' -> 'a'"),
        (
            (
                shape("QuadrantGate", "q", divider("d", "X", 1), quadrant("p", d=0)),
                boolean("b", "not", "q"),
            ),
            "refers to quadrant gate 'q'",
        ),
        ((shape("QuadrantGate", "q", divider("d", "X"), quadrant("p", d=0)),), "no value"),
        ((shape("QuadrantGate", "q", divider("d", "X", 1), quadrant("p", e=0)),), "no divider 'e'"),
    ],
)
def test_what_contradicts_the_standard_is_refused_by_name(
    parts: tuple[str, ...], said: str
) -> None:
    message = fault(*parts)
    assert said in message
    assert all(line.startswith("gates.xml: ") for line in message.splitlines())


def test_a_dye_of_a_matrix_is_not_asked_for_by_its_detector() -> None:
    two = matrix("m", ("FITC", "PE"), ("FL1-H", "FL2-H"), ((1, 0.1), (0.2, 1)))
    assert "expected one of its dyes: FITC, PE" in fault(
        two, rectangle("a", axis("FL1-H", low=1, matrix="m"))
    )


def test_a_long_chain_of_gates_is_read_and_an_endless_one_is_not() -> None:
    chain = [rectangle("g0", axis("X", low=1))]
    chain += [rectangle(f"g{i}", axis("X", low=1), parent=f"g{i - 1}") for i in range(1, 4000)]
    assert len(read(*reversed(chain[:MOST_STEPS])).tree.gates) == MOST_STEPS
    for too_long in (chain[: MOST_STEPS + 1], chain, chain[::-1]):
        assert fault(*too_long) == f"gates.xml: gate 'g{MOST_STEPS}': rests on 100 others in a row"


def test_gates_that_double_what_they_rest_on_at_every_step_are_read_at_once() -> None:
    steps = [rectangle("a0", axis("X", low=1)), rectangle("b0", axis("Y", low=1))]
    for i in range(1, MOST_STEPS):
        both = f"a{i - 1}", f"b{i - 1}"
        steps += [boolean(f"a{i}", "and", *both), boolean(f"b{i}", "or", *both, turned=both[0])]
    drawn = read(*steps)
    assert len(drawn.tree.gates) == 2 * MOST_STEPS
    assert dimensions_read(drawn.tree, f"b{MOST_STEPS - 1}") == {
        Dimension("X", compensated=False),
        Dimension("Y", compensated=False),
    }


def test_too_many_gates_are_not_read() -> None:
    many = [rectangle(f"g{i}", axis("X", low=1)) for i in range(MOST_GATES + 1)]
    assert "expected at most 5,000" in fault(*many)


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("gating:Other", "found element 'Other', expected Gating-ML 2.0"),
        ("Workspace", "found element 'Workspace', expected Gating-ML 2.0"),
    ],
)
def test_another_document_is_named(root: str, said: str) -> None:
    with pytest.raises(GatesError, match=said):
        read_gatingml(document(root=root), name="gates.xml")


def test_an_older_standard_is_named() -> None:
    old = document().replace(b"v2.0", b"v1.5")
    with pytest.raises(GatesError, match=r"found Gating-ML v1\.5, expected Gating-ML 2\.0"):
        read_gatingml(old, name="gates.xml")


def test_a_wrong_file_of_gates_is_wrong_usage() -> None:
    assert issubclass(GatesError, UsageError)
    assert GatesError.exit_code == 2


def cytobank(name: str, *, population: bool = False) -> str:
    """What Cytobank writes of a gate, or of a population: the gates that lead to it."""
    number = "<gate_set_id>7</gate_set_id>" if population else "<gate_id>7</gate_id>"
    about = f"<cytobank><name>{name}</name>{number}<definition>{{}}</definition></cytobank>"
    return f"<data-type:custom_info>{about}</data-type:custom_info>"


def test_populations_of_cytobank_are_found_by_their_names() -> None:
    found = read(
        shape("RectangleGate", "Gate_1_Q2VsbHM.", cytobank("Cells"), axis("FSC-H", low=1)),
        shape("RectangleGate", "Gate_2_Qmxhc3Rz", cytobank("Blasts"), axis("SSC-H", low=1)),
        shape(
            "BooleanGate",
            "GateSet_2_Qmxhc3Rz",
            cytobank("Blasts", population=True),
            "<gating:and>",
            '<gating:gateReference gating:ref="Gate_1_Q2VsbHM."/>',
            '<gating:gateReference gating:ref="Gate_2_Qmxhc3Rz"/>',
            "</gating:and>",
        ),
    )
    assert found.find("Blasts") == "GateSet_2_Qmxhc3Rz"
    assert found.find("Cells") == "Gate_1_Q2VsbHM."
    assert found.find("Gate_2_Qmxhc3Rz") == found.find("/Gate_2_Qmxhc3Rz") == "Gate_2_Qmxhc3Rz"
    with pytest.raises(GatesError, match=r"found no gate 'T cells', expected one of .*Blasts"):
        found.find("T cells")


def test_two_populations_of_one_name_are_told_apart_by_their_ids() -> None:
    found = read(
        shape("RectangleGate", "GateSet_1", cytobank("T", population=True), axis("FSC-H", low=1)),
        shape("RectangleGate", "GateSet_2", cytobank("T", population=True), axis("FSC-H", low=2)),
    )
    with pytest.raises(GatesError, match="'T' is ambiguous"):
        found.find("T")
    assert found.find("GateSet_2") == "GateSet_2"
