"""PNG (ISO/IEC 15948): pictures of few colours with a palette, as densities are, and words in a file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from cd5flow.plots.scene import Pixels, Rgb

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_DEPTH, _PALETTE, _PLAIN = 8, 3, 0
_HEADER_END: Final = 33  # signature, and the chunk that comes first
_EFFORT: Final = 4  # higher takes twice the time for a twentieth of the bytes


def palette_png(pixels: Pixels, palette: Sequence[Rgb]) -> bytes:
    """Return (rows, columns) numbers of colours as a PNG, its first row on top.

    Raises:
        ValueError: a number is that of no colour, or there are more than 256 colours.
    """
    if not 0 < len(palette) <= 256 or (pixels.size and int(pixels.max()) >= len(palette)):
        raise ValueError(f"{len(palette)} colours do not do for these pixels")
    rows, columns = pixels.shape
    # Each row begins with the number of its filter: none, which is best where colours are numbers.
    filtered = np.zeros((rows, columns + 1), dtype=np.uint8)
    filtered[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", columns, rows, _DEPTH, _PALETTE, _PLAIN, _PLAIN, _PLAIN)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", bytes(part for colour in palette for part in colour)),
            _chunk(b"IDAT", zlib.compress(filtered.tobytes(), _EFFORT)),
            _chunk(b"IEND", b""),
        )
    )


def with_text(png: bytes, keyword: str, words: str) -> bytes:
    """Return a PNG that says something of itself, in Latin letters.

    Raises:
        ValueError: it is no PNG.
    """
    if png[: len(_SIGNATURE)] != _SIGNATURE or png[12:16] != b"IHDR":
        raise ValueError("no PNG")
    said = _chunk(b"tEXt", b"\x00".join((keyword.encode("latin-1"), words.encode("latin-1"))))
    return png[:_HEADER_END] + said + png[_HEADER_END:]


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
