"""FlowJo workspaces: the same events as FlowKit finds, and as many as FlowJo itself counted."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from defusedxml import ElementTree

from cd5flow.errors import GatesError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.write import write_fcs
from cd5flow.gating.apply import apply_gates
from cd5flow.gating.drawn import DrawnGates
from cd5flow.interop.flowjo import WorkspaceTube, read_workspace
from cd5flow.interop.gatingml import to_gatingml
from cd5flow.interop.xmlfile import XmlFile
from cd5flow.model.events import Channel, Mask
from cd5flow.model.geometry import Boolean
from cd5flow.model.names import ALL
from cd5flow.model.populations import GateTree
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import Columns
from support.gates_factory import SPACE, gates_and_matrix
from support.paths import SHARED
from support.workspace_factory import (
    ASINH,
    BIEX,
    LINEAR,
    LOG,
    LOGICLE,
    WIDE_BIEX,
    box,
    combination,
    outline,
    oval,
    population,
    spillover,
    tube,
    workspace,
)

WORKSPACES = SHARED / "gatingml" / "data"
EVENTS = 20_000
MOST_APART = 2e-4
DATA = f"{{{SPACE}datatypes}}"
TICK = 0.01


def values_of(names: list[str], *, seed: int = 1) -> npt.NDArray[np.float32]:
    """Return scatter, ticks, and dyes of which many lie at the floor of a scale or above its top."""
    rng = np.random.default_rng(seed)
    columns = []
    for name in names:
        if name.startswith(("FSC", "SSC")):
            column = rng.uniform(0, 262144, EVENTS)
        elif name == "Time":
            column = np.linspace(0, 60_000, EVENTS)
        else:
            negative = rng.normal(0, 300, EVENTS)
            column = np.where(rng.random(EVENTS) < 0.5, negative, rng.lognormal(8, 2, EVENTS))
            column[rng.random(EVENTS) < 0.05] = -4000
        columns.append(column)
    return np.asfortranarray(np.column_stack(columns), dtype=np.float32)


def write_tube(path: Path, names: list[str]) -> Path:
    channels = tuple(Channel(i, n, None, 32, 262144, 262144) for i, n in enumerate(names))
    keywords = {"$TIMESTEP": str(TICK)}
    write_fcs(path, values_of(names), channels=channels, keywords=keywords)
    return path


def by_flowkit(content: bytes, fcs: Path, name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flowkit = pytest.importorskip("flowkit")
        sample = flowkit.Sample(fcs, sample_id=name, use_flowjo_labels=True)
        opened = flowkit.Workspace(io.BytesIO(content), fcs_samples=[sample])
        opened.analyze_samples(sample_id=name, use_mp=False)
        return opened.get_gating_results(name)


def by_us(drawn: DrawnGates, fcs: Path) -> dict[str, Mask]:
    """Return who is in, by path; gates.xml of the same gates holds the same events."""
    raw = read_fcs(fcs).raw
    found = apply_gates(drawn.tree, Columns(compensate(raw, drawn.spillover)))
    names = {g.name: f"g{i}" for i, g in enumerate(drawn.tree.gates)}
    again, matrix = gates_and_matrix(
        to_gatingml(_plainly_named(drawn, names), spillover=drawn.spillover)
    )
    written = apply_gates(again, Columns(compensate(raw, matrix)))
    for name, plain in names.items():
        assert np.array_equal(written[plain], found[name])
    return {drawn.path(name): mask for name, mask in found.items() if name in names}


def _plainly_named(drawn: DrawnGates, names: dict[str, str]) -> GateTree:
    ours = {**names, ALL: ALL}
    gates = []
    for gate in drawn.tree.gates:
        region = gate.region
        if isinstance(region, Boolean):
            operands = tuple(replace(o, gate=ours[o.gate]) for o in region.operands)
            region = Boolean(region.operator, operands)
        gates.append(replace(gate, name=ours[gate.name], parent=ours[gate.parent], region=region))
    return GateTree(tuple(gates))


def assert_equal(content: bytes, fcs: Path, one: WorkspaceTube) -> dict[str, Mask]:
    drawn = one.gates()
    assert drawn.refused == {}
    ours, theirs = by_us(drawn, fcs), by_flowkit(content, fcs, one.names[0])
    for path, mask in ours.items():
        if path.endswith("(inside)"):  # ours alone
            continue
        *above, name = path.split("/")
        apart = mask != theirs.get_gate_membership(name, ("root", *above))
        assert apart.sum() <= MOST_APART * mask.size, path
    return ours


DYES = ("CD5-A", "CD7-A", "CD3-A", "CD45-A", "B-A", "W-A")
NAMES = ["FSC-A", "SSC-A", *DYES, "Time"]
MATRIX = np.eye(6) + 0.06 * np.eye(6, k=1) + 0.02 * np.eye(6, k=-2)
SCALES = {
    "FSC-A": LINEAR, "SSC-A": LINEAR, "Time": LINEAR, "CD5-A": BIEX, "CD7-A": LOGICLE,
    "CD3-A": ASINH, "CD45-A": LOG, "B-A": BIEX, "W-A": WIDE_BIEX,
}  # fmt: skip
SCALES |= {f"Comp-{dye}": SCALES[dye] for dye in DYES}


def synthetic(*populations: str) -> bytes:
    matrix = spillover(DYES, MATRIX.tolist())
    return workspace(tube("tube.fcs", *populations, events=EVENTS, scales=SCALES, matrix=matrix))


FOCI = ((120, 120), (160, 170))
EDGE = ((105, 100), (175, 190), (155, 128), (125, 162))


def test_every_gate_of_flowjo_holds_the_same_events(tmp_path: Path) -> None:
    content = synthetic(
        population(
            "Cells (big)",
            outline("FSC-A", "SSC-A", ((2e4, 1e4), (2.4e5, 3e4), (2e5, 2.5e5), (4e4, 2e5))),
            population("Time", box(("Time", 20.0, 480.0))),
            population("CD5 dim", box(("Comp-CD5-A", 200.0, 9e3), ("Comp-CD7-A", None, 2e4))),
            population("CD5+, CD7+", box(("Comp-CD5-A", 500.0, 1e9), ("Comp-CD7-A", 300.0, 1e9))),
            population("not CD3", box(("Comp-CD3-A", 700.0, 1e6), inside=False)),
            population("ring", oval("Comp-CD5-A", "Comp-B-A", FOCI, EDGE)),
            combination("NotNode", "dull", "Cells (big)/CD5 dim"),
            combination("AndNode", "both", "Cells (big)/CD5 dim", "Cells (big)/Time"),
            combination("OrNode", "any", "Cells (big)/CD5 dim", "Cells (big)/ring"),
        ),
    )  # fmt: skip
    (one,) = read_workspace(XmlFile("study.wsp", content, ""))
    fcs = write_tube(tmp_path / "tube.fcs", NAMES)
    found = {path: float(m.mean()) for path, m in assert_equal(content, fcs, one).items()}
    assert len(found) == 10
    assert min(found.values()) > 0.005
    assert found["Cells (big)/any"] > found["Cells (big)/CD5 dim"]


CORNERS = ((-150, 40), (900, 15), (3e4, 700), (2e3, 6e4), (-400, 9e3))


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [
        ("CD5-A", "B-A", True),
        ("CD5-A", "CD45-A", False),
        ("CD45-A", "CD3-A", True),
        ("W-A", "CD45-A", True),
        ("CD7-A", "CD3-A", False),
        ("CD7-A", "B-A", True),
        ("FSC-A", "CD45-A", True),
        ("FSC-A", "W-A", False),
    ],
)
def test_bent_edges_hold_the_same_events(
    x: str,
    y: str,
    inside: bool,  # noqa: FBT001 - a case of the table
    tmp_path: Path,
) -> None:
    mark = "" if x == "FSC-A" else "Comp-"
    gate = outline(f"{mark}{x}", f"Comp-{y}", CORNERS, inside=inside)
    content = synthetic(population("bent", gate))
    (one,) = read_workspace(XmlFile("study.wsp", content, ""))
    fcs = write_tube(tmp_path / "tube.fcs", NAMES)
    share = float(assert_equal(content, fcs, one)["bent"].mean())
    assert 0.01 < share < 0.99


@pytest.mark.parametrize(
    "corners",
    [
        ((-1e5, -1e5), (3e3, -1e5), (3e3, 5e3), (-1e5, 5e3)),
        ((-1e5, 100), (3e3, 30), (3e3, 5e3), (-1e5, 900)),
        ((50, -1e5), (3e3, -1e5), (300, 5e3)),
        ((-1e5, -1e5), (9e3, 20), (20, 9e3)),
        ((-1e5, 5e3), (3e3, 5e3), (3e3, -1e5), (-1e5, -1e5)),
        ((-1e5, 9e3), (-1e5, 300), (500, 300), (500, -1e5), (4e3, -1e5), (4e3, 9e3)),
    ],
)
@pytest.mark.parametrize(("x", "y"), [("CD5-A", "B-A"), ("CD45-A", "CD5-A"), ("W-A", "CD45-A")])
def test_edges_along_the_floor_take_in_what_is_piled_up_there(
    corners: tuple[tuple[float, float], ...], x: str, y: str, tmp_path: Path
) -> None:
    content = synthetic(population("floor", outline(f"Comp-{x}", f"Comp-{y}", corners)))
    (one,) = read_workspace(XmlFile("study.wsp", content, ""))
    fcs = write_tube(tmp_path / "tube.fcs", NAMES)
    share = float(assert_equal(content, fcs, one)["floor"].mean())
    assert 0.001 < share < 0.9


def test_a_gate_on_a_channel_as_acquired_stays_uncompensated(tmp_path: Path) -> None:
    content = synthetic(
        population("raw", box(("CD7-A", 900.0, 9e3))),
        population("compensated", box(("Comp-CD7-A", 900.0, 9e3))),
    )
    (one,) = read_workspace(XmlFile("study.wsp", content, ""))
    fcs = write_tube(tmp_path / "tube.fcs", NAMES)
    found = by_us(one.gates(), fcs)
    x = read_fcs(fcs).raw.values[:, NAMES.index("CD7-A")]
    assert np.array_equal(found["raw"], (x >= 900) & (x < 9e3))
    assert (found["raw"] != found["compensated"]).mean() > 0.005


def test_a_workspace_that_flowkit_wrote_is_read(tmp_path: Path) -> None:
    flowkit = pytest.importorskip("flowkit")
    strategy = flowkit.GatingStrategy()
    transform = flowkit.transforms.LogicleTransform(262144, 0.7, 4.5, 0)
    strategy.add_transform("logicle", transform)
    strategy.add_comp_matrix("m", flowkit.Matrix(MATRIX, list(DYES), list(DYES)))
    dims = [flowkit.Dimension(d, "m", "logicle", 0.3, 0.7) for d in ("CD5-A", "CD7-A")]
    strategy.add_gate(flowkit.gates.RectangleGate("box", dims), ("root",))
    fcs = write_tube(tmp_path / "tube.fcs", NAMES)
    session = flowkit.Session(strategy, fcs_samples=flowkit.Sample(fcs))
    out = tmp_path / "study.wsp"
    with out.open("wb") as stream:
        session.export_wsp(stream, "group")
    (one,) = read_workspace(XmlFile(out.name, out.read_bytes(), ""))
    assert one.names == ("tube.fcs",)
    drawn = one.gates()
    assert drawn.spillover is not None
    assert drawn.spillover.detectors == DYES
    session.analyze_samples(use_mp=False)
    theirs = session.get_gate_membership("tube.fcs", "box")
    assert 0.01 < theirs.mean() < 0.9
    assert (by_us(drawn, fcs)["box"] != theirs).mean() <= MOST_APART


def shared_workspaces() -> list[str]:
    return sorted(p.relative_to(WORKSPACES).as_posix() for p in WORKSPACES.glob("*/*.wsp"))


UNREAD = {
    "8_color_data_set/8_color_ICS_dot_gate_name.wsp": "Gate name '.' is incompatible",
}
"""Workspaces that FlowKit itself refuses."""

EMPTY = {"simple_line_example/simple_poly_and_rect.wsp"}
"""Workspaces whose gates hold no event of their tube."""


@pytest.mark.skipif(not WORKSPACES.is_dir(), reason="the shared workspaces are absent")
@pytest.mark.parametrize("name", shared_workspaces())
def test_workspaces_of_flowjo_hold_the_same_events_as_with_flowkit(
    name: str, tmp_path: Path
) -> None:
    content = (WORKSPACES / name).read_bytes()
    tubes = read_workspace(XmlFile(Path(name).name, content, ""))
    if name in UNREAD:
        with pytest.raises(GatesError, match=UNREAD[name]):
            tubes[0].gates()
        return
    root = ElementTree.fromstring(content)
    held = 0
    for one, sample in zip(tubes, root.iterfind("SampleList/Sample"), strict=True):
        fcs = (WORKSPACES / name).parent / one.names[0]
        if not fcs.is_file():  # the tube itself is not there: another with its channels
            listed = (p.get(f"{DATA}name", "") for p in sample.iterfind("Transformations/*/*"))
            names = dict.fromkeys(n for n in listed if not n.startswith("Comp-"))
            fcs = write_tube(tmp_path / one.names[0], list(names))
        if sample.find("SampleNode/Subpopulations") is None:
            with pytest.raises(GatesError, match="found no gates drawn on it"):
                one.gates()
            continue
        held += sum(bool(m.any()) for m in assert_equal(content, fcs, one).values())
    assert held >= (0 if name in EMPTY else 1)


@pytest.mark.skipif(not WORKSPACES.is_dir(), reason="the shared workspaces are absent")
@pytest.mark.parametrize(
    "name",
    [
        "simple_diamond_example_quad_gate",
        "test_data_diamond_asinh_rect",
        "test_data_diamond_asinh_rect2",
        "test_data_diamond_biex_rect",
    ],
)
def test_flowjos_own_counts_are_met_to_the_event(name: str) -> None:
    folder = WORKSPACES / "simple_diamond_example"
    content = (folder / f"{name}.wsp").read_bytes()
    (one,) = read_workspace(XmlFile(name, content, ""))
    found = by_us(one.gates(), folder / one.names[0])
    counted = {
        p.get("name"): int(p.get("count", "-1"))
        for p in ElementTree.fromstring(content).iterfind("SampleList//Population")
    }
    assert counted
    assert {path.rpartition("/")[2]: int(mask.sum()) for path, mask in found.items()} == counted
