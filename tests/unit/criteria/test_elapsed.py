"""Calendar months, and an event within so many of them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.criteria.elapsed import months_later, within
from cd5flow.criteria.rules import Within
from support.criteria_factory import clinic

DAYS = st.dates(date(1950, 1, 1), date(2090, 12, 31))
SIX = Within(event="allo_hsct", within_months=6)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2025-01-15", 6, "2025-07-15"),
        ("2025-08-31", 6, "2026-02-28"),
        ("2023-08-31", 6, "2024-02-29"),
        ("2025-08-28", 6, "2026-02-28"),
        ("2025-12-31", 6, "2026-06-30"),
        ("2025-12-01", 1, "2026-01-01"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("9999-08-31", 6, "9999-12-31"),
    ],
)
def test_months_end_on_the_same_day_or_the_months_last(day: str, months: int, later: str) -> None:
    assert months_later(date.fromisoformat(day), months) == date.fromisoformat(later)


@given(DAYS, st.integers(1, 40))
def test_months_later_is_in_the_month_that_many_on(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later + timedelta(days=1)).month != later.month


@given(DAYS)
def test_the_last_day_is_within_and_the_next_is_not(last: date) -> None:
    end = months_later(last, 6)
    on = clinic(last_allo_hsct_date=last, assessed_on=end)
    after = clinic(last_allo_hsct_date=last, assessed_on=end + timedelta(days=1))
    assert within(SIX, on).value is True
    assert within(SIX, after).value is False


def test_what_is_missing_is_named() -> None:
    assert within(SIX, clinic()).missing == ("ever_allo_hsct",)
    assert within(SIX, clinic(ever_allo_hsct=True)).missing == (
        "last_allo_hsct_date",
        "assessed_on",
    )
    assert within(SIX, clinic(last_allo_hsct_date="2025-01-01")).missing == ("assessed_on",)
    exact = within(SIX, clinic(months_since_allo_hsct=6, assessed_on="2025-01-01"))
    assert exact.missing == ("last_allo_hsct_date",)
    assert exact.lines[-1].code == "ON_THE_LIMIT"


def test_date_and_months_that_contradict_each_other_are_told() -> None:
    fact = within(
        SIX,
        clinic(
            last_allo_hsct_date="2025-01-15", assessed_on="2025-04-15", months_since_allo_hsct=9
        ),
    )
    assert fact.value is None
    assert str(fact.lines[-1]).startswith("CONTRADICTION: last_allo_hsct_date and months_since")
