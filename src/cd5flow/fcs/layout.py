"""How one event lies in DATA: kinds, widths, byte order, masks, and what each channel is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from cd5flow.errors import FcsCorruptError, FcsUnsupportedError
from cd5flow.fcs.text import given, integer, number, within
from cd5flow.model.events import Channel
from cd5flow.model.findings import Finding, info, warning

_FLOAT_BITS: Final = {"F": 32, "D": 64}
_GAINS: Final = (1e-6, 1e9)  # instruments write 0.01 to 1e5
_RANGES: Final = (1e-6, 3.5e38)  # to the largest float32, which some programs write
_MOST_DECADES: Final = 18.0  # ten to this fits float32 twice over; instruments write 3 to 7


class ValueKind(StrEnum):
    """What the bits of a value are: ``$DATATYPE``, or ``$PnDATATYPE`` in FCS 3.2."""

    INTEGER = "I"
    SINGLE = "F"
    DOUBLE = "D"


@dataclass(frozen=True, slots=True)
class ByteOrder:
    """``$BYTEORD``: the significance of each byte as written, the least being 1.

    Attributes:
        written: for example (1, 2, 3, 4), (4, 3, 2, 1) or (3, 4, 1, 2).
    """

    written: tuple[int, ...]

    @property
    def little(self) -> bool:
        """Whether the least significant byte comes first."""
        return self.written == tuple(sorted(self.written))

    @property
    def big(self) -> bool:
        """Whether the most significant byte comes first."""
        return len(self.written) > 1 and self.written == tuple(sorted(self.written, reverse=True))

    def places(self, width: int) -> tuple[int, ...]:
        """Return where each byte of a value of ``width`` bytes goes, the least significant at 0.

        Raises:
            ValueError: the order does not tell.
        """
        if self.little:
            return tuple(range(width))
        if self.big:
            return tuple(reversed(range(width)))
        if width == len(self.written):
            return tuple(place - 1 for place in self.written)
        if width == 1:
            return (0,)
        if width == 2:  # the order within the first word
            return (0, 1) if self.written[0] < self.written[1] else (1, 0)
        raise ValueError(f"byte order {self.written} for {width} bytes")


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One value of the event.

    Attributes:
        kind: what its bits are.
        bits: its width in the file.
        mask: the bits that count, of integers with a range below their width; None for all.
    """

    kind: ValueKind
    bits: int
    mask: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """One reading of how events lie in DATA.

    Attributes:
        columns: the values of an event in file order.
        order: of the bytes of a value.
        assumption: what this reading supposes beyond the keywords as written; None for nothing.
    """

    columns: tuple[StoredColumn, ...]
    order: ByteOrder
    assumption: Finding | None = None

    @property
    def row_bits(self) -> int:
        """Bits in one event."""
        return sum(column.bits for column in self.columns)

    @property
    def packed(self) -> bool:
        """Whether values do not begin on byte boundaries."""
        return any(column.bits % 8 for column in self.columns)

    @property
    def uniform(self) -> bool:
        """Whether all values have one kind and width."""
        return len({(column.kind, column.bits) for column in self.columns}) == 1

    def bytes_of(self, events: int) -> int:
        """Return the bytes that so many events take."""
        return -(-events * self.row_bits // 8)

    def events_in(self, available: int) -> int:
        """Return the whole events in so many bytes."""
        return max(0, available) * 8 // self.row_bits


def read_layouts(keywords: Mapping[str, str], *, name: str) -> list[Layout]:
    """Return the readings of the keywords, as written first.

    Raises:
        FcsUnsupportedError: histograms, text values, or widths that are not read.
        FcsCorruptError: keywords that an event needs are absent or no numbers.
    """
    mode = keywords.get("$MODE", "L").upper()
    if mode != "L":
        raise FcsUnsupportedError(f"{name}: $MODE is {mode!r}, expected L (list mode)")
    declared = integer(keywords["$PAR"])
    if not declared:
        raise FcsCorruptError(f"{name}: $PAR is {keywords['$PAR']!r}, expected a count of channels")
    layouts = _of_count(keywords, declared, name=name)
    described = declared
    while all(f"$P{described + 1}{letter}" in keywords for letter in "BNR"):
        described += 1
    if described > declared:
        finding = warning("PAR_TOO_LOW", declared=declared, described=described)
        layouts += [
            replace(layout, assumption=layout.assumption or finding)
            for layout in _of_count(keywords, described, name=name)
        ]
    return layouts


def _of_count(keywords: Mapping[str, str], count: int, *, name: str) -> list[Layout]:
    common = keywords.get("$DATATYPE", "").upper()
    if common == "A":
        raise FcsUnsupportedError(f"{name}: $DATATYPE is A (text), expected I, F or D")
    columns: list[StoredColumn] = []
    widths: list[int | None] = []
    for n in range(1, count + 1):
        if not any(given(keywords, f"$P{n}{letter}") for letter in "BNR"):
            raise FcsCorruptError(
                f"{name}: $PAR says {count:,} channels, TEXT describes {n - 1:,} ($P{n}B is absent)"
            )
        kind = keywords.get(f"$P{n}DATATYPE", common).upper()
        if kind not in set(ValueKind):
            raise FcsCorruptError(f"{name}: $DATATYPE is {kind!r}, expected I, F or D")
        width = integer(keywords.get(f"$P{n}B"))
        widths.append(width)
        _bounded(keywords, f"$P{n}R", _RANGES, "a number of steps", name)
        columns.append(_column(keywords, n, ValueKind(kind), width, name=name))
    order = _byte_order(keywords, columns, name=name)
    plain = Layout(columns=tuple(columns), order=order)
    return [plain, *_other_widths(plain, widths)]


def _column(
    keywords: Mapping[str, str], n: int, kind: ValueKind, width: int | None, *, name: str
) -> StoredColumn:
    if kind is not ValueKind.INTEGER:
        return StoredColumn(kind=kind, bits=_FLOAT_BITS[kind])
    if width is None or not 8 <= width <= 64:
        raise FcsUnsupportedError(
            f"{name}: $P{n}B is {keywords.get(f'$P{n}B')!r}, expected integers of 8 to 64 bits"
        )
    steps = number(keywords.get(f"$P{n}R"))
    used = math.ceil(math.log2(steps)) if steps and steps > 1 else width
    return StoredColumn(kind=kind, bits=width, mask=(1 << used) - 1 if used < width else None)


def _other_widths(plain: Layout, widths: list[int | None]) -> list[Layout]:
    """Return the readings in which ``$PnB`` is wrong as instruments have written it wrong."""
    others = []
    if plain.packed:
        # Coulter's CXP declares 10 bits for values that it stores in 16.
        columns = tuple(
            replace(column, bits=8 << max(0, math.ceil(math.log2(column.bits / 8))))
            for column in plain.columns
        )
        others.append((columns, warning("WIDTH", case="no_bytes")))
    floats = [column.kind is not ValueKind.INTEGER for column in plain.columns]
    differing = [
        width
        for column, width, is_float in zip(plain.columns, widths, floats, strict=True)
        if is_float and width in {32, 64} and width != column.bits
    ]
    if differing:
        columns = tuple(
            replace(column, kind=ValueKind.DOUBLE if width == 64 else ValueKind.SINGLE, bits=width)
            if is_float and width in {32, 64} and width is not None
            else column
            for column, width, is_float in zip(plain.columns, widths, floats, strict=True)
        )
        others.append((columns, warning("WIDTH", case="disagree", bits=differing[0])))
    return [replace(plain, columns=columns, assumption=assumed) for columns, assumed in others]


def _byte_order(
    keywords: Mapping[str, str], columns: list[StoredColumn], *, name: str
) -> ByteOrder:
    found = keywords.get("$BYTEORD", "")
    parts = [integer(part) for part in found.split(",")]
    written = tuple(part for part in parts if part is not None)
    if len(written) < len(parts) or sorted(written) != list(range(1, len(written) + 1)):
        raise FcsCorruptError(f"{name}: $BYTEORD is {found!r}, expected 1,2,3,4 or 4,3,2,1")
    order = ByteOrder(written=written)
    try:
        for bits in {column.bits for column in columns}:
            order.places(-(-bits // 8))
    except ValueError as error:
        raise FcsUnsupportedError(f"{name}: {error}, expected 1,2,3,4 or 4,3,2,1") from error
    if not (order.little or order.big) and any(column.bits % 8 for column in columns):
        raise FcsUnsupportedError(
            f"{name}: byte order {found} with values that are not whole bytes"
        )
    return order


def read_channels(
    keywords: Mapping[str, str], layout: Layout, *, name: str
) -> tuple[tuple[Channel, ...], tuple[Finding, ...]]:
    """Return the channels of the layout and what was tolerated in their keywords.

    A range that is absent, 0 or no number is given as ``nan`` for floats: the values tell.

    Raises:
        FcsCorruptError: a range or gain that no instrument writes.
    """
    findings: list[Finding] = []
    channels = tuple(
        _channel(keywords, n, column, findings, name=name)
        for n, column in enumerate(layout.columns, start=1)
    )
    twice = [name for name, times in Counter(c.detector for c in channels).items() if times > 1]
    if twice:
        findings.append(warning("DUPLICATE_CHANNEL", channels=sorted(twice)[:5]))
    floats_with_log = [
        n
        for n, column in enumerate(layout.columns, start=1)
        if column.kind is not ValueKind.INTEGER and _amplification(keywords, n)[0] > 0
    ]
    if floats_with_log:
        findings.append(info("FLOAT_AMPLIFICATION", channels=_numbers(floats_with_log)))
    return channels, tuple(findings)


def _channel(
    keywords: Mapping[str, str],
    n: int,
    column: StoredColumn,
    findings: list[Finding],
    *,
    name: str,
) -> Channel:
    def warn(code: str, **values: object) -> None:
        findings.append(warning(code, number=n, **values))

    detector = given(keywords, f"$P{n}N")
    if detector is None:
        warn("CHANNEL_UNNAMED")
        detector = f"P{n}"
    steps = _bounded(keywords, f"$P{n}R", _RANGES, "a number of steps", name)
    if steps is None:
        steps = float(2**column.bits) if column.kind is ValueKind.INTEGER else math.nan
        found = keywords.get(f"$P{n}R")
        warn("RANGE_UNKNOWN", channel=detector, found=repr(found))
    decades, at_zero = 0.0, 0.0
    if column.kind is ValueKind.INTEGER:
        decades, at_zero = _amplification(keywords, n)
        if _amplification_is_odd(keywords, n):
            found = keywords.get(f"$P{n}E")
            warn("AMPLIFICATION_UNREADABLE", channel=detector, found=repr(found))
    gain = _bounded(keywords, f"$P{n}G", _GAINS, "a gain", name)
    if gain is None:
        written = keywords.get(f"$P{n}G")
        if written is not None and number(written) != 0:
            warn("GAIN_UNREADABLE", channel=detector, found=repr(written))
        gain = 1.0
    channel = Channel(
        index=n - 1,
        detector=detector,
        label=_label(keywords, n),
        bits=column.bits,
        range=steps,
        maximum=steps,
        amplification=(decades, at_zero),
        gain=gain,
        voltage=number(keywords.get(f"$P{n}V")),
    )
    return replace(channel, maximum=linear_maximum(channel))


def _bounded(
    keywords: Mapping[str, str], keyword: str, bounds: tuple[float, float], what: str, name: str
) -> float | None:
    low, high = bounds
    return within(keywords.get(keyword), keyword=keyword, low=low, high=high, what=what, name=name)


def _label(keywords: Mapping[str, str], n: int) -> str | None:
    """Return ``$PnS``; ``$PnANALYTE`` (FCS 3.2) where that is absent or repeats the name."""
    label, analyte = given(keywords, f"$P{n}S"), given(keywords, f"$P{n}ANALYTE")
    return analyte if analyte and label in {None, given(keywords, f"$P{n}N")} else label


def linear_maximum(channel: Channel) -> float:
    """Return ``$PnR`` with amplification and gain undone; ticks of Time are as written."""
    if channel.is_time:
        return channel.range
    decades, at_zero = channel.amplification
    top = 10.0**decades * at_zero if decades > 0 else channel.range
    return top / channel.gain


def _amplification(keywords: Mapping[str, str], n: int) -> tuple[float, float]:
    """Return decades and value at zero of ``$PnE``, the latter 1 for 0; (0, 0) is linear."""
    if _amplification_is_odd(keywords, n) or not given(keywords, f"$P{n}E"):
        return 0.0, 0.0
    decades, at_zero = (number(part) for part in keywords[f"$P{n}E"].split(","))
    return (decades, at_zero or 1.0) if decades else (0.0, 0.0)


def _amplification_is_odd(keywords: Mapping[str, str], n: int) -> bool:
    found = given(keywords, f"$P{n}E")
    if found is None:
        return False
    parts = [number(part) for part in found.split(",")]
    if len(parts) != 2:
        return True
    decades, at_zero = parts
    if decades is None or at_zero is None:
        return True
    return not (0 <= decades <= _MOST_DECADES and 0 <= at_zero <= 1e9)


def _numbers(channels: list[int]) -> str:
    shown = ", ".join(f"P{n}" for n in channels[:6])
    return shown if len(channels) <= 6 else f"{shown} and {len(channels) - 6} more"
