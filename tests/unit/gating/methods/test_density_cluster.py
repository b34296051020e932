"""A hill of a two-dimensional density map, told from the others by a stated rule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from cd5flow.gating.methods.density_cluster import DensityCluster
from cd5flow.gating.roles import Window
from cd5flow.gating.tube_view import Outcome, Position, TubeView
from cd5flow.model.geometry import Ellipse
from cd5flow.model.reasons import sentence
from cd5flow.model.scale import Logicle
from support.gating_factory import Floats, axis, inside, normal, reason, resolved, tube_view

# Lymphocytes, granulocytes, blasts on CD45 (x) and side scatter (y).
CLOUDS = {
    "lymphocytes": (0.80, 0.30, 1_000),
    "granulocytes": (0.60, 0.75, 3_000),
    "blasts": (0.45, 0.32, 500),
}


def cloud(x: float, y: float, events: int, *, seed: int = 1) -> Floats:
    return np.column_stack(
        [normal(x, 0.03, events, seed=seed), normal(y, 0.03, events, seed=seed + 50)]
    )


POINTS = np.concatenate([cloud(*where, seed=i) for i, where in enumerate(CLOUDS.values())])
WHO = np.repeat(list(CLOUDS), [n for _, _, n in CLOUDS.values()])


def marrow(extra: npt.ArrayLike = (), **settings: Any) -> TubeView:
    points = np.concatenate([POINTS, np.reshape(extra, (-1, 2))])
    return tube_view({"CD45": points[:, 0], "SSC": points[:, 1]}, **settings)


def cluster(**settings: Any) -> DensityCluster:
    rule = {"method": "density_cluster", "x": "CD45", "y": "SSC", "role": {"CD45": 1}}
    return DensityCluster.model_validate({**rule, **settings})


def ellipse(outcome: Outcome) -> Ellipse:
    region = resolved(outcome).region
    assert isinstance(region, Ellipse)
    return region


@pytest.mark.parametrize(
    ("role", "who"),
    [
        ({"CD45": 1}, "lymphocytes"),
        ({"CD45": 1, "SSC": -1}, "lymphocytes"),
        ({"SSC": 1}, "granulocytes"),
        ({"CD45": -1}, "blasts"),
        ({"CD45": 0.1, "SSC": 1}, "granulocytes"),
    ],
)
def test_the_role_says_which_hill_is_taken(role: dict[str, float], who: str) -> None:
    view = marrow()
    outcome = cluster(role=role).find(view)
    assert np.allclose(ellipse(outcome).centre, CLOUDS[who][:2], atol=0.01)
    kept = inside(ellipse(outcome), view)
    assert kept[who == WHO].mean() > 0.95
    assert kept[who != WHO].mean() < 0.02


def test_the_ellipse_holds_the_share_asked_for() -> None:
    view = tube_view(dict(zip(("CD45", "SSC"), cloud(0.5, 0.5, 20_000).T, strict=True)))
    for level in (50, 90, 99):
        kept = inside(ellipse(cluster(level_percent=level).find(view)), view)
        assert 100 * kept.mean() == pytest.approx(level, abs=2)


def test_the_ellipse_lies_on_the_display_axes_and_the_evidence_names_the_hill() -> None:
    outcome = cluster(role={"CD45": 1, "SSC": -1}).find(marrow())
    assert (ellipse(outcome).x, ellipse(outcome).y) == (axis("CD45"), axis("SSC"))
    assert outcome.evidence.events == 4_500
    assert outcome.evidence.values["hills"] == 3
    assert outcome.evidence.values["CD45 peak"] == pytest.approx(0.8, abs=0.03)
    assert sentence(outcome.evidence.note) == "the hill with CD45 highest, SSC lowest"


def test_only_hills_with_their_top_in_the_windows_are_candidates() -> None:
    view = marrow([[0.7, 0.5]], populations={"mark": np.arange(4_501) == 4_500})
    mark = Position(population="mark", min_events=1)
    left = ellipse(cluster(x_window=Window(high=mark)).find(view))
    assert np.allclose(left.centre, CLOUDS["granulocytes"][:2], atol=0.01)
    low = ellipse(cluster(x_window=Window(high=mark), y_window=Window(high=mark)).find(view))
    assert np.allclose(low.centre, CLOUDS["blasts"][:2], atol=0.01)
    nowhere = cluster(x_window=Window(low=mark), y_window=Window(low=mark)).find(view)
    assert reason(nowhere) == "none of 3 hills on CD45 and SSC lies where it should"


def test_a_window_without_its_population_is_unresolved() -> None:
    window = Window(low=Position(population="t_landmark"))
    assert "lies where it should" in reason(cluster(x_window=window).find(marrow()))


def test_a_hill_of_too_few_events_is_none() -> None:
    assert ellipse(cluster(role={"CD45": -1}, min_events=500).find(marrow())).centre[0] < 0.5
    assert ellipse(cluster(role={"CD45": -1}, min_events=520).find(marrow())).centre[0] > 0.5


def test_a_hill_of_too_small_a_share_is_none() -> None:
    assert ellipse(cluster(role={"CD45": -1}, min_share_percent=10).find(marrow())).centre[0] < 0.5
    assert ellipse(cluster(role={"CD45": -1}, min_share_percent=12).find(marrow())).centre[0] > 0.5


def test_a_hill_of_too_large_a_share_is_none() -> None:
    assert ellipse(cluster(role={"SSC": 1}, max_share_percent=67).find(marrow())).centre[1] > 0.7
    assert ellipse(cluster(role={"SSC": 1}, max_share_percent=66).find(marrow())).centre[1] < 0.4


@pytest.mark.parametrize(
    ("brighter", "found"), [(1.0, True), (0.5, False)], ids=["a decade", "half a decade"]
)
def test_a_hill_must_lead_the_dimmest_by_the_decades_asked_for(
    brighter: float, *, found: bool
) -> None:
    rng = np.random.default_rng(1)
    x = 1_000 * 10 ** rng.normal(np.repeat((0, brighter), 1_000), 0.05)
    view = tube_view({"CD45": x, "SSC": rng.normal(1e4, 1e3, 2_000)}, scale=Logicle(t=262144.0))
    outcome = cluster(lead_decades={"CD45": 0.8}).find(view)
    if found:
        assert inside(ellipse(outcome), view)[1_000:].mean() > 0.95
    else:
        assert "lies where it should" in reason(outcome)


def test_one_hill_leads_none() -> None:
    view = marrow(parent=WHO == "lymphocytes")
    assert "lies where it should" in reason(cluster(lead_decades={"CD45": 0.1}).find(view))


def test_above_zero_any_hill_leads_those_that_are_not() -> None:
    points = np.concatenate([cloud(-0.4, 0.5, 500), cloud(0.4, 0.5, 500, seed=3)])
    view = tube_view({"CD45": points[:, 0], "SSC": points[:, 1]})
    found = ellipse(cluster(role={"CD45": -1}, lead_decades={"CD45": 2}).find(view))
    assert found.centre[0] == pytest.approx(0.4, abs=0.02)


def test_only_the_parents_events_are_mapped() -> None:
    view = marrow(parent=WHO != "lymphocytes")
    assert ellipse(cluster().find(view)).centre[0] == pytest.approx(0.6, abs=0.02)


def test_nan_and_infinity_move_no_hill() -> None:
    odd = [[math.nan, 0.5], [0.5, math.inf], [-math.inf, math.nan]]
    assert cluster().find(marrow(odd)) == cluster().find(marrow())


def test_far_events_leave_the_map_its_detail() -> None:
    found = ellipse(cluster().find(marrow([[30.0, 30.0], [-30.0, 0.3]])))
    assert np.allclose(found.centre, CLOUDS["lymphocytes"][:2], atol=0.01)


@pytest.mark.parametrize(
    ("points", "what"),
    [
        ([], "0 events are too few"),
        ([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], "3 events are too few"),
        ([[math.nan, 0.5]] * 500, "0 events are too few"),
        ([[0.4, 0.5]] * 500, "has no width"),
        ([[0.4, y] for y in np.linspace(0.4, 0.6, 500)], "has no width"),
        ([[x, x] for x in np.linspace(0.4, 0.6, 500)], "has no width"),
    ],
    ids=["empty", "three", "nan", "a point", "a line", "a slanted line"],
)
def test_without_a_hill_of_some_width_it_is_unresolved(points: npt.ArrayLike, what: str) -> None:
    array = np.reshape(points, (-1, 2))
    outcome = cluster().find(tube_view({"CD45": array[:, 0], "SSC": array[:, 1]}))
    assert what in reason(outcome)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"role": {}}, "at least 1 item"),
        ({"role": {"CD3": 1}}, "role names CD3; the axes are CD45 and SSC"),
        ({"lead_decades": {"CD3": 1}}, "lead_decades names CD3"),
        ({"y": "CD45"}, "two axes are CD45"),
    ],
)
def test_a_rule_that_the_axes_cannot_answer_is_refused(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        cluster(**settings)
