"""A small picture of a picture: its frame alone, for tables in which hundreds are looked over.

A PNG of a scene says where its frame lies, as text of its own (ISO/IEC 15948, 11.3.4.3).
"""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageOps

from cd5flow.plots.layout import Box
from cd5flow.plots.png import with_text

WIDTH: Final = 168
HEIGHT: Final = 136
"""Pixels; two of them and the numbers of a sample go on a line."""

_QUALITY: Final = 55
_FRAME: Final = "cd5flow frame"


def mark_frame(png: bytes, frame: Box) -> bytes:
    """Return a PNG that says where its frame lies, which is given in pixels from the upper left corner."""
    edges = (frame.left - 1, frame.top - 1, frame.right + 2, frame.bottom + 2)
    return with_text(png, _FRAME, " ".join(str(round(edge)) for edge in edges))


def thumbnail(png: bytes) -> bytes:
    """Return what is inside the frame of a picture, as WebP of that size.

    A picture that does not say where its frame lies is shown whole, on white.

    Raises:
        ValueError: it is no picture that can be read.
    """
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            frame = str(picture.info.get(_FRAME, "")).split(" ")
            pixels = picture.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"no picture that can be read ({error})") from error
    if len(frame) == 4 and all(edge.isdecimal() for edge in frame):
        left, top, right, bottom = (int(edge) for edge in frame)
        if left < right <= pixels.width and top < bottom <= pixels.height:
            pixels = pixels.crop((left, top, right, bottom))
    small = ImageOps.pad(pixels, (WIDTH, HEIGHT), method=Image.Resampling.BOX, color="white")
    content = io.BytesIO()
    small.save(content, format="webp", quality=_QUALITY, method=3)
    return content.getvalue()
