"""FCS files from events: the inverse of the reader, for synthetic tubes and tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from cd5flow.errors import OutputError
from cd5flow.model.events import Channel

_HEADER_BYTES: Final = 58
_HEADER_LIMIT: Final = 99_999_999  # eight digits
_DELIMITERS: Final = "|/\\\x0c!\x1e~^"
_ROWS: Final = 1 << 16


def write_fcs(
    path: Path,
    values: npt.NDArray[np.float32],
    *,
    channels: Sequence[Channel],
    keywords: Mapping[str, str],
    version: Literal["2.0", "3.0", "3.1"] = "3.1",
    datatype: Literal["F", "I"] = "F",
    big_endian: bool = False,
) -> None:
    """Write events as a list-mode FCS file; equal arguments give equal bytes.

    Gain is applied again (x = v * gain; never to Time). Integer channels with an amplification are
    encoded as ``x = round(R * log10(v / e1) / e0)`` (e1 of 0 read as 1), other integer channels
    rounded; both are clipped to 0..R-1. Float channels are stored linear with ``$PnE`` 0,0.

    Args:
        path: the file to write; an existing one is replaced.
        values: (n_events, n_channels) in linear units, Time in ticks, as ``RawEvents.values``.
        channels: one per column; ``bits`` (8, 16 or 32) counts for integer data only.
        keywords: further keywords, upper-case with their ``$``; values are not empty. Keywords that
            describe the layout (``$TOT``, ``$PnR``, ...) come from the other arguments.
        version: of FCS.
        datatype: float32 or unsigned integers.
        big_endian: byte order of DATA.

    Raises:
        ValueError: the arguments do not make a valid file.
        OutputError: the file cannot be written.
    """
    if values.ndim != 2 or values.shape[1] != len(channels):
        raise ValueError(f"{len(channels)} channels do not fit values of {values.shape}")
    if datatype == "I" and not np.isfinite(values).all():
        raise ValueError("integer data cannot hold values that are not finite")
    row = _row_dtype(channels, datatype=datatype, big_endian=big_endian)
    described = _layout_keywords(
        channels, events=len(values), datatype=datatype, big_endian=big_endian
    )
    text, begin, end = _text(
        described, keywords, version=version, data_bytes=len(values) * row.itemsize
    )
    try:
        with path.open("wb") as file:
            file.write(header(version, text_bytes=len(text), begin=begin, end=end))
            file.write(text)
            for block in _blocks(values, channels, row, datatype=datatype):
                file.write(block)
            if version != "2.0":
                file.write(b"00000000")  # no checksum, as FCS 3 spells it
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def _row_dtype(
    channels: Sequence[Channel], *, datatype: Literal["F", "I"], big_endian: bool
) -> np.dtype[np.void]:
    order = ">" if big_endian else "<"
    fields = []
    for column, channel in enumerate(channels):
        if datatype == "F":
            fields.append((f"c{column}", f"{order}f4"))
            continue
        if channel.bits not in {8, 16, 32}:
            raise ValueError(f"{channel.detector}: integers of {channel.bits} bits are not written")
        if channel.range > 2**channel.bits:
            raise ValueError(
                f"{channel.detector}: a range of {channel.range:g} does not fit {channel.bits} bits"
            )
        fields.append((f"c{column}", f"{order}u{channel.bits // 8}"))
    return np.dtype(fields)


def _layout_keywords(
    channels: Sequence[Channel], *, events: int, datatype: Literal["F", "I"], big_endian: bool
) -> dict[str, str]:
    described = {
        "$BYTEORD": "4,3,2,1" if big_endian else "1,2,3,4",
        "$DATATYPE": datatype,
        "$MODE": "L",
        "$NEXTDATA": "0",
        "$PAR": str(len(channels)),
        "$TOT": str(events),
    }
    for number, channel in enumerate(channels, start=1):
        decades, at_zero = channel.amplification
        integer = datatype == "I"
        described[f"$P{number}B"] = str(channel.bits) if integer else "32"
        described[f"$P{number}E"] = f"{decades:g},{at_zero:g}" if integer and decades > 0 else "0,0"
        if channel.gain != 1.0:
            described[f"$P{number}G"] = f"{channel.gain!r}"
        described[f"$P{number}N"] = channel.detector
        described[f"$P{number}R"] = (
            str(int(channel.range)) if channel.range == int(channel.range) else repr(channel.range)
        )
        if channel.label:
            described[f"$P{number}S"] = channel.label
        if channel.voltage is not None:
            described[f"$P{number}V"] = f"{channel.voltage:g}"
    return described


def _text(
    described: Mapping[str, str],
    extra: Mapping[str, str],
    *,
    version: Literal["2.0", "3.0", "3.1"],
    data_bytes: int,
) -> tuple[bytes, int, int]:
    """Return TEXT and the first and last byte of DATA (0 and 0 where there is none)."""
    offsets = (
        "$BEGINANALYSIS",
        "$ENDANALYSIS",
        "$BEGINDATA",
        "$ENDDATA",
        "$BEGINSTEXT",
        "$ENDSTEXT",
    )
    taken = sorted(set(extra) & (set(described) | set(offsets)))
    if taken:
        raise ValueError(f"{', '.join(taken)}: written from the channels and values, not given")
    pairs = {**described, **extra}
    for key, value in pairs.items():
        if not key or not value or key != key.upper():
            raise ValueError(f"keyword {key!r} with value {value!r}: not empty, keyword upper-case")
    if version != "2.0":
        pairs = {name: "0".rjust(20, "0") for name in offsets} | pairs
    # A delimiter that nothing contains needs no escaping, which readers disagree about.
    used = set("".join([*pairs, *pairs.values()]))
    delimiter = next((sign for sign in _DELIMITERS if sign not in used), None)
    if delimiter is None:
        raise ValueError(f"every delimiter of {_DELIMITERS!r} occurs in the keywords")
    begin = _HEADER_BYTES + len(joined(pairs, delimiter))
    end = begin + data_bytes - 1
    if not data_bytes:
        begin = end = 0
    if version != "2.0":
        pairs["$BEGINDATA"], pairs["$ENDDATA"] = f"{begin:020d}", f"{end:020d}"
    elif end > _HEADER_LIMIT:
        raise ValueError(f"FCS 2.0 cannot hold DATA up to byte {end:,}")
    return joined(pairs, delimiter), begin, end


def joined(pairs: Mapping[str, str], delimiter: str) -> bytes:
    """Return TEXT of keywords in which the delimiter does not occur."""
    words = [word for pair in pairs.items() for word in pair]
    return (delimiter + delimiter.join(words) + delimiter).encode("utf-8")


def header(version: str, *, text_bytes: int, begin: int, end: int) -> bytes:
    """Return a HEADER that TEXT follows at once; a DATA beyond its eight digits is left to TEXT."""
    if end > _HEADER_LIMIT:
        begin = end = 0  # TEXT tells
    offsets = (_HEADER_BYTES, _HEADER_BYTES + text_bytes - 1, begin, end, 0, 0)
    return f"FCS{version}    {''.join(f'{offset:>8}' for offset in offsets)}".encode("ascii")


def _blocks(
    values: npt.NDArray[np.float32],
    channels: Sequence[Channel],
    row: np.dtype[np.void],
    *,
    datatype: Literal["F", "I"],
) -> Iterator[bytes]:
    for start in range(0, len(values), _ROWS):
        part = values[start : start + _ROWS]
        block = np.empty(len(part), dtype=row)
        for column, channel in enumerate(channels):
            stored = _stored(part[:, column], channel, integer=datatype == "I")
            block[f"c{column}"] = stored
        yield block.tobytes()


def _stored(
    linear: npt.NDArray[np.float32], channel: Channel, *, integer: bool
) -> npt.NDArray[np.float32] | npt.NDArray[np.float64]:
    gain = 1.0 if channel.is_time else channel.gain  # ticks are never amplified
    if not integer:
        return linear if gain == 1.0 else linear * np.float32(gain)
    decades, at_zero = channel.amplification
    exact = linear.astype(np.float64) * gain
    if decades > 0 and not channel.is_time:
        # Zero and below have no logarithm: they are stored in the lowest step.
        smallest = at_zero or 1.0
        exact = channel.range * np.log10(np.maximum(exact, smallest) / smallest) / decades
    return np.clip(np.rint(exact), 0, max(channel.range - 1, 0))
