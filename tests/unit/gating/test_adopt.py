"""Gates of another program in place of a strategy's: names, populations, what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from cd5flow.errors import GatesError, OptionError
from cd5flow.gating.adopt import Names, adopt, edge_on, on_control
from cd5flow.gating.drawn import DrawnGates, ImportedGates
from cd5flow.model.events import Channel, RawEvents, Spillover
from cd5flow.model.geometry import Boolean, Dimension, Interval, Operand, Polygon, Rectangle, Region
from cd5flow.model.names import ALL
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating
from cd5flow.model.reasons import sentence
from cd5flow.model.scale import Logicle
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import Columns, scale_exact

MARKERS = {
    "FSC": "FSC-A", "CD5": "PE-A", "CD7": "APC-A", "CD45": "V500-A", "cyCD3": "PB-A",
    "CD3": "FITC-A", "Time": "Time",
}  # fmt: skip
CHANNELS = (*MARKERS.values(), "PE-H", "X-A")
NAMES = Names(references=("nk_cells", "granulocytes"), nk_markers=("CD56",))
EVENTS = 1000
LOGICLE = Logicle(262144)


def values(seed: int = 1) -> np.ndarray[Any, np.dtype[np.float32]]:
    found = np.random.default_rng(seed).uniform(0, 1000, (EVENTS, len(CHANNELS)))
    found[:, CHANNELS.index("Time")] = np.arange(EVENTS)
    return np.asfortranarray(found, dtype=np.float32)


def columns(spillover: Spillover | None = None, *, seed: int = 1) -> Columns:
    channels = tuple(Channel(i, n, None, 32, 262144, 262144) for i, n in enumerate(CHANNELS))
    return Columns(compensate(RawEvents(values(seed), channels, None), spillover))


def panel(without: tuple[str, ...] = (), **more: str) -> Panel:
    markers = {m: d for m, d in (MARKERS | more).items() if m not in without}
    return Panel(columns().events.raw.channels, markers, {})


def above(channel: str, low: float = 500, *, scaled: bool = False) -> Interval:
    if scaled:
        place = float(scale_exact(low, LOGICLE))
        return Interval(Dimension(channel, LOGICLE, compensated=False), low=place)
    return Interval(Dimension(channel, compensated=False), low=low)


def gate(name: str, region: Region, parent: str = ALL) -> Gate:
    return Gate(name, parent, region, Evidence("drawn", 0))


TREE = (
    gate("Cells", above("FSC-A", 100)),
    gate("Blasts", Rectangle((above("APC-A"), above("PB-A"))), "Cells"),
    gate("CD5+", above("PE-A", 600, scaled=True), "Blasts"),
)
HERE = {"blasts": "Blasts", "cd5_positive": "CD5+"}


def adopted(
    *gates: Gate,
    named: Mapping[str, str] = HERE,
    of: Panel | None = None,
    spillover: Spillover | None = None,
    **drawn: Any,
) -> Gating:
    imported = ImportedGates("study.wsp", "ab" * 32, named, ())
    return adopt(
        DrawnGates(GateTree(gates or TREE), **drawn),
        imported=imported,
        names=NAMES,
        columns=columns(spillover),
        panel=of or panel(),
    )


def codes(gating: Gating) -> list[str]:
    return [finding.code for finding in gating.findings]


def said(gating: Gating, code: str) -> str:
    (message,) = [f.message for f in gating.findings if f.code == code]
    return message


def test_named_gates_are_the_populations_and_others_keep_their_names() -> None:
    gating = adopted(named={**HERE, "nucleated": "Cells"})
    assert [gating.tree.path(g.name) for g in gating.tree.gates] == [
        "all/nucleated",
        "all/nucleated/blasts",
        "all/nucleated/blasts/cd5_positive",
    ]
    x = columns().events.raw.values
    cells = x[:, 0] >= 100
    blasts = cells & (x[:, 2] >= 500) & (x[:, 4] >= 500)
    assert np.array_equal(gating.members["nucleated"], cells)
    assert np.array_equal(gating.members["blasts"], blasts)
    assert np.array_equal(gating.members["cd5_positive"], blasts & (x[:, 1] >= 600))
    assert gating.denominator_rule == "gate 'Cells' of study.wsp"
    evidence = gating.tree["blasts"].evidence
    assert (evidence.method, evidence.events) == ("drawn", int(cells.sum()))
    assert sentence(evidence.note) == "gate 'Blasts' of study.wsp"
    assert "SHA-256 " + "ab" * 32 in said(gating, "GATES_IMPORTED")
    assert "blasts = 'Blasts', cd5_positive = 'CD5+'" in said(gating, "GATES_IMPORTED")


def test_a_gate_that_bears_a_populations_name_is_that_population() -> None:
    gating = adopted(
        gate("nucleated", above("FSC-A", 100)),
        gate("blasts", above("PB-A"), "nucleated"),
        gate("granulocytes", above("APC-A"), "nucleated"),
        named={},
    )
    assert [g.name for g in gating.tree.gates] == ["nucleated", "blasts", "granulocytes"]
    assert said(gating, "GATES_BY_NAME").endswith("study.wsp: nucleated, blasts, granulocytes")


def test_what_the_user_says_goes_before_a_gates_own_name() -> None:
    gating = adopted(
        gate("blasts", above("FSC-A")), gate("Mine", above("PB-A")), named={"blasts": "Mine"}
    )
    assert [g.name for g in gating.tree.gates] == ["blasts_2", "blasts"]
    assert np.array_equal(gating.members["blasts"], columns().events.raw.values[:, 4] >= 500)


def test_without_blasts_nothing_is_analysed() -> None:
    with pytest.raises(GatesError) as caught:
        adopted(named={"nucleated": "Cells"})
    assert caught.value.message == (
        "study.wsp: no gate is named blasts; say which it is with --map blasts=GATE, one of 'Cells', "
        "'Cells/Blasts', 'Cells/Blasts/CD5+'"
    )


def test_a_name_twice_is_no_populations_unless_a_path_tells() -> None:
    gates = (
        gate("a", above("FSC-A", 100)),
        gate("x", above("PB-A"), "a"),
        gate("y", above("APC-A")),
        gate("z", above("PB-A")),
    )
    labels = {"x": "t_cells", "y": "t_cells", "z": "blasts"}
    gating = adopted(*gates, named={}, labels=labels)
    assert "t_cells may be any of '/a/t_cells', '/t_cells'" in said(gating, "GATE_AMBIGUOUS")
    assert [g.name for g in gating.tree.gates] == ["a", "t_cells_2", "t_cells_3", "blasts"]
    gating = adopted(*gates, named={"t_cells": "a/t_cells"}, labels=labels)
    assert [g.name for g in gating.tree.gates] == ["a", "t_cells", "t_cells_2", "blasts"]
    with pytest.raises(GatesError, match=r"^study\.wsp: t_cells: gate 't_cells' is ambiguous"):
        adopted(*gates, named={"t_cells": "t_cells"}, labels=labels)


def test_a_population_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(OptionError, match="found population 'blast', expected singlets, nucleated"):
        adopted(named={"blast": "Blasts"})


def test_names_are_made_fit_for_our_files() -> None:
    labels = ["CD4+, CD8-", "CD4+ CD8-", "1st", "root", "all", "白血病", "FCS", "nk_cells", "a/b"]
    gates = [gate(f"g{i}", above("FSC-A", i + 1)) for i in range(len(labels))]
    gating = adopted(
        *gates,
        gate("mine", above("PB-A")),
        gate("nk", above("APC-A")),
        named={"blasts": "mine", "nk_cells": "nk"},
        labels={f"g{i}": label for i, label in enumerate(labels)},
    )
    assert [g.name for g in gating.tree.gates] == [
        "CD4_pos_CD8-", "CD4_pos_CD8-_2", "gate_1st", "root_2", "all_2", "gate", "FCS_2",
        "nk_cells_2", "a_b", "blasts", "nk_cells",
    ]  # fmt: skip


def test_one_gate_may_be_two_populations() -> None:
    gating = adopted(
        named={**HERE, "singlets": "Cells", "nucleated": "Cells", "lymphocytes": "Blasts"}
    )
    for one, other in (("singlets", "nucleated"), ("blasts", "lymphocytes")):
        assert np.array_equal(gating.members[one], gating.members[other])
    assert gating.tree["cd5_positive"].parent == "blasts"


def test_cd5_positive_cells_drawn_elsewhere_are_what_they_hold_of_the_blasts() -> None:
    gating = adopted(*TREE[:2], gate("CD5+", above("PE-A", 600)), gate("x", above("FSC-A"), "CD5+"))
    assert [g.name for g in gating.tree.gates] == [
        "Cells",
        "blasts",
        "CD5_pos",
        "x",
        "cd5_positive",
    ]
    assert gating.tree["cd5_positive"].parent == "blasts"
    assert np.array_equal(
        gating.members["cd5_positive"], gating.members["blasts"] & gating.members["CD5_pos"]
    )
    assert edge_on(gating, "cd5_positive", "PE-A") == 600


@pytest.mark.parametrize(
    ("region", "edge"),
    [
        (above("PE-A", 600), 600),
        (above("PE-A", 600, scaled=True), pytest.approx(600)),
        (Rectangle((above("PE-A", 600), Interval(Dimension("X-A"), high=900))), 600),
        (Interval(Dimension("PE-A"), high=600), None),
        (above("X-A", 600), None),
        (Polygon(Dimension("PE-A"), Dimension("X-A"), ((0, 0), (1, 0), (0, 1))), None),
        (Boolean("and", (Operand("Cells"),)), None),
        (Boolean("and", (Operand("Cells", complement=True),)), None),
    ],
)
def test_only_a_lower_edge_on_cd5_is_an_edge(region: Region, edge: float | None) -> None:
    gating = adopted(*TREE[:2], gate("CD5+", region, "Blasts"))
    assert edge_on(gating, "cd5_positive", "PE-A") == edge


@pytest.mark.parametrize(
    ("gates", "uses"),
    [
        (TREE, False),
        ((gate("Cells", above("PE-A", 100)), *TREE[1:]), True),
        ((gate("Cells", above("PE-H", 100)), *TREE[1:]), True),
        (
            (
                gate("dim", above("PE-A", 100)),
                gate("Blasts", Boolean("and", (Operand("dim", complement=True),))),
                gate("CD5+", above("PE-A", 600), "Blasts"),
            ),
            True,
        ),
        ((gate("beside", above("PE-A", 100)), *TREE), False),
    ],
    ids=["none", "above", "height", "part", "beside"],
)
def test_blasts_chosen_by_cd5_are_told(gates: tuple[Gate, ...], uses: bool) -> None:  # noqa: FBT001
    gating = adopted(*gates)
    assert gating.lineage.blasts_use_cd5 is uses
    assert ("BLASTS_USE_CD5" in codes(gating)) is uses


@pytest.mark.parametrize(
    ("channels", "lineage", "cd7_alone", "as_drawn"),
    [
        (("APC-A", "PB-A"), "by cyCD3, CD7", False, False),
        (("PB-A", "FITC-A"), "by cyCD3, CD3", False, False),
        (("APC-A", "FITC-A"), "by CD3, CD7", True, False),
        (("FITC-A",), "by CD3", False, True),
        (("V500-A",), "by no T-lineage marker", False, True),
    ],
)
def test_the_lineage_is_what_the_gates_look_at(
    channels: tuple[str, ...],
    lineage: str,
    cd7_alone: bool,  # noqa: FBT001 - a case of the table
    as_drawn: bool,  # noqa: FBT001 - a case of the table
) -> None:
    sides = tuple(above(channel) for channel in channels)
    region: Region = sides[0] if len(sides) == 1 else Rectangle(sides)
    gating = adopted(gate("Blasts", region), named={"blasts": "Blasts"})
    assert gating.lineage.name == f"as drawn in imported gates, {lineage}"
    assert (gating.lineage.cd7_alone, gating.lineage.as_drawn) == (cd7_alone, as_drawn)
    assert ("LINEAGE_AS_DRAWN" in codes(gating)) is as_drawn


def test_nk_cells_are_told_by_a_marker_of_the_panel() -> None:
    assert adopted().lineage.nk_unresolved
    assert not adopted(of=panel(CD56="X-A")).lineage.nk_unresolved


def test_what_is_not_named_is_said() -> None:
    gating = adopted()
    assert said(gating, "POPULATIONS_UNNAMED").startswith(
        "no gate is named as singlets, nucleated, lymphocytes, t_cells, nk_cells, granulocytes;"
    )
    assert "the burden has no denominator" in said(gating, "NO_DENOMINATOR")
    assert gating.denominator_rule == "no gate of study.wsp is named as nucleated"
    assert "nucleated" not in gating.members


def test_blasts_outside_the_denominator_are_said() -> None:
    narrow = gate("nucleated", above("FSC-A", 500))
    gating = adopted(*TREE, narrow)
    outside = int((gating.members["blasts"] & ~gating.members["nucleated"]).sum())
    assert outside > 50
    assert said(gating, "BLASTS_OUTSIDE").startswith(f"{outside:,} of the blasts lie outside")


def test_gates_left_out_and_gates_of_another_tube_are_said() -> None:
    doubt = {"other": "'b'", "events": 7, "tube": "'a'", "here": 8}
    gating = adopted(*TREE, refused={"Cells/ball": "it has three axes"}, doubt=doubt)
    assert said(gating, "GATE_NOT_IMPORTED") == (
        "gate 'Cells/ball' of study.wsp is left out: it has three axes"
    )
    assert said(gating, "GATES_OF_OTHER_TUBE") == (
        "gates of study.wsp: drawn on 'b' of 7 events, used on 'a' of 8"
    )
    with pytest.raises(
        GatesError, match="blasts: gate 'Cells/ball' is not read: it has three axes"
    ):
        adopted(*TREE, named={"blasts": "ball"}, refused={"Cells/ball": "it has three axes"})


def test_gates_drawn_without_the_tubes_matrix_are_said() -> None:
    matrix = Spillover(("PE-A", "APC-A"), np.array([[1, 0.1], [0, 1]]), "$SPILLOVER")
    assert "read compensated by $SPILLOVER" in said(
        adopted(spillover=matrix), "GATES_UNCOMPENSATED"
    )
    assert "GATES_UNCOMPENSATED" not in codes(adopted(*TREE, spillover=matrix, tube_matrix=True))
    assert "none is applied" in said(adopted(*TREE, tube_matrix=True), "GATES_UNCOMPENSATED")
    assert "GATES_UNCOMPENSATED" not in codes(adopted())


def test_no_blasts_are_no_cluster() -> None:
    assert adopted().lineage.cluster
    assert not adopted(
        gate("Blasts", above("PB-A", 1e6)), named={"blasts": "Blasts"}
    ).lineage.cluster


def test_a_channel_that_the_tube_lacks_is_refused() -> None:
    with pytest.raises(GatesError, match=r"^gate 'Blasts' of study\.wsp: it reads channel 'Z'"):
        adopted(gate("Blasts", above("Z")), named={"blasts": "Blasts"})


def test_a_control_has_a_clock_of_its_own() -> None:
    clock = Interval(Dimension("Time", compensated=False), high=100)
    gating = adopted(
        gate("early", clock), gate("Blasts", above("PB-A"), "early"), named={"blasts": "Blasts"}
    )
    assert not gating.members["blasts"][100:].any()
    other = columns(seed=2)
    members = on_control(gating, other)
    assert members["early"].all()
    assert np.array_equal(members["blasts"], other.events.raw.values[:, 4] >= 500)
