"""Distributions of single numbers, held to scipy's."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import bdtr, betainc, betaincinv, ndtri

from cd5flow.numerics.beta import (
    beta_quantile,
    beta_share,
    binomial_share,
    normal_deviates,
    normal_quantile,
)

SHAPES = (0.5, 1.0, 1.5, 2.0, 14.5, 15.0, 37.0, 1_000.5, 50_000.0, 1_000_000.0)
SHARES = (1e-6, 0.0005, 0.005, 0.025, 0.3, 0.5, 0.9, 0.975, 0.995, 0.9999)


@pytest.mark.parametrize("a", SHAPES)
def test_quantiles_of_beta_are_those_of_scipy(a: float) -> None:
    for b, share in product(SHAPES, SHARES):
        found, theirs = beta_quantile(share, a, b), betaincinv(a, b, share)
        assert found == pytest.approx(theirs, rel=2e-12), (b, share)


@given(
    st.floats(0.3, 2e6),
    st.floats(0.3, 2e6),
    st.floats(0.001, 0.999),
)
@settings(max_examples=60, deadline=None)
def test_a_quantile_has_its_share_below_it(a: float, b: float, share: float) -> None:
    x = beta_quantile(share, a, b)

    # Where shares crowd at an end two neighbouring numbers are all that can be told.
    low, high = (beta_share(math.nextafter(x, end), a, b) for end in (0.0, 1.0))
    assert low - 1e-9 <= share <= high + 1e-9
    assert beta_share(x, a, b) == pytest.approx(betainc(a, b, x), abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 30, 368, 10_000, 300_000])
@pytest.mark.parametrize("chance", [0.0001, 0.01, 0.5, 0.99])
def test_shares_of_the_binomial_are_those_of_scipy(n: int, chance: float) -> None:
    for k in {0, 1, n // 100, n // 2, int(n * chance), n - 1, n}:
        assert binomial_share(k, n, chance) == pytest.approx(
            float(bdtr(k, n, chance)), rel=1e-9, abs=1e-290
        )


def test_the_ends_of_the_binomial() -> None:
    assert binomial_share(-1, 10, 0.3) == 0
    assert binomial_share(10, 10, 0.3) == 1
    assert binomial_share(3, 10, 0.0) == 1
    assert binomial_share(3, 10, 1.0) == 0


def test_one_third_of_a_flat_distribution_lies_below_a_third() -> None:
    assert beta_quantile(1 / 3, 1, 1) == pytest.approx(1 / 3, rel=1e-15)


def test_the_ends_of_a_share_are_the_ends_of_the_scale() -> None:
    assert (beta_quantile(0, 2, 3), beta_quantile(1, 2, 3)) == (0, 1)
    assert (beta_share(0, 2, 3), beta_share(1, 2, 3)) == (0, 1)


@pytest.mark.parametrize("share", [1e-12, 0.025, 0.5, 0.975, 0.9999999])
def test_normal_quantiles_are_those_of_scipy(share: float) -> None:
    assert normal_quantile(share) == pytest.approx(float(ndtri(share)), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("count", [1, 2, 500, 4096, 4097, 200_000])
def test_deviates_lie_as_evenly_as_a_sample_can(count: int) -> None:
    deviates = normal_deviates(count)
    expected = ndtri((np.arange(count) + 0.5) / count)

    assert deviates.shape == (count,)
    inner = np.abs(expected) < 3
    np.testing.assert_allclose(deviates[inner], expected[inner], atol=0.003)
    assert np.abs(deviates).max() <= np.abs(expected).max() + 1e-9


def test_there_may_be_no_deviates() -> None:
    assert normal_deviates(0).shape == (0,)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_no_share_lies_outside_0_to_1(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        beta_quantile(share, 2, 3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        beta_share(share, 2, 3)
    with pytest.raises(ValueError, match="0 < share < 1"):
        normal_quantile(share)
    with pytest.raises(ValueError, match="binomial"):
        binomial_share(1, 2, share)


@pytest.mark.parametrize("shape", [0.0, -1.0, float("inf"), float("nan")])
def test_no_shape_is_refused_quietly(shape: float) -> None:
    with pytest.raises(ValueError, match="shapes"):
        beta_quantile(0.5, shape, 1)
    with pytest.raises(ValueError, match="shapes"):
        beta_share(0.5, 1, shape)
