"""Who is in: bounds, NaN, polygons on their edges, boolean populations."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.gating.apply import apply_gates, contains, dimensions_read, events_in_gate
from cd5flow.model.events import Channel, CompensatedEvents, RawEvents
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
    Shape,
)
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Log
from cd5flow.preprocess.transforms import Columns

X, Y = Dimension("X"), Dimension("Y")
NAN = math.nan
SQUARE = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))


def tube(**columns: npt.ArrayLike) -> Columns:
    """Return events with one float32 channel a keyword, uncompensated."""
    values = np.asfortranarray(
        np.column_stack([np.asarray(c, dtype=np.float32) for c in columns.values()])
    )
    channels = tuple(
        Channel(index=i, detector=name, label=None, bits=32, range=1024, maximum=1024)
        for i, name in enumerate(columns)
    )
    raw = RawEvents(values=values, channels=channels, timestep_seconds=None)
    return Columns(CompensatedEvents(raw=raw, compensated={}, spillover=None))


def points(*pairs: tuple[float, float]) -> Columns:
    return tube(X=[x for x, _ in pairs], Y=[y for _, y in pairs])


def gate(name: str, region: Region, parent: str = ALL) -> Gate:
    return Gate(name=name, parent=parent, region=region, evidence=Evidence("given", events=0))


def inside(region: Shape, columns: Columns) -> list[bool]:
    return [bool(v) for v in contains(region, columns, np.ones(len(columns), dtype=np.bool_))]


def who(columns: Columns, *gates: Gate) -> dict[str, list[int]]:
    members = apply_gates(GateTree(gates), columns)
    return {name: np.flatnonzero(mask).tolist() for name, mask in members.items()}


def test_lower_bound_is_included_and_upper_bound_is_excluded() -> None:
    assert inside(Interval(X, 1, 2), tube(X=[0.5, 1, 1.5, 2, 2.5])) == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_an_interval_may_be_open_on_one_side() -> None:
    columns = tube(X=[-math.inf, 0, 1, math.inf])
    assert inside(Interval(X, low=1), columns) == [False, False, True, True]
    assert inside(Interval(X, high=1), columns) == [True, True, False, False]


def test_nan_is_in_no_interval() -> None:
    columns = tube(X=[NAN, 0])
    assert inside(Interval(X, low=-1), columns) == [False, True]
    assert inside(Interval(X, high=1), columns) == [False, True]
    assert inside(Intervals(X, ((-1, 0.5), (0.5, 2))), columns) == [False, True]


def test_touching_spans_leave_no_gap() -> None:
    columns = tube(X=[0, 1, 2, 2.5, 3, 4])
    expected = [True, True, False, False, True, False]
    assert inside(Intervals(X, ((0, 1), (1, 2), (3, 4))), columns) == expected


@given(st.floats(-10, 10), st.integers(-2, 2))
def test_a_float32_column_is_compared_with_the_bound_itself(bound: float, steps: int) -> None:
    value = np.float32(bound)
    for _ in range(abs(steps)):
        value = np.nextafter(value, np.float32(math.copysign(math.inf, steps)))
    columns = tube(X=[value])
    assert inside(Interval(X, low=bound), columns) == [float(value) >= bound]
    assert inside(Interval(X, high=bound), columns) == [float(value) < bound]


def test_a_bound_beyond_float32_leaves_finite_events_on_its_side() -> None:
    columns = tube(X=[-3e38, 0, 3e38])
    assert inside(Interval(X, low=-1e300, high=1e300), columns) == [True, True, True]
    assert inside(Interval(X, low=1e300), columns) == [False, False, False]


def test_only_the_events_considered_are_answered_for() -> None:
    columns = tube(X=[1, 1, 1, 9])
    mask = np.array([True, False, True, True])
    assert contains(Interval(X, high=5), columns, mask).tolist() == [True, False, True, False]
    rows = np.array([1, 3])
    assert contains(Interval(X, high=5), columns, rows).tolist() == [False, True, False, False]


def test_the_mask_considered_is_left_as_it_was() -> None:
    mask = np.array([True, True, False])
    contains(Interval(X, high=1), tube(X=[0, 2, 0]), mask)
    assert mask.tolist() == [True, True, False]


def test_no_event_considered_gives_no_event() -> None:
    columns = points((1, 1), (2, 2))
    for region in (Interval(X, low=0), Polygon(X, Y, SQUARE)):
        assert not contains(region, columns, np.zeros(2, dtype=np.bool_)).any()
        assert not contains(region, columns, np.empty(0, dtype=np.intp)).any()


def test_a_tube_without_events_is_gated() -> None:
    columns = tube(X=[], Y=[])
    assert inside(Polygon(X, Y, SQUARE), columns) == []


def test_a_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit 1 events"):
        contains(Interval(X, low=0), tube(X=[1]), np.ones(2, dtype=np.bool_))


def test_a_missing_channel_is_an_error() -> None:
    with pytest.raises(KeyError, match="CD5"):
        inside(Interval(Dimension("CD5"), low=0), tube(X=[1]))


coordinate = st.integers(-4, 4)


@given(
    st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=20),
    st.tuples(coordinate, coordinate).filter(lambda b: b[0] < b[1]),
    coordinate,
)
def test_a_rectangle_is_its_intervals_together(
    pairs: list[tuple[int, int]], x_bounds: tuple[int, int], y_low: int
) -> None:
    columns = points(*pairs)
    across, up = Interval(X, *x_bounds), Interval(Y, low=y_low)
    both = np.logical_and(inside(across, columns), inside(up, columns))
    assert inside(Rectangle((across, up)), columns) == both.tolist()


def test_lower_and_left_edges_of_a_polygon_are_in_and_the_others_out() -> None:
    columns = points((0, 2), (2, 0), (0, 0), (4, 2), (2, 4), (4, 0), (0, 4), (4, 4), (2, 2))
    expected = [True, True, True, False, False, False, False, False, True]
    assert inside(Polygon(X, Y, SQUARE), columns) == expected
    assert inside(Polygon(X, Y, SQUARE[::-1]), columns) == expected


def test_polygons_that_share_an_edge_share_no_event_and_lose_none() -> None:
    grid = points(*((x / 2, y / 2) for x in range(8) for y in range(8)))
    below = inside(Polygon(X, Y, (SQUARE[0], SQUARE[1], SQUARE[2])), grid)
    above = inside(Polygon(X, Y, (SQUARE[0], SQUARE[2], SQUARE[3])), grid)
    assert not np.logical_and(below, above).any()
    assert np.logical_or(below, above).tolist() == inside(Polygon(X, Y, SQUARE), grid)


def test_what_a_polygon_winds_round_twice_is_out() -> None:
    star = ((0.0, 3.0), (-2.0, -3.0), (3.0, 1.0), (-3.0, 1.0), (2.0, -3.0))
    assert inside(Polygon(X, Y, star), points((0, 0), (0, 2))) == [False, True]


def test_nan_and_infinity_are_in_no_polygon() -> None:
    columns = points((NAN, 1), (1, NAN), (math.inf, 1), (-math.inf, 1), (1, 1))
    assert inside(Polygon(X, Y, SQUARE), columns) == [False, False, False, False, True]


def naive(x: int, y: int, vertices: list[tuple[int, int]]) -> bool:
    """Ray casting in exact arithmetic, one event and edge at a time."""
    odd = False
    for (ax, ay), (bx, by) in zip(vertices, [*vertices[1:], vertices[0]], strict=True):
        crosses = min(ay, by) <= y < max(ay, by)
        odd ^= crosses and x < ax + Fraction((y - ay) * (bx - ax), by - ay)
    return odd


@given(
    st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=9).filter(
        lambda vertices: len(set(vertices)) >= 3
    ),
    st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=30),
)
def test_a_polygon_holds_what_ray_casting_says(
    vertices: list[tuple[int, int]], pairs: list[tuple[int, int]]
) -> None:
    region = Polygon(X, Y, tuple((float(x), float(y)) for x, y in vertices))
    assert inside(region, points(*pairs)) == [naive(x, y, vertices) for x, y in pairs]


def test_many_events_are_tested_as_few_are() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(2, 2, (2, 100_001)).astype(np.float32)
    region = Polygon(X, Y, ((0.0, 0.0), (5.0, 1.0), (2.0, 2.0), (3.0, 5.0)))
    together = inside(region, tube(X=x, Y=y))
    apart: list[bool] = []
    for start in range(0, x.size, 997):
        few = slice(start, start + 997)
        apart += inside(region, tube(X=x[few], Y=y[few]))
    assert together == apart
    assert 0 < sum(together) < x.size


def test_the_rim_of_an_ellipse_is_in() -> None:
    region = Ellipse(X, Y, centre=(1, 2), covariance=(4, 0, 1), distance_squared=4)
    columns = points((5, 2), (1, 4), (5.001, 2), (1, 4.001), (1, 2), (NAN, 2), (4.9, 3.9))
    assert inside(region, columns) == [True, True, False, False, True, False, False]


def test_an_ellipse_is_a_mahalanobis_distance() -> None:
    rng = np.random.default_rng(5)
    xy = rng.normal(0, 3, (2000, 2)).astype(np.float32).astype(np.float64)
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    delta = xy - [1, -1]
    distance = np.einsum("ni,ij,nj->n", delta, np.linalg.inv(covariance), delta)
    region = Ellipse(X, Y, centre=(1, -1), covariance=(4.0, 1.5, 1.0), distance_squared=3)
    assert inside(region, tube(X=xy[:, 0], Y=xy[:, 1])) == (distance <= 3).tolist()


def test_all_is_everyone() -> None:
    assert who(tube(X=[1, NAN])) == {"all": [0, 1]}


def test_a_population_lies_within_its_parent() -> None:
    columns = tube(X=[0, 1, 2, 3], Y=[0, 1, 0, 1])
    gates = (gate("right", Interval(X, low=2)), gate("up", Interval(Y, low=1), parent="right"))
    assert who(columns, *gates) == {"all": [0, 1, 2, 3], "right": [2, 3], "up": [3]}


def test_masks_cannot_be_written_to() -> None:
    for mask in apply_gates(GateTree((gate("a", Interval(X, low=0)),)), tube(X=[1])).values():
        with pytest.raises(ValueError, match="read-only"):
            mask[0] = False


def test_and_is_in_every_operand_and_or_in_any() -> None:
    columns = tube(X=[0, 1, 0, 1], Y=[0, 0, 1, 1])
    right, up = gate("right", Interval(X, low=1)), gate("up", Interval(Y, low=1))
    operands = (Operand("right"), Operand("up"))
    assert who(columns, right, up, gate("b", Boolean("and", operands)))["b"] == [3]
    assert who(columns, right, up, gate("b", Boolean("or", operands)))["b"] == [1, 2, 3]


def test_a_complement_is_who_is_not_in_the_operand() -> None:
    columns = tube(X=[0, 1, 0, 1], Y=[0, 0, 1, 1])
    right, up = gate("right", Interval(X, low=1)), gate("up", Interval(Y, low=1))
    only_up = Boolean("and", (Operand("up"), Operand("right", complement=True)))
    assert who(columns, right, up, gate("b", only_up))["b"] == [2]
    either = Boolean("or", (Operand("up"), Operand("right", complement=True)))
    assert who(columns, right, up, gate("b", either))["b"] == [0, 2, 3]


def test_a_boolean_population_lies_within_its_parent() -> None:
    columns = tube(X=[0, 1, 2, 3], Y=[0, 1, 0, 1])
    right, up = gate("right", Interval(X, low=2)), gate("up", Interval(Y, low=1))
    rest = gate("rest", Boolean("and", (Operand("up", complement=True),)), parent="right")
    assert who(columns, right, up, rest)["rest"] == [2]


def test_an_operand_counts_with_its_own_parents() -> None:
    columns = tube(X=[0, 1], Y=[1, 1])
    right = gate("right", Interval(X, low=1))
    up = gate("up", Interval(Y, low=1), parent="right")
    rest = gate("rest", Boolean("and", (Operand("up", complement=True),)))
    assert who(columns, right, up, rest)["rest"] == [0]


def test_nan_is_in_neither_the_population_nor_its_complement() -> None:
    columns = tube(X=[NAN, 0, 1], Y=[0, 0, NAN])
    right = gate("right", Interval(X, low=1))
    up = gate("up", Interval(Y, low=1), parent="right")
    not_right = gate("not_right", Boolean("and", (Operand("right", complement=True),)))
    not_up = gate("not_up", Boolean("or", (Operand("up", complement=True),)))
    assert who(columns, right, up, not_right, not_up) == {
        "all": [0, 1, 2],
        "right": [2],
        "up": [],
        "not_right": [1],
        "not_up": [1],
    }


def test_what_a_log_scale_does_not_define_is_in_neither() -> None:
    log = Dimension("X", scale=Log(t=1000, m=3))
    bright = gate("bright", Interval(log, low=0.5))
    dim = gate("dim", Boolean("and", (Operand("bright", complement=True),)))
    found = who(tube(X=[-5, 0, 1, 1000]), bright, dim)
    assert (found["bright"], found["dim"]) == ([3], [2])


@given(st.lists(st.tuples(coordinate, coordinate), max_size=20), coordinate, coordinate)
def test_an_operand_and_its_complement_part_the_parent(
    pairs: list[tuple[int, int]], x_low: int, y_low: int
) -> None:
    found = who(
        points(*pairs),
        gate("parent", Interval(Y, low=y_low)),
        gate("right", Interval(X, low=x_low)),
        gate("in", Boolean("and", (Operand("right"),)), parent="parent"),
        gate("out", Boolean("and", (Operand("right", complement=True),)), parent="parent"),
    )
    assert sorted(found["in"] + found["out"]) == found["parent"]


def test_every_axis_that_decides_on_a_population_is_named() -> None:
    z = Dimension("Z")
    tree = GateTree(
        (
            gate("a", Interval(X, low=0)),
            gate("b", Interval(Y, low=0), parent="a"),
            gate("c", Interval(z, low=0)),
            gate("d", Boolean("or", (Operand("b"),)), parent="c"),
        )
    )
    assert dimensions_read(tree, ALL) == set()
    assert dimensions_read(tree, "b") == {X, Y}
    assert dimensions_read(tree, "d") == {X, Y, z}


def test_a_gate_may_be_tried_before_it_joins_the_tree() -> None:
    columns = tube(X=[0, 1])
    tree = GateTree((gate("right", Interval(X, low=1)),))
    rest = gate("rest", Boolean("and", (Operand("right", complement=True),)))
    found = events_in_gate(rest, tree=tree, columns=columns, members=apply_gates(tree, columns))
    assert found.tolist() == [True, False]
