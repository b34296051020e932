"""Whether an event lies within so many calendar months of the assessment."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.logic import Judgement
from cd5flow.criteria.rules import EVENTS, Within
from cd5flow.model.reasons import Reason


def months_later(day: date, months: int) -> date:
    """Return the same day so many months on; the last of a shorter month where it has no such day.

    The last day of the calendar stands for all beyond it.
    """
    years, month = divmod(day.month - 1 + months, 12)
    if day.year + years > date.max.year:
        return date.max
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def within(rule: Within, clinical: Clinical) -> Judgement:
    """Return whether the event lies within the months; the last day does as the rule says.

    A date decides together with the day of assessment. A number of months decides only off the
    limit: exactly so many months is either side of the day. Where the two contradict each other,
    it is unknown.
    """
    ever_field, date_field, months_field, from_field = EVENTS[rule.event]
    ever: bool | None = getattr(clinical, ever_field)
    last: date | None = getattr(clinical, date_field)
    months: float | None = getattr(clinical, months_field)
    day: date | None = getattr(clinical, from_field)
    months_asked, closed = rule.months, rule.within_months is not None
    if ever is False:
        no = Reason("CLINICAL", field=ever_field, value="false")
        return Judgement(value=False, lines=(no,))
    lines: list[Reason] = []
    by_date = by_months = None
    if last is not None and day is not None:
        end = months_later(last, months_asked)
        by_date = day <= end if closed else day < end
        dated = Reason(
            "EVENT_DATED",
            field=date_field,
            last=last.isoformat(),
            months=months_asked,
            end=end.isoformat(),
            field_from=from_field,
            day=day.isoformat(),
        )
        lines.append(dated)
    if months is not None:
        bound = f"{'<=' if closed else '<'} {months_asked}"
        lines.append(Reason("BOUNDED", field=months_field, value=f"{months:.15g}", bound=bound))
        by_months = None if months == months_asked else months < months_asked
    if by_date is not None and by_months is not None and by_date is not by_months:
        what = Reason("CONTRADICTION", field=date_field, field_other=months_field)
        return Judgement(None, (*lines, what), undecided=(what,))
    value = by_months if by_date is None else by_date
    if value is not None:
        return Judgement(value, tuple(lines))
    undecided: tuple[Reason, ...] = ()
    if months is not None:
        lines.append(Reason("ON_THE_LIMIT", field=months_field))
        undecided = (lines[-1],)
    missing = tuple(
        name for name, given in ((date_field, last), (from_field, day)) if given is None
    )
    if ever is None and last is None and months is None:
        missing = (ever_field,)
    return Judgement(None, tuple(lines), missing, undecided)
