"""FHIR's data types: moments that it can write, text that it allows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.interop.fhir_terms import (
    absent,
    date_time,
    identifier,
    instant,
    interval,
    lean,
    markdown,
    plain,
    quantity,
)

DATE_TIME = re.compile(
    r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|"
    r"14:00)))?)?)?"
)
"""R4's own pattern of dateTime (datatypes.html#dateTime)."""


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026", "2026"),
        ("2026-01", "2026-01"),
        ("2026-01-14", "2026-01-14"),
        ("20260114", "2026-01-14"),
        ("2026-W03-3", "2026-01-14"),
        ("2026-01-14T09:30Z", "2026-01-14T09:30:00+00:00"),
        ("2026-01-14 09:30:05+05:30", "2026-01-14T09:30:05+05:30"),
        ("2026-01-14T09:30:05.25-03:00", "2026-01-14T09:30:05.250000-03:00"),
    ],
)
def test_a_moment_is_said_as_far_as_it_is_known(written: str, said: str) -> None:
    assert date_time(written) == said


def test_a_time_without_its_zone_is_said_by_its_day_alone() -> None:
    assert date_time("2026-01-14T09:30:00") == "2026-01-14"


@pytest.mark.parametrize(
    "text", [None, "", "0000", "2026-13", "2026-02-30", "yesterday", "14.1.26"]
)
def test_what_is_no_date_is_not_said(text: str | None) -> None:
    assert date_time(text) is None


def test_a_zone_beyond_those_of_fhir_is_said_in_utc() -> None:
    assert date_time("2026-01-14T09:30:00+23:00") == "2026-01-13T10:30:00+00:00"
    assert date_time("0001-01-01T00:00:00+23:00") == "0001-01-01"


@given(st.datetimes(timezones=st.timezones()))
def test_every_zoned_moment_is_said_as_fhir_writes_it(moment: object) -> None:
    said = date_time(str(moment))
    assert said is not None
    assert DATE_TIME.fullmatch(said)


def test_an_instant_needs_its_zone() -> None:
    assert instant("2026-01-14T09:30:00") is None
    assert instant("2026-01-14") is None
    assert instant("2026-01-14T09:30:00Z") == "2026-01-14T09:30:00+00:00"


def test_text_is_one_line_without_control_characters() -> None:
    assert plain(" a\x00b\n c\u00a0d\x7f ") == "a b c d"
    assert plain("\ud800") is None
    assert plain(" \t\n") is None


@given(st.text())
def test_text_stays_as_it_is_once_it_is_plain(text: str) -> None:
    once = plain(text)
    assert plain(once) == once


def test_markdown_shows_markup_as_written() -> None:
    assert markdown("<b>x</b> 3 < 4 [a](http://b) ![c](d)") == (
        r"\<b>x\</b> 3 < 4 [a\](http://b) ![c\](d)"
    )


def test_a_quantity_names_its_ucum_unit() -> None:
    assert quantity(0.0, "%", "<") == {
        "value": 0.0,
        "comparator": "<",
        "unit": "%",
        "system": "http://unitsofmeasure.org",
        "code": "%",
    }
    assert quantity(3, "{events}")["unit"] == "events"
    assert interval((1.0, 2.0), "%")["high"]["value"] == 2.0


def test_empty_elements_are_left_out_and_zero_is_none_of_them() -> None:
    assert lean({"a": 0, "b": 0.0, "c": None, "d": "", "e": [], "f": {}}) == {"a": 0, "b": 0.0}


def test_an_absent_value_says_why() -> None:
    assert absent("unknown", "FEW_BLASTS: 12 blasts")["text"] == "FEW_BLASTS: 12 blasts"
    assert absent("unknown")["text"] == "Unknown"


def test_an_identifier_needs_a_value() -> None:
    assert identifier("urn:x", " ") is None
    assert identifier("urn:x", "P02") == {"system": "urn:x", "value": "P02"}
