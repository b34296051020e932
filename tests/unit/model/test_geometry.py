"""Regions that cannot be invalid."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Operand,
    Polygon,
    Rectangle,
    dimensions,
)
from cd5flow.model.scale import Asinh, Linear, Log, Logicle

X, Y = Dimension("X"), Dimension("Y")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Interval(X), "needs a bound"),
        (lambda: Interval(X, 1, 1), "low < high"),
        (lambda: Interval(X, 2, 1), "low < high"),
        (lambda: Interval(X, math.nan), "finite"),
        (lambda: Interval(X, high=math.inf), "finite"),
        (lambda: Intervals(X, ()), "at least one span"),
        (lambda: Intervals(X, ((1, 1),)), "disjoint, rising"),
        (lambda: Intervals(X, ((3, 4), (1, 2))), "disjoint, rising"),
        (lambda: Intervals(X, ((1, 3), (2, 4))), "disjoint, rising"),
        (lambda: Intervals(X, ((1, math.inf),)), "finite"),
        (lambda: Rectangle(()), "needs a side"),
        (lambda: Rectangle((Interval(X, 1), Interval(X, high=2))), "axes of their own"),
        (lambda: Polygon(X, Y, ((0, 0), (1, 1), (0, 0))), "three different"),
        (lambda: Polygon(X, Y, ((0, 0), (1, 1), (0, math.nan))), "finite"),
        (lambda: Ellipse(X, Y, (0, 0), (1, 1, 1), 1), "positive definite"),
        (lambda: Ellipse(X, Y, (0, 0), (-1, 0, -1), 1), "positive definite"),
        (lambda: Ellipse(X, Y, (0, 0), (1, 0, 1), 0), "distance_squared"),
        (lambda: Ellipse(X, Y, (0, math.nan), (1, 0, 1), 1), "centre"),
        (lambda: Boolean("and", ()), "needs an operand"),
    ],
)
def test_an_impossible_region_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Linear(t=0), "T must be"),
        (lambda: Linear(t=1, a=2), "A <= T"),
        (lambda: Log(t=math.inf, m=4), "T must be"),
        (lambda: Log(t=1, m=-1), "M must be"),
        (lambda: Asinh(t=1, m=1, a=2), "A <= M"),
        (lambda: Logicle(t=1, w=3, m=4), "W <= M/2"),
        (lambda: Logicle(t=1, w=-0.1, m=4), "W <= M/2"),
        (lambda: Logicle(t=1, w=1, m=4, a=-2), "-W <= A"),
    ],
)
def test_an_impossible_scale_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_spans_may_touch() -> None:
    assert Intervals(X, ((1, 2), (2, 3))).spans == ((1, 2), (2, 3))


def test_the_same_channel_on_another_scale_is_another_axis() -> None:
    other = Dimension("X", scale=Linear(t=1))
    assert len(Rectangle((Interval(X, 1), Interval(other, 1))).sides) == 2


def test_a_region_names_the_axes_it_reads() -> None:
    assert dimensions(Interval(X, 0)) == (X,)
    assert dimensions(Intervals(X, ((0, 1),))) == (X,)
    assert dimensions(Rectangle((Interval(Y, 0), Interval(X, 0)))) == (Y, X)
    assert dimensions(Polygon(X, Y, ((0, 0), (1, 0), (0, 1)))) == (X, Y)
    assert dimensions(Ellipse(X, Y, (0, 0), (1, 0, 1), 1)) == (X, Y)
    assert dimensions(Boolean("or", (Operand("a"),))) == ()
