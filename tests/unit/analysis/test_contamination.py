"""Other cells among the blasts, on simulated populations that overlap by a known number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from cd5flow.analysis.contamination import find_neighbours, find_outside
from cd5flow.gating.apply import apply_gates
from cd5flow.model.geometry import Boolean, Dimension, Ellipse, Interval, Operand, Rectangle
from cd5flow.model.members import Members
from cd5flow.model.names import ALL
from cd5flow.model.panel import Panel
from cd5flow.model.populations import (
    BY_GROUPS,
    Evidence,
    Gate,
    GateTree,
    Gating,
    LeukaemicPopulation,
    Lineage,
    SampledKinds,
)
from cd5flow.preprocess.transforms import Columns
from cd5flow.quantify.contamination import Neighbour
from support.readout_factory import cd5_limits, columns_of, panel_of, raw_events

RULE = cd5_limits().neighbours
BRIGHT, DARK = 1e4, 0.0
"""CD5 of cells with and without it."""

Peak = tuple[float, float]


@dataclass(frozen=True)
class Cells:
    """A population: how many, and median and SD of each marker in display units."""

    events: int
    cd45: Peak
    cd3: Peak
    cycd3: Peak
    cd5: float = DARK


BLASTS = Cells(2000, (50, 4), (10, 3), (60, 6), BRIGHT)
T_CELLS = Cells(3000, (80, 4), (80, 4), (60, 6), BRIGHT)
B_CELLS = Cells(3000, (55, 8), (10, 3), (10, 6))
NK_CELLS = Cells(800, (78, 4), (10, 3), (55, 6))


@dataclass(frozen=True)
class Gated:
    """A gated tube, and which population each event is of."""

    gating: Gating
    columns: Columns
    panel: Panel
    kind: np.ndarray

    def said(self) -> dict[str, Neighbour]:
        found = find_neighbours(self.gating, self.columns, self.panel, rule=RULE)
        return {neighbour.source: neighbour for neighbour in found}

    def inside(self, *kinds: int) -> int:
        """Return how many of these kinds really lie in the blast gate."""
        return int(np.isin(self.kind[self.gating.members["blasts"]], kinds).sum())


def gated(*kinds: Cells, cut: float = 35.0, top: float = 65.0, seed: int = 0) -> Gated:
    """Gate a tube: cyCD3 from `cut`, CD3 below 45, CD45 from 35 to `top`; T cells by CD45 and CD3."""
    rng = np.random.default_rng(seed)

    def column(marker: str) -> np.ndarray:
        peaks: list[Peak] = [getattr(k, marker) for k in kinds]
        return np.concatenate(
            [rng.normal(p[0], p[1], k.events) for p, k in zip(peaks, kinds, strict=True)]
        )

    cd5 = np.concatenate([np.full(k.events, k.cd5) for k in kinds])
    raw = raw_events(CD45_A=column("cd45"), CD3_A=column("cd3"), cyCD3_A=column("cycd3"), PE_A=cd5)
    panel = panel_of(raw, CD45="CD45-A", CD3="CD3-A", cyCD3="cyCD3-A", CD5="PE-A")
    columns = columns_of(raw)

    def axis(marker: str) -> Dimension:
        return Dimension(panel.detector(marker))

    t_cells = Rectangle((Interval(axis("CD45"), 65), Interval(axis("CD3"), 60)))
    tree = GateTree(
        (
            gate("t_cells", ALL, t_cells),
            gate("cycd3_positive", ALL, Interval(axis("cyCD3"), cut)),
            gate("scd3_negative", "cycd3_positive", Interval(axis("CD3"), high=45)),
            gate("blasts", "scd3_negative", Interval(axis("CD45"), 35, top)),
        )
    )
    kind = np.repeat(np.arange(len(kinds)), [k.events for k in kinds])
    gating = Gating(
        tree=tree,
        members=apply_gates(tree, columns),
        findings=(),
        lineage=Lineage(name="cyCD3+ sCD3-", rule="cyCD3+ sCD3-", cluster=True, lacks=("CD3",)),
        denominator_rule="all",
    )
    return Gated(gating, columns, panel, kind)


def gate(name: str, parent: str, region: Interval | Rectangle | Boolean) -> Gate:
    return Gate(name, parent, region, Evidence("given", 0))


def test_populations_that_lie_apart_leave_nobody_in_the_gate() -> None:
    tube = gated(BLASTS, T_CELLS, replace(B_CELLS, cycd3=(0, 3)))

    assert tube.inside(1, 2) == 0
    assert sum(n.events for n in tube.said().values()) < 5


@pytest.mark.parametrize("place", [14.0, 18.0, 22.0])
def test_cells_of_another_lineage_are_found_across_the_cut(place: float) -> None:
    tube = gated(BLASTS, T_CELLS, replace(B_CELLS, cycd3=(place, 6)))
    there, said = tube.inside(2), tube.said()["cycd3_positive"]

    assert 0.6 * there <= said.events <= 4 * there + 15
    assert said.positive_share(500.0) == pytest.approx(0, abs=0.05)


def test_t_cells_with_little_cd3_carry_cd5() -> None:
    dim = Cells(400, (60, 4), (55, 8), (60, 6), BRIGHT)
    tube = gated(BLASTS, T_CELLS, dim)
    there, said = tube.inside(2), tube.said()["scd3_negative"]

    assert there > 10
    assert 0.6 * there <= said.events <= 4 * there + 15
    assert said.positive_share(500.0) == 1


@pytest.mark.parametrize("place", [70.0, 72.0, 75.0])
def test_nk_cells_are_found_by_their_cd45(place: float) -> None:
    tube = gated(BLASTS, replace(T_CELLS, cd45=(place, 4)), replace(NK_CELLS, cd45=(place, 4)))
    there = tube.inside(2)
    said = tube.said().get("CD45")
    events = 0.0 if said is None else said.events

    assert 0.6 * there - 3 <= events <= 2 * there + 30


def test_the_like_of_nk_cells_lack_cd5() -> None:
    tube = gated(BLASTS, replace(T_CELLS, cd45=(70, 4)), replace(NK_CELLS, cd45=(70, 4)))

    assert tube.said()["CD45"].positive_share(500.0) == 0


def test_bright_blasts_are_not_taken_for_nk_cells() -> None:
    bright = replace(BLASTS, cd45=(70, 4))
    tube = gated(bright, replace(T_CELLS, cd45=(76, 4)), top=90.0)
    said = tube.said().get("CD45")

    assert said is None or said.events < 0.1 * bright.events


def test_cells_that_another_gate_keeps_out_are_no_neighbours() -> None:
    # They reach far across the cut on cyCD3, but have no CD45.
    erythroid = Cells(3000, (0, 5), (10, 3), (25, 10))
    tube = gated(BLASTS, T_CELLS, erythroid)

    assert tube.inside(2) == 0
    assert sum(n.events for n in tube.said().values()) < 5


def test_cells_excluded_by_name_stay_excluded() -> None:
    tube = gated(BLASTS, replace(T_CELLS, cd45=(70, 4)), replace(NK_CELLS, cd45=(70, 4)))
    nk = np.zeros(tube.kind.size, dtype=np.bool_)
    nk[tube.kind == 2] = True
    line = tube.gating.tree.gates
    tree = GateTree(
        (
            line[0],
            gate("nk_cells", ALL, Interval(Dimension("CD45-A"), 0)),
            *line[1:3],
            gate(
                "not_nk", "scd3_negative", Boolean("and", (Operand("nk_cells", complement=True),))
            ),
            replace(line[3], parent="not_nk"),
        )
    )
    members = {**tube.gating.members, "nk_cells": nk}
    members["not_nk"] = members["scd3_negative"] & ~nk
    members["blasts"] = members["blasts"] & ~nk
    told = replace(tube, gating=replace(tube.gating, tree=tree, members=Members(members)))

    assert tube.said()["CD45"].events > 50
    assert "CD45" not in told.said()


def test_without_a_cluster_there_is_nothing_to_estimate() -> None:
    tube = gated(BLASTS, T_CELLS, B_CELLS)
    scattered = replace(tube, gating=replace(tube.gating, lineage=Lineage()))

    assert scattered.said() == {}


def test_without_mature_lymphocytes_cd45_tells_nothing() -> None:
    tube = gated(BLASTS, replace(NK_CELLS, cd45=(70, 4)))

    assert "CD45" not in tube.said()


def test_events_without_a_value_are_nobodys_neighbour() -> None:
    tube = gated(BLASTS, T_CELLS, replace(B_CELLS, cycd3=(22, 6)))
    values = tube.columns.events.raw.values.copy(order="F")
    values[::7, 3] = np.nan
    raw = replace(tube.columns.events.raw, values=values)
    blank = replace(tube, columns=columns_of(raw))

    assert np.isfinite(blank.said()["cycd3_positive"].like).all()


# Blasts told by groups: several populations, each with gates of its own, and kinds of sampled cells

SECOND = Cells(1000, (30, 4), (10, 3), (60, 6), BRIGHT)
OTHERS = Cells(1500, (20, 4), (12, 3), (20, 6))


def ellipse(x: str, y: str, at: Peak, widths: Peak, *, reach: float = 12.0) -> Ellipse:
    """Return an ellipse about a place, of so many SD in the square."""
    axes = (Dimension(x), Dimension(y))
    return Ellipse(*axes, at, (widths[0] ** 2, 0.0, widths[1] ** 2), reach)


def by_groups(*kinds: Cells, told: bool = True, normal: tuple[int, ...] = (2, 3)) -> Gated:
    """Gate a tube with the first two kinds as blasts, an ellipse on CD45 x cyCD3 and a bound on CD3."""
    tube = gated(*kinds)
    gates = [tube.gating.tree.gates[0]]
    for number, kind in enumerate(kinds[:2], 1):
        widths = (kind.cd45[1], kind.cycd3[1])
        region = ellipse("CD45-A", "cyCD3-A", (kind.cd45[0], kind.cycd3[0]), widths)
        label = f"blasts_{number}"
        outer = replace(gate(f"{label}_CD45_cyCD3", ALL, Interval(Dimension("CD3-A"), high=45)))
        outer = replace(outer, region=region, evidence=Evidence(BY_GROUPS, 0))
        gates += [outer, gate(label, outer.name, Interval(Dimension("CD3-A"), high=45))]
    both = Boolean("or", (Operand("blasts_1"), Operand("blasts_2")))
    tree = GateTree((*gates, gate("nucleated", ALL, Interval(Dimension("CD45-A"), -1e6)),
                     gate("blasts", ALL, both)))  # fmt: skip
    names = np.where(np.isin(tube.kind, normal), "normal", "")
    sampled = np.arange(0, tube.kind.size, 2)
    gating = replace(
        tube.gating,
        tree=tree,
        members=apply_gates(tree, tube.columns),
        leukaemic=tuple(LeukaemicPopulation(f"blasts_{i}", "cyCD3+ sCD3-", "") for i in (1, 2)),
        sampled=SampledKinds(sampled, names[sampled]) if told else None,
    )
    return replace(tube, gating=gating)


def test_every_population_has_neighbours_of_its_own() -> None:
    near = replace(T_CELLS, cd3=(50, 6), cd45=(50, 4), cycd3=(60, 6))
    tube = by_groups(BLASTS, SECOND, near)
    there, said = tube.inside(2), tube.said()

    assert there > 100
    assert 0.6 * there <= said["blasts_1"].events <= 4 * there + 15
    assert said.get("blasts_2") is None or said["blasts_2"].events < 0.05 * there
    assert said["blasts_1"].positive_share(500.0) == 1


def test_an_ellipse_has_an_edge_on_either_axis() -> None:
    low = Cells(2000, (50, 4), (10, 3), (35, 6))
    tube = by_groups(BLASTS, SECOND, low)
    there, said = tube.inside(2), tube.said()["cyCD3"]

    assert there > 50
    assert 0.6 * there <= said.events <= 4 * there + 30
    assert said.positive_share(500.0) == pytest.approx(0, abs=0.1)


def test_the_populations_own_tail_is_no_neighbour() -> None:
    tail = replace(BLASTS, events=400, cycd3=(30, 3))
    kinds = (BLASTS, SECOND, T_CELLS, tail)
    counted = by_groups(*kinds, normal=(2, 3)).said()["cyCD3"].events
    own = by_groups(*kinds, normal=(2,)).said()["cyCD3"].events

    assert own < 0.1 * counted


def test_what_is_likely_is_no_more_than_what_may_be() -> None:
    tube = by_groups(BLASTS, SECOND, replace(T_CELLS, cd3=(50, 6), cd45=(50, 4)))

    for one in tube.said().values():
        assert one.expected is not None
        assert 0 <= one.expected <= one.events


def test_cells_of_no_normal_population_just_outside_are_counted() -> None:
    apart = replace(BLASTS, events=500, cd45=(75, 3))
    tube = by_groups(BLASTS, SECOND, T_CELLS, apart, normal=(2,))
    found = find_outside(tube.gating, tube.columns, tube.panel, rule=RULE)

    assert found is not None
    assert found.population is None
    # Half of the cells were sampled; the blasts' own tails come to a few.
    assert 250 <= found.events <= 250 + 0.01 * (BLASTS.events + SECOND.events)
    assert found.cells == pytest.approx(tube.kind.size / 2, abs=1)


def test_normal_cells_just_outside_are_not() -> None:
    apart = replace(BLASTS, events=500, cd45=(75, 3))
    tube = by_groups(BLASTS, SECOND, T_CELLS, apart, normal=(2, 3))
    found = find_outside(tube.gating, tube.columns, tube.panel, rule=RULE)

    assert found is not None
    assert found.events < 0.01 * (BLASTS.events + SECOND.events)


def test_cells_that_two_gates_keep_out_are_not_just_outside() -> None:
    apart = replace(BLASTS, events=500, cd45=(75, 3), cd3=(80, 4))
    tube = by_groups(BLASTS, SECOND, T_CELLS, apart, normal=(2,))
    found = find_outside(tube.gating, tube.columns, tube.panel, rule=RULE)

    assert found is not None
    assert found.events < 0.01 * (BLASTS.events + SECOND.events)
