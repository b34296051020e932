"""The HEADER of a data set: version and the places of its segments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cd5flow.errors import (
    FcsCorruptError,
    FcsTruncatedError,
    FcsUnsupportedError,
    NotFcsError,
)
from cd5flow.fcs.source import Source

HEADER_BYTES: Final = 58
_READ_VERSIONS: Final = frozenset({"2.0", "3.0", "3.1", "3.2"})


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of bytes, counted from the start of its data set.

    Attributes:
        begin: the first byte.
        end: the last byte, inclusive as FCS counts it.
    """

    begin: int
    end: int

    @property
    def length(self) -> int:
        """Bytes in the segment; 0 where it ends before it begins."""
        return max(0, self.end - self.begin + 1)

    def __str__(self) -> str:
        return f"{self.begin}-{self.end}"


@dataclass(frozen=True, slots=True)
class Header:
    """What the first 58 bytes say.

    Attributes:
        version: ``2.0``, ``3.0``, ``3.1`` or ``3.2``.
        text: the primary TEXT segment.
        data: DATA; None where the fields are blank, zero or no numbers.
        analysis: ANALYSIS; None likewise.
    """

    version: str
    text: Segment
    data: Segment | None
    analysis: Segment | None


def begins_data_set(source: Source, offset: int) -> bool:
    """Whether the bytes at ``offset`` look like a HEADER."""
    return re.match(rb"FCS\d\.\d", source.read(offset, 6)) is not None


def read_header(source: Source, offset: int) -> Header:
    """Read the HEADER that begins at ``offset``.

    Raises:
        NotFcsError: the bytes are something else.
        FcsUnsupportedError: a version that is not read.
        FcsTruncatedError: the file ends within the HEADER or TEXT.
        FcsCorruptError: the place of TEXT is not a number.
    """
    raw = source.read(offset, HEADER_BYTES)
    version = _version(source, raw)
    if len(raw) < HEADER_BYTES - 16:  # the ANALYSIS fields may be missing in tiny files
        raise FcsTruncatedError(
            f"{source.name}: ends within the HEADER ({source.size:,} bytes), no events in it"
        )
    fields = [_offset(raw[at : at + 8]) for at in range(10, HEADER_BYTES, 8)]
    text_begin, text_end = fields[:2]
    if not text_begin or not text_end or text_end < text_begin:
        raise FcsCorruptError(
            f"{source.name}: HEADER puts TEXT at {raw[10:26]!r}, expected two byte numbers"
        )
    if offset + text_end >= source.size:
        raise FcsTruncatedError(
            f"{source.name}: ends at byte {source.size:,} within TEXT "
            f"(to byte {offset + text_end:,}), 0 whole events in it"
        )
    return Header(
        version=version,
        text=Segment(text_begin, text_end),
        data=_segment(*fields[2:4]),
        analysis=_segment(*fields[4:]),
    )


def _version(source: Source, raw: bytes) -> str:
    if not raw:
        raise NotFcsError(f"{source.name}: is empty, expected an FCS file")
    match = re.match(rb"FCS(\d\.\d)", raw)
    if match is None:
        found = raw[:8].decode("latin-1")
        raise NotFcsError(f"{source.name}: begins with {found!r}, expected FCS2.0 to FCS3.2")
    version = match[1].decode("ascii")
    if version not in _READ_VERSIONS:
        raise FcsUnsupportedError(f"{source.name}: is FCS {version}, expected 2.0, 3.0, 3.1 or 3.2")
    return version


def _segment(begin: int | None, end: int | None) -> Segment | None:
    return Segment(begin, end) if begin and end is not None else None


def _offset(field: bytes) -> int | None:
    """Return the number of an eight-byte field; 0 where blank, None where it is no number."""
    digits = field.strip(b" \0\t")
    if not digits:
        return 0
    return int(digits) if digits.isdigit() else None
