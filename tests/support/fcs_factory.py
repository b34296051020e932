"""Tiny FCS files, put together byte by byte with whatever fault a test asks for."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import chain


def packed(
    events: Sequence[Sequence[float]],
    *,
    datatype: str = "F",
    bits: int | Sequence[int] = 32,
    order: str = "1,2,3,4",
) -> bytes:
    """Return DATA: each value in its width, bytes in the order that ``$BYTEORD`` names."""
    if not events:
        return b""
    widths = [bits] * len(events[0]) if isinstance(bits, int) else list(bits)
    return b"".join(
        _bytes(value, datatype, width, order)
        for event in events
        for value, width in zip(event, widths, strict=True)
    )


def _bytes(value: float, datatype: str, bits: int, order: str) -> bytes:
    if datatype == "I":
        little = int(value).to_bytes(bits // 8, "little")
    else:
        little = struct.pack("<f" if bits == 32 else "<d", value)
    significance = [int(part) for part in order.split(",")]
    if significance == sorted(significance):
        return little
    if significance == sorted(significance, reverse=True):
        return little[::-1]
    return bytes(little[place - 1] for place in significance)


def fcs(
    events: Sequence[Sequence[float]] = ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0)),
    *,
    datatype: str = "F",
    bits: int | Sequence[int] = 32,
    order: str = "1,2,3,4",
    ranges: float | Sequence[float] = 1024,
    names: Sequence[str] | None = None,
    version: str = "3.1",
    delimiter: str = "/",
    keywords: Mapping[str, str | None] | None = None,
    tail: str = "",
    text: bytes | None = None,
    encoding: str = "utf-8",
    padding: bytes = b"",
    gap: bytes = b"",
    data: bytes | None = None,
    data_end: int = 0,
    header_data: tuple[int, int] | str | None = None,
    end: bytes = b"",
) -> bytes:
    """Return a whole file; each argument changes one thing of a plain one.

    Args:
        events: the values as stored.
        datatype: ``$DATATYPE``.
        bits: ``$PnB``, for all channels or each.
        order: ``$BYTEORD``.
        ranges: ``$PnR``, for all channels or each.
        names: ``$PnN``; A, B, C... by default.
        version: of FCS.
        delimiter: of TEXT.
        keywords: more keywords; None removes one.
        tail: characters behind the last keyword.
        text: TEXT as a whole, with ``@BEGIN@`` and ``@END@`` for the eight digits of DATA's place.
        encoding: of TEXT.
        padding: bytes of TEXT before the first delimiter.
        gap: bytes between TEXT and DATA.
        data: DATA as bytes instead of ``events``.
        data_end: added to the last byte of DATA that is declared.
        header_data: what HEADER says of DATA instead; text of 16 characters or two numbers.
        end: bytes behind DATA.
    """
    count = len(events[0]) if events else (len(names) if names else 2)
    every = [bits] * count if isinstance(bits, int) else list(bits)
    steps = [ranges] * count if isinstance(ranges, int | float) else list(ranges)
    content = packed(events, datatype=datatype, bits=every, order=order) if data is None else data
    pairs: dict[str, str | None] = {
        "$BEGINDATA": "@BEGIN@",
        "$ENDDATA": "@END@",
        "$BYTEORD": order,
        "$DATATYPE": datatype,
        "$MODE": "L",
        "$NEXTDATA": "0",
        "$PAR": str(count),
        "$TOT": str(len(events)),
    }
    for n in range(1, count + 1):
        pairs |= {
            f"$P{n}B": str(every[n - 1]),
            f"$P{n}E": "0,0",
            f"$P{n}N": names[n - 1] if names else chr(64 + n),
            f"$P{n}R": f"{steps[n - 1]:g}" if steps[n - 1] < 1e5 else f"{steps[n - 1]:.0f}",
        }
    if version == "2.0":
        pairs["$BEGINDATA"] = pairs["$ENDDATA"] = None
    pairs |= keywords or {}
    if text is None:
        words = chain.from_iterable((k, v) for k, v in pairs.items() if v is not None)
        written = delimiter + delimiter.join(words) + delimiter + tail
        text = padding + written.encode(encoding)
    size = len(text.replace(b"@BEGIN@", b"00000000").replace(b"@END@", b"00000000"))
    begin = 58 + size + len(gap)
    last = begin + len(content) - 1 + data_end
    text = text.replace(b"@BEGIN@", b"%08d" % begin).replace(b"@END@", b"%08d" % last)
    fits = (begin, last) if last <= 99_999_999 else (0, 0)
    where = fits if header_data is None else header_data
    place = where if isinstance(where, str) else f"{where[0]:>8}{where[1]:>8}"
    header = f"FCS{version}    {58:>8}{57 + size:>8}{place}{0:>8}{0:>8}"
    assert len(header) == 58
    return header.encode("ascii") + text + gap + content + end
