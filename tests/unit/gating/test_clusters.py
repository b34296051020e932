"""What finding a cluster among candidates has in common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cd5flow.gating.clusters import ClusterSpec, ball_and_shell, shift_to_mean, squared
from cd5flow.gating.tube_view import TubeView
from cd5flow.model.reasons import sentence
from support.cluster_factory import SPREAD, T_EVENTS, cloud, tube
from support.gating_factory import Floats, axis, tube_view

AXES = (axis("CD45"), axis("SSC"))
ORIGIN = np.zeros(2)


def spec(**settings: Any) -> ClusterSpec:
    return ClusterSpec.model_validate({"x": "CD45", "y": "SSC", "yardstick": ["t"], **settings})


def at(*places: tuple[float, float]) -> Floats:
    return np.array(places, dtype=np.float64)


# Counting


def test_a_ball_holds_its_edge_and_the_shell_what_lies_beyond_up_to_twice_the_area() -> None:
    root = math.sqrt(2)
    points = at((0, 0), (1, 0), (0, -1), (1.01, 0), (root - 1e-9, 0), (root + 1e-9, 0), (5, 5))
    assert ball_and_shell(points, ORIGIN, 1) == (3, 2)
    assert ball_and_shell(points, ORIGIN, 0.5) == (1, 0)
    assert ball_and_shell(points[:0], ORIGIN, 1) == (0, 0)


@given(st.integers(0, 1_000), st.floats(0.2, 2))
def test_even_scatter_fills_ball_and_shell_alike(seed: int, radius: float) -> None:
    points = np.random.default_rng(seed).uniform(-4, 4, (40_000, 2))
    ball, shell = ball_and_shell(points, ORIGIN, radius)
    assert abs(ball - shell) <= 5 * math.sqrt(ball + shell)


def test_a_place_moves_to_the_middle_of_what_is_around_it() -> None:
    points = cloud(3, -2, 2_000, spread=0.5)
    moved = shift_to_mean(points, np.array([3.6, -2.4]), 1.0)
    assert np.allclose(moved, (3, -2), atol=0.06)


def test_a_place_with_nothing_around_it_stays() -> None:
    assert shift_to_mean(at((9, 9)), ORIGIN, 1.0).tolist() == [0, 0]


def test_distances_are_squared() -> None:
    assert squared(at((3, 4), (0, 0), (-1, 0)), ORIGIN).tolist() == [25, 0, 1]


# The unit of width


def test_the_unit_is_the_first_yardsticks_spread_made_wider() -> None:
    view = tube(cloud(0.5, 0.3, 50))
    unit = spec(yardstick=["gone", "nobody", "t"], yardstick_factor=2).unit(view, AXES)
    assert unit == pytest.approx([2 * SPREAD, 2 * SPREAD], rel=0.1)
    assert view.consulted.populations == {"t": None}


def test_a_yardstick_without_width_on_an_axis_is_none() -> None:
    flat = tube_view({"CD45": [0.1, 0.5, 0.9], "SSC": [0.3] * 3}, populations={"t": [True] * 3})
    assert spec().unit(flat, AXES) is None


# Over what ball and shell are counted


def test_without_other_surroundings_the_candidates_are_their_own() -> None:
    view, points = tube(cloud(0.5, 0.3, 50)), cloud(0.5, 0.3, 50)
    unit = np.array([0.1, 0.2])
    assert spec().whole(view, AXES, points, unit) is points
    assert spec(among="gone").whole(view, AXES, points, unit) is points


def test_surroundings_are_counted_but_for_what_has_no_place() -> None:
    odd = at((math.nan, 0.3), (0.4, math.inf), (0.4, 0.3))
    view = tube(odd, populations={"rest": [True] * 3})
    found = spec(among="rest").whole(view, AXES, odd, np.array([0.1, 0.2]))
    assert found == pytest.approx(at((0.4, 0.3)) / [0.1, 0.2])


# Who a cluster must not be


def bounded(**bounds: Any) -> ClusterSpec:
    return spec(centre_within=[{"axis": "CD3", **bounds}])


T_PLACE = {"population": "t"}


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        ({"low": T_PLACE}, "a cluster of 40 events lies too low on CD3"),
        ({"high": T_PLACE}, None),
        (
            {"high": {"population": "t", "decades": -1}},
            "a cluster of 40 events lies too high on CD3",
        ),
        ({"low": {"population": "gone"}}, None),
    ],
)
def test_the_middle_must_lie_within_the_bounds(bounds: dict[str, Any], why: str | None) -> None:
    view = tube(cloud(0.5, 0.3, 100), cd3=[0.2] * 60 + [0.9] * 40)
    # The median of these 40 is 0.2, though ten of them lie far above.
    around = np.r_[0:30, 60:70]
    found = bounded(**bounds).elsewhere(view, around)
    assert (None if found is None else sentence(found)) == why


def apart(**settings: Any) -> ClusterSpec:
    return spec(**{"apart_from": ["t"], **settings})


def alike(view: TubeView, spec: ClusterSpec, centre: float, events: int) -> str | None:
    found = spec.look_alike(view, AXES[0], centre, events)
    return None if found is None else sentence(found)


def test_a_few_cells_within_so_many_spreads_of_normal_ones_are_look_alikes() -> None:
    view = tube(cloud(0.5, 0.3, 200))
    said = "a cluster of 30 events lies as high on CD45 as t"
    assert alike(view, apart(), 0.8, 30) == said
    assert alike(view, apart(), 0.8 - 1.1 * SPREAD, 30) == said
    assert alike(view, apart(), 0.8 - 1.5 * SPREAD, 30) is None
    assert alike(view, apart(apart_spreads=2), 0.8 - 1.5 * SPREAD, 30) == said


def test_from_so_large_a_share_on_cells_are_no_look_alikes() -> None:
    view = tube(cloud(0.5, 0.3, 200))
    assert alike(view, apart(apart_below_percent=5), 0.8, 49) is not None
    assert alike(view, apart(apart_below_percent=5), 0.8, 50) is None
    assert alike(view, apart(apart_below_percent=5, apart_whole="t"), 0.8, 40) is None
    # Of a whole that was not gated nothing is a share.
    assert alike(view, apart(apart_below_percent=5, apart_whole="gone"), 0.8, 900) is not None


def test_a_population_of_too_few_events_is_passed_over() -> None:
    few = np.arange(200) < 40
    view = tube(cloud(0.3, 0.3, 200), populations={"few": few})
    both = ["few", "t"]
    assert alike(view, apart(apart_from=both), 0.4, 20) is None
    assert alike(view, apart(apart_from=both, apart_events=40), 0.4, 20) is not None


# The ellipse


def fitted(events: int, **settings: Any) -> tuple[float, float, float]:
    long = np.random.default_rng(1).normal((0, 0), (2.0, 0.5), (events, 2))
    found = spec(**settings).ellipse(long, ORIGIN, np.array([0.1, 1.0]), AXES)
    assert (found.x, found.y) == AXES
    return found.covariance


def test_many_events_give_the_ellipse_their_own_shape_in_display_units() -> None:
    xx, xy, yy = fitted(5_000)
    assert (math.sqrt(xx), math.sqrt(yy)) == pytest.approx((0.2, 0.5), rel=0.1)
    assert abs(xy) < 0.1 * math.sqrt(xx * yy)


def test_too_few_events_have_the_units_shape() -> None:
    assert fitted(3, min_events=10) == pytest.approx((0.01, 0, 1))


def test_a_few_events_stretch_the_ellipse_less_than_many() -> None:
    few, many = math.sqrt(fitted(20)[0]), math.sqrt(fitted(5_000)[0])
    assert 0.1 < few < many


def test_the_level_is_the_share_that_it_holds() -> None:
    points = np.random.default_rng(1).normal(0, 1, (20_000, 2))
    for level in (50.0, 95.0):
        found = spec(level_percent=level).ellipse(points, ORIGIN, np.ones(2), AXES)
        (xx, xy, yy), place = found.covariance, np.array(found.centre)
        shape = np.linalg.inv(np.array([[xx, xy], [xy, yy]]))
        away = points - place
        held = np.einsum("ni,ij,nj->n", away, shape, away) <= found.distance_squared
        assert 100 * held.mean() == pytest.approx(level, abs=1.5)


def test_two_axes_are_two_channels() -> None:
    with pytest.raises(ValidationError, match="two axes are CD45"):
        spec(y="CD3|CD45")


def test_the_tubes_of_these_tests_hold_so_many_t_cells() -> None:
    assert int(tube(cloud(0.5, 0.3, 10)).members["t"].sum()) == T_EVENTS
