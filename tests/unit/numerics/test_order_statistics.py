"""Medians, quantiles and picks: what numpy says, only faster."""

from __future__ import annotations

import math
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cd5flow.numerics.order_statistics import (
    ends,
    finite_values,
    median,
    median_rows,
    pick,
    quantile,
    quantiles,
    robust_sd,
    stable_argsort,
    usual_count,
)

Floats = npt.NDArray[np.floating[Any]]
KINDS = (np.dtype(np.float32), np.dtype(np.float64))


def values(*, fewest: int = 1) -> st.SearchStrategy[Floats]:
    """Values of either type, often with equal ones among them."""
    either = st.floats(-1e6, 1e6, width=32) | st.integers(-3, 3).map(float)
    some = st.lists(either, min_size=fewest, max_size=40)
    return st.builds(np.array, some, dtype=st.sampled_from(KINDS))


def masks(size: int) -> st.SearchStrategy[npt.NDArray[np.bool_]]:
    """Any choice among so many values."""
    each = st.lists(st.booleans(), min_size=size, max_size=size)
    return st.builds(np.array, each, dtype=st.just(np.bool_))


percents = st.floats(0, 100) | st.sampled_from([0.0, 2.5, 25.0, 50.0, 97.5, 100.0])


@given(values())
def test_a_median_is_that_of_numpy(v: Floats) -> None:
    assert median(v) == float(np.median(v))


@given(values(), percents)
def test_a_quantile_is_that_of_numpy(v: Floats, percent: float) -> None:
    assert quantile(v, percent) == float(np.percentile(v, percent))


@given(values(), st.lists(percents, max_size=7))
def test_several_quantiles_are_each_by_itself(v: Floats, each: list[float]) -> None:
    assert quantiles(v, each) == tuple(quantile(v, percent) for percent in each)


@given(values(), percents)
def test_asking_leaves_the_values_as_they_were(v: Floats, percent: float) -> None:
    before = v.copy()
    quantiles(v, [percent] * 6)
    median(v)
    ends(v, 0)
    np.testing.assert_array_equal(v, before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_that_is_no_number_makes_every_quantile_none(kind: np.dtype[Any]) -> None:
    for place in range(5):
        v = np.array([3, 1, 4, 1, 5], dtype=kind)
        v[place] = np.nan
        assert math.isnan(median(v))
        assert math.isnan(quantile(v, 0))
        assert math.isnan(quantile(v, 100))


def test_nothing_has_no_quantile() -> None:
    assert math.isnan(median(np.empty(0)))
    assert math.isnan(quantile(np.empty(0), 50))


def test_the_middle_of_two_large_values_is_finite() -> None:
    large = np.array([3e38, 3e38], dtype=np.float32)
    assert median(large) == float(large[0])


def test_infinite_values_are_values() -> None:
    assert median(np.array([-np.inf, 2.0, np.inf])) == 2.0
    assert quantile(np.array([1.0, 2.0, np.inf]), 100) == np.inf


@given(values(fewest=5), st.integers(0, 2))
def test_ends_are_read_off_the_values_in_order(v: Floats, rank: int) -> None:
    ordered = np.sort(v)
    assert ends(v, rank) == (float(ordered[rank]), float(ordered[v.size - 1 - rank]))


@given(values(fewest=5), st.integers(0, 2), st.integers(1, 6))
def test_ends_of_blocks_are_those_of_all_values(v: Floats, rank: int, block: int) -> None:
    ordered = np.sort(v)
    with mock.patch("cd5flow.numerics.order_statistics._BLOCK", block):
        assert ends(v, rank) == (float(ordered[rank]), float(ordered[v.size - 1 - rank]))


def test_a_value_that_is_no_number_stands_last_among_the_ends_of_blocks() -> None:
    v = np.append(np.arange(20_000, dtype=np.float32)[::-1], np.float32(np.nan))
    low, high = ends(np.roll(v, 7), 0)
    assert low == 0
    assert math.isnan(high)
    assert ends(np.roll(v, 7), 1) == (1, 19_999)


@given(values())
def test_rising_places_are_those_of_a_stable_sort(v: Floats) -> None:
    np.testing.assert_array_equal(stable_argsort(v), np.argsort(v, kind="stable"))


def test_either_zero_and_either_infinity_rise_as_numbers_do() -> None:
    v = np.array([0.0, -0.0, np.inf, 1.0, -0.0, -np.inf, -1.0, 0.0], dtype=np.float32)
    assert stable_argsort(v).tolist() == [5, 6, 0, 1, 4, 7, 3, 2]


@given(values(fewest=0), st.data())
def test_what_a_mask_holds_is_picked_in_order(v: Floats, data: st.DataObject) -> None:
    mask = data.draw(masks(v.size))
    found = pick(v, mask)
    assert found.dtype == v.dtype
    np.testing.assert_array_equal(found, v[mask])


@given(values(fewest=0), st.data())
def test_what_is_no_number_is_left_out(v: Floats, data: st.DataObject) -> None:
    v[data.draw(masks(v.size))] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    np.testing.assert_array_equal(finite_values(v), v[np.isfinite(v)])


def test_values_that_are_all_numbers_are_not_copied() -> None:
    v = np.array([1.0, 2.0])
    assert finite_values(v) is v


def test_a_robust_spread_is_a_normals_standard_deviation_whatever_the_stray_events() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.1, 20_000)
    assert robust_sd(values) == pytest.approx(0.1, rel=0.03)
    assert robust_sd(np.concatenate([values, np.full(400, 1e6)])) == pytest.approx(0.1, rel=0.05)


def test_a_robust_spread_is_of_the_finite_values() -> None:
    assert robust_sd(np.array([1.0, 2.0, 3.0, math.nan, math.inf])) == pytest.approx(1.4826)
    assert robust_sd(np.array([3e38, -3e38], dtype=np.float32)) == pytest.approx(1.4826 * 3e38)


@pytest.mark.parametrize("values", [[], [math.nan], [4.0], [4.0, 4.0]])
def test_values_without_a_spread_have_none(values: list[float]) -> None:
    assert robust_sd(np.array(values)) == 0


@pytest.mark.parametrize(
    ("counts", "usual"), [([7], 7), ([10, 10, 10], 10), ([0, 0, 0, 0, 9, 11], 11), ([1, 2, 3], 2)]
)
def test_the_usual_count_is_that_of_the_bins_that_hold_half_of_the_events(
    counts: list[int], usual: int
) -> None:
    assert usual_count(np.array(counts)) == usual


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)))
@settings(max_examples=50)
def test_medians_of_columns_are_numpys(rows: npt.NDArray[np.float64]) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(median_rows(rows), np.median(rows, axis=0))


def test_no_rows_have_no_median() -> None:
    assert np.isnan(median_rows(np.empty((0, 3)))).tolist() == [True] * 3
