"""Which of two places DATA has, by what the bytes there are.

Where HEADER and TEXT disagree, both readings hold the same number of events, and most bytes are common
to both. What tells them apart is what only one of them takes in: the bytes before the later start,
and those behind the earlier end. Blanks, another segment, the next data set or the end of the file
are no events; values like those of the rows within are. And a reading that is out of step shows it
within: a clock that does not run, floats without a sensible size, integers whose high bits are noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.fcs.header import Segment
from cd5flow.fcs.layout import Layout
from cd5flow.fcs.source import Source
from cd5flow.model.events import TIME_NAMES

_ROWS: Final = 512
_FEWEST_ROWS: Final = 8
_EDGE_BYTES: Final = 1 << 16
"""Of a stretch, so many are looked at; the standard's offsets are wrong by less."""
_BINS: Final = 8
_LIKELY: Final = 3.0
"""Logarithm of the odds, twenty to one, at which values are called those of events, or foreign."""
_NOISE_BITS: Final = 0.5
"""So much more entropy a value has where its high byte is another's low one."""
_RUNS: Final = (0.95, 0.8)
"""A clock runs if this share of its steps is not back; it does not, if less than the other."""

Raw = npt.NDArray[np.uint64]


class Stretch(Enum):
    """What bytes are that only one reading takes in."""

    EVENTS = "events"
    FOREIGN = "no events"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """One place with its layout.

    Attributes:
        begin: the first byte, from the start of the file.
        layout: of an event.
        events: how many.
    """

    begin: int
    layout: Layout
    events: int

    @property
    def end(self) -> int:
        """The byte behind the last."""
        return self.begin + self.layout.bytes_of(self.events)

    @property
    def row_bytes(self) -> int:
        """Bytes of an event; 0 where events do not end on bytes."""
        return 0 if self.layout.row_bits % 8 or self.layout.packed else self.layout.row_bits // 8


def decide(
    source: Source,
    first: Reading,
    second: Reading,
    *,
    others: Sequence[Segment],
    keywords: Mapping[str, str],
) -> Reading | None:
    """Return the reading that the bytes speak for; None where they speak for neither or for both.

    Args:
        source: the file.
        first: one reading.
        second: the other, of the same layout and number of events.
        others: segments that are not DATA, from the start of the file: HEADER, TEXT, ANALYSIS.
        keywords: of the data set.
    """
    early, late = sorted((first, second), key=lambda reading: reading.begin)
    within = _within(source, early, late, keywords)
    if within is not None:
        return within
    head = _judged(source, early, early.begin, min(late.begin, early.end), others)
    tail = _judged(source, late, max(early.end, late.begin), late.end, others)
    for_early = (head is Stretch.EVENTS) + (tail is Stretch.FOREIGN)
    for_late = (head is Stretch.FOREIGN) + (tail is Stretch.EVENTS)
    if bool(for_early) == bool(for_late):
        return None
    return early if for_early else late


def _judged(
    source: Source, reading: Reading, begin: int, end: int, others: Sequence[Segment]
) -> Stretch:
    """Return what the bytes from ``begin`` to before ``end`` are, as a reading takes them."""
    if begin < 0 or end > source.size:
        return Stretch.FOREIGN
    if any(other.begin < end and begin <= other.end for other in others):
        return Stretch.FOREIGN
    raw = source.read(begin, min(end - begin, _EDGE_BYTES))
    if not raw.strip(b"\0 ") or _is_checksum(source, begin, raw) or b"FCS3." in raw:
        return Stretch.FOREIGN
    if len(raw) >= _FEWEST_ROWS and all(32 <= byte < 127 or byte in b"\t\r\n\f" for byte in raw):
        return Stretch.FOREIGN  # text
    return _like_events(source, reading, begin, begin + len(raw))


def _is_checksum(source: Source, begin: int, raw: bytes) -> bool:
    """Whether the bytes are the eight digits that may end a file."""
    return begin + len(raw) == source.size and len(raw) == 8 and raw.isdigit()


def _like_events(source: Source, reading: Reading, begin: int, end: int) -> Stretch:
    """Hold the values of a stretch against those of the reading's other rows, column by column.

    What is foreign may be anything, every pattern of bits as likely as another; what is an event
    falls where the column's values do. The sum of the logarithms of these odds decides.
    """
    if not reading.row_bytes:
        return Stretch.UNKNOWN
    size = reading.row_bytes
    first = (begin - reading.begin) // size
    last = -(-(end - reading.begin) // size)
    before, after = first, reading.events - last
    start = last if after >= before else max(0, first - _ROWS)
    rows = _rows(source, reading, start, min(_ROWS, max(before, after)))
    edge = _rows(source, reading, first, last - first)
    if rows is None or edge is None or len(rows) < _FEWEST_ROWS:
        return Stretch.UNKNOWN
    odds, at = 0.0, 0
    for n, column in enumerate(reading.layout.columns):
        places = reading.begin + size * (first + np.arange(len(edge))) + at
        at += column.bits // 8
        inside = (places >= begin) & (places + column.bits // 8 <= end)
        odds += _log_odds(rows[:, n], edge[inside, n], column.bits)
    if abs(odds) < _LIKELY:
        return Stretch.UNKNOWN
    return Stretch.EVENTS if odds > 0 else Stretch.FOREIGN


def _log_odds(known: Raw, asked: Raw, bits: int) -> float:
    """Return the logarithm of the odds that values are drawn as the known ones, not evenly."""
    if not asked.size:
        return 0.0
    ordered = np.sort(known).astype(np.float64)
    edges = np.unique(ordered[np.linspace(0, len(ordered) - 1, _BINS + 1).astype(int)])
    whole = 2.0**bits
    outside = 1.0 / (len(ordered) + 2)
    odds = 0.0
    for value in asked.astype(np.float64):
        if not edges[0] <= value <= edges[-1]:
            rest = max(whole - (edges[-1] - edges[0] + 1), 1.0)
            odds += np.log(outside / rest * whole)
            continue
        k = min(int(np.searchsorted(edges, value, side="right")), len(edges) - 1)
        low, high = edges[max(k - 1, 0)], edges[k]
        share = np.mean((ordered >= low) & (ordered <= high)) * (1 - outside)
        odds += np.log(share / (high - low + 1) * whole)
    return float(odds)


def _within(
    source: Source, early: Reading, late: Reading, keywords: Mapping[str, str]
) -> Reading | None:
    """Return the reading that alone is in step with rows; None where both are, or neither."""
    size = early.row_bytes
    apart = late.begin >= early.end
    if not size or (not apart and (late.begin - early.begin) % size == 0):
        return None
    # Of readings that overlap, the rows that both hold; their ends may lie in what is no event.
    only = 0 if apart else -(-(late.begin - early.begin) // size)
    common = early.events - only
    first = max(0, common // 2 - _ROWS // 2)
    samples = [
        _rows(source, each, start + first, min(_ROWS, common))
        for each, start in ((early, only), (late, 0))
    ]
    if any(sample is None or len(sample) < 4 * _FEWEST_ROWS for sample in samples):
        return None
    rows = [sample for sample in samples if sample is not None]
    clock = next(
        (
            n
            for n in range(len(early.layout.columns))
            if keywords.get(f"$P{n + 1}N", "").strip().upper() in TIME_NAMES
        ),
        None,
    )
    if clock is not None:
        runs = [_share_running(sample[:, clock]) for sample in rows]
        best = max(runs)
        if best >= _RUNS[0] and min(runs) < _RUNS[1]:
            return (early, late)[runs.index(best)]
    noise = [
        float(np.mean([_entropy(s[:, n], c.bits) for n, c in enumerate(early.layout.columns)]))
        for s in rows
    ]
    if abs(noise[0] - noise[1]) > _NOISE_BITS:
        return (early, late)[noise.index(min(noise))]
    return None


def _share_running(ticks: Raw) -> float:
    """Return the share of steps that are not back; 0 for a clock that stands still."""
    return 0.0 if ticks[0] == ticks[-1] else float(np.mean(ticks[1:] >= ticks[:-1]))


def _entropy(values: Raw, bits: int) -> float:
    """Return the entropy of a value's highest byte, in bits."""
    _, counts = np.unique(values >> np.uint64(bits - 8), return_counts=True)
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum())


def _rows(source: Source, reading: Reading, first: int, count: int) -> Raw | None:
    """Return rows as the numbers that their bits are, (rows, columns); None beyond the file."""
    size = reading.row_bytes
    raw = source.read(reading.begin + first * size, count * size)
    if first < 0 or len(raw) < count * size:
        return None
    grid = np.frombuffer(raw, dtype=np.uint8).reshape(count, size).astype(np.uint64)
    values = np.zeros((count, len(reading.layout.columns)), dtype=np.uint64)
    at = 0
    for n, column in enumerate(reading.layout.columns):
        width = column.bits // 8
        for written, place in enumerate(reading.layout.order.places(width)):
            values[:, n] |= grid[:, at + written] << np.uint64(8 * place)
        at += width
    return values
