"""Regions as files write them: what is written is read back to the last bit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from cd5flow.config.yaml_file import loads_yaml
from cd5flow.errors import OverrideError
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
from cd5flow.model.region_file import WrittenRegion, read_region, write_region
from cd5flow.model.scale import Asinh, Hyperlog, Linear, Log, Logicle, Scale

LOGICLE = Logicle(262144.0, 0.5, 4.5, 0.0)
SCALES: dict[str, Scale] = {"PE-A": LOGICLE}


class Holder(BaseModel):
    region: WrittenRegion


def read(region: dict[str, Any], scales: dict[str, Scale] | None = None) -> Region:
    """Return a region read from a file that writes it."""
    text = json.dumps({"region": region})
    held = loads_yaml(text, Holder, error=OverrideError).value
    return read_region(held.region, SCALES if scales is None else scales)


def fault(region: dict[str, Any]) -> str:
    with pytest.raises(OverrideError) as caught:
        read(region)
    return caught.value.message


# Hypothesis: any region

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
positive = st.floats(min_value=1e-6, max_value=1e9)
scales = st.one_of(
    st.none(),
    st.builds(Linear, positive, st.just(0.0)),
    st.builds(Log, positive, st.floats(min_value=0.1, max_value=9)),
    st.builds(Asinh, positive, st.floats(min_value=1, max_value=9), st.floats(0, 1)),
    st.builds(Logicle, positive, st.floats(0, 1), st.floats(3, 9), st.floats(0, 1)),
    st.builds(Hyperlog, positive, st.floats(0.1, 1), st.floats(3, 9), st.floats(0, 1)),
)
axes = st.builds(Dimension, st.text(min_size=1, max_size=12), scales, st.booleans())
pairs = st.lists(finite, min_size=2, max_size=2, unique=True).map(sorted)


def interval(axis: Dimension, pair: list[float], keep: str) -> Interval:
    return Interval(axis, None if keep == "high" else pair[0], None if keep == "low" else pair[1])


intervals = st.builds(interval, axes, pairs, st.sampled_from(["low", "high", "both"]))
rising = st.lists(finite, min_size=2, max_size=8, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)
vertices = st.lists(st.tuples(finite, finite), min_size=3, max_size=9, unique=True).map(tuple)
spread = st.floats(min_value=1e-3, max_value=1e3)
regions = st.one_of(
    intervals,
    st.builds(Intervals, axes, rising),
    st.lists(intervals, min_size=1, max_size=4, unique_by=lambda side: side.dimension).map(
        lambda sides: Rectangle(tuple(sides))
    ),
    st.builds(Polygon, axes, axes, vertices),
    st.builds(
        Ellipse,
        axes,
        axes,
        st.tuples(finite, finite),
        st.tuples(spread, st.just(0.0), spread),
        positive,
    ),
    st.builds(
        Boolean,
        st.sampled_from(["and", "or"]),
        st.lists(
            st.builds(Operand, st.text(min_size=1, max_size=9), st.booleans()),
            min_size=1,
            max_size=4,
        ).map(tuple),
    ),
)


@given(regions)
def test_what_is_written_is_read_back_exactly(region: Region) -> None:
    assert read(write_region(region), {}) == region
    assert write_region(read(write_region(region), {})) == write_region(region)


# By hand


def test_without_a_scale_bounds_lie_on_the_display_scale() -> None:
    found = read({"shape": "interval", "dimension": {"detector": "PE-A"}, "low": 0.4})
    assert found == Interval(Dimension("PE-A", LOGICLE), low=0.4)


@pytest.mark.parametrize("scale", ["linear", None])
def test_linear_units_are_said(scale: str | None) -> None:
    found = read({"shape": "interval", "dimension": {"detector": "PE-A", "scale": scale}, "low": 9})
    assert found == Interval(Dimension("PE-A", None), low=9)


def test_a_channel_without_display_scale_is_linear() -> None:
    found = read({"shape": "interval", "dimension": {"detector": "Time"}, "high": 9.5})
    assert found == Interval(Dimension("Time", None), high=9.5)


def test_a_scale_may_leave_out_what_is_usual() -> None:
    scale = {"type": "logicle", "t": 1000, "w": 0.5, "m": 4}
    found = read({"shape": "interval", "dimension": {"detector": "X", "scale": scale}, "low": 0.1})
    assert found == Interval(Dimension("X", Logicle(1000.0, 0.5, 4.0)), low=0.1)


X, Y = {"detector": "X"}, {"detector": "Y"}


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ({"shape": "interval", "dimension": X}, "an interval needs a bound"),
        ({"shape": "interval", "dimension": X, "low": 2, "high": 1}, "needs low < high"),
        ({"shape": "interval", "dimension": X, "low": "2"}, "should be a valid number"),
        ({"shape": "interval", "low": 2}, "field 'dimension' is missing"),
        ({"shape": "interval", "dimension": X, "low": 2, "top": 3}, "unknown field"),
        ({"shape": "intervals", "dimension": X, "spans": []}, "at least one span"),
        ({"shape": "intervals", "dimension": X, "spans": [[2, 1]]}, "disjoint, rising"),
        ({"shape": "rectangle", "sides": []}, "needs a side"),
        (
            {"shape": "rectangle", "sides": [{"dimension": X, "low": 1}] * 2},
            "sides need axes of their own",
        ),
        ({"shape": "polygon", "x": X, "y": Y, "vertices": [[0, 0], [1, 1]]}, "three different"),
        ({"shape": "polygon", "x": X, "y": Y, "vertices": [[0], [1, 1]]}, "item 2 is missing"),
        (
            {
                "shape": "ellipse",
                "x": X,
                "y": Y,
                "centre": [0, 0],
                "covariance": [1, 2, 1],
                "distance_squared": 1,
            },
            "positive definite",
        ),
        ({"shape": "boolean", "operator": "and", "operands": []}, "needs an operand"),
        ({"shape": "boolean", "operator": "xor", "operands": []}, "should be 'and' or 'or'"),
        ({"shape": "circle"}, "unknown shape 'circle'"),
        ({"dimension": X, "low": 1}, "field 'shape' is missing"),
        (
            {"shape": "interval", "dimension": {"detector": "X", "scale": "log"}, "low": 1},
            "should be 'display' or 'linear'",
        ),
        (
            {"shape": "interval", "dimension": {"detector": ""}, "low": 1},
            "should have at least 1 character",
        ),
        (
            {
                "shape": "interval",
                "dimension": {"detector": "X", "scale": {"type": "log", "t": 0, "m": 4}},
                "low": 1,
            },
            "T must be a positive number",
        ),
        (
            {
                "shape": "interval",
                "dimension": {"detector": "X", "scale": {"type": "logicle", "t": 9, "m": 4}},
                "low": 1,
            },
            "field 'w' is missing",
        ),
    ],
)
def test_what_is_no_region_is_refused_with_its_place(region: dict[str, Any], said: str) -> None:
    message = fault(region)
    assert said in message
    assert message.startswith("<text>:1:")


def test_a_scale_that_none_can_be_is_one_fault_of_its_axis() -> None:
    scale = {"type": "log", "t": 0, "m": 4}
    region = {"shape": "interval", "dimension": {"detector": "X", "scale": scale}, "low": 1}
    assert len(fault(region).splitlines()) == 1
