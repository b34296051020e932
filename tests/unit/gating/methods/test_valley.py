"""A cut in the valley between two peaks; one peak is unresolved, never a cut."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.gating.methods.valley import Valley
from cd5flow.gating.tube_view import Outcome, Position, Resolved
from cd5flow.model.geometry import Interval
from cd5flow.model.scale import Logicle
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

TWO = np.concatenate([normal(0.2, 0.04, 1_000), normal(0.6, 0.04, 1_000, seed=2)])
THREE = np.concatenate([TWO, normal(0.9, 0.03, 2_000, seed=3)])


def valley(**settings: Any) -> Valley:
    return Valley(**{"method": "valley", "axis": "X", "keep": "above", **settings})


def place(population: str, quantile: float = 50, **settings: Any) -> Position:
    return Position(population=population, quantile_percent=quantile, min_events=1, **settings)


def cut(outcome: Outcome) -> float:
    region = resolved(outcome).region
    assert isinstance(region, Interval)
    bounds = [b for b in (region.low, region.high) if b is not None]
    assert len(bounds) == 1
    return bounds[0]


def marks(values: npt.ArrayLike, *places: float) -> dict[str, Any]:
    """Return a tube with one more event at each place, and populations of those alone."""
    values = np.asarray(values)
    count = len(values) + len(places)
    masks = {f"at{i}": np.arange(count) == len(values) + i for i in range(len(places))}
    parent = np.arange(count) < len(values)
    return {"arrays": {"X": [*values, *places]}, "populations": masks, "parent": parent}


def test_the_cut_lies_between_the_peaks() -> None:
    found = resolved(valley().find(tube_view({"X": TWO})))
    assert isinstance(found.region, Interval)
    assert found.region.dimension == axis("X")
    assert found.region.low is not None
    assert 0.35 < found.region.low < 0.45
    assert found.region.high is None


def test_above_keeps_the_right_peak_and_below_the_left_one() -> None:
    view = tube_view({"X": TWO})
    above = inside(resolved(valley(keep="above").find(view)).region, view)
    below = inside(resolved(valley(keep="below").find(view)).region, view)
    assert not above[:1_000].any()
    assert above[1_000:].all()
    assert np.array_equal(below, ~above)


def test_the_evidence_tells_cut_depth_peaks_and_events() -> None:
    outcome = valley().find(tube_view({"X": TWO}))
    evidence = outcome.evidence
    assert (evidence.method, evidence.events) == ("valley", 2_000)
    assert evidence.values["cut"] == cut(outcome)
    assert evidence.values["depth"] > 0.9
    assert evidence.values["left_peak"] == pytest.approx(0.2, abs=0.03)
    assert evidence.values["right_peak"] == pytest.approx(0.6, abs=0.03)
    assert evidence.values["left_events"] == pytest.approx(1_000, abs=4)
    assert evidence.values["right_events"] == pytest.approx(1_000, abs=4)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("spread", [0.01, 0.05, 0.1])
def test_one_peak_is_unresolved(spread: float, seed: int) -> None:
    view = tube_view({"X": normal(0.4, spread, 3_000, seed=seed)})
    assert "no valley of depth 0.3 on X" in reason(valley().find(view))


@pytest.mark.parametrize(
    "values",
    [[], [0.1, 0.5, 0.9], [0.4] * 1_000, [math.nan] * 1_000, [math.inf, -math.inf] * 500],
    ids=["empty", "three events", "one value", "nan", "infinite"],
)
def test_without_two_peaks_there_is_no_cut(values: list[float]) -> None:
    reason(valley().find(tube_view({"X": values})))


def test_an_empty_parent_is_unresolved_whatever_lies_elsewhere() -> None:
    outcome = valley().find(tube_view({"X": TWO}, parent=np.zeros(TWO.size)))
    assert reason(outcome) == "0 events are too few to see two peaks on X"


def test_nan_changes_no_cut() -> None:
    assert cut(valley().find(tube_view({"X": [*TWO, *[math.nan] * 50]}))) == cut(
        valley().find(tube_view({"X": TWO}))
    )


def test_only_the_parents_events_are_looked_at() -> None:
    parent = np.arange(TWO.size) < 1_000
    reason(valley().find(tube_view({"X": TWO}, parent=parent)))


def test_a_rare_peak_beside_a_dominant_one_is_kept_apart() -> None:
    values = np.concatenate([normal(0.2, 0.03, 20_000), normal(0.7, 0.03, 60, seed=2)])
    view = tube_view({"X": values})
    assert inside(resolved(valley().find(view)).region, view).sum() == 60


def test_a_peak_of_fewer_events_than_asked_for_is_none() -> None:
    values = np.concatenate([normal(0.2, 0.03, 2_000), normal(0.7, 0.03, 40, seed=2)])
    assert 0.3 < cut(valley(min_events=30).find(tube_view({"X": values}))) < 0.65
    reason(valley(min_events=41).find(tube_view({"X": values})))


def test_a_flat_gap_is_cut_in_its_middle() -> None:
    values = np.concatenate([quantiles(0.2, 0.01, 2_000), quantiles(0.8, 0.01, 2_000)])
    assert cut(valley().find(tube_view({"X": values}))) == pytest.approx(0.5, abs=0.005)


def test_a_valley_shallower_than_asked_for_is_none() -> None:
    values = np.concatenate([quantiles(0.35, 0.1, 20_000), quantiles(0.65, 0.1, 20_000)])
    depth = valley(min_depth=0.1).find(tube_view({"X": values})).evidence.values["depth"]
    resolved(valley(min_depth=depth - 0.01).find(tube_view({"X": values})))
    reason(valley(min_depth=depth + 0.01).find(tube_view({"X": values})))


def test_of_several_valleys_the_one_preferred_is_taken() -> None:
    view = tube_view({"X": THREE})
    assert 0.35 < cut(valley(prefer="lowest").find(view)) < 0.45
    assert 0.7 < cut(valley(prefer="highest").find(view)) < 0.85
    deepest = valley(prefer="deepest").find(view).evidence.values["depth"]
    for other in ("lowest", "highest"):
        assert valley(prefer=other).find(view).evidence.values["depth"] <= deepest


def test_only_a_valley_inside_the_window_is_taken() -> None:
    view = tube_view(**marks(THREE, 0.5, 0.95))
    assert cut(valley(low=place("at0")).find(view)) > 0.7
    assert cut(valley(high=place("at0")).find(view)) < 0.45
    outcome = valley(low=place("at1")).find(view)
    assert "between 0.950 and the end" in reason(outcome)


def test_a_window_without_its_population_is_unresolved() -> None:
    for end in ("low", "high"):
        outcome = valley(**{end: place("granulocytes")}).find(tube_view({"X": TWO}))
        assert "no population with enough events to place the window" in reason(outcome)


def test_a_crossed_window_holds_no_valley() -> None:
    view = tube_view(**marks(TWO, 0.8, 0.1))
    reason(valley(low=place("at0"), high=place("at1")).find(view))


def test_the_negative_peak_must_lie_where_negatives_do() -> None:
    view = tube_view(**marks(THREE, 0.3, 0.1))
    assert cut(valley(prefer="highest", negative_below=place("at0")).find(view)) < 0.45
    reason(valley(negative_below=place("at1")).find(view))


def test_included_populations_show_the_peak_that_the_parent_lacks() -> None:
    negative = np.arange(TWO.size) < 1_000
    few = negative | (np.arange(TWO.size) >= TWO.size - 10)
    view = tube_view({"X": TWO}, populations={"positive": ~negative}, parent=few)
    reason(valley().find(view))
    outcome = valley(include=("positive", "never_gated")).find(view)
    assert 0.35 < cut(outcome) < 0.45
    assert inside(resolved(outcome).region, view).sum() == 10


def test_the_share_of_a_peak_that_may_be_its_neighbours_grows_as_peaks_merge() -> None:
    apart, near = (
        valley(min_depth=0.05).find(
            tube_view(
                {"X": np.concatenate([quantiles(0.4, 0.04, 5_000), quantiles(m, 0.04, 5_000)])}
            )
        )
        for m in (0.8, 0.54)
    )
    assert apart.evidence.values["neighbour_percent"] == pytest.approx(0, abs=0.1)
    # 4 % of either peak lie beyond the middle of two that are 3.5 spreads apart.
    assert 4 <= near.evidence.values["neighbour_percent"] <= 20


def test_the_cut_is_on_the_display_scale() -> None:
    scale = Logicle(t=262144.0, w=0.5, m=4.5)
    linear = np.concatenate([normal(0, 150, 2_000), normal(20_000, 3_000, 2_000, seed=2)])
    view = tube_view({"X": linear}, scale=scale)
    outcome = resolved(valley().find(view))
    assert isinstance(outcome.region, Interval)
    assert outcome.region.dimension.scale == scale
    assert np.array_equal(inside(outcome.region, view), linear > 5_000)


@st.composite
def mixtures(draw: st.DrawFn) -> Floats:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = draw(
        st.lists(
            st.tuples(st.floats(0, 1), st.sampled_from((0.0, 0.02, 0.06)), st.integers(1, 600)),
            min_size=1,
            max_size=4,
        )
    )
    values = np.concatenate([rng.normal(m, s, n) for m, s, n in parts])
    return np.round(values * 2**14) / 2**14  # so that a shift is exact in single precision


@given(mixtures(), st.floats(0, 1), st.floats(0, 1), st.sampled_from(("above", "below")))
def test_a_cut_lies_inside_its_window(values: Floats, low: float, high: float, keep: str) -> None:
    view = tube_view(**marks(values, low, high))
    outcome = valley(keep=keep, low=place("at0"), high=place("at1"), min_events=5).find(view)
    if isinstance(outcome, Resolved):
        assert np.float32(low) <= cut(outcome) <= np.float32(high)


@given(mixtures(), st.integers(-4, 4))
def test_a_constant_added_to_a_linear_axis_moves_the_cut_with_it(values: Floats, by: int) -> None:
    here = valley(min_events=5).find(tube_view({"X": values}))
    there = valley(min_events=5).find(tube_view({"X": values + by}))
    if isinstance(here, Resolved) or isinstance(there, Resolved):
        assert cut(there) == pytest.approx(cut(here) + by, abs=0.01)


@given(mixtures())
def test_both_sides_of_a_cut_hold_the_events_asked_for(values: Floats) -> None:
    view = tube_view({"X": values})
    outcome = valley(min_events=30).find(view)
    if isinstance(outcome, Resolved):
        kept = int(inside(outcome.region, view).sum())
        # Histogram bins decide who is counted, the cut itself who is in.
        assert min(kept, values.size - kept) >= 25
