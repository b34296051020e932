"""No speed is bought with exactness: what is computed fast holds against the plain way in float64."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from flowutils import compensate as reference_compensate
from flowutils import transforms as reference
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cd5flow.errors import FileAccessError
from cd5flow.fcs import read_fcs
from cd5flow.gating.apply import apply_gates, contains, inside_of
from cd5flow.gating.clearance import clear_of_events
from cd5flow.gating.methods.stable_time import RANK_BINS, _table
from cd5flow.model.events import Channel, Mask, RawEvents, Spillover
from cd5flow.model.geometry import (
    Dimension,
    Ellipse,
    Interval,
    Polygon,
    Rectangle,
    Region,
    Shape,
)
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Asinh, Linear, Log, Logicle, Scale
from cd5flow.numerics.density import GRID, profile
from cd5flow.numerics.density_map import MAP, _places
from cd5flow.numerics.robust_ellipse import (
    CORE_DISTANCE,
    WHOLE,
    fit_core,
    moments,
    squared_distance,
)
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import Columns
from support import fcs_factory
from support.properties import part_of_examples

Doubles = npt.NDArray[np.float64]

TOP = 262_144.0
DYES = ("A", "B", "C")
SCALES: tuple[Scale, ...] = (
    Logicle(t=TOP, w=0.7, m=4.5, a=0.0),
    Asinh(t=TOP, m=4.5, a=0.5),
    Linear(t=TOP, a=1000.0),
    Log(t=TOP, m=4.5),
)
EVENTS = 100_000
MOST_APART = 1e-5
"""Events at a gate's edge that may differ, as a share of all."""


def tube(seed: int) -> tuple[RawEvents, Spillover]:
    """Return three dyes that spill into each other, each with negative and positive events."""
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.0, 0.25, (3, 3))
    np.fill_diagonal(matrix, 1.0)
    positive = rng.random((EVENTS, 3)) < rng.uniform(0.1, 0.9, 3)
    dyes = rng.normal(0, 150, (EVENTS, 3)) + positive * rng.lognormal(8.5, 1.0, (EVENTS, 3))
    values = np.asfortranarray(dyes @ matrix, dtype=np.float32)
    channels = tuple(
        Channel(index=i, detector=d, label=None, bits=32, range=TOP, maximum=TOP)
        for i, d in enumerate(DYES)
    )
    return RawEvents(values, channels, None), Spillover(DYES, matrix, "test")


def plainly_scaled(linear: Doubles, transform: Scale) -> Doubles:
    match transform:
        case Logicle(t=t, w=w, m=m, a=a):
            found = reference.logicle(linear.reshape(-1, 1), [0], t=t, m=m, w=w, a=a)
        case Asinh(t=t, m=m, a=a):
            found = reference.asinh(linear.reshape(-1, 1), [0], t, m, a)
        case Linear(t=t, a=a):
            return (linear + a) / (t + a)
        case _:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(linear > 0, np.log10(linear / TOP) / 4.5 + 1, np.nan)
    return np.asarray(found)[:, 0]


def plainly_inside(region: Shape, values: dict[Dimension, Doubles]) -> Mask:
    """Return who is in a region by its formula, in float64, all events at once."""
    match region:
        case Interval(dimension=d, low=low, high=high):
            return (values[d] >= (-np.inf if low is None else low)) & (
                values[d] < (np.inf if high is None else high)
            )
        case Rectangle(sides=sides):
            return np.asarray(np.logical_and.reduce([plainly_inside(s, values) for s in sides]))
        case Polygon(x=x, y=y, vertices=vertices):
            u, v = values[x], values[y]
            odd = np.zeros(u.size, dtype=np.bool_)
            for (ax, ay), (bx, by) in zip(vertices, (*vertices[1:], vertices[0]), strict=True):
                if ay != by:
                    spans = (np.minimum(ay, by) <= v) & (v < np.maximum(ay, by))
                    odd ^= spans & (u < ax + (v - ay) * (bx - ax) / (by - ay))
            return odd
        case Ellipse(x=x, y=y, centre=centre, covariance=(xx, xy, yy), distance_squared=far):
            points = np.stack([values[x] - centre[0], values[y] - centre[1]])
            inverse = np.linalg.inv(np.array([[xx, xy], [xy, yy]]))
            return np.asarray(np.einsum("in,ij,jn->n", points, inverse, points) <= far)
        case _:
            raise AssertionError(region)


def regions(rng: np.random.Generator, transform: Scale) -> dict[str, Shape]:
    """Return a region of each shape through the midst of the events."""
    a, b, c = (Dimension(d, transform) for d in DYES)

    def edge() -> float:
        return float(rng.uniform(0.15, 0.75))

    (x1, x2), (y1, y2) = (sorted((edge(), edge() + 0.01)) for _ in range(2))
    corners = rng.uniform(0.1, 0.9, (5, 2))
    middle = corners.mean(axis=0)
    turn = np.argsort(np.arctan2(*(corners - middle).T))
    return {
        "interval": Interval(a, low=edge()),
        "rectangle": Rectangle((Interval(b, x1, x2), Interval(c, y1, y2))),
        "polygon": Polygon(a, b, tuple((float(x), float(y)) for x, y in corners[turn])),
        "ellipse": Ellipse(b, c, (edge(), edge()), (0.02, 0.005, 0.03), 2.0),
    }


def of(region: Region, name: str) -> Gate:
    return Gate(name, ALL, region, Evidence("fixed", EVENTS))


@pytest.mark.filterwarnings("ignore:invalid value encountered in log10:RuntimeWarning")
@part_of_examples(0.16)
@given(st.integers(0, 2**32 - 1), st.sampled_from(SCALES))
def test_gates_hold_the_events_that_double_precision_puts_there(
    seed: int, transform: Scale
) -> None:
    raw, spillover = tube(seed)
    columns = Columns(compensate(raw, spillover))
    gates = regions(np.random.default_rng(seed), transform)
    ours = apply_gates(GateTree(tuple(of(r, name) for name, r in gates.items())), columns)
    linear = reference_compensate.compensate(
        raw.values.astype(np.float64), spillover.matrix, np.arange(3)
    )
    plain = {
        Dimension(d, transform): plainly_scaled(linear[:, i], transform) for i, d in enumerate(DYES)
    }
    for name, region in gates.items():
        apart = np.count_nonzero(ours[name] != plainly_inside(region, plain))
        assert apart <= MOST_APART * EVENTS, name


@part_of_examples(0.12)
@given(st.integers(0, 2**32 - 1))
def test_an_edge_that_keeps_clear_of_events_leaves_none_to_rounding(seed: int) -> None:
    raw, spillover = tube(seed)
    columns = Columns(compensate(raw, spillover))
    everyone = np.ones(EVENTS, dtype=np.bool_)
    linear = reference_compensate.compensate(
        raw.values.astype(np.float64), spillover.matrix, np.arange(3)
    )
    rng = np.random.default_rng(seed)
    axis = Dimension("A", SCALES[0])
    # An edge on an event's own value, where rounding decides if anything does.
    own = float(columns.column(axis)[rng.integers(EVENTS)])
    region = clear_of_events(Interval(axis, low=own), columns, everyone)
    plain = {axis: plainly_scaled(linear[:, 0], SCALES[0])}
    np.testing.assert_array_equal(
        contains(region, columns, everyone), plainly_inside(region, plain)
    )


@part_of_examples(0.5)
@given(st.integers(0, 2**32 - 1), st.integers(2, 24), st.integers(1, 3000))
def test_compensation_in_single_precision_is_that_in_double_but_for_rounding(
    seed: int, n: int, events: int
) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.0, 0.6 / n, (n, n))
    np.fill_diagonal(matrix, 1.0)
    names = tuple(f"D{i}" for i in range(n))
    values = np.asfortranarray(rng.normal(0, 1, (events, n)) * TOP, dtype=np.float32)
    channels = tuple(
        Channel(index=i, detector=d, label=None, bits=32, range=TOP, maximum=TOP)
        for i, d in enumerate(names)
    )
    order = tuple(rng.permutation(names)) if seed % 2 else names
    spillover = Spillover(order, matrix, "test")
    found = compensate(RawEvents(values, channels, None), spillover)
    inverse = np.linalg.inv(matrix)
    measured = values.astype(np.float64)[:, [names.index(d) for d in order]]
    # Each of n products and sums may round once, by half a unit in the last of 24 binary places.
    most = (n + 1) * 2.0**-23 * (np.abs(measured) @ np.abs(inverse))
    for i, d in enumerate(order):
        assert np.all(np.abs(found.compensated[d] - measured @ inverse[:, i]) <= most[:, i])


@part_of_examples(0.6)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_a_small_parent_is_gated_as_a_large_one_is(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    values = np.asfortranarray(rng.normal(0.5, 0.2, (2000, 3)) * TOP, dtype=np.float32)
    values[rng.random(2000) < 0.02, rng.integers(3)] = np.nan
    raw = RawEvents(values, tube_channels(), None)
    columns = Columns(compensate(raw, None))
    everyone = np.ones(2000, dtype=np.bool_)
    inside = rng.random(2000) < share
    for region in regions(rng, SCALES[2]).values():
        found = contains(region, columns, inside)
        np.testing.assert_array_equal(found, contains(region, columns, everyone) & inside)
        np.testing.assert_array_equal(found, contains(region, columns, np.flatnonzero(inside)))


def tube_channels() -> tuple[Channel, ...]:
    return tuple(
        Channel(index=i, detector=d, label=None, bits=32, range=TOP, maximum=TOP)
        for i, d in enumerate(DYES)
    )


@part_of_examples(0.4)
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_a_map_counts_what_numpy_counts(seed: int, kind: type[np.floating]) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0.5, 0.3, (2, 70_000)).astype(kind)
    x[:5], y[5:9] = np.nan, np.inf
    places, counted = _places(x, y, (0.0, 1.0, 0.25, 0.75))
    counts = np.bincount(places, minlength=MAP * MAP + 1)
    assert np.array_equal(counted.ravel(), counts[:-1])
    known = np.isfinite(x) & np.isfinite(y) & (x < 1.0) & (y < 0.75)
    expected, *_ = np.histogram2d(
        x[known].astype(np.float64),
        y[known].astype(np.float64),
        bins=MAP,
        range=((0.0, 1.0), (0.25, 0.75)),
    )
    # A value at a bin's edge, to the last place, may count on either side of it.
    assert np.abs(counts[:-1].reshape(MAP, MAP) - expected).sum() <= 4
    assert counts[:-1].sum() == expected.sum()


@part_of_examples(0.25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_a_histogram_by_blocks_is_that_of_numpy(seed: int, kind: type[np.floating]) -> None:
    values = np.random.default_rng(seed).normal(0.5, 0.3, 150_000).astype(kind)
    shape = profile(values, base=0.012, low=0.0, high=1.0)
    assert shape is not None
    counts, edges = np.histogram(values.astype(np.float64), bins=GRID, range=(0.0, 1.0))
    np.testing.assert_array_equal(shape.counts, counts)
    np.testing.assert_array_equal(shape.centres, (edges[:-1] + edges[1:]) / 2)


@part_of_examples(0.25)
@given(st.integers(0, 2**32 - 1))
def test_slanted_and_curved_sides_hold_the_same_events_however_many_are_asked(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0.5, 0.3, (2, 150_000)).astype(np.float32)
    considered = rng.random(x.size) < 0.8
    axes = Dimension("X"), Dimension("Y")
    corners = tuple((float(a), float(b)) for a, b in rng.uniform(0, 1, (5, 2)))
    for region in (
        Polygon(*axes, corners),
        Ellipse(*axes, (0.4, 0.6), (0.05, 0.02, 0.04), 3.0),
    ):
        whole = inside_of(region, [x, y], considered)
        parts = [
            inside_of(region, [x[part], y[part]], considered[part])
            for part in (slice(0, 1), slice(1, 70_001), slice(70_001, None))
        ]
        np.testing.assert_array_equal(whole, np.concatenate(parts))


def plain_fit(points: Doubles, centre: Doubles, covariance: Doubles, rounds: int) -> list[Doubles]:
    """Fit a core with numpy's own mean and covariance."""
    for _ in range(rounds):
        core = points[squared_distance(points, centre, covariance) <= CORE_DISTANCE]
        settled = np.allclose(WHOLE * np.cov(core, rowvar=False), covariance, rtol=1e-3, atol=0)
        centre, covariance = core.mean(axis=0), WHOLE * np.cov(core, rowvar=False)
        if settled:
            break
    return [centre, covariance]


@part_of_examples(0.25)
@given(st.integers(0, 2**32 - 1), st.integers(50, 90_000))
def test_a_core_is_fitted_as_numpy_would(seed: int, events: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.multivariate_normal((0.4, 0.6), ((0.002, 0.001), (0.001, 0.004)), events)
    mean, covariance = moments(*points.T)
    np.testing.assert_allclose(mean, points.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(covariance, np.cov(points, rowvar=False), rtol=1e-9)
    begin = np.array([0.41, 0.58]), np.diag([0.003, 0.003])
    fitted = fit_core(points, centre=begin[0], covariance=begin[1], min_events=3, rounds=4)
    assert fitted is not None
    for ours, plain in zip(fitted, plain_fit(points, *begin, 4), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-7)


@part_of_examples(0.25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([10, 5_000, 300_000]))
def test_events_are_counted_by_time_and_signal_one_by_one(seed: int, events: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, events).astype(np.float32)
    values[rng.random(events) < 0.01] = np.nan
    place = rng.integers(0, 7, events).astype(np.int32)
    table = _table(values, place, (-2.0, 2.0), 7)
    code = (np.clip(values, -2.0, 2.0) + 2.0) * (RANK_BINS / 4.0)
    code = np.where(np.isnan(code), 0, np.minimum(code, RANK_BINS - 1))
    expected = np.zeros((7, RANK_BINS), dtype=np.int64)
    np.add.at(expected, (place, code.astype(np.int64)), 1)
    np.testing.assert_array_equal(table, expected)


@given(
    arrays.arrays(np.bool_, 50),
    arrays.arrays(np.bool_, 50),
    st.lists(st.tuples(st.booleans(), st.sampled_from(DYES)), max_size=40),
)
def test_values_that_are_kept_are_those_of_their_population(
    one: Mask, other: Mask, asked: list[tuple[bool, str]]
) -> None:
    values = np.asfortranarray(np.random.default_rng(1).normal(size=(50, 3)), dtype=np.float32)
    columns = Columns(compensate(RawEvents(values, tube_channels(), None), None))
    one.setflags(write=False)
    other.setflags(write=False)
    for first, detector in asked:
        mask = one if first else other
        found = columns.of(mask, Dimension(detector))
        np.testing.assert_array_equal(found, values[mask, DYES.index(detector)])


def test_a_population_that_may_still_change_is_not_kept() -> None:
    values = np.asfortranarray(np.arange(12).reshape(4, 3), dtype=np.float32)
    columns = Columns(compensate(RawEvents(values, tube_channels(), None), None))
    mask = np.array([True, False, False, True])
    assert columns.of(mask, Dimension("A")).tolist() == [0, 9]
    mask[0] = False
    assert columns.of(mask, Dimension("A")).tolist() == [9]


@pytest.mark.parametrize("begin", [lambda fcs: fcs.begin_sha256(), lambda _: None])
def test_a_hash_computed_beside_is_that_of_the_file(
    tmp_path: Path, begin: Callable[[object], None]
) -> None:
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs_factory.fcs())
    fcs = read_fcs(path)
    begin(fcs)
    begin(fcs)
    assert fcs.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_vanished_is_told_when_its_hash_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs_factory.fcs())
    fcs = read_fcs(path)
    path.unlink()
    fcs.begin_sha256()
    with pytest.raises(FileAccessError, match=r"tube\.fcs: cannot be read"):
        _ = fcs.sha256


@pytest.mark.parametrize("transform", [None, SCALES[0]], ids=["linear", "scaled"])
@pytest.mark.parametrize("compensated", [True, False])
@pytest.mark.parametrize("step", [1, 7])
def test_every_so_many_events_are_those_of_the_column(
    step: int, transform: Scale | None, *, compensated: bool
) -> None:
    raw, spillover = tube(4)
    columns = Columns(compensate(raw, spillover))
    axis = Dimension("B", transform, compensated)
    before = columns.every(step, axis)
    np.testing.assert_array_equal(before, columns.column(axis)[::step])
    np.testing.assert_array_equal(columns.every(step, axis), before)
