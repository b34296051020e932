"""gates.xml read by FlowKit on the same FCS file: the same events in the same populations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.fcs.write import write_fcs
from cd5flow.gating.apply import apply_gates
from cd5flow.gating.clearance import clear_of_events
from cd5flow.interop.gatingml import to_gatingml
from cd5flow.model.events import Channel, CompensatedEvents, Mask, RawEvents, Spillover
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
from cd5flow.model.members import Members
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Asinh, Linear, Log, Logicle, Scale
from cd5flow.preprocess.transforms import Columns

pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero encountered in log10:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value encountered in log10:RuntimeWarning"),
]

EVENTS = 10_000
MOST_APART = 2e-4
TICK = 0.01
TOP = 262144.0
DYES = ("CD5 PC7-A", "CD45+KrO", "cyCD3 <PB> & 'x'", "FL 4")
NAMES = ("FSC-A", "SSC-A", *DYES, "Time")
MATRIX = np.array(
    [
        [1.0, 0.12, 0.001, 0.0],
        [0.03, 1.0, 0.2, 0.0],
        [0.0, 0.05, 1.0, 0.01],
        [0.3, 0.0, 0.02, 1.0],
    ]
)
SPILLOVER = Spillover(detectors=DYES, matrix=MATRIX, source="test")
LOGICLE, ASINH = Logicle(t=TOP, w=0.7), Asinh(t=TOP, m=4.5, a=0.5)
LOG, LINEAR = Log(t=TOP, m=4.5), Linear(t=TOP, a=1000)

FSC, SSC, TIME = Dimension("FSC-A"), Dimension("SSC-A", scale=LINEAR), Dimension("Time")
CD5, CD45 = Dimension(DYES[0], scale=LOGICLE), Dimension(DYES[1], scale=ASINH)
CD3, FL4 = Dimension(DYES[2], scale=LOG), Dimension(DYES[3])


def synthetic_values(seed: int, *, events: int = EVENTS) -> npt.NDArray[np.float32]:
    """Return two scatter channels, four spilling dyes each with negatives and positives, ticks."""
    rng = np.random.default_rng(seed)
    scatter = rng.normal((9e4, 5e4), (3e4, 2e4), (events, 2))
    positive = rng.random((events, 4)) < 0.5
    dyes = rng.normal(0, 300, (events, 4)) + positive * rng.lognormal(8.5, 1, (events, 4))
    ticks = np.sort(rng.integers(0, 6000, events))
    return np.asfortranarray(np.column_stack([scatter, dyes @ MATRIX, ticks]), dtype=np.float32)


def tube(
    values: npt.NDArray[np.float32],
    *,
    spillover: Spillover | None = SPILLOVER,
    names: tuple[str, ...] = NAMES,
) -> CompensatedEvents:
    channels = tuple(
        Channel(index=i, detector=name, label=None, bits=32, range=TOP, maximum=TOP)
        for i, name in enumerate(names)
    )
    raw = RawEvents(values=values, channels=channels, timestep_seconds=TICK)
    compensated = {}
    if spillover is not None:
        columns = [names.index(detector) for detector in spillover.detectors]
        unmixed = values[:, columns].astype(np.float64) @ np.linalg.inv(spillover.matrix)
        compensated = {
            detector: unmixed[:, i].astype(np.float32)
            for i, detector in enumerate(spillover.detectors)
        }
    return CompensatedEvents(raw=raw, compensated=compensated, spillover=spillover)


def read_by_flowkit(events: CompensatedEvents, xml: str, folder: Path) -> Any:
    """Return FlowKit's gating results of a Gating-ML text on an FCS file of the events."""
    flowkit = pytest.importorskip("flowkit")
    fcs, gates = folder / "tube.fcs", folder / "gates.xml"
    write_fcs(
        fcs,
        events.raw.values,
        channels=events.raw.channels,
        keywords={"$TIMESTEP": str(TICK)},
    )
    gates.write_text(xml, encoding="utf-8")
    return flowkit.parse_gating_xml(str(gates)).gate_sample(flowkit.Sample(fcs))


def gate(name: str, region: Region, parent: str = ALL) -> Gate:
    return Gate(name=name, parent=parent, region=region, evidence=Evidence("given", events=0))


def assert_equal(events: CompensatedEvents, tree: GateTree, folder: Path) -> Members:
    """Compare event by event; return our membership."""
    ours = apply_gates(tree, Columns(events))
    theirs = read_by_flowkit(events, to_gatingml(tree, spillover=events.spillover), folder)
    for name in ours.keys() - {ALL}:
        apart = int((ours[name] != theirs.get_gate_membership(name)).sum())
        assert apart <= MOST_APART * len(events), f"{name}: {apart} events apart"
        assert theirs.get_gate_count(name) == theirs.get_gate_membership(name).sum()
    return ours


def shares(members: Mapping[str, Mask]) -> dict[str, float]:
    return {name: float(mask.mean()) for name, mask in members.items()}


def test_every_region_on_every_scale_holds_the_same_events(tmp_path: Path) -> None:
    sides = (Interval(CD5, low=0.2), Interval(CD3, low=0.3), Interval(FL4, high=9e3))
    tree = GateTree(
        (
            gate("time_kept", Intervals(TIME, ((0.0, 20.0), (25.0, 31.5), (40.0, 60.0)))),
            gate("cells", Rectangle((Interval(FSC, 5e4), Interval(SSC, 0.1, 0.4))), "time_kept"),
            gate("singlets", Polygon(FSC, SSC, ((4e4, 0.05), (1.8e5, 0.1), (1e5, 0.5))), "cells"),
            gate("cd45", Interval(CD45, low=0.3, high=0.75), "singlets"),
            gate("cd3", Interval(CD3, high=0.6), "cd45"),
            gate("fl4", Interval(FL4, low=400.0), "singlets"),
            gate("lobe", Ellipse(CD5, CD45, (0.5, 0.5), (0.04, 0.02, 0.03), 2.5), "cells"),
            gate("wedge", Polygon(CD5, CD3, ((0.1, 0.2), (0.8, 0.3), (0.7, 0.9), (0.3, 0.5)))),
            gate("box", Rectangle(sides)),
            gate("both", Boolean("and", (Operand("lobe"), Operand("cd45"))), "time_kept"),
            gate("either", Boolean("or", (Operand("wedge"), Operand("fl4"))), "cells"),
            gate(
                "rest",
                Boolean("and", (Operand("either", complement=True), Operand("cd3"))),
                "singlets",
            ),
            gate("not_wedge", Boolean("or", (Operand("wedge", complement=True), Operand("box")))),
            gate("child", Interval(CD5, low=0.35), "not_wedge"),
        )
    )  # fmt: skip
    found = shares(assert_equal(tube(synthetic_values(1)), tree, tmp_path))
    assert min(found.values()) > 0.001
    assert max(share for name, share in found.items() if name != ALL) < 0.95


SCALES: tuple[Scale | None, ...] = (
    None,
    LOGICLE,
    ASINH,
    LOG,
    LINEAR,
    Logicle(t=TOP, w=0, m=4, a=1),
    Logicle(t=1e4, w=1.0, m=5.4, a=-0.3),
)


class RandomRegions:
    """Regions of any kind whose bounds lie among a tube's events."""

    def __init__(self, rng: np.random.Generator, columns: Columns) -> None:
        self.rng = rng
        self.columns = columns

    def axis(self, name: str) -> Dimension:
        scale = None if name == "Time" else SCALES[self.rng.integers(len(SCALES))]
        return Dimension(name, scale=scale, compensated=bool(self.rng.random() < 0.8))

    def bounds(self, axis: Dimension) -> tuple[float, float]:
        at = sorted(self.rng.choice(np.linspace(0.02, 0.98, 25), 2, replace=False))
        low, high = np.nanquantile(self.columns.column(axis), at)
        return float(low), float(high) + 1e-3

    def interval(self, axis: Dimension) -> Interval:
        low, high = self.bounds(axis)
        side = self.rng.integers(4)
        return Interval(axis, None if side == 0 else low, None if side == 1 else high)

    def shape(self) -> Region:
        x, y = (self.axis(str(name)) for name in self.rng.choice(NAMES, 2, replace=False))
        (left, right), (bottom, top) = self.bounds(x), self.bounds(y)
        centre = ((left + right) / 2, (bottom + top) / 2)
        match self.rng.integers(5):
            case 0:
                return self.interval(x)
            case 1:
                return Intervals(x, ((left, centre[0]), (centre[0], right)))
            case 2:
                axes = dict.fromkeys((x, y, self.axis(x.detector)))
                return Rectangle(tuple(self.interval(axis) for axis in axes))
            case 3:
                corners = ((left, bottom), (right, bottom), (right, top), (left, top))
                return Polygon(x, y, tuple(corners[i] for i in self.rng.permutation(4)))
            case _:
                xx, yy = ((right - left) / 2) ** 2, ((top - bottom) / 2) ** 2
                slant = float(self.rng.uniform(-0.8, 0.8) * np.sqrt(xx * yy))
                return Ellipse(x, y, centre, (xx, slant, yy), float(self.rng.uniform(0.5, 3)))

    def combination(self, known: list[str]) -> Region:
        operator: Literal["and", "or"] = "and" if self.rng.random() < 0.5 else "or"
        chosen = self.rng.choice(known, self.rng.integers(1, 4))
        return Boolean(
            operator, tuple(Operand(str(name), bool(self.rng.random() < 0.5)) for name in chosen)
        )


def random_tree(rng: np.random.Generator, columns: Columns, *, gates: int) -> GateTree:
    regions = RandomRegions(rng, columns)
    made: list[Gate] = []
    for number in range(gates):
        known = [ALL, *(g.name for g in made)]
        boolean = number > 1 and rng.random() < 0.4
        region = regions.combination(known) if boolean else regions.shape()
        parent = ALL if rng.random() < 0.4 else str(rng.choice(known))
        made.append(gate(f"g{number}", region, parent))
    return GateTree(tuple(made))


@pytest.mark.parametrize("seed", range(8))
def test_any_tree_holds_the_same_events(seed: int, tmp_path: Path) -> None:
    events = tube(synthetic_values(seed))
    tree = random_tree(np.random.default_rng(seed), Columns(events), gates=20)
    assert_equal(events, tree, tmp_path)


def test_bounds_on_piles_of_equal_values_hold_the_same_events_once_clear(tmp_path: Path) -> None:
    values = np.round(synthetic_values(12) / 256) * 256
    events = tube(np.asfortranarray(values, dtype=np.float32), spillover=None)
    columns = Columns(events)
    regions: list[Region] = []
    for axis in (CD5, CD45, CD3, SSC, FL4):
        low, high = (float(b) for b in np.nanquantile(columns.column(axis), (0.7, 0.9)))
        region = Interval(axis, low, high)
        regions.append(clear_of_events(region, columns, np.ones(EVENTS, dtype=np.bool_)))
    tree = GateTree(tuple(gate(f"g{i}", region) for i, region in enumerate(regions)))
    ours = apply_gates(tree, columns)
    theirs = read_by_flowkit(events, to_gatingml(tree, spillover=None), tmp_path)
    for name in ours.keys() - {ALL}:
        assert (ours[name] == theirs.get_gate_membership(name)).all()


def test_a_tube_without_a_matrix_is_written_uncompensated(tmp_path: Path) -> None:
    tree = GateTree((gate("a", Polygon(CD5, FL4, ((0.2, 0), (0.9, 0), (0.6, 2e4)))),))
    found = assert_equal(tube(synthetic_values(2), spillover=None), tree, tmp_path)
    compensated = apply_gates(tree, Columns(tube(synthetic_values(2))))
    assert (found["a"] != compensated["a"]).mean() > 0.01


def test_a_population_may_be_combined_with_its_own_parent(tmp_path: Path) -> None:
    rest = (Operand("cells"), Operand("bright", complement=True))
    tree = GateTree(
        (
            gate("cells", Interval(FSC, low=6e4)),
            gate("bright", Interval(FL4, low=1000), "cells"),
            gate("rest", Boolean("and", rest), "cells"),
            gate("everyone", Boolean("or", rest), "rest"),
            gate("nobody", Boolean("and", (Operand(ALL, complement=True),)), "cells"),
        )
    )
    found = assert_equal(tube(synthetic_values(3)), tree, tmp_path)
    assert (found["rest"] == (found["cells"] & ~found["bright"])).all()
    assert (found["everyone"] == found["rest"]).all()
    assert not found["nobody"].any()


def test_what_a_log_scale_does_not_define_is_in_no_complement(tmp_path: Path) -> None:
    complement = Operand("dim", complement=True)
    tree = GateTree(
        (
            gate("dim", Interval(CD3, high=0.6)),
            gate("bright", Boolean("and", (complement,))),
            gate("big", Interval(FSC, low=1.2e5)),
            gate("bright_or_big", Boolean("or", (complement, Operand("big")))),
        )
    )
    events = tube(synthetic_values(4))
    found = assert_equal(events, tree, tmp_path)
    undefined = np.isnan(Columns(events).column(CD3))
    assert 0.1 < undefined.mean() < 0.5
    assert not (undefined & (found["dim"] | found["bright"])).any()
    assert (undefined & found["bright_or_big"]).any()


def test_zero_is_not_below_a_bound_on_a_log_scale(tmp_path: Path) -> None:
    values = synthetic_values(11)
    values[::4, NAMES.index(DYES[2])] = 0
    raw = Dimension(DYES[2], scale=LOG, compensated=False)
    tree = GateTree((gate("dim", Interval(raw, high=0.6)),))
    found = assert_equal(tube(values), tree, tmp_path)
    assert 0.1 < found["dim"].mean() < 0.75
    assert not found["dim"][::4].any()


def test_an_event_that_is_nan_is_in_no_complement(tmp_path: Path) -> None:
    values = synthetic_values(5)
    values[::10, NAMES.index(DYES[0])] = np.nan
    tree = GateTree(
        (
            gate("bright", Interval(CD5, low=0.5)),
            gate("dim", Boolean("and", (Operand("bright", complement=True),))),
        )
    )
    found = assert_equal(tube(values), tree, tmp_path)
    assert (found["bright"] | found["dim"]).mean() == pytest.approx(0.9)


def test_one_channel_on_two_scales_bounds_one_rectangle(tmp_path: Path) -> None:
    linear, raw = Dimension(DYES[0]), Dimension(DYES[0], scale=LOGICLE, compensated=False)
    sides = (Interval(CD5, low=0.4), Interval(linear, high=2e4), Interval(raw, low=0.45))
    tree = GateTree((gate("cells", Interval(FSC, 5e4)), gate("a", Rectangle(sides), "cells")))
    found = assert_equal(tube(synthetic_values(6)), tree, tmp_path)
    assert 0.05 < found["a"].mean() < 0.9


def test_a_compensated_and_an_uncompensated_channel_share_a_gate(tmp_path: Path) -> None:
    raw = Dimension(DYES[1], scale=LOGICLE, compensated=False)
    region = Polygon(CD5, raw, ((0.15, 0.3), (0.7, 0.2), (0.9, 0.5), (0.4, 0.7)))
    found = assert_equal(tube(synthetic_values(7)), GateTree((gate("a", region),)), tmp_path)
    assert 0.05 < found["a"].mean() < 0.9


def test_a_raw_channel_into_which_nothing_spills_shares_a_gate_too(tmp_path: Path) -> None:
    matrix = MATRIX.copy()
    matrix[:, 1] = np.eye(4)[:, 1]
    spillover = Spillover(detectors=DYES, matrix=matrix, source="test")
    raw = Dimension(DYES[1], scale=LOGICLE, compensated=False)
    region = Polygon(CD5, raw, ((0.15, 0.3), (0.7, 0.2), (0.9, 0.5), (0.4, 0.7)))
    tree = GateTree((gate("a", region),))
    found = assert_equal(tube(synthetic_values(7), spillover=spillover), tree, tmp_path)
    assert 0.05 < found["a"].mean() < 0.9


def test_a_matrix_may_name_a_scatter_channel_that_it_leaves_alone(tmp_path: Path) -> None:
    matrix = np.eye(5)
    matrix[1:, 1:] = MATRIX
    spillover = Spillover(detectors=("SSC-A", *DYES), matrix=matrix, source="test")
    region = Polygon(CD5, SSC, ((0.2, 0.1), (0.9, 0.1), (0.5, 0.5)))
    tree = GateTree((gate("a", region),))
    assert_equal(tube(synthetic_values(8), spillover=spillover), tree, tmp_path)


def test_a_time_channel_of_another_name_is_in_seconds_too(tmp_path: Path) -> None:
    names = (*NAMES[:-1], "HDR-T")
    events = tube(synthetic_values(9), names=names)
    axis = Dimension("HDR-T")
    tree = GateTree(
        (
            gate("kept", Intervals(axis, ((0.0, 20.0), (30.0, 50.0)))),
            gate("cut", Boolean("and", (Operand("kept", complement=True),))),
        )
    )
    ours = apply_gates(tree, Columns(events))
    xml = to_gatingml(tree, spillover=SPILLOVER, tick_seconds={"HDR-T": TICK})
    theirs = read_by_flowkit(events, xml, tmp_path)
    assert 0.5 < ours["kept"].mean() < 0.8
    for name in ("kept", "cut"):
        assert (ours[name] != theirs.get_gate_membership(name)).mean() <= MOST_APART


def test_populations_may_be_named_as_scales_and_matrices_are(tmp_path: Path) -> None:
    names = ("logicle_1", "spillover", "a.span_1", "a")
    spans = Intervals(CD5, ((0.1, 0.3), (0.5, 0.7)))
    tree = GateTree(tuple(gate(name, spans) for name in names))
    assert_equal(tube(synthetic_values(10)), tree, tmp_path)


def test_a_tree_without_gates_is_a_valid_file(tmp_path: Path) -> None:
    flowkit = pytest.importorskip("flowkit")
    file = tmp_path / "gates.xml"
    file.write_text(to_gatingml(GateTree(()), spillover=None), encoding="utf-8")
    assert flowkit.parse_gating_xml(str(file)).get_gate_ids() == []
