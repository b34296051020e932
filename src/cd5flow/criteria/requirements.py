"""What a trial asks of a CD5 result beside its share: intensity, age, specimen, time point."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from cd5flow.criteria.asked import IntensityRule, NamedTimepoint
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.logic import Judgement
from cd5flow.criteria.protocol import Protocol
from cd5flow.model.reasons import Reason
from cd5flow.model.result import Cd5Section, Specimen


def intensity(cd5: Cd5Section, protocol: Protocol) -> Judgement | None:
    """Return whether CD5 is as bright as the trial asks; None where it asks for nothing.

    Where the trial gives no number, only what it calls dim is decided.
    """
    rule = protocol.intensity
    if rule is None:
        return None
    measured = None if cd5.intensity is None else cd5.intensity.percent_of_t_cells
    if measured is None:
        unknown = Reason("INTENSITY_UNKNOWN")
        return Judgement(None, (unknown,), undecided=(unknown,))
    return _held_against(rule, measured)


def _held_against(rule: IntensityRule, measured: float) -> Judgement:
    dim, least = rule.dim_at_most_percent_of_t_cells, rule.at_least_percent_of_t_cells
    if isinstance(dim, float) and measured <= dim:
        return Judgement(
            value=False, lines=(Reason("INTENSITY", case="dim", percent=measured, limit=dim),)
        )
    if isinstance(least, float):
        case = "enough" if measured >= least else "low"
        line = Reason("INTENSITY", case=case, percent=measured, limit=least)
        return Judgement(measured >= least, (line,))
    open_ = Reason("INTENSITY_WITHOUT_NUMBER", percent=measured)
    return Judgement(None, (open_,), undecided=(open_,))


def out_of_date(
    protocol: Protocol, *, collected_at: str | None, clinical: Clinical | None
) -> tuple[Reason | None, tuple[str, ...]]:
    """Return why a result is too old for the trial, or not known to be young enough.

    Returns:
        The reason, None where the trial asks for nothing or the result is young enough; and the
        clinical fields that could decide it.
    """
    rule = protocol.age
    if rule is None:
        return None, ()
    taken = collection_day(collected_at)
    assessed = None if clinical is None else clinical.assessed_on
    if taken is None or assessed is None:
        missing = () if assessed is not None else ("assessed_on",)
        return Reason("RESULT_AGE_UNKNOWN", limit=rule.at_most_days), missing
    days = (assessed - taken).days
    if days < 0:
        told = Reason(
            "COLLECTED_AFTER_ASSESSMENT", taken=taken.isoformat(), day=assessed.isoformat()
        )
        return told, ()
    if days > rule.at_most_days:
        return Reason("RESULT_TOO_OLD", days=days, limit=rule.at_most_days), ()
    return None, ()


def collection_day(collected_at: str | None) -> date | None:
    """Return the day on which a specimen was taken; None where it is not stated as a date."""
    if collected_at is None:
        return None
    try:
        return datetime.fromisoformat(collected_at).date()
    except ValueError:
        return None


def wrong_specimen(protocol: Protocol, specimen: Specimen) -> Reason | None:
    """Return that the trial does not take CD5 from this specimen; None where it does."""
    rule = protocol.specimens
    if rule is None or specimen in rule.accepted:
        return None
    return Reason("SPECIMEN_NOT_ACCEPTED", specimen=specimen, accepted=tuple(rule.accepted))


def not_accepted(
    protocol: Protocol,
    *,
    specimen: Specimen,
    collected_at: str | None,
    clinical: Clinical | None,
) -> tuple[Reason, ...]:
    """Return why the trial does not take this result for CD5, whatever it shows."""
    age, _ = out_of_date(protocol, collected_at=collected_at, clinical=clinical)
    return tuple(one for one in (wrong_specimen(protocol, specimen), age) if one is not None)


def named_timepoints(
    protocol: Protocol, *, collected_at: str | None, clinical: Clinical | None
) -> Iterator[tuple[NamedTimepoint, int | None]]:
    """Yield each day that the trial names, with how many days after its event the specimen was taken.

    The days are None where one of the two dates is not known.
    """
    taken = collection_day(collected_at)
    for one in protocol.timepoints:
        event = None if clinical is None else getattr(clinical, one.date_field)
        yield one, None if taken is None or event is None else (taken - event).days


def at_timepoint(
    name: str | None, protocol: Protocol, *, collected_at: str | None, clinical: Clinical | None
) -> Reason | None:
    """Return why a result is not of a named time point, or not known to be; None where it is."""
    if name is None:
        return None
    for one, days in named_timepoints(protocol, collected_at=collected_at, clinical=clinical):
        if one.name != name:
            continue
        if days is None:
            return Reason("TIMEPOINT_UNKNOWN", name=name, field=one.date_field)
        if not one.from_day <= days <= one.to_day:
            return Reason(
                "NOT_OF_TIMEPOINT", name=name, days=days, first=one.from_day, last=one.to_day
            )
        return None
    raise AssertionError(name)  # the file was checked
