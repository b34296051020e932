"""A component of a mixture of normal populations, told from the others by a rule."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from cd5flow.gating.methods.density_cluster import DensityCluster
from cd5flow.gating.methods.mixture import Mixture
from cd5flow.gating.roles import Window
from cd5flow.gating.tube_view import Outcome, Position, TubeView
from cd5flow.model.reasons import sentence
from support.cluster_factory import ellipse
from support.gating_factory import Floats, axis, inside, reason, resolved, tube_view
from support.properties import part_of_examples

# Lymphocytes, granulocytes, blasts on CD45 (x) and side scatter (y): place, spread, events.
CLOUDS = {
    "lymphocytes": ((0.80, 0.30), (0.03, 0.03), 1_000),
    "granulocytes": ((0.60, 0.75), (0.06, 0.03), 3_000),
    "blasts": ((0.45, 0.32), (0.04, 0.03), 500),
}
WHO = np.repeat(list(CLOUDS), [n for _, _, n in CLOUDS.values()])


def clouds(**moved: tuple[float, float]) -> Floats:
    parts = [
        np.random.default_rng(i).normal(moved.get(name, place), spread, (events, 2))
        for i, (name, (place, spread, events)) in enumerate(CLOUDS.items())
    ]
    return np.concatenate(parts)


def marrow(extra: npt.ArrayLike = (), *, points: Floats | None = None, **more: Any) -> TubeView:
    where = clouds() if points is None else points
    every = np.concatenate([where, np.reshape(extra, (-1, 2))])
    return tube_view({"CD45": every[:, 0], "SSC": every[:, 1]}, **more)


def mixture(**settings: Any) -> Mixture:
    """Return the method that tries one component more than these tubes have."""
    axes = {"x": "CD45", "y": "SSC", "role": {"CD45": 1}}
    rule = {"method": "mixture", "max_components": 4, **axes}
    return Mixture.model_validate({**rule, **settings})


@cache
def usual() -> Outcome:
    """Return what is found with nothing said but the axes."""
    return mixture().find(marrow())


@pytest.mark.parametrize(
    ("role", "who"),
    [
        ({"CD45": 1}, "lymphocytes"),
        ({"CD45": 1, "SSC": -0.4}, "lymphocytes"),
        ({"SSC": 1}, "granulocytes"),
        ({"CD45": -1}, "blasts"),
    ],
)
def test_the_role_says_which_component_is_taken(role: dict[str, float], who: str) -> None:
    view = marrow()
    outcome = mixture(role=role).find(view)
    found = ellipse(outcome)
    assert (found.x, found.y) == (axis("CD45"), axis("SSC"))
    assert np.allclose(found.centre, CLOUDS[who][0], atol=0.01)
    kept = inside(found, view)
    assert kept[who == WHO].mean() > 0.97
    assert kept[who != WHO].mean() < 0.02
    assert outcome.evidence.values["components"] == 3


def test_the_ellipse_has_the_components_own_shape() -> None:
    xx, xy, yy = ellipse(mixture(role={"SSC": 1}).find(marrow())).covariance
    assert (math.sqrt(xx), math.sqrt(yy)) == pytest.approx((0.06, 0.03), rel=0.1)
    assert abs(xy) < 0.1 * math.sqrt(xx * yy)


def test_the_ellipse_holds_the_share_asked_for() -> None:
    for level in (50, 90, 99):
        view = marrow()
        kept = inside(ellipse(mixture(level_percent=level).find(view)), view)[WHO == "lymphocytes"]
        assert 100 * kept.mean() == pytest.approx(level, abs=3)


def beside(distance: float, **settings: Any) -> TubeView:
    """Return two populations of like size, so many of their standard deviations apart."""
    rng = np.random.default_rng(1)
    two = [rng.normal((x, 0.3), 0.03, (2_000, 2)) for x in (0.60, 0.60 + 0.03 * distance)]
    return marrow(points=np.concatenate(two), **settings)


def test_populations_without_a_valley_between_them_are_parted() -> None:
    view, low = beside(2.7), {"x": "CD45", "y": "SSC", "role": {"CD45": -1}}
    dense = DensityCluster.model_validate({"method": "density_cluster", **low}).find(view)
    assert resolved(dense).evidence.values["hills"] == 1
    outcome = mixture(**low, level_percent=80).find(view)
    found = ellipse(outcome)
    assert np.allclose(found.centre, (0.60, 0.30), atol=0.01)
    assert math.sqrt(found.covariance[0]) == pytest.approx(0.03, rel=0.15)
    assert outcome.evidence.values["components"] == 2


def test_the_evidence_tells_what_the_component_rests_on() -> None:
    outcome = mixture(role={"CD45": 1, "SSC": -1}).find(marrow())
    values = outcome.evidence.values
    assert outcome.evidence.events == 4_500
    assert sentence(outcome.evidence.note) == "the component with CD45 highest, SSC lowest"
    assert values["CD45 mean"] == pytest.approx(0.80, abs=0.01)
    assert values["SSC mean"] == pytest.approx(0.30, abs=0.01)
    assert values["weight_percent"] == pytest.approx(100 / 4.5, rel=0.05)
    assert values["component_events"] == pytest.approx(1_000, rel=0.05)
    assert values["overlap_percent"] < 1
    assert values["neighbour_percent"] < 1
    assert values["bic_gain"] > 100
    assert values["bic_left"] < 10


# What a population of its own is


def test_a_component_that_shares_too_much_with_others_is_unresolved() -> None:
    outcome = mixture(role={"CD45": -1}, max_overlap_percent=5).find(beside(2.7))
    assert "of its events with others, more than 5 %" in reason(outcome)
    overlap = outcome.evidence.values["overlap_percent"]
    # Expected of two equal normals 2.7 SD apart: the mean of 1 - P(own), by numerical integration.
    assert overlap == pytest.approx(expected_overlap(2.7), abs=2)
    enough = {"max_overlap_percent": overlap + 1, "level_percent": 70}
    ellipse(mixture(role={"CD45": -1}, **enough).find(beside(2.7)))


def test_a_wide_ellipse_reaches_into_its_neighbour_and_a_narrow_one_does_not() -> None:
    low = {"role": {"CD45": -1}}
    assert "of the events around the component" in reason(mixture(**low).find(beside(2.7)))
    shares = [
        mixture(**low, level_percent=level, max_overlap_percent=100)
        .find(beside(2.7))
        .evidence.values["neighbour_percent"]
        for level in (99, 80)
    ]
    assert shares[0] > 25
    assert shares[1] < 15


def expected_overlap(distance: float) -> float:
    x = np.linspace(-8, 8 + distance, 20_001)
    own, other = np.exp(-(x**2) / 2), np.exp(-((x - distance) ** 2) / 2)
    return float(100 * np.sum(own * other / (own + other)) / np.sum(own))


def test_a_component_whose_ellipse_holds_too_many_strangers_is_unresolved() -> None:
    # Few cells, wide, across many that are narrow: theirs is the ellipse's middle.
    rng = np.random.default_rng(1)
    wide, narrow = rng.normal(0.5, 0.1, (600, 2)), rng.normal(0.55, 0.01, (4_000, 2))
    outcome = mixture(role={"CD45": -1}).find(marrow(points=np.concatenate([wide, narrow])))
    assert "of the events around the component" in reason(outcome)
    assert outcome.evidence.values["overlap_percent"] < 20
    assert outcome.evidence.values["neighbour_percent"] > 20


def test_where_one_component_is_enough_only_a_window_says_who_it_is() -> None:
    alone = marrow([[0.7, 0.5]], points=clouds()[WHO == "lymphocytes"],
                   populations={"mark": np.arange(1_001) == 1_000})  # fmt: skip
    assert reason(mixture().find(alone)) == (
        "one component fits best on CD45 and SSC, and nothing says which population it is"
    )
    mark = Position(population="mark", min_events=1)
    found = ellipse(mixture(x_window=Window(low=mark)).find(alone))
    assert np.allclose(found.centre, (0.80, 0.30), atol=0.01)
    assert "lies where it should" in reason(mixture(x_window=Window(high=mark)).find(alone))


def test_even_scatter_is_no_population() -> None:
    rng = np.random.default_rng(3)
    for events in (500, 5_000):
        reason(mixture(max_components=8).find(marrow(points=rng.uniform(0.2, 0.9, (events, 2)))))


def test_the_fewest_components_that_explain_the_map_are_taken() -> None:
    most = [mixture(max_components=k).find(marrow()) for k in (3, 8)]
    assert most[0].evidence.values["components"] == most[1].evidence.values["components"] == 3
    assert "bic_left" not in most[0].evidence.values
    stingy = mixture(bic_margin=1e9).find(marrow())
    assert stingy.evidence.values["components"] == 1


# Who is a candidate


def test_components_of_too_few_events_or_too_small_or_large_a_share_are_none() -> None:
    low = {"role": {"CD45": -1}}
    assert ellipse(mixture(**low, min_share_percent=10).find(marrow())).centre[0] < 0.5
    assert ellipse(mixture(**low, min_share_percent=13).find(marrow())).centre[0] > 0.5
    assert ellipse(mixture(**low, min_events=400).find(marrow())).centre[0] < 0.5
    assert ellipse(mixture(**low, min_events=600).find(marrow())).centre[0] > 0.5
    assert ellipse(mixture(role={"SSC": 1}, max_share_percent=60).find(marrow())).centre[1] < 0.4
    none = mixture(min_share_percent=99).find(marrow())
    assert "holds as many events as it should" in reason(none)


def test_only_components_with_their_middle_in_the_windows_are_candidates() -> None:
    view = marrow([[0.7, 0.5]], populations={"mark": np.arange(4_501) == 4_500})
    mark = Position(population="mark", min_events=1)
    left = ellipse(mixture(x_window=Window(high=mark)).find(view))
    assert np.allclose(left.centre, CLOUDS["granulocytes"][0], atol=0.01)
    nowhere = mixture(x_window=Window(low=mark), y_window=Window(low=mark)).find(view)
    assert reason(nowhere) == "none of 3 components on CD45 and SSC lies where it should"
    gone = mixture(x_window=Window(low=Position(population="gone"))).find(view)
    assert "lies where it should" in reason(gone)


def test_a_component_must_lead_the_dimmest_by_the_decades_asked_for() -> None:
    # 0.80 over 0.45 is a quarter of a decade.
    ellipse(mixture(lead_decades={"CD45": 0.2}).find(marrow()))
    assert "lies where it should" in reason(mixture(lead_decades={"CD45": 0.3}).find(marrow()))


# Events of any kind


def test_only_the_parents_events_are_fitted() -> None:
    view = marrow(parent=WHO != "lymphocytes")
    assert ellipse(mixture().find(view)).centre[0] == pytest.approx(0.6, abs=0.02)


def test_strays_are_no_component() -> None:
    strays = [[30.0, 30.0], [-30.0, 0.3], [0.3, 9.0], [math.nan, 0.5], [0.5, math.inf]]
    found = ellipse(mixture().find(marrow(strays)))
    assert np.allclose(found.centre, CLOUDS["lymphocytes"][0], atol=0.01)


@pytest.mark.parametrize(
    ("points", "what"),
    [
        ([], "0 events are too few"),
        ([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], "3 events are too few"),
        ([[math.nan, 0.5]] * 500, "0 events are too few"),
        ([[0.4, 0.5]] * 500, "no mixture on CD45 and SSC settles"),
        ([[0.4, y] for y in np.linspace(0.4, 0.6, 500)], "no mixture on CD45 and SSC settles"),
        ([[x, x] for x in np.linspace(0.4, 0.6, 500)], "has no width"),
        ([[0.2, 0.3]] * 250 + [[0.8, 0.3 + 1e-9 * i] for i in range(250)], "has no width"),
    ],
    ids=["empty", "three", "nan", "a point", "a line", "a slanted line", "two points"],
)
def test_without_a_population_of_some_width_it_is_unresolved(
    points: npt.ArrayLike, what: str
) -> None:
    view = marrow(points=np.reshape(np.array(points, dtype=np.float64), (-1, 2)))
    outcome = mixture(x_window=Window(high=Position(population="all", decades=2))).find(view)
    assert what in reason(outcome)


def test_a_mixture_that_does_not_settle_is_none_and_warns_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cd5flow.gating.methods.mixture.ROUNDS", 1)
    outcome = mixture().find(marrow())
    assert reason(outcome) == "no mixture on CD45 and SSC settles"


# Chance


def test_the_same_tube_gets_the_same_gate_however_often_it_is_asked_for() -> None:
    view = marrow()
    rule = mixture(max_events=1_000)
    assert rule.find(view) == rule.find(view)


def test_another_seed_draws_other_events_and_finds_the_same_population() -> None:
    rule = mixture(max_events=1_000)
    one, other = (
        ellipse(rule.find(replace(marrow(), rng=np.random.default_rng(seed)))) for seed in (1, 2)
    )
    assert one != other
    assert np.allclose(one.centre, other.centre, atol=0.01)


def test_a_drawn_part_tells_of_the_whole() -> None:
    outcome = mixture(max_events=1_000).find(marrow())
    assert outcome.evidence.events == 4_500
    assert outcome.evidence.values["component_events"] == pytest.approx(1_000, rel=0.15)


def test_the_number_of_threads_changes_no_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    fit = GaussianMixture.fit

    def watched(model: Any, values: Floats) -> Any:
        threads.extend(pool["num_threads"] for pool in threadpool_info())
        return fit(model, values)

    monkeypatch.setattr(GaussianMixture, "fit", watched)
    with threadpool_limits(limits=3):
        outcome = mixture().find(marrow())
    assert str(outcome) == str(usual())
    assert set(threads) == {1}


@part_of_examples(0.12)
@given(st.floats(-50, 50), st.floats(0.05, 50))
def test_units_and_their_zero_do_not_matter(shift: float, factor: float) -> None:
    one = ellipse(usual())
    other = ellipse(mixture().find(marrow(points=(clouds() + shift) * factor)))
    moved = (np.array(one.centre) + shift) * factor
    assert np.allclose(other.centre, moved, rtol=0, atol=2e-3 * factor)
    assert np.allclose(np.array(other.covariance), np.array(one.covariance) * factor**2, rtol=0.05,
                       atol=2e-5 * factor**2)  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"role": {}}, "at least 1 item"),
        ({"role": {"CD3": 1}}, "role names CD3; the axes are CD45 and SSC"),
        ({"y": "CD45"}, "two axes are CD45"),
        ({"max_components": 0}, "greater than or equal to 1"),
        ({"max_overlap_percent": 0}, "greater than 0"),
    ],
)
def test_a_rule_that_the_axes_cannot_answer_is_refused(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        mixture(**settings)
