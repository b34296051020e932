"""The keywords of one data set, judged: what stays, what is written instead, what goes and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cd5flow.fcs.privacy import KNOWN_WORDS, Action, KeywordRule, KeywordRules
from cd5flow.fcs.spillover import read_spillover, written_spillover
from cd5flow.fcs.timestamps import day_of, elapsed_seconds, moment_of, stamp_of
from cd5flow.model.events import Channel

_MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
NO_CHANNEL: Final = KeywordRule("", Action.REMOVE, "of a channel that the file has not")
_LEAST_ECHO: Final = 4  # shorter values occur in labels by chance
_SHOWN: Final = 6
_MOST_COMPARED: Final = 2_000_000  # bounds the work on a hostile file


@dataclass(frozen=True, slots=True)
class Judged:
    """One keyword.

    Attributes:
        keyword: in capitals.
        before: its value in the file.
        after: what is written; None where it goes.
        rule: of the list.
        why: the reason, in words.
    """

    keyword: str
    before: str
    after: str | None
    rule: KeywordRule
    why: str

    @property
    def free(self) -> bool:
        """Whether it is free text that stays."""
        return self.after is not None and self.rule.form == "text"


def judge(
    keywords: Mapping[str, str],
    rules: KeywordRules,
    *,
    channels: Sequence[Channel],
    version: str,
    data_name: str,
    days: int | None,
) -> tuple[Judged, ...]:
    """Judge every keyword that has a value.

    Args:
        keywords: of the data set, without those that say where its segments are.
        rules: the list.
        channels: of the data set.
        version: of FCS, which says how times of day are written.
        data_name: what stands for the file's name.
        days: by how many days dates move; 0 leaves them, None removes them.
    """
    clock = {name: keywords[name] for name in ("$BTIM", "$ETIM") if name in keywords}
    seconds = elapsed_seconds(clock)
    judged = []
    for keyword, value in keywords.items():
        if not value:
            continue
        rule = rules.rule(keyword)
        if _is_of_no_channel(keyword, len(channels)):
            rule = NO_CHANNEL
        after, why = None, rule.why
        if rule.action is Action.REPLACE:
            after = rule.text or data_name
        elif rule.action is Action.KEEP:
            if rules.fits(rule.form, value, keyword=keyword, channels=channels):
                after = _as_may_stay(rule.form, keyword, value, rules, channels)
            else:
                why = f"{rule.why}; but its value has not the form '{rule.form}'"
        elif rule.action is Action.DATE and days is not None:
            after = _moved(rule.form, value, days)
        elif keyword in clock and seconds is not None:
            after = _since_start(seconds if keyword == "$ETIM" else 0.0, version)
        judged.append(Judged(keyword, value, after, rule, why))
    return tuple(judged)


def _as_may_stay(
    form: str, keyword: str, value: str, rules: KeywordRules, channels: Sequence[Channel]
) -> str:
    """Return a value that stays, without what it need not hold."""
    if form == KNOWN_WORDS:
        return rules.known_words(value)
    if form == "spillover":
        # Names that are no channel of the file may be anything.
        found, about = read_spillover({keyword: value}, channels)
        if found is not None and about:
            return written_spillover(found)
    return value


def _is_of_no_channel(keyword: str, channels: int) -> bool:
    """Whether a keyword is of a channel beyond those of the file, or of one numbered otherwise."""
    match = re.match(r"[$@]?P([0-9]+)[A-Z]|\$DFC([0-9]+)TO([0-9]+)$", keyword)
    if match is None:
        return False
    numbers = [number for number in match.groups() if number is not None]
    return any(not 0 < int(n[:9]) <= channels or n.startswith("0") for n in numbers)


def suspicions(judged: Sequence[Judged], rules: KeywordRules) -> tuple[str, ...]:
    """Say which kept free texts may tell who the patient is; no value is repeated."""
    found: dict[str, list[str]] = {}
    for what, keyword in _suspicions(judged, rules):
        found.setdefault(what, []).append(keyword)
    return tuple(f"{_some(keywords)}: {what}" for what, keywords in found.items())


def _some(keywords: Sequence[str]) -> str:
    more = f" and {len(keywords) - _SHOWN} more" if len(keywords) > _SHOWN else ""
    return f"{', '.join(keywords[:_SHOWN])}{more}"


def _suspicions(judged: Sequence[Judged], rules: KeywordRules) -> Iterable[tuple[str, str]]:
    """Yield what was noticed, and in which keyword."""
    free = [j for j in judged if j.free]
    gone = {
        j.before.casefold(): j.why
        for j in judged
        if j.rule.echo and j.after is None and _distinct(j.before)
    }
    if len(free) * len(gone) > _MOST_COMPARED:
        yield "too many to look for removed values in them", "free text"
        gone = {}
    for kept in free:
        for what in rules.look_at(kept.before):
            yield what, kept.keyword
        if rules.unknown_words(kept.before):
            yield "words that no table of markers, dyes and channels knows", kept.keyword
        text = kept.before.casefold()
        for value, why in gone.items():
            if value in text and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text):
                yield f"the value of a keyword that was removed ({why})", kept.keyword
                break


def _distinct(value: str) -> bool:
    """Whether a value is worth looking for: a number such as 0001 is in labels by chance."""
    return len(value) > _LEAST_ECHO if value.isdigit() else len(value) >= _LEAST_ECHO


def _moved(form: str, value: str, days: int) -> str | None:
    """Return a date or time moved by days, as FCS writes it; None where it cannot be read."""
    try:
        if form == "moment":
            return value if moment_of(value) is not None else None
        if form == "datetime":
            stamp = stamp_of(value)
            return None if stamp is None else (stamp + timedelta(days=days)).isoformat()
        day = day_of(value)
        if day is None:
            return None
        moved = day + timedelta(days=days)
    except OverflowError:  # before the year 1 or after 9999
        return None
    return f"{moved.day:02d}-{_MONTHS[moved.month - 1]}-{moved.year:04d}"


def _since_start(seconds: float, version: str) -> str:
    """Return seconds as a time of day; FCS 3.1 has hundredths."""
    hundredths = round(seconds * 100) if version >= "3.1" else round(seconds) * 100
    minutes, rest = divmod(min(hundredths, 8_639_999), 6000)
    written = f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 100:02d}"
    return written if version < "3.1" else f"{written}.{rest % 100:02d}"
