"""Smoothed histograms: where peaks, valleys and hills are found, and where none are."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.numerics.density import (
    GRID,
    Dip,
    Profile,
    bandwidth,
    find_dips,
    gaussian_kernel,
    height_at,
    highest_peak,
    profile,
    span,
)
from cd5flow.numerics.density_map import Basin, find_basins
from support.gating_factory import Floats, normal, quantiles

BASE = 0.012


def shape_of(values: npt.ArrayLike, *, low: float = 0.0, high: float = 1.0) -> Profile:
    shape = profile(np.asarray(values, dtype=np.float64), base=BASE, low=low, high=high)
    assert shape is not None
    return shape


def valleys(*parts: Floats, min_depth: float = 0.3, min_events: int = 20) -> tuple[Dip, ...]:
    return find_dips(shape_of(np.concatenate(parts)), min_depth=min_depth, min_events=min_events)


def hills(
    *parts: tuple[Floats, Floats], min_events: int = 50, min_depth: float = 0.3
) -> tuple[Basin, ...]:
    x, y = (np.concatenate(side) for side in zip(*parts, strict=True))
    return find_basins(
        x,
        y,
        base=(0.015, 0.015),
        limits=(0.0, 1.0, 0.0, 1.0),
        min_depth=min_depth,
        min_events=min_events,
    )


def blob(
    x: float, y: float, events: int, *, spread: float = 0.03, seed: int = 1
) -> tuple[Floats, Floats]:
    return normal(x, spread, events, seed=seed), normal(y, spread, events, seed=seed + 1)


def test_a_kernel_weighs_one_and_has_the_spread_asked_for() -> None:
    kernel = gaussian_kernel(3.0)
    x = np.arange(kernel.size) - kernel.size // 2
    assert kernel.sum() == pytest.approx(1.0)
    assert np.array_equal(kernel, kernel[::-1])
    assert math.sqrt((kernel * x**2).sum()) == pytest.approx(3.0, rel=0.01)


def test_few_events_are_smoothed_more_and_never_beyond_two_and_a_half_times() -> None:
    assert bandwidth(2_000, base=0.01) == bandwidth(1_000_000, base=0.01) == 0.01
    assert bandwidth(1_000, base=0.01) == pytest.approx(0.01 * 2**0.2)
    assert bandwidth(0, base=0.01) == bandwidth(1, base=0.01) == 0.025


def test_every_event_inside_is_counted_once() -> None:
    shape = shape_of([0.0, 0.25, 0.25, 0.5, 1.0, 1.1, -0.1])
    assert shape.counts.sum() == 5
    assert shape.counts.size == shape.density.size == shape.centres.size == GRID
    assert shape.step == pytest.approx(1 / GRID)


def test_smoothing_moves_no_event_and_loses_none() -> None:
    shape = shape_of(np.full(500, 0.5))
    assert shape.density.sum() == pytest.approx(500)
    assert highest_peak(shape) == pytest.approx(0.5, abs=1 / GRID)


def test_a_kernel_longer_than_the_axis_keeps_the_peak_in_its_place() -> None:
    shape = profile(np.full(3, 0.5), base=BASE, low=0.499, high=0.502)
    assert shape is not None
    assert highest_peak(shape) == pytest.approx(0.5, abs=2 * shape.step)


def test_what_is_not_a_number_is_not_counted() -> None:
    assert shape_of([0.5, math.nan, math.inf, -math.inf]).counts.sum() == 1


@pytest.mark.parametrize(
    "values", [[], [math.nan, math.inf], [2.0, -1.0]], ids=["no event", "no number", "none inside"]
)
def test_without_events_there_is_no_profile(values: list[float]) -> None:
    assert profile(np.array(values), base=BASE, low=0.0, high=1.0) is None


@pytest.mark.parametrize("far", [0.5, 1e14, 1e300])
def test_without_room_there_is_no_profile(far: float) -> None:
    assert profile(np.array([far]), base=BASE, low=far, high=far) is None
    assert profile(np.array([far]), base=BASE, low=far, high=np.nextafter(far, np.inf)) is None


def test_the_valley_of_two_peaks_lies_between_them() -> None:
    (dip,) = valleys(normal(0.2, 0.04, 1_000), normal(0.6, 0.04, 3_000, seed=2))
    assert 0.35 < dip.place < 0.45
    assert dip.depth > 0.95
    assert dip.left == pytest.approx(0.2, abs=0.03)
    assert dip.right == pytest.approx(0.6, abs=0.03)
    assert (dip.left_events, dip.right_events) == (1_000, 3_000)


def test_peaks_of_one_height_and_width_part_in_their_middle() -> None:
    (dip,) = valleys(quantiles(0.3, 0.05, 2_000), quantiles(0.7, 0.05, 2_000))
    assert dip.place == pytest.approx(0.5, abs=0.005)


def test_the_middle_of_an_empty_stretch_is_the_valley() -> None:
    (dip,) = valleys(quantiles(0.15, 0.01, 2_000), quantiles(0.85, 0.01, 2_000))
    assert dip.place == pytest.approx(0.5, abs=0.005)
    assert dip.depth == pytest.approx(1.0)


def test_the_valley_is_as_deep_as_its_floor_is_low() -> None:
    # Two unit peaks 4 spreads apart: the floor is 2 e^-2 of either, which smoothing hardly changes.
    (dip,) = valleys(quantiles(0.3, 0.1, 50_000), quantiles(0.7, 0.1, 50_000))
    assert dip.depth == pytest.approx(1 - 2 * math.exp(-2), abs=0.03)


def test_one_peak_has_no_valley() -> None:
    assert valleys(quantiles(0.4, 0.05, 3_000)) == ()
    assert valleys(np.full(3_000, 0.4)) == ()
    assert valleys(np.array([0.4])) == ()


@pytest.mark.parametrize("events", [60, 300, 2_000])
def test_the_noise_of_one_peak_is_no_valley(events: int) -> None:
    found = {seed: valleys(normal(0.4, 0.08, events, seed=seed)) for seed in range(20)}
    assert found == dict.fromkeys(range(20), ())


def test_a_rare_population_beside_a_dominant_one_has_its_valley() -> None:
    (dip,) = valleys(normal(0.2, 0.03, 20_000), normal(0.7, 0.03, 60, seed=2))
    assert 0.3 < dip.place < 0.62
    assert dip.right_events == 60


def test_a_peak_of_too_few_events_is_none() -> None:
    parts = (normal(0.2, 0.03, 5_000), normal(0.7, 0.02, 19, seed=2))
    assert valleys(*parts, min_events=20) == ()
    assert len(valleys(*parts, min_events=10)) == 1


def test_a_shoulder_is_no_peak() -> None:
    assert valleys(quantiles(0.4, 0.05, 3_000), quantiles(0.5, 0.05, 1_000)) == ()


def test_a_valley_too_shallow_is_none() -> None:
    parts = (quantiles(0.35, 0.1, 50_000), quantiles(0.65, 0.1, 50_000))
    (dip,) = valleys(*parts, min_depth=0.1)
    assert dip.depth < 0.5
    assert valleys(*parts, min_depth=0.5) == ()


def test_three_peaks_have_two_valleys_from_left_to_right() -> None:
    first, second = valleys(*(normal(m, 0.03, 1_000) for m in (0.2, 0.5, 0.8)))
    assert 0.3 < first.place < 0.4
    assert 0.6 < second.place < 0.7
    assert first.right == second.left == pytest.approx(0.5, abs=0.03)


def test_a_bump_in_a_valley_joins_its_higher_neighbour() -> None:
    (dip,) = valleys(normal(0.2, 0.03, 2_000), np.full(10, 0.45), normal(0.8, 0.03, 2_000, seed=2))
    assert 0.3 < dip.place < 0.7
    assert dip.left_events + dip.right_events == 4_010


@st.composite
def mixtures(draw: st.DrawFn) -> Floats:
    """Draw up to five populations, some of one value, and a few stray events."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = [
        np.clip(rng.normal(place, spread, events), 0, 1)
        for place, spread, events in draw(
            st.lists(
                st.tuples(
                    st.floats(0.05, 0.95),
                    st.sampled_from((0.0, 0.005, 0.03, 0.1)),
                    st.integers(1, 800),
                ),
                min_size=1,
                max_size=5,
            )
        )
    ]
    return np.concatenate([*parts, rng.random(draw(st.integers(0, 20)))])


@given(mixtures(), st.floats(0.05, 0.8), st.integers(2, 200))
def test_a_valley_lies_on_the_lowest_floor_between_its_peaks(
    values: Floats, min_depth: float, min_events: int
) -> None:
    shape = shape_of(values)
    found = find_dips(shape, min_depth=min_depth, min_events=min_events)
    for dip in found:
        assert dip.left < dip.place < dip.right
        between = shape.density[(shape.centres >= dip.left) & (shape.centres <= dip.right)]
        here = float(np.interp(dip.place, shape.centres, shape.density))
        assert here <= max(1.02 * between.min(), 1e-9 * shape.density.max())
        assert min_depth <= dip.depth <= 1
        assert min(dip.left_events, dip.right_events) >= min_events
    assert [d.place for d in found] == sorted(d.place for d in found)
    if found:
        whole = found[0].left_events + sum(d.right_events for d in found)
        assert whole == shape.counts.sum()


@given(mixtures(), st.sampled_from((0.25, -0.5, 3.0)))
def test_moved_values_have_their_valleys_moved(values: Floats, by: float) -> None:
    values = np.round(values * 4 * GRID) / (4 * GRID) + 1 / (8 * GRID)  # clear of the bins' edges
    here = find_dips(shape_of(values), min_depth=0.3, min_events=20)
    there = find_dips(shape_of(values + by, low=by, high=1 + by), min_depth=0.3, min_events=20)
    assert [d.place + by for d in here] == pytest.approx([d.place for d in there], abs=1e-9)


def test_the_span_leaves_two_events_out_at_either_end() -> None:
    found = span(np.array([-9.0, -8.0, *np.linspace(0, 1, 11), 8.0, 9.0]))
    assert np.allclose(found, (-0.02, 1.02), atol=1e-5)


def test_the_span_holds_rare_cells() -> None:
    values = np.concatenate([np.zeros(100_000), np.full(5, 0.9)])
    assert span(values)[1] > 0.9


@pytest.mark.parametrize("values", [[0.3], [0.3, 0.3], [0.3] * 9])
def test_the_span_of_one_value_has_room(values: list[float]) -> None:
    low, high = span(np.array(values))
    assert low < 0.3 < high


TWO = np.concatenate([quantiles(0.3, 0.05, 2_000), quantiles(0.7, 0.05, 2_000)])


def test_the_height_at_a_cut_is_low_between_populations_and_high_within_one() -> None:
    assert height_at(TWO, 0.5, base=BASE) == pytest.approx(0, abs=0.01)
    assert height_at(TWO, 0.3, base=BASE) == pytest.approx(1, abs=0.05)
    assert height_at(TWO, 0.35, base=BASE) == pytest.approx(math.exp(-0.5), abs=0.1)


def test_the_height_is_told_against_the_lower_peak_beside_the_cut() -> None:
    lopsided = np.concatenate([quantiles(0.3, 0.05, 20_000), quantiles(0.5, 0.05, 400)])
    either = height_at(lopsided, 0.42, base=BASE)
    assert height_at(lopsided, 0.42, base=BASE, kept="above") == either > 1
    assert height_at(lopsided, 0.42, base=BASE, kept="below") < 0.1


def test_a_smear_up_to_the_cut_splits_what_is_kept_above_it_and_not_what_is_kept_below() -> None:
    smear = np.concatenate([quantiles(0.3, 0.05, 5_000), np.linspace(0.4, 0.95, 600)])
    assert height_at(smear, 0.55, base=BASE, kept="above") > 0.8
    assert height_at(smear, 0.55, base=BASE, kept="below") < 0.05


@pytest.mark.parametrize("cut", [0.05, 0.95, -5.0, 5.0])
def test_no_population_is_split_where_hardly_an_event_lies_beyond(cut: float) -> None:
    assert height_at(TWO, cut, base=BASE) == 0
    assert height_at(np.array([math.nan, cut]), cut, base=BASE) == 0
    assert height_at(np.full(100, cut), cut, base=BASE) == 0


def test_two_clouds_are_two_hills_the_most_populous_first() -> None:
    small, large = blob(0.3, 0.3, 400), blob(0.7, 0.6, 1_000, seed=5)
    first, second = hills(small, large)
    assert np.allclose(first.peak, (0.7, 0.6), atol=0.03)
    assert np.allclose(second.peak, (0.3, 0.3), atol=0.03)
    assert (first.events, second.events) == (1_000, 400)
    assert np.flatnonzero(second.members).tolist() == list(range(400))


def test_hills_that_only_one_axis_tells_apart_are_two() -> None:
    found = hills(blob(0.5, 0.3, 500), blob(0.5, 0.7, 500, seed=7))
    assert sorted(round(h.peak[1], 1) for h in found) == [0.3, 0.7]


def test_one_cloud_is_one_hill() -> None:
    assert len(hills(blob(0.5, 0.5, 5_000))) == 1


def test_clouds_that_merge_are_one_hill() -> None:
    assert len(hills(blob(0.50, 0.5, 1_000), blob(0.54, 0.5, 500, seed=3))) == 1


def test_a_hill_that_stands_out_less_than_asked_is_joined_to_its_neighbour() -> None:
    # 3.3 spreads apart: the pass is half as high as either top.
    parts = (blob(0.45, 0.5, 4_000), blob(0.55, 0.5, 3_000, seed=3))
    assert len(hills(*parts, min_depth=0.2)) == 2
    (joined,) = hills(*parts, min_depth=0.8)
    assert joined.events == 7_000
    assert joined.peak[0] == pytest.approx(0.45, abs=0.03)


def test_a_hill_of_too_few_events_is_none() -> None:
    parts = (blob(0.3, 0.3, 500), blob(0.8, 0.8, 30, seed=3))
    assert len(hills(*parts, min_events=50)) == 1
    assert len(hills(*parts, min_events=20)) == 2


def test_events_outside_the_limits_and_nan_are_in_no_hill() -> None:
    stray = (np.array([1.0, 5.0, -0.1, math.nan, 0.5]), np.array([0.5, 0.5, 0.5, 0.5, math.nan]))
    (hill,) = hills(blob(0.5, 0.5, 300), stray)
    assert np.flatnonzero(hill.members).max() < 300


def test_no_events_are_no_hills() -> None:
    assert hills((np.empty(0), np.empty(0))) == ()
    assert hills((np.array([7.0]), np.array([7.0]))) == ()


def test_an_axis_without_spread_is_mapped_like_any_other() -> None:
    x, y = np.full(2_000, 0.4), np.concatenate([normal(0.3, 0.03, 1_000), normal(0.7, 0.03, 1_000)])
    found = find_basins(
        x,
        y,
        base=(0.015, 0.015),
        limits=(0.4 - 1e-6, 0.4 + 1e-6, 0.0, 1.0),
        min_depth=0.3,
        min_events=50,
    )
    assert sorted(round(h.peak[1], 1) for h in found) == [0.3, 0.7]


@given(mixtures(), mixtures(), st.integers(1, 100), st.floats(0.1, 0.9))
def test_no_event_is_in_two_hills_and_each_hill_is_as_large_as_asked(
    x: Floats, y: Floats, min_events: int, min_depth: float
) -> None:
    shorter = min(x.size, y.size)
    pair = (x[:shorter], y[:shorter])
    found = hills(pair, min_events=min_events, min_depth=min_depth)
    assert sum((h.members.astype(int) for h in found), np.zeros(shorter, dtype=int)).max() <= 1
    for hill in found:
        assert hill.events == np.count_nonzero(hill.members) >= min_events
        assert hill.height > 0
        assert all(0 <= place < 1 for place in hill.peak)
    assert [h.events for h in found] == sorted((h.events for h in found), reverse=True)
