"""When the tube was acquired, in the spellings that instruments use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Final

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
    stamp = stamp_of(keywords.get("$BEGINDATETIME", ""))
    if stamp is not None:
        return stamp.isoformat(timespec="seconds")
    day = day_of(keywords.get("$DATE", ""))
    if day is None:
        return None
    moment = moment_of(keywords.get("$BTIM", ""))
    if moment is None:
        return day.isoformat()
    return datetime.combine(day, moment).isoformat(timespec="seconds")


def elapsed_seconds(keywords: Mapping[str, str]) -> float | None:
    """Return the seconds between the clock times at which acquisition began and ended.

    ``$BEGINDATETIME`` and ``$ENDDATETIME`` (FCS 3.2), else ``$BTIM`` and ``$ETIM``, which may lie on
    two days; None where one is absent or unreadable, or both are the same.
    """
    stamps = [stamp_of(keywords.get(name, "")) for name in ("$BEGINDATETIME", "$ENDDATETIME")]
    if stamps[0] is not None and stamps[1] is not None:
        try:
            seconds = (stamps[1] - stamps[0]).total_seconds()
        except TypeError:  # one tells its time zone, the other does not
            return None
        return seconds if seconds > 0 else None
    begun, ended = (_second_of_day(keywords.get(name, "")) for name in ("$BTIM", "$ETIM"))
    if begun is None or ended is None or begun == ended:
        return None
    return (ended - begun) % 86_400


def stamp_of(written: str) -> datetime | None:
    """Return a day with its time as ISO 8601 writes it; None where it is unreadable."""
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


def _second_of_day(written: str) -> float | None:
    """Return the seconds since midnight, with the fraction: 1/60 after a colon, else decimal."""
    moment = moment_of(written)
    if moment is None:
        return None
    whole = moment.hour * 3600 + moment.minute * 60 + moment.second
    fraction = re.fullmatch(r"[0-9]+:[0-9]+:[0-9]+([:.,])([0-9]{1,9})\D*", written.strip())
    if fraction is None:
        return float(whole)
    digits = fraction[2]
    sixtieths = fraction[1] == ":" and len(digits) <= 2
    part = int(digits) / 60 if sixtieths else int(digits) / 10 ** len(digits)
    return whole + part if part < 1 else float(whole)


def day_of(written: str) -> date | None:
    """Return a day; None where it is unreadable or ambiguous."""
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


def moment_of(written: str) -> time | None:
    """Return a time of day to the second; None where it is unreadable."""
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
