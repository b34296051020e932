"""Bounds that keep clear of the events' own values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.gating.apply import contains
from cd5flow.gating.clearance import clear_of_events
from cd5flow.model.events import Channel, CompensatedEvents, Mask, RawEvents
from cd5flow.model.geometry import (
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Shape,
)
from cd5flow.model.scale import Linear
from cd5flow.preprocess.transforms import Columns

X, Y = Dimension("X"), Dimension("Y")
SCALED = Dimension("X", scale=Linear(t=1000))


def tube(**columns: npt.ArrayLike) -> Columns:
    values = np.column_stack([np.asarray(c, dtype=np.float32) for c in columns.values()])
    channels = tuple(
        Channel(index=i, detector=name, label=None, bits=32, range=1024, maximum=1024)
        for i, name in enumerate(columns)
    )
    raw = RawEvents(values=values, channels=channels, timestep_seconds=None)
    return Columns(CompensatedEvents(raw=raw, compensated={}, spillover=None))


def everyone(columns: Columns) -> Mask:
    return np.ones(len(columns), dtype=np.bool_)


def moved(region: Shape, columns: Columns) -> Shape:
    return clear_of_events(region, columns, everyone(columns))


def test_a_bound_on_a_value_moves_just_below_it() -> None:
    region = moved(Interval(SCALED, low=0.5), tube(X=[100, 400, 500, 500, 600]))
    assert isinstance(region, Interval)
    assert region.low == pytest.approx(0.5 - 4e-6, abs=1e-7)


def test_a_bound_just_above_a_value_moves_away_from_it() -> None:
    region = moved(Interval(SCALED, high=0.5 + 1e-7), tube(X=[100, 400, 500, 500, 600]))
    assert isinstance(region, Interval)
    assert region.high == pytest.approx(0.5 + 4e-6, abs=1e-7)


def test_a_bound_between_values_stays() -> None:
    region = Rectangle((Interval(X, low=2.5), Interval(Y, low=1.5, high=2.5)))
    assert moved(region, tube(X=[1, 2, 3], Y=[1, 2, 3])) == region


def test_a_bound_between_close_values_lies_in_their_middle() -> None:
    high = float(np.nextafter(np.float32(500), np.float32(1000)))
    region = moved(Interval(X, low=high), tube(X=[500, high]))
    assert isinstance(region, Interval)
    assert region.low == (500 + high) / 2


def test_only_the_parents_values_count() -> None:
    columns = tube(X=[100, 500, 600])
    region = Interval(SCALED, low=0.5)
    assert clear_of_events(region, columns, np.array([True, False, True])) == region
    assert clear_of_events(region, columns, np.zeros(3, dtype=np.bool_)) == region


def test_values_that_are_not_numbers_do_not_count() -> None:
    region = Interval(X, low=1.0, high=2.0)
    assert moved(region, tube(X=[np.nan, np.inf, -np.inf])) == region


def test_a_bound_beyond_float32_stays() -> None:
    region = Interval(X, low=-1e300, high=1e300)
    assert moved(region, tube(X=[1, 2, 3])) == region


def test_touching_spans_still_touch() -> None:
    region = moved(Intervals(X, ((0.5, 2.0), (2.0, 3.5))), tube(X=[1, 2, 3]))
    assert isinstance(region, Intervals)
    assert region.spans[0][1] == region.spans[1][0] < 2


def test_bounds_that_would_meet_stay() -> None:
    high = float(np.nextafter(np.float32(500), np.float32(1000)))
    step = (high - 500) / 4
    region = Interval(X, low=500 + step, high=500 + 3 * step)
    assert moved(region, tube(X=[500, high])) == region


def test_vertices_on_one_line_stay_on_one_line() -> None:
    square = Polygon(X, Y, ((1, 1), (3, 1), (3, 3), (1, 3)))
    grid = tube(X=[0, 1, 2, 3, 4] * 5, Y=np.repeat([0, 1, 2, 3, 4], 5))
    region = moved(square, grid)
    assert isinstance(region, Polygon)
    xs, ys = ({vertex[i] for vertex in region.vertices} for i in (0, 1))
    assert len(xs) == len(ys) == 2
    assert not (xs | ys) & {1.0, 3.0}
    inside = everyone(grid)
    assert (contains(region, grid, inside) == contains(square, grid, inside)).all()


def test_an_ellipse_stays() -> None:
    region = Ellipse(X, Y, (0, 0), (1, 0, 1), 1)
    assert moved(region, tube(X=[1], Y=[0])) == region


@given(
    st.lists(st.floats(-1e5, 1e5, width=32), min_size=1, max_size=20),
    st.data(),
)
def test_every_event_stays_on_its_side(values: list[float], data: st.DataObject) -> None:
    columns = tube(X=values)
    bound = data.draw(st.sampled_from(values) | st.floats(-1e5, 1e5))
    width = data.draw(st.floats(1e-3, 1e5))
    for region in (Interval(X, low=bound), Interval(X, bound, bound + width)):
        found = contains(moved(region, columns), columns, everyone(columns))
        assert found.tolist() == contains(region, columns, everyone(columns)).tolist()
