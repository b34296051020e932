from __future__ import annotations

import pytest

from cd5flow.fcs.timestamps import acquired, elapsed_seconds


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("18-JUL-2014", "2014-07-18"),
        ("11-Nov-09", "2009-11-11"),
        ("23-Aug-99", "1999-08-23"),
        ("2013-Jul-19", "2013-07-19"),
        ("12 Nov 2004", "2004-11-12"),
        ("Nov 12 2004", "2004-11-12"),
        ("28-06-2006", "2006-06-28"),
        ("06/28/2006", "2006-06-28"),
        ("05/05/2006", "2006-05-05"),
        ("2006-05-04", "2006-05-04"),
        ("3.Mai.2011", "2011-05-03"),
        ("04/05/2006", None),
        ("31-FEB-2014", None),
        ("13-13-2014", None),
        ("yesterday", None),
        ("1-x-2014", None),
        ("x-JUL-2014", None),
        ("", None),
    ],
)
def test_days_in_the_spellings_of_instruments(date: str, expected: str | None) -> None:
    assert acquired({"$DATE": date}) == expected


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("09:44:26", "T09:44:26"),
        ("11:33:12:44", "T11:33:12"),
        ("21:28:25.56", "T21:28:25"),
        ("9:44", "T09:44:00"),
        ("09:44:26 PM", "T21:44:26"),
        ("12:00:00 AM", "T00:00:00"),
        ("25:00:00", ""),
        ("noon", ""),
    ],
)
def test_times_in_the_spellings_of_instruments(time: str, expected: str) -> None:
    assert acquired({"$DATE": "18-JUL-2014", "$BTIM": time}) == f"2014-07-18{expected}"


def test_the_stamp_of_fcs_3_2_comes_first() -> None:
    keywords = {"$BEGINDATETIME": "2024-05-06T07:08:09.5+02:00", "$DATE": "18-JUL-2014"}
    assert acquired(keywords) == "2024-05-06T07:08:09+02:00"
    assert acquired(keywords | {"$BEGINDATETIME": "soon"}) == "2014-07-18"


def test_a_time_without_a_day_is_nothing() -> None:
    assert acquired({"$BTIM": "09:44:26"}) is None


@pytest.mark.parametrize(
    ("begun", "ended", "seconds"),
    [
        ("09:44:26", "09:45:26", 60.0),
        ("23:59:50", "00:00:10", 20.0),
        ("11:33:12:30", "11:33:13:45", 1.25),  # sixtieths of a second, FCS 3.0
        ("09:42:05:509", "09:42:06:009", 0.5),
        ("21:28:25.56", "21:28:26", 0.44),
        ("11:59:59 PM", "12:00:01 AM", 2.0),
        ("09:44:26", "09:44:26", None),
        ("09:44:26", "", None),
        ("noon", "09:44:26", None),
    ],
)
def test_the_run_lasts_from_its_begin_to_its_end(
    begun: str, ended: str, seconds: float | None
) -> None:
    found = elapsed_seconds({"$BTIM": begun, "$ETIM": ended})
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("ended", "seconds"),
    [
        ("2024-05-07T00:00:01", 2.0),
        ("2024-05-06T23:59:59", None),
        ("2024-05-07T00:00:01+02:00", None),  # one of the two tells its zone
    ],
)
def test_the_stamps_of_fcs_3_2_span_days(ended: str, seconds: float | None) -> None:
    keywords = {"$BEGINDATETIME": "2024-05-06T23:59:59", "$ENDDATETIME": ended}
    assert elapsed_seconds({**keywords, "$BTIM": "1:00", "$ETIM": "2:00"}) == seconds
