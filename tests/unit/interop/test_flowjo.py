"""FlowJo workspaces: which tubes they hold, and what is not read of them."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from cd5flow.errors import GatesError
from cd5flow.gating.drawn import DrawnGates
from cd5flow.interop.file_gates import MOST_GATES
from cd5flow.interop.flowjo import WorkspaceTube, read_workspace
from cd5flow.interop.flowjo_scales import Display, UnknownScaleError, display_of, redrawn
from cd5flow.interop.gates import read_gates
from cd5flow.interop.xmlfile import XmlFile
from cd5flow.model.events import Channel, RawEvents
from cd5flow.model.geometry import Boolean, Dimension, Interval, Operand, Rectangle
from cd5flow.model.scale import Logicle
from support.gates_factory import axis, document, rectangle
from support.workspace_factory import (
    BIEX,
    LINEAR,
    LOGICLE,
    box,
    combination,
    outline,
    population,
    spillover,
    tube,
    workspace,
)

SCALES = {"FSC-A": LINEAR, "PE-A": LOGICLE, "Comp-PE-A": LOGICLE, "APC-A": LOGICLE}
MATRIX = spillover(("PE-A", "APC-A"), ((1, 0.1), (0.2, 1)))
CELLS = population("Cells", box(("FSC-A", 100.0, None)))


def read(content: bytes) -> tuple[WorkspaceTube, ...]:
    return read_workspace(XmlFile("study.wsp", content, "0" * 64))


def one(*populations: str, matrix: str = "", scales: dict[str, str] | None = None) -> DrawnGates:
    (found,) = read(workspace(tube("a.fcs", *populations, scales=scales or SCALES, matrix=matrix)))
    return found.gates()


def test_a_tube_is_known_by_its_name_its_files_and_its_events() -> None:
    found = read(workspace(tube("Patient 7", CELLS, events=1234), tube("b.fcs", uri="b.fcs")))
    assert [t.names for t in found] == [("Patient 7", "tube.fcs"), ("b.fcs",)]
    assert [t.events for t in found] == [1234, None]
    assert [t.started for t in found] == [None, None]
    day = '<Keyword name="$DATE" value="13-JAN-2026"/><Keyword name="$BTIM" value="12:00:00"/>'
    (dated,) = read(workspace(tube("a", CELLS).replace("<Keywords>", f"<Keywords>{day}")))
    assert dated.started == "13-jan-2026 12:00:00"


def test_gates_hang_below_each_other_by_their_paths() -> None:
    drawn = one(
        population(
            "Cells",
            box(("FSC-A", 100.0, None)),
            population(
                "PE+", box(("PE-A", None, 900.0)), population("PE+", box(("APC-A", 1.0, 2.0)))
            ),
        ),
        scales={"FSC-A": LINEAR},
    )
    assert [drawn.path(g.name) for g in drawn.tree.gates] == ["Cells", "Cells/PE+", "Cells/PE+/PE+"]
    raw = Dimension("PE-A", compensated=False)
    assert drawn.tree[drawn.find("Cells/PE+")].region == Interval(raw, high=900)
    with pytest.raises(GatesError, match="ambiguous: found '/Cells/PE"):
        drawn.find("PE+")


def test_only_channels_marked_as_compensated_are_compensated() -> None:
    drawn = one(
        population("a", box(("Comp-PE-A", 100.0, None), ("FSC-A", None, 5.0))),
        population("b", box(("PE-A", 100.0, None))),
        matrix=MATRIX,
    )
    a, b = drawn.tree["a"].region, drawn.tree["b"].region
    assert isinstance(a, Rectangle)
    assert [side.dimension.compensated for side in a.sides] == [True, False]
    assert isinstance(b, Interval)
    assert not b.dimension.compensated
    assert a.sides[0].dimension.detector == b.dimension.detector == "PE-A"
    assert drawn.spillover is not None
    assert drawn.spillover.detectors == ("PE-A", "APC-A")
    assert drawn.spillover.matrix.tolist() == [[1, 0.1], [0.2, 1]]
    assert drawn.compensated


def test_a_gate_inside_out_is_a_complement_within_its_parent() -> None:
    drawn = one(
        population(
            "Cells",
            box(("FSC-A", 1.0, 5.0)),
            population("out", box(("PE-A", 1.0, 2.0), inside=False)),
        )
    )
    assert [drawn.path(g.name) for g in drawn.tree.gates] == [
        "Cells",
        "Cells/out (inside)",
        "Cells/out",
    ]
    outside = drawn.tree[drawn.find("out")]
    assert outside.region == Boolean("and", (Operand("Cells/out (inside)", complement=True),))
    assert outside.parent == "Cells"


def test_combinations_refer_by_path() -> None:
    drawn = one(
        CELLS,
        combination("NotNode", "rest", "Cells"),
        combination("OrNode", "any", "Cells", "rest"),
    )
    assert drawn.tree["rest"].region == Boolean("and", (Operand("Cells", complement=True),))
    assert drawn.tree["any"].region == Boolean("or", (Operand("Cells"), Operand("rest")))


def test_a_bound_at_the_floor_of_a_scale_is_none() -> None:
    drawn = one(
        population("low", box(("PE-A", -1e6, 900.0))),
        population("every", box(("PE-A", -1e6, None))),
        scales={"PE-A": BIEX},
    )
    low = drawn.tree["low"].region
    assert isinstance(low, Interval)
    assert low.low is None
    assert drawn.tree["every"].region == Boolean("and", (Operand("all"),))


def test_a_compensated_channel_is_bent_by_its_own_scale() -> None:
    gate = outline("Comp-PE-A", "FSC-A", ((100, 0), (9e4, 10), (500, 9e4)))
    own = one(population("g", gate), matrix=MATRIX, scales={"PE-A": BIEX, "Comp-PE-A": LOGICLE})
    (dimension,) = [d for d in _axes(own, "g") if d.detector == "PE-A"]
    assert dimension.scale == Logicle(262144, 0.7, 4.5, 0)


def _axes(drawn: DrawnGates, name: str) -> list[Dimension]:
    region = drawn.tree[name].region
    return [region.x, region.y]  # type: ignore[union-attr]


def test_a_matrix_beside_the_tubes_is_theirs_where_gates_bear_its_mark() -> None:
    gate = population("g", box(("Comp-PE-A", 100.0, None)))
    (found,) = read(workspace(tube("a.fcs", gate), beside=MATRIX))
    assert found.gates().spillover is not None
    (found,) = read(workspace(tube("a.fcs", CELLS), beside=MATRIX))
    assert found.gates().spillover is None


@pytest.mark.parametrize(
    ("scale", "why"),
    [
        (
            'miltenyi transforms:T="1"',
            "found 'miltenyi', expected linear, log, logicle, biex, fasinh",
        ),
        (BIEX.replace('length="256"', 'length="4096"'), "biex length is '4096', expected 256"),
        (BIEX.replace('width="', 'width="nope'), "biex width is 'nope"),
        ('linear transforms:minRange="0" transforms:maxRange="nan"', "linear maxRange is 'nan'"),
        ('linear transforms:minRange="5" transforms:maxRange="5"', "linear ends at 5"),
        ('log transforms:offset="0" transforms:decades="4"', "log offset is '0'"),
    ],
)
def test_a_scale_that_cannot_be_read_costs_the_gates_that_are_drawn_on_it(
    scale: str, why: str
) -> None:
    on_it = population("dim", box(("PE-A", 100.0, None)), population("below", box(("FSC-A", 1, 9))))
    drawn = one(CELLS, on_it, scales={"PE-A": scale})
    assert drawn.tree["Cells"]
    assert set(drawn.refused) == {"dim", "dim/below"}
    assert drawn.refused["dim"].startswith(f"the scale of its channel PE-A is not read: {why}")
    assert drawn.refused["dim/below"].startswith("it rests on gate 'dim'")
    with pytest.raises(GatesError, match=r"gate 'dim' is not read: the scale of its channel PE-A"):
        drawn.find("dim")


def test_a_gate_without_an_owning_group_is_read() -> None:
    drawn = one(CELLS.replace(' owningGroup=""', ""))
    assert drawn.tree["Cells"]


@pytest.mark.parametrize(
    ("populations", "matrix", "said"),
    [
        ((), "", "tube 'a.fcs': found no gates drawn on it"),
        ((CELLS, CELLS), "", "gate 'Cells' stands twice, or without a name, in the tube"),
        ((population("", box(("FSC-A", 1.0, None))),), "", "gate '' stands twice, or without a name"),
        ((combination("NotNode", "n", "nowhere"),), "", "nowhere"),
        ((combination("NotNode", "n", "n"),), "", "gates rest on themselves"),
        ((population("g", "<gating:CurlyQuad/>"),), "", "FlowKit cannot read its gates"),
        ((population("g", box(("FSC-A", 5.0, 1.0))),), "", "gate 'g': an interval needs low < high"),
        (
            (population("g", outline("FSC-A", "PE-A", ((0, 0), (1, 1)))),),
            "",
            "gate 'g': a polygon needs three different vertices",
        ),
        ((population("g", box(("FSC-A", math.nan, None))),), "", "gate 'g': min: found 'nan'"),
        ((population("g", box(("FSC-A", None, math.inf))),), "", "gate 'g': max: found 'inf'"),
        (
            (population("g", outline("FSC-A", "PE-A", ((0, 0), (1, math.nan), (2, 3)))),),
            "",
            "gate 'g': value: found 'nan', expected a finite number",
        ),
        (
            tuple(population(f"g{i}", box(("FSC-A", 1.0, None))) for i in range(MOST_GATES + 1)),
            "",
            "found 5,001 gates, expected at most 5,000",
        ),
        ((CELLS,), MATRIX + MATRIX, "FlowKit cannot read its gates"),
        (
            (CELLS,),
            spillover(("PE-A",), ((1,),)).replace(
                "</transforms:spilloverMatrix>",
                '<transforms:spillover><transforms:coefficient data-type:parameter="PE-A" '
                'transforms:value="1"/></transforms:spillover></transforms:spilloverMatrix>',
            ),
            "unmixes 2 dyes from 1 detectors",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_one_line(
    populations: tuple[str, ...], matrix: str, said: str
) -> None:
    (found,) = read(workspace(tube("a.fcs", *populations, scales=SCALES, matrix=matrix)))
    with pytest.raises(GatesError) as caught:
        found.gates()
    assert said in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(rectangle("a", axis("X", low=1))), "expected a FlowJo workspace"),
        (
            workspace(tube("a.fcs"), version="9.9"),
            "a workspace of FlowJo 9.9, expected 10 or later",
        ),
        (
            workspace(tube("a.fcs"), version="ten"),
            "a workspace of FlowJo ten, expected 10 or later",
        ),
        (workspace(tube("a.fcs"), version=""), "expected a FlowJo workspace"),
        (workspace(), "found no tube in the workspace"),
        (b"<a/>", "found element 'a', expected a FlowJo workspace"),
    ],
)
def test_what_is_no_workspace_is_named(content: bytes, said: str) -> None:
    with pytest.raises(GatesError, match=r"^study\.wsp: ") as caught:
        read(content)
    assert said in caught.value.message


def test_a_workspace_waits_unread_and_can_be_handed_to_another_process(tmp_path: Path) -> None:
    file = tmp_path / "study.WSP"
    file.write_bytes(workspace(tube("a.fcs", CELLS, events=3), tube("b.fcs", "<Population/>")))
    imported = pickle.loads(pickle.dumps(read_gates(file, {"blasts": "Cells"})))  # noqa: S301
    assert (imported.file, imported.populations) == ("study.WSP", {"blasts": "Cells"})
    channels = (Channel(0, "FSC-A", None, 32, 1, 1),)
    drawn = imported.on("a.fcs", RawEvents(np.zeros((3, 1), np.float32), channels, None))
    assert drawn.tree.gates[0].name == "Cells"


STRAIGHT = Display(None)


def test_straight_scales_keep_the_corners() -> None:
    corners = ((0.0, 0.0), (4.0, 0.0), (4.0, 3.0))
    assert redrawn(corners, STRAIGHT, STRAIGHT) == corners


def test_a_bent_scale_bends_slanted_edges_only() -> None:
    bent = Display(None, lambda y: y**3, bent=True)
    square = ((0.1, 0.0), (0.9, 0.0), (0.9, 1.0), (0.1, 1.0))
    expected = np.array([(x**3, y) for x, y in square])
    assert np.array(redrawn(square, bent, STRAIGHT)) == pytest.approx(expected)
    outline_ = redrawn(((0.1, 0.0), (0.9, 0.0), (0.9, 1.0)), bent, STRAIGHT)
    slanted = np.array(outline_[2:])
    assert len(slanted) > 20
    assert slanted[:, 0] == pytest.approx((0.1 + 0.8 * slanted[:, 1]) ** 3)


def test_an_unknown_scale_is_named() -> None:
    with pytest.raises(UnknownScaleError, match="int"):
        display_of(3)
