"""How far beyond each edge of a region events lie."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cd5flow.gating.apply import inside_of
from cd5flow.gating.edges import Edge, edges_of
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Operand,
    Polygon,
    Rectangle,
)

X: Final = Dimension("X")
Y: Final = Dimension("Y")


def at(*places: tuple[float, float]) -> dict[Dimension, np.ndarray]:
    points = np.array(places, dtype=np.float64)
    return {X: points[:, 0], Y: points[:, 1]}


def beyond(found: tuple[Edge, ...], axis: Dimension, *, upper: bool) -> list[float]:
    (edge,) = (one for one in found if one.axis == axis and one.upper is upper)
    return [float(place) for place in edge.beyond]


def test_an_interval_has_an_edge_a_bound() -> None:
    both = edges_of(Interval(X, 1, 3), at((0, 0), (2, 0), (5, 0)))

    assert beyond(both, X, upper=False) == [1, -1, -4]
    assert beyond(both, X, upper=True) == [-3, -1, 2]
    assert len(edges_of(Interval(X, low=1), at((0, 0)))) == 1


def test_a_rectangles_edge_reaches_as_far_as_the_other_side() -> None:
    region = Rectangle((Interval(X, 0, 2), Interval(Y, 0, 1)))
    found = edges_of(region, at((3, 0.5), (3, 1.5), (1, 1.5)))

    assert beyond(found, X, upper=True)[0] == 1
    assert np.isnan(beyond(found, X, upper=True)[1])
    assert beyond(found, Y, upper=True)[2] == 0.5


def test_an_ellipses_edge_is_the_end_of_its_chord() -> None:
    circle = Ellipse(X, Y, (0.0, 0.0), (1.0, 0.0, 1.0), 25.0)
    found = edges_of(circle, at((6, 3), (6, 6), (-5, 0)))

    right = beyond(found, X, upper=True)
    assert right[0] == pytest.approx(2)  # the chord at 3 ends at 4
    assert np.isnan(right[1])
    assert beyond(found, X, upper=False)[2] == pytest.approx(0)


def test_a_polygons_edge_is_the_end_of_its_widest_chord() -> None:
    # A square with a notch: the chord at 1 reaches over it.
    notched = Polygon(X, Y, ((0, 0), (4, 0), (4, 2), (3, 2), (3, 0.5), (1, 0.5), (1, 2), (0, 2)))
    found = edges_of(notched, at((5, 1), (-1, 1), (2, 3)))

    assert beyond(found, X, upper=True)[0] == pytest.approx(1)
    assert beyond(found, X, upper=False)[1] == pytest.approx(1)
    assert np.isnan(beyond(found, X, upper=True)[2])


@settings(max_examples=25)
@given(
    correlation=st.floats(-0.95, 0.95),
    spread=st.floats(0.05, 5),
    reach=st.floats(0.5, 30),
    seed=st.integers(0, 999),
)
def test_who_is_inside_lies_on_the_inner_side_of_every_edge(
    correlation: float, spread: float, reach: float, seed: int
) -> None:
    region = Ellipse(X, Y, (1.0, -2.0), (spread**2, correlation * spread, 1.0), reach)
    points = np.random.default_rng(seed).normal([1, -2], [3 * spread, 3], (200, 2))
    values = {X: points[:, 0], Y: points[:, 1]}

    inside = inside_of(region, [values[X], values[Y]])
    for axis in (X, Y):
        low, high = (e.beyond for e in edges_of(region, values) if e.axis == axis)
        between = (low <= 1e-9) & (high <= 1e-9)
        assert np.array_equal(between, inside) or np.abs(low[between != inside]).min() < 1e-6


def test_spans_and_combinations_have_none() -> None:
    assert edges_of(Intervals(X, ((0, 1), (2, 3))), at((0, 0))) == ()
    assert edges_of(Boolean("or", (Operand("a"), Operand("b"))), {}) == ()
