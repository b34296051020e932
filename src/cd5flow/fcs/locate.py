"""Where DATA lies, by evidence: the reading whose bytes hold ``$TOT`` events wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt

from cd5flow.errors import FcsCorruptError, FcsTruncatedError
from cd5flow.fcs.data import decode
from cd5flow.fcs.header import HEADER_BYTES, Header, Segment
from cd5flow.fcs.layout import Layout, ValueKind
from cd5flow.fcs.placing import Reading, decide
from cd5flow.fcs.source import Source
from cd5flow.fcs.text import analysis_segment, given, integer, number
from cd5flow.model.findings import Finding, Severity, info, warning
from cd5flow.model.reasons import Reason

_SAMPLE_EVENTS: Final = 256
_HEADER_LIMIT: Final = 99_999_999  # HEADER has eight digits; beyond that, TEXT tells
_FROM_FILE: Final = ", counted from the start of the file,"
_PADDING_BYTES: Final = 1 << 20
_CLEARLY: Final = (
    0.9  # a reading is worse where fewer than this share of the best one's values make sense
)


@dataclass(frozen=True, slots=True)
class Placement:
    """One place where the file says that DATA is.

    Attributes:
        segment: from the start of the data set.
        origin: who says so, for messages.
    """

    segment: Segment
    origin: str

    def __str__(self) -> str:
        return f"{self.origin} {self.segment}"


@dataclass(frozen=True, slots=True)
class Located:
    """DATA, found.

    Attributes:
        layout: the reading of an event that fits.
        begin: the first byte of DATA, from the start of the file.
        events: how many.
        findings: disagreements and how they were settled.
    """

    layout: Layout
    begin: int
    events: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Fit:
    layout: Layout
    placement: Placement
    excess: int  # bytes declared beyond what the events take


def locate(
    source: Source, offset: int, header: Header, keywords: Mapping[str, str], layouts: list[Layout]
) -> Located:
    """Find the events of the data set that begins at ``offset``.

    Raises:
        FcsTruncatedError: the file ends before its events do; says how many whole ones there are.
        FcsCorruptError: no reading of offsets and widths holds ``$TOT`` events.
    """
    placements = _placements(source.size, offset, header, keywords)
    declared = given(keywords, "$TOT")
    events = integer(declared)
    if declared is not None and events is None:
        raise FcsCorruptError(f"{source.name}: $TOT is {declared!r}, expected a number of events")
    if events == 0:
        return _without_events(source, placements, layouts)
    if not placements:
        raise FcsCorruptError(
            f"{source.name}: neither HEADER nor $BEGINDATA and $ENDDATA say where DATA is"
        )
    fits = _fits(source, offset, placements, layouts, events)
    if not fits:
        _refuse(source, offset, placements, layouts, events)
    fit = _most_sensible(source, offset, fits, events=events, header=header, keywords=keywords)
    found = events or fit.layout.events_in(fit.placement.segment.length)
    begin = offset + fit.placement.segment.begin
    available = source.size - begin
    if fit.layout.bytes_of(found) > available:
        whole = fit.layout.events_in(available)
        raise FcsTruncatedError(
            f"{source.name}: ends at byte {source.size:,}, DATA needs "
            f"{begin + fit.layout.bytes_of(found):,}: {whole:,} whole events of {found:,} are there"
        )
    findings = _findings(fit, placements, header, events, found)
    return Located(layout=fit.layout, begin=begin, events=found, findings=findings)


def _placements(
    size: int, offset: int, header: Header, keywords: Mapping[str, str]
) -> list[Placement]:
    """Return where DATA may be, the standard's choice first."""
    begin, end = integer(keywords.get("$BEGINDATA")), integer(keywords.get("$ENDDATA"))
    places = []
    if begin and end is not None:
        places.append(Placement(Segment(begin, end), "$BEGINDATA/$ENDDATA"))
    if header.data is not None:
        places.append(Placement(header.data, "HEADER"))
    if header.version == "2.0":
        places.reverse()  # FCS 2.0 knows offsets in HEADER alone
    unique: dict[Segment, Placement] = {}
    for place in places:
        unique.setdefault(place.segment, place)
    from_data_set = list(unique.values())
    if offset and not any(offset + place.segment.end <= size for place in from_data_set):
        # A second data set whose offsets count from the start of the file.
        from_file = [
            Placement(
                Segment(place.segment.begin - offset, place.segment.end - offset),
                place.origin + _FROM_FILE,
            )
            for place in from_data_set
        ]
        from_file = [place for place in from_file if place.segment.begin > header.text.end]
        return from_file or from_data_set
    return from_data_set


def _fits(
    source: Source,
    offset: int,
    placements: list[Placement],
    layouts: list[Layout],
    events: int | None,
) -> list[_Fit]:
    """Return the readings that agree with ``$TOT``, the closest first, those in the file before."""
    fits = []
    for layout in layouts:
        for placement in placements:
            length = placement.segment.length
            whole = events if events is not None else layout.events_in(length)
            excess = length - layout.bytes_of(whole)
            tolerated = 1 if layout.row_bits > 8 else 0  # else a byte is an event
            end = offset + placement.segment.begin + layout.bytes_of(whole)
            padded = 1 < excess < _PADDING_BYTES and _blank(source, end, excess)
            if whole > 0 and (abs(excess) <= tolerated or padded):
                fits.append(_Fit(layout=layout, placement=placement, excess=excess))

    def rank(fit: _Fit) -> tuple[bool, int]:
        end = offset + fit.placement.segment.begin + fit.placement.segment.length - fit.excess
        return end > source.size, abs(fit.excess)

    return sorted(fits, key=rank)


def _blank(source: Source, begin: int, length: int) -> bool:
    """Whether the file holds these bytes and they are zeros or spaces."""
    raw = source.read(begin, length)
    return len(raw) == length and not raw.strip(b"\0 ")


def _most_sensible(
    source: Source,
    offset: int,
    fits: list[_Fit],
    *,
    events: int | None,
    header: Header,
    keywords: Mapping[str, str],
) -> _Fit:
    """Return the reading whose bytes are those of events.

    Raises:
        FcsCorruptError: two places hold what may be the events, and nothing tells which are.
    """
    distinct: dict[tuple[Layout, int], _Fit] = {}
    for fit in fits:
        distinct.setdefault((fit.layout, fit.placement.segment.begin), fit)
    if len(distinct) == 1:
        return fits[0]
    shares = []
    for fit in distinct.values():
        begin = offset + fit.placement.segment.begin
        there = fit.layout.events_in(source.size - begin)
        count = min(_SAMPLE_EVENTS, there, events or there)
        shares.append(_sensible_share(source, begin, fit.layout, count, keywords))
    best = max(shares)
    sensible = [
        fit
        for fit, share in zip(distinct.values(), shares, strict=True)
        if share >= _CLEARLY * best
    ]
    chosen = sensible[0]
    rival = next((f for f in sensible if f.layout == chosen.layout and f is not chosen), None)
    if rival is None:
        return chosen
    pair = chosen, rival
    return _told_by_bytes(source, offset, pair, events=events, header=header, keywords=keywords)


def _told_by_bytes(
    source: Source,
    offset: int,
    fits: tuple[_Fit, _Fit],
    *,
    events: int | None,
    header: Header,
    keywords: Mapping[str, str],
) -> _Fit:
    readings = [
        Reading(
            offset + fit.placement.segment.begin,
            fit.layout,
            events or fit.layout.events_in(fit.placement.segment.length),
        )
        for fit in fits
    ]
    if all(reading.end > source.size for reading in readings):
        return fits[0]  # truncated, whichever is meant
    others = [Segment(0, HEADER_BYTES - 1), header.text, analysis_segment(header, keywords)]
    begin, end = integer(keywords.get("$BEGINSTEXT")), integer(keywords.get("$ENDSTEXT"))
    others.append(Segment(begin, end) if begin and end else None)
    taken = [Segment(offset + one.begin, offset + one.end) for one in others if one is not None]
    found = decide(source, *readings, others=taken, keywords=keywords)
    if found is None:
        places = " and ".join(str(fit.placement) for fit in fits)
        raise FcsCorruptError(
            f"{source.name}: DATA is given twice, {places}, and nothing in the bytes tells which "
            "holds the events; expected one place, or values that make sense at one of them"
        )
    return fits[readings.index(found)]


def _sensible_share(
    source: Source, begin: int, layout: Layout, count: int, keywords: Mapping[str, str]
) -> float:
    """Return the share of the first values that an instrument could have written."""
    if count < 1:
        return 0.0
    unmasked = Layout(
        columns=tuple(type(c)(kind=c.kind, bits=c.bits) for c in layout.columns),
        order=layout.order,
    )
    sample = decode(source, begin=begin, layout=unmasked, events=count, undo={}).values
    sensible = 0.0
    for n, column in enumerate(layout.columns, start=1):
        values = sample[:, n - 1]
        steps = number(keywords.get(f"$P{n}R")) or 2.0**24
        sensible += _sensible(values, column.kind, steps)
    return sensible / len(layout.columns)


def _sensible(values: npt.NDArray[np.float32], kind: ValueKind, steps: float) -> float:
    if kind is ValueKind.INTEGER:
        # Bits above the range are a constant tag or none; a wrong offset makes them vary.
        whole = 2.0 ** np.ceil(np.log2(steps)) if steps > 1 else 2.0
        tags = np.floor_divide(values, np.float32(whole))
        return float(np.mean(tags == np.median(tags)))
    with np.errstate(invalid="ignore"):
        size = np.abs(values)
        return float(np.mean((values == 0) | ((size > 1e-6) & (size < 16 * max(steps, 2.0**24)))))


def _without_events(source: Source, placements: list[Placement], layouts: list[Layout]) -> Located:
    for placement in placements:
        if layouts[0].events_in(placement.segment.length) > 0:
            raise FcsCorruptError(
                f"{source.name}: $TOT says 0 events, DATA holds "
                f"{layouts[0].events_in(placement.segment.length):,} ({placement})"
            )
    return Located(layout=layouts[0], begin=0, events=0, findings=(warning("NO_EVENTS"),))


def _refuse(
    source: Source,
    offset: int,
    placements: list[Placement],
    layouts: list[Layout],
    events: int | None,
) -> NoReturn:
    row = layouts[0].row_bits / 8
    places = ", ".join(f"{place} ({place.segment.length:,} bytes)" for place in placements)
    if events is None:
        raise FcsCorruptError(
            f"{source.name}: $TOT is absent and DATA is no whole number of events of "
            f"{row:g} bytes: {places}"
        )
    needed = layouts[0].bytes_of(events)
    begin = offset + placements[0].segment.begin
    held = layouts[0].events_in(placements[0].segment.length)
    if source.size - begin < min(needed, placements[0].segment.length):
        whole = layouts[0].events_in(source.size - begin)
        raise FcsTruncatedError(
            f"{source.name}: ends at byte {source.size:,}: {whole:,} whole events of {events:,} "
            f"are there; and $TOT does not fit DATA: {places}"
        )
    raise FcsCorruptError(
        f"{source.name}: $TOT says {events:,} events of {row:g} bytes ({needed:,} bytes), "
        f"DATA holds {held:,}: {places}"
    )


def _findings(
    fit: _Fit,
    placements: list[Placement],
    header: Header,
    events: int | None,
    found: int,
) -> tuple[Finding, ...]:
    findings = []
    if fit.layout.assumption is not None:
        findings.append(fit.layout.assumption)
    taken = fit.placement.origin
    origins = {place.origin for place in placements}
    if len(placements) > 1 and len(origins) > 1:
        places = ", ".join(str(place) for place in placements)
        findings.append(warning("OFFSETS_DISAGREE", places=places, taken=taken, events=found))
    if header.data is None and fit.placement.segment.end <= _HEADER_LIMIT:
        findings.append(info("HEADER_BLANK", taken=taken))
    if taken.endswith(_FROM_FILE):
        findings.append(warning("OFFSETS_FROM_FILE", taken=taken, events=found))
    if fit.excess > 1:
        findings.append(warning("DATA_PADDED", bytes=fit.excess, events=found))
    elif fit.excess:
        where = "beyond" if fit.excess > 0 else "before"
        findings.append(info("DATA_END", case=where, events=found))
    if events is None:
        severity = Severity.INFO if header.version == "2.0" else Severity.WARN
        findings.append(Finding(severity, Reason("TOT_ABSENT", events=found)))
    return tuple(findings)
