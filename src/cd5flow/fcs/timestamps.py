"""When the tube was acquired, in the spellings that instruments use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Final

from cd5flow.fcs.text import given

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar",
            "feb february februar",
            "mar march mär maerz märz mrz",
            "apr april avr",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}


def acquired(keywords: Mapping[str, str]) -> str | None:
    """Return when acquisition began as ISO 8601 text, to the second.

    ``$BEGINDATETIME`` (FCS 3.2), else ``$DATE`` with ``$BTIM``; the day alone where the time is
    unreadable; None where the day is absent, unreadable or ambiguous.
    """
    stamp = given(keywords, "$BEGINDATETIME")
    if stamp is not None:
        try:
            return datetime.fromisoformat(stamp).isoformat(timespec="seconds")
        except ValueError:
            pass
    day = _day(keywords.get("$DATE", ""))
    if day is None:
        return None
    moment = _moment(keywords.get("$BTIM", ""))
    if moment is None:
        return day.isoformat()
    return datetime.combine(day, moment).isoformat(timespec="seconds")


def _day(written: str) -> date | None:
    parts = [part for part in re.split(r"[-/. ]+", written.strip()) if part]
    if len(parts) != 3:
        return None
    first, middle, last = parts
    year_first = len(first) == 4
    year, other = (first, last) if year_first else (last, first)
    month = _MONTHS.get(middle.casefold())
    if month is None and other.casefold() in _MONTHS:  # "Nov 12 2004"
        month, other = _MONTHS[other.casefold()], middle
    elif month is None:
        numbers = _month_and_day(middle, other, year_first=year_first)
        if numbers is None:
            return None
        month, other = numbers[0], str(numbers[1])
    if not (_digits(year) and _digits(other)):
        return None
    full = int(year)
    if len(year) == 2:
        full += 1900 if full >= 80 else 2000  # flow cytometers wrote no files before 1980
    try:
        return date(full, month, int(other))
    except ValueError:
        return None


def _month_and_day(middle: str, other: str, *, year_first: bool) -> tuple[int, int] | None:
    """Return (month, day) of two numbers, None where either could be the month."""
    if not (_digits(middle) and _digits(other)):
        return None
    a, b = int(middle), int(other)
    if year_first or b > 12 or a == b:
        return a, b
    if a > 12:
        return b, a
    return None


def _digits(part: str) -> bool:
    return re.fullmatch(r"[0-9]{1,4}", part) is not None


def _moment(written: str) -> time | None:
    match = re.fullmatch(
        r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?(?:[:.,][0-9]+)?\s*(AM|PM)?",
        written.strip(),
        re.IGNORECASE,
    )
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4] is not None:
        hour = hour % 12 + (12 if match[4].upper() == "PM" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        return None
