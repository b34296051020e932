from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.report import numerals


def test_a_share_below_the_threshold_is_not_printed_as_the_threshold() -> None:
    assert numerals.share(69.96, limits=(70,)) == "69.96"
    assert numerals.share(69.99996, limits=(70,)) == "69.99996"


def test_a_share_on_the_threshold_is_printed_plainly() -> None:
    assert numerals.share(70.0, limits=(70,)) == "70.0"


def test_nearly_all_is_not_all_and_nearly_none_is_not_none() -> None:
    assert numerals.share(99.98) == "99.98"
    assert numerals.share(0.02) == "0.02"
    assert numerals.share(100.0) == "100.0"
    assert numerals.share(0.0) == "0.0"


def test_a_burden_just_over_five_percent_is_not_printed_as_five() -> None:
    assert numerals.burden(5.003) == "5.003"
    assert numerals.burden(5.0) == "5.00"


def test_a_burden_keeps_three_figures() -> None:
    assert numerals.burden(59.5287) == "59.5"
    assert numerals.burden(0.26) == "0.260"
    assert numerals.burden(0.0000123) == "1.23e-05"


@given(st.floats(0, 100), st.sampled_from((50.0, 70.0, 90.0)))
def test_printed_shares_lie_on_the_side_of_the_limit_on_which_they_are(
    percent: float, limit: float
) -> None:
    printed = float(numerals.share(percent, limits=(limit,)))
    # Print ends at 14 decimals, as floating-point numbers do.
    if abs(percent - limit) > 1e-13:
        assert (printed >= limit) == (percent >= limit)


@given(st.floats(0, 100))
def test_printed_burdens_are_near_what_they_are(percent: float) -> None:
    assert float(numerals.burden(percent)) == pytest.approx(percent, rel=6e-3)


def test_large_measures_are_whole_and_parted() -> None:
    assert numerals.number(13_763.4) == "13,763"
    assert numerals.number(-1234.5) == "-1,234"
    assert numerals.number(561.82) == "561.8"
    assert numerals.number(0) == "0"


def test_moments_are_read_by_people() -> None:
    assert numerals.moment("2026-01-31T17:30:00+08:00") == "2026-01-31 09:30:00 UTC"
    assert numerals.moment("2026-01-31T09:30:00") == "2026-01-31 09:30:00"
    assert numerals.moment("2026-01-31") == "2026-01-31"
    assert numerals.moment("some day") == "some day"
