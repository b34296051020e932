"""A small picture of a picture: its frame alone, for tables in which hundreds are looked over."""

from __future__ import annotations

import io
from functools import cache
from typing import Final

from PIL import Image, ImageOps

from cd5flow.plots.canvas import DPI, SIZE_INCHES, sheet

WIDTH: Final = 168
HEIGHT: Final = 136
"""Pixels; two of them and the numbers of a sample go on a line."""

_QUALITY: Final = 55


def thumbnail(png: bytes) -> bytes:
    """Return what is inside the axes of a picture made by `as_png`, as WebP of that size.

    A picture of another width is shown whole, on white.

    Raises:
        ValueError: it is no picture that can be read.
    """
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            pixels = picture.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"no picture that can be read ({error})") from error
    if pixels.width == _width():
        left, bottom, right, top = _frame()
        pixels = pixels.crop((left, pixels.height - top, right, pixels.height - bottom))
    small = ImageOps.pad(pixels, (WIDTH, HEIGHT), method=Image.Resampling.BOX, color="white")
    content = io.BytesIO()
    small.save(content, format="webp", quality=_QUALITY, method=3)
    return content.getvalue()


def _width() -> int:
    return int(SIZE_INCHES[0] * DPI)


@cache
def _frame() -> tuple[int, int, int, int]:
    """Return the axes' edges in pixels from the left and from the bottom: left, bottom, right, top."""
    _, (axes,) = sheet()
    box = axes.get_position()
    width, height = (inches * DPI for inches in SIZE_INCHES)
    return (
        round(box.x0 * width) - 1,
        round(box.y0 * height) - 1,
        round(box.x1 * width) + 2,
        round(box.y1 * height) + 2,
    )
