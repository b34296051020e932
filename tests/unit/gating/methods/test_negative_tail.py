"""A cut at the end of a negative peak."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.gating.methods.negative_tail import NegativeTail
from cd5flow.gating.tube_view import Outcome, Position
from cd5flow.model.geometry import Interval
from support.gating_factory import (
    Floats,
    axis,
    inside,
    normal,
    quantiles,
    reason,
    resolved,
    tube_view,
)

NEGATIVE = quantiles(0.3, 0.05, 2_000)
POSITIVE = quantiles(0.8, 0.06, 1_500)


def tail(**settings: Any) -> NegativeTail:
    return NegativeTail(**{"method": "negative_tail", "axis": "X", "keep": "above", **settings})


def cut(outcome: Outcome) -> float:
    region = resolved(outcome).region
    assert isinstance(region, Interval)
    assert region.dimension == axis("X")
    bound = region.high if region.low is None else region.low
    assert bound is not None
    return bound


def find(*parts: Floats, **settings: Any) -> Outcome:
    return tail(**settings).find(tube_view({"X": np.concatenate(parts)}))


def test_the_cut_lies_so_many_spreads_beyond_the_mode() -> None:
    outcome = find(NEGATIVE, POSITIVE, spreads=4)
    assert cut(outcome) == pytest.approx(0.5, abs=0.02)
    assert outcome.evidence.values["mode"] == pytest.approx(0.3, abs=0.01)
    assert outcome.evidence.values["spread"] == pytest.approx(0.05, rel=0.1)


def test_the_side_asked_for_is_kept() -> None:
    view = tube_view({"X": np.concatenate([NEGATIVE, POSITIVE])})
    above = resolved(tail(keep="above").find(view)).region
    below = resolved(tail(keep="below").find(view)).region
    assert inside(above, view)[2_000:].all()
    assert inside(above, view)[:2_000].sum() < 20
    assert np.array_equal(inside(below, view), ~inside(above, view))


def test_positive_events_on_the_right_flank_do_not_widen_the_peak() -> None:
    smear = np.linspace(0.35, 0.55, 300)
    narrow, widened = find(NEGATIVE, POSITIVE), find(NEGATIVE, smear, POSITIVE)
    assert cut(widened) == pytest.approx(cut(narrow), abs=0.01)


def test_the_negatives_of_another_population_place_the_cut() -> None:
    values = np.concatenate([NEGATIVE, POSITIVE])
    negative = np.arange(values.size) < 2_000
    view = tube_view({"X": values}, populations={"granulocytes": negative}, parent=~negative)
    outcome = tail(of="granulocytes").find(view)
    assert cut(outcome) == pytest.approx(0.45, abs=0.015)
    assert inside(resolved(outcome).region, view)[~negative].all()
    assert outcome.evidence.events == 2_000


def test_a_population_that_was_not_gated_places_no_cut() -> None:
    assert "0 events are too few for a negative peak" in reason(find(NEGATIVE, of="granulocytes"))


def test_the_mode_is_looked_for_below_the_place_given() -> None:
    more_positive = np.concatenate([POSITIVE, POSITIVE])
    values = [*NEGATIVE, *more_positive, 0.55]
    view = tube_view({"X": values}, populations={"mark": np.arange(5_001) == 5_000})
    high = Position(population="mark", min_events=1)
    everywhere = tail(keep="below").find(view)
    assert everywhere.evidence.values["mode"] == pytest.approx(0.8, abs=0.02)
    assert tail(high=high).find(view).evidence.values["mode"] == pytest.approx(0.3, abs=0.01)


def test_a_place_that_cannot_be_told_is_not_everywhere() -> None:
    high = Position(population="t_landmark")
    assert "no population with enough events" in reason(find(NEGATIVE, high=high))


def test_a_peak_that_reaches_the_positive_cells_is_unresolved() -> None:
    values = [*NEGATIVE, *POSITIVE, 0.52]
    view = tube_view({"X": values}, populations={"mark": np.arange(3_501) == 3_500})
    at_most = Position(population="mark", min_events=1)
    assert cut(tail(spreads=4, at_most=at_most).find(view)) < 0.52
    assert "past 0.520" in reason(tail(spreads=5, at_most=at_most).find(view))


def test_a_cut_through_the_kept_population_is_unresolved() -> None:
    values = np.concatenate([NEGATIVE, quantiles(0.5, 0.06, 3_000)])
    negative = np.arange(5_000) < 2_000
    view = tube_view({"X": values}, populations={"granulocytes": negative})
    assert "would split a population" in reason(tail(of="granulocytes", spreads=4).find(view))


def test_a_smear_of_positive_cells_does_not_hinder_keeping_the_negatives() -> None:
    smear = np.linspace(0.45, 0.95, 600)
    assert cut(find(NEGATIVE, smear, keep="below", spreads=4)) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([], "0 events are too few"),
        ([0.1, 0.2, 0.3], "3 events are too few"),
        ([math.nan] * 500, "0 events are too few"),
        ([0.3] * 500, "has no width"),
        ([0.0, *[0.3] * 300], "has no width"),
    ],
    ids=["empty", "three", "nan", "one value", "a spike"],
)
def test_without_a_peak_of_some_width_there_is_no_cut(values: list[float], what: str) -> None:
    assert what in reason(find(np.array(values)))


def test_as_many_events_are_asked_for_on_the_peaks_left_half() -> None:
    cut(find(normal(0.3, 0.05, 300), keep="below", min_events=100))
    assert "300 events" in reason(find(normal(0.3, 0.05, 300), keep="below", min_events=200))
    # 250 of these 400 events lie to the right of the mode.
    lopsided = np.concatenate([quantiles(0.3, 0.01, 200), np.linspace(0.4, 0.9, 200)])
    assert "below the mode" in reason(find(lopsided, min_events=150))


@given(st.integers(0, 1_000), st.floats(0.02, 0.1), st.floats(3, 6))
def test_a_linear_axis_of_other_units_scales_the_cut(
    seed: int, spread: float, spreads: float
) -> None:
    values = normal(0.3, spread, 800, seed=seed)
    one = find(values, keep="below", spreads=spreads, max_height=1)
    ten = find(values * 10, keep="below", spreads=spreads, max_height=1, smoothing=0.12)
    assert cut(ten) == pytest.approx(10 * cut(one), abs=5 * spread)
