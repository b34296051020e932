"""Regions written down by a person."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from cd5flow.gating.methods.fixed import Fixed
from cd5flow.model.geometry import Ellipse, Interval, Polygon, Rectangle, Region
from cd5flow.model.scale import Linear
from support.gating_factory import DISPLAY, axis, inside, resolved, tube_view

TRIANGLE = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))


def fixed(**settings: Any) -> Fixed:
    return Fixed.model_validate({"method": "fixed", **settings})


def region(**settings: Any) -> Region:
    outcome = fixed(**settings).find(tube_view({"X": [1.0], "Y": [1.0]}))
    assert outcome.evidence.method == "fixed"
    return resolved(outcome).region


def test_one_side_is_an_interval_and_two_are_a_rectangle() -> None:
    x, y = {"axis": "X", "low": 1.5}, {"axis": "Y", "low": 0.5, "high": 2.5}
    assert region(sides=(x,)) == Interval(axis("X", None), low=1.5)
    assert region(sides=(x, y)) == Rectangle(
        (Interval(axis("X", None), low=1.5), Interval(axis("Y", None), 0.5, 2.5))
    )


def test_vertices_are_a_polygon_and_a_centre_is_an_ellipse() -> None:
    assert region(axes=("X", "Y"), vertices=TRIANGLE) == Polygon(
        axis("X", None), axis("Y", None), TRIANGLE
    )
    found = region(axes=("X", "Y"), centre=(1, 2), covariance=(4, 1, 1), distance_squared=3)
    assert found == Ellipse(axis("X", None), axis("Y", None), (1, 2), (4, 1, 1), 3)


def test_linear_places_are_linear_and_display_places_on_the_gates_scale() -> None:
    half = Linear(t=200.0)
    side = ({"axis": "X", "low": 0.5},)
    view = tube_view({"X": [0.4, 0.6, 90, 110]}, scale=half)
    display = resolved(fixed(units="display", sides=side).find(view)).region
    assert inside(display, view).tolist() == [False, False, False, True]
    linear = resolved(fixed(sides=side).find(view)).region
    assert inside(linear, view).tolist() == [False, True, True, True]


def test_a_fixed_region_is_the_same_whatever_the_events() -> None:
    settings = {"units": "display", "sides": ({"axis": "X", "low": 0.5},)}
    assert region(**settings) == Interval(axis("X", DISPLAY), low=0.5)
    empty = tube_view({"X": [1.0, np.nan]}, parent=[False, False])
    assert resolved(fixed(**settings).find(empty)).region == region(**settings)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({}, "exactly one of sides, vertices, centre"),
        ({"sides": ({"axis": "X", "low": 1},), "vertices": TRIANGLE}, "exactly one of"),
        ({"sides": ({"axis": "X"},)}, "give low, high or both"),
        ({"sides": ({"axis": "X", "low": 2, "high": 2},)}, "low 2.0 must be below high 2.0"),
        ({"sides": ({"axis": "X", "low": 1}, {"axis": "X", "high": 2})}, "two axes are X"),
        ({"vertices": TRIANGLE}, "needs axes"),
        ({"axes": ("X", "X|Y"), "vertices": TRIANGLE}, "two axes are X"),
        ({"axes": ("X", "Y"), "vertices": TRIANGLE[:2]}, "three different vertices"),
        ({"axes": ("X", "Y"), "centre": (0, 0)}, "needs covariance"),
        ({"axes": ("X", "Y"), "centre": (0, 0), "covariance": (1, 1, 1)}, "positive definite"),
        ({"axes": ("X", "Y"), "centre": (0, 0), "covariance": (-1, 0, -1)}, "positive definite"),
    ],
)
def test_what_is_no_one_shape_is_refused(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        fixed(**settings)
