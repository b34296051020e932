"""Intervals of a share against published tables, and what holds for every count."""

from __future__ import annotations

from collections.abc import Callable
from math import asin, pi, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cd5flow.model.limits import IntervalMethod
from cd5flow.quantify.statistics import (
    PercentInterval,
    clopper_pearson_interval,
    interval,
    jeffreys_interval,
    share_percent,
    upper_limit,
    wilson_interval,
)

Method = Callable[[int, int], PercentInterval | None]
METHODS: list[Method] = [wilson_interval, clopper_pearson_interval, jeffreys_interval]

every_method = pytest.mark.parametrize("method", METHODS)
counts = st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def known(limits: PercentInterval | None) -> PercentInterval:
    assert limits is not None
    return limits


# Newcombe RG. Stat Med 1998;17:857, table I, as fractions to four places.
@pytest.mark.parametrize(
    ("k", "n", "wilson", "clopper_pearson"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_newcombes_worked_examples(
    k: int, n: int, wilson: PercentInterval, clopper_pearson: PercentInterval
) -> None:
    assert known(wilson_interval(k, n)) == pytest.approx([100 * x for x in wilson], abs=0.005)
    assert known(clopper_pearson_interval(k, n)) == pytest.approx(
        [100 * x for x in clopper_pearson], abs=0.005
    )


# Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101, table 5: two positives of n, to three places.
@pytest.mark.parametrize(
    ("n", "low", "high"),
    [
        (7, 0.065, 0.648),
        (8, 0.056, 0.592),
        (9, 0.049, 0.544),
        (10, 0.044, 0.503),
        (11, 0.040, 0.467),
        (12, 0.036, 0.436),
    ],
)
def test_jeffreys_table_of_brown_cai_and_dasgupta(n: int, low: float, high: float) -> None:
    assert known(jeffreys_interval(2, n)) == pytest.approx((100 * low, 100 * high), abs=0.05)


# Printed in the manual of the R package RSurveillance 0.2.1, binom.jeffreys, an implementation of
# its own.
@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (25, 200, 0.08462743, 0.176126),
        (10, 200, 0.02599340, 0.08687509),
        (20, 200, 0.06416642, 0.14729862),
        (30, 200, 0.10567714, 0.20436243),
        (40, 200, 0.14910087, 0.25950769),
        (60, 200, 0.23970343, 0.36603761),
        (80, 200, 0.33393964, 0.46893129),
    ],
)
def test_jeffreys_of_another_program(k: int, n: int, low: float, high: float) -> None:
    assert known(jeffreys_interval(k, n)) == pytest.approx((100 * low, 100 * high), abs=1e-4)


@pytest.mark.parametrize(
    ("n", "low", "high"),
    [
        (20, 48.1, 85.5),
        (50, 56.2, 80.9),
        (100, 60.4, 78.1),
        (200, 63.3, 75.9),
        (500, 65.8, 73.9),
        (1000, 67.1, 72.8),
        (5000, 68.7, 71.3),
    ],
)
def test_wilson_around_seventy_percent(n: int, low: float, high: float) -> None:
    assert known(wilson_interval(7 * n // 10, n)) == pytest.approx((low, high), abs=0.05)


@pytest.mark.parametrize(
    ("n", "passes", "fails"),
    [(20, 19, 9), (50, 42, 28), (100, 79, 61), (200, 153, 127), (500, 371, 329), (1000, 729, 671)],
)
def test_fewest_events_that_clear_seventy_percent(n: int, passes: int, fails: int) -> None:
    assert known(wilson_interval(passes, n))[0] >= 70 > known(wilson_interval(passes - 1, n))[0]
    assert known(wilson_interval(fails, n))[1] < 70 <= known(wilson_interval(fails + 1, n))[1]


@pytest.mark.parametrize(
    ("method", "k", "n", "low", "high"),
    [
        (clopper_pearson_interval, 50, 500_000, 0.0074, 0.0132),
        (wilson_interval, 50, 500_000, 0.0076, 0.0132),
        (jeffreys_interval, 50, 500_000, 0.0075, 0.0131),
        (clopper_pearson_interval, 0, 500_000, 0.0, 0.0007),
        (clopper_pearson_interval, 30, 300_000, 0.0067, 0.0143),
    ],
)
def test_rare_events(method: Method, k: int, n: int, low: float, high: float) -> None:
    assert known(method(k, n)) == pytest.approx((low, high), abs=0.00005)


# Exact by hand: with n = 1 the beta quantiles are powers.
def test_clopper_pearson_of_one_event() -> None:
    assert known(clopper_pearson_interval(0, 1)) == pytest.approx((0, 97.5))
    assert known(clopper_pearson_interval(1, 1)) == pytest.approx((2.5, 100))


def test_jeffreys_of_one_event_is_a_quantile_of_its_posterior() -> None:
    # Beta(1/2, 3/2): F(x) = (2/pi) (asin(sqrt x) + sqrt(x (1 - x))), in closed form.
    high = known(jeffreys_interval(0, 1))[1] / 100
    assert 2 / pi * (asin(sqrt(high)) + sqrt(high * (1 - high))) == pytest.approx(0.975)


@pytest.mark.parametrize("n", [1, 20, 3000, 500_000, 10_000_000])
def test_upper_limit_of_no_event_is_exact_and_near_three_over_n(n: int) -> None:
    limit = upper_limit(0, n)
    assert limit == pytest.approx(100 * (1 - 0.05 ** (1 / n)), rel=1e-9)
    if n >= 3000:
        assert limit == pytest.approx(100 * 3 / n, rel=0.002)


def test_upper_limit_of_all_events_is_hundred() -> None:
    assert upper_limit(7, 7) == 100.0


@given(counts)
def test_upper_limit_is_the_end_of_the_ninety_percent_interval(count: tuple[int, int]) -> None:
    k, n = count
    exact = clopper_pearson_interval(k, n, confidence=0.9)
    assert upper_limit(k, n) == pytest.approx(known(exact)[1], rel=1e-6)


@every_method
def test_a_share_of_nothing_is_unknown(method: Method) -> None:
    assert method(0, 0) is None
    assert upper_limit(0, 0) is None
    assert share_percent(0, 0) is None


@every_method
@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (1, 0), (0, -1)])
def test_impossible_counts_are_refused(method: Method, k: int, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        method(k, n)
    with pytest.raises(ValueError, match="no share"):
        upper_limit(k, n)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.5])
def test_a_confidence_is_a_fraction(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson_interval(1, 2, confidence=confidence)
    with pytest.raises(ValueError, match="between 0 and 1"):
        upper_limit(1, 2, confidence=confidence)


@every_method
@given(count=counts)
def test_an_interval_holds_the_share_and_stays_within_percent(
    method: Method, count: tuple[int, int]
) -> None:
    k, n = count
    low, high = known(method(k, n))
    share = share_percent(k, n)
    assert share is not None
    assert 0 <= low < high <= 100
    assert low <= share <= high


@every_method
@given(count=counts)
def test_an_interval_mirrors(method: Method, count: tuple[int, int]) -> None:
    k, n = count
    low, high = known(method(k, n))
    mirrored = known(method(n - k, n))
    assert (100 - high, 100 - low) == pytest.approx(mirrored, rel=1e-6, abs=1e-7)


@every_method
@given(count=counts)
def test_more_events_move_the_interval_up(method: Method, count: tuple[int, int]) -> None:
    k, n = count
    assume(k < n)
    low, high = known(method(k, n))
    more_low, more_high = known(method(k + 1, n))
    assert more_low > low
    assert more_high >= high


@given(st.integers(0, 200), st.integers(1, 200), st.floats(0.5, 0.98))
def test_more_confidence_is_wider(k: int, n: int, confidence: float) -> None:
    assume(k <= n)
    narrow = known(wilson_interval(k, n, confidence=confidence))
    wide = known(wilson_interval(k, n, confidence=confidence + 0.015))
    assert wide[0] <= narrow[0]
    assert wide[1] >= narrow[1]


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (IntervalMethod.WILSON, wilson_interval),
        (IntervalMethod.CLOPPER_PEARSON, clopper_pearson_interval),
        (IntervalMethod.JEFFREYS, jeffreys_interval),
    ],
)
def test_a_method_is_chosen_by_name(name: IntervalMethod, method: Method) -> None:
    assert interval(3, 40, method=name) == method(3, 40)
