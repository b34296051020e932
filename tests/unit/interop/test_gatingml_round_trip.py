"""What `to_gatingml` writes, `read_gatingml` reads back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cd5flow.gating.apply import apply_gates
from cd5flow.interop.gatingml import to_gatingml
from cd5flow.model.events import Channel, RawEvents, Spillover
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Interval,
    Intervals,
    Operand,
    Rectangle,
    Region,
)
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Log, Logicle
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import Columns
from support.gate_strategies import CHANNELS, DYES, shapes, trees
from support.gates_factory import gates_and_matrix
from support.properties import part_of_examples

MATRIX = np.array([[1.0, 0.125, 0, 0.03], [0.02, 1, 0.2, 0], [0, 0.1, 1, 0.01], [0.3, 0, 0, 1]])
SPILLOVER = Spillover(DYES, MATRIX, source="test")


def gate(name: str, region: Region, parent: str = ALL) -> Gate:
    return Gate(name, parent, region, Evidence("drawn", events=0))


def read_back(
    tree: GateTree, spillover: Spillover | None = None
) -> tuple[GateTree, Spillover | None]:
    return gates_and_matrix(to_gatingml(tree, spillover=spillover))


def events(seed: int = 1, count: int = 2000) -> RawEvents:
    """Return events about the numbers that gates are drawn at, some of them undefined."""
    rng = np.random.default_rng(seed)
    values = np.concatenate(
        [rng.normal(0, 10.0 ** rng.integers(-1, 9), (count // 4, len(CHANNELS))) for _ in range(4)]
    ).astype(np.float32)
    values[rng.random(values.shape) < 0.02] = np.nan
    values[rng.random(values.shape) < 0.02] = 0
    channels = tuple(Channel(i, n, None, 32, 262144, 262144) for i, n in enumerate(CHANNELS))
    return RawEvents(np.asfortranarray(values), channels, timestep_seconds=None)


RAW = events()


@settings(
    part_of_examples(0.4),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(trees())
def test_every_tree_is_read_back_as_it_was(
    whole: tuple[GateTree, Spillover | None],
) -> None:
    tree, spillover = whole
    again, matrix = read_back(tree, spillover)
    assert again == tree
    if spillover is None:
        assert matrix is None
    else:
        assert matrix is not None
        assert matrix.detectors == spillover.detectors
        assert np.array_equal(matrix.matrix, spillover.matrix)


@st.composite
def any_trees(draw: st.DrawFn) -> GateTree:
    """Return trees that Gating-ML has other words for: doubled operands, single spans, ancestors."""
    gates: list[Gate] = []
    for number in range(draw(st.integers(2, 7))):
        known = (ALL, *(g.name for g in gates))
        region: Region = draw(shapes(DYES))
        if number and draw(st.booleans()):
            operands = st.builds(Operand, st.sampled_from(known), st.booleans())
            operator: Literal["and", "or"] = draw(st.sampled_from(("and", "or")))
            region = Boolean(operator, tuple(draw(st.lists(operands, min_size=1, max_size=4))))
        elif draw(st.integers(0, 3)) == 0:
            axis = Dimension("FSC-A")
            region = Intervals(axis, ((-5.0, 900.0),))
        elif draw(st.integers(0, 3)) == 0:
            twice = (Dimension(DYES[0], Logicle(262144)), Dimension(DYES[0], Log(1e4, 4)))
            region = Rectangle((Interval(twice[0], low=0.2), Interval(twice[1], high=0.9)))
        gates.append(gate(f"g{number}", region, draw(st.sampled_from(known))))
    return GateTree(tuple(gates))


@settings(part_of_examples(0.4), suppress_health_check=[HealthCheck.too_slow])
@given(any_trees())
def test_what_is_said_in_other_words_holds_the_same_events_and_settles(tree: GateTree) -> None:
    again, matrix = read_back(tree, SPILLOVER)
    assert matrix is not None
    columns = Columns(compensate(RAW, SPILLOVER))
    theirs, ours = apply_gates(again, columns), apply_gates(tree, columns)
    for one in tree.gates:
        assert np.array_equal(theirs[one.name], ours[one.name]), one
    assert read_back(again, matrix)[0] == again


def one(region: Region, *, others: Sequence[Gate] = ()) -> Region:
    tree = GateTree((*others, gate("last", region)))
    return read_back(tree)[0]["last"].region


FSC = Dimension("FSC-A", compensated=False)


def test_spans_are_one_gate_again() -> None:
    spans = Intervals(FSC, ((0.0, 10.0), (20.0, 30.0), (30.0, 31.0)))
    assert one(spans) == spans


def test_a_single_span_comes_back_as_an_interval() -> None:
    assert one(Intervals(FSC, ((0.0, 10.0),))) == Interval(FSC, 0.0, 10.0)


def test_a_complement_comes_back_without_its_guard() -> None:
    bright = gate("bright", Interval(Dimension("CD5", Logicle(262144), compensated=False), 0.5))
    rest = Boolean("and", (Operand("bright", complement=True),))
    assert one(rest, others=[bright]) == rest
    either = Boolean("or", (Operand("bright", complement=True), Operand("big")))
    assert one(either, others=[bright, gate("big", Interval(FSC, 1))]) == either


def test_a_guard_that_says_more_than_the_complement_stays() -> None:
    nobody = gate("nobody", Boolean("and", (Operand(ALL, complement=True), Operand("big"))))
    rest = gate("rest", Boolean("and", (Operand("nobody", complement=True),)))
    tree, _ = read_back(GateTree((gate("big", Interval(FSC, 1)), nobody, rest)))
    assert tree["nobody"].region == Boolean("and", (Operand(ALL, complement=True),))
    assert tree["rest"].region == Boolean(
        "and", (Operand("nobody", complement=True), Operand("rest.defined_nobody"))
    )


def test_all_of_a_parent_and_none_of_it_come_back_as_such() -> None:
    cells = gate("cells", Interval(FSC, 1))
    everyone = gate("everyone", Boolean("or", (Operand(ALL), Operand("cells"))), "cells")
    nobody = gate("nobody", Boolean("and", (Operand(ALL, complement=True),)), "cells")
    tree, _ = read_back(GateTree((cells, everyone, nobody)))
    assert tree["everyone"].region == Boolean("and", (Operand("cells"),))
    assert tree["nobody"].region == Boolean("and", (Operand("cells", complement=True),))


@pytest.mark.parametrize("change", ['gating:max="10.0"', "part of last"])
def test_helpers_that_another_program_changed_stay_gates_of_their_own(change: str) -> None:
    spans = GateTree((gate("last", Intervals(FSC, ((0.0, 10.0), (20.0, 30.0)))),))
    text = to_gatingml(spans, spillover=None)
    assert change in text
    changed = text.replace(change, 'gating:max="25.0"' if "max" in change else "mine", 1)
    tree, _ = gates_and_matrix(changed)
    assert [g.name for g in tree.gates][-1] == "last"
    assert len(tree.gates) > 1
    columns = Columns(compensate(RAW, None))
    found = apply_gates(tree, columns)["last"]
    x = RAW.values[:, CHANNELS.index("FSC-A")]
    high = 25 if "max" in change else 10
    assert np.array_equal(found, ((x >= 0) & (x < high)) | ((x >= 20) & (x < 30)))


def test_a_raw_channel_into_which_nothing_spills_stays_raw_beside_a_compensated_one() -> None:
    matrix = Spillover(("CD45", "CD5"), np.array([[1, 0.125], [0, 1]]), source="test")
    raw, compensated = Dimension("CD45", compensated=False), Dimension("CD5")
    both = Rectangle((Interval(compensated, low=1), Interval(raw, low=1)))
    tree = GateTree((gate("last", both),))
    assert read_back(tree, matrix)[0] == tree


def test_the_zero_bound_of_a_log_scale_is_no_bound() -> None:
    dim = Interval(Dimension("CD7", Log(1e4, 4), compensated=False), high=0.5)
    assert one(dim) == dim
