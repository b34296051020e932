"""Whether candidates are a population or scatter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from cd5flow.gating.methods.candidate_cluster import CandidateCluster
from cd5flow.gating.tube_view import Outcome, Position, Side, TubeView
from cd5flow.model.geometry import Ellipse
from support.gating_factory import Floats, axis, inside, normal, reason, resolved, tube_view

SPREAD = 0.03
T_CELLS = np.column_stack([normal(0.8, SPREAD, 800, seed=7), normal(0.3, SPREAD, 800, seed=8)])


def cloud(x: float, y: float, events: int, *, spread: float = SPREAD, seed: int = 1) -> Floats:
    return np.column_stack(
        [normal(x, spread, events, seed=seed), normal(y, spread, events, seed=seed + 1)]
    )


def scatter(events: int, *, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).uniform((0.2, 0.1), (0.9, 0.6), (events, 2))


def tube(*candidates: Floats, cd3: npt.ArrayLike | None = None) -> TubeView:
    """Return candidates as the parent, beside normal T cells."""
    points = np.concatenate([T_CELLS, *candidates])
    is_t = np.arange(len(points)) < len(T_CELLS)
    third = np.zeros(len(points)) if cd3 is None else cd3
    return tube_view(
        {"CD45": points[:, 0], "SSC": points[:, 1], "CD3": third},
        populations={"t": is_t, "nobody": np.zeros(len(points))},
        parent=~is_t,
    )


def cluster(**settings: Any) -> CandidateCluster:
    rule = {"method": "candidate_cluster", "x": "CD45", "y": "SSC", "yardstick": ("t",)}
    return CandidateCluster.model_validate({**rule, **settings})


def ellipse(outcome: Outcome) -> Ellipse:
    region = resolved(outcome).region
    assert isinstance(region, Ellipse)
    return region


@pytest.mark.parametrize("events", [20, 200, 3_000])
def test_a_cloud_as_narrow_as_normal_cells_is_a_population(events: int) -> None:
    view = tube(cloud(0.5, 0.3, events))
    found = ellipse(cluster().find(view))
    assert (found.x, found.y) == (axis("CD45"), axis("SSC"))
    assert np.allclose(found.centre, (0.5, 0.3), atol=0.02)
    assert inside(found, view)[800:].mean() > 0.9


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("events", [30, 3_000])
def test_scatter_is_no_population(events: int, seed: int) -> None:
    outcome = cluster().find(tube(scatter(events, seed=seed)))
    assert any(word in reason(outcome) for word in ("scattered", "fewer than 10"))


def test_a_population_within_scatter_is_found() -> None:
    view = tube(cloud(0.5, 0.3, 60), scatter(60))
    found = ellipse(cluster().find(view))
    assert np.allclose(found.centre, (0.5, 0.3), atol=0.02)
    kept = inside(found, view)
    assert kept[800:860].mean() > 0.9
    assert kept[860:].mean() < 0.25


def test_of_two_populations_the_denser_is_taken() -> None:
    view = tube(cloud(0.4, 0.3, 100), cloud(0.6, 0.5, 400, seed=3))
    assert np.allclose(ellipse(cluster().find(view)).centre, (0.6, 0.5), atol=0.02)


def test_a_cloud_far_wider_than_normal_cells_is_scatter() -> None:
    assert "scattered" in reason(cluster().find(tube(cloud(0.5, 0.3, 500, spread=4 * SPREAD))))
    ellipse(cluster(yardstick_factor=4).find(tube(cloud(0.5, 0.3, 500, spread=4 * SPREAD))))


def test_the_ellipse_takes_the_clouds_own_shape() -> None:
    long = np.column_stack([normal(0.5, 0.05, 4_000), normal(0.3, 0.015, 4_000, seed=2)])
    xx, xy, yy = ellipse(cluster().find(tube(long))).covariance
    assert math.sqrt(xx) == pytest.approx(0.05, rel=0.15)
    assert math.sqrt(yy) == pytest.approx(0.015, rel=0.15)
    assert abs(xy) < 0.2 * math.sqrt(xx * yy)


def test_the_ellipse_holds_the_share_asked_for() -> None:
    view = tube(cloud(0.5, 0.3, 10_000))
    for level in (90, 99.5):
        kept = inside(ellipse(cluster(level_percent=level).find(view)), view)[800:]
        assert 100 * kept.mean() == pytest.approx(level, abs=2)


def test_fewer_candidates_than_a_cluster_are_none() -> None:
    few = tube(cloud(0.5, 0.3, 9))
    assert reason(cluster().find(few)) == "9 candidates are fewer than 10"
    assert reason(cluster(min_events=3).find(tube())) == "0 candidates are fewer than 3"


def test_candidates_that_are_enough_but_nowhere_together_are_none() -> None:
    grid = np.array([[0.1 * i, 0.1 * j] for i in range(1, 7) for j in range(1, 3)])
    assert "the densest place holds 1 events, fewer than 10" in reason(cluster().find(tube(grid)))


def test_the_first_yardstick_with_a_width_is_taken() -> None:
    view = tube(cloud(0.5, 0.3, 100))
    assert cluster(yardstick=("gone", "nobody", "t")).find(view) == cluster().find(view)


def test_without_a_yardstick_it_is_unresolved() -> None:
    outcome = cluster(yardstick=("gone", "nobody")).find(tube(cloud(0.5, 0.3, 100)))
    assert reason(outcome) == "none of gone, nobody has events to measure width by"


def test_nan_is_no_candidate_and_spoils_no_yardstick() -> None:
    points = np.concatenate([T_CELLS, cloud(0.5, 0.3, 100)])
    odd = np.array([[math.nan, 0.3], [0.5, math.inf]])
    spoilt = np.concatenate([points, odd, odd])
    row = np.arange(904)
    view = tube_view(
        {"CD45": spoilt[:, 0], "SSC": spoilt[:, 1]},
        populations={"t": (row < 800) | (row >= 902)},
        parent=(row >= 800) & (row < 902),
    )
    found = cluster().find(view)
    clean = ellipse(cluster().find(tube(cloud(0.5, 0.3, 100))))
    assert found.evidence.events == 100
    assert np.allclose(ellipse(found).centre, clean.centre, atol=1e-3)


def test_the_evidence_tells_ball_and_shell() -> None:
    outcome = cluster().find(tube(cloud(0.5, 0.3, 500)))
    values = outcome.evidence.values
    assert outcome.evidence.events == 500
    assert values["shell_share"] == values["shell_events"] / values["ball_events"]
    assert values["shell_share"] < 0.35


@pytest.mark.parametrize(("side", "accepted"), [("low", True), ("high", False)])
def test_the_clusters_middle_must_lie_within_the_bounds_of_further_axes(
    side: str, *, accepted: bool
) -> None:
    view = tube(cloud(0.5, 0.3, 100), cd3=[*[0.5] * 800, *[0.6] * 100])
    bound = Side.model_validate({"axis": "CD3", side: Position(population="t")})
    outcome = cluster(centre_within=(bound,)).find(view)
    if accepted:
        ellipse(outcome)
    else:
        assert "lies too high on CD3" in reason(outcome)


def near_t(events: int, **settings: Any) -> Outcome:
    """Look for a cluster that lies where the T cells lie."""
    rule = {"apart_from": ("t",), "apart_below_percent": 5, **settings}
    return cluster(**rule).find(tube(cloud(0.8, 0.3, events)))


def test_a_few_cells_as_bright_as_normal_ones_may_be_normal() -> None:
    outcome = near_t(30)
    assert "lies as high on CD45 as t" in reason(outcome)
    assert outcome.evidence.values["look_alike_events"] >= 10


def test_more_cells_than_normal_look_alikes_number_are_a_population() -> None:
    ellipse(near_t(400))
    reason(near_t(400, apart_below_percent=60))


def test_a_few_cells_dimmer_than_normal_ones_are_a_population() -> None:
    ellipse(cluster(apart_from=("t",)).find(tube(cloud(0.6, 0.3, 30))))


def test_a_population_too_small_to_compare_with_is_passed_over() -> None:
    ellipse(near_t(30, apart_from=("nobody", "gone")))
    reason(near_t(30, apart_from=("nobody", "t")))


def test_the_share_is_of_the_whole_named() -> None:
    reason(near_t(60, apart_below_percent=20, apart_whole="all"))
    # Of the T cells alone, 57 or so in the ball are more than 5 %.
    ellipse(near_t(60, apart_below_percent=5, apart_whole="t"))
    reason(near_t(60, apart_below_percent=5, apart_whole="gone"))


def test_two_axes_are_two_channels() -> None:
    with pytest.raises(ValidationError, match="two axes are CD45"):
        cluster(y="CD45")


def cut_tail(events: int = 3_000) -> TubeView:
    """Return a wide hill of which only the cells dimmer than an edge are candidates."""
    hill = cloud(0.62, 0.3, events, spread=2 * SPREAD, seed=4)
    points = np.concatenate([T_CELLS, hill])
    row = np.arange(len(points))
    return tube_view(
        {"CD45": points[:, 0], "SSC": points[:, 1]},
        populations={"t": row < 800, "hill": row >= 800},
        parent=(row >= 800) & (points[:, 0] < 0.5),
    )


def test_a_tail_cut_short_by_the_parents_edge_is_no_cluster_where_the_rest_is_seen() -> None:
    view = cut_tail()
    ellipse(cluster().find(view))
    outcome = cluster(among="hill").find(view)
    assert "candidates are scattered" in reason(outcome)
    assert outcome.evidence.events == view.events
    assert outcome.evidence.values["shell_share"] > 0.55


def test_a_cluster_among_the_cells_around_it_is_one() -> None:
    points = np.concatenate([T_CELLS, cloud(0.5, 0.3, 100), scatter(150)])
    row = np.arange(len(points))
    view = tube_view(
        {"CD45": points[:, 0], "SSC": points[:, 1]},
        populations={"t": row < 800, "around": row >= 800},
        parent=(row >= 800) & (row < 900),
    )
    alone, among = cluster().find(view), cluster(among="around").find(view)
    assert np.allclose(ellipse(among).centre, ellipse(alone).centre)
    assert among.evidence.values["shell_events"] > alone.evidence.values["shell_events"]


def test_surroundings_that_were_not_gated_are_the_candidates_themselves() -> None:
    view = tube(cloud(0.5, 0.3, 100))
    assert cluster(among="gone").find(view) == cluster().find(view)
