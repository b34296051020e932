"""Which letters a typeface has and how wide they are, read off its tables.

fontTools reads them too, but with all that can be done to a typeface; in every process that writes a
report this took longer than the pictures of page one. The tests hold these few tables to it.

Source: OpenType specification 1.9.1, tables cmap (formats 4 and 12), head, hhea, hmtx.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.errors import FileAccessError

Glyphs = Mapping[int, int]
"""Code point to the number of its glyph."""

_BEST: Final = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
"""Platform and encoding of Unicode, those with all planes first."""


class FontTables:
    """The tables of one typeface: its file is read once, each table when it is asked for."""

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            FileAccessError: it cannot be read, or is no typeface of this kind.
        """
        self._path = path
        try:
            self._content = path.read_bytes()
            (count,) = struct.unpack_from(">4xH", self._content)
            rows = struct.iter_unpack(">4sIII", self._content[12 : 12 + 16 * count])
            self._places = {tag.decode("latin-1"): (start, size) for tag, _, start, size in rows}
        except (OSError, struct.error) as fault:
            raise FileAccessError(f"{path}: is no typeface that can be read ({fault})") from fault

    def glyphs(self) -> Glyphs:
        """Return each letter's glyph.

        Raises:
            FileAccessError: it has no table of Unicode's letters.
        """
        table = self._table("cmap")
        (count,) = struct.unpack_from(">2xH", table)
        rows = struct.iter_unpack(">HHI", table[4 : 4 + 8 * count])
        places = {(platform, encoding): at for platform, encoding, at in rows}
        for best in _BEST:
            if best not in places:
                continue
            letters = table[places[best] :]
            match struct.unpack_from(">H", letters)[0]:
                case 4:
                    return dict(_of_segments(letters))
                case 12:
                    return dict(_of_groups(letters))
        raise FileAccessError(f"{self._path}: has no table of Unicode's letters")

    def advances(self) -> Mapping[int, float]:
        """Return how wide each letter is, in the typeface's own height."""
        (units,) = struct.unpack_from(">H", self._table("head"), 18)
        (count,) = struct.unpack_from(">H", self._table("hhea"), 34)
        wide = np.frombuffer(self._table("hmtx"), ">u2", 2 * count)[::2] / units
        # Glyphs behind the last of the table are as wide as that.
        return {code: float(wide[min(glyph, count - 1)]) for code, glyph in self.glyphs().items()}

    def _table(self, tag: str) -> bytes:
        if tag not in self._places:
            raise FileAccessError(f"{self._path}: has no table {tag}")
        start, size = self._places[tag]
        return self._content[start : start + size]


def _of_segments(table: bytes) -> Iterator[tuple[int, int]]:
    """Yield the letters of format 4, each with its glyph."""
    (twice,) = struct.unpack_from(">H", table, 6)
    segments = twice // 2
    words = np.frombuffer(table, ">u2", len(table) // 2).astype(np.int64)
    # Ends, a word of padding, starts, differences, offsets; the offsets count from their own place.
    ends, starts, shifts, offsets = (
        words[7 + gap + part * segments :][:segments] for part, gap in enumerate((0, 1, 1, 1))
    )
    first = 8 + 3 * segments
    for i in range(segments):
        codes = np.arange(starts[i], ends[i] + 1)
        if offsets[i]:
            found = words[first + i + offsets[i] // 2 + codes - starts[i]]
            glyphs = np.where(found, (found + shifts[i]) & 0xFFFF, 0)
        else:
            glyphs = (codes + shifts[i]) & 0xFFFF
        yield from _held(codes, glyphs)


def _of_groups(table: bytes) -> Iterator[tuple[int, int]]:
    """Yield the letters of format 12, each with its glyph."""
    (count,) = struct.unpack_from(">I", table, 12)
    for start, end, glyph in struct.iter_unpack(">III", table[16 : 16 + 12 * count]):
        codes = np.arange(start, end + 1)
        yield from _held(codes, codes - start + glyph)


def _held(codes: npt.NDArray[Any], glyphs: npt.NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Yield those that the typeface has: glyph 0 stands for what it lacks."""
    known = glyphs != 0
    return zip(codes[known].tolist(), glyphs[known].tolist(), strict=True)
