"""Agreement, lines and spreads on numbers that can be worked out by hand, or are published."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.validation.statistics.arrays import mean_interval
from cd5flow.validation.synthetic.statistics import agreement, line, percentile, spread

# Anscombe FJ. Am Stat 1973;27:17, data set I.
ANSCOMBE_X = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0]
ANSCOMBE_Y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]

numbers = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=30)


def test_no_pairs_agree_in_nothing() -> None:
    assert agreement([]) is None


def test_agreement_of_four_differences() -> None:
    found = agreement([1.0, -1.0, 3.0, 1.0])
    assert found is not None
    assert (found.n, found.bias, found.worst, found.median_size) == (4, 1.0, 3.0, 1.0)
    assert found.sd == pytest.approx(math.sqrt(8 / 3))
    assert found.low == pytest.approx(1 - 1.96 * math.sqrt(8 / 3))
    assert found.high == pytest.approx(1 + 1.96 * math.sqrt(8 / 3))


def test_the_worst_difference_keeps_its_sign() -> None:
    found = agreement([2.0, -5.0, 3.0])
    assert found is not None
    assert found.worst == -5.0


def test_one_difference_has_no_spread() -> None:
    found = agreement([2.0])
    assert found is not None
    assert (found.sd, found.low, found.high) == (None, None, None)


def test_percentiles_are_by_hazens_ranks() -> None:
    # The 95th percentile of 30 values has rank 0.5 + 0.95 x 30 = 29, the largest but one.
    assert percentile([float(i) for i in range(1, 31)], 95) == pytest.approx(29.0)
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == pytest.approx(2.5)


def test_the_line_is_anscombes() -> None:
    found = line(ANSCOMBE_X, ANSCOMBE_Y)
    assert found is not None
    assert found.slope == pytest.approx(0.5001, abs=5e-5)
    assert found.intercept == pytest.approx(3.0001, abs=5e-5)
    assert found.r_squared == pytest.approx(0.6665, abs=5e-5)
    # Standard errors 0.1179 and 1.1247, t of 9 degrees of freedom 2.262.
    assert found.slope_ci95[1] - found.slope == pytest.approx(2.2622 * 0.1179, abs=2e-4)
    assert found.intercept_ci95[1] - found.intercept == pytest.approx(2.2622 * 1.1247, abs=2e-3)
    assert found.residual_sd == pytest.approx(1.2366, abs=5e-5)


def test_points_on_a_line_lie_on_it() -> None:
    found = line([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
    assert found is not None
    assert found.intercept + found.slope * 10.0 == pytest.approx(21.0)
    assert found.r_squared == pytest.approx(1.0)


@pytest.mark.parametrize("x", [[], [1.0, 2.0], [5.0, 5.0, 5.0]])
def test_too_few_points_or_one_x_make_no_line(x: list[float]) -> None:
    assert line(x, x) is None


@given(numbers)
def test_residuals_of_a_line_add_up_to_nothing(y: list[float]) -> None:
    x = [float(i) for i in range(len(y))]
    found = line(x, y)
    assert found is not None
    rest = [b - (found.intercept + found.slope * a) for a, b in zip(x, y, strict=True)]
    assert math.fsum(rest) == pytest.approx(0.0, abs=1e-6)
    assert found.slope_ci95[0] <= found.slope <= found.slope_ci95[1]


def test_the_interval_of_a_mean_is_students() -> None:
    # 1, 2, 3: mean 2, SE 1/sqrt(3), t of 2 degrees of freedom 4.3027.
    ends = mean_interval([1.0, 2.0, 3.0])
    assert ends is not None
    assert ends[1] - 2.0 == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert mean_interval([1.0]) is None


def test_the_cv_and_its_interval_from_chi_squared() -> None:
    found = spread([9.0, 10.0, 11.0, 10.0, 10.0, 9.0, 11.0, 10.0, 9.0, 11.0])
    assert found is not None
    assert found.cv_percent == pytest.approx(100 * found.sd / 10.0)
    assert found.cv95 is not None
    # Chi-squared of 9 degrees of freedom: 2.700 and 19.023 at 2.5 and 97.5 %.
    assert found.cv95[0] == pytest.approx((found.cv_percent or 0) * math.sqrt(9 / 19.023), rel=1e-4)
    assert found.cv95[1] == pytest.approx((found.cv_percent or 0) * math.sqrt(9 / 2.700), rel=1e-3)


def test_a_mean_of_nothing_has_no_cv() -> None:
    found = spread([0.0, 0.0])
    assert found is not None
    assert (found.cv_percent, found.cv95) == (None, None)
    assert spread([1.0]) is None
