"""A small cluster that stands out of its surroundings, however much denser other places are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cd5flow.gating.methods.small_cluster import SmallCluster
from support.cluster_factory import SPREAD, T_CELLS, T_EVENTS, cloud, ellipse, scatter, tube
from support.gating_factory import axis, inside, reason, tube_view
from support.properties import part_of_examples

CLONE = cloud(0.42, 0.3, 100, seed=21)
# Normal cells on the way to the clone: a wide hill, whose flank reaches the clone.
FLANK = cloud(0.62, 0.3, 4_000, spread=2 * SPREAD, seed=3)


def island(**settings: Any) -> SmallCluster:
    rule = {"method": "island", "x": "CD45", "y": "SSC", "yardstick": ("t",)}
    return SmallCluster.model_validate({**rule, **settings})


@pytest.mark.parametrize("events", [40, 400])
def test_a_small_clone_by_itself_is_found(events: int) -> None:
    view = tube(cloud(0.45, 0.3, events))
    found = ellipse(island().find(view))
    assert (found.x, found.y) == (axis("CD45"), axis("SSC"))
    assert np.allclose(found.centre, (0.45, 0.3), atol=0.02)
    assert inside(found, view)[T_EVENTS:].mean() > 0.9


def test_a_small_clone_beside_a_dense_flank_is_found() -> None:
    view = tube(FLANK, CLONE, cd3=[*[0.5] * len(FLANK), *[0.2] * len(CLONE)])
    low_cd3 = {"axis": "CD3", "high": {"population": "t", "decades": -0.2}}
    found = ellipse(island(centre_within=[low_cd3]).find(view))
    assert np.allclose(found.centre, (0.42, 0.3), atol=0.02)
    kept = inside(found, view)[T_EVENTS:]
    assert kept[len(FLANK) :].mean() > 0.9
    assert kept[: len(FLANK)].mean() < 0.03


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("events", [60, 3_000])
def test_scatter_is_no_island(events: int, seed: int) -> None:
    outcome = island().find(tube(cloud(0.5, 0.35, events, spread=4 * SPREAD, seed=seed)))
    assert reason(outcome) == f"none of {events} candidates stands out of its surroundings"


@pytest.mark.parametrize("others", [1_000, 40_000])
def test_however_many_other_cells_there_are_the_clone_is_looked_at(others: int) -> None:
    crowd = cloud(0.7, 0.7, others, spread=2 * SPREAD, seed=5)
    cd3 = [*[0.5] * others, *[0.2] * len(CLONE)]
    low_cd3 = {"axis": "CD3", "high": {"population": "t", "decades": -0.2}}
    found = ellipse(island(centre_within=[low_cd3]).find(tube(crowd, CLONE, cd3=cd3)))
    assert np.allclose(found.centre, (0.42, 0.3), atol=0.02)


def test_however_many_other_populations_there_are_the_clone_is_looked_at() -> None:
    others = [cloud(1.5 + 0.3 * i, 0.3, 500, seed=30 + i) for i in range(15)]
    cd3 = [*[0.5] * (15 * 500), *[0.2] * len(CLONE)]
    low_cd3 = {"axis": "CD3", "high": {"population": "t", "decades": -0.2}}
    found = ellipse(island(centre_within=[low_cd3]).find(tube(*others, CLONE, cd3=cd3)))
    assert np.allclose(found.centre, (0.42, 0.3), atol=0.02)


# What surrounds the candidates

# A wide hill whose candidates are those dimmer than an edge: its tail, cut off.
WIDE = cloud(0.62, 0.3, 3_000, spread=2 * SPREAD, seed=4)
TAIL = WIDE[:, 0] < 0.5


def test_a_tail_that_the_parents_edge_cut_off_is_none_where_the_rest_is_seen() -> None:
    view = tube(WIDE, candidates=TAIL, populations={"rest": np.ones(len(WIDE))})
    assert "stands out" in reason(island(among="rest").find(view))
    # By itself it is as compact as a cluster is.
    ellipse(island().find(view))


def test_a_clone_within_a_tail_cut_off_is_found() -> None:
    parts = (WIDE, CLONE)
    mask = [*TAIL, *[True] * len(CLONE)]
    view = tube(*parts, candidates=mask, populations={"rest": np.ones(len(mask))})
    assert np.allclose(ellipse(island(among="rest").find(view)).centre, (0.42, 0.3), atol=0.02)


def test_the_flank_of_a_population_elsewhere_is_none() -> None:
    other = cloud(0.5, 0.3, 300, seed=6)
    # Of a compact population a third are candidates, whichever: the population lies elsewhere.
    third = np.arange(300) % 3 == 0
    view = tube(other, candidates=third, populations={"rest": np.ones(300)})
    assert "stands out" in reason(island(among="rest").find(view))
    ellipse(island(among="rest", min_own_percent=30).find(view))


def test_a_population_that_was_not_gated_surrounds_nothing() -> None:
    view = tube(CLONE)
    assert island(among="gone").find(view) == island().find(view)


def test_surroundings_that_leave_the_candidates_out_give_no_cluster() -> None:
    view = tube(CLONE, populations={"rest": np.zeros(len(CLONE))})
    assert "stands out" in reason(island(among="rest").find(view))


# Who it must not be


def test_a_few_cells_as_bright_as_normal_ones_may_be_normal() -> None:
    outcome = island(apart_from=["t"]).find(tube(cloud(0.8, 0.3, 40)))
    assert "lies as high on CD45 as t" in reason(outcome)
    assert outcome.evidence.values["look_alike_events"] >= 30
    ellipse(island(apart_from=["t"]).find(tube(CLONE)))


def test_more_cells_than_normal_look_alikes_number_are_a_population() -> None:
    ellipse(island(apart_from=["t"]).find(tube(cloud(0.8, 0.3, 400))))


def test_a_clone_that_stands_apart_is_taken_though_another_place_looks_normal() -> None:
    view = tube(cloud(0.8, 0.3, 100, seed=5), CLONE)
    found = ellipse(island(apart_from=["t"], apart_below_percent=60).find(view))
    assert np.allclose(found.centre, (0.42, 0.3), atol=0.02)


def test_a_place_that_may_be_normal_cells_is_told_before_a_clearer_one_elsewhere() -> None:
    elsewhere, alike = cloud(0.45, 0.3, 300), cloud(0.8, 0.3, 50, seed=9)
    cd3 = [*[0.9] * 300, *[0.4] * 50]
    bound = {"axis": "CD3", "high": {"population": "t"}}
    outcome = island(centre_within=[bound], apart_from=["t"], apart_below_percent=60).find(
        tube(elsewhere, alike, cd3=cd3)
    )
    assert "lies as high on CD45 as t" in reason(outcome)
    assert outcome.evidence.values["look_alike_events"] == outcome.evidence.values["ball_events"]


def test_a_place_whose_middle_lies_elsewhere_is_none_and_the_clearest_is_told() -> None:
    parts = (cloud(0.45, 0.3, 300), cloud(0.6, 0.6, 80, seed=5))
    bound = {"axis": "CD3", "low": {"population": "t"}}
    outcome = island(centre_within=[bound]).find(tube(*parts, cd3=[0.4] * 380))
    assert reason(outcome).endswith("events lies too low on CD3")
    assert outcome.evidence.values["ball_events"] > 250


# Limits


def test_fewer_candidates_than_a_cluster_are_none() -> None:
    assert reason(island().find(tube(cloud(0.5, 0.3, 9)))) == "9 candidates are fewer than 10"
    assert "stands out" in reason(island(min_events=150).find(tube(CLONE, scatter(100))))


def test_a_ball_must_exceed_its_shell_by_so_many_standard_errors() -> None:
    view = tube(cloud(0.45, 0.3, 24))
    assert "stands out" in reason(island(clear_z=5).find(view))
    ellipse(island(clear_z=4).find(view))


def test_a_shell_that_is_too_full_is_none() -> None:
    view = tube(cloud(0.5, 0.3, 1_000, spread=1.6 * SPREAD))
    ellipse(island(max_shell_share=0.6).find(view))
    assert "stands out" in reason(island(max_shell_share=0.25).find(view))


def test_without_a_yardstick_it_is_unresolved() -> None:
    outcome = island(yardstick=("gone", "nobody")).find(tube(CLONE))
    assert reason(outcome) == "none of gone, nobody has events to measure width by"


def test_nan_is_no_candidate() -> None:
    odd = np.array([[math.nan, 0.3], [0.5, math.inf]])
    with_odd, clean = island().find(tube(CLONE, odd)), island().find(tube(CLONE))
    assert with_odd.evidence == clean.evidence
    assert ellipse(with_odd) == ellipse(clean)


def test_two_axes_are_two_channels() -> None:
    with pytest.raises(ValidationError, match="two axes are CD45"):
        island(y="CD45")


# What holds of any answer


def test_the_evidence_tells_ball_and_shell() -> None:
    outcome = island().find(tube(CLONE))
    values = outcome.evidence.values
    ball, shell = values["ball_events"], values["shell_events"]
    assert outcome.evidence.events == 100
    assert values["shell_share"] == shell / ball
    assert values["neighbour_percent"] == pytest.approx(100 * shell / ball)
    assert values["clear_z"] == (ball - shell) / math.sqrt(ball + shell)


def test_the_order_of_the_events_does_not_matter() -> None:
    parts = np.concatenate([FLANK, CLONE, scatter(200)])
    shuffled = parts[np.random.default_rng(2).permutation(len(parts))]
    one, two = island().find(tube(parts)), island().find(tube(shuffled))
    assert np.allclose(ellipse(one).centre, ellipse(two).centre, atol=1e-9)
    assert one.evidence.values == pytest.approx(two.evidence.values)


@part_of_examples(0.4)
@given(
    st.floats(-100, 100), st.floats(0.01, 100), st.integers(0, 1_000), st.sampled_from((60, 200))
)
def test_units_and_their_zero_do_not_matter(
    shift: float, factor: float, seed: int, events: int
) -> None:
    parts = (cloud(0.62, 0.3, 1_000, spread=2 * SPREAD, seed=seed), cloud(0.4, 0.3, events))
    one, other = tube(*parts), tube(*parts, factor=factor, shift=shift * factor)
    here, there = island(clear_z=3).find(one), island(clear_z=3).find(other)
    first, second = ellipse(here), ellipse(there)
    moved = np.array(first.centre) * factor + shift * factor
    # float32 holds seven digits of a value far from zero.
    assert np.allclose(second.centre, moved, rtol=0, atol=0.2 * SPREAD * factor)
    differ = inside(first, one) != inside(second, other)
    assert differ.sum() <= 0.02 * len(differ)


def test_the_t_cells_of_these_tubes_are_as_wide_as_said() -> None:
    view = tube_view(
        {"CD45": T_CELLS[:, 0], "SSC": T_CELLS[:, 1]}, populations={"t": [True] * T_EVENTS}
    )
    unit = island(yardstick_factor=1).unit(view, (axis("CD45"), axis("SSC")))
    assert unit == pytest.approx([SPREAD, SPREAD], rel=0.1)
